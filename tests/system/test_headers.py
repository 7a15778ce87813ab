# SPDX-License-Identifier: Apache-2.0
"""Headers: who the caller is, what the caller only says, ids, duplicates"""
import itertools

import pytest

import bunq
from bunq import AUTHENTICATION, REQUEST_ID, RESPONSE_ID, SIGNATURE, TOKEN

IDENTITY = [
    "Trivet-User-Id",
    "Trivet-Device-Id",
    "Trivet-Session-Id",
    "Trivet-Api-Key-Id",
    "Trivet-Installation-Id",
]


@pytest.fixture(scope="module")
def identity(front, api_client):
    keys = front.trivet("key", "list")
    key_id = [k["id"] for k in keys if k["user_id"] == api_client.user["id"]][0]
    return {
        "trivet-user-id": str(api_client.user["id"]),
        "trivet-device-id": str(api_client.device_id),
        "trivet-session-id": str(api_client.session_id),
        "trivet-api-key-id": str(key_id),
        "trivet-installation-id": str(api_client.installation_id),
    }


def like_trivet(name):
    return name.lower().replace("_", "-").replace(".", "-").startswith("trivet")


def told(request):
    """All that the API was told under our names, in any spelling."""
    found = [(n.lower(), v) for n, v in request.headers if like_trivet(n)]
    assert len(dict(found)) == len(found), found
    return dict(found)


# ---- identity ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_api_is_told_who_calls(upstream, api_client, identity, path, method):
    body = b"" if method == "GET" else b"{}"
    bunq.assert_admitted(api_client.call(method, path, body), api_client.server_key)
    request = upstream.last(path)
    assert told(request) == identity
    assert request.method == method
    assert request.body == body


def test_two_callers_are_told_apart(front, upstream, api_client, identity, path):
    other = bunq.ready(front)
    other.get(path)
    for name, value in told(upstream.last(path)).items():
        assert value != identity[name], name
    api_client.get(path)
    assert told(upstream.last(path)) == identity


