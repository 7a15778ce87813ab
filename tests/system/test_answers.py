# SPDX-License-Identifier: Apache-2.0
"""The API's answers: signed over the exact bytes that a client gets, or refused"""
import gzip
import hashlib
import os
import re
import time
from pathlib import Path

import pytest

import bunq
from gateway import IS_SANITIZED, Gateway, free_port
from storm import storm
from upstream import JSON, chunked, closing, reply, unsized

LIMIT = 16 * 1024 * 1024
BINARY = ("Content-Type", "application/octet-stream")


def noise(size):
    """Bytes that look random and are the same each time."""
    seed = hashlib.sha256(b"noise").digest()
    block = b"".join(
        hashlib.sha256(seed + n.to_bytes(4, "big")).digest() for n in range(2048)
    )
    return (block * (size // len(block) + 1))[:size]


def cut(body, size):
    return [body[n : n + size] for n in range(0, len(body), size)]


def slowly(data, piece, pause_s):
    """Sends data in pieces, with pauses."""

    def answer(request, connection):
        for part in cut(data, piece):
            connection.sendall(part)
            time.sleep(pause_s)
        return True

    return answer


# ---- every form of an answer -------------------------------------------------

TEXT = b'{"Response":[{"Id":{"id":1}}]}'
PRETTY = b'{\r\n    "Response": [\t{"Id": {"id": 1}}]\n}\n\n'
DATA = noise(100_000)

FORMS = {
    "sized": (reply(TEXT, headers=[JSON]), TEXT),
    "pretty": (reply(PRETTY, headers=[JSON]), PRETTY),
    "chunked": (chunked([TEXT]), TEXT),
    "small-chunks": (chunked(cut(TEXT, 1)), TEXT),
    "many-chunks": (chunked(cut(DATA, 777), [BINARY]), DATA),
    "chunk-extension": (
        reply(headers=[JSON, ("Transfer-Encoding", "chunked")], size=False)
        + b"5;a=b\r\n[1,2]\r\n0;c\r\n\r\n",
        b"[1,2]",
    ),
    "trailer": (chunked([TEXT], end=b"0\r\nX-Trailer: y\r\n\r\n"), TEXT),
    "no-chunks": (chunked([]), b""),
    "unsized": (unsized(TEXT), TEXT),
    "unsized-long": (unsized(DATA, [BINARY]), DATA),
    "unsized-empty": (unsized(b""), b""),
    "empty": (reply(b"", headers=[JSON]), b""),
    "binary": (reply(DATA, headers=[BINARY]), DATA),
    "all-bytes": (reply(bytes(range(256)), headers=[BINARY]), bytes(range(256))),
    "nul": (reply(b"\0", headers=[BINARY]), b"\0"),
    "no-type": (reply(TEXT), TEXT),
    "html": (reply(b"<p>x</p>", headers=[("Content-Type", "text/html")]), b"<p>x</p>"),
    "utf-8": (reply("é😀".encode(), headers=[JSON]), "é😀".encode()),
    "http-1.0": (
        closing(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + TEXT),
        TEXT,
    ),
    "identity": (
        reply(TEXT, headers=[JSON, ("Content-Encoding", "identity")]),
        TEXT,
    ),
    "slow": (slowly(chunked(cut(TEXT, 3)), 5, 0.01), TEXT),
    "slow-head": (slowly(reply(TEXT, headers=[JSON]), 7, 0.005), TEXT),
    "unbuffered": (reply(TEXT, headers=[JSON, ("X-Accel-Buffering", "no")]), TEXT),
    "unbuffered-chunks": (
        slowly(chunked(cut(TEXT, 5), [JSON, ("X-Accel-Buffering", "no")]), 20, 0.02),
        TEXT,
    ),
    "unbuffered-unsized": (
        unsized(DATA, [BINARY, ("X-Accel-Buffering", "no")]),
        DATA,
    ),
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_answer_is_signed_over_the_bytes_that_arrive(
    upstream, api_client, path, form, method
):
    answer, body = FORMS[form]
    upstream.plan(path, answer)
    for _ in range(2):
        got = api_client.call(method, path, b"" if method == "GET" else b"{}")
        bunq.assert_admitted(got, api_client.server_key)
        assert got.body == body


@pytest.mark.parametrize("form", list(FORMS))
def test_head_is_signed_as_the_empty_body_it_has(upstream, api_client, path, form):
    answer, body = FORMS[form]
    if isinstance(answer, bytes):
        answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        upstream.plan(path, answer)
        got = api_client.call("HEAD", path)
        bunq.assert_admitted(got, api_client.server_key)
        assert got.body == b""


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_that_never_have_a_body(front, upstream, api_client, path, status):
    upstream.plan(path, reply(status=status, headers=[("ETag", '"a"')], size=False))
    headers = [*api_client.headers().items(), ("If-None-Match", '"a"')]
    with bunq.Wire(front) as wire:
        for _ in range(2):  # the connection stays in step
            answer = wire.request("GET", path, headers).answer()
            assert answer.status == int(status[:3])
            assert answer.is_signed_by(api_client.server_key)
            assert answer.header("ETag") == '"a"'


SIZES = [
    0,
    1,
    2,
    4095,
    4096,
    4097,
    8192,
    32767,
    32768,
    65535,
    65536,
    65537,
    131072,
    1_000_000,
    LIMIT - 1,
    LIMIT,
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["sized", "chunked", "unsized"])
def test_every_size_up_to_the_limit(upstream, api_client, path, size, form):
    body = noise(size)
    upstream.plan(
        path,
        {
            "sized": lambda: reply(body, headers=[BINARY]),
            "chunked": lambda: chunked(cut(body, 50_000), [BINARY]),
            "unsized": lambda: unsized(body, [BINARY]),
        }[form](),
    )
    answer = api_client.get(path)
    bunq.assert_admitted(answer, api_client.server_key)
    assert len(answer.body) == size
    assert answer.body == body


@pytest.mark.parametrize("form", ["sized", "chunked", "unsized"])
def test_one_byte_over_the_limit(upstream, api_client, path, form):
    body = noise(LIMIT + 1)
    upstream.plan(
        path,
        {
            "sized": lambda: reply(body, headers=[BINARY]),
            "chunked": lambda: chunked(cut(body, 500_000), [BINARY]),
            "unsized": lambda: unsized(body, [BINARY]),
        }[form](),
    )
    answer = api_client.get(path)
    bunq.assert_refused(
        answer,
        502,
        "The answer of the API is too large.",
        "upstream-too-large",
        api_client.server_key,
    )
    assert api_client.is_alive()


# ---- statuses ----------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    ["201 Created", "202 Accepted", "399 Not Modified", "400 Bad Request"]
    + ["401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict"]
    + ["418 Teapot", "422 No", "466 Unsigned", "490 User Error"],
)
def test_answers_of_other_statuses_are_passed_on_signed(
    upstream, api_client, path, status
):
    body = b'{"Error":[{"error_description":"of the API"}]}'
    upstream.plan(path, reply(body, status, [JSON]))
    answer = api_client.get(path)
    assert answer.status == int(status[:3])
    assert answer.body == body
    assert answer.is_signed_by(api_client.server_key)
    bunq.assert_response_id(answer)


@pytest.mark.parametrize("status", ["429 Many", "491 Maintenance", "500 No", "503 No"])
def test_answers_of_the_last_statuses_are_signed_too(upstream, api_client, path, status):
    body = b"<h1>of the API</h1>"
    upstream.plan(path, reply(body, status, [("Content-Type", "text/html")]))
    answer = api_client.get(path)
    assert answer.status == int(status[:3])
    assert answer.body == body
    assert answer.is_signed_by(api_client.server_key)
    bunq.assert_response_id(answer)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Gone"])
def test_redirects_are_passed_on_signed(upstream, api_client, path, status):
    there = [("Location", "https://example.org/there"), JSON]
    upstream.plan(path, reply(b"there", status, there))
    answer = api_client.get(path)
    assert answer.status == int(status[:3])
    assert answer.header("Location") == "https://example.org/there"
    assert answer.body == b"there"
    assert answer.is_signed_by(api_client.server_key)


# ---- what must not be passed on ----------------------------------------------

BROKEN = {
    "truncated": (closing(reply(DATA, headers=[BINARY])[:-1]), "upstream-truncated"),
    "truncated-small": (closing(reply(TEXT)[:-1]), "upstream-truncated"),
    "no-last-chunk": (closing(chunked([TEXT], end=b"")), "upstream-truncated"),
    "cut-in-a-chunk": (
        closing(chunked(cut(DATA, 5000), end=b"")[:-77]),
        "upstream-truncated",
    ),
    "bad-chunk": (
        closing(
            reply(headers=[JSON, ("Transfer-Encoding", "chunked")], size=False)
            + b"5\r\n[1,2]\r\nnonsense\r\n"
        ),
        None,
    ),
    "gzip": (
        reply(gzip.compress(TEXT), headers=[JSON, ("Content-Encoding", "gzip")]),
        "upstream-encoded",
    ),
    "gzip-chunked": (
        chunked([gzip.compress(TEXT)], [JSON, ("Content-Encoding", "gzip")]),
        "upstream-encoded",
    ),
    "br": (reply(b"x", headers=[("Content-Encoding", "br")]), "upstream-encoded"),
    "encoded-oddly": (
        reply(b"x", headers=[("content-encoding", "Identity, GZIP")]),
        "upstream-encoded",
    ),
    "encoded-error": (
        reply(gzip.compress(b"x"), "404 No", [("Content-Encoding", "gzip")]),
        "upstream-encoded",
    ),
    "partial": (
        reply(b"ab", "206 Partial", [JSON, ("Content-Range", "bytes 0-1/9")]),
        "upstream-partial",
    ),
    "no-http": (closing(b"nonsense\r\n\r\n"), None),
    "closed": (closing(b""), None),
    "half-head": (closing(b"HTTP/1.1 200 OK\r\nContent-Ty"), None),
    "huge-head": (reply(TEXT, headers=[("X", "y" * 100_000)]), None),
}


@pytest.mark.parametrize("fault", list(BROKEN))
def test_broken_answer_is_a_clear_502(upstream, api_client, path, fault):
    answer, reason = BROKEN[fault]
    upstream.plan(path, answer)
    for _ in range(2):
        got = api_client.get(path)
        bunq.assert_refused(got, 502, None, reason, api_client.server_key)
        assert got.header("Content-Range") is None
    assert api_client.is_alive()


@pytest.mark.parametrize("fault", ["over-limit", *BROKEN])
def test_connection_is_kept_if_the_502_says_so(
    front, upstream, api_client, path, fault
):
    """A client that believes "keep-alive" must not lose its next request."""
    answer = chunked([noise(LIMIT + 1)]) if fault == "over-limit" else BROKEN[fault][0]
    upstream.plan(path, answer)
    headers = api_client.headers().items()
    with bunq.Wire(front) as wire:
        answer = wire.request("GET", path, headers).answer()
        assert answer.status == 502
        if answer.header("Connection") != "close":
            answer = wire.request("GET", "/v1/user", headers).answer()
            bunq.assert_admitted(answer, api_client.server_key)


@pytest.mark.parametrize(
    "head", [b"Content-Length: 2\r\nContent-Length: 3\r\n", b"Content-Length: -1\r\n"]
)
def test_answer_of_doubtful_length_is_whole_or_refused(
    upstream, api_client, path, head
):
    upstream.plan(path, closing(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nabc"))
    answer = api_client.get(path)
    if answer.status == 200:
        bunq.assert_admitted(answer, api_client.server_key)
    else:
        bunq.assert_refused(answer, 502, server_key=api_client.server_key)
    assert api_client.is_alive()


def test_dead_api_is_a_clear_502(serve):
    gateway = serve("--sandbox", "--upstream", f"http://127.0.0.1:{free_port()}")
    client = bunq.ready(gateway)  # the protocol's own calls need no API
    answer = client.get("/v1/echo/anything")
    bunq.assert_refused(
        answer, 502, "The API gave no valid answer.", "upstream-failed",
        client.server_key,
    )
    assert client.is_alive()


def test_api_that_comes_back_is_found(tmp_path):
    from upstream import Upstream

    first = Upstream()
    with Gateway(tmp_path / "data", "--sandbox", "--upstream", first.url) as gateway:
        client = bunq.ready(gateway)
        for _ in range(3):
            assert client.get("/v1/echo/x").status == 200
        plan = closing(b"")
        first.plan("/v1/echo/x", plan)
        for _ in range(12):
            assert client.get("/v1/echo/x").status == 502
        first.plan("/v1/echo/x", reply(TEXT, headers=[JSON]))
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
    first.close()


# ---- ranges and compression --------------------------------------------------


@pytest.mark.parametrize(
    "value", ["bytes=0-0", "bytes=-5", "bytes=5-", "bytes=0-1,3-4", "bytes=999999-"]
)
@pytest.mark.parametrize("form", ["sized", "chunked"])
def test_ranges_are_not_served(upstream, api_client, path, value, form):
    head = [BINARY, ("Accept-Ranges", "bytes"), ("ETag", '"x"')]
    head.append(("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"))
    if form == "sized":
        upstream.plan(path, reply(DATA, headers=head))
    else:
        upstream.plan(path, chunked([DATA], head))
    for headers in ({"Range": value}, {"Range": value, "If-Range": '"x"'}):
        answer = api_client.get(path, headers=headers)
        bunq.assert_admitted(answer, api_client.server_key)
        assert answer.body == DATA
        assert answer.header("Accept-Ranges") == "none"
        assert answer.header("Content-Range") is None


def test_ranges_of_own_answers_are_not_served(client):
    answer = client.get("/v1/user", headers={"Range": "bytes=0-1"})
    bunq.assert_admitted(answer, client.server_key)
    assert answer.types == ["UserPerson"]
    answer = client.get("/v1/echo/anything", headers={"Range": "bytes=0-1"})
    bunq.assert_admitted(answer, client.server_key)
    assert answer.types == ["Identity"]


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"},
        {"If-None-Match": '"x"'},
        {"If-None-Match": "*"},
        {"If-Match": '"y"'},
        {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_conditions_never_spoil_a_signature(upstream, api_client, path, headers):
    """The API decides; if nginx does, what it makes of the answer is whole."""
    head = [JSON, ("ETag", '"x"'), ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")]
    upstream.plan(path, reply(TEXT, headers=head))
    answer = api_client.get(path, headers=headers)
    assert answer.status in (200, 304, 412), answer
    assert answer.is_signed_by(api_client.server_key)
    if answer.status == 200:
        assert answer.body == TEXT


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br", "*", "identity;q=0"])
def test_answers_are_never_compressed(upstream, api_client, path, accepted):
    body = b'{"a":"' + b"x" * 100_000 + b'"}'
    upstream.plan(path, reply(body, headers=[JSON]))
    answer = api_client.get(path, headers={"Accept-Encoding": accepted})
    bunq.assert_admitted(answer, api_client.server_key)
    assert answer.header("Content-Encoding") is None
    assert answer.body == body


# ---- headers of the API ------------------------------------------------------


def test_headers_of_the_api_arrive(upstream, api_client, path):
    head = [
        ("Content-Type", "application/vnd.x+json; charset=utf-8"),
        ("ETag", 'W/"x"'),
        ("Set-Cookie", "a=b"),
        ("Set-Cookie", "c=d"),
        ("X-Own", "1"),
        ("Cache-Control", "private"),
    ]
    upstream.plan(path, reply(TEXT, headers=head))
    answer = api_client.get(path)
    bunq.assert_admitted(answer, api_client.server_key)
    for name in {name for name, _ in head}:
        assert answer.all(name) == [v for n, v in head if n == name], name


def test_signature_of_the_api_is_not_taken_for_ours(upstream, api_client, path):
    """There is one, and it is the gateway's."""
    for status in ("200 OK", "404 Not Found", "500 No"):
        forged = [JSON, (bunq.SERVER_SIGNATURE, "A" * 344)]
        upstream.plan(path, reply(TEXT, status, forged))
        answer = api_client.get(path)
        assert answer.is_signed_by(api_client.server_key)


def test_x_accel_redirect_gets_nobody_past_the_gate(upstream, api_client, path):
    for place in ("/v1/user", "/v1/installation", "/elsewhere", "/v1/other"):
        upstream.plan(path, reply(TEXT, headers=[JSON, ("X-Accel-Redirect", place)]))
        answer = api_client.get(path)
        bunq.assert_response_id(answer)
        if answer.status == 200:
            assert answer.is_signed_by(api_client.server_key)
    assert api_client.is_alive()


def test_content_length_is_that_of_the_body(front, upstream, api_client, path):
    for plan, body in FORMS.values():
        upstream.plan(path, plan)
        if body == TEXT:
            headers = api_client.headers().items()
            with bunq.Wire(front) as wire:
                answer = wire.request("GET", path, headers).answer()
            if answer.header("Content-Length") is not None:
                assert int(answer.header("Content-Length")) == len(body)
            assert answer.body == body


# ---- request bodies ----------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8192, 16384, 16385, 700_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_request_body_reaches_the_api_byte_for_byte(
    upstream, api_client, path, size, is_chunked
):
    body = noise(size)
    stream = iter(cut(body, 5000)) if is_chunked else None
    answer = api_client.post(path, body, stream=stream)
    bunq.assert_admitted(answer, api_client.server_key)
    request = upstream.last(path)
    assert request.body == body
    if size:
        assert request.all("Content-Length") == [str(size)]
        assert request.all("Transfer-Encoding") == []


def test_request_body_over_the_limit(api_client):
    """client_max_body_size of the configuration that serve writes."""
    answer = None
    for size in (1 << 20, 1 << 24, 1 << 27):
        body = b"x" * size
        try:
            answer = api_client.post("/v1/big", body)
        except OSError:
            return  # refused while it was still being sent
        if answer.status != 200:
            break
    assert answer.status == 413
    bunq.assert_refused(answer, 413, reason="body-too-large")


# ---- many at once ------------------------------------------------------------


def test_many_answers_at_once_keep_their_signatures(front, upstream, api_client):
    sizes = [0, 10, 5000, 70_000, 400_000]
    for size in sizes:
        upstream.plan(f"/v1/many/{size}", chunked(cut(noise(size), 9000), [BINARY]))
    faults = []

    def ask(number):
        client = api_client.from_address(None)
        for round_number in range(8):
            size = sizes[(number + round_number) % len(sizes)]
            answer = client.get(f"/v1/many/{size}")
            if answer.body != noise(size) or not answer.is_signed_by(client.server_key):
                faults.append((size, answer.status, len(answer.body)))
        client.close()

    storm(10, ask)
    assert not faults


def peak_kib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1])


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer uses memory of its own")
def test_memory_of_large_answers_is_bounded(front, upstream, api_client):
    """Eight of 16 MiB at once, and slow readers: what is past trivet_answer_memory
    (32m for each worker) is spooled, not kept."""
    body = noise(LIMIT)
    upstream.plan("/v1/large", chunked(cut(body, 60_000), [BINARY]))
    workers = front.nginx_workers()
    before = sum(map(peak_kib, workers))
    assert api_client.get("/v1/large").body == body

    def ask(_):
        with bunq.Wire(front) as wire:
            wire.request("GET", "/v1/large", api_client.headers().items())
            time.sleep(1)
            return wire.answer()

    answers = storm(8, ask)
    assert len(answers) == 8
    for answer in answers:
        assert answer.is_signed_by(api_client.server_key)
    assert front.nginx_workers() == workers
    assert sum(map(peak_kib, workers)) - before < (32 * len(workers) + 8) * 1024


def test_no_temporary_files_stay(front, upstream, api_client, path):
    upstream.plan(path, reply(noise(2_000_000), headers=[BINARY]))
    bunq.assert_admitted(api_client.get(path))
    bunq.assert_admitted(api_client.post(path, noise(500_000)))
    left = [p for p in (front.data / "tmp").rglob("*") if p.is_file()]
    assert not left
    assert os.access(front.data / "tmp", os.W_OK)
