# SPDX-License-Identifier: Apache-2.0
"""Profile classic: before April 2020 both sides signed the header too"""
import json
import subprocess

import pytest

import bunq
from bunq import SIGNATURE, TOKEN
from classic import BASE, Classic, ClassicAnswer, request_bytes
from gateway import Gateway
from upstream import JSON, chunked, reply


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
        client.get("/v1/echo/anything?x=%20y"),
        client.post("/v1/echo/payment", {"amount": "1"}),
        client.call("HEAD", "/v1/echo/anything"),
        client.call("DELETE", "/v1/session/0"),
    ):
        assert answer.status == 200
        assert answer.is_signed_by(client.server_key), answer


def test_headers_of_the_api_behind_are_signed_too(tmp_path, upstream):
    """Its X-Bunq-* fields, whatever their case; an answer past the buffer."""
    large = b'{"Response":[{"Text":{"text":"' + b"x" * 300000 + b'"}}]}'
    warning = ("x-BUNQ-warning", '"so so"')
    upstream.plan("/v1/large", reply(large, headers=[JSON, warning]))
    upstream.plan("/v1/told", reply(b"{}", "422 No", headers=[JSON, warning]))
    upstream.plan("/v1/chunks", chunked([b'{"a":', b"1}"], headers=[JSON, warning]))
    options = ["--profile", "classic", "--sandbox", "--upstream", upstream.url]
    with Gateway(tmp_path / "data", *options) as gateway:
        client = Classic(gateway)
        client.install().register(client.make_user()).open()
        for path, status in (("large", 200), ("told", 422), ("chunks", 200)):
            answer = client.get(f"/v1/{path}")
            assert answer.status == status
            assert answer.header("X-Bunq-Warning") == '"so so"'
            assert answer.is_signed_by(client.server_key), answer
        assert client.get("/v1/large").body == large


@pytest.mark.parametrize("request_id", ["0", None], ids=["constant", "none"])
def test_a_client_with_few_headers(gateway, request_id):
    """As real clients of 2018 did: Cache-Control, User-Agent, a constant id; the
    headers that were mandatory then are not asked for."""

    class Few(Classic):
        def call(self, method, path, body=b"", *, token=bunq.DEFAULT, **more):
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            token = self.token if token is bunq.DEFAULT else token
            headers = {"Cache-Control": "no-cache", "User-Agent": "few"}
            if request_id is not None:
                headers["X-Bunq-Client-Request-Id"] = request_id
            if token is not None:
                headers[TOKEN] = token
                text = request_bytes(method, path, headers, body)
                headers[SIGNATURE] = self.sign(text)
            answer = bunq.Client.call(
                self, method, path, body, token=None, signature=None, headers=headers
            )
            answer.__class__ = ClassicAnswer
            return answer

    client = Few(gateway)
    client.install().register(client.make_user()).open()
    for path in ("/v1/user", "/v1/user", "/v1/echo/anything"):
        bunq.assert_admitted(client.get(path), client.server_key)
    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"), client.server_key)


def test_the_official_sdks_take_the_answers(client):
    """They try the old form first; a body alone would fail a client of then."""
    answer = client.get("/v1/user")
    assert answer.is_signed_by(client.server_key)
    assert not bunq.fits(client.server_key, answer.signature, answer.body)


def test_over_http_2(client, gateway, tmp_path):
    """Names are lower-case on the wire, and signed with capitals."""
    headers = dict(BASE)
    headers[TOKEN] = client.token
    body = b'{"a":1}'
    text = request_bytes("POST", "/v1/echo/two?x=1", headers, body)
    headers[SIGNATURE] = client.sign(text)
    fields = [word for n, v in headers.items() for word in ("-H", f"{n}: {v}")]
    done = subprocess.run(
        ["curl", "-sS", "--http2", "--cacert", gateway.ca, "-D", tmp_path / "head"]
        + ["--data-binary", body.decode(), "-H", "Content-Type:", *fields]
        + [gateway.base + "/v1/echo/two?x=1"],
        capture_output=True, timeout=60, check=True,
    )
    status, *lines = (tmp_path / "head").read_text().strip().splitlines()
    assert status.startswith("HTTP/2 200"), (status, done.stdout)
    pairs = [line.split(": ", 1) for line in lines]
    answer = ClassicAnswer(200, pairs, done.stdout)
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
    "method,path", [("POST", "/v1/echo/a"), ("GET", "/v1/echo/b"), ("GET", "/v1/echo/a?x=1")]
)
def test_a_signature_of_another_first_line_is_refused(client, method, path):
    headers = dict(BASE)
    headers[TOKEN] = client.token
    headers[SIGNATURE] = client.sign(request_bytes("GET", "/v1/echo/a", headers, b""))
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
