# SPDX-License-Identifier: Apache-2.0
"""Methods, paths and headers of the calls"""
import re

import pytest

import bunq


# ---- methods and paths -------------------------------------------------------


@pytest.mark.parametrize(
    "path, allowed",
    [
        ("/v1/installation", "POST GET"),
        ("/v1/installation/_", "GET"),
        ("/v1/installation/1/server-public-key", "GET"),
        ("/v1/device-server", "POST GET"),
        ("/v1/device-server/1", "GET"),
        ("/v1/device", "GET"),
        ("/v1/device/1/", "GET"),
        ("/v1/session-server", "POST"),
        ("/v1/server-error", "POST"),
        ("/v1/sandbox-user-person", "POST"),
        ("/v1/sandbox-user-company", "POST"),
        ("/v1/sandbox-user?a=b", "POST"),
        ("/v1/session/0", "DELETE"),
        ("/v1/user-person/1", "GET"),
        ("/v1/user-company/1", "GET"),
        ("/v1/user-payment-service-provider/1", "GET"),
        ("/v1/user", "GET"),
        ("/v1/user/1", "GET"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_known_path_with_another_method(client, path, allowed, method):
    if method in allowed.split():
        return
    answer = client.call(method, path)
    bunq.assert_refused(answer, 405, "Method not allowed.", "method-not-allowed")
    assert re.split(r",\s*", answer.header("Allow")) == allowed.split()


@pytest.mark.parametrize(
    "path", ["/", "/v2/user", "/v1", "/user", "/installation", "/v1x/user", "/v11/user"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_outside_v1_there_is_no_route(client, method, path):
    answer = client.call(method, path)
    bunq.assert_refused(answer, 404, "Route not found.", "route-not-found")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/echo/anything", "/v1/echo/1/card?a=b"])
def test_builtin_api_tells_the_caller_who_they_are(gateway, client, method, path):
    body = b"" if method == "GET" else b'{"amount": 10}\n'
    answer = client.call(method, path, body)
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert answer.types == ["Identity"]
    keys = gateway.trivet("key", "list")
    key_id = [k["id"] for k in keys if k["user_id"] == client.user["id"]][0]
    identity = answer.element("Identity")
    assert identity.pop("path").partition("?")[0] == path.partition("?")[0]
    assert identity == {
        "user_id": client.user["id"],
        "device_id": client.device_id,
        "session_id": client.session_id,
        "api_key_id": key_id,
        "installation_id": client.installation_id,
        "method": method,
        "body_length": len(body),
    }


# ---- what is not looked at ---------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "application/json;charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "nonsense",
    ],
)
def test_content_type_of_the_request_does_not_matter(gateway, content_type):
    client = bunq.Client(gateway)
    headers = {} if content_type is None else {"Content-Type": content_type}
    client.install(headers=headers)
    client.register(client.make_user(), headers=headers).open(headers=headers)
    assert client.is_alive()


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html"},
        {"Accept-Encoding": "gzip, br"},
        {"X-Bunq-Language": "xx_XX", "X-Bunq-Region": "??"},
        {"X-Bunq-Geolocation": "nonsense"},
        {"Cache-Control": "none"},
        {"Authorization": "Basic eDp5"},
        {"User-Agent": ""},
        {"Origin": "https://example.org"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_other_headers_do_not_matter(client, headers):
    bunq.assert_admitted(client.get("/v1/user", headers=headers), client.server_key)


def test_bare_requests_suffice(gateway, client):
    """No User-Agent, no Accept, no Cache-Control."""
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", client.headers().items()).answer()
    bunq.assert_admitted(answer, client.server_key)


def test_header_names_in_lower_and_upper_case(gateway, client):
    for change in (str.lower, str.upper):
        headers = [(change(name), value) for name, value in client.headers().items()]
        with bunq.Wire(gateway) as wire:
            answer = wire.request("GET", "/v1/user", headers).answer()
        bunq.assert_admitted(answer, client.server_key)
