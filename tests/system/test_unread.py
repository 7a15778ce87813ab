# SPDX-License-Identifier: Apache-2.0
"""Bodies: what is not read, what is written to a disk, and how much of it"""
import contextlib
import os
import time

import pytest

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from gateway import wait_until
from http2 import Http2Wire
from nginx import TRIVET, Nginx, spooled
from upstream import JSON, reply

MIB = 1024 * 1024
CHUNKED = ("Transfer-Encoding", "chunked")
SMALL = TRIVET + "    trivet_temp_limit 2m;\n    trivet_answer_memory 0;\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory, front, upstream):
    """Two MiB of temporary files, one worker."""
    from gateway import Gateway

    data = tmp_path_factory.mktemp("small") / "data"
    with Gateway(data, "--upstream", upstream.url, "--sandbox") as made:
        made.close()
    with Nginx(data, upstream, trivet=SMALL, http="client_max_body_size 16m;",
               ) as nginx:
        yield nginx


def named(gateway):
    return [p for p in (gateway.data / "tmp").rglob("*") if p.is_file()]


def flood(gateway, headers, start=b"x" * 200_000, number=14):
    """Connections that each begin a body of 16 MiB, and do not end it."""
    wires = []
    for _ in range(number):
        wire = bunq.Wire(gateway)
        wire.request("POST", "/v1/echo/x", [*headers, ("Content-Length", str(16 * MIB))])
        with contextlib.suppress(OSError):
            wire.send(start)
        wires.append(wire)
    return wires


@pytest.mark.parametrize("kind", ["made-up", "installation", "ended"])
def test_a_body_of_nobody_is_refused_unread(front, upstream, api_client, kind):
    client = bunq.ready(front, key_number=1)
    if kind == "ended":
        client.call("DELETE", "/v1/session/0")
    token, status, reason = {
        "made-up": ("0" * 64, 401, "token-unknown"),
        "installation": (client.installation_token, 403, "token-wrong-kind"),
        "ended": (client.session_token, 401, "session-ended"),
    }[kind]
    headers = [(TOKEN, token), (SIGNATURE, client.sign(b"")), (REQUEST_ID, "q")]
    wires = flood(front, headers)
    try:
        for wire in wires:
            answer = wire.answer("POST")
            assert (answer.status, answer.reason) == (status, reason)
            assert answer.header(REQUEST_ID) == "q"
            if kind != "made-up":
                assert answer.is_signed_by(client.server_key)
        assert sum(spooled(front)) == 0
        assert named(front) == []
    finally:
        for wire in wires:
            wire.close()
    assert api_client.is_alive()


@pytest.mark.parametrize("kind", ["chunked", "length", "no signature"])
def test_refused_without_leave_to_send(front, api_client, kind):
    """Expect: 100-continue: the refusal is the first that comes."""
    token = api_client.session_token if kind == "no signature" else "0" * 64
    headers = [(TOKEN, token), ("Expect", "100-continue")]
    if kind != "no signature":
        headers.append((SIGNATURE, api_client.sign(b"")))
    length = CHUNKED if kind == "chunked" else ("Content-Length", "1000000")
    with bunq.Wire(front) as wire:
        wire.request("POST", "/v1/echo/x", [*headers, length])
        line = wire.line()
        assert " 466" in line if kind == "no signature" else " 401" in line, line


def test_leave_to_send_is_given_to_who_may(front, upstream, api_client):
    body = b"x" * 300_000
    with bunq.Wire(front) as wire:
        headers = [*api_client.headers(body).items(), ("Expect", "100-continue")]
        headers.append(("Content-Length", str(len(body))))
        wire.request("POST", "/v1/unread/expect", headers)
        assert " 100 " in wire.line() and wire.line() == ""
        answer = wire.send(body).answer("POST")
    bunq.assert_admitted(answer, api_client.server_key)
    assert upstream.last("/v1/unread/expect").body == body


