# SPDX-License-Identifier: Apache-2.0
"""Counters that all workers share, and the probes"""
import os
import re
import sqlite3
import subprocess
import time

import pytest

import bunq
from gateway import Gateway, run, wait_until
from metrics import LOCATIONS, fetch, metrics
from nginx import Nginx
from storm import storm
from upstream import JSON, closing, reply


def requests_of(found, call, reason):
    key = "trivet_requests_total", f'call="{call}",reason="{reason}"'
    return found.get(key, 0)


def total(found):
    return sum(v for (name, _), v in found.items() if name == "trivet_requests_total")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("metrics") / "data"
    with Gateway(data, "--metrics") as started:
        yield started


# ---- counting ----------------------------------------------------------------


def test_requests_are_counted_by_call_and_reason(gateway):
    before = metrics(gateway)
    client = bunq.ready(gateway)
    for _ in range(3):
        assert client.is_alive()
    client.get(f"/v1/user/{client.user['id']}")
    client.post("/v1/echo/anything", b"{}")
    client.get("/v1/user", token="f" * 64)
    client.get("/v1/user", signature=client.sign(b"x"))
    client.from_address("127.0.0.5").post_session()
    client.from_address("127.0.0.5").get("/v1/echo/x")
    client.call("PUT", "/v1/session-server")
    client.call("DELETE", "/v1/session/0")
    after = metrics(gateway)

    def grown(call, reason="none"):
        return requests_of(after, call, reason) - requests_of(before, call, reason)

    assert grown("POST /v1/installation") == 1
    assert grown("POST /v1/sandbox-user-person") == 1
    assert grown("POST /v1/device-server") == 1
    assert grown("POST /v1/session-server") == 1
    assert grown("GET /v1/user") == 3
    assert grown("GET /v1/user/{id}") == 1
    assert grown("proxied") == 1
    assert grown("DELETE /v1/session/{id}") == 1
    assert grown("GET /v1/user", "token-unknown") == 1
    assert grown("GET /v1/user", "signature-wrong") == 1
    assert grown("POST /v1/session-server", "ip-not-permitted") == 1
    assert grown("proxied", "ip-not-permitted") == 1
    assert grown("other", "method-not-allowed") == 1
    assert total(after) - total(before) == 15


def test_scrapes_and_probes_are_not_counted(gateway):
    before = total(metrics(gateway))
    for path in ("/metrics", "/live", "/ready"):
        assert fetch(gateway, path).status_code == 200
    assert total(metrics(gateway)) == before


def test_histograms(gateway):
    before = metrics(gateway)
    client = bunq.ready(gateway)  # 2 verified, 4 signed
    for n in range(20):
        client.post(f"/v1/echo/x/{n}", b"%d" % n)  # signed as it passes
    client.get("/v1/user")
    after = metrics(gateway)
    for name, number in (("trivet_verifying_seconds", 23), ("trivet_signing_seconds", 25)):
        assert after[name + "_count", ""] - before[name + "_count", ""] == number
        spent_s = after[name + "_sum", ""] - before[name + "_sum", ""]
        assert number * 1e-6 < spent_s < number * 1.0
        buckets = [
            (float(labels[4:-1].replace("+Inf", "inf")), value)
            for (key, labels), value in after.items()
            if key == name + "_bucket"
        ]
        assert buckets == sorted(buckets)
        assert [v for _, v in buckets] == sorted(v for _, v in buckets)
        assert buckets[-1] == (float("inf"), after[name + "_count", ""])


def test_waiting_for_a_thread_is_measured(gateway):
    """The protocol's own calls wait; what is admitted from a look does not."""
    count = "trivet_pool_wait_seconds_count", ""
    before = metrics(gateway)
    client = bunq.ready(gateway)
    after = metrics(gateway)
    assert after[count] - before[count] == 4
    for _ in range(3):
        assert client.get(bunq.ECHO).status == 200
    assert metrics(gateway)[count] == after[count]


AGE = "trivet_audit_checkpoint_age_seconds", ""


