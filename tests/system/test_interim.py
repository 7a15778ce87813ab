# SPDX-License-Identifier: Apache-2.0
"""Interim answers of the API are passed over; the final one is signed"""
import time

import pytest

import bunq
from http2 import Http2Wire
from upstream import JSON, chunked, closing, reply

FINAL = reply(b'{"final": 1}', headers=[JSON])
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"


def slowly(*parts):
    def answer(request, connection):
        for part in parts:
            connection.sendall(part)
            time.sleep(0.03)
        return True

    return answer


PASSED = {
    "103": HINTS + FINAL,
    "100": CONTINUE + FINAL,
    "102": PROCESSING + FINAL,
    "199": b"HTTP/1.1 199 X\r\n\r\n" + FINAL,
    "http-1.0": b"HTTP/1.0 103 X\r\n\r\n" + FINAL,
    "several": CONTINUE + PROCESSING * 3 + HINTS * 4 + FINAL,
    "in parts": slowly(CONTINUE, HINTS[:20], HINTS[20:], FINAL[:9], FINAL[9:]),
    "byte by byte": slowly(*[(HINTS + FINAL)[n : n + 11] for n in range(0, 150, 11)]),
    "wide": (HINTS[:-2] + b"X: " + b"y" * 3000 + b"\r\n\r\n") * 8 + FINAL,
    "empty": b"HTTP/1.1 103 X\r\nContent-Length: 0\r\n\r\n" + FINAL,
    "chunked": HINTS + chunked([b'{"final": 1}']),
    "cookies": HINTS[:-2] + b"Set-Cookie: early=1\r\n\r\n" + FINAL,
    "close": closing(HINTS + FINAL),
}


@pytest.mark.parametrize("case", list(PASSED))
def test_final_answer_is_signed(front, upstream, api_client, case):
    upstream.plan("/v1/interim", PASSED[case])
    for method in ("GET", "POST"):
        for _ in range(2):
            body = b"{}" if method == "POST" else b""
            answer = api_client.call(method, "/v1/interim", body)
            bunq.assert_admitted(answer, api_client.server_key)
            assert answer.body == b'{"final": 1}'
            assert answer.header("Link") is None
            assert answer.header("Set-Cookie") is None


def test_over_http2_and_bare(front, upstream, api_client):
    upstream.plan("/v1/interim", CONTINUE + HINTS + FINAL)
    with Http2Wire(front) as wire:
        headers = api_client.headers().items()
        answer = wire.answer(wire.start("GET", "/v1/interim", headers))
    bunq.assert_admitted(answer, api_client.server_key)
    with bunq.Wire(front) as wire:
        for _ in range(2):
            wire.request("GET", "/v1/interim", api_client.headers().items())
            assert wire.line() == "HTTP/1.1 200 OK"  # nothing before it
            while wire.line():
                pass
            assert wire.exactly(12) == b'{"final": 1}'


def endless(request, connection):
    for _ in range(5000):
        connection.sendall(HINTS)
    return False


HOSTILE = {
    "endless": endless,
    "nothing after it": closing(HINTS),
    "content": b"HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello" + FINAL,
    "chunks": b"HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + FINAL,
    "101": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + FINAL,
    "101 after 103": HINTS + b"HTTP/1.1 101 X\r\n\r\n" + FINAL,
    "099": b"HTTP/1.1 099 X\r\n\r\n" + FINAL,
    "000": b"HTTP/1.1 000 X\r\n\r\n" + FINAL,
    "no header after it": closing(HINTS + b"hello"),
    "broken": HINTS + b"HTTP/1.1 abc\r\n\r\n",
    "too wide": HINTS + b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000,
}


@pytest.mark.parametrize("case", list(HOSTILE))
def test_what_is_no_interim_answer_is_refused(front, upstream, api_client, case):
    upstream.plan("/v1/interim", HOSTILE[case])
    answer = api_client.get("/v1/interim")
    bunq.assert_refused(answer, 502, server_key=api_client.server_key)
    assert answer.body.startswith(b'{"Error"')
    assert b"final" not in answer.body
    upstream.plan("/v1/interim", FINAL)
    bunq.assert_admitted(api_client.get("/v1/interim"), api_client.server_key)