def test_http2_body_of_nobody_is_refused_unread(front, api_client):
    headers = {**api_client.headers(b""), TOKEN: "0" * 64}.items()
    with Http2Wire(front) as wire:
        for length in ([], [("content-length", str(16 * MIB))]):
            stream = wire.start("POST", "/v1/echo/x", [*headers, *length], end=False)
            wire.data(stream, b"x" * 20_000)
            answer = wire.answer(stream)
            assert answer.reason == "token-unknown"
        body = b"y" * 60_000
        stream = wire.start("POST", "/v1/echo/x", api_client.headers(body).items(), end=False)
        wire.data(stream, body, end=True)
        bunq.assert_admitted(wire.answer(stream), api_client.server_key)
    assert sum(spooled(front)) == 0


@pytest.mark.parametrize("path", ["/v1/installation", "/v1/session-server"])
def test_own_calls_stop_reading_at_their_limit(front, api_client, path):
    headers = [CHUNKED, (SIGNATURE, "AAAA")]
    if path != "/v1/installation":
        headers.append((TOKEN, api_client.installation_token))
    with bunq.Wire(front) as wire:
        wire.request("POST", path, headers)
        wire.send(b"f00000\r\n")  # one chunk of 15 MiB
        sent = 0
        with contextlib.suppress(OSError):
            for _ in range(3):
                wire.send(b"x" * 30_000)
                sent += 1
        answer = wire.answer("POST")  # while the rest is still to come
    bunq.assert_refused(answer, 413, reason="body-too-large")
    assert sum(spooled(front)) == 0


def test_own_call_at_its_limit_is_read(front, api_client):
    body = b'{"secret": "x"}' + b" " * (65536 - 15)
    for size, status in ((65536, 400), (65537, 413)):
        data = (body + b" ")[:size]
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (size, data)
        headers = [*api_client.headers(data).items(), CHUNKED]
        headers = [(n, v) for n, v in headers if n != TOKEN]
        headers.append((TOKEN, api_client.installation_token))
        with bunq.Wire(front) as wire:
            answer = wire.request("POST", "/v1/session-server", headers, chunk).answer()
        assert answer.status == status, answer
        assert answer.reason == ("key-unknown" if status == 400 else "body-too-large")


def test_temporary_files_of_bodies_have_a_bound(small, upstream):
    client = bunq.ready(small)
    wires = []
    big = client.headers(b"").items()
    # longer than the bound: not even begun
    with bunq.Wire(small) as wire:
        wire.request("POST", "/v1/echo/x", [*big, ("Content-Length", str(3 * MIB))])
        bunq.assert_refused(wire.answer(), 503, None, "temp-full", client.server_key)
    # each within it, all together not
    reasons = []
    try:
        for _ in range(6):
            wire = bunq.Wire(small)
            wires.append(wire)
            wire.request("POST", "/v1/echo/x", [*big, CHUNKED])
            wire.send(b"100000\r\n")
            with contextlib.suppress(OSError):
                wire.send(b"x" * MIB + b"\r\n")
        assert wait_until(lambda: sum(spooled(small)) >= MIB)
        time.sleep(0.2)
        assert sum(spooled(small)) <= 2 * 2 * MIB  # two workers
        assert named(small) == []  # nothing stays behind a kill
        for wire in wires:
            wire.socket.settimeout(0.3)
            with contextlib.suppress(OSError, bunq.Truncated):
                reasons.append(wire.answer().reason)
    finally:
        for wire in wires:
            wire.close()
    assert reasons and set(reasons) == {"temp-full"}
    # and given back
    assert wait_until(lambda: sum(spooled(small)) == 0)
    body = b"y" * (3 * MIB // 2)
    answer = client.post("/v1/unread/after", body)
    bunq.assert_admitted(answer, client.server_key)


def test_temporary_files_of_answers_have_a_bound(small, upstream):
    client = bunq.ready(small)
    upstream.plan("/v1/unread/big", reply(b"x" * (3 * MIB), headers=[JSON]))
    upstream.plan("/v1/unread/fits", reply(b"x" * MIB, headers=[JSON]))
    for _ in range(5):
        answer = client.get("/v1/unread/big")
        bunq.assert_refused(answer, 503, None, "temp-full", client.server_key)
        answer = client.get("/v1/unread/fits")
        bunq.assert_admitted(answer, client.server_key)
        assert len(answer.body) == MIB
    assert named(small) == []
