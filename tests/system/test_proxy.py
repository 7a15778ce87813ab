# SPDX-License-Identifier: Apache-2.0
"""trivet proxy before a real gateway: each request becomes a signed call, each
answer is verified"""
import contextlib
import hashlib
import json
import os
import re
import signal
import stat
import subprocess

import pytest

from fake_server import FakeServer
from gateway import Gateway, processes_using, wait_until
from proxy import Proxy, assert_refused
from trivet_command import Trivet, login
from upstream import JSON, chunked, reply

MIB = 1 << 20


@pytest.fixture(scope="module", params=["strict", "current", "classic"])
def profiled(request, tmp_path_factory):
    """A gateway of a profile, and a proxy before it, for tests that only call."""
    folder = tmp_path_factory.mktemp(request.param)
    with Gateway(folder / "data", "--profile", request.param) as gateway:
        trivet = Trivet(folder, gateway.ca)
        assert login(trivet, gateway).returncode == 0
        with Proxy(trivet, "--limits", "off") as proxy:
            yield proxy


@pytest.fixture(scope="module")
def before_api(front, tmp_path_factory):
    """A proxy before `front`, behind which `upstream` answers."""
    folder = tmp_path_factory.mktemp("caller")
    trivet = Trivet(folder, front.ca)
    assert login(trivet, front).returncode == 0
    with Proxy(trivet, "--limits", "off") as proxy:
        yield proxy


# ---- a call ------------------------------------------------------------------


def test_a_call_and_its_answer(profiled):
    answer = profiled.get("user")
    assert answer.status == 200, answer
    assert "UserPerson" in answer.json["Response"][0]
    assert answer.header("Trivet-Verified") == "yes"
    assert answer.header("X-Bunq-Client-Response-Id")
    assert answer.header("Content-Length") == str(len(answer.body))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(profiled, method):
    answer = profiled.call(method, "echo/thing?a=b%20c", b'{"amount": 10}')
    assert answer.status == 200, answer
    identity = answer.json["Response"][0]["Identity"]
    assert (identity["method"], identity["body_length"]) == (method, 14)


def test_head_is_a_get_without_its_body(profiled):
    whole = profiled.get("user")
    answer = profiled.call("HEAD", "user")
    assert answer.status == 200 and answer.body == b""
    assert answer.header("Content-Length") == str(len(whole.body))
    assert answer.header("Trivet-Verified") == "yes"


def test_the_servers_own_refusal_is_handed_on(profiled):
    answer = profiled.get("no/such/thing")
    assert answer.status == 404 and answer.reason is None
    assert answer.json["Error"][0]["error_description"] == "Route not found."


def test_a_callers_own_credentials_are_replaced(profiled):
    answer = profiled.call("POST", "echo", b"{}", [
        ("X-Bunq-Client-Authentication", "0" * 64),
        ("x-bunq-client-signature", "AAAA"),
        ("X-Bunq-Client-Signature", "BBBB")])
    assert answer.status == 200, answer


def test_a_connection_is_kept(profiled):
    connection = profiled.connection()
    connection.connect()
    kept = connection.sock
    for n in range(5):
        answer = profiled.call("POST", "echo", b"x" * n, connection=connection)
        assert answer.json["Response"][0]["Identity"]["body_length"] == n
        assert connection.sock is kept


def test_requests_that_do_not_wait_for_answers(profiled):
    with profiled.socket() as own:
        for n in range(4):
            own.sendall(b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Length: %d\r\n%s\r\n%s" % (
                            n, b"Connection: close\r\n" if n == 3 else b"", b"x" * n))
        data = b"".join(iter(lambda: own.recv(65536), b""))
    assert data.count(b"HTTP/1.1 200") == 4
    assert re.findall(rb'"body_length":(\d+)', data) == [b"0", b"1", b"2", b"3"]


# ---- bodies and header fields, byte for byte -----------------------------------


SIZES = [0, 1, 65535, 65536, 65537, MIB, 16 * MIB]


@pytest.mark.parametrize("size", SIZES)
def test_bodies_arrive_as_they_were_sent(before_api, upstream, path, size):
    body = os.urandom(size)
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    answer = before_api.call("POST", path, body)
    assert answer.status == 200, answer
    sent = upstream.last(path).body
    assert hashlib.sha256(sent).digest() == hashlib.sha256(body).digest()


def test_a_body_in_chunks(before_api, upstream, path):
    pieces = [os.urandom(n) for n in (1, 100, 70000, 3)]
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
    answer = before_api.call("POST", path, data, [("Transfer-Encoding", "chunked")])
    assert answer.status == 200, answer
    assert upstream.last(path).body == b"".join(pieces)


