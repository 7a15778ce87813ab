# SPDX-License-Identifier: Apache-2.0
"""Internal redirects: judged for what they lead to, by what the caller sent; a body
that is lost on the way is never taken for an empty one"""
import os

import pytest

import bunq
from bunq import SIGNATURE
from classic import Classic, request_bytes
from nginx import TRIVET
from upstream import JSON, closing, reply


def to(target):
    return reply(b"x", headers=[JSON, ("X-Accel-Redirect", target)])


# ---- bodies ------------------------------------------------------------------


def send(nginx, client, target, body, signed, *, sent=None, is_chunked=False):
    """A POST whose signature is over `signed`, which may break off; its answer."""
    headers = list(client.headers(b"", signature=client.sign(signed)).items())
    with bunq.Wire(nginx) as wire:
        if is_chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            text = b"%x\r\n%s\r\n" % (len(body), body) + b"0\r\n\r\n"
            wire.request("POST", target, headers, text if sent is None else sent)
        else:
            headers.append(("Content-Length", str(len(body))))
            wire.request("POST", target, headers)
            wire.send(body if sent is None else sent)
        return wire.answer("POST")


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("page", ["= /v1/page", "=200 /v1/page", "= @page"])
@pytest.mark.parametrize("size", [20, 2_000, 200_000])
def test_a_body_that_was_too_large_is_not_an_empty_one(
    start, upstream, page, is_chunked, size
):
    nginx = start(
        upstream,
        locations=f"location /small/ {{ client_max_body_size 10; error_page 413 {page};"
        f" proxy_pass {upstream.url}; }}"
        f" location @page {{ trivet_protect on; proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    before = len(upstream.requests)
    body = b"x" * size
    for signed in (b"", body, body[:10]):
        answer = send(nginx, client, "/small/x", body, signed, is_chunked=is_chunked)
        bunq.assert_refused(answer, answer.status)
        assert answer.status in (400, 413), answer
    assert len(upstream.requests) == before


@pytest.mark.parametrize("status", [400, 413])
def test_broken_chunks_are_not_a_whole_body(start, upstream, status):
    """What came before the fault is signed, rightly."""
    nginx = start(
        upstream,
        location=f"error_page {status} = /v1/page; client_body_timeout 1s;",
        locations=f"location /open/ {{ error_page {status} = /v1/page;"
        f" client_body_timeout 1s; proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    for target in ("/open/x", "/v1/x"):
        for sent in (b"5\r\nhello\r\nZZ\r\n", b"5\r\nhello\r\n-1\r\n"):
            for signed in (b"hello", b""):
                answer = send(
                    nginx, client, target, b"", signed, sent=sent, is_chunked=True
                )
                assert answer.status >= 400, answer
    assert not upstream.count("/v1/page")


def test_a_body_that_stops_coming(start, upstream):
    nginx = start(
        upstream,
        location="error_page 408 = /v1/page; client_body_timeout 1s;",
    )
    client = bunq.ready(nginx)
    with pytest.raises(bunq.Truncated):
        send(nginx, client, "/v1/x", b"hello", b"he", sent=b"he")
    assert not upstream.count("/v1/page")


@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_a_body_that_a_failed_proxy_consumed(start, upstream, size):
    """proxy_request_buffering off: it was read, passed on, and is gone."""
    nginx = start(
        upstream,
        locations="location /fails/ { proxy_request_buffering off;"
        f" error_page 502 = /v1/again; proxy_pass {upstream.url}; }}"
        " location /keeps/ { error_page 502 = /v1/kept;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    upstream.plan("/fails/x", closing(b""))
    upstream.plan("/keeps/x", closing(b""))
    body = b"x" * size
    for signed in {b"", body}:
        for is_chunked in (False, True) if size else (False,):
            before = upstream.count("/v1/again")
            answer = send(
                nginx, client, "/fails/x", body, signed, is_chunked=is_chunked
            )
            if signed != body:
                bunq.assert_refused(answer, answer.status)
                assert upstream.count("/v1/again") == before
            # what nginx kept is judged like any other body
            answer = send(
                nginx, client, "/keeps/x", body, signed, is_chunked=is_chunked
            )
            assert answer.status == (200 if signed == body else 400), answer


# ---- locations and calls -------------------------------------------------------


def test_a_redirect_within_the_location_is_looked_up(
    start, upstream, path
):
    """X-Accel-Redirect makes a GET of it: what is a call of ours then, is one."""
    nginx = start(upstream)
    client = bunq.ready(nginx)
    for target, status in (
        ("/v1/user", 200),
        ("/v1/installation", 200),
        ("/v1/session/0", 405),
        ("/v1/user/999999", 404),
        ("/v1/plain", 200),
    ):
        upstream.plan(path, to(target))
        before = upstream.count(target)
        answer = client.get(path)
        assert answer.status == status, answer
        assert status != 200 or answer.is_signed_by(client.server_key)
        assert upstream.count(target) == before + (target == "/v1/plain")
    assert client.is_alive()
    upstream.plan(path, to("/v1/user"))
    assert client.get(path).element("UserPerson")["id"] == client.user["id"]
    assert client.post(path, b"{}").element("UserPerson")["id"] == client.user["id"]


def test_try_files_leads_to_a_call(start, upstream):
    nginx = start(
        upstream,
        locations="location /old/ { trivet_protect on; try_files /none /v1/user; }"
        " location /ends/ { trivet_calls on; trivet_protect on;"
        " try_files /none /v1/session/0; }",
    )
    client = bunq.ready(nginx)
    answer = client.get("/old/x")
    assert answer.element("UserPerson")["id"] == client.user["id"]
    bunq.assert_refused(client.get("/old/x", signature=None), 466)
    bunq.assert_admitted(client.call("DELETE", "/ends/x"), client.server_key)
    assert not client.is_alive()
    assert upstream.count("/v1/session/0") == 0


def test_a_session_that_the_answer_ended_is_judged_anew(
    start, upstream, path, data
):
    nginx = start(upstream)
    client = bunq.ready(nginx)

    def end(request, connection):
        session = request.all("Trivet-Session-Id")[0]
        nginx.trivet("session", "end", session)
        connection.sendall(to("/v1/next"))
        return True

    upstream.plan(path, end)
    bunq.assert_refused(client.get(path), 401, reason="session-ended")
    assert upstream.count("/v1/next") == 0


# ---- the full signature ----------------------------------------------------------


@pytest.fixture
def classic(start, upstream, data):
    (data / "page").mkdir()
    (data / "page/page.txt").write_text("a page")
    os.chmod(data, 0o755)
    nginx = start(
        upstream,
        trivet=TRIVET.replace("strict", "classic"),
        location="error_page 502 = /other/sorry;",
        locations="location /tried/ { trivet_protect on; try_files /none @api; }"
        " location @api { trivet_protect on; trivet_require_signature all;"
        f" proxy_pass {upstream.url}; }}"
        f" location /other/ {{ trivet_protect on; proxy_pass {upstream.url}; }}"
        " location /moved/ { trivet_protect on; rewrite ^ /other/moved last; }"
        " location /page/ { internal; trivet_protect on; trivet_profile classic;"
        f" root {data}; }}",
    )
    client = Classic(nginx)
    client.install().register(client.make_user()).open()
    yield client
    os.chmod(data, 0o700)


def test_a_named_location_judges_what_was_signed(classic, upstream):
    for method in ("GET", "POST"):
        body = b"{}" if method == "POST" else b""
        answer = classic.call(method, "/tried/x?a=b", body)
        bunq.assert_admitted(answer, classic.server_key)
        request = upstream.last("/tried/x")
        assert request.method == method and request.body == body
        assert request.all("Trivet-User-Id") == [str(classic.user["id"])]
        assert not request.all(SIGNATURE)
    wrong = classic.sign(request_bytes("GET", "/tried/y", {}, b""))
    answer = classic.call("GET", "/tried/x", change={SIGNATURE: wrong})
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_error_pages_and_accel_judge_what_was_signed(classic, upstream):
    """The method becomes GET, the path another; signed was what was sent."""
    upstream.plan("/v1/fails", closing(b""))
    upstream.plan("/v1/page", to("/page/page.txt"))
    for method in ("GET", "POST", "PUT"):
        body = b"" if method == "GET" else b"{}"
        bunq.assert_admitted(
            classic.call(method, "/v1/fails", body), classic.server_key
        )
        assert upstream.last("/other/sorry").method == "GET"
        answer = classic.call(method, "/v1/page", body)
        bunq.assert_admitted(answer, classic.server_key)
        assert answer.body == b"a page"
        answer = classic.call(method, "/moved/x", body)
        bunq.assert_admitted(answer, classic.server_key)
        assert upstream.last("/other/moved").method == method
