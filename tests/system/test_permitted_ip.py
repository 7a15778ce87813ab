# SPDX-License-Identifier: Apache-2.0
"""A user's API keys, and from where they may be used, changed by its owner"""
import pytest

import bunq

HOME = "127.0.0.2"
SECOND = "127.0.0.3"
THIRD = "127.0.0.4"


@pytest.fixture
def owner(gateway):
    """A client with a session, whose key is bound to HOME."""
    client = bunq.ready(gateway, HOME)
    yield client
    client.close()


def credentials(client, more=""):
    return f"/v1/user/{client.user['id']}/credential-password-ip{more}"


def key_id(client):
    answer = client.get(credentials(client))
    bunq.assert_admitted(answer, client.server_key)
    return answer.element("CredentialPasswordIp")["id"]


def ips(client, more=""):
    return credentials(client, f"/{key_id(client)}/ip{more}")


def entries(client):
    answer = client.get(ips(client) + "?count=200")
    bunq.assert_admitted(answer, client.server_key)
    return [element["PermittedIp"] for element in answer.response]


def add(client, address, **more):
    answer = client.post(ips(client), {"ip": address, **more})
    bunq.assert_admitted(answer, client.server_key)
    assert answer.types == ["Id"]
    return answer.element("Id")["id"]


def put(client, number, **body):
    return client.call("PUT", ips(client, f"/{number}"), body)


def may_call(client, source):
    other = client.from_address(source)
    answer = other.get("/v1/user")
    other.close()
    if answer.status == 200:
        return True
    bunq.assert_refused(
        answer, 403, bunq.AUTHENTICATION, "ip-not-permitted", client.server_key
    )
    return False


def may_open(client, source):
    other = client.from_address(source)
    answer = other.post_session()
    other.close()
    if answer.status == 200:
        return True
    bunq.assert_refused(answer, 400, bunq.CREDENTIALS, "ip-not-permitted")
    return False


# ---- credentials -------------------------------------------------------------


def test_credential_of_a_key_in_use(owner):
    answer = owner.get(credentials(owner))
    bunq.assert_admitted(answer, owner.server_key)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response", "Pagination"]
    credential = answer.element("CredentialPasswordIp")
    assert list(credential) == [
        "id",
        "created",
        "updated",
        "status",
        "expiry_time",
        "token_value",
        "permitted_device",
    ]
    bunq.assert_now(credential["created"])
    bunq.assert_now(credential["updated"])
    assert credential["status"] == "ACTIVE"
    assert credential["expiry_time"] is None
    assert credential["token_value"] is None
    assert credential["permitted_device"] == {"description": "a test", "ip": HOME}

    one = owner.get(credentials(owner, f"/{credential['id']}"))
    bunq.assert_admitted(one, owner.server_key)
    assert one.json == {"Response": [{"CredentialPasswordIp": credential}]}


def test_credential_of_a_new_key_is_pending_for_four_hours(gateway, owner):
    key = gateway.trivet("key", "create", "--user", owner.user["id"])
    answer = owner.get(credentials(owner, f"/{key['id']}"))
    credential = answer.element("CredentialPasswordIp")
    assert credential["status"] == "PENDING_FIRST_USE"
    assert credential["token_value"] is None
    assert credential["permitted_device"] is None
    life = bunq.parse_time(credential["expiry_time"]) - bunq.parse_time(
        credential["created"]
    )
    assert life == 4 * 3600
    assert key["secret"].encode() not in answer.body

    answer = owner.post(credentials(owner, f"/{key['id']}/ip"), {"ip": SECOND})
    bunq.assert_refused(answer, 400, reason="credential-not-active")
    bunq.Client(gateway, HOME).install().register(key["secret"]).open()
    answer = owner.get(credentials(owner, f"/{key['id']}"))
    assert answer.element("CredentialPasswordIp")["status"] == "ACTIVE"
    gateway.trivet("key", "revoke", key["id"])
    answer = owner.get(credentials(owner, f"/{key['id']}"))
    assert answer.element("CredentialPasswordIp")["status"] == "INACTIVE"


# ---- addresses ---------------------------------------------------------------


def test_first_address_is_the_one_of_the_device(owner):
    answer = owner.get(ips(owner))
    bunq.assert_admitted(answer, owner.server_key)
    bunq.assert_own_form(answer)
    entry = answer.element("PermittedIp")
    assert list(entry) == ["id", "created", "updated", "ip", "status"]
    assert entry["ip"] == HOME and entry["status"] == "ACTIVE"
    bunq.assert_now(entry["created"])
    assert answer.json["Pagination"] == {
        "future_url": f"{ips(owner)}?newer_id={entry['id']}",
        "newer_url": None,
        "older_url": None,
    }
    one = owner.get(ips(owner, f"/{entry['id']}"))
    bunq.assert_admitted(one, owner.server_key)
    assert one.json == {"Response": [{"PermittedIp": entry}]}


def test_added_address_may_call_at_once(owner):
    assert not may_call(owner, SECOND)
    add(owner, SECOND)
    assert may_call(owner, SECOND) and may_open(owner, SECOND)
    assert may_call(owner, HOME)
    assert not may_call(owner, THIRD)


def test_inactive_address_may_not_call_from_the_next_request_on(owner):
    number = add(owner, SECOND, status="ACTIVE")
    second = owner.from_address(SECOND)
    assert second.get("/v1/user").status == 200  # its connection stays open
    answer = put(owner, number, status="INACTIVE")
    bunq.assert_admitted(answer, owner.server_key)
    assert answer.json == {"Response": [{"Id": {"id": number}}]}
    bunq.assert_refused(second.get("/v1/user"), 403, reason="ip-not-permitted")
    assert not may_open(owner, SECOND)
    assert put(owner, number, status="ACTIVE", ip=SECOND).status == 200
    assert second.get("/v1/user").status == 200


