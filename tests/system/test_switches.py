# SPDX-License-Identifier: Apache-2.0
"""Each switch of a profile, both ways, on a real gateway"""
import json

import pytest

import bunq
import gateway as gateways
from bunq import SIGNATURE, TOKEN
from classic import BASE, Classic, request_bytes
from gateway import Gateway
from nginx import TRIVET, Nginx
from switches import with_id
from upstream import reply


# ---- names and values --------------------------------------------------------

BAD = [
    ("nonsense=on", 'unknown switch "nonsense"; there are signatures, signing,'),
    ("signing", "it is signing=body|full|both"),
    ("signing=half", "it is signing=body|full|both"),
    ("signing=", "it is signing=body|full|both"),
    ("Signing=full", "unknown switch"),
    ("=full", "unknown switch"),
    ("extend-window=-1", "it is extend-window=SECONDS, 2147483 at most"),
    ("extend-window=2147484", "it is extend-window=SECONDS"),
    ("extend-window=1h", "it is extend-window=SECONDS"),
    ("ipv6=on;", "it is ipv6=off|on"),
    ("ipv6=on\nuser root", "it is ipv6=off|on"),
    ("ipv6=$host", "it is ipv6=off|on"),
]


@pytest.mark.parametrize("switch, complaint", BAD, ids=lambda value: repr(value)[:24])
def test_serve_refuses_what_it_does_not_know(tmp_path, switch, complaint):
    result = gateways.run("serve", "--data", tmp_path / "data", "--switch", switch)
    assert result.returncode == 2, result
    assert complaint in " ".join(result.stderr.split()), result
    assert not (tmp_path / "data").exists()


def test_serve_takes_a_switch_once(tmp_path):
    args = ["--switch", "ipv6=on", "--switch", "slashes=plain", "--switch", "ipv6=off"]
    result = gateways.run("serve", "--data", tmp_path / "data", *args)
    assert result.returncode == 2 and "ipv6 is set twice" in result.stderr, result


def test_help_lists_every_switch():
    said = gateways.run("serve", "--help", check=True).stdout
    for name in ("signing=body|full|both", "extend-cap=SECONDS", "sessions="):
        assert name in said


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (f"strict '{switch}'", complaint)
        for switch, complaint in BAD
        if ";" not in switch and "\n" not in switch
    ]
    + [
        ("strict ipv6=off ipv6=off", "the switch ipv6 is set twice"),
        ("strict current", 'unknown switch "current"'),
        ("ipv6=off", 'unknown profile "ipv6=off": strict, current, classic and ref'),
        ("nonsense", "strict, current, classic and reference are known"),
    ],
    ids=repr,
)
def test_nginx_refuses_what_it_does_not_know(data, arguments, complaint):
    trivet = TRIVET.replace("trivet_profile strict", f"trivet_profile {arguments}")
    status, said = Nginx(data, trivet=trivet).check()
    assert status != 0 and "[emerg]" in said and complaint in said, said


def test_nginx_takes_all_switches_at_once(data):
    every = (
        "signatures=required signing=both response-signing=full sign-errors=off"
        " extend-window=30 extend-cap=300 wildcard=off ipv6=off"
        " request-id=per-device headers=strict sessions=one dead-session=403"
        " slashes=plain"
    )
    for profile in ("strict", "current", "classic", "reference"):
        trivet = TRIVET.replace("strict", f"{profile} {every}")
        status, said = Nginx(data, trivet=trivet).check()
        assert status == 0, said


# ---- signatures, signing, response-signing -----------------------------------


@pytest.mark.long
def test_signatures(switched):
    lax = bunq.ready(switched("signatures=required"))
    bunq.assert_admitted(lax.get("/v1/user", signature=None), lax.server_key)
    assert lax.post_session(signature=None).status == 466
    hard = bunq.ready(switched("signatures=all", profile="current"))
    bunq.assert_refused(hard.get("/v1/user", signature=None), 466)
    bunq.assert_admitted(hard.get("/v1/user"), hard.server_key)


