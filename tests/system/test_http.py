# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 and HTTP/2: connections that are kept, broken, or lied on"""
import socket
import struct
import time

import pytest

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from gateway import wait_until
from upstream import JSON, reply


# ---- a connection that is kept -----------------------------------------------


def test_good_and_bad_requests_on_one_connection(gateway):
    client = bunq.ready(gateway, key_number=0)
    other = bunq.ready(gateway, key_number=1)
    body = b'{"a": 1}'
    good = client.headers(body)
    mixed = {**other.headers(), TOKEN: client.session_token}
    cases = [
        ("POST", "/v1/echo/x", good, body, 200),
        ("POST", "/v1/echo/x", good, body + b" ", 400),
        ("POST", "/v1/echo/x", {**good, SIGNATURE: other.sign(body)}, body, 400),
        ("POST", "/v1/echo/x", good, body, 200),
        ("POST", "/v1/echo/x", {TOKEN: client.session_token}, body, 466),
        ("GET", "/v1/user", other.headers(), b"", other.user),
        ("GET", "/v1/user", {}, b"", 401),
        ("GET", "/v1/user", client.headers(), b"", client.user),
        ("POST", "/v1/installation", {}, b"{", 400),
        ("POST", "/v1/session-server", {}, b"x" * 5000, 401),
        ("PUT", "/v1/user", client.headers(), b"", 405),
        ("GET", "/elsewhere", {}, b"", 404),
        ("GET", "/v1/user", mixed, b"", 400),
        ("GET", "/v1/user", client.headers(), b"", client.user),
    ]
    with bunq.Wire(gateway) as wire:
        for _ in range(3):
            for method, path, headers, sent, wanted in cases:
                answer = wire.request(method, path, headers.items(), sent).answer()
                if isinstance(wanted, dict):
                    bunq.assert_admitted(answer, client.server_key)
                    assert answer.element("UserPerson") == wanted
                else:
                    assert answer.status == wanted, (method, path, answer)


def test_connection_is_kept_after_a_refusal_of_a_body(gateway, client):
    """The refused body is not taken for the next request."""
    smuggled = b"GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with bunq.Wire(gateway) as wire:
        for headers in ({}, {TOKEN: "0" * 64}, {TOKEN: client.session_token}):
            answer = wire.request("POST", "/v1/echo/x", headers.items(), smuggled).answer()
            assert answer.status in (401, 466)
            answer = wire.request("GET", "/v1/user", client.headers().items()).answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.types == ["UserPerson"]


def test_pipelined_requests_are_answered_in_order(gateway, client):
    headers = client.headers().items()
    bad = {TOKEN: client.session_token}.items()
    with bunq.Wire(gateway) as wire:
        for number in range(10):
            wire.request("GET", f"/v1/echo/a{number}", [*headers, (REQUEST_ID, f"{number}")])
            wire.request("GET", f"/v1/echo/b{number}", [*bad, (REQUEST_ID, f"b{number}")])
            wire.request("POST", f"/v1/echo/c{number}", [*headers], b"")
        for number in range(10):
            answer = wire.answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.header(REQUEST_ID) == str(number)
            assert answer.element("Identity")["path"] == f"/v1/echo/a{number}"
            answer = wire.answer()
            bunq.assert_refused(answer, 466)
            assert answer.header(REQUEST_ID) == f"b{number}"
            answer = wire.answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.element("Identity")["path"] == f"/v1/echo/c{number}"


def test_requests_in_one_segment(gateway, client):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers(b"{}").items())
    one = f"POST /v1/echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{lines}\r\n{{}}"
    with bunq.Wire(gateway) as wire:
        wire.send(one.encode() * 5)
        for _ in range(5):
            bunq.assert_admitted(wire.answer(), client.server_key)


def test_request_in_single_bytes(gateway, client):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers(b"{}").items())
    one = f"POST /v1/echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{lines}\r\n{{}}"
    with bunq.Wire(gateway) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in one.encode():
            wire.send(bytes([byte]))
        bunq.assert_admitted(wire.answer(), client.server_key)


@pytest.mark.parametrize("version, is_kept", [("1.0", False), ("1.1", True)])
def test_http_versions(gateway, client, version, is_kept):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers().items())
    head = f"GET /v1/user HTTP/{version}\r\nHost: x\r\n{lines}\r\n"
    with bunq.Wire(gateway) as wire:
        answer = wire.send(head.encode()).answer()
        bunq.assert_admitted(answer, client.server_key)
        if not is_kept:
            assert wire.is_closed()


