# SPDX-License-Identifier: Apache-2.0
"""How many connections an address may have, before TLS and HTTP are there"""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import pytest

import bunq
from gateway import Gateway, environment, free_port, run, wait_until
from nginx import TRIVET, Nginx

LIMIT = 20
ATTACKER = "127.0.0.2"

METRICS = """
        location = /metrics { trivet_calls off; trivet_protect off; trivet_metrics; }
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    data = tmp_path_factory.mktemp("connections") / "data"
    with Gateway(data):
        pass
    return data


@pytest.fixture
def start(data):
    """Makes an nginx with such a trivet_connections."""
    started = []

    def make(setting, **parts):
        trivet = TRIVET + f"    trivet_connections {setting};\n"
        nginx = Nginx(data, trivet=trivet, **parts).start()
        started.append(nginx)
        return nginx

    yield make
    for nginx in started:
        nginx.close()


def connect(nginx, source=ATTACKER, host="127.0.0.1"):
    wire = socket.socket()
    wire.bind((source, 0))
    wire.settimeout(10)
    try:
        wire.connect((host, nginx.port))
    except ConnectionResetError:
        pass  # it was quick
    wire.settimeout(0.0)
    return wire


def silent(nginx):
    return connect(nginx)


def half_handshake(nginx):
    """A ClientHello that is not whole."""
    wire = connect(nginx)
    try:
        wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    except OSError:
        pass
    return wire


def half_line(nginx):
    """A TLS connection with half a request line."""
    wire = connect(nginx)
    wire.settimeout(10)
    context = ssl.create_default_context(cafile=str(nginx.ca))
    context.check_hostname = False
    try:
        tls = context.wrap_socket(wire)
        tls.send(b"GET /v1/us")
        tls.settimeout(0.0)
        return tls
    except OSError:
        return wire


def is_open(wire):
    """Whether the other side has not closed it."""
    if wire.fileno() < 0:
        return False
    with socket.socket(fileno=os.dup(wire.fileno())) as raw:
        raw.settimeout(0.0)
        try:
            data = raw.recv(1, socket.MSG_PEEK)
            return data != b"" and data[0] != 0x15  # a TLS alert
        except BlockingIOError:
            return True
        except OSError:
            return False


def count_open(wires, wanted=LIMIT):
    """How many are open, once there are no more than wanted."""

    def count():
        return sum(is_open(wire) for wire in wires)

    wait_until(lambda: count() <= wanted, 20)
    time.sleep(0.1)
    return count()


def close(wires):
    for wire in wires:
        wire.close()


def is_served(nginx, source):
    try:
        with bunq.Wire(nginx, source) as wire:
            return wire.request("GET", "/v1/user").answer().status == 401
    except (OSError, EOFError, AssertionError):
        return False


@pytest.mark.parametrize("kind", [silent, half_handshake, half_line])
def test_half_open_connections_of_one_shut_nobody_out(start, kind):
    nginx = start(LIMIT)
    before = nginx.log().count("connections were closed at once")
    num = 60 if kind is half_line else 300
    wires = [kind(nginx) for _ in range(num)]
    assert count_open(wires) == LIMIT
    assert not is_served(nginx, ATTACKER)
    assert is_served(nginx, "127.0.0.1")
    assert is_served(nginx, "127.0.0.3")
    close(wires)
    assert wait_until(lambda: is_served(nginx, ATTACKER))
    told = nginx.log().count("connections were closed at once") - before
    assert 1 <= told <= 8  # two workers, a line in ten seconds
    assert ATTACKER in nginx.log()


def test_all_that_the_limit_has_may_be_used(start):
    nginx = start(5)
    for _ in range(3):
        wires = [bunq.Wire(nginx, ATTACKER) for _ in range(5)]
        for wire in wires:
            assert wire.request("GET", "/v1/user").answer().status == 401
        assert not is_served(nginx, ATTACKER)
        for wire in wires:
            wire.close()
        assert wait_until(lambda: is_served(nginx, ATTACKER))


def test_what_a_killed_worker_counted_is_forgotten(tmp_path, request):
    with Gateway(tmp_path / "data"):
        pass
    text = TRIVET + f"    trivet_connections {LIMIT};\n"
    nginx = Nginx(tmp_path / "data", trivet=text).start()
    nginx.may_crash = True
    request.addfinalizer(nginx.close)
    for _ in range(3):
        wires = [silent(nginx) for _ in range(2 * LIMIT)]
        # the end of the one that was served last may not be counted yet
        assert count_open(wires) in (LIMIT - 1, LIMIT)
        for pid in nginx.nginx_workers():
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: is_served(nginx, ATTACKER))
        close(wires)
    wires = [silent(nginx) for _ in range(2 * LIMIT)]
    assert count_open(wires) in (LIMIT - 1, LIMIT)
    close(wires)


def test_a_reload_goes_on_counting(start):
    nginx = start(LIMIT)
    held = [half_line(nginx) for _ in range(10)]
    assert count_open(held, 10) == 10
    before = nginx.nginx_workers()
    nginx.reload()
    assert wait_until(lambda: len(nginx.nginx_workers() - before) >= 2)
    time.sleep(0.3)
    wires = [silent(nginx) for _ in range(2 * LIMIT)]
    # those of before are counted until they end
    left = LIMIT - count_open(held)
    assert count_open(wires, left) == left
    close(held + wires)
    assert wait_until(lambda: is_served(nginx, ATTACKER))


def test_the_exempt_are_not_counted(start):
    nginx = start(f"2 exempt=10.0.0.0/8 exempt={ATTACKER}/32")
    wires = [silent(nginx) for _ in range(30)]
    assert count_open(wires, 30) == 30
    others = [connect(nginx, "127.0.0.3") for _ in range(5)]
    assert count_open(others, 2) == 2
    close(wires + others)


def test_workers_that_count_at_once_do_not_count_too_few(start):
    """Each worker has a count of its own: all connect at the same moment."""
    nginx = start("7", listen=" reuseport")
    for _ in range(20):
        wires = [socket.socket() for _ in range(40)]
        for wire in wires:
            wire.bind((ATTACKER, 0))
            wire.setblocking(False)
        for wire in wires:
            wire.connect_ex(("127.0.0.1", nginx.port))
        assert 1 <= count_open(wires, 7) <= 7
        close(wires)
        assert wait_until(lambda: is_served(nginx, ATTACKER))


def test_mapped_addresses_are_the_ipv4_ones(start):
    other = free_port()
    nginx = start(
        f"{LIMIT} exempt=127.0.0.9",
        listen=f"; listen [::]:{other} ssl ipv6only=off",
    )
    ours, nginx.port = nginx.port, other
    wires = [connect(nginx) for _ in range(2 * LIMIT)]
    assert count_open(wires) == LIMIT
    exempt = [connect(nginx, "127.0.0.9") for _ in range(2 * LIMIT)]
    assert count_open(exempt, 2 * LIMIT) == 2 * LIMIT
    nginx.port = ours
    assert not is_served(nginx, ATTACKER)  # the same address by another socket
    close(wires + exempt)


def test_other_servers_are_left_alone(start):
    plain = """
    server {
        listen 127.0.0.1:%d;
        location / { return 200 "plain"; }
    }