class Old(Classic):
    """Signs in full; answers are judged by their body."""

    def call(self, *args, **kwargs):
        answer = super().call(*args, **kwargs)
        answer.__class__ = bunq.Answer
        return answer


def steps(client):
    client.install().register(client.make_user()).open()
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    bunq.assert_admitted(client.post("/v1/echo/x", b'{"a":1}'), client.server_key)
    return client


def refuses(client):
    answer = client.post_device(client.make_user())
    bunq.assert_refused(answer, 400, bunq.WRONG_SIGNATURE, "signature-wrong")


def test_signing_full_alone(switched):
    gateway = switched("signing=full")
    steps(Old(gateway))
    refuses(bunq.Client(gateway).install())


def test_signing_both_takes_either_and_nothing_else(switched):
    gateway = switched("signing=both")
    for client in (steps(bunq.Client(gateway)), steps(Old(gateway))):
        for wrong in (client.sign(b"x"), client.sign(b"\n")):
            headers = {**BASE, TOKEN: client.token, SIGNATURE: wrong}
            answer = bunq.Client.call(
                client, "GET", "/v1/user", token=None, signature=None, headers=headers
            )
            bunq.assert_refused(answer, 400, reason="signature-wrong")
        headers = {**BASE, TOKEN: client.token}
        answer = bunq.Client.call(
            client, "GET", "/v1/user", token=None, signature=None, headers=headers
        )
        bunq.assert_refused(answer, 466, reason="signature-missing")


def test_signing_both_binds_the_head_of_a_full_signature(switched):
    client = steps(Old(switched("signing=both")))
    for change in ({"User-Agent": "other"}, {"X-Bunq-Extra": "1"}):
        answer = client.get("/v1/user", change=change)
        bunq.assert_refused(answer, 400, reason="signature-wrong")
    headers = {**BASE, TOKEN: client.token}
    headers[SIGNATURE] = client.sign(request_bytes("GET", "/v1/echo/a", headers, b""))
    answer = bunq.Client.call(
        client, "GET", "/v1/echo/b", token=None, signature=None, headers=headers
    )
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_signing_both_with_large_bodies_and_many_fields(switched):
    gateway = switched("signing=both")
    body = b"x" * 300000  # past the buffer: nginx puts it into a file
    for client in (steps(bunq.Client(gateway)), steps(Old(gateway))):
        bunq.assert_admitted(client.post("/v1/echo/x", body), client.server_key)
    many = {f"X-Bunq-Extra-{i}": "1" for i in range(100)}
    plain = steps(bunq.Client(gateway))
    bunq.assert_admitted(plain.get("/v1/user", headers=many), plain.server_key)
    answer = steps(Old(gateway)).get("/v1/user", change=many)
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_response_signing_full_for_a_client_of_today(switched):
    class Half(Classic):
        """Signs bodies, and is answered in the old way."""

        def call(self, *args, **kwargs):
            answer = bunq.Client.call(self, *args, **kwargs)
            answer.__class__ = type(super().call("GET", "/v1/echo/x", token=None))
            return answer

    client = Half(switched("response-signing=full"))
    steps(client)
    body_alone = client.get("/v1/user")
    assert not bunq.fits(client.server_key, body_alone.signature, body_alone.body)


def test_response_signing_body_for_a_client_of_old(switched):
    steps(Old(switched("response-signing=body", profile="classic")))


# ---- sign-errors -------------------------------------------------------------


