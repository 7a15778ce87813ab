# SPDX-License-Identifier: Apache-2.0
"""The operator's commands, beside a gateway that runs"""
import json
import os
import re
import subprocess
import time

import pytest

import bunq
from gateway import TRIVET, run
from storm import storm

COMMANDS = [
    ["serve"],
    ["key", "create"],
    ["key", "list"],
    ["key", "revoke"],
    ["key", "allow-all-ips"],
    ["user", "create"],
    ["user", "list"],
    ["user", "auto-logout"],
    ["device", "list"],
    ["session", "list"],
    ["session", "end"],
]
LISTS = ["key", "user", "device", "session"]


def fails(*args, stdin=None):
    """The command ends with a clear line and a status; it prints no data."""
    result = run(*args, stdin=stdin)
    assert result.returncode > 0, result
    assert result.stdout == "", result
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 3, result
    return result


def find(gateway, noun, number):
    found = [row for row in gateway.trivet(noun, "list") if row["id"] == number]
    assert len(found) == 1, found
    return found[0]


# ---- help --------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_has_help(command):
    result = run(*command, "--help", check=True)
    assert result.stderr == ""
    assert " ".join(command) in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("words", [["--help"], ["key", "--help"], ["user", "--help"]])
def test_help_lists_what_there_is(words):
    result = run(*words, check=True)
    nouns = words[:-1]
    for command in COMMANDS:
        if command[: len(nouns)] == nouns:
            assert command[len(nouns)] in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["key"],
        ["key", "nonsense"],
        ["key", "list", "superfluous"],
        ["key", "list", "--nonsense"],
        ["key", "list", "--data"],
        ["key", "revoke"],
        ["key", "allow-all-ips", "1"],
        ["key", "allow-all-ips", "1", "maybe"],
        ["user", "create"],
        ["user", "auto-logout", "1"],
        ["session", "end"],
    ],
    ids=" ".join,
)
def test_wrong_words_are_refused(tmp_path, words):
    result = run(*words, "--data", tmp_path) if words else run()
    assert result.returncode > 0
    assert result.stdout == ""
    assert result.stderr.strip()


def test_version():
    assert re.search(r"\d+\.\d+\.\d+", run("--version", check=True).stdout)


# ---- where the store is ------------------------------------------------------


@pytest.mark.parametrize("noun", LISTS)
def test_there_is_nothing_to_list_without_a_store(tmp_path, noun):
    result = fails(noun, "list", "--data", tmp_path / "none")
    assert "none" in result.stderr
    assert not (tmp_path / "none").exists()


def test_data_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "trivet.db").write_bytes(b"nonsense " * 1000)
    fails("key", "list", "--data", tmp_path)
    assert (tmp_path / "trivet.db").read_bytes() == b"nonsense " * 1000


def test_commands_work_when_no_gateway_runs(serve):
    gateway = serve()
    gateway.stop()
    key = gateway.trivet("key", "create")
    gateway.start()
    bunq.ready(gateway, secret=key["secret"])


@pytest.mark.parametrize("umask", ["000", "022", "777"])
def test_a_store_that_a_command_makes_is_its_owners_alone(tmp_path, umask):
    path = tmp_path / "made.db"
    shell = f'umask {umask}; exec "$0" user create Eve --store "sqlite:{path}"'
    subprocess.run(["sh", "-c", shell, TRIVET], check=True, capture_output=True)
    assert path.stat().st_mode & 0o7777 == 0o600
    for beside in tmp_path.iterdir():
        assert beside.stat().st_mode & 0o077 == 0, beside


def test_a_store_that_others_could_read_is_mended_with_a_word(tmp_path):
    path = tmp_path / "made.db"
    store = f"sqlite:{path}"
    run("user", "create", "Eve", "--store", store, check=True)
    path.chmod(0o644)
    told = run("user", "list", "--store", store, check=True).stderr
    assert str(path) in told and "0644" in told
    assert path.stat().st_mode & 0o7777 == 0o600
    assert run("user", "list", "--store", store, check=True).stderr == ""


# ---- key ---------------------------------------------------------------------


def test_key_create_gives_a_secret_that_works(gateway):
    key = gateway.trivet("key", "create")
    assert type(key["id"]) is int and type(key["user_id"]) is int
    assert re.fullmatch("(sandbox_[0-9a-f]{56}|[0-9a-f]{64})", key["secret"])
    client = bunq.ready(gateway, secret=key["secret"])
    assert client.user["id"] == key["user_id"]