@pytest.mark.parametrize("size", SIZES)
def test_answers_come_as_they_were_signed(before_api, upstream, path, size):
    body = os.urandom(size)
    upstream.plan(path, reply(body, headers=[("Content-Type", "image/png"),
                                             ("X-Own", "a: b")]))
    answer = before_api.get(path)
    assert answer.status == 200 and answer.body == body
    assert answer.header("Content-Type") == "image/png"
    assert answer.header("X-Own") == "a: b"


def test_an_answer_in_chunks(before_api, upstream, path):
    pieces = [os.urandom(n) for n in (5, 60000, 2)]
    upstream.plan(path, chunked(pieces))
    assert before_api.get(path).body == b"".join(pieces)


def test_a_body_that_is_too_large(before_api):
    body = b"x" * (16 * MIB + 1)
    with before_api.socket() as own:
        own.sendall(b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body))
        assert own.recv(12) == b"HTTP/1.1 413"
    answer = before_api.call("POST", "echo", None, [("Content-Length", str(len(body)))])
    assert_refused(answer, 413, "body-too-large")


@pytest.mark.parametrize("target", ["/", "/v1", "/v2/user", "/V1/user", "/metrics",
                                    "/x/..%2fv1/user", "/x/../v1/user", "/v1/../x"])
def test_only_what_is_below_v1_is_a_call(before_api, upstream, target):
    before = len(upstream.requests)
    assert_refused(before_api.get(target), 404, "not-found")
    assert len(upstream.requests) == before


# ---- encryption --------------------------------------------------------------


@pytest.mark.parametrize("encryption", ["optional", "off"])
def test_encrypted_bodies(serve, tmp_path, proxy_of, encryption):
    gateway = serve("--encryption", encryption)
    trivet = Trivet(tmp_path, gateway.ca)
    assert login(trivet, gateway).returncode == 0
    plain = proxy_of(trivet)
    answer = plain.post("echo", b'{"a": 1}')
    assert answer.status == 200 and answer.header("X-Bunq-Server-Signature"), answer
    plain.close()

    proxy = proxy_of(trivet, "--encrypt")
    for body in (b'{"a": 1}', b"", b"x" * 70000):
        answer = proxy.post("echo", body)
        if encryption == "off":
            assert answer.header("X-Trivet-Reason") == "encryption-off", answer
            continue
        assert answer.status == 200, answer
        assert answer.json["Response"][0]["Identity"]["body_length"] == len(body)
        assert answer.header("Trivet-Verified") == "yes"
        names = [name.lower() for name, _ in answer.headers]
        assert not any("encryption" in name for name in names), names
        assert "x-bunq-server-signature" not in names  # it was over the ciphertext


# ---- where it listens ----------------------------------------------------------


def test_a_unix_socket_is_its_owners_alone(proxy_of, caller, tmp_path):
    path = tmp_path / "socket"
    proxy = proxy_of(caller, listen=f"unix:{path}")
    mode = path.lstat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert proxy.get("user").status == 200
    proxy.stop(signal.SIGKILL)
    assert proxy.is_gone()
    proxy.may_crash = True

    again = proxy_of(caller, listen=f"unix:{path}")  # what was left is replaced
    assert again.get("user").status == 200
    again.close()
    assert not path.exists()


def test_a_socket_of_somebody_else_stays(caller, tmp_path):
    path = tmp_path / "socket"
    path.write_text("a file")
    done = caller("proxy", "--listen", f"unix:{path}")
    assert done.returncode == 2 and "cannot listen" in done.stderr
    assert path.read_text() == "a file"


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8480", "8480",
                                    "127.0.0.1", "localhost", "127.0.0.1:70000",
                                    "unix:", "example.com:80", "127.0.0.1:0x10"])
def test_nothing_but_loopback(caller, listen):
    done = caller("proxy", "--listen", listen)
    assert done.returncode == 2, done
    assert "--listen" in done.stderr
    assert not caller.file.with_name("default.json.proxy").exists()


@pytest.mark.parametrize("listen", ["127.0.0.2:0", "localhost:0", "[::1]:0"])
def test_any_loopback(proxy_of, caller, listen):
    assert proxy_of(caller, listen=listen).get("user").status == 200


def test_a_second_one_for_a_context_is_refused(proxy, caller):
    done = caller("proxy", "--listen", "127.0.0.1:0")
    assert done.returncode == 9 and "another trivet proxy" in done.stderr
    done = caller("proxy", "--listen", f"127.0.0.1:{proxy.port}", "--data",
                  caller.folder / "other")
    assert done.returncode == 2 and "cannot listen" in done.stderr
    assert proxy.get("user").status == 200


