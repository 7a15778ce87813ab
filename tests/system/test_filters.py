# SPDX-License-Identifier: Apache-2.0
"""What stands between an answer and its caller: conditions, other filters, error
pages, a full queue. The bytes that arrive are the bytes that were signed."""
import sqlite3
import time

import pytest

import bunq
from nginx import TRIVET
from storm import storm
from upstream import closing


CONDITIONS = [
    {"If-Match": '"x"'},
    {"If-None-Match": "*"},
    {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: next(iter(c)))
def test_conditions_do_not_touch_answers_of_our_own(start, condition):
    client = bunq.ready(start())
    for target in ("/v1/user", "/v1/anything"):
        answer = client.get(target, headers=condition)
        bunq.assert_admitted(answer, client.server_key)
        assert answer.types


def test_a_condition_does_not_hide_that_a_session_ended(start):
    client = bunq.ready(start())
    answer = client.call(
        "DELETE", "/v1/session/0", headers={"If-Match": '"x"'}
    )
    bunq.assert_admitted(answer, client.server_key)
    assert not client.is_alive()


@pytest.mark.parametrize(
    "http",
    [
        "gzip on; gzip_min_length 1; gzip_types application/json text/html;",
        "charset utf-8; charset_types application/json text/html;",
        "sub_filter_types application/json; sub_filter display_name other_name;",
        "sub_filter_types application/json; sub_filter_once off; sub_filter a bb;",
    ],
    ids=["gzip", "charset", "sub", "sub-longer"],
)
def test_other_filters_do_not_touch_answers_of_our_own(start, http):
    nginx = start(http=http, locations="location / { return 404; }")
    client = bunq.ready(nginx)
    headers = {"Accept-Encoding": "gzip"}

    answer = client.get("/v1/user", headers=headers)
    bunq.assert_admitted(answer, client.server_key)
    assert answer.header("Content-Encoding") is None
    assert answer.header("Content-Type") == "application/json"
    assert "display_name" in answer.element("UserPerson")

    answer = client.get("/v1/user/999", headers=headers)
    bunq.assert_refused(answer, 404, server_key=client.server_key)
    assert answer.header("Content-Encoding") is None


def test_an_error_page_of_nginx_is_never_called_compressed(start):
    nginx = start(
        http="gzip on; gzip_min_length 1; trivet_calls on;",
        locations="location /nothing { return 404; }",
    )
    client = bunq.Client(nginx)
    answer = client.call(
        "GET", "/nothing", token=None, signature=None,
        headers={"Accept-Encoding": "gzip"},
    )
    bunq.assert_refused(answer, 404, reason="route-not-found")
    assert answer.header("Content-Encoding") is None


def test_a_cut_answer_leaves_nothing_in_the_page_that_follows(
    start, upstream, path, data
):
    (data / "page").mkdir()
    (data / "page/err.json").write_text('{"stale":"no"}')
    nginx = start(
        upstream,
        server="error_page 502 =200 /page/err.json;",
        locations=f"location /page/ {{ trivet_protect on; root {data}; }}",
    )
    client = bunq.ready(nginx)

    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    upstream.plan(path, closing(head + b"SECRET" * 5))
    answer = client.get(path)
    assert answer.status == 200
    assert answer.body == b'{"stale":"no"}'
    assert answer.is_signed_by(client.server_key)


def test_an_answer_over_the_limit_is_a_whole_error_beside_an_error_page(
    start, upstream, path, data
):
    nginx = start(
        upstream,
        location="trivet_answer_limit 1k;",
        server="error_page 502 =200 /page/err.json;",
        locations=f"location /page/ {{ trivet_protect on; root {data}; }}",
    )
    client = bunq.ready(nginx)

    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    upstream.plan(path, closing(head + b"x" * 4096))
    bunq.assert_refused(client.get(path), 502, reason="upstream-too-large")


def test_a_debug_log_ends_no_worker(start):
    nginx = start(top="error_log /dev/null debug;")
    client = bunq.ready(nginx)
    before = nginx.nginx_workers()
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    assert nginx.nginx_workers() == before


def test_a_full_queue_hangs_no_request(start, data):
    """Beyond the queue a request gets an answer, whatever it is, and soon."""
    nginx = start(
        top="thread_pool default threads=1 max_queue=1;",
        server="error_page 500 /v1/oops;",
        trivet=TRIVET,
    )
    nginx.may_crash = True  # nginx alerts about its full queue
    client = bunq.Client(nginx).install()
    lock = sqlite3.connect(data / "trivet.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    def install(_):
        try:
            return bunq.Client(nginx).post_installation().status
        except Exception as fault:  # noqa: BLE001 a closed connection is an end
            return fault

    def unlock():
        time.sleep(0.5)
        lock.execute("ROLLBACK")

    begin = time.monotonic()
    storm(8, install, unlock)
    assert time.monotonic() - begin < 10
    assert client.make_user()


def test_no_token_no_upload(start):
    """Refused before the body was sent: it is not waited for."""
    nginx = start()
    for path in ("/v1/payment", "/v1/session-server"):
        with bunq.Wire(nginx) as wire:
            wire.send(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Length: 10000\r\n\r\n".encode()
            )
            answer = wire.answer("POST")
            bunq.assert_refused(answer, 401, reason="token-missing")
