# SPDX-License-Identifier: Apache-2.0
"""The protocol's own calls: exact shapes, and the order of elements"""
import contextlib
import re
import sqlite3

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
from storm import storm

HEX_64 = r"[0-9a-f]{64}"
MAX_DEVICES = 10000  # of a key, of an installation: core/limits.h


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


def fill_devices(gateway, client, num):
    """Copies of the client's device in the store, so that there are num."""
    with contextlib.closing(
        sqlite3.connect(gateway.data / "trivet.db", timeout=20)
    ) as database:
        database.execute(
            "INSERT INTO device (created_us, installation_id, api_key_id,"
            " description, address, user_id) WITH RECURSIVE n (i) AS (SELECT 2"
            " UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT created_us,"
            " installation_id, api_key_id, '', address, user_id FROM n, device"
            " WHERE id = ?",
            (num, client.device_id),
        )
        database.commit()


def test_devices_of_a_key_have_a_maximum_for_all_at_once(gateway):
    first = bunq.ready(gateway)
    fill_devices(gateway, first, MAX_DEVICES - 3)
    others = [bunq.Client(gateway).install() for _ in range(8)]
    answers = storm(len(others), lambda n: others[n].post_device(first.secret))

    assert sum(answer.status == 200 for answer in answers) == 3
    for client, answer in zip(others, answers):
        if answer.status != 200:
            bunq.assert_refused(
                answer,
                400,
                "The API key has as many devices as it may have.",
                reason="key-devices-full",
                server_key=client.server_key,
            )

    # What it has goes on to work; new devices need a new key.
    assert first.open().is_alive()
    client = next(c for c, a in zip(others, answers) if a.status != 200)
    assert client.register(client.make_user()).open().is_alive()


def test_devices_of_an_installation_have_a_maximum(gateway):
    client = bunq.ready(gateway)
    fill_devices(gateway, client, MAX_DEVICES)
    secret = client.make_user()
    answer = client.post_device(secret)
    bunq.assert_refused(
        answer,
        400,
        "The installation has as many devices as it may have.",
        reason="installation-devices-full",
        server_key=client.server_key,
    )
    assert client.is_alive()
    client.install()
    assert client.register(secret).open().is_alive()


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


@pytest.mark.parametrize("end", ["", "/", "?a=b"])
def test_typed_user(gateway, client, company, end):
    for own, other, kind in (
        (client, company, "person"),
        (company, client, "company"),
    ):
        answer = own.get(f"/v1/user-{kind}/{own.user['id']}{end}")
        bunq.assert_admitted(answer, own.server_key)
        assert answer.types == [f"User{kind.title()}"]
        assert answer.element(f"User{kind.title()}") == own.user
        for path in (
            f"/v1/user-{kind}/{other.user['id']}{end}",
            f"/v1/user-{'company' if kind == 'person' else 'person'}"
            f"/{own.user['id']}{end}",
        ):
            bunq.assert_refused(own.get(path), 404, reason="user-not-found")


# ---- what there is: installation, devices ------------------------------------

NO_PAGES = {"future_url": None, "newer_url": None, "older_url": None}


@pytest.mark.parametrize("end", ["", "/", "?count=200"])
def test_own_installation(gateway, client, end):
    mine = {"Id": {"id": client.installation_id}}
    answer = client.get(f"/v1/installation{end}")
    bunq.assert_admitted(answer, client.server_key)
    assert answer.json == {"Response": [mine], "Pagination": NO_PAGES}
    for number in (client.installation_id, "_"):
        answer = client.get(f"/v1/installation/{number}{end}")
        bunq.assert_admitted(answer, client.server_key)
        bunq.assert_own_form(answer)
        assert answer.json == {"Response": [mine]}
        answer = client.get(f"/v1/installation/{number}/server-public-key{end}")
        bunq.assert_admitted(answer, client.server_key)
        pem = answer.element("ServerPublicKey")["server_public_key"]
        assert pem.endswith("\n-----END PUBLIC KEY-----\n")
        key = serialization.load_pem_public_key(pem.encode())
        assert key.public_numbers() == client.server_key.public_numbers()


def test_another_s_installation_is_not_found(gateway, client):
    other = bunq.Client(gateway).install()
    for number in (other.installation_id, 0, 999999999):
        for end in ("", "/server-public-key"):
            answer = client.get(f"/v1/installation/{number}{end}")
            bunq.assert_refused(
                answer,
                404,
                f'Installation for id "{number}" not found.',
                "installation-not-found",
                client.server_key,
            )