@pytest.mark.parametrize("value", ["all", "on", "off"])
def test_sign_errors(start, upstream, value):
    trivet = TRIVET.replace("strict", f"strict sign-errors={value}")
    client = bunq.ready(start(upstream, trivet=trivet))
    for status in (404, 422, 302, 201):
        upstream.plan(f"/v1/{status}", reply(b"{}", f"{status} Told"))
    expected = client.server_key if value != "off" else False
    bunq.assert_refused(client.get("/v1/user/999999999"), 404, server_key=expected)
    bunq.assert_refused(client.get("/v1/echo/x", signature=None), 466, server_key=expected)
    bunq.assert_refused(client.post("/v1/user"), 405)
    for status in (404, 422, 302):
        answer = client.get(f"/v1/{status}")
        assert answer.status == status
        assert answer.is_signed_by(client.server_key) == (value != "off")
        assert (answer.signature is None) == (value == "off")
    for status in (429, 491, 500, 502, 503):
        upstream.plan(f"/v1/{status}", reply(b"<p>no</p>", f"{status} No"))
        answer = client.get(f"/v1/{status}")
        assert answer.status == status and answer.body == b"<p>no</p>"
        assert answer.is_signed_by(client.server_key) == (value == "all")
        assert (answer.signature is None) == (value != "all")
    for path in ("/v1/user", "/v1/201"):
        assert client.get(path).is_signed_by(client.server_key)


@pytest.mark.parametrize("profile", ["strict", "classic"])
@pytest.mark.parametrize("token", ["", "0" * 64])
def test_superfluous_token(switched, profile, token):
    gateway = switched(profile=profile)
    with bunq.Wire(gateway) as wire:
        path = "/v1/sandbox-user-person"
        bunq.assert_admitted(wire.request("POST", path, [(TOKEN, token)]).answer())
        pem = {"client_public_key": bunq.public_pem(bunq.key(0))}
        body = json.dumps(pem).encode()
        answer = wire.request(
            "POST", "/v1/installation", [(TOKEN, token)], body).answer()
        bunq.assert_admitted(answer)


# ---- wildcard, ipv6 ----------------------------------------------------------


@pytest.mark.parametrize(
    "permitted", [["*"], ["127.0.0.2", "*"], ["*", "192.0.2.1"], ["*", "*"]], ids=repr
)
@pytest.mark.parametrize("value", ["on", "off"])
def test_wildcard(serve, permitted, value):
    gateway = serve("--switch", f"wildcard={value}")
    client = bunq.Client(gateway, "127.0.0.2").install()
    client.register(client.make_user(), permitted_ips=permitted).open()
    assert client.is_alive()
    away = client.from_address("127.0.0.3")
    if value == "on":
        assert away.is_alive()
        return
    bunq.assert_refused(away.get("/v1/user"), 403, reason="ip-not-permitted")
    user = client.user["id"]
    keys = client.get(f"/v1/user/{user}/credential-password-ip").response
    key = keys[0]["CredentialPasswordIp"]["id"]
    ips = client.get(f"/v1/user/{user}/credential-password-ip/{key}/ip").response
    assert [ip["PermittedIp"]["ip"] for ip in ips] == ["127.0.0.2"]


def test_wildcard_off_on_a_key_that_is_bound(switched):
    gateway = switched("wildcard=off")
    client = bunq.ready(gateway, "127.0.0.2")
    again = bunq.Client(gateway, "127.0.0.2").install()
    again.register(client.secret, permitted_ips=["*"])
    assert client.from_address("127.0.0.3").get("/v1/user").status == 403


def test_wildcard_off_leaves_the_operator_free(switched):
    gateway = switched("wildcard=off")
    client = bunq.Client(gateway, "127.0.0.2").install()
    client.register(client.make_user()).open()
    [key] = gateway.trivet("key", "list")
    gateway.trivet("key", "allow-all-ips", key["id"], "on")
    assert client.from_address("127.0.0.3").is_alive()


