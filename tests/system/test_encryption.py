# SPDX-License-Identifier: Apache-2.0
"""Encrypted bodies: requests and answers, against Python's `cryptography`"""
import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
import classic
import encrypted
from encrypted import HMAC, IV, KEY, b64, decrypt
from gateway import Gateway, run
from nginx import Nginx
from server_keys import numbers, rotate
from upstream import JSON, reply

WRONG = "The encryption of the request body is invalid."
OFF = "This call takes no encrypted body."
REQUIRED = "For this operation the request body must be encrypted."
PLAIN = b'{"amount": {"value": "12.50"}, "a": "\xc3\xa9"}'


def assert_encrypted(answer, client, status=200):
    """Signed over the ciphertext; gives the plain text."""
    assert answer.status == status, answer
    assert answer.is_signed_by(client.server_key), answer
    assert answer.header("Content-Length") == str(len(answer.body)), answer
    return decrypt(client.key, answer)


def assert_plain(answer, status, text, reason, client):
    bunq.assert_refused(answer, status, text, reason, client.server_key)
    assert not encrypted.is_encrypted(answer), answer


BODIES = {
    "json": PLAIN,
    "empty": b"",
    "15": b"x" * 15,
    "16": b"x" * 16,
    "large": os.urandom(70000),
}


# ---- both directions -----------------------------------------------------------


@pytest.mark.parametrize("plain", BODIES.values(), ids=BODIES)
def test_the_api_sees_plain_text_and_its_answer_is_encrypted(
    api_client, upstream, path, plain
):
    made = b'{"Response":[{"Id":{"id":1}}]}'
    upstream.plan(path, reply(made, headers=[JSON]))
    answer = encrypted.call(api_client, "POST", path, plain)
    assert assert_encrypted(answer, api_client) == made
    seen = upstream.last(path)
    assert seen.body == plain
    assert seen.all("Content-Length") == [str(len(plain))]
    assert not [name for name in seen.names() if "encryption" in name]


def test_chunked_it_is_the_same(api_client, upstream, path):
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    plain = os.urandom(50000)
    fields, body = encrypted.encrypt(api_client.server_key, plain)
    pieces = [body[:100], body[100:40000], body[40000:]]
    answer = api_client.call("POST", path, body, headers=fields, stream=iter(pieces))
    assert assert_encrypted(answer, api_client) == b"{}"
    seen = upstream.last(path)
    assert seen.body == plain and seen.all("Transfer-Encoding") == []


@pytest.mark.parametrize("size", [0, 100, 64 * 1024, 3 * 1024 * 1024])
def test_answers_of_any_size(api_client, upstream, path, size):
    made = os.urandom(size)
    upstream.plan(path, reply(made))
    answer = encrypted.call(api_client, "GET", path)
    assert assert_encrypted(answer, api_client) == made


def test_a_plain_request_has_a_plain_answer(api_client, upstream, path):
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    answer = api_client.post(path, PLAIN)
    bunq.assert_admitted(answer, api_client.server_key)
    assert not encrypted.is_encrypted(answer) and answer.body == b"{}"
    seen = upstream.last(path)
    assert seen.body == PLAIN


def test_errors_of_the_api_are_encrypted(api_client, upstream, path):
    upstream.plan(path, reply(b'{"Error":[]}', "404 Not Found", [JSON]))
    answer = encrypted.call(api_client, "GET", path)
    assert assert_encrypted(answer, api_client, 404) == b'{"Error":[]}'


def test_what_nginx_answers_is_encrypted(api_client, upstream, path):
    upstream.plan(path, b"no HTTP\r\n\r\n")
    answer = encrypted.call(api_client, "POST", path, PLAIN)
    assert answer.status == 502 and encrypted.is_encrypted(answer)
    assert json.loads(decrypt(api_client.key, answer))["Error"]


def test_the_api_cannot_name_the_fields_itself(api_client, upstream, path):
    fields = [(name, "AAAA") for name in encrypted.ANSWER_FIELDS]
    upstream.plan(path, reply(b"{}", headers=[JSON, *fields]))
    assert not encrypted.is_encrypted(api_client.get(path))
    assert assert_encrypted(encrypted.call(api_client, "GET", path), api_client) == b"{}"


def test_an_answer_without_a_body_stays_without_one(api_client, upstream, path):
    upstream.plan(path, reply(b"", "204 No Content", size=False))
    answer = encrypted.call(api_client, "DELETE", path)
    assert answer.status == 204 and answer.body == b""
    assert not encrypted.is_encrypted(answer)


# ---- the protocol's own calls --------------------------------------------------


