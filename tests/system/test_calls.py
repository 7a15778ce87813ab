# SPDX-License-Identifier: Apache-2.0
"""The protocol's own calls: exact shapes, and the order of elements"""
import re

import pytest
from cryptography.hazmat.primitives import serialization

import bunq

HEX_64 = r"[0-9a-f]{64}"


def compact(answer):
    """The bytes in which the gateway writes: no blanks, no last newline."""
    assert not answer.body.endswith(b"\n")
    assert b'": ' not in answer.body and b", " not in answer.body


@pytest.fixture(scope="module")
def company(gateway):
    client = bunq.Client(gateway).install()
    return client.register(client.make_user("company")).open()


# ---- installation ------------------------------------------------------------


def test_installation_has_id_token_and_key_in_this_order(gateway):
    client = bunq.Client(gateway)
    answer = client.post_installation()
    bunq.assert_admitted(answer)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response"]
    assert answer.types == ["Id", "Token", "ServerPublicKey"]
    assert list(answer.element("Id")) == ["id"]
    assert type(answer.element("Id")["id"]) is int
    token = answer.element("Token")
    assert list(token) == ["id", "created", "updated", "token"]
    assert type(token["id"]) is int
    assert re.fullmatch(HEX_64, token["token"])
    bunq.assert_now(token["created"])
    assert token["updated"] == token["created"]
    assert list(answer.element("ServerPublicKey")) == ["server_public_key"]
    compact(answer)


def test_server_public_key_is_spki_in_64_columns_with_a_last_newline(gateway):
    answer = bunq.Client(gateway).post_installation()
    pem = answer.element("ServerPublicKey")["server_public_key"]
    lines = pem.split("\n")
    assert lines[0] == "-----BEGIN PUBLIC KEY-----"
    assert lines[-2:] == ["-----END PUBLIC KEY-----", ""]
    assert all(len(line) == 64 for line in lines[1:-3])
    assert 0 < len(lines[-3]) <= 64
    public_key = serialization.load_pem_public_key(pem.encode())
    assert public_key.key_size == 2048


def test_installation_answer_is_signed_with_the_key_in_it(gateway):
    client = bunq.Client(gateway)
    assert client.post_installation().is_signed_by(client.server_key)


def test_slashes_are_escaped_in_answers(gateway):
    body = bunq.Client(gateway).post_installation().body
    assert b"\\/" in body
    assert re.search(rb"(?<!\\)/", body) is None


def test_each_installation_is_a_new_one(gateway):
    one, two = bunq.Client(gateway), bunq.Client(gateway)
    first, second = one.post_installation(), two.post_installation()
    assert one.installation_id != two.installation_id
    assert one.installation_token != two.installation_token
    assert first.element("Token")["id"] != second.element("Token")["id"]
    assert one.server_key.public_numbers() == two.server_key.public_numbers()


# ---- sandbox users -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["person", "company"])
@pytest.mark.parametrize("body", [b"", b"{}", b"{ }\n"])
def test_sandbox_user_gives_an_api_key(gateway, kind, body):
    client = bunq.Client(gateway)
    answer = client.post(f"/v1/sandbox-user-{kind}", body, token=None)
    bunq.assert_admitted(answer)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response"]
    assert answer.types == ["ApiKey"]
    assert list(answer.element("ApiKey")) == ["api_key"]
    assert re.fullmatch("sandbox_[0-9a-f]{56}", answer.element("ApiKey")["api_key"])


def test_sandbox_user_without_any_header(gateway):
    with bunq.Wire(gateway) as wire:
        answer = wire.request("POST", "/v1/sandbox-user-person").answer()
    assert answer.status == 200, answer


def test_each_sandbox_user_is_a_new_one(gateway, client):
    other = bunq.ready(gateway)
    assert other.secret != client.secret
    assert other.user["id"] != client.user["id"]
    assert other.user["public_uuid"] != client.user["public_uuid"]


@pytest.mark.parametrize("kind", ["person", "company"])
def test_no_sandbox_users_outside_the_sandbox(serve, kind):
    gateway = serve("--no-sandbox")
    client = bunq.Client(gateway)
    answer = client.post(f"/v1/sandbox-user-{kind}", token=None)
    assert answer.status in (401, 404), answer
    assert b"sandbox_" not in answer.body
    assert len(gateway.trivet("user", "list")) == 0


# ---- device-server -----------------------------------------------------------


def test_device_server_has_an_id(gateway):
    client = bunq.Client(gateway).install()
    answer = client.post_device(client.make_user())
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert answer.body == b'{"Response":[{"Id":{"id":%d}}]}' % client.device_id


def test_each_registration_is_a_device_of_its_own(gateway):
    client = bunq.Client(gateway).install()
    client.register(client.make_user())
    first = client.device_id
    client.register()
    assert client.device_id != first


# ---- session-server ----------------------------------------------------------


