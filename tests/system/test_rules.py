# SPDX-License-Identifier: Apache-2.0
"""Tokens, API keys and sessions: who is admitted, and for how long"""
import hashlib
import secrets
import time

import pytest

import bunq
from bunq import AUTHENTICATION, AUTHORISATION, CREDENTIALS, TOKEN
from gateway import Gateway

PROTECTED = [
    ("GET", "/v1/user"),
    ("GET", "/v1/user/1"),
    ("DELETE", "/v1/session/0"),
    ("POST", "/v1/device-server"),
    ("POST", "/v1/session-server"),
    ("GET", "/v1/echo/anything"),
    ("POST", "/v1/echo/anything/at/all?x=y"),
]


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """A gateway whose sessions last two seconds, keys one until bound."""
    data = tmp_path_factory.mktemp("brief") / "data"
    options = ("--session-timeout", 2, "--api-key-lifetime", 1)
    with Gateway(data, *options) as started:
        yield started


def key_id_of(gateway, client):
    keys = gateway.trivet("key", "list")
    return [k["id"] for k in keys if k["user_id"] == client.user["id"]][0]


# ---- the token ---------------------------------------------------------------


@pytest.mark.parametrize("method, path", PROTECTED)
def test_no_token_no_admission(client, method, path):
    body = b"" if method == "GET" else b"{}"
    answer = client.call(method, path, body, token=None)
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-missing", False)


@pytest.mark.parametrize("method, path", PROTECTED)
def test_unknown_token_is_refused(client, method, path):
    answer = client.call(method, path, b"{}", token=secrets.token_hex(32))
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-unknown", False)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def as_header_bytes(data):
    """Raw bytes, but for those that no header may have."""
    return data.decode("latin-1").translate({n: 0xA1 for n in (*range(0x21), 0x7F)})


SPOILED = {
    "empty": lambda c, t: "",
    "cut": lambda c, t: t[:-1],
    "longer": lambda c, t: t + "0",
    "upper": lambda c, t: t.upper() if t.upper() != t else "A" * 64,
    "one-digit": lambda c, t: t[:-1] + ("0" if t[-1] != "0" else "1"),
    "digest": lambda c, t: digest(t.encode()),
    "digest-of-bytes": lambda c, t: digest(bytes.fromhex(t)),
    "bearer": lambda c, t: f"Bearer {t}",
    "quoted": lambda c, t: f'"{t}"',
    "list": lambda c, t: f"{t}, {t}",
    "two": lambda c, t: f"{t} {t}",
    "api-key": lambda c, t: c.secret,
    "raw-bytes": lambda c, t: as_header_bytes(bytes.fromhex(t)),
    "id": lambda c, t: str(c.session_id),
    "long": lambda c, t: t * 40,
    "wildcards": lambda c, t: "%" * 64,
    "quote": lambda c, t: "' OR '1'='1",
}


@pytest.mark.parametrize("fault", list(SPOILED))
def test_spoiled_token_is_refused(gateway, client, fault):
    token = SPOILED[fault](client, client.session_token)
    headers = [(TOKEN, token), (bunq.SIGNATURE, client.sign(b""))]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_refused(answer, 401, AUTHENTICATION, server_key=False)
    assert answer.reason in ("token-unknown", "token-missing")


def test_installation_token_is_not_a_session(client):
    for method, path in (("GET", "/v1/user"), ("GET", "/v1/echo/x"), ("POST", "/v1/echo/x")):
        answer = client.call(method, path, token=client.installation_token)
        bunq.assert_refused(
            answer, 403, AUTHENTICATION, "token-wrong-kind", client.server_key
        )
    answer = client.call("DELETE", "/v1/session/0", token=client.installation_token)
    assert answer.status == 403


def test_session_token_is_not_an_installation(client):
    for answer in (
        client.post_device(client.secret, token=client.session_token),
        client.post_session(client.secret, token=client.session_token),
    ):
        bunq.assert_refused(
            answer,
            400,
            "Authentication token already has a user session.",
            "session-already",
            client.server_key,
        )