"""
    other = free_port()
    nginx = start(LIMIT, http=plain % other)
    nginx.port, ours = other, nginx.port
    wires = [silent(nginx) for _ in range(2 * LIMIT)]
    assert count_open(wires, 2 * LIMIT) == 2 * LIMIT
    close(wires)
    nginx.port = ours


def test_refused_connections_are_counted(start):
    nginx = start(LIMIT, locations=METRICS)
    wires = [silent(nginx) for _ in range(LIMIT + 7)]
    assert count_open(wires) == LIMIT
    with bunq.Wire(nginx, "127.0.0.1") as wire:
        text = wire.request("GET", "/metrics").answer().body.decode()
    assert re.search(r"^trivet_connections_refused_total 7$", text, re.M), text
    close(wires)


def test_off_is_off_and_the_default(start, data):
    for trivet in (TRIVET, TRIVET + "    trivet_connections off;\n"):
        nginx = Nginx(data, trivet=trivet).start()
        try:
            wires = [silent(nginx) for _ in range(200)]
            assert count_open(wires, 200) == 200
            close(wires)
        finally:
            nginx.close()


@pytest.mark.parametrize(
    "setting", ["", "0", "-1", "many", "10 20", "10 exempt=", "10 exempt=x", "off exempt=::1"]
)
def test_wrong_settings_are_refused(data, setting):
    nginx = Nginx(data, trivet=TRIVET + f"    trivet_connections {setting};\n")
    status, told = nginx.check()
    assert status != 0 and "trivet_connections" in told


def test_proxy_protocol_without_an_exemption_is_warned_of(data):
    for setting, is_warned in (("10", True), ("10 exempt=127.0.0.0/8", False)):
        trivet = TRIVET + f"    trivet_connections {setting};\n"
        status, told = Nginx(data, trivet=trivet, listen="proxy_protocol").check()
        assert status == 0
        assert ("PROXY protocol" in told) is is_warned


# ---- IPv6 networks ------------------------------------------------------------

HOSTS = ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff")  # of one /64
STRANGER = "2001:db8:0:2::1"  # of the next


def namespace():
    """A command prefix that gives a loopback of one's own with the addresses
    above; [] if not allowed."""
    up = "ip link set lo up"
    for address in (*HOSTS, STRANGER):
        up += f" && ip -6 address add {address}/128 dev lo nodad"
    for flags in ("-n", "-rn"):
        command = ["unshare", flags, "sh", "-c", up + ' && exec "$@"', "sh"]
        if shutil.which("ip") and shutil.which("unshare"):
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
    return []


# Runs in the namespace. Arguments: the port; ADDRESS NUM EXPECTED of each that
# begins NUM silent connections, in turn. Says how many of each stay open.
KNOCKING = """
import json, select, socket, sys, time

