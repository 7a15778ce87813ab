# SPDX-License-Identifier: Apache-2.0
"""What may have reached the API is not sent again, but for GET and HEAD"""
import shutil
from types import SimpleNamespace

import pytest

import bunq
from gateway import free_port
from nginx import Nginx
from upstream import JSON, Upstream, reply

CHANGING = ["PUT", "DELETE", "POST", "PATCH", "MKCOL", "REPORT"]


@pytest.fixture(scope="module")
def apis():
    two = [Upstream(), Upstream()]
    yield two
    for api in two:
        api.close()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, prepared, apis):
    place = tmp_path_factory.mktemp("repeating") / "data"
    shutil.copytree(prepared, place)
    one, other = (f"server 127.0.0.1:{api.port} max_fails=0;" for api in apis)
    made = Nginx(
        place,
        SimpleNamespace(url="http://two"),
        http=f"upstream two {{ {one} {other} keepalive 8; }}"
        f" upstream one {{ {one} keepalive 8; }}"
        f" upstream down {{ server 127.0.0.1:{free_port()} max_fails=0; {other} }}",
        locations="".join(
            f"location /{name}/ {{ trivet_protect on; {more} }}"
            for name, more in {
                "one": "proxy_pass http://one;",
                "down": "proxy_pass http://down;",
                "wide": "proxy_pass http://two; proxy_next_upstream"
                " error timeout http_503 invalid_header non_idempotent;",
            }.items()
        ),
    ).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(nginx):
    return bunq.ready(nginx)


def plan(apis, path, answer):
    for api in apis:
        api.plan(path, answer)


def count(apis, path):
    return sum(api.count(path) for api in apis)


def silent(request, connection):
    """The connection ends without an answer."""
    return False


def once(first):
    """The first request gets that, all after it an answer."""
    seen = []

    def answer(request, connection):
        seen.append(request)
        if len(seen) == 1:
            return first(request, connection)
        connection.sendall(reply(b'{"Response":[]}', headers=[JSON]))
        return True

    return answer


def send(client, method, path):
    body = b"" if method in ("GET", "HEAD", "DELETE") else b'{"amount": "1"}'
    return client.call(method, path, body)


@pytest.mark.parametrize("where", ["/v1", "/one", "/wide"])
@pytest.mark.parametrize("method", CHANGING)
def test_what_changes_something_is_sent_once(client, apis, path, method, where):
    path = where + path
    # the connections are kept ones, whose failure nginx excuses
    bunq.assert_admitted(client.get(where + "/kept"), client.server_key)
    plan(apis, path, once(silent))
    answer = send(client, method, path)
    bunq.assert_refused(answer, 502, reason="upstream-unanswered")
    assert "not known whether it acted" in answer.body.decode()
    assert count(apis, path) == 1


@pytest.mark.parametrize("where", ["/v1", "/one", "/wide"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_changes_nothing_is_sent_again(client, apis, path, method, where):
    path = where + path
    for _ in range(2):
        bunq.assert_admitted(client.get(where + "/kept"), client.server_key)
    plan(apis, path, once(silent))
    answer = send(client, method, path)
    assert answer.status == 200
    assert count(apis, path) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
@pytest.mark.parametrize(
    "bad", [reply(status="503 Busy"), b"HTTP/1.1 200 OK\r\n\0: x\r\n\r\n"], ids=["503", "rubbish"]
)
def test_an_operator_s_wider_rule_repeats_none(client, apis, path, method, bad):
    path = "/wide" + path

    def answer(request, connection):
        connection.sendall(bad)
        return False

    plan(apis, path, once(answer))
    assert send(client, method, path).status in (502, 503)
    assert count(apis, path) == 1
    path += "/get"
    plan(apis, path, once(answer))
    assert client.get(path).status == 200
    assert count(apis, path) == 2


@pytest.mark.parametrize("method", ["GET", *CHANGING])
def test_what_no_server_took_goes_to_the_next(client, apis, path, method):
    path = "/down" + path
    for _ in range(2):
        bunq.assert_admitted(send(client, method, path), client.server_key)
    assert count(apis, path) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
def test_trivet_serve(serve, apis, path, method):
    urls = [option for api in apis for option in ("--upstream", api.url)]
    gateway = serve("--sandbox", *urls)
    client = bunq.ready(gateway)
    for _ in range(4):
        bunq.assert_admitted(client.get("/v1/kept"), client.server_key)
    plan(apis, path, once(silent))
    answer = send(client, method, path)
    assert answer.status == (200 if method == "GET" else 502)
    assert count(apis, path) == (2 if method == "GET" else 1)