def test_session_has_id_token_and_user_in_this_order(gateway):
    client = bunq.Client(gateway).install()
    client.register(client.make_user())
    answer = client.post_session()
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response"]
    assert answer.types == ["Id", "Token", "UserPerson"]
    assert list(answer.element("Id")) == ["id"]
    token = answer.element("Token")
    assert list(token) == ["id", "created", "updated", "token"]
    assert token["id"] == answer.element("Id")["id"]
    assert re.fullmatch(HEX_64, token["token"])
    assert token["token"] != client.installation_token
    bunq.assert_now(token["created"])
    bunq.assert_now(token["updated"])
    compact(answer)


def test_default_user_has_every_field_that_clients_read(client):
    user = client.user
    for field in (
        "created",
        "updated",
        "public_uuid",
        "legal_name",
        "public_nick_name",
        "display_name",
        "first_name",
        "last_name",
        "middle_name",
        "date_of_birth",
        "nationality",
        "status",
    ):
        assert isinstance(user[field], str), field
    for field, value in user.items():
        assert value is not None, field
    assert type(user["id"]) is int
    assert type(user["session_timeout"]) is int
    assert 30 < user["session_timeout"] <= 2147483
    assert user["status"] == "ACTIVE"
    assert user["display_name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", user["date_of_birth"])
    bunq.assert_now(user["created"])
    bunq.parse_time(user["updated"])


def test_company_session_gives_a_user_company(company):
    answer = company.get("/v1/user")
    assert answer.types == ["UserCompany"]
    user = answer.element("UserCompany")
    assert user == company.user
    for field in ("id", "name", "display_name", "status", "session_timeout"):
        assert user[field], field


# ---- user --------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/user", "/v1/user/", "/v1/user?count=200"])
def test_user_list(client, path):
    answer = client.get(path)
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert answer.types == ["UserPerson"]
    assert answer.element("UserPerson") == client.user
    compact(answer)


@pytest.mark.parametrize("end", ["", "/", "?count=200", "/?a=b&c"])
def test_own_user(client, end):
    answer = client.get(f"/v1/user/{client.user['id']}{end}")
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert answer.types == ["UserPerson"]
    assert answer.element("UserPerson") == client.user


def test_another_user_is_not_found(gateway, client):
    other = bunq.ready(gateway)
    for number in (other.user["id"], 0, 999999999):
        answer = client.get(f"/v1/user/{number}")
        bunq.assert_refused(
            answer,
            404,
            f'User for id "{number}" not found.',
            "user-not-found",
            client.server_key,
        )


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "-1", "0x1", "1e3", "%31"])
def test_odd_user_ids_show_no_other_user(client, number):
    """Refused, passed on to the API, or, spelled oddly, the own one."""
    answer = client.get(f"/v1/user/{number}")
    assert answer.status in (200, 400, 404), answer
    if answer.status == 200 and answer.types == ["UserPerson"]:
        assert answer.element("UserPerson") == client.user
    assert answer.is_signed_by(client.server_key)


# ---- the end of a session ----------------------------------------------------


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_delete_session(gateway, own, body):
    client = bunq.ready(gateway)
    number = client.session_id if own else 0
    answer = client.call("DELETE", f"/v1/session/{number}", body)
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert answer.body == b'{"Response":[]}'
    assert not client.is_alive()


def test_delete_session_with_content_length_zero(gateway):
    client = bunq.ready(gateway)
    with bunq.Wire(gateway) as wire:
        headers = [*client.headers().items(), ("Content-Length", "0")]
        answer = wire.request("DELETE", "/v1/session/0", headers).answer()
    assert answer.body == b'{"Response":[]}'


def test_delete_of_another_session_is_not_found_and_ends_none(gateway, client):
    other = bunq.ready(gateway)
    answer = client.call("DELETE", f"/v1/session/{other.session_id}")
    bunq.assert_refused(
        answer,
        404,
        f'Session for id "{other.session_id}" not found.',
        "session-not-found",
        client.server_key,
    )
    assert client.is_alive() and other.is_alive()


# ---- methods and paths -------------------------------------------------------


@pytest.mark.parametrize(
    "path, allowed",
    [
        ("/v1/installation", "POST"),
        ("/v1/device-server", "POST"),
        ("/v1/session-server", "POST"),
        ("/v1/sandbox-user-person", "POST"),
        ("/v1/sandbox-user-company", "POST"),
        ("/v1/session/0", "DELETE"),
        ("/v1/user", "GET"),
        ("/v1/user/1", "GET"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_known_path_with_another_method(client, path, allowed, method):
    if method == allowed:
        return
    answer = client.call(method, path)
    bunq.assert_refused(answer, 405, "Method not allowed.", "method-not-allowed")
    methods = re.split(r",\s*", answer.header("Allow"))
    assert allowed in methods and method not in methods


@pytest.mark.parametrize(
    "path", ["/", "/v2/user", "/v1", "/user", "/installation", "/v1x/user", "/v11/user"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_outside_v1_there_is_no_route(client, method, path):
    answer = client.call(method, path)
    bunq.assert_refused(answer, 404, "Route not found.", "route-not-found")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/anything", "/v1/user/1/monetary-account?a=b"])
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
