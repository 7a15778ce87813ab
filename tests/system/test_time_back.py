# SPDX-License-Identifier: Apache-2.0
"""The machine's clock goes back: what had ended stays ended, everywhere"""
import contextlib
import json
import re
import shutil
import time

import pytest

import bunq
from bunq import AUTHORISATION, CREDENTIALS
from gateway import IS_SANITIZED, Gateway, run, wait_until
from moved import FAKETIME, OUTSIDE, SANDBOX, Moved

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY

pytestmark = [
    pytest.mark.skipif(not FAKETIME, reason="no libfaketime here"),
    pytest.mark.skipif(IS_SANITIZED, reason="ASan wants to be loaded first"),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A data directory as serve makes it."""
    data = tmp_path_factory.mktemp("template") / "data"
    with Gateway(data):
        pass
    return data


@pytest.fixture
def start(template, tmp_path):
    with contextlib.ExitStack() as stack:

        def start_one(trivet):
            data = tmp_path / "data"
            shutil.copytree(template, data)
            return stack.enter_context(Moved(data, trivet))

        yield start_one


@pytest.fixture
def moved(start):
    return start(SANDBOX)


def again(gateway, client):
    """The gateway restarts; the client goes on with it."""
    gateway.stop()
    gateway.start()
    client.http = bunq.make_session(gateway)


def refused(client):
    bunq.assert_refused(client.get("/v1/user"), 401, AUTHORISATION)
    return True


def states(gateway, client):
    return {
        row["id"]: row["status"] for row in gateway.trivet("session", "list")
    }[client.session_id]


def test_a_session_that_ended_stays_ended(moved):
    client = bunq.ready(moved)
    moved.move(8 * DAY)
    for _ in range(8):
        refused(client)
    moved.move(0)
    for _ in range(16):  # every worker, over new connections
        client.http = bunq.make_session(moved)
        refused(client)
    again(moved, client)
    refused(client)
    moved.kill_all()
    moved.process.wait()
    moved.may_crash = True
    moved.start()
    client.http = bunq.make_session(moved)
    refused(client)


def test_a_session_that_nobody_used_meanwhile_stays_ended(moved):
    client = bunq.ready(moved)
    moved.move(7 * DAY - HOUR)
    other = bunq.ready(moved)
    moved.move(7 * DAY + HOUR)
    assert other.is_alive()  # admitted: this writes nothing of its own
    assert wait_until(lambda: moved.latest() > 7 * DAY, 5)
    moved.stop()
    moved.move(0)
    moved.start()
    client.http = bunq.make_session(moved)
    refused(client)
    other.http = bunq.make_session(moved)
    assert other.is_alive()


def test_what_serve_sees_at_its_end_counts(moved):
    client = bunq.ready(moved)
    moved.move(8 * DAY)
    moved.stop()  # nobody called
    moved.move(0)
    moved.start()
    client.http = bunq.make_session(moved)
    refused(client)


def test_an_api_key_that_expired_stays_expired(moved):
    made = moved.trivet("key", "create", "--user", "A")
    client = bunq.Client(moved).install()
    moved.move(5 * HOUR)
    assert client.post_device(made["secret"]).status == 400
    moved.move(0)
    bunq.assert_refused(client.post_device(made["secret"]), 400, CREDENTIALS)
    again(moved, client)
    bunq.assert_refused(client.post_device(made["secret"]), 400, CREDENTIALS)
    [row] = moved.trivet("key", "list")
    assert row["status"] == "EXPIRED"


def test_commands_judge_by_the_same_time(moved):
    client = bunq.ready(moved)
    assert states(moved, client) == "ACTIVE"
    moved.move(8 * DAY)
    assert states(moved, client) == "EXPIRED"
    refused(client)
    moved.move(0)
    assert states(moved, client) == "EXPIRED"
    told = run("session", "list", "--data", moved.data, env=moved.env)
    assert "7 d 23 h behind the latest time" in told.stderr


def test_the_log_and_the_metrics_say_how_far(moved):
    client = bunq.ready(moved)
    assert moved.behind() == 0
    moved.move(2 * HOUR)
    assert client.is_alive()
    assert wait_until(lambda: moved.latest() > HOUR, 5)
    assert moved.behind() == 0
    moved.move(0)
    assert client.is_alive()
    assert 2 * HOUR - 60 <= moved.behind() <= 2 * HOUR
    assert wait_until(
        lambda: re.search(r"the clock is 7[12]\d\d s behind", moved.log()), 10
    )
    assert moved.log().count("s behind the latest time") == 1
    moved.move(3 * HOUR)
    assert client.is_alive()
    assert moved.behind() == 0


def test_a_clock_that_is_behind_keeps_nobody_out(moved):
    moved.move(2 * HOUR)
    client = bunq.ready(moved)
    moved.move(-DAY)
    assert client.is_alive()
    new = bunq.ready(moved)
    assert new.is_alive()
    moved.move(2 * HOUR)
    assert client.is_alive() and new.is_alive()


def test_an_operator_accepts_a_clock_that_was_ahead(moved):
    client = bunq.ready(moved)
    moved.move(400 * DAY)
    refused(client)
    moved.move(0)
    refused(client)
    told = moved.trivet("clock", "accept")
    assert abs(told["back_seconds"] - 400 * DAY) < 60
    for _ in range(8):
        client.http = bunq.make_session(moved)
        assert client.is_alive()
    assert wait_until(lambda: moved.behind() == 0, 10)
    again(moved, client)
    assert client.is_alive()
    assert states(moved, client) == "ACTIVE"
    told = run("audit", "--json", "--data", moved.data).stdout.splitlines()
    rows = [json.loads(line) for line in told]
    [row] = [row for row in rows if row["event"] == "clock-accepted"]
    assert row["actor"].startswith("operator:") and row["detail"].endswith(" s back")
    assert moved.trivet("clock", "accept")["back_seconds"] == 0
    assert run("audit", "verify", "--data", moved.data).returncode == 0


def test_the_sandbox_clock_may_be_put_back(moved):
    client = bunq.ready(moved)
    moved.trivet("clock", "+8d")
    refused(client)
    moved.trivet("clock", "reset")
    assert client.is_alive()
    assert moved.behind() == 0


def test_outside_the_sandbox_too(start):
    gateway = start(OUTSIDE)
    made = gateway.trivet("key", "create", "--user", "A")
    client = bunq.Client(gateway).install()
    client.register(made["secret"]).open()
    gateway.move(8 * DAY)
    refused(client)
    gateway.move(0)
    refused(client)
    gateway.trivet("clock", "accept")
    assert client.is_alive()
