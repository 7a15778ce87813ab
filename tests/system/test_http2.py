# SPDX-License-Identifier: Apache-2.0
"""HTTP/2: the calls, streams side by side, and malformed requests"""
import asyncio
import json
import ssl

import h2.config
import httpx
import pytest

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from http2 import Http2Wire
from upstream import JSON, chunked, reply


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
        bunq.assert_admitted(call("POST", "/v1/echo/x", b"\0" * 100_000), server_key)
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


def test_http2_body_without_a_length(gateway, client):
    body = b"x" * 50_000
    with Http2Wire(gateway) as wire:
        for sent, status in ((body, 200), (body + b"y", 400), (b"", 400)):
            stream = wire.start(
                "POST", "/v1/echo/x", client.headers(body).items(), end=False
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
            stream = wire.start("POST", "/v1/echo/x", headers, end=False)
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