def test_expect_100_continue(gateway, client):
    body = b"x" * 50_000
    headers = [*client.headers(body).items(), ("Expect", "100-continue")]
    headers.append(("Content-Length", str(len(body))))
    with bunq.Wire(gateway) as wire:
        wire.request("POST", "/v1/echo/x", headers)
        assert wire.line() == "HTTP/1.1 100 Continue"
        assert wire.line() == ""
        answer = wire.send(body).answer()
        bunq.assert_admitted(answer, client.server_key)
        assert answer.element("Identity")["body_length"] == len(body)


def test_expect_100_continue_with_a_request_that_is_refused(gateway):
    """Answered at once, or after the body; never hung."""
    headers = [("Expect", "100-continue"), ("Content-Length", "5")]
    with bunq.Wire(gateway) as wire:
        wire.request("POST", "/v1/echo/x", headers)
        line = wire.line()
        if line == "HTTP/1.1 100 Continue":
            assert wire.line() == ""
            assert wire.send(b"12345").answer().status == 401
        else:
            assert line.startswith("HTTP/1.1 401 ")


# ---- malformed ---------------------------------------------------------------

HEAD = b"Host: localhost\r\n"
MALFORMED = {
    "no-request": b"nonsense\r\n\r\n",
    "two-words": b"GET /v1/user\r\n\r\n",
    "no-host": b"GET /v1/user HTTP/1.1\r\n\r\n",
    "two-hosts": b"GET /v1/user HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "bad-host": b"GET /v1/user HTTP/1.1\r\nHost: a/../b\r\n\r\n",
    "no-version": b"GET /v1/user HTTP/x\r\n" + HEAD + b"\r\n",
    "version-3": b"GET /v1/user HTTP/3.0\r\n" + HEAD + b"\r\n",
    "lower-method": b"get /v1/user HTTP/1.1\r\n" + HEAD + b"\r\n",
    "binary-method": b"\x16\x03\x01 /v1/user HTTP/1.1\r\n" + HEAD + b"\r\n",
    "relative-path": b"GET v1/user HTTP/1.1\r\n" + HEAD + b"\r\n",
    "above-root": b"GET /../v1/user HTTP/1.1\r\n" + HEAD + b"\r\n",
    "bad-percent": b"GET /v1/%zz HTTP/1.1\r\n" + HEAD + b"\r\n",
    "nul-in-path": b"GET /v1/us\0er HTTP/1.1\r\n" + HEAD + b"\r\n",
    "percent-nul": b"GET /v1/us%00er HTTP/1.1\r\n" + HEAD + b"\r\n",
    "star": b"GET * HTTP/1.1\r\n" + HEAD + b"\r\n",
    "connect": b"CONNECT localhost:443 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "trace": b"TRACE /v1/user HTTP/1.1\r\n" + HEAD + b"\r\n",
    "no-colon": b"GET /v1/user HTTP/1.1\r\n" + HEAD + b"nonsense\r\n\r\n",
    "nul-in-header": b"GET /v1/user HTTP/1.1\r\n" + HEAD + b"X: a\0b\r\n\r\n",
    "two-lengths": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "negative-length": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: -2\r\n\r\n",
    "word-length": b"POST /v1/echo/x HTTP/1.1\r\n" + HEAD + b"Content-Length: two\r\n\r\n",
    "plus-length": b"POST /v1/echo/x HTTP/1.1\r\n" + HEAD + b"Content-Length: +2\r\n\r\n{}",
    "huge-length": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "length-and-chunks": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "other-coding": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity-coding": b"POST /v1/echo/x HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: identity\r\n\r\n",
    "long-uri": b"GET /v1/" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "long-header": b"GET /v1/user HTTP/1.1\r\n"
    + HEAD
    + b"X: "
    + b"a" * 100_000
    + b"\r\n\r\n",
    "many-headers": b"GET /v1/user HTTP/1.1\r\n"
    + HEAD
    + b"X: a\r\n" * 20_000
    + b"\r\n",
}


@pytest.mark.parametrize("fault", list(MALFORMED))
def test_malformed_request_is_refused_and_ends_nothing_else(gateway, fault, client):
    with bunq.Wire(gateway) as wire:
        try:
            wire.send(MALFORMED[fault])
        except OSError:
            pass  # refused while it was being sent
        try:
            answer = wire.answer()
        except (bunq.Truncated, OSError):
            answer = None  # just closed
    if answer is not None:
        assert answer.status in (400, 401, 404, 405, 411, 413, 414, 431, 501, 505)
        if answer.status not in (501, 505):
            bunq.assert_error_form(answer)
    assert client.is_alive()