def test_the_age_of_a_checkpoint(serve):
    gateway = serve("--metrics", "--audit-checkpoint", "1s")
    bunq.ready(gateway)
    assert wait_until(lambda: metrics(gateway)[AGE] == 0, 20)


def test_a_log_that_is_not_signed_grows_old(serve):
    gateway = serve("--metrics", "--audit-checkpoint", "1d")
    bunq.ready(gateway)
    first = metrics(gateway)[AGE]
    assert first > 0
    assert wait_until(lambda: metrics(gateway)[AGE] > first, 20)


def test_without_checkpoints_there_is_no_age(serve):
    gateway = serve("--metrics", "--audit-checkpoint", "off")
    bunq.ready(gateway)
    assert AGE not in metrics(gateway)


def buckets_of(found, name, label):
    """[(upper end, number)] of one series of a histogram."""
    form = re.compile(label + r',le="([^"]+)"')
    return [(float(match[1].replace("+Inf", "inf")), value)
            for (key, labels), value in found.items()
            if key == name + "_bucket" and (match := form.fullmatch(labels))]


def test_the_time_of_requests_by_what_became_of_them(gateway):
    client = bunq.ready(gateway)
    before = metrics(gateway)
    for _ in range(3):
        assert client.is_alive()
    client.get("/v1/user", token="f" * 64)
    client.post("/v1/echo", b"{}")
    client.post("/v1/echo", b"[]")
    after = metrics(gateway)
    for outcome, number in (("answered", 3), ("refused", 1), ("proxied", 2)):
        label = f'outcome="{outcome}"'
        count = "trivet_request_seconds_count", label
        assert after[count] - before[count] == number, outcome
        found = buckets_of(after, "trivet_request_seconds", label)
        assert [end for end, _ in found] == sorted(end for end, _ in found)
        assert [n for _, n in found] == sorted(n for _, n in found)
        assert len(found) == 12 and found[-1] == (float("inf"), after[count])


def test_the_time_of_the_api_by_its_status(serve, upstream):
    proxied = serve("--metrics", "--upstream", upstream.url, "--sandbox")
    client = bunq.ready(proxied)

    def slow(request, connection):
        time.sleep(0.15)
        connection.sendall(reply(b"{}", headers=[JSON]))
        return True

    upstream.plan("/v1/slow", slow)
    upstream.plan("/v1/wrong", reply(b"{}", status="500 No", headers=[JSON]))
    upstream.plan("/v1/gone", closing(b""))
    before = metrics(proxied)
    client.get("/v1/slow")
    client.get("/v1/wrong")
    client.get("/v1/wrong")
    client.post("/v1/gone", b"{}")
    after = metrics(proxied)

    def grown(status, name="count"):
        key = f"trivet_upstream_seconds_{name}", f'status="{status}"'
        return after[key] - before[key]

    assert (grown("2xx"), grown("5xx"), grown("4xx"), grown("none")) == (1, 3, 0, 0)
    assert 0.1 < grown("2xx", "sum") < 30
    under = {end: n for end, n in
             buckets_of(after, "trivet_upstream_seconds", 'status="2xx"')}
    was = dict(buckets_of(before, "trivet_upstream_seconds", 'status="2xx"'))
    assert under[0.1] == was[0.1] and under[30.0] == was[30.0] + 1
    # What never reached the API is not among them.
    client.get("/v1/slow", token="0" * 64)
    assert metrics(proxied)["trivet_upstream_seconds_count", 'status="2xx"'] == after[
        "trivet_upstream_seconds_count", 'status="2xx"']


def test_key_cache(gateway):
    client = bunq.ready(gateway, key_number=7)
    before = metrics(gateway)
    for n in range(60):
        assert client.post("/v1/echo/x", b"%d" % n).status == 200
    after = metrics(gateway)
    hits = ("trivet_key_cache_hits_total", "")
    misses = ("trivet_key_cache_misses_total", "")
    assert after[misses] >= 1
    assert after[hits] > before[hits]
    assert after[hits] + after[misses] - before[hits] - before[misses] == 60


