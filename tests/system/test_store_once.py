# SPDX-License-Identifier: Apache-2.0
"""What holds once holds once among all gateways of a database."""
import contextlib
import hashlib
import socket
import struct
import time

import pytest

import bunq
from gateways import (
    REFUSED, Trio, at, holding, make_store, registered, sources, start_three, together,
)
from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def trio(server, tmp_path_factory):
    url = make_store(server)
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("trio")
        yield Trio(server, url, start_three(stack, url, folder))


@pytest.fixture(scope="module")
def limited(server, tmp_path_factory):
    """Gateways with the classic limits; each counts for itself as well."""
    url = make_store(server)
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("limited")
        yield Trio(server, url,
                   start_three(stack, url, folder, rate_limits="classic"))


def permit_everywhere(trio):
    trio.sql("UPDATE api_key SET allow_all_ips = 1")


def statuses(answers):
    return sorted(answer.status for answer in answers)


def test_one_session_in_thirty_seconds_by_all_gateways(limited):
    one, two, three = limited.gateways
    for _ in range(5):
        client = registered(one, next(sources))
        other = at(client, two)
        answers = together(client.post_session, other.post_session)
        assert statuses(answers) == [200, 429]
        refused = next(a for a in answers if a.status == 429)
        bunq.assert_refused(
            refused, 429, "Too many requests. You can do a maximum of 1 calls"
            " per 30 second to this endpoint.", "too-many-requests")
        third = at(client, three)
        assert third.post_session().status == 429
        limited.sql("UPDATE session_turn SET free_us = 0")  # time passes
        time.sleep(0.1)


def test_a_turn_is_free_again_for_a_gateway_that_did_not_count(limited):
    one, two, three = limited.gateways
    client = registered(one, next(sources))
    assert client.post_session().status == 200
    assert at(client, two).post_session().status == 429
    limited.sql("UPDATE session_turn SET free_us = 0")
    assert at(client, three).post_session().status == 200


def test_an_installation_opens_one_whatever_its_address(limited):
    one, two, _ = limited.gateways
    for _ in range(5):
        client = registered(one, next(sources))
        permit_everywhere(limited)
        other = at(client.from_address(next(sources)), two)
        assert statuses(together(client.post_session, other.post_session)) \
            == [200, 429]


def test_an_address_opens_one_whatever_the_installation(limited):
    one, two, _ = limited.gateways
    for _ in range(5):
        source = next(sources)
        client, other = registered(one, source), registered(two, source)
        assert statuses(together(client.post_session, other.post_session)) \
            == [200, 429]


def test_others_do_not_wait_for_each_other(limited):
    one, two, _ = limited.gateways
    for _ in range(5):
        client = registered(one, next(sources))
        other = registered(two, next(sources))
        assert statuses(together(client.post_session, other.post_session)) \
            == [200, 200]


def owner(kind, rest):
    return hashlib.sha256(kind.encode() + rest).hexdigest()


def test_one_that_comes_between_takes_both_or_none(server, limited):
    """Another gateway takes the installation's turn, and has not committed yet
    when this one has looked."""
    client = registered(limited.gateways[0], next(sources))
    who = owner("installation", struct.pack("<q", client.installation_id))
    with holding(server, limited.url, "INSERT INTO session_turn (who, free_us)"
                 f" VALUES (decode('{who}', 'hex'),"
                 " (extract(epoch FROM now()) + 30) * 1000000)") as process:

        def commit():
            time.sleep(1)
            process.stdin.write("COMMIT;\n")
            process.stdin.flush()

        [answer, _] = together(client.post_session, commit)
    assert answer.status == 429
    rows = limited.sql("SELECT encode(who, 'hex') FROM session_turn"
                       " WHERE free_us > 0").split()
    address = socket.inet_pton(socket.AF_INET6, f"::ffff:{client.source}")
    assert who in rows
    assert owner("address", address) not in rows


def test_who_is_refused_uses_up_nobodys_turn(limited):
    one, two, _ = limited.gateways
    client = registered(one, next(sources))
    stranger = at(client.from_address(next(sources)), two)
    assert stranger.post_session(signature=None).status in REFUSED
    assert client.post_session().status == 200


def test_an_id_is_taken_once_by_all_gateways(server, tmp_path):
    url = make_store(server)
    with contextlib.ExitStack() as stack:
        one, two, three = start_three(
            stack, url, tmp_path, "--switch", "request-id=per-device")
        client = bunq.ready(one)
        other = at(client, two)
        for number in range(20):
            named = {bunq.REQUEST_ID: f"id-{number}"}
            same = together(lambda: client.get(bunq.ECHO, headers=named),
                            lambda: other.get(bunq.ECHO, headers=named))
            assert statuses(same)[0] == 200 and statuses(same)[1] == 400, same
            third = at(client, three).get(bunq.ECHO, headers=named)
            bunq.assert_refused(third, 400, reason="request-id-used")
            different = together(
                lambda: client.get(
                    bunq.ECHO, headers={bunq.REQUEST_ID: f"a-{number}"}),
                lambda: other.get(
                    bunq.ECHO, headers={bunq.REQUEST_ID: f"b-{number}"}))
            assert statuses(different) == [200, 200]
        # What is refused gives its id back.
        named = {bunq.REQUEST_ID: "again"}
        answer = client.get("/v1/user/999999", headers=named)
        assert answer.status == 404
        assert other.get(bunq.ECHO, headers=named).status == 200
        # Another device has ids of its own.
        stranger = bunq.ready(two)
        assert stranger.get(bunq.ECHO, headers=named).status == 200


def test_the_first_use_of_a_key_is_one_among_all_gateways(trio):
    one, two, _ = trio.gateways
    for _ in range(10):
        secret = bunq.Client(one).make_user()
        rivals = [bunq.Client(gateway, next(sources)).install()
                  for gateway in (one, two)]
        answers = together(*[lambda rival=rival: rival.post_device(secret)
                             for rival in rivals])
        assert statuses(answers) == [200, 400]


def test_one_session_at_a_time_among_all_gateways(server, tmp_path):
    url = make_store(server)
    with contextlib.ExitStack() as stack:
        one, two, _ = start_three(
            stack, url, tmp_path, "--switch", "sessions=one")
        for _ in range(10):
            client = registered(one, next(sources))
            other = at(client, two)
            answers = together(client.post_session, other.post_session)
            assert statuses(answers)[0] == 200 and statuses(answers)[1] != 200
            opened = client if client.session_token else other
            bunq.assert_admitted(opened.call("DELETE", "/v1/session/0"))
            assert at(client, two).post_session().status == 200
