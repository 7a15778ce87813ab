# SPDX-License-Identifier: Apache-2.0
"""Profile classic: before April 2020 both sides signed the header too"""
import json
import uuid

import pytest

import bunq
from bunq import SIGNATURE, TOKEN
from gateway import Gateway

BASE = {
    "Cache-Control": "no-cache",
    "User-Agent": "tests",
    "X-Bunq-Client-Request-Id": "1",
    "X-Bunq-Geolocation": "0 0 0 0 NL",
    "X-Bunq-Language": "en_US",
    "X-Bunq-Region": "nl_NL",
}


def written(name):
    return "-".join(part.capitalize() for part in name.split("-"))


def request_bytes(method, path, headers, body):
    """What the client signs, after the documentation of that time."""
    signed = sorted(
        (written(name), value)
        for name, value in headers.items()
        if written(name) in ("Cache-Control", "User-Agent")
        or written(name).startswith("X-Bunq-")
    )
    head = f"{method} {path}\n" + "".join(f"{n}: {v}\n" for n, v in signed) + "\n"
    return head.encode() + body


def answer_bytes(answer):
    signed = sorted(
        (written(name), value)
        for name, value in answer.headers
        if written(name).startswith("X-Bunq-")
        and written(name) != "X-Bunq-Server-Signature"
    )
    head = f"{answer.status}\n" + "".join(f"{n}: {v}\n" for n, v in signed) + "\n"
    return head.encode() + answer.body


class ClassicAnswer(bunq.Answer):
    def is_signed_by(self, public_key):
        return bunq.fits(public_key, self.signature, answer_bytes(self))


class Classic(bunq.Client):
    """A client of that time."""

    def call(self, method, path, body=b"", *, token=bunq.DEFAULT, change=None, **more):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        token = self.token if token is bunq.DEFAULT else token
        headers = dict(BASE)
        headers["X-Bunq-Client-Request-Id"] = str(uuid.uuid4())
        if token is not None:
            headers[TOKEN] = token
            headers[SIGNATURE] = self.sign(request_bytes(method, path, headers, body))
        headers.update(change or {})
        answer = super().call(
            method, path, body, token=None, signature=None, headers=headers
        )
        answer.__class__ = ClassicAnswer
        return answer


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("classic") / "data"
    with Gateway(data, "--profile", "classic") as started:
        yield started


@pytest.fixture
def client(gateway):
    client = Classic(gateway)
    return client.install().register(client.make_user()).open()


def test_three_steps_and_calls_signed_in_full(client):
    for answer in (
        client.get("/v1/user"),
        client.get("/v1/user?count=1"),
        client.get("/v1/anything?x=%20y"),
        client.post("/v1/payment", {"amount": "1"}),
        client.call("HEAD", "/v1/anything"),
        client.call("DELETE", "/v1/session/0"),
    ):
        assert answer.status == 200
        assert answer.is_signed_by(client.server_key), answer


def test_a_refusal_is_signed_in_full(client):
    answer = client.get("/v1/user/999")
    assert answer.status == 404
    assert answer.is_signed_by(client.server_key)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Bunq-Language": "nl_NL"},
        {"X-Bunq-Client-Request-Id": "2"},
        {"User-Agent": "other"},
        {"Cache-Control": "none"},
        {"X-Bunq-Extra": "1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_signed_header_is_refused(client, change):
    answer = client.get("/v1/user", change=change)
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_a_header_that_is_not_signed_may_change(client):
    answer = client.get("/v1/user", change={"Accept": "text/plain", "X-Other": "1"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "method,path", [("POST", "/v1/a"), ("GET", "/v1/b"), ("GET", "/v1/a?x=1")]
)
def test_a_signature_of_another_first_line_is_refused(client, method, path):
    headers = dict(BASE)
    headers[TOKEN] = client.token
    headers[SIGNATURE] = client.sign(request_bytes("GET", "/v1/a", headers, b""))
    answer = bunq.Client.call(
        client, method, path, token=None, signature=None, headers=headers
    )
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_a_signature_over_the_body_alone_is_refused(client):
    answer = client.get("/v1/user", change={SIGNATURE: client.sign(b"")})
    bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_none_is_refused(client):
    headers = {**BASE, TOKEN: client.token}
    answer = bunq.Client.call(
        client, "GET", "/v1/user", token=None, signature=None, headers=headers
    )
    bunq.assert_refused(answer, 466, reason="signature-missing")


def test_more_headers_than_any_client_signs(client):
    change = {f"X-Bunq-Extra-{i}": "1" for i in range(100)}
    answer = client.get("/v1/user", change=change)
    bunq.assert_refused(answer, 400, reason="signature-malformed")


def test_strict_refuses_what_classic_signs(serve):
    strict = Classic(serve()).install()
    bunq.assert_refused(
        strict.post_device(strict.make_user()), 400, reason="signature-wrong"
    )