def test_sessions_alive(serve):
    gateway = serve("--metrics", "--session-timeout", "4")
    clients = [bunq.ready(gateway) for _ in range(3)]
    opened = time.monotonic()
    assert metrics(gateway)["trivet_sessions_alive", ""] == 3
    clients[0].call("DELETE", "/v1/session/0")
    gateway.trivet("user", "auto-logout", clients[1].user["id"], 3600)

    def alive():
        return metrics(gateway)["trivet_sessions_alive", ""]

    time.sleep(max(0, opened + 4.5 - time.monotonic()))
    assert wait_until(lambda: alive() == 1, timeout_s=12, step_s=0.5)
    key = gateway.trivet("key", "list")[1]["id"]
    gateway.trivet("key", "revoke", key)
    assert wait_until(lambda: alive() == 0, timeout_s=12, step_s=0.5)


def test_workers_share_the_counters(gateway):
    client = bunq.ready(gateway)
    before = requests_of(metrics(gateway), "GET /v1/user", "none")
    wrong = []

    def ask(_):
        other = client.from_address(None)
        for _ in range(40):
            if not other.is_alive():
                wrong.append(1)

    storm(8, ask)
    assert not wrong
    assert requests_of(metrics(gateway), "GET /v1/user", "none") - before == 320


# ---- who may look ------------------------------------------------------------


def test_metrics_are_off_by_default(serve):
    gateway = serve()
    for path in ("/metrics", "/live", "/ready"):
        answer = fetch(gateway, path)
        assert answer.status_code == 404 and "trivet_" not in answer.text


@pytest.mark.parametrize("path", ["/metrics", "/live", "/ready"])
def test_other_addresses_may_not_look(serve, path):
    gateway = serve("--metrics", "--listen", "0.0.0.0")
    assert fetch(gateway, path).status_code == 200
    answer = fetch(gateway, path, source="127.0.0.2")
    assert answer.status_code == 403 and "trivet_" not in answer.text


@pytest.mark.parametrize("path", ["/metrics", "/live", "/ready"])
def test_methods(gateway, path):
    for method in ("POST", "PUT", "DELETE"):
        assert fetch(gateway, path, method).status_code == 405
    answer = fetch(gateway, path, "HEAD")
    assert answer.status_code == 200 and answer.content == b""


def test_no_secret_or_id_is_told(gateway):
    client = bunq.ready(gateway)
    text = fetch(gateway).text
    for secret in (client.secret, client.session_token, client.installation_token):
        assert secret not in text
    assert "127.0.0" not in text


def test_help_tells_of_it():
    assert "--metrics" in run("serve", "--help", check=True).stdout


# ---- the operator's own nginx.conf -------------------------------------------


@pytest.fixture
def own(serve, upstream):
    """An nginx of an operator's own, in front of an API."""
    gateway = serve()
    gateway.stop()
    with Nginx(gateway.data, upstream, locations=LOCATIONS) as nginx:
        yield nginx
    gateway.may_crash = nginx.may_crash  # they write to one log


def test_reload_keeps_the_counters(own, upstream):
    client = bunq.ready(own)
    upstream.plan("/v1/metered", reply(b"{}", headers=[JSON]))
    client.get("/v1/metered")
    before = metrics(own)
    assert total(before) == 5
    workers = own.nginx_workers()
    own.reload()
    assert wait_until(lambda: not workers & own.nginx_workers())
    after = metrics(own)
    for key, value in before.items():
        if key[0] != "trivet_sessions_alive":
            assert after[key] == value, key
    client.from_address(None).get("/v1/user")
    assert total(metrics(own)) == 6


def test_killed_worker_keeps_the_counters(own):
    own.may_crash = True
    bunq.ready(own)
    before = total(metrics(own))
    workers = own.nginx_workers()
    for pid in workers:
        os.kill(pid, 9)
    assert wait_until(lambda: own.nginx_workers() and not workers & own.nginx_workers())
    assert wait_until(lambda: total(metrics(own)) == before)