@pytest.mark.parametrize("permitted", [["2001:db8::1"], ["127.0.0.1", "::1"], ["::"]])
@pytest.mark.parametrize("value", ["on", "off"])
def test_ipv6_at_device_server(switched, permitted, value):
    gateway = switched(f"ipv6={value}")
    client = bunq.Client(gateway).install()
    answer = client.post_device(client.make_user(), permitted_ips=permitted)
    if value == "on":
        bunq.assert_admitted(answer, client.server_key)
        return
    bunq.assert_refused(
        answer,
        400,
        'Invalid value for field "permitted_ips".',
        "permitted-ip-family",
        client.server_key,
    )


@pytest.mark.parametrize("value", ["on", "off"])
def test_ipv6_among_permitted_ips(switched, value):
    client = bunq.ready(switched(f"ipv6={value}"))
    base = f"/v1/user/{client.user['id']}/credential-password-ip"
    key = client.get(base).response[0]["CredentialPasswordIp"]["id"]
    answer = client.post(f"{base}/{key}/ip", {"ip": "2001:db8::1"})
    mapped = client.post(f"{base}/{key}/ip", {"ip": "::ffff:192.0.2.9"})
    bunq.assert_admitted(mapped, client.server_key)
    bunq.assert_admitted(client.post(f"{base}/{key}/ip", {"ip": "192.0.2.8"}))
    entry = mapped.element("Id")["id"]
    put = client.call(
        "PUT", f"{base}/{key}/ip/{entry}", {"status": "INACTIVE", "ip": "2001:db8::1"}
    )
    if value == "on":
        bunq.assert_admitted(answer, client.server_key)
        bunq.assert_refused(put, 400, reason="permitted-ip-changed")
        return
    for refused in (answer, put):
        bunq.assert_refused(
            refused, 400, 'Invalid value for field "ip".', "permitted-ip-family"
        )


def test_callers_from_ipv6(tmp_path):
    data = tmp_path / "data"
    with Gateway(data, "--listen", "::1", host="::1") as gateway:
        client = bunq.Client(gateway).install()
        client.register(client.make_user(), permitted_ips=["*"]).open()
        assert client.is_alive()
        fresh = client.make_user()
    with Gateway(
        data, "--listen", "::1", "--switch", "ipv6=off", host="::1"
    ) as gateway:
        client.gateway = gateway
        client.http = bunq.make_session(gateway)
        answer = client.get("/v1/user")
        bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "ip-not-permitted")
        answer = client.post_session()
        bunq.assert_refused(answer, 400, bunq.CREDENTIALS, "ip-not-permitted")
        answer = client.post_device(fresh)
        bunq.assert_refused(answer, 400, bunq.CREDENTIALS, "ip-not-permitted")
        answer = client.get("/v1/device-server", token=client.installation_token)
        bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "ip-not-permitted")


# ---- headers -----------------------------------------------------------------

ALL = [("User-Agent", "x"), ("Cache-Control", "no-cache")]


@pytest.mark.parametrize(
    "sent, missing",
    [
        (ALL, None),
        ([(n.lower(), v) for n, v in ALL], None),
        ([("User-Agent", "x"), ("Cache-Control", "none")], None),
        (ALL[:1], "Cache-Control"),
        (ALL[1:], "User-Agent"),
        ([], "User-Agent"),
        ([("User-Agent", ""), ALL[1]], "User-Agent"),
        ([ALL[0], ("Cache-Control", " ")], "Cache-Control"),
        ([ALL[0], ("Cache-Controls", "x")], "Cache-Control"),
    ],
    ids=repr,
)
def test_headers_strict(strict_headers, sent, missing):
    gateway, client = strict_headers
    own = [(TOKEN, client.token), (SIGNATURE, client.sign(b""))]
    calls = [
        ("GET", "/v1/user", own, 200),
        ("GET", "/v1/echo/anything", own, 200),
        ("POST", "/v1/sandbox-user-person", [], 200),
        ("PATCH", "/v1/user", own, 405),
    ]
    for method, path, headers, status in calls:
        with bunq.Wire(gateway) as wire:
            answer = wire.request(method, path, headers + sent).answer()
        if missing is None:
            assert answer.status == status, answer
            continue
        bunq.assert_refused(
            answer, 400, f'Missing required header "{missing}".', "header-missing"
        )


