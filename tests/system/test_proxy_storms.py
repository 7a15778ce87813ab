# SPDX-License-Identifier: Apache-2.0
"""Everything that the misbehaving server knows, through trivet proxy, with every
method; kill -9 in the middle of calls; slow callers, huge bodies, half requests"""
import http.client
import json
import random
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from gateway import wait_until
from proxy import assert_refused
from storm import storm

HERE = Path(__file__).parents[1]
SERVER = (HERE / "support/fake_server.py").read_text()
MIB = 1 << 20
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]

# What it can do wrong to a call, and what the caller gets then: statuses, of which
# those of the server's own come with its answer.
KINDS = {
    "401": {200}, "403": {200}, "429": {429}, "466": {466}, "490": {490},
    "491": {491}, "502": {502}, "400-key": {400}, "400-explained": {400},
    "wrong-signature": {502}, "no-signature": {502}, "other-key": {502},
    "garbage-signature": {502}, "short-signature": {502}, "changed-byte": {502},
    "redirect": {302}, "redirect-unsigned": {502},
    "lower-case": {200}, "odd-headers": {200}, "chunked": {200},
    "dropped": {200, 502}, "closed": {200, 502}, "truncated": {502, 503},
    "truncated-quietly": {502}, "half-head": {200, 502, 503}, "endless": {502},
    "closes-after": {200}, "slow": {200}, "last": {502, 503},
}
REASONS_OF_502 = {"answer-untrusted", "outcome-unknown", "answer-unusable"}


