# SPDX-License-Identifier: Apache-2.0
"""Profile current: what real clients do, and what must still be refused"""
import json

import pytest

import bunq
from bunq import SIGNATURE, TOKEN
from gateway import Gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("current") / "data"
    with Gateway(data, "--profile", "current") as started:
        yield started


ODD_SIGNATURES = [None, "", "nonsense", "A" * 344, "newline", "other", "last"]


def odd(client, signature):
    """A signature that fits nothing, or none."""
    return {
        "newline": client.sign(b"\n"),
        "other": bunq.sign(bunq.key(1), b""),
        "last": client.sign(b'{"secret":"x"}'),
    }.get(signature, signature)


@pytest.mark.parametrize("signature", ODD_SIGNATURES)
@pytest.mark.parametrize("path", ["/v1/user", "/v1/echo/anything"])
def test_get_needs_no_signature_and_none_is_judged(client, path, signature):
    answer = client.get(path, signature=odd(client, signature))
    bunq.assert_admitted(answer, client.server_key)


@pytest.mark.parametrize("signature", ODD_SIGNATURES)
def test_post_and_delete_need_no_signature(gateway, signature):
    client = bunq.ready(gateway)
    signature = odd(client, signature)
    answer = client.post("/v1/echo/anything", b'{"a":1}', signature=signature)
    bunq.assert_admitted(answer, client.server_key)
    answer = client.call("DELETE", "/v1/session/0", signature=signature)
    bunq.assert_admitted(answer, client.server_key)
    assert answer.body == b'{"Response":[]}'
    assert not client.is_alive()


@pytest.mark.parametrize("signature", ODD_SIGNATURES)
def test_device_server_needs_no_signature(gateway, signature):
    client = bunq.Client(gateway).install()
    secret = client.make_user()
    answer = client.post_device(secret, signature=odd(client, signature))
    bunq.assert_admitted(answer, client.server_key)
    client.open()


@pytest.mark.parametrize("given", [["*"], ["127.0.0.2", "*"]])
def test_later_wildcard_leaves_the_key_as_it_is(gateway, given):
    client = bunq.ready(gateway, "127.0.0.2")
    answer = client.post_device(permitted_ips=given)
    bunq.assert_admitted(answer, client.server_key)
    away = client.from_address("127.0.0.3")
    bunq.assert_refused(away.get("/v1/user"), 403, reason="ip-not-permitted")
    answer = client.post_device(permitted_ips=["127.0.0.3", *given])
    bunq.assert_refused(answer, 400, reason="permitted-ips-fixed")

    free = bunq.Client(gateway, "127.0.0.2").install()
    free.register(free.make_user(), permitted_ips=given).open()
    assert free.from_address("127.0.0.3").is_alive()


@pytest.mark.parametrize("signature", ODD_SIGNATURES)
def test_installation_takes_any_signature(gateway, signature):
    client = bunq.Client(gateway)
    bunq.assert_admitted(client.post_installation(signature=odd(client, signature)))


ANONYMOUS = ["/v1/installation", "/v1/sandbox-user-person", "/v1/sandbox-user-company"]


@pytest.mark.parametrize("path", ANONYMOUS)
@pytest.mark.parametrize("tokens", [[""], ["0" * 64], ["x"], ["", ""], "installation"])
def test_a_call_that_takes_no_token_refuses_one(gateway, path, tokens):
    client = bunq.Client(gateway).install()
    if tokens == "installation":
        tokens = [client.installation_token]
    body = b""
    if path == "/v1/installation":
        body = json.dumps({"client_public_key": bunq.public_pem(client.key)}).encode()
    before = len(gateway.trivet("user", "list"))
    with bunq.Wire(gateway) as wire:
        headers = [(TOKEN, token) for token in tokens]
        answer = wire.request("POST", path, headers, body).answer()
        bunq.assert_refused(
            answer, 403, "Superfluous authentication.", "token-superfluous", False
        )
        assert len(gateway.trivet("user", "list")) == before
        answer = wire.request("POST", path, [], body).answer()
        bunq.assert_admitted(answer)