@pytest.fixture(scope="module")
def strict_headers(tmp_path_factory):
    data = tmp_path_factory.mktemp("headers") / "data"
    with Gateway(data, "--switch", "headers=strict") as gateway:
        client = bunq.Client(gateway)
        client.http.headers["Cache-Control"] = "no-cache"
        yield gateway, client.install().register(client.make_user()).open()


@pytest.mark.parametrize("profile", ["strict", "current", "classic"])
def test_headers_lenient(serve, profile):
    gateway = serve("--profile", profile)
    with bunq.Wire(gateway) as wire:
        answer = wire.request("POST", "/v1/sandbox-user-person").answer()
    bunq.assert_admitted(answer)


# ---- slashes -----------------------------------------------------------------


@pytest.mark.parametrize("value, is_plain", [("escaped", False), ("plain", True)])
def test_slashes(switched, value, is_plain):
    gateway = switched(f"slashes={value}")
    client = bunq.Client(gateway)
    answers = [client.post_installation()]
    client.register(client.make_user()).open()
    answers += [
        client.get("/v1/installation/_/server-public-key"),
        client.get("/v1/device-server?count=1"),
        client.get("/v1/echo/any/thing"),
        client.get("/v1/user", signature=None),  # 466 has a link
    ]
    for answer in answers:
        assert b"/" in answer.body
        assert (b"\\/" in answer.body) != is_plain, answer
        assert answer.is_signed_by(client.server_key), answer
        assert answer.header("Content-Length") == str(len(answer.body))


# ---- mixed -------------------------------------------------------------------


def test_profiles_differ_by_location(start, upstream):
    nginx = start(
        upstream,
        locations=f"""
        location /v1/lax/ {{
            trivet_protect on; proxy_pass {upstream.url};
            trivet_profile current dead-session=403 sign-errors=off;
        }}
        location /v1/old/ {{
            trivet_protect on; proxy_pass {upstream.url};
            trivet_profile classic response-signing=body;
        }}
        location /v1/either/ {{
            trivet_protect on; proxy_pass {upstream.url};
            trivet_profile strict signing=both request-id=per-device;
        }}""",
    )
    today = bunq.ready(nginx)
    old = Old(nginx)
    for name in ("installation_token", "server_key", "session_token"):
        setattr(old, name, getattr(today, name))

    for path, of_today, of_old in (
        ("/v1/echo/x", 200, 400),
        ("/v1/lax/x", 200, 200),
        ("/v1/old/x", 400, 200),
        ("/v1/either/x", 200, 200),
    ):
        for client, status in ((today, of_today), (old, of_old)):
            answer = client.get(path)
            assert answer.status == status, (path, answer)
            assert answer.is_signed_by(client.server_key), answer
    assert today.get("/v1/echo/x", token="0" * 64).status == 401
    assert today.get("/v1/lax/x", token="0" * 64).status == 403
    for _ in range(2):
        assert today.get("/v1/echo/x", **with_id("a")).status == 200
    assert today.get("/v1/either/x", **with_id("a")).status == 200
    assert today.get("/v1/either/x", **with_id("a")).status == 400


def test_a_location_takes_nothing_from_the_profile_around_it(start, upstream):
    nginx = start(
        upstream,
        trivet=TRIVET.replace("strict", "strict dead-session=403"),
        locations=f"location /v1/inner/ {{ proxy_pass {upstream.url};"
        " trivet_protect on; trivet_profile strict; }"
        f" location /v1/same/ {{ proxy_pass {upstream.url}; trivet_protect on; }}",
    )
    client = bunq.ready(nginx)
    assert client.get("/v1/same/x", token="0" * 64).status == 403
    assert client.get("/v1/inner/x", token="0" * 64).status == 401
