# SPDX-License-Identifier: Apache-2.0
"""Sessions that a gateway remembers, with several gateways on one database: when
they cost no query, and when nothing is admitted from memory."""
import contextlib
import subprocess
import time

import pytest

import bunq
from gateway import IS_SANITIZED, wait_until
from gateways import (
    BOUND_S, REFUSED, Trio, at, hits, holding, is_admitted, is_remembered,
    make_role, make_store, make_template, own_nginx, refused_after, sources, start_three,
    warm
)
from metrics import metrics
from moved import FAKETIME, Moved
from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template") / "data")


@pytest.fixture(scope="module")
def trio(server, tmp_path_factory):
    url = make_store(server)
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("trio")
        yield Trio(server, url, start_three(stack, url, folder))


# ---- from memory -------------------------------------------------------------


LOCK_ROWS = "LOCK TABLE admission, session, installation IN ACCESS EXCLUSIVE MODE"


def test_a_session_that_was_just_seen_costs_no_query(server, trio):
    """Nobody can read the rows of sessions meanwhile."""
    client = bunq.ready(trio.gateways[0])
    warm(client)
    with holding(server, trio.url, LOCK_ROWS):
        before = hits(client.gateway)
        for _ in range(50):
            answer = client.get(bunq.ECHO)
            bunq.assert_admitted(answer, client.server_key)
            assert answer.element("Identity")["session_id"] == client.session_id
        assert hits(client.gateway) >= before + 50


def test_all_workers_of_a_gateway_remember_it(trio):
    client = bunq.ready(trio.gateways[0])
    warm(client)
    before = hits(client.gateway)
    for _ in range(16):  # new connections, of whichever worker
        client.http = bunq.make_session(client.gateway)
        assert is_admitted(client)
    assert hits(client.gateway) == before + 16


def test_who_is_remembered_is_judged_as_before(trio):
    client = bunq.ready(trio.gateways[0])
    warm(client)
    for other in [
        client.get(bunq.ECHO, signature=None),
        client.get(bunq.ECHO, signature=client.sign(b"other")),
        client.get(bunq.ECHO, token="0" * 64),
        client.from_address(next(sources)).get(bunq.ECHO),
        client.get(bunq.ECHO, token=client.installation_token),
    ]:
        assert other.status in REFUSED, other
    assert is_admitted(client)


def test_an_address_that_is_permitted_later_is_admitted_at_once(trio):
    """What gives more is in no list: who is not remembered is looked up."""
    client = bunq.ready(trio.gateways[0])
    warm(client)
    source = next(sources)
    key = trio.sql("SELECT d.api_key_id FROM device d JOIN session s"
                   f" ON s.device_id = d.id WHERE s.id = {client.session_id}")
    user = client.user["id"]
    path = f"/v1/user/{user}/credential-password-ip/{key}/ip"
    made = client.post(path, {"ip": source, "status": "ACTIVE"})
    bunq.assert_admitted(made, client.server_key)
    for gateway in trio.gateways:
        assert is_admitted(at(client.from_address(source), gateway))


def test_without_memory_each_call_asks(server, template, tmp_path):
    url = make_store(server) + "&deadline_ms=500"
    with own_nginx(template, tmp_path, url, "trivet_store_cache 0;") as gateway:
        client = bunq.ready(gateway)
        for _ in range(3):
            time.sleep(0.3)
            assert is_admitted(client)
        with holding(server, url.replace("&deadline_ms=500", ""), LOCK_ROWS):
            assert client.get(bunq.ECHO).status == 503
        assert wait_until(lambda: client.get(bunq.ECHO).status == 200, 10)
        found = metrics(gateway)
        assert found["trivet_store_cache_hits_total", ""] == 0
        assert ("trivet_store_clock_distance_seconds", "") in found


# ---- when the list cannot be read --------------------------------------------