def test_default_user_of_a_key_is_whole(gateway, client):
    key = gateway.trivet("key", "create")
    user = bunq.ready(gateway, secret=key["secret"]).user
    assert set(user) == set(client.user)
    assert all(value is not None for value in user.values())


def test_key_of_the_sandbox_says_so(gateway):
    plain = gateway.trivet("key", "create")["secret"]
    assert re.fullmatch("[0-9a-f]{64}", plain)
    secret = gateway.trivet("key", "create", "--sandbox")["secret"]
    assert re.fullmatch("sandbox_[0-9a-f]{56}", secret)
    bunq.ready(gateway, secret=secret)


def test_secret_is_shown_once(gateway):
    key = gateway.trivet("key", "create", "--label", "shown once")
    text = json.dumps(gateway.trivet("key", "list"))
    assert key["secret"] not in text
    assert key["secret"].removeprefix("sandbox_") not in text
    table = run("key", "list", "--data", gateway.data, check=True)
    assert key["secret"].removeprefix("sandbox_") not in table.stdout
    result = run("key", "create", "--data", gateway.data, check=True)
    assert len(re.findall(r"\b(?:sandbox_)?[0-9a-f]{56,64}\b", result.stdout)) == 1


def test_key_of_a_user_by_id_and_by_name(gateway):
    user = gateway.trivet("user", "create", "Key Owner")
    for name in (user["id"], "Key Owner"):
        key = gateway.trivet("key", "create", "--user", name)
        assert key["user_id"] == user["id"]
        assert find(gateway, "key", key["id"])["user_id"] == user["id"]
        assert bunq.ready(gateway, secret=key["secret"]).user["id"] == user["id"]


def test_key_of_a_new_name_makes_a_new_user(gateway):
    key = gateway.trivet("key", "create", "--user", "Brand New")
    users = [u["id"] for u in gateway.trivet("user", "list")]
    assert users.count(key["user_id"]) == 1
    client = bunq.ready(gateway, secret=key["secret"])
    assert client.user["display_name"] == "Brand New"
    assert all(value is not None for value in client.user.values())


@pytest.mark.parametrize("name", ["999999999", "", "x" * 300])
def test_key_of_an_unknown_user_is_refused(gateway, name):
    before = len(gateway.trivet("key", "list")), len(gateway.trivet("user", "list"))
    fails("key", "create", "--user", name, "--data", gateway.data)
    after = len(gateway.trivet("key", "list")), len(gateway.trivet("user", "list"))
    assert after == before


def test_key_label(gateway):
    key = gateway.trivet("key", "create", "--label", "Läbel \"x\"")
    assert find(gateway, "key", key["id"])["label"] == "Läbel \"x\""


@pytest.mark.parametrize("is_stdin", [False, True])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_key_secret_from_a_file(gateway, tmp_path, is_stdin, end):
    secret = "own-secret-" + os.urandom(16).hex()
    if is_stdin:
        gateway.trivet("key", "create", "--secret-file", "-", stdin=secret + end)
    else:
        (tmp_path / "secret").write_bytes((secret + end).encode())
        (tmp_path / "secret").chmod(0o600)
        gateway.trivet("key", "create", "--secret-file", tmp_path / "secret")
    bunq.ready(gateway, secret=secret)


@pytest.mark.parametrize(
    "content", ["", "\n", "short", "x" * 31, "x" * 513, ("x" * 40 + "\n") * 2]
)
def test_bad_secret_file_is_refused(gateway, tmp_path, content):
    (tmp_path / "secret").write_text(content)
    (tmp_path / "secret").chmod(0o600)
    result = fails(
        *("key", "create", "--secret-file", tmp_path / "secret"),
        *("--data", gateway.data),
    )
    assert "xxx" not in result.stderr


def test_missing_secret_file_is_refused(gateway, tmp_path):
    options = ("--secret-file", tmp_path / "none", "--data", gateway.data)
    assert "none" in fails("key", "create", *options).stderr


def test_same_secret_twice_is_refused(gateway):
    secret = "twice-" + os.urandom(16).hex()
    gateway.trivet("key", "create", "--secret-file", "-", stdin=secret)
    options = ("--secret-file", "-", "--data", gateway.data)
    assert secret not in fails("key", "create", *options, stdin=secret).stderr
    bunq.ready(gateway, secret=secret)