def test_installation_takes_a_real_signature(gateway):
    """Three clients sign it with the key that it brings."""
    client = bunq.Client(gateway)
    body = json.dumps({"client_public_key": bunq.public_pem(client.key)}).encode()
    for signature in (client.sign(body), client.sign(b"")):
        headers = {SIGNATURE: signature}
        answer = client.post("/v1/installation", body, token=None, headers=headers)
        bunq.assert_admitted(answer)
        answer = client.post("/v1/sandbox-user-person", token=None, headers=headers)
        bunq.assert_admitted(answer)


@pytest.mark.parametrize("signature", [None, ""])
def test_session_server_needs_a_signature(client, signature):
    answer = client.post_session(signature=signature)
    bunq.assert_refused(
        answer, 466, bunq.UNSIGNED, "signature-missing", client.server_key
    )


@pytest.mark.parametrize(
    "signature", ["nonsense", "A" * 344, "newline", "other", "last"]
)
def test_session_server_needs_the_right_signature(client, signature):
    answer = client.post_session(signature=odd(client, signature))
    bunq.assert_refused(answer, 400, bunq.WRONG_SIGNATURE, None, client.server_key)


def test_two_signatures_are_not_judged_either(gateway, client):
    headers = [(TOKEN, client.session_token), (SIGNATURE, "a"), (SIGNATURE, "b")]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_admitted(answer, client.server_key)


def test_a_right_signature_is_admitted_as_well(client):
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    bunq.assert_admitted(client.post("/v1/echo/x", b"{}"), client.server_key)


# ---- what the profile does not change ----------------------------------------


def test_tokens_are_asked_for_as_ever(client):
    for token, status in (
        (None, 401),
        ("0" * 64, 401),
        (client.installation_token, 403),
    ):
        answer = client.get("/v1/user", token=token)
        bunq.assert_refused(answer, status, bunq.AUTHENTICATION)
    answer = client.post_session(token=client.session_token)
    bunq.assert_refused(answer, 400, reason="session-already")


def test_addresses_are_bound_as_ever(gateway):
    client = bunq.ready(gateway, "127.0.0.2")
    away = client.from_address("127.0.0.3")
    for signature in (None, away.sign(b"")):
        answer = away.get("/v1/user", signature=signature)
        bunq.assert_refused(answer, 403, reason="ip-not-permitted")
    bunq.assert_refused(away.post_session(), 400, bunq.CREDENTIALS, "ip-not-permitted")


def test_answers_are_signed_as_ever(client):
    for answer in (
        client.get("/v1/user", signature=None),
        client.get("/v1/echo/anything", signature=None),
        client.get("/v1/user/999999999", signature=None),
        client.post_session(signature=None),
    ):
        assert answer.is_signed_by(client.server_key), answer


# ---- what real clients send --------------------------------------------------


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/json;charset=utf-8"]
)
def test_content_types(gateway, content_type):
    client = bunq.Client(gateway)
    headers = {} if content_type is None else {"Content-Type": content_type}
    client.install(headers=headers)
    client.register(client.make_user(), headers=headers, signature=None)
    client.open(headers=headers)


@pytest.mark.parametrize("request_id", [None, "0", "0"])
def test_request_id_absent_or_the_same_again(client, request_id):
    headers = {} if request_id is None else {bunq.REQUEST_ID: request_id}
    for _ in range(3):
        answer = client.get("/v1/user", signature=None, headers=headers)
        bunq.assert_admitted(answer, client.server_key)
        assert answer.header(bunq.REQUEST_ID) == request_id


def bare(gateway, method, path, headers=(), body=b""):
    """A request of these fields and no other: not even User-Agent."""
    with bunq.Wire(gateway) as wire:
        return wire.request(method, path, headers, body).answer(method)


