# SPDX-License-Identifier: Apache-2.0
"""One budget for all callers of trivet proxy: they take turns, wait for the
server's limits, and are told when that would take too long"""
import os
import shutil
import signal
import subprocess
import threading

import pytest

from gateway import wait_until
from proxy import assert_refused
from storm import storm
from trivet_command import Trivet, login


def ask(proxy, method, path, caller=None, **fields):
    headers = [("Trivet-" + name.replace("_", "-"), str(value))
               for name, value in fields.items()]
    if caller:
        headers.append(("Trivet-Caller", caller))
    return proxy.call(method, path, b"{}" if method != "GET" else None, headers)


def paths(server, part):
    return [path for _, path in server.protocol.calls if part in path]


class Waiting:
    """Calls on threads of their own, begun in this order."""

    def __init__(self, proxy, server):
        self.proxy, self.server = proxy, server
        self.threads, self.answers = [], []

    def begin(self, num_then, *args, **kwargs):
        """One more; num_then: how many calls run or wait then."""
        thread = threading.Thread(target=lambda: self.answers.append(
            ask(self.proxy, *args, **kwargs)))
        thread.start()
        self.threads.append(thread)
        assert wait_until(lambda: self.num() >= num_then, 20)

    def num(self):
        now = self.proxy.metrics()
        return now["calls_waiting"] + len(paths(self.server, "thing"))

    def end(self):
        for thread in self.threads:
            thread.join()
        return sorted(answer.status for answer in self.answers)


@pytest.fixture
def counting(proxy_of, caller):
    """A proxy that counts calls, and whose callers have names."""
    return proxy_of(caller, "--caller-header", "--monitor", "127.0.0.1:0", throttle=True)


# ---- no 429 from upstream ----------------------------------------------------------


PROGRAMS = {
    "curl": lambda url: ["curl", "-sS", "-f", *[f"{url}/echo/curl{n}" for n in range(5)]],
    "node": lambda url: ["node", "-e", f"""
        (async () => {{ for (let n = 0; n < 5; n++) {{
            const answer = await fetch(`{url}/echo/node${{n}}`, {{method: "POST", body: "{{}}"}});
            if (!answer.ok) throw new Error(await answer.text());
        }} }})()"""],
    "python": lambda url: ["/usr/bin/python3", "-c", f"""
import urllib.request
for n in range(5):
    urllib.request.urlopen("{url}/echo/python" + str(n)).read()"""],
}


def test_many_programs_share_one_session_and_one_budget(serve, tmp_path, proxy_of):
    """20 processes at once, more calls than the limits allow: each gets its
    answers, and the server never says that it was too much."""
    gateway = serve(rate_limits="classic")
    trivet = Trivet(tmp_path, gateway.ca)
    assert login(trivet, gateway).returncode == 0
    proxy = proxy_of(trivet, throttle=True)
    programs = [make for name, make in PROGRAMS.items() if shutil.which(name)
                or name == "python"]

    def work(number):
        command = programs[number % len(programs)](f"http://{proxy.address}/v1")
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    for done in storm(20, work):
        assert done.returncode == 0, done
    log = gateway.log("access.log")
    assert log.count(" 200 ") >= 100
    assert " 429 " not in log
    assert log.count("POST /v1/session-server") == 1


def test_a_limit_is_kept_at_the_server(counting, server):
    answers = storm(8, lambda n: ask(counting, "POST", f"thing/{n}"))
    assert {answer.status for answer in answers} == {200}
    assert len(paths(server, "thing")) == 8
    metrics = counting.metrics()
    assert metrics["waits_total"] >= 3 and metrics["waited_milliseconds_total"] > 3000
    assert metrics["calls_waiting"] == 0


# ---- a wait that is too long ---------------------------------------------------------


