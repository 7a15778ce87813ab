# SPDX-License-Identifier: Apache-2.0
"""What nobody uses any more is removed: by the command, and by the gateway"""
import json
import sqlite3
import threading
import time

import pytest
import requests

import bunq
from gateway import Gateway, run, wait_until
from nginx import TRIVET, Nginx

DAY_US = 86400 * 1000000


def sql(gateway, text, *params):
    db = sqlite3.connect(gateway.data / "trivet.db", timeout=10)
    try:
        with db:
            return db.execute(text, params).fetchall()
    finally:
        db.close()


def count(gateway, table, where="1"):
    return sql(gateway, f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0]


def make_older(gateway, client, days):
    """As if its installation had been made so long ago."""
    sql(
        gateway,
        "UPDATE installation SET created_us = created_us - ? WHERE id = ?",
        days * DAY_US,
        client.installation_id,
    )


@pytest.fixture
def installed(gateway):
    """A client that has an installation and nothing else."""
    client = bunq.Client(gateway)
    client.install()
    client.installation_id = sql(gateway, "SELECT MAX(id) FROM installation")[0][0]
    return client


def is_installed(client):
    answer = client.post_session("0" * 64)
    assert answer.reason in ("key-unknown", "token-unknown"), answer
    return answer.reason == "key-unknown"


# ---- the command -------------------------------------------------------------


def test_command_removes_and_tells(gateway, installed, client):
    make_older(gateway, installed, 8)
    dry = gateway.trivet("prune", "--dry-run")
    assert dry["installations"] == 1 and dry["is_dry_run"] is True
    assert is_installed(installed)
    done = gateway.trivet("prune")
    assert done["installations"] == 1 and done["is_dry_run"] is False
    assert not is_installed(installed)
    assert gateway.trivet("prune")["installations"] == 0
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    told = run("audit", "--json", "--data", gateway.data, check=True).stdout
    rows = [json.loads(line) for line in told.splitlines()]
    rows = [row for row in rows if row["event"] == "pruned"]
    assert rows[-1]["detail"].startswith("1 installations")
    assert rows[-1]["actor"].startswith("operator:")
    assert run("audit", "verify", "--data", gateway.data).returncode == 0


def test_ages_are_options(gateway, installed):
    make_older(gateway, installed, 1)
    for age in ("25h", "1d1h", "2w", "off"):
        args = ("prune", "--installations", age, "--sessions", "off")
        assert gateway.trivet(*args)["installations"] == 0
        assert is_installed(installed)
    assert gateway.trivet("prune", "--installations", "23h")["installations"] == 1
    assert not is_installed(installed)


def test_sessions_that_ended_are_removed_and_others_not(gateway):
    ended, alive = bunq.ready(gateway), bunq.ready(gateway)
    bunq.assert_admitted(ended.call("DELETE", "/v1/session/0"))
    gateway.trivet("prune", "--sessions", "0s", "--installations", "off")
    answer = ended.get("/v1/user")
    bunq.assert_refused(answer, 401, reason="token-unknown")
    bunq.assert_admitted(alive.get("/v1/user"), alive.server_key)
    ended.open()  # the device is as good as before
    bunq.assert_admitted(ended.get("/v1/user"), ended.server_key)


@pytest.mark.parametrize("age", ["7", "x", "", "-1d", "11000d"])
def test_wrong_ages_are_refused(gateway, age):
    for option in ("--installations", "--sessions", "--api-keys"):
        result = run("prune", option, age, "--data", gateway.data)
        assert result.returncode == 2 and result.stdout == ""
        assert "age" in result.stderr


def test_people_are_told_in_words(gateway):
    result = run("prune", "--dry-run", "--data", gateway.data, check=True)
    assert result.stdout.startswith("to be removed: ")
    result = run("prune", "--data", gateway.data, check=True)
    assert result.stdout.startswith("removed: ")


# ---- the size ----------------------------------------------------------------


def bytes_of_installation(gateway, pem, times=40):
    def used():
        pages = sql(gateway, "PRAGMA page_count")[0][0]
        return (pages - sql(gateway, "PRAGMA freelist_count")[0][0]) * 4096

    before = used()
    client = bunq.Client(gateway)
    for _ in range(times):
        answer = client.call("POST", "/v1/installation", {"client_public_key": pem})
        bunq.assert_admitted(answer)
    return (used() - before) / times


