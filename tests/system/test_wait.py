# SPDX-License-Identifier: Apache-2.0
"""trivet wait: scripts go on when the gateway answers, and not before"""
import http.server
import socket
import ssl
import subprocess
import threading
import time

import pytest

from gateway import TRIVET, Gateway, environment, free_port, run


def wait(port, *options, path="/v1"):
    return run("wait", "--url", f"https://localhost:{port}{path}", *options)


def assert_gave_up(result, status, text):
    assert result.returncode == status, result
    assert result.stdout == "", result
    assert result.stderr.count("\n") == 1, result
    assert "no gateway within" in result.stderr and text in result.stderr, result


def test_a_gateway_that_is_there(gateway):
    for path in ("/v1", "/v1/"):
        result = wait(gateway.port, path=path)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert wait(gateway.port, "--ca", gateway.ca, "--timeout", "0").returncode == 0


def test_one_that_is_started_meanwhile(tmp_path):
    port = free_port()
    data = tmp_path / "data"
    waiting = subprocess.Popen(
        [TRIVET, "wait", "--url", f"https://localhost:{port}/v1",
         "--ca", data / "ca.pem", "--timeout", "1m"],
        env=environment(), stderr=subprocess.PIPE, text=True,
    )
    try:
        with Gateway(data, port=port):
            _, said = waiting.communicate(timeout=60)
            assert (waiting.returncode, said) == (0, "")
    finally:
        waiting.kill()
        waiting.wait()


def test_nobody_there():
    start = time.monotonic()
    assert_gave_up(wait(free_port(), "--timeout", "1s"), 5, "within 1s")
    assert 0.5 < time.monotonic() - start < 20


def test_one_who_takes_the_connection_and_is_silent():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        assert_gave_up(wait(silent.getsockname()[1], "--timeout", "1s"), 5, "")
        assert time.monotonic() - start < 20


def test_another_ca(gateway, bystander):
    result = wait(gateway.port, "--ca", bystander.ca, "--timeout", "0")
    assert_gave_up(result, 6, "certificate")


def test_a_ca_that_is_not_there(gateway, tmp_path):
    result = wait(gateway.port, "--ca", tmp_path / "none", "--timeout", "0")
    assert_gave_up(result, 6, "")


class Other(http.server.BaseHTTPRequestHandler):
    def do_DELETE(self):
        status, has_id = self.server.answer
        self.send_response(status)
        if has_id:
            self.send_header("X-Bunq-Client-Response-Id", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def other(bystander):
    """A server with TLS that is no gateway."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bystander.data / "tls.crt", bystander.data / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "status, has_id, is_gateway",
    [(401, True, True), (401, False, False), (200, True, False),
     (503, True, False), (403, True, True), (404, False, False)],
)
def test_what_a_gateway_answers(other, status, has_id, is_gateway):
    other.answer = (status, has_id)
    result = wait(other.server_port, "--timeout", "0")
    if is_gateway:
        assert result.returncode == 0, result
    else:
        assert_gave_up(result, 5, f"not a gateway's: status {status}")


@pytest.mark.parametrize(
    "words",
    [["--url", "http://localhost:8443/v1"], ["--url", "localhost"],
     ["--url", ""], ["--url", "https://"], ["--url", "https://a b/v1"],
     ["--url", "https://localhost/v1?x=1"], ["--timeout", "soon"],
     ["--url", "https://" + "a" * 5000], ["--timeout", "2d"],
     ["--timeout", "-1"], ["now"]],
)
def test_wrong_usage(words):
    result = run("wait", *words)
    assert result.returncode == 2, result
    assert result.stdout == "" and result.stderr.startswith("trivet"), result