def test_a_list_that_may_not_be_read_leads_to_the_database(
        server, template, tmp_path):
    """The gateway's role loses its right to the list; changes go on."""
    url = make_store(server)
    with own_nginx(
        template, tmp_path, make_role(server, url, "reader")
    ) as gateway:
        gateway.may_crash = True
        client = bunq.ready(gateway)
        other = bunq.ready(gateway)
        warm(client)
        warm(other)
        server.sql("REVOKE SELECT ON change FROM trivet_gateway", url)
        server.sql("UPDATE session SET ended_us = 1"
                   f" WHERE id = {client.session_id}", url)
        assert refused_after([client], time.monotonic()) <= BOUND_S
        assert is_admitted(other)  # asked for
        before = hits(gateway)
        assert is_admitted(other)
        assert hits(gateway) == before
        assert wait_until(lambda: "from memory: " in gateway.log(), 20)
        server.sql("GRANT SELECT ON change TO trivet_gateway", url)
        warm(other)
        # Whatever was changed meanwhile: nothing of before is used.
        assert not is_admitted(client)
        assert wait_until(
            lambda: "list of changes is read again" in gateway.log(), 20)
        # It may end sessions, and remove old rows.
        bunq.assert_admitted(other.call("DELETE", "/v1/session/0"))
        server.sql("INSERT INTO change (kind, subject, at_us)"
                   " VALUES (1, 1, 1)", url)
        old = "SELECT count(*) FROM change WHERE at_us = 1"
        assert wait_until(lambda: server.sql(old, url) == "0", 20)


def test_a_list_that_is_locked_leads_to_the_database(server, trio):
    client = bunq.ready(trio.gateways[0])
    warm(client)
    with holding(server, trio.url,
                 "LOCK TABLE change IN ACCESS EXCLUSIVE MODE"):
        time.sleep(BOUND_S)
        before = hits(client.gateway)
        for _ in range(5):
            assert is_admitted(client)
        assert hits(client.gateway) == before
    warm(client)


def test_without_a_database_memory_counts_for_the_staleness_alone(template, tmp_path):
    own = Server()
    try:
        url = make_store(own)
        with own_nginx(template, tmp_path, url) as short, own_nginx(
            template, tmp_path, url, "trivet_store_staleness 60s;", "patient"
        ) as patient:
            short.may_crash = patient.may_crash = True
            client = bunq.ready(short)
            patient_one = at(client, patient)
            warm(client)
            warm(patient_one)
            own.stop_server()
            stopped = time.monotonic()
            for _ in range(5):
                assert patient_one.get(bunq.ECHO).status == 200
            assert patient_one.get("/v1/user").status == 503
            worst = 0.0
            while True:
                sent = time.monotonic()
                answer = client.get(bunq.ECHO)
                if answer.status != 200:
                    break
                worst = max(worst, sent - stopped)
            print(f"\nadmitted for {worst * 1000:.0f} ms without a database")
            assert worst <= BOUND_S
            bunq.assert_refused(answer, 503)
            time.sleep(BOUND_S)
            assert patient_one.get(bunq.ECHO).status == 200
            own.start()
            assert wait_until(lambda: client.get(bunq.ECHO).status == 200, 20)
            warm(client)
            bunq.assert_admitted(client.get(bunq.ECHO), client.server_key)
    finally:
        own.stop()


def test_a_worker_that_reads_the_list_may_die(server, template, tmp_path):
    with own_nginx(template, tmp_path, make_store(server)) as gateway:
        gateway.may_crash = True
        client = bunq.ready(gateway)
        warm(client)
        for pid in gateway.nginx_workers():
            subprocess.run(["kill", "-9", str(pid)], check=True)
        client.http = bunq.make_session(gateway)
        assert wait_until(lambda: is_remembered(client), 20)


def test_a_reload_goes_on_with_what_is_remembered(server, template, tmp_path):
    url = make_store(server)
    with own_nginx(template, tmp_path, url) as gateway:
        client = bunq.ready(gateway)
        warm(client)
        old = gateway.nginx_workers()
        gateway.reload()
        assert wait_until(lambda: not old & gateway.nginx_workers(), 20)
        client.http = bunq.make_session(gateway)
        warm(client)
        server.sql("UPDATE session SET ended_us = 1"
                   f" WHERE id = {client.session_id}", url)
        assert refused_after([client], time.monotonic()) <= BOUND_S


# ---- settings ----------------------------------------------------------------


@pytest.mark.parametrize("more,word", [
    ("trivet_store_cache 1k;", "trivet_store_cache"),
    ("trivet_store_cache many;", "trivet_store_cache"),
    ("trivet_store_refresh 1s; trivet_store_staleness 1s;", "staleness"),
    ("trivet_store_refresh 1ms;", "trivet_store_refresh"),
    ("trivet_store_staleness 61s;", "60s"),
    ("trivet_rate_limits strict;", "classic"),
])
def test_settings_that_are_none(template, tmp_path, more, word):
    status, text = own_nginx(template, tmp_path, "postgresql://nobody@/x", more).check()
    assert status != 0
    assert word in text


