# SPDX-License-Identifier: Apache-2.0
"""examples/cluster starts as it is, serves, starts again what was killed, and
leaves nothing; its alerts are of series that gateways have"""
import re
import signal
import socket
import subprocess

import pytest
import requests

import bunq
from cluster import HOST, Door
from database import find_binaries
from front import NGINX, STREAM
from gateway import BUILD, ROOT, TRIVET, processes_using, run, wait_until
from keeper import send
from process import IS_ROOT, Process, make_folder, pick_port, remove, taken

EXAMPLE = ROOT / "examples/cluster"
PROMTOOL = ROOT / "build/prometheus/usr/bin/promtool"
NUM_PORTS = 13
FRONT, METRICS = 10, (11, 12)
PLACES = {
    "TRIVET": str(TRIVET),
    "TRIVET_MODULE": str(BUILD / "ngx_http_trivet_module.so"),
    "STREAM_MODULE": str(STREAM),
    "NGINX_BIN": str(NGINX),
    "PG_BIN": str(find_binaries()),
}


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0


def pick_ports():
    while True:
        first = pick_port()
        ports = set(range(first, first + NUM_PORTS))
        if not (ports - {first}) & taken and all(map(is_free, ports)):
            taken.update(ports)
            return first


class Example(Process):
    def __init__(self):
        self.folder = make_folder("example")
        self.data = self.folder / "data"
        self.first = pick_ports()
        super().__init__("example", self.folder / "log", [
            EXAMPLE / "up", "-d", self.data, "-p", self.first], env=PLACES)

    def is_ready(self):
        return "\nready: " in self.text()

    def metrics(self, number):
        url = f"http://{HOST}:{self.first + METRICS[number]}/metrics"
        try:
            return requests.get(url, timeout=5).text
        except requests.RequestException:
            return None

    def pid_of(self, name):
        return int((self.data / f"run/{name}.pid").read_text())

    def make_key(self):
        ports = self.first + 2, self.first + 3
        url = f"postgresql://operator@{HOST}:{ports[0]},{HOST}:{ports[1]}/trivet"
        return run("key", "create", "--user", "alice", "--store", url, check=True,
                   env={"PGPASSFILE": str(self.data / "secrets/pgpass")},
                   ).stdout.strip()


@pytest.fixture(scope="module")
def example():
    made = Example().start()
    try:
        assert wait_until(made.is_ready, 120, 0.2), made.text()
        yield made
    finally:
        made.stop()
        remove(made.folder)


def test_it_does_not_run_as_root():
    if not IS_ROOT:
        pytest.skip("we are not root")
    done = subprocess.run([EXAMPLE / "up"], capture_output=True, text=True)
    assert done.returncode == 1 and "somebody else" in done.stderr


def test_clients_are_served_by_both(example):
    door = Door("front", example.first + FRONT, example.data / "tls.crt")
    client = bunq.Client(door)
    client.post_installation()
    client.secret = example.make_key()
    bunq.assert_admitted(client.post_device(), client.server_key)
    bunq.assert_admitted(client.post_session(), client.server_key)

    def call_anew():
        client.http.close()
        client.http = bunq.make_session(door)
        answer = client.get("/v1/anything")
        bunq.assert_admitted(answer, client.server_key)
        assert answer.json["user"] == str(client.user["id"])
        return answer.json["by"]

    for name in ("gateway1", "gateway2"):  # in turns, once both have begun
        assert wait_until(lambda: call_anew() == name)
    assert client.from_address("127.0.0.2").get("/v1/anything").status == 403
    client.close()


def test_what_is_killed_is_started_again(example):
    old = example.pid_of("gateway1")
    send({old}, signal.SIGKILL)
    assert wait_until(lambda: example.pid_of("gateway1") != old
                      and example.metrics(0), 20)


def series_of(text):
    """The names in the expressions of alert rules."""
    found = set()
    for expression in re.findall(r"expr: (>\n(?: {10}.*\n)+|.*\n)", text):
        found |= set(re.findall(r"\btrivet_\w+", expression))
    return found


def test_alerts_are_of_series_that_are_there(example):
    named = series_of((EXAMPLE / "alerts.yml").read_text())
    assert len(named) > 8

    def missing(number):
        lines = example.metrics(number).split("\n")
        return named - {re.match(r"\w+", line)[0] for line in lines
                        if line and not line.startswith("#")}

    for number in range(2):  # some are there from the first look at the database
        assert wait_until(lambda: not missing(number), 10), missing(number)


def promtool(*args):
    return subprocess.run([PROMTOOL, *map(str, args)], capture_output=True,
                          text=True, cwd=EXAMPLE)


def test_the_rules_are_rules(tmp_path):
    done = promtool("check", "rules", EXAMPLE / "alerts.yml")
    assert done.returncode == 0, done
    bad = tmp_path / "bad.yml"
    bad.write_text((EXAMPLE / "alerts.yml").read_text().replace(
        "rate(trivet_store_errors_total[1m])", "rate(trivet_store_errors_total)"))
    assert promtool("check", "rules", bad).returncode != 0


def test_each_alert_comes_when_it_should():
    done = promtool("test", "rules", ROOT / "tests/cluster/alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    told = (ROOT / "tests/cluster/alerts.yml").read_text()
    for alert in re.findall(r"- alert: (\w+)",
                            (EXAMPLE / "alerts.yml").read_text()):
        assert f'alertname="{alert}"' in told, alert


def test_nothing_is_left(example):
    """The last: it ends the example."""
    example.stop()
    assert example.text().endswith("ended\n")
    assert not processes_using(example.folder)
    assert all(is_free(example.first + n) for n in range(NUM_PORTS))
