# SPDX-License-Identifier: Apache-2.0
"""The audit: everything that happens is in it, and what is done to it is found"""
import hashlib
import json
import os
import pwd
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

import bunq
from bunq import TOKEN
from gateway import ROOT, TRIVET, environment, run, wait_until
from storm import storm

OPERATOR = pwd.getpwuid(os.geteuid()).pw_name

COLUMNS = (
    "id, at_us, event, actor, address, user_id, api_key_id, installation_id,"
    " device_id, session_id, reason, detail"
)


def rows(gateway, *options):
    result = run("audit", *options, "--json", "--data", gateway.data, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def verify(gateway, *options):
    """What verify finds, and that its status says the same."""
    result = run("audit", "verify", "--json", "--data", gateway.data, *options)
    found = json.loads(result.stdout)
    assert result.returncode == (0 if found["whole"] else 6), result
    assert found["whole"] == (found["num_faults"] == 0 == len(found["faults"]))
    return found


def faults(gateway):
    return [(f["fault"], f["first"], f["last"]) for f in verify(gateway)["faults"]]


def open_database(gateway):
    return sqlite3.connect(gateway.data / "trivet.db", isolation_level=None, timeout=20)


def change(gateway, *statements):
    with open_database(gateway) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def head_of(found):
    """What an operator writes down of verify: the head of the one chain."""
    (chain,) = found["chains"]
    assert chain["chain"] == "main" and chain["rows"] == found["rows"]
    return f"{chain['rows']}:{chain['hash']}"


def assert_chained(gateway):
    """The chain, by code that knows nothing of the project's."""
    database = open_database(gateway)
    before = bytes(32)
    number = 0
    for *values, stored in database.execute(
        f"SELECT {COLUMNS}, hash FROM audit WHERE chain = 'main' ORDER BY id"
    ):
        digest = hashlib.sha256(before)
        for value in values:
            if isinstance(value, int):
                digest.update(value.to_bytes(8, "big", signed=True))
            else:
                value = value.encode() if isinstance(value, str) else value
                digest.update(len(value).to_bytes(8, "big") + value)
        number += 1
        assert values[0] == number
        assert stored == digest.digest(), values
        before = stored
    head = database.execute("SELECT num_rows, last_hash FROM audit_head").fetchall()
    database.close()
    assert head == [(number, before)]
    return number


@pytest.fixture
def filled(serve):
    """A gateway that ends with some rows in its audit."""
    gateway = serve()
    for number in range(3):
        bunq.ready(gateway, key_number=number)
    gateway.stop()
    assert verify(gateway)["whole"]
    return gateway


# ---- what goes in ------------------------------------------------------------


def test_each_step_is_told(gateway):
    since = verify(gateway)["rows"]
    client = bunq.ready(gateway, "127.0.0.9")
    client.call("DELETE", "/v1/session/0")
    told = rows(gateway, "--since", since)
    assert [row["event"] for row in told] == [
        "user-created",
        "key-created",
        "installation-created",
        "key-bound",
        "ip-permitted",
        "device-created",
        "session-opened",
        "session-ended",
    ]
    assert {row["actor"] for row in told} == {"gateway"}
    assert {row["address"] for row in told} == {"127.0.0.9"}
    assert [row["id"] for row in told] == list(range(since + 1, since + 9))
    assert told[0]["user_id"] == client.user["id"]
    assert told[4]["detail"] == "127.0.0.9"
    assert told[5]["device_id"] == client.device_id
    assert told[5]["installation_id"] == client.installation_id
    assert {told[6]["session_id"], told[7]["session_id"]} == {client.session_id}
    for row in told:
        bunq.assert_listed_now(row["at"])


@pytest.mark.long
def test_operator_is_told(gateway):
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    user = gateway.trivet("user", "create", "Jane Audit")["id"]
    key = gateway.trivet("key", "create", "--user", user)["id"]
    gateway.trivet("user", "auto-logout", user, 600)
    gateway.trivet("key", "allow-all-ips", key, "on")
    gateway.trivet("key", "allow-all-ips", key, "off")
    gateway.trivet("key", "revoke", key)
    gateway.trivet("session", "end", client.session_id)
    told = rows(gateway, "--since", since)
    assert [(row["event"], row["user_id"], row["api_key_id"]) for row in told] == [
        ("user-created", user, None),
        ("key-created", user, key),
        ("auto-logout-changed", user, None),
        ("key-freed", None, key),
        ("key-confined", None, key),
        ("key-revoked", None, key),
        ("session-ended", None, None),
    ]
    assert told[6]["session_id"] == client.session_id
    assert told[2]["detail"] == "600 s"
    assert {(row["actor"], row["address"]) for row in told} == {("operator:" + OPERATOR, None)}


def test_changed_permitted_ips_are_told(gateway):
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    key = gateway.trivet("key", "list")[-1]["id"]
    path = f"/v1/user/{client.user['id']}/credential-password-ip/{key}/ip"
    answer = client.post(path, {"ip": "192.0.2.7", "status": "ACTIVE"})
    bunq.assert_admitted(answer)
    number = answer.element("Id")["id"]
    body = {"ip": "192.0.2.7", "status": "INACTIVE"}
    bunq.assert_admitted(client.call("PUT", f"{path}/{number}", body))
    assert client.post(path, {"ip": "*"}).status == 400
    told = rows(gateway, "--since", since)
    assert [(r["event"], r["detail"] or r["reason"]) for r in told] == [
        ("ip-permitted", "192.0.2.7"),
        ("ip-disabled", "192.0.2.7"),
        ("refused", "permitted-ip-wildcard"),
    ]
    assert {r["api_key_id"] for r in told} == {key}


def test_refused_credentials_are_told(gateway):
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    abroad = client.from_address("127.0.0.6")
    answers = [
        client.get("/v1/user", token="f" * 64),
        client.get("/v1/user", token=client.installation_token),
        client.get("/v1/user", signature=client.sign(b"x")),
        client.get("/v1/user", signature=None),
        client.get("/v1/user", signature="?"),
        abroad.get("/v1/user"),
        client.post_session("f" * 64),
        abroad.post_session(),
    ]
    told = rows(gateway, "--since", since)
    assert [row["reason"] for row in told] == [answer.reason for answer in answers]
    assert {row["event"] for row in told} == {"refused"}
    assert [row["address"] for row in told][5:] == [
        "127.0.0.6",
        "127.0.0.1",
        "127.0.0.6",
    ]
    assert [row["session_id"] for row in told][2:6] == [client.session_id] * 4
    assert told[0]["user_id"] is None and told[0]["installation_id"] is None
    assert told[6]["installation_id"] == client.installation_id
    assert told[7]["user_id"] == client.user["id"]


def test_what_is_no_credential_is_not_told(gateway):
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    assert client.is_alive()
    assert client.post("/v1/echo/anything", b"{}").status == 200
    assert client.get("/v1/user", token=None).status == 401
    assert client.post("/v1/installation", b"{", token=None).status == 400
    assert client.get("/nowhere").status == 404
    assert client.call("PUT", "/v1/session-server").status == 405
    assert rows(gateway, "--since", since) == []


def test_extension_is_told_once(serve):
    gateway = serve("--session-timeout", "20")
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    time.sleep(1.5)
    storm(8, lambda _: client.from_address(None).get("/v1/user"))
    told = rows(gateway, "--since", since)
    assert {row["event"] for row in told} == {"session-extended"}
    assert {row["session_id"] for row in told} == {client.session_id}
    assert 1 <= len(told) <= 8
    assert_chained(gateway)


def test_no_secret_is_in_it(gateway):
    client = bunq.ready(gateway)
    client.get("/v1/user", token="e" * 64)
    client.post_session("d" * 64)
    secrets = [client.secret, client.installation_token, client.session_token]
    secrets += ["e" * 64, "d" * 64]
    database = open_database(gateway)
    held = b"".join(
        value if isinstance(value, bytes) else str(value).encode()
        for row in database.execute(f"SELECT {COLUMNS}, hash FROM audit")
        for value in row
    )
    database.close()
    for secret in secrets:
        assert secret.encode() not in held
        digest = hashlib.sha256(secret.encode())
        assert digest.digest() not in held
        assert digest.hexdigest().encode() not in held


# ---- showing -----------------------------------------------------------------


def test_show_for_people(gateway, client):
    client.get("/v1/user", token="c" * 64)
    shown = run("audit", "--data", gateway.data, check=True).stdout.splitlines()
    assert len(shown) == len(rows(gateway))
    assert shown[-1].endswith("refused  gateway 127.0.0.1  token-unknown")
    assert len(run("audit", "--since", 3, "--data", gateway.data).stdout.splitlines()) == (
        len(shown) - 3
    )


def test_nothing_in_it_steers_a_terminal(filled):
    change(filled, "UPDATE audit SET detail = char(27) || '[2J' || char(10) WHERE id = 3")
    shown = run("audit", "--data", filled.data, check=True).stdout
    assert "\x1b" not in shown
    assert "\\u001b[2J\\n" in shown.splitlines()[2]


@pytest.mark.long
def test_follow_tells_what_happens(gateway):
    since = verify(gateway)["rows"]
    process = subprocess.Popen(
        [str(TRIVET), "audit", "--follow", "--json", "--since", str(since)]
        + ["--data", str(gateway.data)],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    try:
        for name in ("First", "Second"):
            user = gateway.trivet("user", "create", name)
            row = json.loads(process.stdout.readline())
            assert (row["event"], row["user_id"]) == ("user-created", user["id"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        process.stdout.close()


@pytest.mark.parametrize(
    "words",
    [
        ["--since", "x"],
        ["--since", "-1"],
        ["extra"],
        ["--head", "1:00"],
        ["verify", "extra"],
        ["verify", "--follow"],
        ["verify", "--head", "1"],
        ["verify", "--head", "1:" + "0" * 63],
        ["verify", "--head", "1:" + "0" * 65],
        ["verify", "--head", "x:" + "0" * 64],
        ["verify", "--head", "1:" + "g" * 64],
    ],
    ids=" ".join,
)
def test_wrong_words_are_refused(gateway, words):
    result = run("audit", *words, "--data", gateway.data)
    assert result.returncode == 2 and result.stdout == "", result


# ---- what is done to it ------------------------------------------------------


def test_chain_is_as_the_manual_says(filled):
    assert assert_chained(filled) == verify(filled)["rows"] > 20


def test_changed_row_is_found(filled):
    change(filled, "UPDATE audit SET user_id = 2 WHERE id = 5")
    assert faults(filled) == [("changed", 5, 5)]
    shown = run("audit", "verify", "--data", filled.data)
    assert shown.returncode == 6 and "row 5:" in shown.stdout


def test_row_that_was_changed_with_its_hash_is_found(filled):
    change(filled, "UPDATE audit SET hash = zeroblob(32) WHERE id = 5")
    assert faults(filled) == [("changed", 5, 5), ("changed", 6, 6)]


def test_row_removed_in_the_middle_is_found(filled):
    change(filled, "DELETE FROM audit WHERE id = 7")
    assert faults(filled) == [("missing", 7, 7)]


def test_gap_that_was_closed_is_found(filled):
    last = verify(filled)["rows"]
    change(
        filled,
        "DELETE FROM audit WHERE id = 7",
        "UPDATE audit SET id = -id WHERE id > 7",
        "UPDATE audit SET id = -id - 1 WHERE id < 0",
    )
    assert faults(filled)[0] == ("changed", 7, 7)
    change(filled, f"UPDATE audit_head SET num_rows = {last - 1}")
    assert faults(filled)[0] == ("changed", 7, 7)


def test_cut_tail_is_found(filled):
    last = verify(filled)["rows"]
    change(filled, f"DELETE FROM audit WHERE id > {last - 3}")
    assert faults(filled) == [("missing", last - 2, last)]
    change(filled, f"UPDATE audit_head SET num_rows = {last - 3}")
    assert faults(filled) == [("head-wrong", last - 3, last - 3)]


def test_cut_tail_with_a_head_to_fit_is_found_by_who_noted_it(filled):
    noted = verify(filled)
    change(
        filled,
        "DELETE FROM audit WHERE id > 10",
        "UPDATE audit_head SET num_rows = 10,"
        " last_hash = (SELECT hash FROM audit WHERE id = 10)",
    )
    assert verify(filled)["whole"]  # as the manual says
    found = verify(filled, "--head", head_of(noted))["faults"]
    assert [f["fault"] for f in found] == ["not-as-noted"]


def test_swapped_rows_are_found(filled):
    change(
        filled,
        "UPDATE audit SET id = -1 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 9",
        "UPDATE audit SET id = 9 WHERE id = -1",
    )
    found = faults(filled)
    assert ("changed", 4, 4) in found and ("changed", 9, 9) in found


def test_emptied_audit_is_found(filled):
    last = verify(filled)["rows"]
    change(filled, "DELETE FROM audit")
    assert faults(filled) == [("missing", 1, last)]


def test_many_faults_are_counted(filled):
    last = verify(filled)["rows"]
    change(filled, "UPDATE audit SET reason = 'x'")
    found = verify(filled)
    assert found["num_faults"] == last and found["faults"][0]["first"] == 1
    shown = run("audit", "verify", "--data", filled.data).stdout.splitlines()
    assert len(shown) <= 23


def test_head_that_was_noted_stays(filled):
    noted = verify(filled)
    head = head_of(noted)
    filled.start()
    bunq.ready(filled)
    assert verify(filled, "--head", head)["whole"]
    assert verify(filled, "--head", f"main:{head}")["whole"]


# ---- many writers, and their death -------------------------------------------


def disturb(gateway, until, faults_seen):
    while time.monotonic() < until:
        try:
            client = bunq.ready(gateway)
            client.get("/v1/user", token="b" * 64)
            client.from_address("127.0.0.3").get("/v1/user")
            client.call("DELETE", "/v1/session/0")
        except AssertionError as fault:
            faults_seen.append(fault)
        except OSError:
            pass  # it was killed


@pytest.mark.long
def test_storm_leaves_the_chain_whole(gateway):
    seen = []
    threads = [
        threading.Thread(target=disturb, args=(gateway, time.monotonic() + 4, seen))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        gateway.trivet("user", "create", "In The Storm")
        assert verify(gateway)["whole"]
    assert not seen, seen[0]
    number = assert_chained(gateway)
    told = rows(gateway)[:number]  # one with what was left out may come later
    assert len(told) == number
    count = {}
    for row in told:
        count[row["event"]] = count.get(row["event"], 0) + 1
    assert count["session-opened"] == len(gateway.trivet("session", "list"))
    assert count["device-created"] == len(gateway.trivet("device", "list"))
    assert count["user-created"] == len(gateway.trivet("user", "list"))
    assert count["key-created"] == len(gateway.trivet("key", "list"))


def test_killed_gateway_leaves_the_chain_whole(serve):
    gateway = serve()
    gateway.may_crash = True
    for _ in range(3):
        until = time.monotonic() + 1

        def kill():
            time.sleep(0.7)
            gateway.kill_all()

        storm(6, lambda _, until=until: disturb(gateway, until, []), kill)
        gateway.process.wait(20)
        assert verify(gateway)["whole"]
        gateway.start()
        number = assert_chained(gateway)
    told = [row["event"] for row in rows(gateway)]
    assert len(told) == number > 20
    assert told.count("session-opened") == len(gateway.trivet("session", "list"))


# ---- who is refused too fast -------------------------------------------------


def left_out(gateway):
    return sum(
        int(row["detail"].split()[0])
        for row in rows(gateway)
        if row["event"] == "refusals-left-out"
    )


@pytest.mark.long
def test_flood_of_strangers_is_bounded_and_counted(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    since = verify(gateway)["rows"]
    workers = len(gateway.nginx_workers())
    number = 600

    def flood(_):
        with bunq.Wire(gateway) as wire:
            for _ in range(number // 4):
                wire.request("GET", "/v1/echo/x", [(TOKEN, "a" * 64)])
                assert wire.answer().status == 401

    begin = time.monotonic()
    storm(4, flood)
    took_s = time.monotonic() - begin
    told = [r for r in rows(gateway, "--since", since) if r["event"] == "refused"]
    assert 15 <= len(told) <= workers * (21 + took_s / 5)
    abroad = client.from_address("127.0.0.6")
    assert abroad.get("/v1/user").status == 403  # told in spite of the flood
    assert rows(gateway)[-1]["session_id"] == client.session_id

    def is_counted():
        refused = [r for r in rows(gateway, "--since", since) if r["event"] == "refused"]
        return left_out(gateway) + len(refused) == number + 1

    assert wait_until(is_counted, timeout_s=15, step_s=0.5)
    assert_chained(gateway)


def test_gateway_that_ends_tells_what_was_left_out(serve):
    gateway = serve()
    since = verify(gateway)["rows"]
    with bunq.Wire(gateway) as wire:
        for _ in range(50):
            wire.request("GET", "/v1/echo/x", [(TOKEN, "a" * 64)])
            assert wire.answer().status == 401
    gateway.stop()
    told = rows(gateway, "--since", since)
    refused = [row for row in told if row["event"] == "refused"]
    assert left_out(gateway) + len(refused) == 50
    assert_chained(gateway)


def test_refusal_does_not_wait_for_a_writer(gateway, client):
    before = left_out(gateway)
    database = open_database(gateway)
    database.execute("BEGIN IMMEDIATE")
    begin = time.monotonic()
    answer = client.get("/v1/user", signature=client.sign(b"x"))
    took_s = time.monotonic() - begin
    database.execute("ROLLBACK")
    database.close()
    bunq.assert_refused(answer, 400, reason="signature-wrong")
    assert took_s < 2
    assert wait_until(lambda: left_out(gateway) == before + 1, timeout_s=15, step_s=0.5)


def test_old_store_gets_an_audit(serve, tmp_path):
    """A store of the version before the audit is brought up to date."""
    data = tmp_path / "old"
    data.mkdir()
    scripts = sorted((ROOT / "store/schema/sqlite").glob("*.sql"))
    scripts = [path for path in scripts if path.name < "0003"]
    database = sqlite3.connect(data / "trivet.db")
    for path in scripts:
        database.executescript(path.read_text())
    database.execute("CREATE TABLE schema_version (version BIGINT NOT NULL)")
    database.execute("INSERT INTO schema_version VALUES (?)", (len(scripts),))
    database.commit()
    database.close()
    gateway = serve(name="old")
    bunq.ready(gateway)
    assert assert_chained(gateway) == verify(gateway)["rows"] >= 8