SPELLINGS = [
    spelling
    for name in IDENTITY
    for spelling in (
        name,
        name.lower(),
        name.upper(),
        name.swapcase(),
        name.replace("-", "_"),
        name.replace("-", "_").upper(),
        name.replace("-", "_", 1),
        name.replace("-", "."),
        name.replace("-", ".", 1),
        name.replace("-", "--"),
    )
] + ["Trivet-", "Trivet-Admin", "trivet_admin", "TRIVET.ADMIN", "Trivet-User-Id-"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_identity_cannot_be_spoofed(
    front, upstream, api_client, identity, path, spelling
):
    for forged in (
        [(spelling, "1")],
        [(spelling, "1"), (spelling, "2")],
        [(spelling, "")],
        [("Connection", f"keep-alive, {spelling}"), (spelling, "1")],
    ):
        headers = [*forged, *api_client.headers().items(), *forged]
        with bunq.Wire(front) as wire:
            answer = wire.request("GET", path, headers).answer()
        bunq.assert_admitted(answer, api_client.server_key)
        assert told(upstream.last(path)) == identity


@pytest.mark.parametrize(
    "line",
    [
        b"Trivet-User-Id : 1",
        b"Trivet-User-Id\t: 1",
        b" Trivet-User-Id: 1",
        b"X: y\r\n Trivet-User-Id: 1",
        b"X: y\rTrivet-User-Id: 1",
        b"X: y\nTrivet-User-Id: 1",
        b"Trivet-User-Id\0: 1",
        b"Trivet\xe2\x80\x90User\xe2\x80\x90Id: 1",
    ],
)
def test_malformed_identity_lines_tell_the_api_nothing(
    front, upstream, api_client, identity, path, line
):
    upstream.requests.clear()
    head = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (path.encode(), line)
    for name, value in api_client.headers().items():
        head += f"{name}: {value}\r\n".encode()
    with bunq.Wire(front) as wire:
        answer = wire.send(head + b"\r\n").answer()
    assert answer.status in (200, 400), answer
    if answer.status == 200:
        request = upstream.last(path)
        assert told(request) == identity
        assert all("Trivet-User" not in value for _, value in request.headers)


def test_refused_requests_do_not_reach_the_api(upstream, api_client, path):
    for answer in (
        api_client.get(path, token=None),
        api_client.get(path, token="0" * 64),
        api_client.get(path, signature=None),
        api_client.get(path, signature=api_client.sign(b"x")),
        api_client.get(path, token=api_client.installation_token),
        api_client.from_address("127.0.0.9").get(path),
    ):
        assert answer.status in (400, 401, 403, 466)
    assert upstream.count(path) == 0


def test_own_calls_do_not_reach_the_api(front, upstream):
    client = bunq.ready(front)
    client.get("/v1/user")
    client.get(f"/v1/user/{client.user['id']}")
    client.call("DELETE", "/v1/session/0")
    for request in list(upstream.requests):
        first = request.path.split("/")[2]
        assert first not in ("installation", "device-server", "session-server")
        assert first not in ("session", "sandbox-user-person")
        assert request.path != "/v1/user"


# ---- what the API does and does not see --------------------------------------


def test_credentials_do_not_reach_the_api(upstream, api_client, path):
    api_client.post(path, b"{}")
    request = upstream.last(path)
    for name in request.names():
        assert name not in (TOKEN.lower(), SIGNATURE.lower())
    everything = repr(request.headers)
    assert api_client.session_token not in everything
    assert api_client.secret not in everything


def test_other_headers_reach_the_api(upstream, api_client, path):
    sent = {
        "User-Agent": "a test/1.0",
        REQUEST_ID: "77",
        "X-Bunq-Language": "nl_NL",
        "X-Bunq-Geolocation": "0 0 0 0 NL",
        "X-Own": "a, b",
        "Content-Type": "application/json",
        "If-None-Match": '"abc"',
        "Cookie": "a=b",
        "Authorization": "Bearer of-the-api",
    }
    api_client.post(path, b"{}", headers=sent)
    request = upstream.last(path)
    for name, value in sent.items():
        assert request.all(name) == [value], name


@pytest.mark.parametrize(
    "name, value",
    [
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Range", "bytes=0-1"),
        ("If-Range", '"abc"'),
    ],
)
def test_what_would_change_the_bytes_is_not_passed_on(
    upstream, api_client, path, name, value
):
    answer = api_client.get(path, headers={name: value})
    bunq.assert_admitted(answer, api_client.server_key)
    assert upstream.last(path).all(name) == []


@pytest.mark.parametrize(
    "target",
    ["/v1/echo/t/a%2Fb", "/v1/echo/t/a%20b?x=%20y", "/v1/echo/t/?a=b&c=d%26e", "/v1/echo/t/é%C3%A9"]
    + ["/v1/echo/t/a;b=c", "/v1/echo/t/a+b", "/v1/echo/t/%25", "/v1/echo/t/?", "/v1/echo/t/a'b"],
)
def test_target_reaches_the_api_as_it_was_sent(front, upstream, api_client, target):
    raw = target.encode()
    upstream.requests.clear()
    head = b"GET %s HTTP/1.1\r\nHost: x\r\n" % raw
    for name, value in api_client.headers().items():
        head += f"{name}: {value}\r\n".encode()
    with bunq.Wire(front) as wire:
        bunq.assert_admitted(wire.send(head + b"\r\n").answer())
    assert upstream.requests[-1].target == raw.decode("latin-1")


# ---- ids ---------------------------------------------------------------------


def every_kind(client):
    """One answer of each kind."""
    yield client.get("/v1/user")
    yield client.get("/v1/echo/anything")
    yield client.get("/v1/user", token=None)
    yield client.get("/v1/user", token="0" * 64)
    yield client.get("/v1/user", signature=None)
    yield client.get("/v1/user", signature="x")
    yield client.post_installation()
    yield client.post("/v1/installation", b"{", token=None)
    yield client.post("/v1/sandbox-user-person", token=None)
    yield client.call("PUT", "/v1/user")
    yield client.get("/elsewhere")
    yield client.post("/v1/installation", b"x" * 70_000, token=None)


KINDS = 12


@pytest.mark.parametrize("kind", range(KINDS))
def test_response_id_is_fresh_on_every_answer(gateway, client, kind):
    seen = set()
    for _ in range(2):
        other = client.from_address(None)
        answer = list(itertools.islice(every_kind(other), kind, kind + 1))[0]
        bunq.assert_own_form(answer)
        seen.add(answer.header(RESPONSE_ID))
    assert len(seen) == 2


def test_response_id_of_the_api_is_not_taken(upstream, api_client, path):
    from upstream import JSON, reply

    upstream.plan(path, reply(b"{}", headers=[JSON, (RESPONSE_ID, "0")]))
    bunq.assert_response_id(api_client.get(path))


@pytest.mark.parametrize(
    "value",
    ["1", "0", "x" * 2000, "a b  c", "ünïcödé", '"<>&%\\', "5c9b1d3e-0000", ",,"],
)
def test_request_id_is_echoed(gateway, front, client, api_client, value):
    for place, who in ((gateway, client), (front, api_client)):
        for token in (who.session_token, "0" * 64):
            headers = [(TOKEN, token), (SIGNATURE, who.sign(b""))]
            headers.append((REQUEST_ID, value))
            for target in ("/v1/user", "/v1/echo/anything", "/elsewhere"):
                with bunq.Wire(place) as wire:
                    answer = wire.request("GET", target, headers).answer()
                assert answer.header(REQUEST_ID) == value


def test_request_id_is_not_made_up(client, api_client):
    for who in (client, api_client):
        for answer in (
            who.get("/v1/user"),
            who.get("/v1/echo/anything"),
            who.get("/v1/user", token=None),
        ):
            assert answer.header(REQUEST_ID) is None


def test_request_id_may_come_again(client):
    for _ in range(3):
        answer = client.get("/v1/user", headers={REQUEST_ID: "same"})
        bunq.assert_admitted(answer, client.server_key)


def test_reason_is_not_taken_from_the_api(upstream, api_client, path):
    from upstream import JSON, reply

    upstream.plan(path, reply(b"{}", headers=[JSON, ("X-Trivet-Reason", "forged")]))
    answer = api_client.get(path)
    assert answer.reason in (None, "forged")  # the API's own business
    bunq.assert_response_id(answer)


# ---- duplicates --------------------------------------------------------------


@pytest.mark.parametrize("second", ["same", "unknown", "empty", "installation"])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("target", ["/v1/user", "/v1/echo/anything"])
def test_two_tokens_are_refused(gateway, client, second, order, target):
    other = {
        "same": client.session_token,
        "unknown": "0" * 64,
        "empty": "",
        "installation": client.installation_token,
    }[second]
    headers = [(TOKEN, client.session_token), (TOKEN, other)][::order]
    headers.append((SIGNATURE, client.sign(b"")))
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", target, headers).answer()
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-duplicate")


def test_two_tokens_in_different_spelling_are_two(gateway, client):
    headers = [
        (TOKEN.lower(), client.session_token),
        (TOKEN.upper(), client.session_token),
        (SIGNATURE, client.sign(b"")),
    ]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-duplicate")


@pytest.mark.parametrize("change", ["_", "."])
def test_token_under_a_similar_name_is_no_token(gateway, client, change):
    headers = [
        (TOKEN.replace("-", change), client.session_token),
        (SIGNATURE, client.sign(b"")),
    ]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-missing", False)


def test_token_in_the_query_or_a_cookie_is_no_token(client):
    token = client.session_token
    for path, headers in (
        (f"/v1/user?{TOKEN}={token}", {}),
        ("/v1/user", {"Cookie": f"{TOKEN}={token}"}),
        ("/v1/user", {"Authorization": f"Bearer {token}"}),
    ):
        answer = client.get(path, token=None, headers=headers)
        bunq.assert_refused(answer, 401, reason="token-missing")


@pytest.mark.parametrize("target", ["/v1/installation", "/v1/sandbox-user-person"])
def test_a_token_on_an_anonymous_call_does_no_harm(client, target):
    for token in (client.session_token, "0" * 64):
        body = {"client_public_key": bunq.public_pem(client.key)}
        if "sandbox" in target:
            body = b""
        bunq.assert_admitted(client.post(target, body, token=token))