def test_key_expires_by_its_own_time(gateway):
    brief = gateway.trivet("key", "create", "--expires", 1)
    long = gateway.trivet("key", "create", "--expires", 600)
    time.sleep(1.2)
    client = bunq.Client(gateway).install()
    assert client.post_device(brief["secret"]).reason == "key-expired"
    client.register(long["secret"])


@pytest.mark.parametrize("seconds", ["abc", "-1", "", "1x", "0s", "11y", "9" * 30])
def test_bad_expiry_is_refused(gateway, seconds):
    fails("key", "create", "--expires", seconds, "--data", gateway.data)


@pytest.mark.parametrize("number", ["999999999", "abc", "-1", "1 OR 1", "", "0x1"])
@pytest.mark.parametrize(
    "words", [["key", "revoke"], ["session", "end"], ["key", "allow-all-ips"]]
)
def test_unknown_numbers_are_refused(gateway, client, words, number):
    more = ["on"] if words[-1] == "allow-all-ips" else []
    fails(*words, number, *more, "--data", gateway.data)
    assert client.is_alive()


# ---- user --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Jane Doe", "Zoë", "Jane van der Doe", "日本", "a" * 200]
)
def test_user_create_and_list(gateway, name):
    user = gateway.trivet("user", "create", name)
    row = find(gateway, "user", user["id"])
    assert name in row.values()
    key = gateway.trivet("key", "create", "--user", user["id"])
    client = bunq.ready(gateway, secret=key["secret"])
    assert client.user["id"] == user["id"]
    assert client.user["display_name"] == name
    assert all(value is not None for value in client.user.values())


def test_user_create_company(gateway):
    user = gateway.trivet("user", "create", "Doe B.V.", "--company")
    key = gateway.trivet("key", "create", "--user", user["id"])
    client = bunq.ready(gateway, secret=key["secret"])
    assert client.get("/v1/user").types == ["UserCompany"]
    assert client.user["name"] == "Doe B.V."


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_bad_user_name_is_refused(gateway, name):
    fails("user", "create", name, "--data", gateway.data)


@pytest.mark.parametrize("name", ["a\x1b[31mred", "a\nb", "a\tb", "a\x7fb", "a\rb"])
def test_control_characters_do_not_reach_the_terminal(gateway, name):
    run("user", "create", name, "--data", gateway.data)  # may be refused
    result = run("user", "list", "--data", gateway.data, check=True)
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout) is None
    rows = len(gateway.trivet("user", "list"))
    assert len(result.stdout.strip().splitlines()) <= rows + 2


@pytest.mark.parametrize("seconds", ["0", "-1", "2147484", "abc", "", "1.5", "9" * 30])
def test_bad_auto_logout_time_is_refused(gateway, client, seconds):
    number = client.user["id"]
    fails("user", "auto-logout", number, seconds, "--data", gateway.data)
    assert client.get("/v1/user").element("UserPerson")["session_timeout"] == 604800


def test_auto_logout_of_an_unknown_user_is_refused(gateway):
    fails("user", "auto-logout", "999999999", "600", "--data", gateway.data)


def test_auto_logout_is_seen_at_once(gateway):
    client = bunq.ready(gateway)
    for seconds in (5, 2147483, 600):
        gateway.trivet("user", "auto-logout", client.user["id"], seconds)
        user = client.get("/v1/user").element("UserPerson")
        assert user["session_timeout"] == seconds


# ---- device and session ------------------------------------------------------


def test_device_list(gateway):
    client = bunq.ready(gateway, "127.0.0.7")
    row = find(gateway, "device", client.device_id)
    assert row["description"] == "a test"
    assert "127.0.0.7" in json.dumps(row)


def test_session_list_and_end(gateway):
    client = bunq.ready(gateway)
    row = find(gateway, "session", client.session_id)
    assert row["user_id"] == client.user["id"]
    assert client.session_token not in json.dumps(row)
    gateway.trivet("session", "end", client.session_id)
    assert not client.is_alive()


# ---- form --------------------------------------------------------------------