def test_address_that_is_there_keeps_its_entry(owner):
    number = add(owner, SECOND)
    assert add(owner, f"::ffff:{SECOND}") == number
    put(owner, number, status="INACTIVE")
    assert add(owner, SECOND) == number
    assert [(e["ip"], e["status"]) for e in entries(owner)] == [
        (SECOND, "ACTIVE"),
        (HOME, "ACTIVE"),
    ]


def test_changes_come_from_permitted_addresses_alone(owner):
    other = owner.from_address(SECOND)
    path = ips(owner)
    for method, body in (("GET", b""), ("POST", {"ip": SECOND})):
        answer = other.call(method, path, body)
        bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "ip-not-permitted")
    assert not may_call(owner, SECOND)


def test_changes_must_be_signed(owner):
    path = ips(owner)
    answer = owner.post(path, {"ip": SECOND}, signature=None)
    bunq.assert_refused(answer, 466, bunq.UNSIGNED)
    answer = owner.post(path, {"ip": SECOND}, signature=owner.sign(b"{}"))
    bunq.assert_refused(answer, 400, bunq.WRONG_SIGNATURE)
    assert not may_call(owner, SECOND)


@pytest.mark.parametrize(
    "body, reason",
    [
        ({"ip": "*"}, "permitted-ip-wildcard"),
        ({"ip": "*", "status": "ACTIVE"}, "permitted-ip-wildcard"),
        ({"ip": "1.2.3.4/8"}, "field-invalid"),
        ({"ip": ["1.2.3.4"]}, "field-invalid"),
        ({"ip": "1.2.3.4", "status": "active"}, "field-invalid"),
        ({"status": "ACTIVE"}, "field-missing"),
        (b"", "field-missing"),
        (b"nonsense", "json-invalid"),
    ],
)
def test_bad_entries(owner, body, reason):
    before = entries(owner)
    answer = owner.post(ips(owner), body)
    bunq.assert_refused(answer, 400, reason=reason, server_key=owner.server_key)
    assert entries(owner) == before
    assert not may_call(owner, SECOND)


def test_address_of_an_entry_cannot_be_changed(owner):
    number = entries(owner)[0]["id"]
    for body, reason in (
        ({"ip": SECOND, "status": "ACTIVE"}, "permitted-ip-changed"),
        ({"ip": "*", "status": "ACTIVE"}, "permitted-ip-wildcard"),
        ({"ip": HOME}, "field-missing"),
        ({}, "field-missing"),
    ):
        bunq.assert_refused(put(owner, number, **body), 400, reason=reason)
    assert may_call(owner, HOME) and not may_call(owner, SECOND)


@pytest.mark.long
def test_key_has_at_most_256_addresses(owner):
    path = ips(owner)
    for i in range(255):
        answer = owner.post(path, {"ip": f"10.0.0.{i}", "status": "INACTIVE"})
        assert answer.status == 200, answer
    answer = owner.post(path, {"ip": SECOND})
    bunq.assert_refused(answer, 400, reason="permitted-ips-full")
    assert owner.post(path, {"ip": "10.0.0.1"}).status == 200

    seen = []
    page = f"{path}?count=100"
    while page:
        answer = owner.get(page)
        bunq.assert_admitted(answer, owner.server_key)
        seen += [element["PermittedIp"]["id"] for element in answer.response]
        page = answer.json["Pagination"]["older_url"]
    assert len(seen) == 256 and seen == sorted(seen, reverse=True)


def test_nobody_reaches_another_s_keys(gateway, owner):
    other = bunq.ready(gateway, HOME)
    number = key_id(other)
    entry = entries(other)[0]["id"]
    for path, reason in (
        (ips(other), "user-not-found"),
        (credentials(other), "user-not-found"),
        (credentials(owner, f"/{number}"), "credential-not-found"),
        (credentials(owner, f"/{number}/ip"), "credential-not-found"),
        (credentials(owner, f"/{number}/ip/{entry}"), "credential-not-found"),
        (ips(owner, f"/{entry}"), "permitted-ip-not-found"),
    ):
        bunq.assert_refused(
            owner.get(path), 404, reason=reason, server_key=owner.server_key
        )
    answer = owner.post(ips(other), {"ip": SECOND})
    bunq.assert_refused(answer, 404, reason="user-not-found")
    answer = owner.call("PUT", ips(owner, f"/{entry}"), {"status": "INACTIVE"})
    bunq.assert_refused(answer, 404, reason="permitted-ip-not-found")
    assert other.is_alive() and len(entries(other)) == 1


@pytest.mark.parametrize(
    "end, allowed",
    [
        ("", {"GET"}),
        ("/1", {"GET"}),
        ("/1/ip", {"GET", "POST"}),
        ("/1/ip/1", {"GET", "PUT"}),
    ],
)
@pytest.mark.parametrize("slash", ["", "/", "?count=5"])
def test_other_methods_are_not_allowed(owner, end, allowed, slash):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        if method in allowed:
            continue
        answer = owner.call(method, credentials(owner, end) + slash)
        bunq.assert_refused(answer, 405, "Method not allowed.", "method-not-allowed")
        assert set(answer.header("Allow").split(", ")) == allowed


def test_addresses_survive_a_restart(serve):
    gateway = serve()
    client = bunq.ready(gateway, HOME)
    add(client, SECOND)
    gateway.close()
    gateway.start()
    assert may_call(client, SECOND) and not may_call(client, THIRD)