@pytest.mark.parametrize(
    "fault",
    ["long-uri", "long-header", "two-lengths", "length-and-chunks", "no-host"],
)
def test_malformed_request_is_answered_in_the_error_form(gateway, fault):
    with bunq.Wire(gateway) as wire:
        try:
            wire.send(MALFORMED[fault])
        except OSError:
            pass
        answer = wire.answer()
    bunq.assert_refused(answer, {"long-uri": 414}.get(fault, answer.status))
    assert answer.status in (400, 414, 431)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"-1\r\n\r\n",
        b"5\r\nabc",
        b"5\r\nabcdefgh\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nabc",
        b"5;" + b"x" * 100_000 + b"\r\nabcde\r\n0\r\n\r\n",
        b"0\r\nX: y\r\n",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_malformed_chunks(gateway, client, body):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers(b"abcde").items())
    lines = f"Host: x\r\nTransfer-Encoding: chunked\r\n{lines}"
    head = f"POST /v1/echo/x HTTP/1.1\r\n{lines}\r\n"
    with bunq.Wire(gateway) as wire:
        try:
            wire.send(head.encode() + body)
            wire.socket.settimeout(2)
            answer = wire.answer()
        except (bunq.Truncated, OSError):
            answer = None
    if answer is not None and not body.startswith(b"5;"):
        assert answer.status >= 400
    assert client.is_alive()


def test_smuggling_brings_no_second_answer(front, upstream, api_client):
    """Content-Length and chunks that tell of different ends."""
    secret = b"GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    lines = "".join(f"{n}: {v}\r\n" for n, v in api_client.headers(b"").items())
    for coding in (
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
        "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n",
    ):
        head = f"POST /v1/outer HTTP/1.1\r\nHost: x\r\n{coding}{lines}\r\n"
        with bunq.Wire(front) as wire:
            wire.send(head.encode() + b"0\r\n\r\n" + secret)
            try:
                wire.socket.settimeout(1)
                wire.answer()
                wire.answer()
            except (bunq.Truncated, OSError):
                pass
    assert upstream.count("/v1/smuggled") == 0


# ---- a client that goes away -------------------------------------------------


def drop(wire, is_hard):
    """Ends the TCP connection: with a reset, or as if the cable were cut."""
    if is_hard:
        linger = struct.pack("ii", 1, 0)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.close()


@pytest.mark.parametrize("is_hard", [True, False])
def test_clients_that_go_away_in_a_body(gateway, client, is_hard):
    for length in (1, 100, 10_000, 600_000):
        for _ in range(5):
            headers = [*client.headers(b"x").items(), ("Content-Length", "700000")]
            wire = bunq.Wire(gateway)
            wire.request("POST", "/v1/echo/x", headers).send(b"x" * length)
            drop(wire, is_hard)
    for call in ("installation", "device-server"):
        wire = bunq.Wire(gateway)
        wire.request("POST", f"/v1/{call}", [("Content-Length", "100")]).send(b"{")
        drop(wire, is_hard)
    assert client.is_alive()


@pytest.mark.parametrize("is_hard", [True, False])
def test_clients_that_go_away_in_an_answer(front, upstream, api_client, path, is_hard):
    upstream.plan(path, reply(b"x" * 5_000_000, headers=[JSON]))
    for pause_s in (0, 0.001, 0.01, 0.05, 0.2):
        for _ in range(3):
            wire = bunq.Wire(front)
            wire.request("GET", path, api_client.headers().items())
            time.sleep(pause_s)
            drop(wire, is_hard)
    assert api_client.is_alive()
    assert len(api_client.get(path).body) == 5_000_000


def test_clients_that_go_away_while_they_are_judged(gateway, client):
    """The answer of a task comes back to a request that is gone."""
    for number in range(60):
        wire = bunq.Wire(gateway)
        headers = client.headers().items()
        if number % 3 == 0:
            wire.request("POST", "/v1/sandbox-user-person")
        elif number % 3 == 1:
            wire.request("GET", "/v1/user", headers)
        else:
            wire.request("GET", "/v1/echo/x", [(TOKEN, "0" * 64)])
        drop(wire, number % 2 == 0)
    assert client.is_alive()


def test_api_that_never_answers_and_a_client_that_goes_away(
    front, upstream, api_client, path
):
    entered = []

    def never(request, connection):
        entered.append(True)
        connection.recv(1)  # until the gateway ends the connection
        return False

    upstream.plan(path, never)
    wire = bunq.Wire(front)
    wire.request("GET", path, api_client.headers().items())
    assert wait_until(lambda: entered)
    drop(wire, True)
    assert api_client.is_alive()


def test_other_requests_go_on_while_the_api_is_slow(front, upstream, api_client, path):
    def slow(request, connection):
        time.sleep(1.5)
        connection.sendall(reply(b"{}", headers=[JSON]))
        return True

    upstream.plan(path, slow)
    wires = [bunq.Wire(front) for _ in range(20)]
    for wire in wires:
        wire.request("GET", path, api_client.headers().items())
    begin = time.monotonic()
    for _ in range(5):
        assert api_client.is_alive()
    assert time.monotonic() - begin < 1.2
    for wire in wires:
        bunq.assert_admitted(wire.answer(), api_client.server_key)
        wire.close()
