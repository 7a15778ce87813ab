# SPDX-License-Identifier: Apache-2.0
"""What bunq's official SDKs send, byte for byte, passes profile strict; and the
answers have what the SDKs cannot do without

Python, PHP, Java and C# each have their own way to write JSON, PEM, headers and
ids. All four sign every call that has a token, GET and DELETE over no bytes.
"""
import base64
import json
import uuid

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from gateway import Gateway

# ---- the habits --------------------------------------------------------------


def python_json(value):
    kept = {name: item for name, item in value.items() if item is not None}
    return json.dumps(kept, indent=4, sort_keys=True).encode()


def php_json(value):
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return text.encode() if value else b"{}"


def java_json(value):
    """Gson: two spaces, no escapes that need not be."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def csharp_json(value):
    """Newtonsoft's indented form, on Windows."""
    return java_json(value).replace(b"\n", b"\r\n")


def csharp_pem(pem):
    return pem.replace("\n", "\r\n")


class Sdk:
    """One of the four. permitted: what it sends when the user named no IP."""

    def __init__(self, name, **habits):
        self.name = name
        self.agent = f"bunq-sdk-{name}/1.14.18"
        self.region = habits.get("region", "nl_NL")
        self.geolocation = habits.get("geolocation", "0 0 0 0 NL")
        self.content_type = habits.get("content_type")
        self.make_id = habits.get("make_id", lambda: str(uuid.uuid4()))
        self.write = habits["write"]
        self.pem = habits.get("pem", lambda pem: pem)
        self.permitted = habits.get("permitted", [])
        self.more = habits.get("more", [])
        self.empty = habits.get("empty", b"")  # a POST without fields

    def __repr__(self):
        return self.name


SDKS = [
    Sdk(
        "python",
        write=python_json,
        pem=lambda pem: pem.rstrip("\n"),
        permitted=None,
        more=[
            ("Accept-Encoding", "gzip, deflate"),
            ("Accept", "*/*"),
            ("Connection", "keep-alive"),
        ],
    ),
    Sdk(
        "php",
        write=php_json,
        region="en_US",
        make_id=lambda: uuid.uuid4().hex[:13],  # uniqid()
        empty=b"{}",
    ),
    Sdk(
        "java",
        write=java_json,
        geolocation="0 0 0 0 000",
        content_type="application/json; charset=utf-8",
        more=[("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip")],
    ),
    Sdk("csharp", write=csharp_json),
    Sdk("csharp", write=csharp_json, pem=csharp_pem),
]


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_the_bytes_are_those_of_the_sdk(sdk):
    expected = {
        "python": b'{\n    "description": "a/\\u00e9",\n    "secret": "k"\n}',
        "php": b'{"secret":"k","description":"a\\/\\u00e9","permitted_ips":[]}',
        "java": '{\n  "secret": "k",\n  "description": "a/é",\n'
        '  "permitted_ips": []\n}'.encode(),
        "csharp": '{\r\n  "secret": "k",\r\n  "description": "a/é",\r\n'
        '  "permitted_ips": []\r\n}'.encode(),
    }
    body = {"secret": "k", "description": "a/é", "permitted_ips": sdk.permitted}
    assert sdk.write(body) == expected[sdk.name]


# ---- a client with such habits -----------------------------------------------


def java_key(pem):
    """How Java reads the server's key: by two exact strings."""
    head, tail = "-----BEGIN PUBLIC KEY-----\n", "\n-----END PUBLIC KEY-----\n"
    assert pem.startswith(head) and pem.endswith(tail), pem
    text = pem.replace(head, "").replace(tail, "").replace("\n", "")
    return serialization.load_der_public_key(base64.b64decode(text, validate=True))