def test_own_calls(gateway):
    client = bunq.Client(gateway)
    client.install()
    secret = client.make_user()
    body = {"description": "x", "secret": secret, "permitted_ips": ["*"]}
    body = json.dumps(body).encode()
    answer = encrypted.call(client, "POST", "/v1/device-server", body)
    assert b'"Id"' in assert_encrypted(answer, client)
    body = json.dumps({"secret": secret}).encode()
    answer = encrypted.call(client, "POST", "/v1/session-server", body)
    opened = json.loads(assert_encrypted(answer, client))["Response"]
    client.session_token = opened[1]["Token"]["token"]
    assert b"UserPerson" in assert_encrypted(
        encrypted.call(client, "GET", "/v1/user"), client
    )


def test_a_refusal_of_an_own_call_is_encrypted(client):
    answer = encrypted.call(client, "GET", "/v1/user/123456789")
    assert b"not found" in assert_encrypted(answer, client, 404)
    answer = encrypted.call(
        client, "POST", "/v1/device-server", b"no JSON", token=client.installation_token
    )
    assert b"Invalid JSON" in assert_encrypted(answer, client, 400)


def test_before_the_installation_is_known_all_is_plain(client):
    fields, body = encrypted.encrypt(client.server_key, b"{}")
    answer = client.call("GET", "/v1/user", body, token="0" * 64, headers=fields)
    bunq.assert_refused(answer, 401, reason="token-unknown")
    assert not encrypted.is_encrypted(answer)
    answer = client.call("POST", "/v1/installation", body, token=None, headers=fields)
    bunq.assert_refused(answer, 400, OFF, "encryption-off", False)
    assert not encrypted.is_encrypted(answer)


def test_the_signature_is_verified_first(client):
    """Over the ciphertext: one over the plain text is wrong, and what is wrong in
    the encryption is not looked at."""
    fields, body = encrypted.encrypt(client.server_key, PLAIN)
    sent = {**fields, HMAC: "!"}
    signature = client.sign(PLAIN)
    for headers in (fields, sent):
        answer = client.call(
            "POST", "/v1/x", body, signature=signature, headers=headers
        )
        assert_plain(answer, 400, bunq.WRONG_SIGNATURE, "signature-wrong", client)


# ---- hostile input -------------------------------------------------------------

BLOCK = b"\0\2" + b"\x11" * 221 + b"\0"


def block_with(at, value):
    def make(key):
        block = bytearray(BLOCK + key)
        block[at] = value
        return bytes(block)

    return make


def spoil(change):
    """change(fields, body) on what an honest client made."""

    def make(client, other):
        fields, body = encrypted.encrypt(client.server_key, PLAIN)
        return change(fields, body)

    return make


def craft(make_block):
    def make(client, other):
        key = os.urandom(32)
        wrapped = encrypted.raw_rsa(client.server_key, make_block(key))
        return encrypted.encrypt(client.server_key, PLAIN, key, wrapped)

    return make


def padded(data):
    return lambda client, other: encrypted.encrypt_padded(client.server_key, data)


WRONGS = {
    **{
        f"{name}-missing": spoil(
            lambda f, b, n=name: ({k: v for k, v in f.items() if k != n}, b)
        )
        for name in (KEY, IV, HMAC)
    },
    **{
        f"{name}-{word}": spoil(lambda f, b, n=name, v=value: ({**f, n: v}, b))
        for name in (KEY, IV, HMAC)
        for word, value in {
            "empty": "",
            "not-base64": "*" * 24,
            "short": "AAAA",
            "long": "A" * 2000,
            "padded-wrongly": "AAAAAAAAAAAAAAAAAAAAAA=",
        }.items()
    },
    "key-above-modulus": spoil(lambda f, b: ({**f, KEY: b64(b"\xff" * 256)}, b)),
    "key-zero": spoil(lambda f, b: ({**f, KEY: b64(bytes(256))}, b)),
    "key-random": spoil(lambda f, b: ({**f, KEY: b64(b"\1" + os.urandom(255))}, b)),
    "iv-other": spoil(lambda f, b: ({**f, IV: b64(os.urandom(16))}, b)),
    "hmac-other": spoil(lambda f, b: ({**f, HMAC: b64(os.urandom(20))}, b)),
    "body-empty": spoil(lambda f, b: (f, b"")),
    "body-plain": spoil(lambda f, b: (f, PLAIN)),
    "body-cut": spoil(lambda f, b: (f, b[:-1])),
    "body-block-less": spoil(lambda f, b: (f, b[:-16])),
    "body-longer": spoil(lambda f, b: (f, b + bytes(16))),
    "body-changed": spoil(lambda f, b: (f, bytes([b[0] ^ 1]) + b[1:])),
    "body-base64": spoil(lambda f, b: (f, b64(b).encode())),
    "body-huge": spoil(lambda f, b: (f, os.urandom(600 * 1024))),
    "padding-first": craft(block_with(0, 1)),
    "padding-type": craft(block_with(1, 1)),
    "padding-early": craft(block_with(9, 0)),
    "padding-none": craft(block_with(223, 1)),
    "key-of-31": craft(lambda key: b"\0\2" + b"\x11" * 222 + b"\0" + key[:31]),
    "own-installation-s-key": lambda client, other: encrypted.encrypt(
        client.key.public_key(), PLAIN
    ),
    "other-server-s-key": lambda client, other: encrypted.encrypt(other, PLAIN),
    "last-block-0": padded(bytes(32)),
    "last-block-17": padded(b"\x11" * 32),
}