@pytest.mark.parametrize("noun", LISTS)
def test_lists_for_people_and_for_programs(gateway, client, noun):
    rows = gateway.trivet(noun, "list")
    assert isinstance(rows, list) and rows
    for row in rows:
        assert isinstance(row, dict) and type(row["id"]) is int
        assert set(row) == set(rows[0])
    table = run(noun, "list", "--data", gateway.data, check=True).stdout
    for row in rows:
        assert re.search(rf"\b{row['id']}\b", table), row
    for line in table.splitlines():
        assert line == line.rstrip()


@pytest.mark.long
def test_empty_lists(serve):
    gateway = serve("--no-sandbox")
    for noun in LISTS:
        assert gateway.trivet(noun, "list") == []
        result = run(noun, "list", "--data", gateway.data, check=True)
        assert len(result.stdout.splitlines()) <= 1


def test_many_commands_at_once_beside_requests(gateway):
    faults = []
    keys = []

    def create():
        for _ in range(5):
            try:
                keys.append(gateway.trivet("key", "create"))
            except AssertionError as fault:
                faults.append(fault)

    def ask():
        client = bunq.ready(gateway)
        for _ in range(20):
            if not client.is_alive() or client.post_session().status != 200:
                faults.append("refused")

    work = [create, create, create, ask, ask]
    storm(len(work), lambda number: work[number]())
    assert not faults
    assert len({key["id"] for key in keys}) == 15
    assert len({key["secret"] for key in keys}) == 15


@pytest.mark.parametrize("label", [b"\xff\xfe", b"a\nb", b"\x1b[31m", b"x" * 256])
def test_a_label_that_cannot_be_shown_is_refused(gateway, label):
    before = len(gateway.trivet("key", "list"))
    done = subprocess.run(
        [TRIVET, "key", "create", "--data", gateway.data, "--label", label],
        capture_output=True, timeout=60, check=False,
    )
    assert done.returncode == 2
    assert len(gateway.trivet("key", "list")) == before


# ---- words -------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, same",
    [
        (["-h"], ["--help"]),
        (["help"], ["--help"]),
        (["-V"], ["--version"]),
        (["help", "key"], ["key", "--help"]),
        (["key", "-h"], ["key", "--help"]),
        (["key", "help"], ["key", "--help"]),
        (["help", "key", "create"], ["key", "create", "--help"]),
        (["key", "help", "create"], ["key", "create", "--help"]),
        (["login", "-h"], ["login", "--help"]),
        (["help", "audit", "verify"], ["audit", "verify", "--help"]),
    ],
    ids=str,
)
def test_short_forms_are_the_long_ones(words, same):
    short = run(*words, check=True)
    assert short.stdout == run(*same, check=True).stdout != ""


@pytest.mark.parametrize(
    "words, meant",
    [
        (["logn"], "trivet login"),
        (["statsu"], "trivet status"),
        (["devices"], "trivet device"),
        (["server"], "trivet serve"),
        (["key", "crate"], "trivet key create"),
        (["session", "lst"], "trivet session list"),
        (["server-key", "rotat"], "trivet server-key rotate"),
        (["help", "kye"], "trivet key"),
    ],
    ids=str,
)
def test_a_wrong_command_proposes_the_nearest(words, meant):
    result = fails(*words)
    assert result.returncode == 2
    assert f'Did you mean "{meant}"?' in result.stderr


@pytest.mark.parametrize("words", [["xyzzy"], ["key", "nonsense"], ["q" * 99], [""]])
def test_nothing_is_proposed_where_nothing_is_near(words):
    assert "Did you mean" not in fails(*words).stderr


@pytest.mark.parametrize("text, seconds", [("90", 90), ("2m", 120), ("1h30m", 5400), ("7d", 604800)])
def test_times_are_taken_with_units(gateway, text, seconds):
    user = gateway.trivet("user", "create", f"times {text}")["id"]
    gateway.trivet("user", "auto-logout", user, text)
    assert find(gateway, "user", user)["auto_logout"] == seconds
    key = gateway.trivet("key", "create", "--expires", text)
    assert key["expires_in"] == seconds


@pytest.mark.parametrize("options, seconds", [((), 14400), (("--sandbox",), 3600)])
def test_how_long_a_new_key_waits_for_a_device(gateway, options, seconds):
    assert gateway.trivet("key", "create", *options)["expires_in"] == seconds


@pytest.mark.parametrize("text", ["1x", "", "h", "-1h", "1h 1m", "99w", "1.5h", "9" * 30])
def test_times_that_are_none_are_refused(gateway, text):
    fails("user", "auto-logout", "1", text, "--data", gateway.data)