class Client:
    """A context of an SDK. Each answer is judged as it comes."""

    def __init__(self, gateway, sdk):
        self.gateway, self.sdk = gateway, sdk
        self.key = bunq.key(0)
        self.token = self.server_key = None

    def raw(self, method, path, body, extra, request_id=None):
        sdk = self.sdk
        headers = [
            ("User-Agent", sdk.agent),
            ("Cache-Control", "no-cache"),
            (REQUEST_ID, request_id or sdk.make_id()),
            ("X-Bunq-Geolocation", sdk.geolocation),
            ("X-Bunq-Language", "en_US"),
            ("X-Bunq-Region", sdk.region),
            *extra,
            *sdk.more,
        ]
        if method == "DELETE" and sdk.name == "java":
            headers.append(("Content-Length", "0"))  # okhttp's empty body
        if method in ("POST", "PUT"):
            if sdk.content_type:
                headers.append(("Content-Type", sdk.content_type))
            headers.append(("Content-Length", str(len(body))))
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self.gateway.port}"]
        lines += [f"{name}: {value}" for name, value in headers]
        with bunq.Wire(self.gateway) as wire:
            wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            answer = wire.answer(method)
        assert answer.header(REQUEST_ID) == dict(headers)[REQUEST_ID]
        self.judge(answer)
        return answer

    def call(self, method, path, body=b"", token=None, signature=None):
        token = token or self.token
        extra = [(TOKEN, token)]
        extra.append((SIGNATURE, signature or bunq.sign(self.key, body)))
        return self.raw(method, path, body, extra)

    def judge(self, answer):
        """Without these an SDK fails in a way of its own."""
        assert answer.header("Content-Type") == "application/json", answer
        if answer.status >= 300:
            for error in answer.json["Error"]:  # 4
                assert isinstance(error["error_description"], str)
            return
        assert answer.status == 200  # 3
        others = [
            name
            for name, _ in answer.headers
            if name.startswith("x-bunq-") and name != "x-bunq-server-signature"
        ]
        assert "x-bunq-client-response-id" in others  # 2
        if self.server_key is not None:
            assert answer.is_signed_by(self.server_key), answer  # 1

    def good(self, *args, **kwargs):
        answer = self.call(*args, **kwargs)
        assert answer.status == 200, answer
        return answer

    def install(self):
        """Python gives its sandbox-user call a constant id."""
        sdk = self.sdk
        answer = self.raw("POST", "/v1/sandbox-user-person", sdk.empty, [], "constant")
        self.secret = answer.element("ApiKey")["api_key"]
        pem = sdk.pem(bunq.public_pem(self.key))
        body = sdk.write({"client_public_key": pem})
        answer = self.raw("POST", "/v1/installation", body, [])
        assert answer.types == ["Id", "Token", "ServerPublicKey"]  # by index
        self.token = self.installation_token = answer.response[1]["Token"]["token"]
        server_pem = answer.response[2]["ServerPublicKey"]["server_public_key"]
        self.server_key = java_key(server_pem)
        return self

    def register(self, permitted=bunq.DEFAULT):
        sdk = self.sdk
        permitted = sdk.permitted if permitted is bunq.DEFAULT else permitted
        body = {"description": "a device / é", "secret": self.secret}
        body["permitted_ips"] = permitted
        answer = self.good(
            "POST", "/v1/device-server", sdk.write(body), self.installation_token
        )
        assert isinstance(answer.response[0]["Id"]["id"], int)
        return self

    def open(self):
        body = self.sdk.write({"secret": self.secret})
        answer = self.good("POST", "/v1/session-server", body, self.installation_token)
        assert answer.types == ["Id", "Token", "UserPerson"]
        assert 30 < answer.response[2]["UserPerson"]["session_timeout"] * 1000 < 2**31
        self.token = answer.response[1]["Token"]["token"]
        self.user = answer.response[2]["UserPerson"]["id"]
        return self

    def steps(self):
        return self.install().register().open()


@pytest.fixture(
    scope="module",
    params=[
        [],
        # switches that well-behaved clients need not notice
        ["signing=both", "request-id=per-device", "headers=strict", "slashes=plain"],
    ],
    ids=["strict", "and-more"],
)
def gateway(request, tmp_path_factory):
    options = [word for switch in request.param for word in ("--switch", switch)]
    data = tmp_path_factory.mktemp("sdk") / "data"
    with Gateway(data, "--profile", "strict", *options) as started:
        yield started


each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=repr)


