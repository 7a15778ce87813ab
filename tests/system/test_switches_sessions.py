# SPDX-License-Identifier: Apache-2.0
"""The switches of sessions: how many, how long, and how they end"""
import json
import sqlite3
import time

import pytest

import bunq
import gateway as gateways
from switches import ALREADY
from storm import storm


# ---- extend-window, extend-cap -----------------------------------------------


def keep_using(client, seconds):
    """False as soon as the session is dead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not client.is_alive():
            return False
        time.sleep(0.2)
    return True


def test_extend_window_0_extends_nothing(switched):
    gateway = switched("extend-window=0", options=["--session-timeout", "2"])
    assert not keep_using(bunq.ready(gateway), 4)


@pytest.mark.long
def test_a_session_within_the_window_slides(switched):
    client = bunq.ready(switched(options=["--session-timeout", "3"]))
    assert keep_using(client, 5)
    time.sleep(1.5)
    assert client.is_alive()


@pytest.mark.long
def test_extend_cap_limits_what_is_added(switched):
    gateway = switched("extend-cap=1", options=["--session-timeout", "3"])
    client = bunq.ready(gateway)
    time.sleep(1.6)
    assert client.is_alive()  # nothing was shortened: 3 seconds are not over
    time.sleep(0.6)
    assert keep_using(client, 3)  # extended, a second at a time
    time.sleep(1.3)
    assert not client.is_alive()


def audit(gateway):
    said = gateways.run("audit", "--data", gateway.data, "--json", check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def anchor_age(gateway, client):
    """How long ago the session's present life began, by the store."""
    with sqlite3.connect(gateway.data / "trivet.db") as store:
        row = store.execute(
            "SELECT anchored_us FROM session WHERE id = ?", (client.session_id,)
        ).fetchone()
    return time.time() - row[0] / 1e6


def age(gateway, client, left_s):
    """Moves the session to left_s seconds before its end."""
    life = client.user["session_timeout"]
    with sqlite3.connect(gateway.data / "trivet.db") as store:
        store.execute(
            "UPDATE session SET anchored_us = ? WHERE id = ?",
            (int((time.time() - life + left_s) * 1e6), client.session_id),
        )


@pytest.mark.parametrize(
    "profile, switches, left_s, ends_in_s",
    [
        ("strict", [], 1700, 604800),
        ("strict", [], 1900, 1900),
        ("strict", ["extend-window=30", "extend-cap=300"], 20, 300),
        ("strict", ["extend-window=30", "extend-cap=300"], 60, 60),
        ("reference", [], 20, 300),
        ("reference", [], 60, 60),
        ("reference", ["extend-cap=0"], 20, 604800),
        ("strict", ["extend-cap=300"], 1700, 1700),
        ("strict", ["extend-cap=300"], 100, 300),
    ],
    ids=repr,
)
def test_statements_of_bunq_on_a_week(switched, profile, switches, left_s, ends_in_s):
    gateway = switched(*switches, profile=profile)
    client = bunq.ready(gateway)
    age(gateway, client, left_s)
    assert client.is_alive()
    left = client.user["session_timeout"] - anchor_age(gateway, client)
    assert abs(left - ends_in_s) < 5
    events = [row["event"] for row in audit(gateway)]
    assert ("session-extended" in events) == (left_s != ends_in_s)


def test_an_extension_is_told_when_it_happened(switched):
    """With a cap the anchor lies days back; the audit's time does not."""
    gateway = switched(profile="reference")
    client = bunq.ready(gateway)
    age(gateway, client, 20)
    assert client.is_alive()
    [row] = [r for r in audit(gateway) if r["event"] == "session-extended"]
    bunq.assert_listed_now(row["at"])
    assert gateways.run("audit", "verify", "--data", gateway.data).returncode == 0


# ---- sessions ----------------------------------------------------------------


def test_sessions_unlimited(client):
    first = client.session_token
    client.open()
    assert client.get("/v1/user", token=first).status == 200


def test_sessions_one(switched):
    gateway = switched("sessions=one")
    client = bunq.ready(gateway)
    for _ in range(2):
        bunq.assert_refused(
            client.post_session(), 400, ALREADY, "session-alive", client.server_key
        )
    assert client.is_alive()
    # with another key on the same installation, too; another installation may
    second = client.make_user()
    client.register(second)
    bunq.assert_refused(client.post_session(second), 400, ALREADY)
    bunq.ready(gateway, secret=client.secret)
    # bad credentials are told as ever
    answer = client.post_session("0" * 64)
    bunq.assert_refused(answer, 400, bunq.CREDENTIALS)
    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
    client.open()
    assert client.is_alive()


def test_sessions_one_when_the_old_one_expired(switched):
    gateway = switched("sessions=one", options=["--session-timeout", "1"])
    client = bunq.ready(gateway)
    time.sleep(1.2)
    client.open()


def test_sessions_one_when_the_key_was_revoked(switched):
    gateway = switched("sessions=one")
    client = bunq.ready(gateway)
    [key] = gateway.trivet("key", "list")
    gateway.trivet("key", "revoke", key["id"])
    client.register(client.make_user()).open()


def test_sessions_one_at_once(switched):
    gateway = switched("sessions=one")
    client = bunq.Client(gateway).install()
    client.register(client.make_user())
    others = [client.from_address("127.0.0.1") for _ in range(8)]
    answers = storm(len(others), lambda n: others[n].post_session().status)
    assert sorted(answers) == [200] + [400] * 7


# ---- dead-session ------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_dead_session(switched, status):
    gateway = switched(f"dead-session={status}", options=["--session-timeout", "1"])
    client = bunq.ready(gateway)
    time.sleep(1.2)
    answer = client.get("/v1/user")
    bunq.assert_refused(answer, status, bunq.AUTHORISATION, "session-expired")
    assert answer.is_signed_by(client.server_key)
    client.open()
    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
    bunq.assert_refused(
        client.get("/v1/user"), status, bunq.AUTHENTICATION, "session-ended"
    )
    for token in ("0" * 64, None):
        bunq.assert_refused(
            client.get("/v1/user", token=token), status, bunq.AUTHENTICATION
        )
    # what was 403, or 400, stays so
    answer = client.get("/v1/user", token=client.installation_token)
    bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "token-wrong-kind")
    bunq.assert_refused(client.post_session("x"), 400, bunq.CREDENTIALS)
