# SPDX-License-Identifier: Apache-2.0
"""What strangers wrote, on the operator's terminal and in JSON."""

import json
import subprocess

import pytest

from terminal import on_a_terminal

# Each controls a terminal, hides, or makes text look like another.
HOSTILE = {
    "escape": "\x1b[2J", "bell": "\x07", "backspace": "a\b", "delete": "\x7f",
    "return": "a\rb", "line": "a\nb", "tab": "a\tb", "nul-like": "\x01",
    "csi": "\u009b31m", "osc": "\u009d0;x\u009c", "next-line": "\u0085",
    "rlo": "\u202etxt.exe", "lre": "\u202a", "pdf": "\u202c",
    "lri": "\u2066", "pdi": "\u2069", "lrm": "\u200e", "rlm": "\u200f",
    "alm": "\u061c", "zwsp": "a\u200bb", "zwnj": "a\u200cb", "zwj": "a\u200db",
    "bom": "\ufeff", "line-separator": "\u2028", "paragraph": "\u2029",
    "word-joiner": "\u2060", "soft-hyphen": "a\u00adb", "filler": "\u3164",
    "tag": "\U000e0041", "selector": "\U000e0101", "private": "\ue000",
    "private-plane": "\U0010fffd", "unassigned": "\u0378",
    "noncharacter": "\ufffe", "music": "\U0001d173",
}

HARMLESS = {
    "accents": "J\u00f8rgen \u00c9va \u00e7\u00e3o \u0142\u00f3d\u017a",
    "combining": "e\u0301 u\u0308\u0304", "cjk": "\u6f22\u5b57 \u304b\u306a \ud55c\uad6d\uc5b4",
    "greek": "\u0391\u03b8\u03ae\u03bd\u03b1", "cyrillic": "\u041c\u043e\u0441\u043a\u0432\u0430",
    "hebrew": "\u05e9\u05dc\u05d5\u05dd", "arabic": "\u0633\u0644\u0627\u0645",
    "thai": "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22", "hindi": "\u0939\u093f\u0928\u094d\u0926\u0940",
    "emoji": "\U0001f600 \U0001f44d\U0001f3fd \u2764\ufe0f",
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "signs": "\u20ac \u00a3 \u2014 \u201cx\u201d \u00a0 C:\\new",
}


def escape_of(text):
    """What is shown in its place, of the first that is escaped."""
    c = next(c for c in text if c not in "ab")
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    return short.get(c, rf"\u{ord(c):04x}" if ord(c) < 0x10000
                     else rf"\U{ord(c):08x}")


def places(trivet, server, text):
    """Everything that the client shows, of a server that writes text."""
    server.protocol.user_name = f"N{text}"
    server.protocol.description = f"D{text}"
    server.protocol.ips = {1: {"ip": f"I{text}", "status": f"S{text}"}}
    server.protocol.REFUSALS = {**server.protocol.REFUSALS,
                                "466": (466, f"E{text}")}
    yield "login", trivet.login(server, "--new").stdout
    for command in ("status", "device list", "ip list", "doctor"):
        yield command, trivet(*command.split(), "--no-throttle").stdout
    server.protocol.misbehave("466", "user")
    yield "refusal", trivet("call", "GET", "user", "--no-throttle").stderr


@pytest.mark.parametrize("part", range(3))
def test_hostile_text_is_escaped_everywhere(trivet, server, part):
    texts = list(HOSTILE.values())[part::3]
    for place, shown in places(trivet, server, " ".join(texts)):
        for text in texts:
            # A cell that others follow is cut.
            assert place == "ip list" or escape_of(text) in shown, (place, shown)
            assert text not in shown, (place, text, shown)
        assert all(c == "\n" or c.isprintable() for c in shown), (place, shown)


def test_other_text_is_shown_as_it_is(trivet, server):
    for place, shown in places(trivet, server, " ".join(HARMLESS.values())):
        for text in HARMLESS.values():
            assert place == "ip list" or text in shown, (place, shown)


def test_json_escapes_the_same_and_stays_the_same_json(logged_in, server):
    hostile = list(HOSTILE.values())
    text = "D".join(hostile) + " " + "D".join(HARMLESS.values())
    server.protocol.description = text
    shown = logged_in("device", "list", "--json").stdout
    assert json.loads(shown)[0]["description"] == text
    assert not any(each in shown for each in hostile)
    assert all(each in shown or "\\" in each for each in HARMLESS.values())


def test_a_mark_does_not_reach_what_stands_before_it(logged_in, server):
    server.protocol.description = "\u0301x"
    assert r"UTC  \u0301x" in logged_in("device", "list").stdout


def test_a_flood_of_marks_ends(logged_in, server):
    server.protocol.description = "a" + "\u0300" * 500
    shown = logged_in("device", "list").stdout
    assert "a" + "\u0300" * 4 + r"\u0300" in shown and shown.count("\u0300") == 4


