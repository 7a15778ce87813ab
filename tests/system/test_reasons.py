# SPDX-License-Identifier: Apache-2.0
"""What is answered before a request is judged: its reason, signature and id"""
import subprocess

import pytest

import bunq
from bunq import REQUEST_ID, TOKEN
from gateway import Gateway
from http2 import Http2Wire
from nginx import TRIVET, Nginx
from upstream import JSON, reply

MIB = 1024 * 1024
HUGE = ("X-Huge", "y" * 9000)
CASES = {
    "405": ("PATCH", "/v1/installation", [], 405, "method-not-allowed"),
    "405-trace": ("TRACE", "/v1/user", [], 405, "method-not-allowed"),
    "413": ("POST", "/v1/echo/x", [("Content-Length", "99999999")], 413, "body-too-large"),
    "413-own": (
        "POST", "/v1/session-server", [("Content-Length", "99999")], 413,
        "body-too-large",
    ),
    "400-length": ("POST", "/v1/echo/x", [("Content-Length", "x")], 400, "bad-request"),
    "400-host": ("GET", "/v1/echo/x", [("Host", "again")], 400, "bad-request"),
    "431": ("GET", "/v1/echo/x", [HUGE], 431, "headers-too-large"),
    "431-many": (
        "GET", "/v1/echo/x", [(f"X-{n}", "y" * 7000) for n in range(9)], 431,
        "headers-too-large",
    ),
}


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("is_known", [True, False])
def test_signed_and_echoed_where_the_token_is_known(front, api_client, case, is_known):
    method, target, more, status, reason = CASES[case]
    token = api_client.session_token if is_known else "0" * 64
    with bunq.Wire(front) as wire:
        headers = [(REQUEST_ID, "an id"), (TOKEN, token), *more]
        answer = wire.request(method, target, headers).answer()
    key = api_client.server_key if is_known else False
    bunq.assert_refused(answer, status, reason=reason, server_key=key)
    assert answer.header(REQUEST_ID) == "an id"


def test_signed_over_http2(front, api_client):
    key = api_client.server_key
    headers = [(TOKEN, api_client.session_token), (REQUEST_ID, "i")]
    with Http2Wire(front) as wire:
        more = [("content-length", "99999999")]
        answer = wire.answer(wire.start("POST", "/v1/echo/x", headers + more, end=False))
        bunq.assert_refused(answer, 413, reason="body-too-large", server_key=key)
        assert answer.header(REQUEST_ID) == "i"
        answer = wire.answer(wire.start("PATCH", "/v1/installation", headers))
        bunq.assert_refused(answer, 405, server_key=key)
    with Http2Wire(front) as wire:  # nginx ends the connection
        answer = wire.answer(wire.start("GET", "/v1/echo/x", [*headers, ("x", "y" * 40000)]))
    assert answer is None


def test_nothing_is_known_where_the_request_line_is_broken(front):
    for line, status in ((b"GET /v1/echo/x", 400), (b"GET /" + b"x" * 9000, 414)):
        with bunq.Wire(front) as wire:
            answer = wire.send(line + b" HTTP/1.1\x01\r\nHost: x\r\n\r\n").answer()
        bunq.assert_refused(answer, status, server_key=False)


def test_a_full_disk_has_a_reason_of_its_own(tmp_path, upstream):
    """A file system of one MiB, in a mount namespace of the test's own."""
    upstream.plan("/v1/reasons/big", reply(b"x" * (3 * MIB), headers=[JSON]))
    data = tmp_path / "data"
    with Gateway(data, "--sandbox", "--upstream", upstream.url):
        pass
    tight = tmp_path / "tight"
    tight.mkdir()
    nginx = Nginx(
        data, upstream, 
        trivet=TRIVET + f"trivet_answer_memory 0; trivet_temp_path {tight}/answers;",
        http="client_max_body_size 16m;",
        location=f"client_body_temp_path {tight}/bodies;",
    )
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tight)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("may not mount")
    nginx.may_crash = True  # nginx says [crit], not [alert]
    try:
        with nginx:
            client = bunq.ready(nginx)
            for _ in range(2):
                answer = client.get("/v1/reasons/big")
                bunq.assert_refused(
                    answer, 503, None, "temp-failed", client.server_key
                )
                answer = client.post("/v1/reasons/x", b"y" * (3 * MIB))
                bunq.assert_refused(
                    answer, 503, None, "temp-failed", client.server_key
                )
            body = b"y" * 300_000
            answer = client.post("/v1/reasons/x", body)
            bunq.assert_admitted(answer, client.server_key)
    finally:
        subprocess.run(["umount", "-l", str(tight)], check=True)