def wait_until(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)

def connect(source):
    wire = socket.socket(socket.AF_INET6)
    wire.settimeout(10)
    wire.bind((source, 0))
    try:
        wire.connect(("::1", int(sys.argv[1])))
    except ConnectionError:
        wire.close()
        return None
    return wire

def is_listening():
    wire = connect("::1")
    if wire is not None:
        wire.close()
    return wire is not None

def count_open(wires):
    return len(wires) - len(select.select(wires, [], [], 0)[0])

wait_until(is_listening)
answers = []
held = []
for i in range(2, len(sys.argv), 3):
    wires = [connect(sys.argv[i]) for _ in range(int(sys.argv[i + 1]))]
    wires = [wire for wire in wires if wire is not None]
    held.append(wires)
    wait_until(lambda: count_open(wires) <= int(sys.argv[i + 2]))
print(json.dumps([count_open(wires) for wires in held]))
"""


def knock(data, plan):
    """How many of the connections of each (address, num, expected) stay open."""
    prefix = namespace()
    if not prefix:
        pytest.skip("no network namespaces here")
    trivet = TRIVET + f"    trivet_connections {LIMIT};\n"
    nginx = Nginx(data, trivet=trivet)
    nginx.port = free_port()
    nginx.parts["listen"] = f"; listen [::]:{nginx.port} ssl ipv6only=on"
    words = [str(word) for line in plan for word in line]
    script = (
        '"$@" & nginx=$!; '
        f"{sys.executable} -c \"$KNOCKING\" {nginx.port} {' '.join(words)};"
        " status=$?; kill -TERM $nginx; wait $nginx; exit $status"
    )
    result = subprocess.run(
        [*prefix, "sh", "-c", script, "sh"]
        + nginx.command("-e", f"{data}/log/error.log"),
        env=environment(KNOCKING=KNOCKING),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_an_ipv6_network_counts_as_one_address(data):
    first, second = HOSTS
    plan = [
        (first, LIMIT - 5, LIMIT - 5),
        (second, LIMIT, 5),
        (STRANGER, LIMIT + 5, LIMIT),
        ("::1", LIMIT - 1, LIMIT - 1),
    ]
    assert knock(data, plan) == [expected for _, _, expected in plan]


# ---- time-outs ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [silent, half_handshake, half_line])
def test_what_stays_half_open_is_closed_and_forgotten(start, kind):
    """How long it is kept otherwise: test_half_open_connections_of_one_..."""
    nginx = start(LIMIT, server="        client_header_timeout 1s;")
    wires = [kind(nginx) for _ in range(LIMIT)]
    assert wait_until(lambda: not any(is_open(wire) for wire in wires), 15)
    assert wait_until(lambda: is_served(nginx, ATTACKER))
    close(wires)


# ---- trivet serve ------------------------------------------------------------


def test_serve_has_a_limit_and_short_timeouts(serve):
    gateway = serve()
    text = (gateway.data / "nginx.conf").read_text()
    assert "trivet_connections 100;" in text
    assert "client_header_timeout 10s;" in text
    assert int(re.search(r"worker_connections (\d+);", text)[1]) >= 1000
    wires = [silent(gateway) for _ in range(130)]
    assert count_open(wires, 100) == 100
    assert is_served(gateway, "127.0.0.1")
    close(wires)


def test_serve_does_not_count_trusted_proxies(serve):
    gateway = serve("--connections", 7, "--trusted-proxy", f"{ATTACKER}/32")
    text = (gateway.data / "nginx.conf").read_text()
    assert f"trivet_connections 7 exempt={ATTACKER}/32;" in text
    wires = [silent(gateway) for _ in range(20)]
    assert count_open(wires, 20) == 20
    others = [connect(gateway, "127.0.0.3") for _ in range(20)]
    assert count_open(others, 7) == 7
    close(wires + others)


def test_serve_takes_a_limit(serve):
    gateway = serve("--connections", 7)
    wires = [silent(gateway) for _ in range(10)]
    assert count_open(wires, 7) == 7
    close(wires)
    gateway = serve("--connections", "off")
    assert "trivet_connections" not in (gateway.data / "nginx.conf").read_text()
    for wrong in ("0", "-1", "x", ""):
        result = run("serve", "--connections", wrong, "--data", gateway.data)
        assert result.returncode == 2 and "--connections" in result.stderr