def test_a_wait_that_is_too_long_is_told_at_once(counting, server):
    for _ in range(3):
        assert ask(counting, "GET", "thing").status == 200
    for wait in (0, 1):
        answer = ask(counting, "GET", "thing", Max_Wait=wait)
        assert_refused(answer, 429, "rate-limited", "3 such calls in 3 s")
        assert 2 <= int(answer.header("Retry-After")) <= 4
    assert len(paths(server, "thing")) == 3
    assert ask(counting, "POST", "thing", Max_Wait=0).status == 200  # another limit
    assert ask(counting, "GET", "thing", Max_Wait=20).status == 200  # it waited


def test_the_options_wait_holds_without_the_field(proxy_of, caller):
    proxy = proxy_of(caller, "--max-wait", "0", throttle=True)
    answers = [proxy.get("thing").status for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    answer = proxy.get("thing", ("Trivet-Max-Wait", "20"))
    assert answer.status == 200


def test_calls_that_others_made_by_the_context_count(proxy_of, caller):
    """They are no turns of the proxy's: the library knows of them."""
    proxy = proxy_of(caller, "--max-wait", "0", throttle=True)
    assert proxy.get("thing").status == 200
    for _ in range(2):
        assert caller("call", "GET", "thing").returncode == 0
    assert_refused(proxy.get("thing"), 429, "rate-limited")
    assert proxy.get("thing", ("Trivet-Max-Wait", "20")).status == 200


def test_who_waits_for_others_is_told_when_it_is_too_long(proxy_of, caller, server):
    """No limit stands in the way, but as many calls run as may."""
    proxy = proxy_of(caller)
    server.protocol.misbehave("slow", "slow", times=-1, arg=4)
    slow = [proxy.connection() for _ in range(32)]
    for connection in slow:
        connection.request("POST", "/v1/slow", b"{}")
    assert wait_until(lambda: len(paths(server, "slow")) == 32)
    answer = ask(proxy, "GET", "thing", Max_Wait=1)
    assert_refused(answer, 429, "rate-limited")
    assert answer.header("Retry-After") == "1"
    assert paths(server, "thing") == []
    for connection in slow:
        assert connection.getresponse().status == 200
    assert ask(proxy, "GET", "thing", Max_Wait=1).status == 200


@pytest.mark.parametrize("field,value", [
    ("Max_Wait", "x"), ("Max_Wait", "-1"), ("Max_Wait", "86401"), ("Max_Wait", "1.5"),
    ("Max_Wait", ""), ("Priority", "high"), ("Priority", ""), ("Priority", "Batch"),
    ("Caller", ""), ("Caller", "x" * 65)])
def test_fields_that_cannot_be_read(counting, server, field, value):
    before = len(server.protocol.calls)
    answer = ask(counting, "GET", "thing", **{field: value})
    assert_refused(answer, 400, "request-unusable", "Trivet-" + field.replace("_", "-"))
    assert len(server.protocol.calls) == before


# ---- turns ---------------------------------------------------------------------------


def test_callers_take_turns(counting, server):
    """Somebody with many calls keeps nobody waiting for all of them."""
    calls = Waiting(counting, server)
    for n in range(8):
        calls.begin(n + 1, "GET", f"thing?hog{n}", "hog")
    calls.begin(9, "GET", "thing?other", "other")
    assert calls.end() == [200] * 9
    order = [path.partition("?")[2] for path in paths(server, "thing")]
    assert order[:3] == ["hog0", "hog1", "hog2"]
    assert "other" in order[3:5], order


def test_batches_come_behind(counting, server):
    calls = Waiting(counting, server)
    for n in range(6):
        calls.begin(n + 1, "GET", f"thing?batch{n}", Priority="batch")
    calls.begin(7, "GET", "thing?now", Priority="interactive")
    assert calls.end() == [200] * 7
    order = [path.partition("?")[2] for path in paths(server, "thing")]
    assert order[3] == "now", order


def test_a_name_counts_only_where_it_is_allowed(proxy_of, caller, server, tmp_path):
    """On a Unix socket a caller is the process at the other end."""
    path = tmp_path / "socket"
    proxy = proxy_of(caller, "--monitor", "127.0.0.1:0", throttle=True,
                     listen=f"unix:{path}")
    calls = Waiting(proxy, server)
    for n in range(8):
        calls.begin(n + 1, "GET", f"thing?hog{n}", f"name{n}")  # this process
    with subprocess.Popen(["curl", "-sS", "--unix-socket", path, "-f", "-H",
                           "Trivet-Caller: name0", "http://localhost/v1/thing?curl"],
                          stdout=subprocess.DEVNULL) as curl:
        assert wait_until(lambda: calls.num() >= 9, 20)
        assert curl.wait(60) == 0
    assert calls.end() == [200] * 8
    order = [path.partition("?")[2] for path in paths(server, "thing")]
    assert "curl" in order[3:5], order


def test_who_leaves_while_waiting_is_not_called_for(counting, server):
    for _ in range(3):
        assert ask(counting, "GET", "thing").status == 200
    connection = counting.connection()
    connection.request("GET", "/v1/thing?left")
    assert wait_until(lambda: counting.metrics()["calls_waiting"] == 1)
    connection.close()
    assert wait_until(lambda: counting.metrics()["calls_waiting"] == 0)
    assert ask(counting, "GET", "thing?stayed").status == 200
    assert "/v1/thing?left" not in paths(server, "thing")


# ---- a 429 all the same --------------------------------------------------------------


@pytest.mark.parametrize("limits", ["classic", "2026"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_of_the_server_is_waited_for(proxy_of, caller, server, limits, method):
    """Others called with the same context. It was refused: nothing was done."""
    proxy = proxy_of(caller, "--limits", limits, "--monitor", "127.0.0.1:0",
                     throttle=True)
    server.protocol.misbehave("429", "thing")
    assert ask(proxy, method, "thing").status == 200
    assert len(paths(server, "thing")) == 2
    server.protocol.misbehave("429", "thing", times=-1)
    answer = ask(proxy, method, "thing", Max_Wait=0)
    assert answer.status == 429, answer


def test_the_limits_of_2026_are_of_kinds(proxy_of, caller, server):
    proxy = proxy_of(caller, "--limits", "2026", throttle=True)
    for n in range(70):
        assert ask(proxy, "POST", f"thing{n}", Max_Wait=0).status == 200
    answer = ask(proxy, "PUT", "other", Max_Wait=0)
    assert_refused(answer, 429, "rate-limited", "70 such calls in 30 s")
    assert 20 <= int(answer.header("Retry-After")) <= 31
    assert ask(proxy, "GET", "thing", Max_Wait=0).status == 200
    assert len(paths(server, "thing")) == 71


# ---- its life --------------------------------------------------------------------------


def test_its_end_waits_for_those_that_wait(counting, server):
    calls = Waiting(counting, server)
    for n in range(5):
        calls.begin(n + 1, "GET", "thing")
    counting.process.send_signal(signal.SIGTERM)
    assert calls.end() == [200] * 5
    assert counting.process.wait(60) == 0


def test_a_reload_forgets_no_call(counting, server):
    calls = Waiting(counting, server)
    for n in range(5):
        calls.begin(n + 1, "GET", "thing")
    counting.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in counting.stderr())
    answer = ask(counting, "GET", "thing", Max_Wait=0)
    assert_refused(answer, 429, "rate-limited")
    assert calls.end() == [200] * 5


def test_a_killed_worker_blocks_nobody(counting, server):
    """Whatever it was doing with what is counted."""
    counting.may_crash = True
    for n in range(5):
        assert ask(counting, "POST", f"thing{n}").status == 200
        worker = counting.worker()
        os.kill(worker, signal.SIGKILL)
        assert wait_until(lambda: counting.workers() - {worker})
