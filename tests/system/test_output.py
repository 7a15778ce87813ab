# SPDX-License-Identifier: Apache-2.0
"""Output that could not be written is a failure; a secret is shown first."""
import json
import re
import subprocess

import pytest

import bunq
from gateway import ROOT, TRIVET, environment, run

COMMANDS = [
    ["key", "create"],
    ["key", "list"],
    ["user", "create", "{}"],
    ["user", "list"],
    ["device", "list"],
    ["session", "list"],
    ["audit"],
    ["audit", "verify"],
    ["server-key", "list"],
    ["clock"],
    ["incident"],
    ["prune", "--dry-run"],
]


def run_to(way, *words, **env):
    """The command with an output that takes nothing."""
    redirect = {
        "full": ">/dev/full",
        "closed": ">&-",
        "reader-gone": "| true",
    }[way]
    # Without SIGPIPE, and with a reader that has certainly gone.
    script = f'trap "" PIPE; {{ sleep 0.05; "$@"; echo "status $?" >&2; }} {redirect}'
    done = subprocess.run(
        ["sh", "-c", script, "sh", TRIVET, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment(**env),
    )
    return int(re.search(r"^status (\d+)$", done.stderr, re.M)[1]), done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_says_that_its_output_is_lost(gateway, words):
    for form in [[], ["--json"]]:
        for number, way in enumerate(["full", "closed", "reader-gone"]):
            named = [w.replace("{}", f"{way}{number}{form}") for w in words]
            status, told = run_to(way, *named, *form, "--data", gateway.data)
            assert status == 1, told
            assert "trivet: standard output: " in told
        named = [w.replace("{}", f"good{form}") for w in words]
        assert run(*named, *form, "--data", gateway.data, check=True).stdout


def nouns():
    found = re.findall(r"^  ([a-z][a-z-]+)  ", run("--help").stdout, re.M)
    assert len(found) > 20
    return found


@pytest.mark.long
def test_help_and_version_say_it_too():
    for words in [["--version"], ["--help"], ["key", "--help"], ["key", "list", "--help"]]:
        status, told = run_to("full", *words)
        assert (status, "No space left" in told) == (1, True), (words, told)
    for noun in nouns():
        assert run_to("full", noun, "--help")[0] == 1, noun


@pytest.mark.parametrize("form", [[], ["--json"]], ids=str)
@pytest.mark.parametrize("way", ["full", "closed", "reader-gone"])
def test_a_key_whose_secret_was_not_shown_is_not_made(gateway, way, form):
    before = gateway.trivet("key", "list")
    status, told = run_to(way, "key", "create", *form, "--data", gateway.data)
    assert status == 1 and "no key was made" in told
    assert gateway.trivet("key", "list") == before


def test_a_key_brought_along_needs_no_output(gateway, tmp_path):
    file = tmp_path / "secret"
    file.write_text("b" * 40)
    result = run("key", "create", "--secret-file", file, "--data", gateway.data)
    assert result.returncode == 0 and result.stdout == ""
    bunq.ready(gateway, secret="b" * 40)


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "kill_at.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, ROOT / "tests/client/kill_at.c", "-ldl"],
        check=True,
    )
    return library


def test_killed_at_any_moment_no_key_is_there_unseen(tmp_path, killer):
    """Each key that the store has was shown; what was shown may not be there."""
    store = f"sqlite:{tmp_path}/made.db"
    run("user", "create", "Eve", "--store", store, check=True)
    seen = {}
    for at in ["fsync:1", "fsync:2", "fdatasync:1", "fdatasync:2", "fdatasync:3"]:
        with open(tmp_path / "out", "w+", encoding="ascii") as out:
            done = subprocess.run(
                [TRIVET, "key", "create", "--json", "--store", store],
                stdout=out,
                stderr=subprocess.PIPE,
                check=False,
                env=environment(
                    LD_PRELOAD=str(killer),
                    KILL_AT=at,
                    # ASan wants to be the first library; the killer is.
                    ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0",
                ),
            )
            out.seek(0)
            shown = out.read()
        keys = json.loads(run("key", "list", "--json", "--store", store).stdout)
        seen[at] = (done.returncode, bool(shown), len(keys))
        assert len(keys) <= sum(shown for _, shown, _ in seen.values()), seen
    assert seen["fsync:1"] == (-9, True, 0), seen  # shown, and not made
    assert any(code == 0 for code, _, _ in seen.values()), seen
