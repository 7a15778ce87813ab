# SPDX-License-Identifier: Apache-2.0
"""trivet call --encrypt, against a server that encrypts with `cryptography`"""
import json
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

import encrypted
from encrypted import ANSWER_FIELDS, HMAC, IV, KEY, b64
from fake_server import FakeServer, Protocol, sign
from gateway import Gateway
from trivet_command import Trivet, login, needs_gateway

SIGNATURE = "X-Bunq-Server-Signature"


class Encrypting(Protocol):
    """Decrypts what is encrypted, and encrypts the answer to it."""

    def __init__(self):
        super().__init__()
        self.plain = []  # bodies, as they were decrypted
        self.change = lambda fields, body: (fields, body)
        self.is_plain = False  # its answers are
        self.signed = None  # in the place of the ciphertext

    def decrypt(self, headers, body):
        wrapped, iv, tag = (
            encrypted.base64.b64decode(headers[n.lower()], validate=True)
            for n in (KEY, IV, HMAC)
        )
        key = self.key.decrypt(wrapped, padding.PKCS1v15())
        assert encrypted.mac(key, iv + body) == tag
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(cipher.update(body)) + unpadder.finalize()

    def answer(self, method, target, headers, body):
        answer = super().answer(method, target, headers, body)
        if KEY.lower() not in headers:
            return answer
        with self.lock:
            self.plain.append(self.decrypt(headers, body))
        if self.is_plain:
            return answer
        token = headers["x-bunq-client-authentication"]
        client_key = self.installations[self.sessions[token]]
        fields, data = encrypted.encrypt(client_key, answer.body)
        fields = {n.replace("Client", "Server"): v for n, v in fields.items()}
        fields, answer.body = self.change(fields, data)
        answer.headers = [h for h in answer.headers if h[0] != SIGNATURE]
        signature = sign(self.key, self.signed or answer.body)
        answer.headers += [*fields.items(), (SIGNATURE, signature)]
        return answer


@pytest.fixture
def server(certificate):
    running = FakeServer(certificate[0], Encrypting())
    yield running
    running.close()


@pytest.mark.parametrize("method,data", [
    ("POST", '{"amount": 10}'), ("PUT", "x" * 16), ("POST", ""), ("GET", None),
    ("POST", "\u00e9" * 100000)], ids=["json", "16", "empty", "get", "large"])
def test_both_directions(logged_in, server, method, data):
    options = [] if data is None else ["-d", "-"]
    result = logged_in(
        "call", method, "user", "--encrypt", "-i", *options,
        text=None if data is None else data)
    assert result.returncode == 0, result
    assert server.protocol.plain == [(data or "").encode()]
    assert "UserPerson" in result.stdout.partition("\n\n")[2]
    sent = server.protocol.requests[-1]
    assert len(sent[3]) == len((data or "").encode()) // 16 * 16 + 16


def test_each_call_has_a_key_of_its_own(logged_in, server):
    for _ in range(2):
        assert logged_in("call", "GET", "user", "--encrypt").returncode == 0
        logged_in.forget_limits()
    one, two = server.protocol.requests[-2:]
    assert all(one[2][n.lower()] != two[2][n.lower()] for n in (KEY, IV, HMAC))


def test_a_plain_answer_is_the_server_s_choice(logged_in, server):
    server.protocol.is_plain = True
    result = logged_in("call", "GET", "user", "--encrypt")
    assert result.returncode == 0 and "UserPerson" in result.stdout


def test_without_the_option_nothing_is_encrypted(logged_in, server):
    assert logged_in("call", "GET", "user").returncode == 0
    assert server.protocol.plain == []
    assert KEY.lower() not in server.protocol.requests[-1][2]


def changed(body):
    return bytes([body[0] ^ 1]) + body[1:]


SPOILED = {
    **{f"without-{name}": lambda f, b, n=name: (
        {k: v for k, v in f.items() if k != n}, b) for name in ANSWER_FIELDS},
    **{f"garbage-{name}": lambda f, b, n=name: ({**f, n: "!!"}, b)
       for name in ANSWER_FIELDS},
    "other-key": lambda f, b: ({**f, ANSWER_FIELDS[0]: b64(b"\1" * 256)}, b),
    "other-hmac": lambda f, b: ({**f, ANSWER_FIELDS[2]: b64(bytes(20))}, b),
    "changed-body": lambda f, b: (f, changed(b)),
    "empty-body": lambda f, b: (f, b""),
    "cut-body": lambda f, b: (f, b[:-1]),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_answer_that_cannot_be_decrypted_is_not_trusted(logged_in, server, name):
    """Its signature is right."""
    server.protocol.change = SPOILED[name]
    result = logged_in("call", "GET", "user", "--encrypt")
    assert result.returncode == 6 and result.stdout == "", result
    assert "decrypted" in result.stderr, result


def test_the_signature_comes_first(logged_in, server):
    server.protocol.change = lambda f, b: ({**f, ANSWER_FIELDS[2]: "!!"}, b)
    server.protocol.signed = b"other bytes"
    result = logged_in("call", "GET", "user", "--encrypt")
    assert result.returncode == 6 and "signature" in result.stderr, result


def test_the_fields_are_trivet_s_alone(logged_in, server):
    result = logged_in("call", "GET", "user", "--encrypt", "-H", f"{KEY}: AAAA")
    assert result.returncode == 2, result
    result = logged_in("call", "GET", "user", "--encrypt", "--print-curl")
    assert result.returncode == 2, result


@needs_gateway
@pytest.mark.parametrize("profile", ["strict", "current", "classic"])
def test_against_the_gateway(tmp_path, profile):
    options = ("--profile", profile, "--encryption", "optional")
    with Gateway(tmp_path / "data", *options) as gateway:
        client = Trivet(tmp_path, gateway.ca)
        assert login(client, gateway).returncode == 0
        result = client(
            "call", "POST", "echo", "-d", '{"amount": 10}', "--encrypt", "-i")
        assert result.returncode == 0, result
        head, _, body = result.stdout.partition("\n\n")
        assert ANSWER_FIELDS[0].lower() in head.lower()
        identity = json.loads(body)["Response"][0]["Identity"]
        assert identity["body_length"] == 14
        large = os.urandom(200000).hex()
        result = client("call", "POST", "echo", "-d", "-", "--encrypt", text=large)
        identity = json.loads(result.stdout)["Response"][0]["Identity"]
        assert identity["body_length"] == len(large)
        result = client("call", "GET", "user/123456789", "--encrypt")
        assert result.returncode == 4 and "not found" in result.stderr, result