@each_sdk
def test_a_context_from_its_first_call_to_its_last(gateway, sdk):
    client = Client(gateway, sdk).steps()
    assert client.good("GET", "/v1/user").types == ["UserPerson"]
    answer = client.good("GET", f"/v1/user/{client.user}/monetary-account-bank")
    assert answer.response[0]["MonetaryAccountBank"]["status"] == "ACTIVE"
    assert "Pagination" in answer.json
    client.good("GET", f"/v1/user/{client.user}?count=10&newer_id=3")

    payment = {"amount": {"value": "0.01", "currency": "EUR"}, "description": "é/€"}
    body = sdk.write(payment)
    path = f"{bunq.ECHO}/user/{client.user}/payment"
    assert client.good("POST", path, body).element("Identity")["body_length"] == len(
        body
    )
    client.good("POST", path, sdk.empty)
    client.good("PUT", f"{path}/1", body)
    client.good("PUT", f"{path}/1", sdk.empty)
    client.good("DELETE", f"{path}/1")

    # a new session, as before each call when the old one is about to end
    client.open()
    assert client.good("DELETE", "/v1/session/0").body == b'{"Response":[]}'
    assert client.call("GET", "/v1/user").status == 401
    client.open().good("GET", "/v1/user")


@each_sdk
@pytest.mark.parametrize(
    "permitted", [[], ["127.0.0.1"], ["127.0.0.1", "*"], ["*"], None], ids=repr
)
def test_permitted_ips(gateway, sdk, permitted):
    Client(gateway, sdk).install().register(permitted).open()


@each_sdk
def test_permitted_ips_can_be_changed(gateway, sdk):
    client = Client(gateway, sdk).steps()
    base = f"/v1/user/{client.user}/credential-password-ip"
    answer = client.good("GET", base)
    key = answer.response[0]["CredentialPasswordIp"]["id"]
    body = sdk.write({"ip": "192.0.2.7", "status": "ACTIVE"})
    entry = client.good("POST", f"{base}/{key}/ip", body).response[0]["Id"]["id"]
    client.good("PUT", f"{base}/{key}/ip/{entry}", sdk.write({"status": "INACTIVE"}))


@each_sdk
def test_another_byte_is_another_body(gateway, sdk):
    client = Client(gateway, sdk).install()
    body = sdk.write({"description": "x", "secret": client.secret})
    for other in (body + b"\n", body.replace(b'"', b' "', 1), b"", b"{}"):
        signature = bunq.sign(client.key, other)
        answer = client.call("POST", "/v1/device-server", body, signature=signature)
        assert (answer.status, answer.error) == (400, bunq.WRONG_SIGNATURE)
    client.register().open()
    for other in (b"\n", b"{}"):
        signature = bunq.sign(client.key, other)
        answer = client.call("GET", "/v1/user", signature=signature)
        assert (answer.status, answer.error) == (400, bunq.WRONG_SIGNATURE)


@each_sdk
def test_errors_are_such_as_the_sdk_can_tell(gateway, sdk):
    """The exceptions by status: 400, 401, 403, 404, 405, 466, 500."""
    client = Client(gateway, sdk).steps()
    wrong = sdk.write({"secret": "0" * 64})
    token = client.installation_token
    unsigned = [(TOKEN, client.token)]
    found = [
        client.call("POST", "/v1/session-server", wrong, token).status,
        client.call("POST", "/v1/session-server", b"[", token).status,
        client.call("GET", "/v1/user", token="0" * 64).status,
        client.call("GET", "/v1/user", token=token).status,
        client.call("GET", "/v1/user/999999999").status,
        client.call("PUT", "/v1/user").status,
        client.raw("GET", "/v1/user", b"", unsigned).status,
        client.call("POST", "/v1/server-error").status,
    ]
    assert found == [400, 400, 401, 403, 404, 405, 466, 500]


@pytest.mark.parametrize(
    "geolocation",
    ["0 0 0 0 NL", "0 0 0 0 000", "4.89 53.2 12 100 NL", "52.0907 5.1214 0 50 NL"],
)
def test_geolocations(gateway, geolocation):
    sdk = Sdk("python", write=python_json, geolocation=geolocation)
    Client(gateway, sdk).steps()


def test_partner_mcp_signs_bodies_alone(serve):
    """bunq's newest client signs when there is a body: current, not strict."""
    compact = Sdk(
        "partner-mcp",
        write=lambda value: json.dumps(value, separators=(",", ":")).encode(),
        content_type="application/json",
        permitted=["*"],
    )
    compact.agent = "bunq-partner-mcp/1.0"
    for profile, status in (("current", 200), ("strict", 466)):
        client = Client(serve("--profile", profile), compact).steps()
        client.good("POST", "/v1/echo/payment", b'{"a":1}')
        unsigned = [(TOKEN, client.token)]
        assert client.raw("GET", "/v1/user", b"", unsigned).status == status
