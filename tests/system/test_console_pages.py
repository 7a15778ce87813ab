# SPDX-License-Identifier: Apache-2.0
"""The console's pages as files: what they are, and that they bring nothing from
elsewhere; a browser looks at them in tests/browser"""
import json
import re
import shutil
import subprocess

import pytest

from console import Console, console_site
from gateway import ROOT, TRIVET, environment

FOLDER = ROOT / "console"
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*")
               if path.is_file())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with console_site(tmp_path_factory.mktemp("site"), "--rate-limits", "off") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def stranger(site):
    return Console(site, site.console_port, None)


@pytest.mark.parametrize("name", FILES, ids=str)
def test_each_file_is_answered_as_it_is(stranger, name):
    answer = stranger.ask("GET", f"/{name}")
    assert answer.status_code == 200
    assert answer.content == (FOLDER / name).read_bytes()
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
             ".svg": "image/svg+xml"}
    assert answer.headers["Content-Type"].startswith(kinds[name.suffix])


def test_the_first_page_is_the_index(stranger):
    answer = stranger.ask("GET", "/")
    assert answer.content == (FOLDER / "index.html").read_bytes()
    assert stranger.ask("POST", "/").status_code == 405
    assert stranger.ask("GET", "/pages").status_code == 404


@pytest.mark.parametrize("name", FILES, ids=str)
def test_no_file_is_long_nor_brings_anything_from_elsewhere(name):
    text = (FOLDER / name).read_text()
    assert len(text.splitlines()) <= 400
    found = set(re.findall(r"https?://[^\s\"'`$)]+", text))
    assert found <= {"http://www.w3.org/2000/svg", "https://localhost:8443"}, found
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"
                         r"|\beval\(|new Function|\sstyle=|\son\w+=\"", text)


def test_what_the_first_page_needs_is_small():
    assert sum((FOLDER / path).stat().st_size for path in FILES) < 100_000


def test_the_figures_are_for_who_is_logged_in(stranger):
    assert stranger.ask("GET", "/api/metrics").status_code == 401


# ---- lines to paste --------------------------------------------------------------

ME = {"gateway": "https://localhost:1", "ca": "/a folder/ca.pem"}
HOSTILE = ["\x15id\r", "\x1b[201~\nid\n", "@/etc/passwd", "-", "it's \\ $(id) `id` !!",
           "a\tb", "{\n \"a\": 1\n}", "\u202eabc\u2066", "\x9b200~é\U0001f600"]


def lines_of(tmp_path, row):
    """As curl, and as trivet call."""
    shutil.copy(FOLDER / "paste.js", tmp_path / "paste.mjs")
    (tmp_path / "ask.mjs").write_text(f"""
import {{ asCurl, asTrivet }} from "./paste.mjs";
const row = {json.dumps(row)};
console.log(JSON.stringify([asCurl({json.dumps(ME)}, row), asTrivet(row)]));
""")
    done = subprocess.run(["node", tmp_path / "ask.mjs"], check=True, timeout=60,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def run_as(program, line, stdin=b""):
    """What a program of this name is given by bash: its words, and its input."""
    script = f"{program}() {{ printf '%s\\0' \"$@\"; cat; }}\n{line}"
    done = subprocess.run(["bash", "-c", script], input=stdin, check=True, timeout=60,
                          capture_output=True)
    *words, rest = done.stdout.split(b"\0")
    return [word.decode() for word in words], rest.decode()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_a_stranger_sent_is_a_word_to_a_shell(tmp_path, text):
    target = "/v1/--url=https:/elsewhere/[1-9]"
    curl, trivet = lines_of(tmp_path, {
        "method": "POST", "target": target, "body": text,
        "headers": f"X-Bunq-Client-Authentication: ***\nX-A: {text.partition(chr(10))[0]}"})
    for line in (curl, trivet):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", line)
    words, _ = run_as("curl", f"TOKEN=mine\n{curl}")
    assert words[words.index("--data-raw") + 1] == text
    assert {"-g", "--path-as-is", "https://localhost:1" + target} < set(words)
    assert f"X-A: {text.partition(chr(10))[0]}" in words
    assert "X-Bunq-Client-Authentication: mine" in words
    words, piped = run_as("trivet", trivet)
    assert words[-3:] == ["--", "POST", target.removeprefix("/v1/")]
    given = words[words.index("-d") + 1]
    assert (piped if given == "-" else given) == text
    assert not given.startswith("@")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("number", [0, 1], ids=["trivet", "curl"])
def test_the_lines_of_a_new_key_work_as_they_stand(site, tmp_path, number):
    console = Console(site, site.console_port)
    shutil.copy(FOLDER / "paste.js", tmp_path / "paste.mjs")
    key = console.do("POST", "/api/sandbox/user", {"kind": "person"})[0]
    me = console.get("/api/login")[0]
    (tmp_path / "ask.mjs").write_text(f"""
import {{ lines }} from "./paste.mjs";
console.log(lines({json.dumps(me)}, {json.dumps(key["secret"])})[{number}][1]);
""")
    text = subprocess.run(["node", tmp_path / "ask.mjs"], check=True, timeout=60,
                          capture_output=True, text=True).stdout
    path = f"{TRIVET.parent}:{environment()['PATH']}"
    done = subprocess.run(["bash", "-c", text], cwd=tmp_path, timeout=60, text=True,
                          capture_output=True,
                          env=environment(PATH=path, HOME=str(tmp_path)))
    assert done.returncode == 0, done
    assert "UserPerson" in done.stdout, done