def test_long_text_is_cut_where_it_would_push_others(logged_in, server):
    server.protocol.ips = {1: {"ip": "\u6f22" * 200, "status": "ACTIVE"}}
    line = logged_in("ip", "list").stdout.splitlines()[1]
    assert line.startswith("\u6f22" * 30 + "...") and "ACTIVE" in line


def test_columns_stand_under_each_other(logged_in, server):
    """A character of two columns counts as two."""
    server.protocol.ips = {1: {"ip": "\u6f22\u5b57", "status": "A"},
                           2: {"ip": "e\u0301", "status": "B"},
                           3: {"ip": "abcd\u202e", "status": "C"}}
    assert sorted(line[:13] for line
                  in logged_in("ip", "list").stdout.splitlines()) == sorted([
        "IP          S", "\u6f22\u5b57        A  ", "e\u0301           ",
        "abcd\\u202e  C"])


def test_what_is_not_utf8_is_shown_by_its_bytes(logged_in):
    bodies = (b"\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80",
              b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3", b"\xff")
    shown = on_a_terminal(logged_in, "call", "POST", "echo", "-d", "-",
                          text=b"A".join(bodies))
    assert shown.splitlines()[-1] == "A".join(
        "".join(rf"\x{byte:02x}" for byte in body) for body in bodies)


def test_a_body_is_exact_in_a_pipe_and_escaped_on_a_terminal(logged_in):
    body = '{"a": "\u202e\x1b[2J\u009bm\u00e9",\r\n\t"b": 1}\n'.encode()
    call = ["call", "POST", "echo", "-d", "-", "--no-throttle"]
    assert logged_in(*call, text=body).stdout == body
    shown = on_a_terminal(logged_in, *call, text=body)
    assert r'{"a": "\u202e\u001b[2J\u009bm' + '\u00e9",' in shown
    assert '\t"b": 1}' in shown
    assert "\u202e" not in shown and "\x1b" not in shown


def test_headers_are_escaped_in_a_pipe_too(logged_in, server):
    server.protocol.headers = [("X-Evil", "a\x1b[2Jb\u00c2\u009b")]
    shown = logged_in("call", "GET", "user", "-i").stdout
    assert r"X-Evil: a\u001b[2Jb" in shown and "\x1b" not in shown
    assert "\u009b" not in shown


def test_a_terminal_of_another_charset_gets_ascii(logged_in, server):
    """There the bytes of UTF-8 mean other characters, controls among them."""
    if subprocess.run(["localedef", "--help"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("no localedef")
    folder = logged_in.folder / "locales"
    folder.mkdir()
    made = subprocess.run(
        ["localedef", "-c", "-i", "en_US", "-f", "ISO-8859-1",
         str(folder / "en_US.ISO-8859-1")], capture_output=True, check=False)
    if not (folder / "en_US.ISO-8859-1").exists():
        pytest.skip(made.stderr)
    server.protocol.description = "\u011b"
    shown = logged_in("device", "list", env={
        "LOCPATH": str(folder), "LC_ALL": "en_US.ISO-8859-1"})
    assert r"\u011b" in shown.stdout


def test_words_of_the_command_line_are_escaped_in_errors(trivet):
    for words in (["nons\u202eense"], ["key", "\u009b31m"], ["use", "\u202e"], ["call", "GET", "user", "-c", "\u202e"]):
        shown = trivet(*words, env={"TRIVET_DATA": str(trivet.folder)}).stderr
        assert "\u202e" not in shown and "\u009b" not in shown, shown
        assert r"\u" in shown or "???" in shown


def test_output_that_cannot_be_written_is_no_success(logged_in, tmp_path):
    signature = logged_in("sign", text="x").stdout.strip()
    commands = [
        ["status"], ["status", "--json"], ["call", "GET", "user"],
        ["call", "GET", "user", "-i"], ["call", "GET", "user", "--print-curl"],
        ["list"], ["list", "--json"], ["ip", "list"], ["ip", "list", "--json"],
        ["device", "list"], ["device", "list", "--json"], ["sign"],
        ["verify", "--request", "-s", signature], ["doctor"], ["pins", "learn"],
        ["explain", "--request", "-s", signature], ["pins", "check"],
        ["export", "{}x"], ["logout"], ["keygen", "{}"],
    ]
    for i, command in enumerate(commands):
        for way in ("file", "full", "closed"):
            words = [str(word).replace("{}", str(tmp_path / f"{way}{i}"))
                     for word in command]
            words += ["--no-throttle"] if command[0] not in (
                "list", "keygen") else []
            with open({"file": tmp_path / "out", "full": "/dev/full",
                       "closed": "/dev/null"}[way], "w+b") as out:
                done = subprocess.run(
                    ["sh", "-c", 'exec "$@" >&-' if way == "closed"
                     else 'exec "$@"', "sh", *logged_in.command(*words)],
                    env=logged_in.environment, input=b"x", stdout=out,
                    stderr=subprocess.PIPE, check=False)
                if way == "file":
                    assert done.returncode == 0, (words, done)
                    assert out.tell() or out.seek(0, 2), words
                else:
                    assert done.returncode == 1, (words, way, done)
                    assert b"standard output: " in done.stderr
