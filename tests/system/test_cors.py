# SPDX-License-Identifier: Apache-2.0
"""trivet serve --cors-origin: which web pages may call and read the answers"""
import pytest
import requests

import bunq
from gateway import Gateway, run

PAGE = "https://app.example"
LOCAL = "http://localhost:3000"
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def open_to_pages(tmp_path_factory):
    data = tmp_path_factory.mktemp("cors") / "data"
    with Gateway(data, "--cors-origin", PAGE, "--cors-origin", LOCAL) as started:
        yield started


def wire(gateway, method, fields, target="/v1/user"):
    with bunq.Wire(gateway) as connection:
        answer = connection.request(method, target, fields).answer()
        answer.headers = requests.structures.CaseInsensitiveDict(answer.headers)
        return answer


def ask(gateway, origin, method="POST", target="/v1/session-server"):
    """What a browser asks before a call."""
    return wire(gateway, "OPTIONS", [
        ("Origin", origin), ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "x-bunq-client-authentication")],
        target)


@pytest.mark.parametrize("origin", [PAGE, LOCAL])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_browser_is_told_that_the_page_may(open_to_pages, origin, method):
    answer = ask(open_to_pages, origin, method)
    assert answer.status == 204
    assert answer.headers[ALLOW] == origin
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert "X-Bunq-Client-Authentication" in (
        answer.headers["Access-Control-Allow-Headers"])


@pytest.mark.parametrize("origin", [
    "https://app.example.evil", "https://evil", "null", "*", "",
    "http://app.example", "https://app.example:8443", "https://xapp.example",
    "https://app.example/", "https://app.example https://evil"])
def test_no_other_page_may(open_to_pages, origin):
    answer = ask(open_to_pages, origin)
    assert answer.status in (401, 403, 405)
    assert answer.headers.get(ALLOW, "") == ""


def test_an_options_that_asks_for_nothing_is_refused(open_to_pages):
    answer = wire(open_to_pages, "OPTIONS", [("Origin", PAGE)])
    assert answer.status in (401, 403, 405)


def test_the_page_can_read_answers_and_refusals(open_to_pages):
    client = bunq.ready(open_to_pages)
    for fields, status in (([*client.headers().items()], 200), ([], 401)):
        answer = wire(open_to_pages, "GET", [*fields, ("Origin", PAGE)])
        assert answer.status == status
        assert answer.headers[ALLOW] == PAGE
        assert "X-Bunq-Server-Signature" in (
            answer.headers["Access-Control-Expose-Headers"])
        answer = wire(open_to_pages, "GET", [*fields, ("Origin", "https://evil")])
        assert answer.status == status
        assert answer.headers.get(ALLOW, "") == ""


def test_the_place_that_answers_is_nobody_elses(open_to_pages):
    assert wire(open_to_pages, "GET", [], "/cors-preflight").status == 404


def test_without_the_option_nothing_is_allowed(gateway):
    answer = ask(gateway, PAGE)
    assert answer.status in (401, 403, 405)
    assert ALLOW not in answer.headers


@pytest.mark.parametrize("origin", [
    "*", "null", "", "app.example", "https://", "https://app.example/",
    "https://app.example/x", "https://App.example", "ftp://app.example",
    'https://a";}', "https://a$b", "https://a\nb", "https://a:0",
    "https://a:123456", "https://user@a", "https://a b", "https://[]",
    "https://" + "a" * 300])
def test_what_is_no_origin_is_refused(tmp_path, origin):
    result = run("serve", "--data", tmp_path / "data", "--print-config",
                 "--cors-origin", origin)
    assert result.returncode != 0
    assert "--cors-origin" in result.stderr