def test_tokens_of_two_installations_cannot_be_mixed(gateway):
    """Each token goes with the key of its own installation only."""
    one = bunq.ready(gateway, key_number=0)
    two = bunq.ready(gateway, key_number=1)
    for first, second in ((one, two), (two, one)):
        for token in (first.session_token, first.installation_token):
            answer = first.get("/v1/user", token=token, signature=second.sign(b""))
            wanted = 400 if token == first.session_token else 403
            assert answer.status == wanted, answer
            assert answer.is_signed_by(first.server_key)
        body = b'{"secret":"%s"}' % first.secret.encode()
        answer = first.post(
            "/v1/session-server",
            body,
            token=first.installation_token,
            signature=second.sign(body),
        )
        bunq.assert_refused(
            answer, 400, bunq.WRONG_SIGNATURE, "signature-wrong", first.server_key
        )
        # well signed, but the key is registered with the other installation
        answer = first.post_session(second.secret)
        bunq.assert_refused(
            answer, 400, CREDENTIALS, "key-not-registered", first.server_key
        )


@pytest.mark.parametrize(
    "target",
    [
        "/v1/user",
        "//v1/user",
        "/v1//user",
        "/v1/./user",
        "/v1/x/../user",
        "/x/../v1/user",
        "/v1/%75ser",
        "/%76%31/user",
        "/v1%2Fuser",
        "/v1/user%00",
        "/v1/user;x=y",
        "/v1/user#f",
        "/V1/user",
        "/v1/USER",
        "/v1/installation/../user",
        "/v1/installation%2F..%2Fuser",
        "/v1/sandbox-user-person/../user",
        "/v1/sandbox-user-person/x",
        "/v1/installation/x",
        "/v1/installation?x=/v1/user",
        "/v1/",
        "/v1//",
        "/v1/user/../../v1/user",
        "http://localhost/v1/user",
        "https://localhost/v1/user",
        "/v1\\user",
        "/v1/user/.",
        "/v1/device-server/",
        "/v1/session-server/",
        "/v1/session/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_no_spelling_of_a_path_gets_past_the_token(gateway, method, target):
    if (method, target.partition("?")[0]) == ("POST", "/v1/installation"):
        return
    with bunq.Wire(gateway) as wire:
        answer = wire.request(method, target).answer()
    assert answer.status in (400, 401, 404, 405), answer
    bunq.assert_error_form(answer)


# ---- the API key -------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["0" * 64, "sandbox_" + "0" * 56, "x", " ", "%", "é", "x" * 512]
)
def test_unknown_api_key_is_refused(gateway, secret):
    client = bunq.Client(gateway).install()
    for answer in (client.post_device(secret), client.post_session(secret)):
        bunq.assert_refused(answer, 400, CREDENTIALS, "key-unknown", client.server_key)


def test_api_key_must_be_exact(gateway, client):
    for secret in (
        client.secret.upper(),
        client.secret + " ",
        " " + client.secret,
        client.secret + "\n",
        client.secret[:-1],
        client.secret.removeprefix("sandbox_"),
        hashlib.sha256(client.secret.encode()).hexdigest(),
    ):
        answer = client.post_session(secret)
        bunq.assert_refused(answer, 400, CREDENTIALS, "key-unknown", client.server_key)


def test_api_key_must_be_registered_with_the_installation(gateway):
    client = bunq.Client(gateway).install()
    secret = client.make_user()
    answer = client.post_session(secret)
    bunq.assert_refused(
        answer, 400, CREDENTIALS, "key-not-registered", client.server_key
    )
    client.register(secret).open()


def test_one_api_key_with_two_installations(gateway):
    one = bunq.ready(gateway)
    two = bunq.Client(gateway, key_number=1).install()
    assert two.post_session(one.secret).reason == "key-not-registered"
    two.register(one.secret).open()
    assert one.user == two.user
    assert one.is_alive() and two.is_alive()


def test_two_api_keys_with_one_installation(gateway):
    client = bunq.ready(gateway)
    first = client.user["id"]
    client.register(client.make_user()).open()
    assert client.user["id"] != first


def test_api_key_expires_when_it_is_not_bound_in_time(brief):
    client = bunq.Client(brief).install()
    late, early = client.make_user(), client.make_user()
    client.register(early)
    time.sleep(1.2)
    for answer in (client.post_device(late), client.post_session(late)):
        bunq.assert_refused(answer, 400, CREDENTIALS, "key-expired", client.server_key)
    client.register(early).open(early)  # bound in time: valid until revoked


def test_a_refused_registration_does_not_bind_the_key(brief):
    client = bunq.Client(brief).install()
    secret = client.make_user()
    assert client.post_device(secret, permitted_ips=["nonsense"]).status == 400
    assert client.post_device(secret, signature=client.sign(b"x")).status == 400
    assert client.post_session(secret).reason == "key-not-registered"
    time.sleep(1.2)
    assert client.post_device(secret).reason == "key-expired"


def test_revoked_key_ends_its_sessions_and_opens_none(gateway, client):
    victim = bunq.ready(gateway)
    again = victim.from_address(None).open()
    gateway.trivet("key", "revoke", key_id_of(gateway, victim))
    for one in (victim, again):
        bunq.assert_refused(
            one.get("/v1/user"), 401, AUTHENTICATION, "key-revoked", one.server_key
        )
    for answer in (victim.post_session(), victim.post_device()):
        bunq.assert_refused(answer, 400, CREDENTIALS, "key-revoked", victim.server_key)
    assert client.is_alive()


def test_revoked_key_leaves_the_users_other_keys_alone(gateway):
    victim = bunq.ready(gateway)
    key = gateway.trivet("key", "create", "--user", victim.user["id"])
    other = bunq.ready(gateway, secret=key["secret"])
    assert other.user["id"] == victim.user["id"]
    gateway.trivet("key", "revoke", key_id_of(gateway, victim))
    assert other.is_alive()
    assert not victim.is_alive()


def test_keys_of_another_environment_are_unknown(serve, gateway):
    other = serve("--no-sandbox")
    here, there = (bunq.Client(g).install() for g in (gateway, other))
    of_the_sandbox = here.make_user()
    of_the_other = other.trivet("key", "create")["secret"]
    for client, secret in ((here, of_the_other), (there, of_the_sandbox)):
        for answer in (client.post_device(secret), client.post_session(secret)):
            bunq.assert_refused(answer, 400, CREDENTIALS, None, client.server_key)
    here.register(of_the_sandbox).open()
    there.register(of_the_other).open()


def test_keys_of_a_sandbox_that_was_open_nothing_outside_it(serve):
    """Anybody could make them, and the store is the same."""
    gateway = serve()
    client = bunq.Client(gateway).install()
    unused, used = client.make_user(), client.make_user()
    client.register(used).open()
    own = gateway.trivet("key", "create")["secret"]
    gateway.stop()
    gateway.options.append("--no-sandbox")
    gateway.start()
    assert "was a sandbox's: sessions that anybody opened" in gateway.stderr()
    client = bunq.Client(gateway).install()
    for secret in (unused, used):
        for answer in (client.post_device(secret), client.post_session(secret)):
            bunq.assert_refused(answer, 400, CREDENTIALS, None, client.server_key)
    client.register(own).open()


def test_key_that_was_never_bound_can_be_revoked(gateway):
    client = bunq.Client(gateway).install()
    key = gateway.trivet("key", "create")
    gateway.trivet("key", "revoke", key["id"])
    assert client.post_device(key["secret"]).reason == "key-revoked"


def test_outside_the_sandbox_no_answer_tells_key_from_address(serve):
    gateway = serve("--no-sandbox")
    key = gateway.trivet("key", "create")
    expired = gateway.trivet("key", "create", "--expires", 1)
    bunq.ready(gateway, "127.0.0.2", key["secret"])
    client = bunq.Client(gateway, "127.0.0.3").install()
    time.sleep(1.1)
    answers = [
        client.post_device("0" * 64),
        client.post_device(expired["secret"]),
        client.post_device(key["secret"]),
        client.post_session(key["secret"]),
        client.post_session("0" * 64),
    ]
    for answer in answers:
        bunq.assert_refused(answer, 400, CREDENTIALS, server_key=client.server_key)
        assert answer.reason is None
        assert answer.body == answers[0].body
        assert [n for n, _ in answer.headers] == [n for n, _ in answers[0].headers]
    assert all(not n.startswith("x-trivet") for a in answers for n, _ in a.headers)
    for word in ("key-unknown", "ip-not-permitted", "key-expired"):
        assert word in gateway.log(), word  # the operator does learn it


# ---- several sessions, and their end -----------------------------------------


def test_sessions_of_one_installation_live_side_by_side(gateway):
    client = bunq.ready(gateway)
    others = [client.from_address(None).open() for _ in range(3)]
    assert len({c.session_token for c in [client, *others]}) == 4
    assert all(c.is_alive() for c in [client, *others])


def test_delete_ends_the_one_session_only(gateway):
    client = bunq.ready(gateway)
    other = client.from_address(None).open()
    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
    for answer in (client.get("/v1/user"), client.call("DELETE", "/v1/session/0")):
        bunq.assert_refused(
            answer, 401, AUTHENTICATION, "session-ended", client.server_key
        )
    assert other.is_alive()
    client.open()  # the installation token stays valid
    assert client.is_alive()


def test_operator_ends_a_session(gateway, client):
    victim = bunq.ready(gateway)
    gateway.trivet("session", "end", victim.session_id)
    answer = victim.get("/v1/user")
    bunq.assert_refused(answer, 401, AUTHENTICATION, "session-ended", victim.server_key)
    assert client.is_alive()
    victim.open()
    assert victim.is_alive()


# ---- expiry ------------------------------------------------------------------


def test_session_expires_when_it_is_not_used(brief):
    client = bunq.ready(brief)
    assert client.user["session_timeout"] == 2
    time.sleep(2.2)
    answer = client.get("/v1/user", headers={"X-Bunq-Language": "nl_NL"})
    bunq.assert_refused(
        answer, 401, AUTHORISATION, "session-expired", client.server_key
    )
    translated = answer.json["Error"][0]["error_description_translated"]
    assert translated == "Onvoldoende autorisatie."
    client.open()
    assert client.is_alive()


def test_requests_near_the_end_extend_the_session(brief):
    """Within 30 minutes of the end; here always."""
    client = bunq.ready(brief)
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        assert client.is_alive()
        time.sleep(0.5)
    time.sleep(2.2)
    assert client.get("/v1/user").reason == "session-expired"


def test_an_extension_is_not_seen_on_the_wire(serve):
    options = ("--session-timeout", 3, "--switch", "extend-window=1")
    client = bunq.ready(serve(*options))
    early = client.get("/v1/user")  # two seconds too soon to extend
    time.sleep(2.3)
    late = client.get("/v1/user")
    for answer in (early, late):
        bunq.assert_admitted(answer, client.server_key)
    assert late.body == early.body
    ours = [n for n, _ in late.headers]
    assert ours == [n for n, _ in early.headers]
    time.sleep(1.5)
    assert client.is_alive()  # it was extended


def test_refused_requests_do_not_extend_the_session(brief):
    client = bunq.ready(brief)
    stranger = client.from_address("127.0.0.77")
    end = time.monotonic() + 2.2
    while time.monotonic() < end:
        assert client.get("/v1/user", signature=None).status in (466, 401)
        assert client.get("/v1/user", signature=client.sign(b"x")).status in (400, 401)
        assert stranger.get("/v1/user").status in (403, 401)
        time.sleep(0.3)
    assert client.get("/v1/user").reason == "session-expired"


def test_calls_with_the_installation_token_do_not_extend_a_session(brief):
    client = bunq.ready(brief)
    end = time.monotonic() + 2.2
    while time.monotonic() < end:
        client.from_address(None).open()
        time.sleep(0.5)
    assert client.get("/v1/user").reason == "session-expired"


def test_auto_logout_time_applies_to_all_sessions_of_the_user(gateway, client):
    one = bunq.ready(gateway)
    two = one.from_address(None).open()
    gateway.trivet("user", "auto-logout", one.user["id"], 4)
    assert one.get("/v1/user").element("UserPerson")["session_timeout"] == 4
    time.sleep(4.3)
    for each in (one, two):
        assert each.get("/v1/user").reason == "session-expired"
    assert client.is_alive()
    one.open()
    assert one.user["session_timeout"] == 4
    assert one.is_alive()


def test_longer_auto_logout_time_lengthens_sessions_that_are_open(brief):
    client = bunq.ready(brief)
    brief.trivet("user", "auto-logout", client.user["id"], 600)
    time.sleep(2.3)
    assert client.is_alive()


# ---- the order of the questions ----------------------------------------------


def test_order_token_address_signature_body(gateway):
    client = bunq.ready(gateway, "127.0.0.2")
    away = client.from_address("127.0.0.3")
    bad = b"{not json"

    def delete(who, **kwargs):
        return who.call("DELETE", "/v1/session/0", bad, **kwargs)

    unknown = secrets.token_hex(32)
    assert delete(away, token=unknown, signature=None).reason == "token-unknown"
    assert delete(away, signature=None).reason == "ip-not-permitted"
    assert delete(client, signature=None).reason == "signature-missing"
    assert delete(client, signature=client.sign(b"")).reason == "signature-wrong"
    assert delete(client).reason == "json-invalid"
    assert client.is_alive()


def test_order_on_session_server(gateway):
    client = bunq.Client(gateway).install()
    token = client.installation_token
    bad = b"{not json"

    def post(body, **kwargs):
        return client.post("/v1/session-server", body, token=token, **kwargs)

    assert post(bad, signature=None).reason == "signature-missing"
    assert post(bad, signature="AAAA").status == 400
    assert post(bad).reason == "json-invalid"
    assert post({"secret": ""}).reason == "field-missing"
    assert post({"secret": "0"}).reason == "key-unknown"


# ---- what is kept ------------------------------------------------------------


def test_no_token_or_key_is_kept_or_logged_in_clear(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    key = gateway.trivet("key", "create")
    client.get("/v1/user")
    client.post_device(client.secret, permitted_ips=["127.0.0.99"])
    client.get("/v1/user", signature=None)
    client.get("/v1/user", token=client.session_token, signature="x")
    secrets_ = [
        client.secret,
        client.installation_token,
        client.session_token,
        key["secret"],
    ]
    gateway.stop()
    for path in gateway.data.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for secret in secrets_:
            text = secret.removeprefix("sandbox_")
            assert text.encode() not in content, path
            assert bytes.fromhex(text) not in content, path


def test_a_longer_auto_logout_time_wakes_no_dead_session(serve):
    gateway = serve("--session-timeout", 1)
    client = bunq.ready(gateway)
    user = client.get("/v1/user").element("UserPerson")["id"]
    time.sleep(1.2)
    bunq.assert_refused(client.get("/v1/user"), 401, reason="session-expired")
    gateway.trivet("user", "auto-logout", user, 3600)
    bunq.assert_refused(client.get("/v1/user"), 401, reason="session-ended")
    client.open()
    assert client.is_alive()