def test_old_rows_are_removed_by_the_gateways(trio):
    trio.sql("INSERT INTO change (kind, subject, at_us)"
             " VALUES (1, 1, 1), (1, 1, 2)")
    trio.sql("INSERT INTO request_id (digest, at_us) VALUES ('a', 1)")
    trio.sql("INSERT INTO session_turn (who, free_us, at_us)"
             " VALUES ('a', 1, 1)")
    trio.sql("INSERT INTO request_id (digest) VALUES ('b')")
    old = ("SELECT (SELECT count(*) FROM change WHERE at_us < 3)"
           " + (SELECT count(*) FROM request_id WHERE at_us < 3)"
           " + (SELECT count(*) FROM session_turn WHERE at_us < 3)")
    assert wait_until(lambda: trio.sql(old) == "0", 30)
    assert trio.sql("SELECT count(*) FROM request_id WHERE digest = 'b'") == "1"


def test_metrics_tell_of_the_list(trio):
    client = bunq.ready(trio.gateways[0])
    warm(client)
    before = metrics(client.gateway)
    trio.sql("INSERT INTO change (kind, subject) VALUES (1, 0)")
    assert wait_until(
        lambda: metrics(client.gateway)["trivet_store_cache_drops_total", ""]
        > before["trivet_store_cache_drops_total", ""], 10)
    now = metrics(client.gateway)
    assert 0 <= now["trivet_store_list_age_seconds", ""]
    assert 0 < now["trivet_store_list_max_age_seconds", ""]
    assert abs(now["trivet_store_clock_distance_seconds", ""]) < 1
    assert is_admitted(client)
    assert hits(client.gateway) > now["trivet_store_cache_hits_total", ""]


# ---- one clock ---------------------------------------------------------------


@pytest.mark.skipif(not FAKETIME, reason="no libfaketime here")
@pytest.mark.skipif(IS_SANITIZED, reason="ASan wants to be loaded first")
@pytest.mark.parametrize("seconds,word", [(5, "ahead of"), (-5, "behind")])
def test_a_clock_that_is_off_refuses_all_and_says_so(
        server, template, tmp_path, seconds, word):
    url = make_store(server)
    with own_nginx(template, tmp_path, url, kind=Moved) as gateway:
        client = bunq.ready(gateway)
        assert wait_until(lambda: is_admitted(client), 10)

        def distance():
            return metrics(gateway)["trivet_store_clock_distance_seconds", ""]

        gateway.move(seconds)
        assert wait_until(lambda: client.get(bunq.ECHO).status == 503, 10)
        assert client.get("/v1/user").status == 503
        assert client.post_installation().status == 503
        assert wait_until(lambda: abs(distance() + seconds) < 1, 10)
        assert f"ms {word} the database's" in gateway.log()
        assert wait_until(
            lambda: f"{word} the database's: nothing" in gateway.log(), 20)
        assert float(server.sql("SELECT latest_us FROM clock", url)) / 1e6 \
            < time.time() + 2
        gateway.move(seconds // 5)
        assert wait_until(lambda: client.get(bunq.ECHO).status == 200, 10)
        assert wait_until(lambda: abs(distance() + seconds // 5) < 0.5, 10)


@pytest.mark.skipif(not FAKETIME, reason="no libfaketime here")
@pytest.mark.skipif(IS_SANITIZED, reason="ASan wants to be loaded first")
@pytest.mark.parametrize("seconds", [1, -1])
def test_time_is_the_databases(server, template, tmp_path, seconds):
    """What is written by a clock that is a second off is right."""
    url = make_store(server)
    moved = own_nginx(template, tmp_path, url, kind=Moved)
    moved.move(seconds)
    with moved as gateway:
        began = time.time()
        client = bunq.ready(gateway)
        ended = time.time()
        created = int(server.sql("SELECT created_us FROM session"
                                 f" WHERE id = {client.session_id}", url)) / 1e6
        assert began - 0.1 <= created <= ended + 0.1
        assert is_admitted(client)
