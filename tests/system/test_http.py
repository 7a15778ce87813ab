# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 and HTTP/2: connections that are kept, broken, or lied on"""
import asyncio
import itertools
import json
import socket
import ssl
import struct
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import httpx
import pytest

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from gateway import wait_until
from upstream import JSON, chunked, reply

path_numbers = itertools.count()


@pytest.fixture
def path():
    return f"/v1/http/{next(path_numbers)}"


# ---- HTTP/2 ------------------------------------------------------------------


def http2(gateway):
    context = ssl.create_default_context(cafile=str(gateway.ca))
    return httpx.Client(
        http2=True, http1=False, verify=context, base_url=gateway.base, timeout=30,
        trust_env=False,
    )


def answer_of(response):
    assert response.http_version == "HTTP/2"
    return bunq.Answer(
        response.status_code, response.headers.multi_items(), response.content
    )


def test_three_steps_over_http2(gateway):
    client = bunq.Client(gateway)
    with http2(gateway) as http:

        def call(method, path, body=b"", **kwargs):
            headers = client.headers(body, **kwargs)
            request = http.build_request(
                method, path, content=body or None, headers=headers
            )
            return answer_of(http.send(request))

        body = json.dumps({"client_public_key": bunq.public_pem(client.key)})
        answer = call("POST", "/v1/installation", body.encode(), token=None)
        bunq.assert_own_form(answer)
        assert answer.types == ["Id", "Token", "ServerPublicKey"]
        client.installation_token = answer.element("Token")["token"]
        pem = answer.element("ServerPublicKey")["server_public_key"]
        server_key = bunq.serialization.load_pem_public_key(pem.encode())

        answer = call("POST", "/v1/sandbox-user-person", token=None)
        secret = answer.element("ApiKey")["api_key"]
        body = json.dumps({"description": "h2", "secret": secret}).encode()
        bunq.assert_admitted(call("POST", "/v1/device-server", body), server_key)
        body = json.dumps({"secret": secret}).encode()
        answer = call("POST", "/v1/session-server", body)
        bunq.assert_admitted(answer, server_key)
        client.session_token = answer.element("Token")["token"]

        bunq.assert_admitted(call("GET", "/v1/user"), server_key)
        bunq.assert_admitted(call("POST", "/v1/x", b"\0" * 100_000), server_key)
        answer = call("GET", "/v1/user", signature=None)
        bunq.assert_refused(answer, 466, server_key=server_key)
        answer = call("GET", "/v1/user", token="0" * 64)
        bunq.assert_refused(answer, 401, server_key=False)
        answer = call("DELETE", "/v1/session/0")
        assert answer.body == b'{"Response":[]}'
        answer = call("GET", "/v1/user")
        bunq.assert_refused(answer, 401, reason="session-ended", server_key=server_key)


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_api_answers_over_http2(front, upstream, api_client, path, size, is_chunked):
    body = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    if is_chunked:
        pieces = [body[n : n + 10_000] for n in range(0, size, 10_000)]
        upstream.plan(path, chunked(pieces))
    else:
        upstream.plan(path, reply(body, headers=[JSON]))
    with http2(front) as http:
        for method in ("GET", "POST", "HEAD"):
            sent = b"" if method != "POST" else b"{}"
            if method == "HEAD" and is_chunked:
                continue
            if method == "HEAD":
                upstream.plan(path, reply(body).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            headers = api_client.headers(sent)
            headers[REQUEST_ID] = "a b"
            response = http.request(
                method, path, headers=headers, content=sent or None
            )
            answer = answer_of(response)
            bunq.assert_admitted(answer, api_client.server_key)
            assert answer.body == (b"" if method == "HEAD" else body)
            assert answer.header(REQUEST_ID) == "a b"


def test_streams_good_and_bad_at_once(gateway, client):
    other = bunq.ready(gateway, key_number=1)
    good = client.headers()
    mixed = {TOKEN: client.session_token, SIGNATURE: other.sign(b"")}
    unsigned = {TOKEN: client.session_token}
    unknown = {TOKEN: "0" * 64, SIGNATURE: client.sign(b"")}
    kinds = [(good, 200), (mixed, 400), (unsigned, 466), (unknown, 401), ({}, 401)]

    async def ask_all():
        context = ssl.create_default_context(cafile=str(gateway.ca))
        async with httpx.AsyncClient(
            http2=True, verify=context, base_url=gateway.base, timeout=30,
            trust_env=False,
        ) as http:
            cases = kinds * 20
            answers = await asyncio.gather(
                *(http.get("/v1/user", headers=headers) for headers, _ in cases)
            )
        for (_, status), response in zip(cases, answers):
            answer = answer_of(response)
            assert answer.status == status
            if status == 200:
                bunq.assert_admitted(answer, client.server_key)
                assert answer.element("UserPerson") == client.user
            elif status != 401:
                assert answer.is_signed_by(client.server_key)

    asyncio.run(ask_all())


class Http2Wire:
    """HTTP/2 with frames of our own choosing."""

    def __init__(self, gateway):
        self.wire = bunq.Wire(gateway, alpn=("h2",))
        assert self.wire.socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def flush(self):
        self.wire.send(self.h2.data_to_send())

    def start(self, method, target, headers=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        pseudo = [
            (":method", method),
            (":path", target),
            (":scheme", "https"),
            (":authority", "localhost"),
        ]
        lower = [(n.lower(), v) for n, v in headers]
        self.h2.send_headers(stream, pseudo + lower, end_stream=end)
        self.flush()
        return stream

    def data(self, stream, data, end=False):
        for start in range(0, len(data), 16384):
            self.h2.send_data(stream, data[start : start + 16384])
        if end:
            self.h2.end_stream(stream)
        self.flush()

    def answer(self, stream):
        """The answer on stream; None when it was reset or all is over."""
        status, headers, body = None, [], b""
        while True:
            try:
                data = self.wire.socket.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                if isinstance(event, h2.events.ConnectionTerminated):
                    return None
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    headers = [
                        (
                            n if isinstance(n, str) else n.decode("latin-1"),
                            v if isinstance(v, str) else v.decode("latin-1"),
                        )
                        for n, v in event.headers
                    ]
                    status = int(dict(headers)[":status"])
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    self.flush()
                    return bunq.Answer(status, headers, body)
                elif isinstance(event, h2.events.StreamReset):
                    return None
            self.flush()


def test_http2_body_without_a_length(gateway, client):
    body = b"x" * 50_000
    with Http2Wire(gateway) as wire:
        for sent, status in ((body, 200), (body + b"y", 400), (b"", 400)):
            stream = wire.start(
                "POST", "/v1/x", client.headers(body).items(), end=False
            )
            wire.data(stream, sent, end=True)
            answer = wire.answer(stream)
            assert answer.status == status
            assert answer.is_signed_by(client.server_key)


@pytest.mark.parametrize("name", [TOKEN, SIGNATURE])
def test_http2_duplicates_are_refused(gateway, client, name):
    headers = client.headers()
    with Http2Wire(gateway) as wire:
        twice = [*headers.items(), (name, headers[name])]
        answer = wire.answer(wire.start("GET", "/v1/user", twice))
    bunq.assert_refused(answer, 401 if name == TOKEN else 400)
    assert answer.reason in ("token-duplicate", "signature-malformed")


def test_http2_identity_cannot_be_spoofed(front, upstream, api_client, path):
    names = ["trivet-user-id", "trivet_user_id", "trivet.user.id", "trivet-admin"]
    headers = [*((n, "1") for n in names), *api_client.headers().items()]
    with Http2Wire(front) as wire:
        answer = wire.answer(wire.start("GET", path, headers))
    bunq.assert_admitted(answer, api_client.server_key)
    request = upstream.last(path)
    assert request.all("Trivet-User-Id") == [str(api_client.user["id"])]
    found = [n for n in request.names() if n.startswith("trivet")]
    assert len(found) == 5, found


def test_http2_stream_that_is_reset_in_its_body(gateway, client):
    with Http2Wire(gateway) as wire:
        for _ in range(20):
            headers = client.headers(b"x").items()
            stream = wire.start("POST", "/v1/x", headers, end=False)
            wire.data(stream, b"x" * 100)
            wire.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            wire.flush()
        answer = wire.answer(wire.start("GET", "/v1/user", client.headers().items()))
    bunq.assert_admitted(answer, client.server_key)


def test_http2_stream_that_is_reset_before_its_answer(
    front, upstream, api_client, path
):
    headers = api_client.headers().items()
    upstream.plan(path, reply(b"x" * 1_000_000, headers=[JSON]))
    with Http2Wire(front) as wire:
        for _ in range(20):
            stream = wire.start("GET", path, headers)
            wire.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            wire.flush()
        answer = wire.answer(wire.start("GET", "/v1/user", headers))
    bunq.assert_admitted(answer, api_client.server_key)


@pytest.mark.parametrize(
    "headers",
    [
        [("connection", "close")],
        [("transfer-encoding", "chunked")],
        [("content-length", "5")],
        [("content-length", "-1")],
        [("te", "gzip")],
        [("x\r\ny", "z")],
        [("x", "y\r\nTrivet-User-Id: 1")],
        [("x", "y\0z")],
        [(":path", "/v1/user")],
        [("host", "elsewhere")],
        [("", "x")],
        [("x" * 20_000, "y")],
    ],
    ids=lambda headers: repr(headers[0])[:30],
)
def test_http2_malformed_requests_do_no_harm(
    front, upstream, api_client, path, headers
):
    sent = [*headers, *api_client.headers().items()]
    with Http2Wire(front) as wire:
        try:
            answer = wire.answer(wire.start("GET", path, sent))
        except h2.exceptions.ProtocolError:
            answer = None
    if answer is not None and answer.status == 200:
        bunq.assert_admitted(answer, api_client.server_key)
        request = upstream.last(path)
        assert request.all("Trivet-User-Id") == [str(api_client.user["id"])]
    assert api_client.is_alive()


# ---- a connection that is kept -----------------------------------------------


def test_good_and_bad_requests_on_one_connection(gateway):
    client = bunq.ready(gateway, key_number=0)
    other = bunq.ready(gateway, key_number=1)
    body = b'{"a": 1}'
    good = client.headers(body)
    mixed = {**other.headers(), TOKEN: client.session_token}
    cases = [
        ("POST", "/v1/x", good, body, 200),
        ("POST", "/v1/x", good, body + b" ", 400),
        ("POST", "/v1/x", {**good, SIGNATURE: other.sign(body)}, body, 400),
        ("POST", "/v1/x", good, body, 200),
        ("POST", "/v1/x", {TOKEN: client.session_token}, body, 466),
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
            answer = wire.request("POST", "/v1/x", headers.items(), smuggled).answer()
            assert answer.status in (401, 466)
            answer = wire.request("GET", "/v1/user", client.headers().items()).answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.types == ["UserPerson"]


def test_pipelined_requests_are_answered_in_order(gateway, client):
    headers = client.headers().items()
    bad = {TOKEN: client.session_token}.items()
    with bunq.Wire(gateway) as wire:
        for number in range(10):
            wire.request("GET", f"/v1/a{number}", [*headers, (REQUEST_ID, f"{number}")])
            wire.request("GET", f"/v1/b{number}", [*bad, (REQUEST_ID, f"b{number}")])
            wire.request("POST", f"/v1/c{number}", [*headers], b"")
        for number in range(10):
            answer = wire.answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.header(REQUEST_ID) == str(number)
            assert answer.element("Identity")["path"] == f"/v1/a{number}"
            answer = wire.answer()
            bunq.assert_refused(answer, 466)
            assert answer.header(REQUEST_ID) == f"b{number}"
            answer = wire.answer()
            bunq.assert_admitted(answer, client.server_key)
            assert answer.element("Identity")["path"] == f"/v1/c{number}"


def test_requests_in_one_segment(gateway, client):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers(b"{}").items())
    one = f"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{lines}\r\n{{}}"
    with bunq.Wire(gateway) as wire:
        wire.send(one.encode() * 5)
        for _ in range(5):
            bunq.assert_admitted(wire.answer(), client.server_key)


def test_request_in_single_bytes(gateway, client):
    lines = "".join(f"{n}: {v}\r\n" for n, v in client.headers(b"{}").items())
    one = f"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{lines}\r\n{{}}"
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
        wire.request("POST", "/v1/x", headers)
        assert wire.line() == "HTTP/1.1 100 Continue"
        assert wire.line() == ""
        answer = wire.send(body).answer()
        bunq.assert_admitted(answer, client.server_key)
        assert answer.element("Identity")["body_length"] == len(body)


def test_expect_100_continue_with_a_request_that_is_refused(gateway):
    """Answered at once, or after the body; never hung."""
    headers = [("Expect", "100-continue"), ("Content-Length", "5")]
    with bunq.Wire(gateway) as wire:
        wire.request("POST", "/v1/x", headers)
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
    "two-lengths": b"POST /v1/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "negative-length": b"POST /v1/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: -2\r\n\r\n",
    "word-length": b"POST /v1/x HTTP/1.1\r\n" + HEAD + b"Content-Length: two\r\n\r\n",
    "plus-length": b"POST /v1/x HTTP/1.1\r\n" + HEAD + b"Content-Length: +2\r\n\r\n{}",
    "huge-length": b"POST /v1/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "length-and-chunks": b"POST /v1/x HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "other-coding": b"POST /v1/x HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity-coding": b"POST /v1/x HTTP/1.1\r\n"
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
    head = f"POST /v1/x HTTP/1.1\r\n{lines}\r\n"
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
            wire.request("POST", "/v1/x", headers).send(b"x" * length)
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
            wire.request("GET", "/v1/x", [(TOKEN, "0" * 64)])
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