def test_a_padded_key_costs_what_a_plain_one_does(serve):
    gateway = serve()
    pem = bunq.public_pem(bunq.key())
    padded = pem.strip().replace("\n", "\r\n") + "\n" * (4000 - len(pem))
    plain = bytes_of_installation(gateway, pem)
    assert plain < 1500
    assert abs(bytes_of_installation(gateway, padded) - plain) < 500
    assert count(gateway, "installation", "length(public_text) > 0") == 0


# ---- the gateway -------------------------------------------------------------


@pytest.fixture
def pruning(tmp_path):
    """Makes an nginx with such a trivet_prune; its store is made by serve."""
    started = []

    def start(setting):
        data = tmp_path / f"data{len(started)}"
        with Gateway(data):
            pass
        text = TRIVET + f"    trivet_prune {setting};\n"
        nginx = Nginx(data, trivet=text).start()
        started.append(nginx)
        return nginx

    yield start
    for nginx in started:
        nginx.close()


def test_gateway_prunes_by_itself(pruning):
    nginx = pruning("every=1s installations=3s sessions=1s api-keys=1s")
    idle = bunq.Client(nginx)
    idle.install()
    busy = bunq.ready(nginx)
    over = bunq.ready(nginx)
    bunq.assert_admitted(over.call("DELETE", "/v1/session/0"))
    assert wait_until(lambda: not is_installed(idle), 15)
    assert wait_until(lambda: over.get("/v1/user").reason == "token-unknown", 10)
    bunq.assert_admitted(busy.get("/v1/user"), busy.server_key)
    assert count(nginx, "audit", "event = 'pruned' AND actor = 'gateway'") >= 1
    bunq.assert_admitted(over.post_session(), over.server_key)


def test_gateway_prunes_beside_those_who_write_and_over_a_reload(pruning):
    """Steps taken all the time, with ages of nothing: each installation is either
    registered in time, or its token is refused as unknown; nothing else."""
    nginx = pruning("every=1s installations=1s sessions=0s api-keys=0s")
    sql(
        nginx,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 1500) INSERT INTO installation (created_us, public_der,"
        " public_text, address, server_key_id)"
        " SELECT i, x'00', '', zeroblob(16), 1 FROM n",
    )
    faults, alive, is_over = [], [], threading.Event()

    def live():
        while not is_over.is_set():
            try:
                client = bunq.ready(nginx)
                bunq.assert_admitted(client.get("/v1/user"), client.server_key)
                alive.append(client)
            except requests.RequestException:
                continue  # a connection of the workers of before
            except AssertionError as fault:
                faults.append(fault)
                return

    threads = [threading.Thread(target=live, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    nginx.reload()
    gone = wait_until(lambda: count(nginx, "installation", "public_der = x'00'") == 0, 20)
    is_over.set()
    for thread in threads:
        thread.join(30)
    assert gone and not faults, faults
    assert len(alive) > 3
    for client in alive:
        bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    assert run("audit", "verify", "--data", nginx.data).returncode == 0


def test_off_is_off(pruning):
    nginx = pruning("off")
    client = bunq.Client(nginx)
    client.install()
    sql(nginx, "UPDATE installation SET created_us = 0")
    time.sleep(1.5)
    assert is_installed(client)
    assert "pruned" not in nginx.log()


@pytest.mark.long
def test_serve_takes_ages(serve):
    gateway = serve("--prune", "installations=1h", "--prune", "sessions=off")
    text = (gateway.data / "nginx.conf").read_text()
    line = "trivet_prune installations=3600s sessions=off api-keys=604800s;"
    assert line in text
    gateway = serve("--prune", "off")
    text = (gateway.data / "nginx.conf").read_text()
    assert "trivet_prune installations=off sessions=off api-keys=off;" in text
    for wrong in ("on", "sessions=", "sessions=1", "users=1d", ""):
        result = run("serve", "--prune", wrong, "--data", gateway.data)
        assert result.returncode == 2 and "--prune" in result.stderr


@pytest.mark.parametrize(
    "setting",
    ["", "on", "every=0s", "every=2d", "sessions=-1d", "users=1d", "sessions=1y", "off off"],
)
def test_wrong_settings_are_refused(tmp_path, setting):
    nginx = Nginx(tmp_path, trivet=TRIVET + f"    trivet_prune {setting};\n")
    (tmp_path / "log").mkdir()
    status, told = nginx.check()
    assert status != 0 and "trivet_prune" in told
