# SPDX-License-Identifier: Apache-2.0
"""/live, /ready and /metrics of trivet proxy"""
import json
import re
import signal
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fake_server import pin_of
from gateway import wait_until
from proxy import assert_refused
from storm import storm

MONITOR = ("--monitor", "127.0.0.1:0")


@pytest.fixture
def watched(proxy_of, caller):
    return proxy_of(caller, *MONITOR)


def changed(proxy, before):
    return {name: value - before.get(name, 0) for name, value in proxy.metrics().items()
            if value != before.get(name, 0) and not name.startswith("session_seconds")}


def test_live_and_ready(watched):
    assert watched.ask("/live").body == b"live\n"
    assert watched.ask("/ready").body == b"ready\n"
    for path in ("/", "/v1/user", "/metrics/x"):
        assert_refused(watched.ask(path), 404, "not-found")
    assert_refused(watched.get("/metrics"), 404, "not-found")  # not where calls are


def test_ready_is_about_the_context(watched, caller):
    away = caller.file.with_name("away")
    caller.file.rename(away)
    answer = watched.ask("/ready")
    assert_refused(answer, 503, "context-unusable", str(caller.file))
    assert watched.ask("/live").status == 200
    away.rename(caller.file)
    assert watched.ask("/ready").status == 200
    caller.file.rename(away)  # what is known is enough, while it is right
    assert watched.ask("/ready").status == 200


def test_no_page_in_a_browser_may_ask(watched):
    for path in ("/live", "/ready", "/metrics"):
        for header, reason in ((("Host", "evil.example"), "host-refused"),
                               (("Origin", "https://evil.example"), "origin-refused")):
            assert_refused(watched.ask(path, [header]), 403, reason)


def test_a_socket_of_its_own(proxy_of, caller, tmp_path):
    path = tmp_path / "monitor"
    proxy = proxy_of(caller, "--monitor", f"unix:{path}")
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert proxy.ask("/ready").status == 200
    proxy.close()
    assert not path.exists()


def test_no_monitor_without_the_option(proxy):
    assert proxy.monitor is None


def test_what_is_counted(watched, server):
    before = watched.metrics()
    assert watched.get("user").status == 200
    assert watched.get("user").status == 200
    assert changed(watched, before) == {'answers_total{status="2xx"}': 2}

    before = watched.metrics()
    server.protocol.misbehave("491", "user")
    server.protocol.misbehave("466", "user")
    watched.get("user"), watched.get("user")
    assert changed(watched, before) == {
        'answers_total{status="4xx"}': 2, "unverified_total": 1}

    before = watched.metrics()
    server.protocol.misbehave("wrong-signature", "user")
    server.protocol.misbehave("dropped", "payment")
    watched.get("user"), watched.post("payment"), watched.get("/nothing")
    watched.call("GET", "user", headers=[("Host", "evil")], skip_host=True)
    assert changed(watched, before) == {
        'failures_total{reason="answer-untrusted"}': 1,
        'failures_total{reason="outcome-unknown"}': 1,
        'failures_total{reason="not-found"}': 1,
        'failures_total{reason="host-refused"}': 1}


@pytest.mark.parametrize("mode", ["enforce", "report"])
def test_pins_are_counted(proxy_of, caller, tls_certificate, mode):
    wrong = pin_of(ec.generate_private_key(ec.SECP256R1()).public_key())
    content = json.loads(caller.file.read_text())
    content["trivet"].update(pins=[wrong], pin_mode=mode)
    caller.file.write_text(json.dumps(content))
    proxy = proxy_of(caller, *MONITOR)
    assert proxy.get("user").status == (502 if mode == "enforce" else 200)
    assert proxy.metrics()["pin_mismatches_total"] > 0
    proxy.close()

    content["trivet"].update(pins=[tls_certificate[1]])
    caller.file.write_text(json.dumps(content))
    proxy = proxy_of(caller, *MONITOR)
    assert proxy.get("user").status == 200
    assert proxy.metrics()["pin_mismatches_total"] == 0


def test_sessions_are_counted(watched, server):
    before = watched.metrics()
    server.protocol.kill_sessions()
    storm(8, lambda n: watched.get(f"thing{n}"))
    assert changed(watched, before)["sessions_total"] == 1
    left = watched.metrics()["session_seconds"]
    assert 3000 < left <= server.protocol.session_timeout


def test_calls_that_run(watched, server):
    server.protocol.misbehave("slow", "slow", times=-1, arg=2)
    connections = [watched.connection() for _ in range(3)]
    for connection in connections:
        connection.request("POST", "/v1/slow", b"{}")
    assert wait_until(lambda: watched.metrics()["calls_running"] == 3)
    for connection in connections:
        assert connection.getresponse().status == 200
    assert watched.metrics()["calls_running"] == 0


def test_a_reload_keeps_the_counters(watched):
    watched.get("user")
    watched.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in watched.stderr())
    watched.get("user")
    assert watched.metrics()['answers_total{status="2xx"}'] == 2


def test_the_text_is_prometheus_own(watched):
    text = watched.ask("/metrics").body.decode()
    for name in set(re.findall(r"^(trivet_proxy_\w+)", text, flags=re.M)):
        assert text.count(f"# TYPE {name} ") == 1, name
        assert text.count(f"# HELP {name} ") == 1, name
    for line in text.splitlines():
        assert re.fullmatch(r'#.*|\w+(\{\w+="[\w-]+"\})? -?\d+', line), line