def test_location_that_is_protected_asks_for_a_session(own):
    assert fetch(own, "/closed").status_code == 401
    client = bunq.ready(own)
    answer = client.get("/closed")
    bunq.assert_admitted(answer, client.server_key)
    assert b"trivet_requests_total" in answer.body


def test_failing_api_is_counted(own, upstream):
    client = bunq.ready(own)
    upstream.plan("/v1/cut", closing(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
    assert client.get("/v1/cut").status == 502
    found = metrics(own)
    reasons = {
        labels for (name, labels), _ in found.items() if 'call="proxied"' in labels
    }
    assert any("upstream" in labels for labels in reasons), reasons


@pytest.mark.parametrize(
    "directive", ["trivet_metrics on;", "trivet_probe;", "trivet_probe dead;"]
)
def test_wrong_directives_are_refused(serve, directive):
    gateway = serve()
    gateway.stop()
    nginx = Nginx(gateway.data, locations=f"location = /m {{ {directive} }}")
    status, said = nginx.check()
    assert status != 0 and "trivet_" in said


@pytest.mark.long
def test_debug_log_does_no_harm(serve):
    gateway = serve()
    gateway.stop()
    top = f"error_log {gateway.data}/log/debug.log debug;"
    with Nginx(gateway.data, locations=LOCATIONS, top=top) as nginx:
        client = bunq.ready(nginx)
        assert client.is_alive()
        assert fetch(nginx, "/ready").status_code == 200
        assert total(metrics(nginx)) == 5
        time.sleep(6)  # the workers' own timer
        assert client.is_alive()


# ---- probes ------------------------------------------------------------------


def test_probes_of_a_store_that_goes_and_comes(gateway):
    names = ["trivet.db", "trivet.db-wal", "trivet.db-shm"]
    bunq.ready(gateway)
    assert fetch(gateway, "/ready").text == "ok\n"
    for name in names:
        if (gateway.data / name).exists():
            (gateway.data / name).rename(gateway.data / f"kept-{name}")
    try:
        for _ in range(20):
            answer = fetch(gateway, "/ready")
            assert answer.status_code == 503
            assert "trivet.db" not in answer.text
            assert fetch(gateway, "/live").status_code == 200
        refused = bunq.Client(gateway).get("/v1/user", token="f" * 64)
        bunq.assert_refused(refused, 503, reason="store-unavailable")
        time.sleep(5.2)  # longer than a count of sessions is kept
        found = metrics(gateway)
        assert found["trivet_store_up", ""] == 0
        assert found["trivet_store_errors_total", ""] >= 1
        assert ("trivet_sessions_alive", "") not in found
    finally:
        for name in names:
            if (gateway.data / f"kept-{name}").exists():
                (gateway.data / f"kept-{name}").rename(gateway.data / name)
    assert wait_until(lambda: fetch(gateway, "/ready").status_code == 200)
    assert metrics(gateway)["trivet_store_up", ""] == 1


def test_ready_does_not_wait_for_a_writer(gateway):
    other = sqlite3.connect(gateway.data / "trivet.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begin = time.monotonic()
    for _ in range(10):
        assert fetch(gateway, "/ready").status_code == 200
    assert fetch(gateway).status_code == 200
    other.close()
    assert time.monotonic() - begin < 2.5


def test_caller_that_goes_away_leaves_nothing_behind(gateway):
    for path in ("/metrics", "/ready"):
        for _ in range(20):
            wire = bunq.Wire(gateway)
            wire.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            wire.close()
    assert fetch(gateway).status_code == 200


def test_probes_over_http2(gateway):
    url = f"https://localhost:{gateway.port}"
    result = subprocess.run(
        ["curl", "-sS", "--http2", "--cacert", gateway.ca, "--noproxy", "*"]
        + [url + "/ready", url + "/live"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.stdout == "ok\nok\n", result