@pytest.mark.parametrize("name", WRONGS)
def test_whatever_is_wrong_the_answer_is_one(api_client, upstream, path, name):
    fields, body = WRONGS[name](api_client, bunq.key(7).public_key())
    answer = api_client.call("POST", path, body, headers=fields)
    assert_plain(answer, 400, WRONG, "encryption-wrong", api_client)
    assert upstream.count(path) == 0


@pytest.mark.parametrize("name", [KEY, IV, HMAC])
def test_a_field_that_came_twice_is_wrong(front, api_client, upstream, path, name):
    fields, body = encrypted.encrypt(api_client.server_key, PLAIN)
    sent = [*api_client.headers(body).items(), *fields.items(), (name, fields[name])]
    with bunq.Wire(front) as wire:
        answer = wire.request("POST", path, sent, body).answer()
    assert_plain(answer, 400, WRONG, "encryption-wrong", api_client)
    assert upstream.count(path) == 0


def test_a_replay_is_as_of_any_request(api_client, upstream, path):
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    fields, body = encrypted.encrypt(api_client.server_key, PLAIN)
    answers = [api_client.call("POST", path, body, headers=fields) for _ in range(2)]
    assert [assert_encrypted(a, api_client) for a in answers] == [b"{}", b"{}"]
    # the answers' keys are fresh
    assert answers[0].header(encrypted.ANSWER_FIELDS[1]) != answers[1].header(
        encrypted.ANSWER_FIELDS[1]
    )


def test_too_large_for_an_own_call(client):
    answer = encrypted.call(client, "PUT", "/v1/user/1", b"x" * 70000)
    assert answer.status in (405, 413), answer
    answer = encrypted.call(
        client, "POST", "/v1/session-server", b"x" * 70000, token=client.installation_token
    )
    assert_plain(answer, 413, None, "body-too-large", client)


# ---- off, optional, required ---------------------------------------------------


@pytest.fixture(scope="module")
def locations(tmp_path_factory, upstream):
    places = "".join(
        f"""
        location /v1/{rule}/ {{
            trivet_protect on;
            trivet_calls on;
            trivet_encryption {rule};
            client_body_buffer_size 8k;
            proxy_pass {upstream.url};
        }}
"""
        for rule in ("off", "required", "optional")
    )
    data = tmp_path_factory.mktemp("encryption") / "data"
    with Gateway(data) as made:
        bunq.ready(made)
    with Nginx(data, upstream, locations=places) as started:
        yield started


@pytest.fixture(scope="module")
def located(locations):
    return bunq.ready(locations)


def test_required_refuses_what_is_plain(located, upstream):
    upstream.plan("/v1/required/1", reply(b"{}", headers=[JSON]))
    answer = encrypted.call(located, "POST", "/v1/required/1", PLAIN)
    assert assert_encrypted(answer, located) == b"{}"
    for method, body in (("POST", PLAIN), ("POST", b""), ("GET", b"")):
        answer = located.call(method, "/v1/required/1", body)
        assert_plain(answer, 400, REQUIRED, "encryption-required", located)
    assert upstream.count("/v1/required/1") == 1


def test_off_refuses_what_is_encrypted(located, upstream):
    upstream.plan("/v1/off/1", reply(b"{}", headers=[JSON]))
    bunq.assert_admitted(located.post("/v1/off/1", PLAIN), located.server_key)
    answer = encrypted.call(located, "POST", "/v1/off/1", PLAIN)
    assert_plain(answer, 400, OFF, "encryption-off", located)
    assert upstream.count("/v1/off/1") == 1