def test_all_kinds_are_here():
    """What the server's source and the client's tests name."""
    named = set(re.findall(r'kind == "([a-z0-9-]+)"', SERVER))
    for group in re.findall(r"kind in \(([^)]*)\)", SERVER):
        named |= set(re.findall(r'"([a-z0-9-]+)"', group))
    named |= set(re.findall(r'^        "([a-z0-9-]+)": \(4', SERVER, flags=re.M))
    for path in (HERE / "client").glob("test_*.py"):
        named |= set(re.findall(r'misbehave\(\s*"([a-z0-9-]+)"', path.read_text()))
    assert named <= set(KINDS), named - set(KINDS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_server_does(proxy_of, caller, server, method, kind):
    """No byte that is not verified; a call other than GET is made once, or again when
    it was refused; and it is told what it was."""
    proxy = proxy_of(caller, "--timeout", "3s")
    assert proxy.get("user").status == 200
    server.protocol.user_name = "Nobody may see this"
    server.protocol.misbehave(kind, "user", arg=1)
    answer = proxy.call(method, "user", None if method == "GET" else b"{}")
    assert answer.status in KINDS[kind], answer
    made = [m for m, p in server.protocol.calls if m == method and p.endswith("/user")]
    times = len(made) - (method == "GET")
    verified = answer.header("Trivet-Verified")
    if answer.reason:
        assert b"Nobody" not in answer.body and verified is None
        assert answer.header("X-Bunq-Client-Response-Id") is None
        assert answer.header("X-Bunq-Server-Signature") is None
        if answer.status == 502:
            assert answer.reason in REASONS_OF_502
        if method != "GET":
            assert answer.status == 502 and times == 1, answer
    elif verified == "no":
        assert answer.status in (429, 491, 502)
    else:
        assert verified == "yes"
    # A refusal (401, 403) was certainly not acted on: a new session, and once more.
    assert times == 1 or kind in ("401", "403") or method == "GET", made
    assert times <= 2
    if kind != "last":
        assert proxy.get("user").status == 200


def test_an_endless_answer_ends(proxy_of, caller, server):
    proxy = proxy_of(caller, "--timeout", "3s")
    server.protocol.misbehave("endless", "thing", arg=1)
    began = time.monotonic()
    answer = proxy.get("thing")
    assert answer.status in (502, 503, 504) and answer.reason
    assert time.monotonic() - began < 60
    assert proxy.get("user").status == 200


# ---- kill -9 ---------------------------------------------------------------------------


def ask_until_told(proxies, key):
    """As a careful program: the same again when the connection is lost, until there is
    an answer."""
    for _ in range(200):
        proxy = proxies[-1]
        try:
            answer = proxy.call("POST", "payment", json.dumps({"key": key}).encode(),
                                [("Trivet-Idempotency-Key", key)])
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        if answer.status not in (409, 429, 503, 504):
            return answer
        time.sleep(0.1)
    raise AssertionError(key)


@pytest.mark.parametrize("num", [2, pytest.param(12, marks=pytest.mark.long)])
def test_kill_9_again_and_again(proxy_of, caller, server, num):
    """Each payment is sent once at most, whoever was killed when; and what is told to
    be made was made."""
    server.protocol.misbehave("slow", "payment", times=-1, arg=0.1)
    proxies = [proxy_of(caller)]
    proxies[0].may_crash = True
    told, ends = {}, threading.Event()

    def pay(n):
        for m in range(1000):
            if ends.is_set():
                return
            key = f"{n}-{m}"
            told[key] = ask_until_told(proxies, key)

    def kill():
        try:
            for _ in range(num):
                seen = len(told)
                assert wait_until(lambda: len(told) > seen + 5, 60)
                time.sleep(random.random() / 5)
                proxies[-1].kill_all()
                proxies.append(proxy_of(caller))
                proxies[-1].may_crash = True  # its log is theirs, too
            seen = len(told)
            assert wait_until(lambda: len(told) > seen + 8, 60)
        finally:
            ends.set()

    storm(8, pay, kill)
    made = [json.loads(body)["key"] for _, path, _, body in server.protocol.requests
            if path.endswith("/payment")]
    assert len(made) == len(set(made)), sorted(made)
    for key, answer in told.items():
        if answer.status == 200:
            assert key in made and answer.header("Trivet-Verified") == "yes"
        else:
            assert (answer.status, answer.reason) == (502, "outcome-unknown"), answer
    assert sum(answer.status == 200 for answer in told.values()) > 10


# ---- slow callers, huge bodies, half requests --------------------------------------------


def send_slowly(proxy, text, pause=0.02):
    with proxy.socket() as own:
        for at in range(0, len(text), 3):
            own.sendall(text[at:at + 3])
            time.sleep(pause)
        return b"".join(iter(lambda: own.recv(65536), b""))


def test_slow_callers_keep_nobody_waiting(proxy, server):
    body = b'{"slow": true}'
    text = (b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body
    answers, quick = [], []
    threads = [threading.Thread(target=lambda: answers.append(send_slowly(proxy, text)))
               for _ in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        quick.append(proxy.get("user").status)
    assert len(answers) == 40 and all(a.startswith(b"HTTP/1.1 200") for a in answers)
    assert all(a.endswith(body) for a in answers)
    assert len(quick) > 3 and set(quick) == {200}


def test_slow_readers_keep_nobody_waiting(proxy, server):
    """They have asked for more than fits the sockets, and read nothing."""
    body = json.dumps({"text": "x" * (4 * MIB)}).encode()
    assert proxy.post("echo", body).body == body
    idle = []
    for _ in range(12):
        own = proxy.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        own.sendall(b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
                    b"\r\n" % len(body) + body)
        idle.append(own)
    for _ in range(20):
        assert proxy.get("user").status == 200
    for own in idle:
        own.close()
    assert proxy.get("user").status == 200


@pytest.mark.parametrize("size,status", [(16 * MIB, 200), (16 * MIB + 1, 413)])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_huge_bodies(proxy, server, size, status, is_chunked):
    body = b"x" * size
    num = len(server.protocol.calls)
    try:
        if is_chunked:
            text = b"%x\r\n" % (size // 2) + body[:size // 2] + b"\r\n" \
                + b"%x\r\n" % (size - size // 2) + body[size // 2:] + b"\r\n0\r\n\r\n"
            answer = proxy.call("POST", "echo", text, [("Transfer-Encoding", "chunked")])
        else:
            answer = proxy.post("echo", body)
    except (BrokenPipeError, ConnectionResetError):
        assert status == 413  # refused while it was still being sent
        assert len(server.protocol.calls) == num
        return
    assert answer.status == status, answer
    if status == 200:
        assert answer.body == body and answer.header("Trivet-Verified") == "yes"
    else:
        assert_refused(answer, 413, "body-too-large")
        assert len(server.protocol.calls) == num


def test_huge_bodies_at_once(proxy, server):
    body = b"y" * (8 * MIB)
    assert {a.status for a in storm(6, lambda n: proxy.post("echo", body))} == {200}


HALVES = [
    b"", b"G", b"GET /v1/user HTT", b"GET /v1/user HTTP/1.1\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123456789",
    b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab",
    b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab"
    b"\r\n",
]


@pytest.mark.parametrize("half", range(len(HALVES)))
def test_half_requests_make_no_call(proxy, server, half):
    num = len(server.protocol.calls)
    for is_reset in (False, True):
        own = proxy.socket()
        own.sendall(HALVES[half])
        if is_reset:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           b"\x01\x00\x00\x00\x00\x00\x00\x00")
        else:
            own.shutdown(socket.SHUT_WR)
        own.close()
    assert proxy.get("user").status == 200
    assert len(server.protocol.calls) == num + 1


# ---- one request is one call: nothing is smuggled -------------------------------------------

SMUGGLED = b"POST /v1/payment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\n"

TWO_LENGTHS = {
    "both": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "both, the other order": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 300\r\n",
    "the same length twice": b"Content-Length: 4\r\nContent-Length: 4\r\n",
    "a list": b"Content-Length: 4, 4\r\n",
    "a sign": b"Content-Length: +4\r\n",
    "hexadecimal": b"Content-Length: 0x4\r\n",
    "a blank before the colon": b"Content-Length : 4\r\n",
    "another encoding": b"Transfer-Encoding: gzip, chunked\r\n",
    "an encoding that is none": b"Transfer-Encoding: xchunked\r\n",
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
    "a tab": b"Transfer-Encoding:\tchunked\x0b\r\n",
    "a folded line": b"Transfer-Encoding:\r\n chunked\r\n",
    "a bare CR": b"X: a\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
}


@pytest.mark.parametrize("kind", TWO_LENGTHS)
def test_a_request_of_two_lengths_is_none(proxy, server, kind):
    """Whatever comes of it, what stands in its body is never a call."""
    with proxy.socket() as own:
        own.sendall(HEAD + TWO_LENGTHS[kind] + b"\r\n0\r\n\r\n" + SMUGGLED)
        own.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: own.recv(65536), b""))
    statuses = re.findall(rb"HTTP/1\.1 (\d{3})", got)
    echoes = [r for r in server.protocol.requests if r[1].endswith("/echo")]
    if statuses and statuses[0] == b"400":
        assert len(statuses) == 1, got
        assert not echoes and server.protocol.count("/payment") == 0
        return
    # It was read in one way: what is behind it is a request of its own, and what was
    # sent on has one length alone.
    assert len(echoes) <= 1, got
    for _, _, headers, body in echoes:
        assert "transfer-encoding" not in headers
        assert headers.get("content-length", "0") == str(len(body))
        assert b"payment" not in body or server.protocol.count("/payment") == 0


@pytest.mark.parametrize("line", [
    b"GET http://evil.example/v1/user HTTP/1.1\r\nHost: localhost\r\n",
    b"GET http://localhost/v1/user HTTP/1.1\r\nHost: evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost.evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost@evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost:\r\n",
    b"GET /v1/user HTTP/1.1\r\n",
    b"GET /v1/user HTTP/1.0\r\n",
    b"GET /v1/../v1/user HTTP/1.1\r\nHost: evil.example\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n",
])
def test_a_page_reaches_nothing(proxy, server, line):
    num = len(server.protocol.calls)
    with proxy.socket() as own:
        own.sendall(line + b"Connection: close\r\n\r\n")
        got = b"".join(iter(lambda: own.recv(65536), b""))
    assert re.match(rb"HTTP/1\.1 (400|403)", got), got
    assert len(server.protocol.calls) == num


@pytest.mark.parametrize("target", [
    "//evil.example/v1/user", "/v1/..//evil.example/x", "/v1/%2e%2e/x",
    "/v1/user%0d%0aX-Injected:%20yes", "/v1/user;x=y", "/v1/@evil.example/",
    "/v1/https://evil.example/v1/user", "/v1/./user", "/V1/user", "/v1", "/v1/%00",
    "/v1/%2e%2e/%2e%2e/x", "/v1/%", "/-/error"])
def test_a_path_leads_to_the_server_and_below(proxy, server, target):
    """What is called has that path, on the server of the context, or nothing is."""
    num = len(server.protocol.requests)
    answer = proxy.call("GET", target)
    made = server.protocol.requests[num:]
    assert all(path.startswith("/v1/") for _, path, _, _ in made), made
    assert all("x-injected" not in headers and headers["host"].startswith("localhost:")
               for _, _, headers, _ in made)
    if not made:
        assert answer.reason, answer


def test_what_is_between_neighbours_stays_there(proxy, server):
    """Both ways; and a caller's own token and signature count for nothing."""
    server.protocol.headers = [
        ("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=1"),
        ("Transfer-Coding", "x"), ("Trailer", "X"), ("Upgrade", "h2c"),
        ("Trivet-Receipt", "7"), ("Trivet-Repeated", "yes"), ("Trivet-Replayed", "yes"),
        ("Proxy-Authenticate", "Basic"), ("Alt-Svc", "h3=x"), ("X-Kept", "1")]
    answer = proxy.call("GET", "user", headers=[
        ("X-Bunq-Client-Authentication", "mine"), ("X-Bunq-Client-Signature", "mine"),
        ("x-bunq-client-authentication", "mine")])
    names = {name.lower() for name, _ in answer.headers}
    assert answer.status == 200 and "x-kept" in names
    assert not names & {"x-hop", "keep-alive", "trailer", "upgrade", "trivet-receipt",
                        "trivet-repeated", "trivet-replayed", "proxy-authenticate",
                        "alt-svc"}, answer
    headers = server.protocol.requests[-1][2]
    assert "mine" not in headers.values()