def test_a_context_is_needed(tmp_path, tls_authority):
    done = Trivet(tmp_path, tls_authority.file)("proxy", "--listen", "127.0.0.1:0")
    assert done.returncode == 3 and "log in first" in done.stderr


def test_the_configuration_is_printed(caller):
    done = caller("proxy", "--print-config", "--timeout", "7s", "--max-wait", "0")
    assert done.returncode == 0, done
    assert f'trivet_proxy_context "{caller.file}";' in done.stdout
    assert "trivet_proxy_timeout 7s;" in done.stdout
    assert "trivet_proxy_max_wait 0s;" in done.stdout
    assert not caller.file.with_name("default.json.proxy").exists()


# ---- its life ------------------------------------------------------------------


def test_its_end_waits_for_calls_that_run(proxy, server):
    server.protocol.misbehave("slow", "payment", arg=2)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b"{}")
    assert wait_until(lambda: server.protocol.count("/payment"))
    proxy.process.send_signal(signal.SIGTERM)
    assert connection.getresponse().status == 200
    assert proxy.process.wait(30) == 0
    assert proxy.is_gone()


def test_a_second_signal_does_not_wait(proxy, server):
    server.protocol.misbehave("slow", "payment", arg=60)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b"{}")
    assert wait_until(lambda: server.protocol.count("/payment"))
    proxy.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: "gracefully shutting down" in proxy.log())
    proxy.process.send_signal(signal.SIGINT)
    assert proxy.process.wait(30) == 0
    assert proxy.is_gone()
    proxy.may_crash = True


def test_nginx_ends_with_it(proxy):
    assert proxy.nginx()
    proxy.may_crash = True
    proxy.stop(signal.SIGKILL)
    assert proxy.is_gone()


def test_a_killed_worker_is_replaced(proxy):
    proxy.may_crash = True
    assert proxy.get("user").status == 200
    worker = proxy.worker()
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: proxy.workers() - {worker})
    assert proxy.get("user").status == 200


def test_sighup_reads_the_context_again(proxy, caller, server, tls_certificate):
    """Another login: the next calls are made in it. Calls that run are answered."""
    assert proxy.get("user").status == 200
    other = FakeServer(tls_certificate[0])
    server.protocol.misbehave("slow", "payment", arg=2)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b"{}")
    assert wait_until(lambda: server.protocol.count("/payment"))

    caller.file.unlink()
    assert caller.login(other).returncode == 0
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in proxy.stderr())
    assert proxy.get("user").status == 200
    assert other.protocol.count("/user") == 1
    assert connection.getresponse().status == 200
    other.close()


def test_sighup_without_a_context_changes_nothing(proxy, caller, server):
    assert proxy.get("user").status == 200
    caller.file.rename(caller.file.with_name("away"))
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "everything stays as it was" in proxy.stderr())
    assert proxy.get("user").status == 200  # of what it knows
    assert server.protocol.count("/session-server") == 1


# ---- secrets -------------------------------------------------------------------


def test_no_secret_is_written_down(proxy, caller, server):
    server.protocol.misbehave("wrong-signature", "thing", times=2)
    proxy.get("user?secret=query")
    proxy.post("thing", b'{"iban": "NL00TEST"}')
    proxy.call("POST", "thing", b"{}", [("Authorization", "Bearer hidden")])
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in proxy.stderr())
    assert proxy.get("user").status == 200

    context = json.loads(caller.file.read_text())
    secrets = ["NL00TEST", "Bearer hidden", server.protocol.api_key,
               *server.protocol.sessions, *server.protocol.installations,
               *context["installation_context"]["private_key_client"].splitlines()[1:3]]
    said = proxy.stderr() + "\n".join(proxy.lines)
    for path in proxy.data.rglob("*"):
        said += path.read_text() if path.is_file() else ""
    for pid in proxy.processes():
        for name in ("cmdline", "environ"):
            # The worker of before the reload may end meanwhile.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                    open(f"/proc/{pid}/{name}", "rb") as file:
                said += file.read().decode(errors="replace")
    assert "nginx: master process" in said and '"/v1/user" 200' in said
    for secret in secrets:
        assert secret not in said, secret
    assert "secret=query" not in proxy.log("access.log")


def test_its_files_are_its_owners_alone(proxy):
    proxy.get("user")
    for path in [proxy.data, *proxy.data.rglob("*")]:
        if path.name != "client_body" and "tmp" not in path.parts[-2:]:
            assert path.stat().st_mode & 0o077 == 0, path
    assert processes_using(proxy.data) == set(proxy.processes())


def test_help_names_its_options(caller):
    done = subprocess.run(caller.command("proxy", "--help"), capture_output=True,
                          text=True, check=True)
    for option in ("--context", "--listen", "--timeout", "--max-wait", "--encrypt"):
        assert option in done.stdout