@pytest.mark.parametrize("path", ["/v1/device", "/v1/device-server"])
@pytest.mark.parametrize("end", ["", "/", "?count=200"])
def test_devices(client, path, end):
    answer = client.get(path + end)
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response", "Pagination"]
    device = answer.element("DeviceServer")
    assert list(device) == [
        "id",
        "created",
        "updated",
        "ip",
        "description",
        "status",
    ]
    assert device["id"] == client.device_id
    assert device["ip"] == "127.0.0.1"
    assert device["description"] == "a test"
    assert device["status"] == "ACTIVE"
    bunq.assert_now(device["created"])
    bunq.parse_time(device["updated"])
    one = client.get(f"{path}/{client.device_id}{end}")
    bunq.assert_admitted(one, client.server_key)
    assert one.json == {"Response": [{"DeviceServer": device}]}


@pytest.mark.parametrize("path", ["/v1/device", "/v1/device-server"])
def test_another_s_device_is_not_found(gateway, client, path):
    other = bunq.ready(gateway)
    for token in {client.session_token, client.installation_token}:
        if path == "/v1/device" and token == client.installation_token:
            continue
        answer = client.get(f"{path}/{other.device_id}", token=token)
        bunq.assert_refused(
            answer,
            404,
            f'Device for id "{other.device_id}" not found.',
            "device-not-found",
            client.server_key,
        )


def test_devices_before_there_is_a_session(gateway):
    client = bunq.Client(gateway).install()
    answer = client.get("/v1/device-server")
    bunq.assert_admitted(answer, client.server_key)
    assert answer.json == {"Response": [], "Pagination": NO_PAGES}
    client.register(client.make_user())
    answer = client.get("/v1/device-server")
    assert answer.element("DeviceServer")["id"] == client.device_id
    answer = client.get(f"/v1/device-server/{client.device_id}")
    bunq.assert_admitted(answer, client.server_key)
    answer = client.get("/v1/device")
    bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "token-wrong-kind")
    answer = client.from_address("127.0.0.9").get("/v1/device-server")
    bunq.assert_refused(
        answer, 403, bunq.AUTHENTICATION, "ip-not-permitted", client.server_key
    )
    answer = client.get("/v1/device-server", token=None)
    bunq.assert_refused(answer, 401, bunq.AUTHENTICATION, "token-missing")


# ---- pages -------------------------------------------------------------------


def test_pages_lead_through_all_devices(gateway):
    client = bunq.ready(gateway)
    made = [client.device_id]
    for _ in range(11):
        client.register()
        made.insert(0, client.device_id)

    def walk(path, name):
        seen = []
        while path:
            assert path.startswith("/v1/device?"), path
            answer = client.get(path)
            bunq.assert_admitted(answer, client.server_key)
            seen.append([e["DeviceServer"]["id"] for e in answer.response])
            path = answer.json["Pagination"][name]
        return seen

    assert len(client.get("/v1/device").response) == 10
    assert walk("/v1/device?count=5", "older_url") == [made[:5], made[5:10], made[10:]]
    assert walk("/v1/device?a=b", "older_url") == [made[:10], made[10:]]
    assert walk("/v1/device?count=5&newer_id=0", "newer_url") == [
        made[7:],
        made[2:7],
        made[:2],
    ]

    latest = client.get("/v1/device?count=200").json["Pagination"]
    future = f"/v1/device?count=200&newer_id={made[0]}"
    assert latest == {"future_url": future, "newer_url": None, "older_url": None}
    answer = client.get(future)
    assert answer.json == {"Response": [], "Pagination": latest}
    client.register()
    answer = client.get(future)
    assert answer.element("DeviceServer")["id"] == client.device_id


@pytest.mark.parametrize(
    "query", ["count=0", "count=201", "count=x", "newer_id=-1", "older_id=1.5"]
)
@pytest.mark.parametrize("path", ["user", "installation", "device", "device-server"])
def test_bad_pages(client, path, query):
    answer = client.get(f"/v1/{path}?{query}")
    field = query.partition("=")[0]
    bunq.assert_refused(
        answer,
        400,
        f'Invalid value for field "{field}".',
        "field-invalid",
        client.server_key,
    )


# ---- the call that fails -----------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense"])
def test_server_error(client, body):
    answer = client.post("/v1/server-error", body)
    bunq.assert_refused(answer, 500, "Server error.", "server-error", client.server_key)
    assert client.is_alive()


def test_sandbox_user_is_a_person(gateway):
    client = bunq.Client(gateway).install()
    answer = client.post("/v1/sandbox-user", token=None)
    bunq.assert_admitted(answer)
    assert re.fullmatch("sandbox_[0-9a-f]{56}", answer.element("ApiKey")["api_key"])
    client.register(answer.element("ApiKey")["api_key"])
    assert client.post_session().types == ["Id", "Token", "UserPerson"]


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