@pytest.mark.parametrize("spell", [str, str.lower, str.upper], ids=lambda f: f.__name__)
def test_no_header_is_needed_but_token_and_signature(gateway, spell):
    """No User-Agent, Cache-Control, request id, language, region, geolocation or
    Content-Type; and the names in any case, in all three steps."""
    client = bunq.Client(gateway)
    answer = bare(gateway, "POST", "/v1/sandbox-user-person")
    secret = answer.element("ApiKey")["api_key"]
    body = json.dumps({"client_public_key": bunq.public_pem(client.key)}).encode()
    answer = bare(gateway, "POST", "/v1/installation", [], body)
    token = (spell(TOKEN), answer.element("Token")["token"])
    body = json.dumps({"description": "x", "secret": secret}).encode()
    bunq.assert_admitted(bare(gateway, "POST", "/v1/device-server", [token], body))
    body = json.dumps({"secret": secret}).encode()
    signature = (spell(SIGNATURE), client.sign(body))
    answer = bare(gateway, "POST", "/v1/session-server", [token, signature], body)
    token = (spell(TOKEN), answer.element("Token")["token"])
    for method, path in (
        ("GET", "/v1/user"),
        ("GET", "/v1/echo/x"),
        ("POST", "/v1/echo/x"),
        ("DELETE", "/v1/session/0"),
    ):
        bunq.assert_admitted(bare(gateway, method, path, [token]))


@pytest.mark.parametrize(
    "fields",
    [
        [("X-Bunq-Language", "nonsense")],
        [("X-Bunq-Region", "")],
        [("X-Bunq-Geolocation", "nowhere")],
        [("Cache-Control", "none")],
        [("User-Agent", "\xff")],
        [("Authorization", "Basic c2FuZGJveDp1c2Vy")],
    ],
    ids=repr,
)
def test_values_that_nobody_checks(gateway, client, fields):
    fields = fields + [(TOKEN, client.session_token)]
    bunq.assert_admitted(bare(gateway, "GET", "/v1/user", fields), client.server_key)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_signature_of_the_last_post_on_the_next_calls(gateway, method):
    """As Postman sends it: computed for a body, and left in the header."""
    client = bunq.ready(gateway)
    body = b'{"amount": 10}'
    stale = client.sign(body)
    bunq.assert_admitted(client.post("/v1/echo/x", body, signature=stale))
    path = "/v1/user" if method == "GET" else "/v1/session/0"
    answer = client.call(method, path, signature=stale)
    bunq.assert_admitted(answer, client.server_key)


def test_lower_case_header_names(gateway, client):
    headers = [(n.lower(), v) for n, v in client.headers().items()]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_admitted(answer, client.server_key)


@pytest.mark.parametrize("given", [bunq.DEFAULT, [], ["*"]], ids=["absent", "[]", "*"])
def test_permitted_ips(gateway, given):
    client = bunq.Client(gateway).install()
    client.register(client.make_user(), permitted_ips=given, signature=None).open()
    assert client.is_alive()


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.rstrip("\n"),
        lambda pem: pem.replace("\n", "\r\n").rstrip(),
    ],
    ids=["crlf", "no-last-newline", "both"],
)
@pytest.mark.parametrize("bits", [2047, 2048])
def test_public_keys(gateway, change, bits):
    private = bunq.key(0, bits)
    client = bunq.Client(gateway, private_key=private)
    client.install(pem=change(bunq.public_pem(private)))
    client.register(client.make_user(), signature=None).open()


@pytest.mark.parametrize(
    "style",
    [
        {"indent": 4},
        {"indent": "\t"},
        {"separators": (",", ":")},
        {"indent": 2, "sort_keys": True},
    ],
    ids=repr,
)
def test_bodies_in_any_style(gateway, style):
    client = bunq.Client(gateway).install()
    secret = client.make_user()
    token = client.installation_token
    body = {"secret": secret, "permitted_ips": ["*"], "description": "x"}
    text = (json.dumps(body, **style) + "\n").encode()
    bunq.assert_admitted(client.post("/v1/device-server", text, token=token))
    text = json.dumps({"secret": secret}, **style).replace("\n", "\r\n").encode()
    answer = client.post("/v1/session-server", text, token=token)
    bunq.assert_admitted(answer, client.server_key)
    answer = client.post(
        "/v1/session-server", text, token=token, signature=client.sign(text + b" ")
    )
    bunq.assert_refused(answer, 400, bunq.WRONG_SIGNATURE)


def test_bodies_of_delete(gateway):
    for body in (b"", b"{}"):
        client = bunq.ready(gateway)
        answer = client.call("DELETE", f"/v1/session/{client.session_id}", body)
        bunq.assert_admitted(answer, client.server_key)


@pytest.mark.parametrize("path", ["/v1/user", "/v1/user/", "/v1/user?count=200"])
def test_user_paths(client, path):
    answer = client.get(path, signature=None)
    assert answer.element("UserPerson") == client.user