def test_without_the_directive_own_calls_take_it_and_the_api_does_not(located, path):
    answer = encrypted.call(located, "GET", "/v1/user")
    assert b"UserPerson" in assert_encrypted(answer, located)
    answer = encrypted.call(located, "GET", path)
    assert_plain(answer, 400, OFF, "encryption-off", located)


def test_what_is_in_a_file_is_decrypted_into_another(located, upstream):
    upstream.plan("/v1/optional/1", reply(b"{}", headers=[JSON]))
    plain = os.urandom(700 * 1024 + 3)
    answer = encrypted.call(located, "POST", "/v1/optional/1", plain)
    assert assert_encrypted(answer, located) == b"{}"
    seen = upstream.last("/v1/optional/1")
    assert seen.body == plain
    fields, body = encrypted.encrypt(located.server_key, plain)
    answer = located.call(
        "POST", "/v1/optional/1", body[:-16] + os.urandom(16), headers=fields
    )
    assert_plain(answer, 400, WRONG, "encryption-wrong", located)


def test_required_by_serve(serve):
    gateway = serve("--encryption", "required")
    client = bunq.Client(gateway)
    secret = client.install().make_user()
    answer = client.post("/v1/device-server", {"secret": secret})
    assert_plain(answer, 400, REQUIRED, "encryption-required", client)


def test_off_by_serve(serve):
    gateway = serve("--encryption", "off")
    client = bunq.ready(gateway)
    answer = encrypted.call(client, "GET", "/v1/user")
    assert_plain(answer, 400, OFF, "encryption-off", client)


def test_serve_knows_three_words(tmp_path):
    done = run("serve", "--data", tmp_path / "data", "--encryption", "on")
    assert done.returncode == 2 and "--encryption" in done.stderr


class ClassicEncrypted(classic.Classic):
    def call(self, method, path, body=b"", *, fields=None, **more):
        if fields is None:
            return super().call(method, path, body, **more)
        headers = {**classic.BASE, bunq.TOKEN: self.token, **fields}
        signed = classic.request_bytes(method, path, headers, body)
        headers[bunq.SIGNATURE] = self.sign(signed)
        answer = bunq.Client.call(
            self, method, path, body, token=None, signature=None, headers=headers
        )
        answer.__class__ = classic.ClassicAnswer
        return answer


def test_classic_signs_the_fields_of_encryption_too(serve, upstream, path):
    gateway = serve("--sandbox", "--profile", "classic", "--upstream", upstream.url)
    client = ClassicEncrypted(gateway)
    secret = client.make_user()
    client.install().register(secret).open()
    made = os.urandom(200000)
    upstream.plan(path, reply(made))
    fields, body = encrypted.encrypt(client.server_key, PLAIN)
    answer = client.call("POST", path, body, fields=fields)
    assert answer.status == 200 and answer.is_signed_by(client.server_key), answer
    assert decrypt(client.key, answer) == made
    assert upstream.last(path).body == PLAIN


# ---- Node's crypto -------------------------------------------------------------


def node(**job):
    script = Path(__file__).parent / "clients/encryption.js"
    done = subprocess.run(
        ["node", script], input=json.dumps(job), capture_output=True, text=True,
        timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("plain", [PLAIN, b""], ids=["json", "empty"])
def test_node_s_crypto_in_both_directions(api_client, upstream, path, plain):
    made = b'{"Response":[{"Id":{"id":1}}]}'
    upstream.plan(path, reply(made, headers=[JSON]))
    private = api_client.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    server = api_client.server_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    sent = node(do="encrypt", key=server, privateKey=private, body=b64(plain))
    answer = api_client.call(
        "POST", path, base64.b64decode(sent["body"]), headers=sent["headers"]
    )
    assert answer.status == 200, answer
    assert upstream.last(path).body == plain
    opened = node(
        do="decrypt", privateKey=private, serverKey=server,
        headers=dict(answer.headers), body=b64(answer.body),
    )
    assert base64.b64decode(opened) == made


# ---- server keys that rotate ---------------------------------------------------


def test_each_installation_is_decrypted_with_its_own_key(serve):
    gateway = serve()
    before = bunq.ready(gateway)
    rotate(gateway.data)
    after = bunq.ready(gateway, key_number=1)
    assert numbers(before) != numbers(after)
    for client, other in ((before, after), (after, before)):
        answer = encrypted.call(client, "GET", "/v1/user")
        assert b"UserPerson" in assert_encrypted(answer, client)
        fields, body = encrypted.encrypt(other.server_key, b"")
        answer = client.call("GET", "/v1/user", body, headers=fields)
        assert_plain(answer, 400, WRONG, "encryption-wrong", client)
