# SPDX-License-Identifier: Apache-2.0
"""Two gateways on one database, each with a chain of the audit log: they do not
wait for each other, and what is once is once"""

import hashlib
import time

import pytest

import bunq
from pair import ADMISSIONS_DIFFER, Held, Pair, twin
from postgres import Server, find_binaries
from psp import PATH as PSP_PATH
from psp import claim, provider
from storm import storm

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pair(server, tmp_path_factory):
    made = Pair(server, tmp_path_factory.mktemp("pair"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair_of_one(server, tmp_path_factory):
    made = Pair(server, tmp_path_factory.mktemp("one"), "--switch",
                "sessions=one")
    yield made
    made.close()


# ---- nobody waits for another ---------------------------------------------------


def test_a_gateway_does_not_wait_for_the_chain_of_another(pair):
    here = bunq.Client(pair.north)
    there = bunq.Client(pair.south)
    bunq.assert_admitted(here.post_installation())
    with Held(pair, "SELECT * FROM audit_head WHERE chain = 'north' FOR UPDATE"):
        there.install().register(there.make_user()).open()
        assert there.is_alive()
        assert here.post_installation().status == 503
        pair.operate("user", "create", "Meanwhile").check_returncode()
    bunq.assert_admitted(here.post_installation())
    pair.assert_right()


def test_users_do_not_wait_for_each_other(pair):
    one, other = (bunq.Client(pair.north, key_number=n).install() for n in (0, 1))
    one.register(one.make_user()).open()
    other.register(other.make_user()).open()
    held = f"SELECT * FROM users WHERE id = {one.user['id']} FOR UPDATE"
    with Held(pair, held):
        other.open()
        assert one.post_session().status == 503
        assert one.is_alive()  # it only reads
    one.open()
    pair.assert_right()


def test_a_batch_does_not_wait_for_the_user_of_one_of_its_members(pair):
    """Many write through one gateway; the user of one of them is held outside.
    All others are served all the same."""
    clients = []
    for number in range(8):
        client = bunq.Client(pair.north, key_number=number % 4).install()
        clients.append(client.register(client.make_user()).open())
    held = (f"SELECT * FROM users WHERE id = {clients[0].user['id']}"
            " FOR NO KEY UPDATE")
    with Held(pair, held):
        def log_in(number):
            return clients[number].post_session().status

        assert storm(8, log_in)[0] == 503
    for client in clients:
        client.open()
    pair.assert_right()


# ---- what is once ----------------------------------------------------------------


@pytest.mark.parametrize("round_", range(3))
def test_one_of_many_binds_a_fresh_key(pair, round_):
    """Fifty addresses, through both gateways: the first binds the key to its
    own, and all others come from one that is not permitted."""
    secret = bunq.Client(pair.north).make_user()
    clients = [
        bunq.Client(pair.south if n % 2 else pair.north, f"127.0.1.{n + 1}",
                    key_number=n % 4).install()
        for n in range(50)
    ]
    since = pair.number("SELECT count(*) FROM audit WHERE event = 'key-bound'")
    answers = storm(50, lambda n: clients[n].post_device(secret))
    admitted = [answer for answer in answers if answer.status == 200]
    assert len(admitted) == 1, [answer.status for answer in answers]
    assert {answer.reason for answer in answers if answer.status != 200} == {
        "ip-not-permitted"}
    bound = pair.number("SELECT count(*) FROM audit WHERE event = 'key-bound'")
    assert bound == since + 1
    digest = hashlib.sha256(secret.encode()).hexdigest()
    assert pair.number(
        "SELECT count(*) FROM permitted_ip p JOIN api_key k"
        " ON k.id = p.api_key_id WHERE k.digest = "
        f"decode('{digest}', 'hex')") == 1
    pair.assert_right()


def test_one_session_of_an_installation_is_alive(pair_of_one):
    client = bunq.Client(pair_of_one.north).install()
    client.register(client.make_user())
    for _ in range(8):
        callers = pair_of_one.callers(client, 16)
        answers = storm(16, lambda n: callers[n].post_session())
        winners = [n for n in range(16) if answers[n].status == 200]
        assert len(winners) == 1, [answer.status for answer in answers]
        assert {answers[n].reason for n in range(16) if n not in winners} == {
            "session-alive"}
        assert pair_of_one.number("SELECT count(*) FROM session"
                                  " WHERE ended_us IS NULL") == 1
        winner = callers[winners[0]]
        bunq.assert_admitted(winner.call("DELETE", "/v1/session/0"))
    pair_of_one.assert_right()


@pytest.mark.long
def test_sessions_of_several_users_of_an_installation_are_one(pair_of_one):
    """The row that they wait for is the installation's, not the users'."""
    client = bunq.Client(pair_of_one.north).install()
    secrets = [client.make_user() for _ in range(4)]
    for secret in secrets:
        client.register(secret)
    callers = pair_of_one.callers(client, 16)
    answers = storm(16, lambda n: callers[n].post_session(secrets[n % 4]))
    assert [answer.status for answer in answers].count(200) == 1
    pair_of_one.assert_right()


def test_a_provider_that_comes_to_both_is_one_user(pair, root, middle):
    psp = provider(middle)
    clients = [bunq.Client(pair.south if n % 2 else pair.north,
                           key_number=n % 4).install() for n in range(12)]
    bodies = [claim(client, psp, middle, root) for client in clients]
    answers = storm(12, lambda n: clients[n].post(PSP_PATH, bodies[n]))
    assert {answer.status for answer in answers} == {200}
    assert pair.number("SELECT count(*) FROM users"
                       " WHERE psp_identity IS NOT NULL") == 1
    pair.assert_right()


def test_a_key_that_is_revoked_has_no_session_that_is_admitted(pair):
    """Logins through both gateways while an operator revokes."""
    for _ in range(6):
        client = bunq.Client(pair.north).install()
        client.register(client.make_user()).open()
        key = pair.sql("SELECT max(id) FROM api_key")
        callers = pair.callers(client, 12)

        def revoke(key=key):
            pair.operate("key", "revoke", key).check_returncode()

        answers = storm(12, lambda n: callers[n].post_session(), revoke)
        assert {answer.status for answer in answers} <= {200, 400}
        assert pair.number("SELECT count(*) FROM admission a JOIN api_key k"
                           " ON k.id = a.api_key_id"
                           " WHERE k.revoked_us IS NOT NULL") == 0
        for caller in callers:
            if caller.session_token:
                assert not caller.is_alive()
        assert client.post_session().status == 400
    pair.assert_right()


@pytest.mark.long
def test_a_storm_of_changes_leaves_all_right(pair):
    """Sessions come and go through both gateways, addresses are permitted and
    disabled, users' settings change, keys are freed and revoked, at once."""
    clients = []
    for number in range(6):
        client = bunq.Client(pair.north, key_number=number % 4).install()
        clients.append(client.register(client.make_user()).open())
    keys = pair.sql("SELECT id FROM api_key ORDER BY id DESC LIMIT 6").split()
    users = [str(client.user["id"]) for client in clients]
    until = time.monotonic() + 4
    seen = set()

    def change(number):
        if number >= 12:
            words = [
                ("user", "auto-logout", users[number % 6], "600"),
                ("user", "auto-logout", users[number % 6], "700"),
                ("key", "allow-all-ips", keys[number % 6], "on"),
                ("key", "allow-all-ips", keys[number % 6], "off"),
            ]
            turn = 0
            while time.monotonic() < until:
                pair.operate(*words[turn % 4]).check_returncode()
                turn += 1
            return
        client = twin(clients[number % 6], (pair.north, pair.south)[number % 2])
        user = client.user["id"]
        answer = client.get(f"/v1/user/{user}/credential-password-ip")
        key = answer.response[0]["CredentialPasswordIp"]["id"]
        path = f"/v1/user/{user}/credential-password-ip/{key}/ip"
        turn = 0
        while time.monotonic() < until:
            turn += 1
            if client.session_token and turn % 3 == 0:
                client.call("DELETE", "/v1/session/0")
            seen.add(client.post_session().status)
            body = {"ip": f"192.0.2.{turn % 5}",
                    "status": "ACTIVE" if turn % 2 else "INACTIVE"}
            seen.add(client.post(path, body).status)

    storm(15, change)
    assert seen == {200}
    pair.operate("key", "revoke", keys[0]).check_returncode()
    pair.assert_right()
    chains = pair.sql("SELECT DISTINCT chain FROM audit ORDER BY 1").split()
    assert chains == ["north", "operator", "south"]


@pytest.mark.long
def test_pruning_beside_both_takes_nothing_that_is_in_use(pair):
    """Two operators prune all that has no age, while installations are made and
    registered through both gateways, and sessions opened and ended."""
    until = time.monotonic() + 4
    statuses = {}

    def prune():
        while time.monotonic() < until:
            pair.operate("prune", "--sessions", "0s", "--installations", "0s",
                         "--api-keys", "0s").check_returncode()

    def register(number):
        client = bunq.Client((pair.north, pair.south)[number % 2],
                             key_number=number % 4)
        secret = client.make_user()
        while time.monotonic() < until:
            client.install()
            answer = client.post_device(secret)
            statuses[answer.status, answer.reason] = True
            if answer.status == 200:
                client.open()
                bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
                client.session_token = None

    storm(10, lambda n: prune() if n > 7 else register(n))
    assert (200, None) in statuses
    assert set(statuses) <= {(200, None), (401, "token-unknown"),
                             (400, "key-devices-full")}
    assert pair.number("SELECT count(*) FROM installation i WHERE NOT EXISTS"
                       " (SELECT 1 FROM installation_token t"
                       " WHERE t.installation_id = i.id)") == 0
    assert pair.number("SELECT count(*) FROM audit"
                       " WHERE event = 'pruned'") > 1
    pair.assert_right()


@pytest.mark.long
def test_many_extend_and_log_in_through_both(server, tmp_path):
    """An extension goes from the session to its user, a login the other way:
    nobody waits for one who waits for him."""
    pair = Pair(server, tmp_path, "--session-timeout", "60")
    try:
        client = bunq.Client(pair.north).install()
        client.register(client.make_user()).open()
        callers = pair.callers(client, 12)
        until = time.monotonic() + 4

        def call(number):
            while time.monotonic() < until:
                if number < 6:
                    assert callers[number].is_alive()
                else:
                    callers[number].open()

        storm(12, call)
        assert pair.number("SELECT count(*) FROM audit"
                           " WHERE event = 'session-extended'") > 0
        pair.assert_right()
    finally:
        pair.close()


BY_HAND = [
    "UPDATE users SET auto_logout_s = 77 WHERE id = {user}",
    "UPDATE api_key SET revoked_us = 7 WHERE user_id = {user}",
    "UPDATE api_key SET allow_all_ips = 1 WHERE user_id = {user}",
    "UPDATE permitted_ip SET is_active = 0 WHERE api_key_id IN"
    " (SELECT id FROM api_key WHERE user_id = {user})",
    "INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address)"
    " SELECT 1, 1, id, substring(sha256(convert_to(clock_timestamp()::TEXT,"
    " 'UTF8')), 1, 16) FROM api_key"
    " WHERE user_id = {user}",
    "UPDATE session SET ended_us = 7 WHERE device_id = {device}",
]


@pytest.mark.parametrize("change", BY_HAND)
def test_changes_by_hand_wait_for_each_other(pair, change):
    """Each would not see the other, and leave a wrong row of admission."""
    client = bunq.Client(pair.north).install()
    client.register(client.make_user()).open()
    names = {"user": client.user["id"], "device": client.device_id}
    put = ("INSERT INTO session (created_us, anchored_us, digest, device_id)"
           " SELECT 1, 1, sha256(convert_to(clock_timestamp()::TEXT, 'UTF8')),"
           f" {client.device_id}")
    with Held(pair, change.format(**names)) as held:
        storm(1, lambda _: pair.sql(put), lambda: held.commit_soon())
    assert pair.sql(ADMISSIONS_DIFFER) == "0"
    with Held(pair, put) as held:
        storm(1, lambda _: pair.sql(change.format(**names)),
              lambda: held.commit_soon())
    assert pair.sql(ADMISSIONS_DIFFER) == "0"
