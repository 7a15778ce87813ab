# SPDX-License-Identifier: Apache-2.0
"""The module beside what an operator writes into nginx.conf: limits and locations"""
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

import bunq
from gateway import wait_until
from nginx import TEXT, TRIVET, is_whole, spooled
from upstream import JSON, chunked, reply


# ---- limits ------------------------------------------------------------------


def test_small_answer_limit(start, upstream, path):
    nginx = start(upstream, location="trivet_answer_limit 1k;")
    client = bunq.ready(nginx)
    for size, is_good in ((0, True), (1023, True), (1024, True), (1025, False)):
        for make in (reply, lambda b: chunked([b[:9], b[9:]] if b else [])):
            upstream.plan(path, make(b"x" * size))
            answer = client.get(path)
            if is_good:
                is_whole(answer, client, b"x" * size)
            else:
                bunq.assert_refused(
                    answer, 502, None, "upstream-too-large", client.server_key
                )
    is_whole(client.get("/v1/user"), client)  # our own answers are not limited


# The sizes of chunks of that memory are 64k.
@pytest.mark.parametrize("memory", ["0", "64k", "128k", "64m"])
@pytest.mark.parametrize("buffer", ["0", "1k", "4k", "16k"])
def test_answers_are_whole_wherever_they_are_kept(start, upstream, path, buffer, memory):
    nginx = start(
        upstream,
        trivet=TRIVET + f"trivet_answer_memory {memory};",
        location=f"trivet_answer_buffer {buffer};",
    )
    client = bunq.ready(nginx)
    for size in (0, 1, 1023, 1024, 1025, 4095, 4096, 4097, 16384, 16385, 300_000):
        body = bytes(n % 251 for n in range(size))
        for make in (
            reply,
            lambda b: chunked([b[n : n + 333] for n in range(0, len(b), 333)]),
        ):
            upstream.plan(path, make(body))
            is_whole(client.get(path), client, body)


def test_memory_of_answers_is_bounded_and_given_back(start, upstream, path):
    """Three answers that wait for their ends, and two workers that have memory
    for one: at least one is in a file, and at least one is in memory."""
    body = bytes(n % 253 for n in range(500_000))
    go_on = Event()

    def half(request, connection):
        whole = reply(body)
        connection.sendall(whole[:450_000])
        go_on.wait(20)
        connection.sendall(whole[450_000:])
        return True

    nginx = start(upstream, trivet=TRIVET + "trivet_answer_memory 512k;")
    client = bunq.ready(nginx)
    upstream.plan(path, half)
    for _ in range(2):
        assert not spooled(nginx)
        with ThreadPoolExecutor(3) as pool:
            answers = [pool.submit(client.get, path) for _ in range(3)]
            assert wait_until(lambda: spooled(nginx))
            assert len(spooled(nginx)) < 3
            go_on.set()
            for answer in answers:
                is_whole(answer.result(), client, body)
        go_on.clear()
        assert wait_until(lambda: not spooled(nginx))


def test_slow_api_is_a_clear_504(start, upstream, path):
    nginx = start(upstream, location="proxy_read_timeout 500ms;")
    client = bunq.ready(nginx)

    def never(request, connection):
        connection.recv(1)
        return False

    upstream.plan(path, never)
    bunq.assert_refused(
        client.get(path),
        504,
        "The API did not answer in time.",
        "upstream-timeout",
        client.server_key,
    )

    def half(request, connection):
        connection.sendall(reply(TEXT, headers=[JSON])[:-5])
        return never(request, connection)

    upstream.plan(path, half)
    answer = client.get(path)
    assert answer.status in (502, 504)
    bunq.assert_refused(answer, answer.status, server_key=client.server_key)


def test_slow_client_is_a_clear_408_or_just_closed(start):
    nginx = start(http="client_body_timeout 500ms; client_header_timeout 500ms;")
    client = bunq.ready(nginx)
    with bunq.Wire(nginx) as wire:
        headers = [*client.headers(b"xx").items(), ("Content-Length", "2")]
        wire.request("POST", "/v1/x", headers).send(b"x")
        try:
            answer = wire.answer()
        except bunq.Truncated:
            answer = None
    if answer is not None:
        bunq.assert_refused(answer, 408, reason="request-timeout")
    assert client.from_address(None).is_alive()


