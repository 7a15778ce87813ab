# SPDX-License-Identifier: Apache-2.0
"""What errors say: the word that was meant, the command to paste, one status."""

import re
import shlex
import struct
import time

import pytest

from terminal import on_a_terminal


@pytest.mark.parametrize("words,meant", [
    (["ip", "lst"], '"list"'), (["ip", "ad", "1.2.3.4"], '"add"'),
    (["pins", "lern"], '"learn"'), (["pins", "chekc"], '"check"'),
    (["audit", "verfy"], "trivet audit verify"),
    (["audit", "follow"], "trivet audit --follow")])
def test_the_nearest_word_is_told(trivet, words, meant):
    result = trivet(*words)
    assert result.returncode == 2, result
    assert meant in result.stderr and "did you mean" in result.stderr.lower()


@pytest.mark.parametrize("words", [
    ["ip", "xyzzy"], ["pins", "xyzzy"], ["audit", "xyzzy"]])
def test_nothing_is_guessed_where_nothing_is_near(trivet, words):
    result = trivet(*words)
    assert result.returncode == 2 and "xyzzy" in result.stderr, result
    assert "did you mean" not in result.stderr.lower()


def hint(said):
    """The command in the brackets of an error."""
    return shlex.split(said.partition("(trivet ")[2].rpartition(")")[0])


@pytest.mark.parametrize("name,words,env", [
    ("work", ["--context", "work"], {}), ("work", ["-c", "work"], {}),
    ("work", [], {"TRIVET_CONTEXT": "work"}),
    ("./my file's.json", ["--context", "./my file's.json"], {}),
    ("default", ["--context", "default"], {})])
def test_a_hint_can_be_pasted(trivet, name, words, env):
    for command in (["status"], ["call", "GET", "user"], ["logout"],
                    ["forget"], ["export", "x"]):
        result = trivet(*command, *words, env=env)
        assert result.returncode == 3, (command, result)
        assert hint(result.stderr) == ["login", "--context", name], result


def test_the_context_in_use_needs_no_option(trivet):
    assert hint(trivet("status").stderr) == ["login"]


def test_doctor_names_the_context(trivet):
    said = trivet("doctor", "--context", "work").stdout
    assert "next: trivet login --context work\n" in said


def test_one_status_for_one_kind_of_error(trivet, tmp_path):
    none = tmp_path / "none"
    kinds = {
        3: (["status"], ["call", "GET", "user"], ["logout"], ["ip", "list"],
            ["export", none], ["pins", "check"], ["sign"], ["forget"],
            ["verify", "--request", "-s", "x"], ["doctor"], ["use", "none"],
            ["explain", "--request", "-s", "x"]),
        8: (["sign", none], ["sign", "--key", none], ["import", none],
            ["verify", "--request", "--key", none, "-s", "x"],
            ["explain", "--request", "--key", none, "-s", "x"],
            ["login", "--api-key-file", none]),
        2: (["ip"], ["pins"], ["nonsense"], ["call"], ["sign", "--nonsense"]),
    }
    for status, commands in kinds.items():
        for command in commands:
            result = trivet(*command, text="x")
            assert result.returncode == status, (command, result)


def hold(trivet, seconds):
    """As if a 429 had just named that time, for every endpoint called."""
    data = bytearray(trivet.throttle_file.read_bytes())
    until = int((time.time() + seconds) * 1e6)
    for at in range(8, len(data), 80):  # endpoint, 8 stamps, blocked until
        if struct.unpack_from("=Q", data, at)[0]:
            struct.pack_into("=q", data, at + 72, until)
    trivet.throttle_file.write_bytes(data)


def test_a_wait_counts_down_on_a_terminal_alone(trivet, server):
    assert trivet.login(server).returncode == 0
    call = ["call", "GET", "user"]
    assert trivet(*call).returncode == 0
    hold(trivet, 5)
    shown = on_a_terminal(trivet, *call)
    assert re.search(r"waiting [345]\.\d s for GET user", shown), shown
    assert "--no-throttle" in shown and "\r3 s \r2 s \r1 s \r  " in shown
    assert shown.index("\r1 s ") < shown.index("Response"), shown
    hold(trivet, 1)
    said = trivet(*call)
    assert said.returncode == 0 and "\r" not in said.stderr, said
    hold(trivet, 9)
    result = trivet(*call, "--max-wait", "2s")
    assert result.returncode == 7 and "--max-wait" in result.stderr, result
