# SPDX-License-Identifier: Apache-2.0
"""An access by OAuth: its API key, its UserApiKey, and nobody else's paths"""
import pytest

import bunq
from gateway import run

PATH = "/v1/sandbox-user-api-key"


def access_of(client):
    """The user object of a new session, as SDKs read it: the third element."""
    answer = client.post_session()
    bunq.assert_admitted(answer, client.server_key)
    [(kind, user)] = answer.response[2].items()
    return answer, kind, user


def assert_party(element, kind, **fields):
    [(name, party)] = element.items()
    assert name == kind
    assert party["display_name"] and party["public_nick_name"]
    assert isinstance(party["id"], int) and isinstance(party["avatar"], dict)
    assert isinstance(party["session_timeout"], int)
    for field, value in fields.items():
        assert party[field] == value, (field, party)


def test_all_the_way(gateway):
    client = bunq.Client(gateway).install()
    answer = client.post(PATH, b"", token=None, signature=None)
    bunq.assert_admitted(answer)
    secret = answer.element("ApiKey")["api_key"]
    assert secret.startswith("sandbox_") and len(secret) == 64
    client.register(secret).open()
    answer, kind, user = access_of(client)
    assert kind == "UserApiKey"
    assert set(user) == {
        "id", "created", "updated", "requested_by_user", "granted_by_user"
    }
    assert_party(user["requested_by_user"], "UserCompany", session_timeout=604800)
    assert_party(user["granted_by_user"], "UserPerson", session_timeout=604800)
    parties = [
        user[name][kind]["id"]
        for name, kind in (
            ("requested_by_user", "UserCompany"), ("granted_by_user", "UserPerson")
        )
    ]
    assert len({user["id"], *parties}) == 3

    own = f"/v1/user/{user['id']}"
    for path in ("/v1/user", own):
        [element] = client.get(path).response
        assert element == {"UserApiKey": user}
    [account] = client.get(f"{own}/monetary-account-bank").response
    assert account["MonetaryAccountBank"]["status"] == "ACTIVE"
    assert client.get(f"{own}/credential-password-ip").status == 200
    # a path of the API, which this gateway has not: past every other check
    bunq.assert_refused(client.get(f"{own}/payment"), 404, reason="route-not-found")
    for other in parties:
        for path in (f"/v1/user/{other}", f"/v1/user/{other}/credential-password-ip"):
            bunq.assert_refused(client.get(path), 404, reason="user-not-found")
    for typed in ("user-person", "user-company", "user-payment-service-provider"):
        answer = client.get(f"/v1/{typed}/{user['id']}")
        bunq.assert_refused(answer, 404, reason="user-not-found")


@pytest.mark.parametrize("body", [b"[]", b"{", b"x", b"\xff"])
def test_a_body_that_is_no_object_makes_nobody(gateway, body):
    before = gateway.trivet("user", "list")
    answer = bunq.Client(gateway).post(PATH, body, token=None, signature=None)
    bunq.assert_refused(answer, 400, reason="json-invalid")
    assert gateway.trivet("user", "list") == before


def test_outside_the_sandbox_there_is_no_such_call(serve):
    gateway = serve("--no-sandbox")
    answer = bunq.Client(gateway).post(PATH, b"", token=None, signature=None)
    assert answer.status in (401, 404)
    assert gateway.trivet("user", "list") == []


def test_the_operator_makes_one(serve):
    gateway = serve("--no-sandbox")
    asking = gateway.trivet("user", "create", "An App", "--kind", "company")["id"]
    gateway.trivet("user", "auto-logout", asking, "1h")
    granting = gateway.trivet("user", "create", "Ann")["id"]
    made = gateway.trivet(
        "user", "create", "--kind", "api-key",
        "--requested-by", asking, "--granted-by", granting,
    )["id"]
    [row] = [u for u in gateway.trivet("user", "list") if u["id"] == made]
    assert (row["kind"], row["name"], row["auto_logout"]) == ("api-key", "An App", 3600)
    secret = gateway.trivet("key", "create", "--user", made)["secret"]
    client = bunq.Client(gateway).install().register(secret).open()
    _, kind, user = access_of(client)
    assert (kind, user["id"]) == ("UserApiKey", made)
    assert_party(
        user["requested_by_user"], "UserCompany",
        id=asking, display_name="An App", session_timeout=3600,
    )
    assert_party(user["granted_by_user"], "UserPerson", id=granting, display_name="Ann")
    # a name is still that of one user
    assert gateway.trivet("key", "create", "--user", "An App")["user_id"] == asking
    # the time that is shown is the one that counts
    gateway.trivet("user", "auto-logout", made, "2h")
    _, _, user = access_of(client)
    assert user["requested_by_user"]["UserCompany"]["session_timeout"] == 7200


@pytest.mark.parametrize(
    "options, status, complaint",
    [
        (("--kind", "api-key"), 2, "needs --granted-by and --requested-by"),
        (("--kind", "api-key", "--granted-by", "1"), 2, "--requested-by"),
        (("--kind", "api-key", "--granted-by", "1", "--requested-by", "x"), 2, "the id"),
        (("--kind", "api-key", "--granted-by", "-1", "--requested-by", "1"), 2, "the id"),
        (("--kind", "api-key", "--granted-by", "0", "--requested-by", "1"), 2, "the id"),
        (("A", "--kind", "api-key", "--granted-by", "1", "--requested-by", "1"), 2, "name"),
        (("A", "--granted-by", "1"), 2, "are for --kind api-key"),
        (("A", "--kind", "psp"), 2, "person, company and api-key are known"),
        (("A", "--kind", ""), 2, "person, company and api-key are known"),
        ((), 2, "missing argument: NAME"),
        (
            ("--kind", "api-key", "--granted-by", "999999", "--requested-by", "999999"),
            None, "there is no user 999999",
        ),
    ],
)
def test_what_is_no_access_is_refused(gateway, options, status, complaint):
    before = gateway.trivet("user", "list")
    result = run("user", "create", *options, "--data", gateway.data)
    assert result.returncode == status or (status is None and result.returncode > 0)
    assert complaint in " ".join(result.stderr.split()), result
    assert gateway.trivet("user", "list") == before


def test_an_access_grants_no_access(gateway):
    user = gateway.trivet("user", "create", "Bob")["id"]
    both = ("--requested-by", user, "--granted-by", user)
    made = gateway.trivet("user", "create", "--kind", "api-key", *both)["id"]
    for parties in ((made, user), (user, made)):
        result = run(
            "user", "create", "--kind", "api-key", "--data", gateway.data,
            "--requested-by", parties[0], "--granted-by", parties[1],
        )
        assert result.returncode == 2, result
        assert "is itself an access" in result.stderr