def test_rate_limit_of_nginx_is_a_clear_429(start, upstream, path):
    nginx = start(
        upstream,
        http="limit_req_zone $request_uri zone=r:1m rate=1r/m; limit_req_status 429;",
        locations=f"location {path} {{ trivet_protect on; limit_req zone=r;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    is_whole(client.get(path), client)
    for _ in range(3):
        answer = client.get(path)
        bunq.assert_refused(
            answer, 429,
            "Too many requests. You can do a maximum of 3 calls per 3 second to this"
            " endpoint.",
            "too-many-requests", client.server_key,
        )
    assert upstream.count(path) == 1


def test_access_rules_of_nginx_still_hold(start, upstream, path):
    nginx = start(upstream, location="deny 127.0.0.2;")
    client = bunq.ready(nginx, permitted_ips=["*"])
    is_whole(client.get(path), client)
    answer = client.from_address("127.0.0.2").get(path)
    bunq.assert_refused(answer, 403, reason="forbidden")
    assert upstream.count(path) == 1
    assert client.from_address("127.0.0.3").get(path, token=None).status == 401


# ---- locations ---------------------------------------------------------------


def test_current_profile_with_signatures_where_the_operator_asks(start, upstream):
    nginx = start(
        upstream,
        trivet=TRIVET.replace("strict", "current"),
        locations="location /v1/payments/ { trivet_protect on;"
        f" trivet_require_signature all; proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    for signature in (None, "nonsense", client.sign(b"x")):
        answer = client.post("/v1/other", b"{}", signature=signature)
        is_whole(answer, client)
    seen = len(upstream.requests)
    answer = client.post("/v1/payments/1", b"{}", signature=None)
    bunq.assert_refused(answer, 466, reason="signature-missing")
    assert answer.is_signed_by(client.server_key)
    answer = client.post("/v1/payments/1", b"{}", signature=client.sign(b"x"))
    bunq.assert_refused(answer, 400, reason="signature-wrong")
    assert len(upstream.requests) == seen
    is_whole(client.post("/v1/payments/1", b"{}"), client)


def test_protection_is_inherited_and_can_be_taken_back(start, upstream):
    nginx = start(
        upstream,
        server="trivet_protect on;",
        locations=f"location /inner/ {{ proxy_pass {upstream.url};"
        " location /inner/open/ { trivet_protect off;"
        f" proxy_pass {upstream.url}; }} }}",
    )
    client = bunq.ready(nginx)
    assert client.get("/inner/x", token=None).status == 401
    is_whole(client.get("/inner/x"), client)
    answer = client.get("/inner/open/x", token=None)
    assert answer.status == 200
    assert answer.signature is None


def test_profiles_can_differ_by_location(start, upstream):
    nginx = start(
        upstream,
        locations="location /v1/lax/ { trivet_protect on; trivet_profile current;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    assert client.get("/v1/x", signature=None).status == 466
    is_whole(client.get("/v1/lax/x", signature=None), client)
    assert client.get("/v1/lax/x", token=None).status == 401


def test_calls_without_protection_pass_nothing_on(start, upstream):
    nginx = start(
        upstream,
        locations="location /calls/ { }"
        " location /v1/installation { trivet_calls on; }",
    )
    client = bunq.ready(nginx)
    assert client.get("/v1/installation/whatever").status in (404, 405)


def test_files_are_signed(start, data):
    files = data / "files"
    files.mkdir()
    os.chmod(data, 0o755)
    contents = {
        "empty": b"",
        "small.json": TEXT,
        "large.bin": os.urandom(3_000_000),
    }
    for name, content in contents.items():
        (files / name).write_bytes(content)
    nginx = start(
        http="sendfile on; gzip on; gzip_types *; gzip_static on;",
        locations=f"location /files/ {{ trivet_protect on; root {data}; }}"
        f" location /aio/ {{ trivet_protect on; alias {files}/;"
        " aio threads; directio 512; sendfile off; }",
    )
    client = bunq.ready(nginx)
    for folder in ("files", "aio"):
        for name, content in contents.items():
            target = f"/{folder}/{name}"
            assert client.get(target, token=None).status == 401
            assert client.get(target, signature=None).status == 466
            is_whole(client.get(target), client, content)
            headers = {"Range": "bytes=0-3", "Accept-Encoding": "gzip"}
            is_whole(client.get(target, headers=headers), client, content)
            head = client.call("HEAD", target)
            assert head.status == 200 and head.is_signed_by(client.server_key)
            etag = client.get(target).header("ETag")
            answer = client.get(target, headers={"If-None-Match": etag})
            assert answer.status == 304
            assert answer.is_signed_by(client.server_key)
        answer = client.get(f"/{folder}/none")
        bunq.assert_refused(answer, 404, server_key=client.server_key)
    os.chmod(data, 0o700)


def test_error_pages_of_the_operator(start, upstream, path):
    nginx = start(
        upstream,
        location="proxy_intercept_errors on; error_page 404 = @own;",
        locations='location @own { trivet_protect on; default_type text/plain;'
        ' return 200 "own page"; }',
    )
    client = bunq.ready(nginx)
    upstream.plan(path, reply(b"no", "404 Not Found"))
    answer = client.get(path)
    bunq.assert_response_id(answer)
    if answer.status == 200:
        is_whole(answer, client, b"own page")
    assert client.get(path, token=None).status == 401


def test_x_accel_redirect_into_a_protected_place(start, upstream, path, data):
    (data / "secret.txt").write_text("a file")
    os.chmod(data, 0o755)
    nginx = start(
        upstream,
        locations="location /secret.txt { internal; trivet_protect on;"
        f" root {data}; }}"
        f" location /plain/ {{ proxy_pass {upstream.url}/v1/plain/; }}",
    )
    client = bunq.ready(nginx)
    plan = reply(b"x", headers=[JSON, ("X-Accel-Redirect", "/secret.txt")])
    upstream.plan(path, plan)
    is_whole(client.get(path), client, b"a file")
    upstream.plan("/v1/plain/x", plan)
    answer = client.get("/plain/x", token=None)
    assert answer.status == 401, answer  # the place that it leads to is protected
    assert client.get("/secret.txt").status == 404
    os.chmod(data, 0o700)
