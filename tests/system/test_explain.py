# SPDX-License-Identifier: Apache-2.0
"""The sandbox says what is wrong with a signature that it refuses

Each mistake is made with `cryptography`, in both signature schemes, over HTTP/1.1
and 2, in a call of the protocol's own and in one of the API behind.
"""
import base64
import hashlib
import json
import ssl
import time

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

import bunq
from bunq import SIGNATURE, TOKEN, UNSIGNED, WRONG_SIGNATURE
from classic import BASE, Classic, request_bytes
from gateway import Gateway

BODY = b'{"amount": {"value": "12.50", "url": "a/b"},\n "name": "\xc3\xa9"}'
LARGEST = 64 * 1024
LINK = {"url_together_post": "https://together.bunq.com/d/15399"}
BARE = (
    b'{"Error":[{"error_description":"The request signature is invalid.",'
    b'"error_description_translated":"The request signature is invalid."}]}'
)


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---- speaking ----------------------------------------------------------------


class Speaker:
    """A client in its session, over one version of HTTP, signing what it likes."""

    def __init__(self, client, version):
        self.client = client
        self.is_classic = isinstance(client, Classic)
        self.http = httpx.Client(
            http2=version == "2",
            http1=version != "2",
            verify=ssl.create_default_context(cafile=str(client.gateway.ca)),
            base_url=client.gateway.base,
            timeout=30,
            trust_env=False,
        )
        self.version = "HTTP/2" if version == "2" else "HTTP/1.1"

    def headers(self, path):
        token = self.client.session_token
        if path.startswith("/v1/session-server"):
            token = self.client.installation_token
        return {**BASE, TOKEN: token}

    def message(self, method, path, body):
        """What is to be signed of it."""
        if self.is_classic:
            return request_bytes(method, path, self.headers(path), body)
        return body

    def send(self, method, path, body, signature, headers=None):
        """signature: a value, None, or several. Asks again while it is rationed."""
        values = [signature] if isinstance(signature, (str, bytes)) else signature
        lines = list((headers or self.headers(path)).items())
        lines += [(SIGNATURE, value) for value in values or []]
        end = time.monotonic() + 20
        while True:
            request = self.http.build_request(
                method, path, content=body or None, headers=lines
            )
            response = self.http.send(request)
            assert response.http_version == self.version
            answer = bunq.Answer(
                response.status_code, response.headers.multi_items(), response.content
            )
            if answer.status == 200 or mistake(answer) != "rationed":
                return answer
            assert time.monotonic() < end
            time.sleep(0.1)


def more(answer):
    """What an error carries beside its texts."""
    return answer.json["Error"][0].get("error_additional_parameter", [])


def mistake(answer):
    found = [entry["mistake"] for entry in more(answer) if "mistake" in entry]
    assert len(found) <= 1
    return found[0] if found else None


def explanation(answer):
    [text] = [entry["explanation"] for entry in more(answer) if "mistake" in entry]
    assert text[0].isupper() and text.endswith("."), text
    return text


def assert_explained(answer, word, *parts):
    bunq.assert_refused(answer, 400, WRONG_SIGNATURE)
    assert answer.reason in ("signature-wrong", "signature-malformed")
    assert mistake(answer) == word, answer
    for part in parts:
        assert part in explanation(answer), explanation(answer)


@pytest.fixture(scope="module", params=["strict", "classic"])
def profiled(request, tmp_path_factory):
    """A client of a gateway with that profile."""
    data = tmp_path_factory.mktemp(request.param) / "data"
    with Gateway(data, "--profile", request.param) as gateway:
        if request.param == "classic":
            client = Classic(gateway)
            client.install().register(client.make_user()).open()
            Classic(gateway, key_number=1).install()
        else:
            client = bunq.ready(gateway)
            bunq.Client(gateway, key_number=1).install()
        yield client


@pytest.fixture(scope="module", params=["1.1", "2"])
def speaker(request, profiled):
    return Speaker(profiled, request.param)


@pytest.fixture(scope="module")
def plain(client):
    """Strict, HTTP/1.1."""
    return Speaker(client, "1.1")


# ---- the mistakes ------------------------------------------------------------


def with_padding(key, data, scheme, algorithm=None):
    return b64(key.sign(data, scheme, algorithm or hashes.SHA256()))


def pss(salt):
    return padding.PSS(padding.MGF1(hashes.SHA256()), salt)


def url_safe(key, data):
    """Signatures without such letters are rare, and then the body is changed."""
    text = bunq.sign(key, data)
    assert "+" in text or "/" in text
    return text.replace("+", "-").replace("/", "_")


def compact(body, **options):
    return json.dumps(json.loads(body), separators=(",", ":"), **options).encode()


# How the body is sent, and how it was signed.
BODIES = {
    "trailing-newline sent": (BODY + b"\n", BODY),
    "trailing-newline signed": (BODY, BODY + b"\n"),
    "trailing-newline CR LF": (BODY, BODY + b"\r\n"),
    "crlf signed": (BODY, BODY.replace(b"\n", b"\r\n")),
    "crlf sent": (BODY.replace(b"\n", b"\r\n"), BODY),
    "bom sent": (b"\xef\xbb\xbf" + BODY, BODY),
    "bom signed": (BODY, b"\xef\xbb\xbf" + BODY),
    "json-reserialised compact": (BODY, compact(BODY)),
    "json-reserialised UTF-8": (BODY, compact(BODY, ensure_ascii=False)),
    "json-reserialised sorted": (
        BODY,
        json.dumps(json.loads(BODY), indent=4, sort_keys=True).encode(),
    ),
    "json-reserialised PHP": (BODY, compact(BODY).replace(b"/", b"\\/")),
    "empty-body": (BODY, b""),
    "empty-object": (b"", b"{}"),
    "trailing-newline alone": (b"", b"\n"),
    "other-body": (BODY, BODY.replace(b"12.50", b"12.51")),
    "other-body blank": (BODY, BODY + b" "),
}

# How the signature is made of what is to be signed.
SIGNATURES = {
    "pss": lambda key, data: with_padding(key, data, pss(32)),
    "pss longest salt": lambda key, data: with_padding(
        key, data, pss(padding.PSS.MAX_LENGTH)
    ),
    "wrong-digest SHA1": lambda key, data: with_padding(
        key, data, padding.PKCS1v15(), hashes.SHA1()
    ),
    "wrong-digest SHA512": lambda key, data: with_padding(
        key, data, padding.PKCS1v15(), hashes.SHA512()
    ),
    "double-digest": lambda key, data: bunq.sign(key, hashlib.sha256(data).digest()),
    "double-digest hex": lambda key, data: bunq.sign(key, sha256(data).encode()),
    "base64url": url_safe,
    "base64-form padding": lambda key, data: bunq.sign(key, data).rstrip("="),
    "base64-form blanks": lambda key, data: bunq.sign(key, data)[:76]
    + " "
    + bunq.sign(key, data)[76:],
    "hex": lambda key, data: bunq.sign_raw(key, data).hex(),
    "wrong-size": lambda key, data: bunq.sign(key, data)[:340],
    "wrong-size short": lambda key, data: bunq.sign(key, data)[:341],
    "wrong-size long": lambda key, data: bunq.sign(key, data) * 4,
    "wrong-size 4096": lambda key, data: bunq.sign(bunq.key(0, 4096), data),
    "not-base64": lambda key, data: bunq.sign(key, data)[:-3] + "!==",
    "not-base64 at all": lambda key, data: "no signature at all?",
    "ignore-only-for-testing": lambda key, data: "IGNORE_ONLY_FOR_TESTING",
    "other-installation": lambda key, data: bunq.sign(bunq.key(1), data),
    "wrong-key": lambda key, data: bunq.sign(bunq.key(77), data),
    "wrong-key junk": lambda key, data: b64(bytes(range(256))),
    "wrong-key zeroes": lambda key, data: b64(bytes(256)),
    "wrong-key above": lambda key, data: b64(b"\xff" * 256),
}

PATHS = ["/v1/session-server", "/v1/echo/payment?x=1&y=%20"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_said_when_it_fits(speaker, path):
    signature = speaker.client.sign(speaker.message("POST", path, BODY))
    answer = speaker.send("POST", path, BODY, signature)
    if path == PATHS[0]:
        bunq.assert_refused(answer, 400, 'Missing required field "secret".')
    else:
        bunq.assert_admitted(answer)
    assert b"mistake" not in answer.body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", BODIES)
def test_another_body(speaker, path, case):
    sent, signed = BODIES[case]
    signature = speaker.client.sign(speaker.message("POST", path, signed))
    answer = speaker.send("POST", path, sent, signature)
    assert_explained(answer, case.split()[0])
    assert answer.reason == "signature-wrong"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", SIGNATURES)
def test_another_signature(speaker, path, case):
    word, *hint = case.split()
    message = speaker.message("POST", path, BODY)
    answer = speaker.send(
        "POST", path, BODY, SIGNATURES[case](speaker.client.key, message)
    )
    assert_explained(answer, word)
    if word == "wrong-digest":
        assert hint[0] in explanation(answer)


@pytest.mark.parametrize("path", PATHS)
def test_the_other_scheme(speaker, path):
    full = request_bytes("POST", path, speaker.headers(path), BODY)
    signed = BODY if speaker.is_classic else full
    answer = speaker.send("POST", path, BODY, speaker.client.sign(signed))
    assert_explained(answer, "body-alone" if speaker.is_classic else "old-scheme")


def test_the_query_string_left_out(speaker):
    path = PATHS[1]
    full = request_bytes("POST", path.split("?")[0], speaker.headers(path), BODY)
    answer = speaker.send("POST", path, BODY, speaker.client.sign(full))
    assert_explained(answer, "query-left-out" if speaker.is_classic else "old-scheme")


def test_another_query_string(speaker):
    full = request_bytes("POST", "/v1/echo/payment?x=2", speaker.headers(PATHS[1]), BODY)
    answer = speaker.send("POST", PATHS[1], BODY, speaker.client.sign(full))
    assert_explained(answer, "other-body")


@pytest.mark.parametrize("path", PATHS)
def test_several_signatures(speaker, path):
    right = speaker.client.sign(speaker.message("POST", path, BODY))
    for values in ([right, right], ["", right], ["x", "y", "z"]):
        answer = speaker.send("POST", path, BODY, values)
        assert_explained(answer, "several-signatures")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_other_methods(speaker, method):
    message = speaker.message(method, "/v1/echo/anything", b"\n")
    answer = speaker.send(method, "/v1/echo/anything", b"", speaker.client.sign(message))
    assert_explained(answer, "trailing-newline")


def test_more_fields_than_can_be_signed(speaker):
    headers = {**speaker.headers("/v1/echo/x"), **{f"X-Bunq-E-{i}": "1" for i in range(90)}}
    answer = speaker.send("POST", "/v1/echo/x", BODY, speaker.client.sign(b"x"), headers)
    assert_explained(
        answer, "too-many-fields" if speaker.is_classic else "other-body"
    )


# ---- when nothing known fits -------------------------------------------------


def test_the_digests_are_told(speaker):
    message = speaker.message("POST", "/v1/echo/x", BODY)
    answer = speaker.send("POST", "/v1/echo/x", BODY, speaker.client.sign(b"quite another"))
    assert_explained(
        answer,
        "other-body",
        f"{len(message)} bytes and SHA-256 {sha256(message)}",
        f"signed has SHA-256 {sha256(b'quite another')}",
        "byte order mark",
    )


def test_what_is_known_of_a_wrong_key(speaker):
    message = speaker.message("POST", "/v1/echo/x", BODY)
    answer = speaker.send("POST", "/v1/echo/x", BODY, bunq.sign(bunq.key(77), BODY))
    assert_explained(
        answer,
        "wrong-key",
        f"installation {speaker.client.installation_id}'s",
        sha256(message),
    )


def test_no_secret_is_told(speaker):
    client = speaker.client
    for word in ("other-installation", "wrong-key"):
        message = speaker.message("POST", "/v1/echo/x", BODY)
        answer = speaker.send(
            "POST", "/v1/echo/x", BODY, SIGNATURES[word](client.key, message)
        )
        assert mistake(answer) == word
        for secret in (client.session_token, client.installation_token, client.secret):
            assert secret not in answer.body.decode()
        for other in range(1, 4):
            if other != client.installation_id:
                assert f"nstallation {other}" not in explanation(answer)


def test_only_the_newest_keys_are_tried(serve):
    gateway = serve()
    old = bunq.Client(gateway, key_number=5).install()
    speaker = Speaker(bunq.ready(gateway), "1.1")
    for _ in range(30):
        bunq.Client(gateway, key_number=6).install()
    signature = old.sign(BODY)
    assert_explained(
        speaker.send("POST", "/v1/echo/x", BODY, signature), "other-installation"
    )
    for _ in range(2):
        bunq.Client(gateway, key_number=6).install()
    assert_explained(speaker.send("POST", "/v1/echo/x", BODY, signature), "wrong-key")


# ---- large bodies ------------------------------------------------------------


@pytest.mark.parametrize("size", [16 * 1024, 20 * 1024, LARGEST])
def test_bodies_that_nginx_keeps_in_files(speaker, size):
    for path in PATHS:
        body = b"x" * (size - 1) + b"\n"
        message = speaker.message("POST", path, body[:-1])
        answer = speaker.send("POST", path, body, speaker.client.sign(message))
        assert_explained(answer, "trailing-newline")


@pytest.mark.parametrize("size", [LARGEST + 1, 900 * 1024])
def test_bodies_that_are_too_large(speaker, size):
    body = b"x" * (size - 1) + b"\n"
    message = speaker.message("POST", "/v1/echo/x", body)
    key = speaker.client.key
    for case, word in (
        (bunq.sign(key, speaker.message("POST", "/v1/echo/x", body[:-1])), "too-large"),
        (bunq.sign(key, message).rstrip("="), "base64-form"),
        (with_padding(key, message, padding.PKCS1v15(), hashes.SHA1()), "wrong-digest"),
        (bunq.sign(bunq.key(1), message), "other-installation"),
        (with_padding(key, message, pss(32)), "wrong-key"),
    ):
        answer = speaker.send("POST", "/v1/echo/x", body, case)
        assert_explained(answer, word)
        if word in ("too-large", "wrong-key"):
            assert f"{size} bytes" in explanation(answer)
            assert sha256(message) in explanation(answer)


def test_a_chunked_body(client):
    for pieces in ([BODY, b"\n"], [b"x" * 30000, b"y" * 30000, b"\n"]):
        body = b"".join(pieces)
        answer = client.post(
            "/v1/echo/x", body, signature=client.sign(body[:-1]), stream=iter(pieces)
        )
        assert_explained(answer, "trailing-newline")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2000 + b"1," * 30000 + b"1" + b"]" * 2000,
        b"[" * 60000,
        b'"' + b"\xf0\x9f\x98\x80" * 16000 + b'"',
        b'"' + b"\\u0000" * 10000 + b'"',
        b"\xff" * 60000,
        b"\n" * LARGEST,
        b"{" + b",".join(b'"%d":%d' % (i, i) for i in range(4000)) + b"}",
    ],
    ids=["indents", "deep", "emoji", "NUL", "not UTF-8", "newlines", "keys"],
)
def test_hostile_bodies(plain, body):
    answer = plain.send("POST", "/v1/echo/x", body, plain.client.sign(b"something else"))
    assert_explained(answer, "other-body", sha256(body))


# ---- no signature at all -----------------------------------------------------


def test_a_missing_signature(speaker):
    for path in PATHS:
        answer = speaker.send("POST", path, BODY, None)
        bunq.assert_refused(answer, 466, UNSIGNED, "signature-missing")
        assert more(answer)[0] == LINK
        assert mistake(answer) == "no-signature"
        text = explanation(answer)
        assert text.startswith(f"POST {path.split('?')[0]} needs the header"), text
        assert "IGNORE_ONLY_FOR_TESTING" in text
        assert ("headers and body" in text) == speaker.is_classic


def test_an_empty_signature(speaker):
    answer = speaker.send("POST", "/v1/echo/x", BODY, "")
    bunq.assert_refused(answer, 466, UNSIGNED, "signature-missing")
    assert "is empty" in explanation(answer)


@pytest.mark.parametrize("path", ["/v1/" + "x" * 200, "/v1/%C3%A9"])
def test_a_path_that_is_not_shown(plain, path):
    answer = plain.send("POST", path, BODY, None)
    text = explanation(answer)
    assert text.startswith("This call" if "x" in path else f"POST {path}"), text


# ---- only where, and as long as, it is asked for -----------------------------


def test_outside_the_sandbox_nothing_is_said(serve):
    gateway = serve("--no-sandbox")
    client = bunq.Client(gateway).install()
    for signature in (client.sign(BODY + b"\n"), "nonsense", "AAAA", url_safe(
        client.key, BODY
    )):
        answer = client.post("/v1/session-server", BODY, signature=signature)
        assert answer.status == 400
        assert answer.body == BARE
    answer = client.post("/v1/session-server", BODY, signature=None)
    assert answer.status == 466
    assert more(answer) == [LINK]
    assert "mistake" not in gateway.log()


def test_the_current_profile_explains_what_it_judges(serve):
    client = bunq.ready(serve("--profile", "current"))
    bunq.assert_admitted(client.post("/v1/echo/x", BODY, signature="nonsense"))
    answer = client.post(
        "/v1/session-server",
        BODY,
        token=client.installation_token,
        signature=client.sign(BODY + b"\n"),
    )
    assert_explained(answer, "trailing-newline")


def test_a_flood_is_rationed(serve):
    client = bunq.ready(serve())
    signature = client.sign(BODY + b"\n")
    words = []
    begin = time.monotonic()
    for _ in range(400):
        answer = client.post("/v1/echo/x", BODY, signature=signature)
        bunq.assert_refused(answer, 400, WRONG_SIGNATURE, "signature-wrong")
        words.append(mistake(answer))
    passed = time.monotonic() - begin
    assert set(words) <= {"trailing-newline", "rationed"}
    num_workers = len(client.gateway.nginx_workers())
    num_explained = words.count("trailing-newline")
    assert num_explained >= 1
    assert num_explained <= num_workers * (40 + 20 * passed + 1)
    bunq.assert_admitted(client.post("/v1/echo/x", BODY))

    end = time.monotonic() + 20
    while mistake(client.post("/v1/echo/x", BODY, signature=signature)) == "rationed":
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_log_has_the_word(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    answer = client.post("/v1/echo/x", BODY, signature=client.sign(BODY + b"\n"))
    assert_explained(answer, "trailing-newline")
    assert answer.is_signed_by(client.server_key)
    assert "mistake:trailing-newline, installation:" in gateway.log()


def test_the_answer_is_signed_and_head_has_none(client):
    answer = client.post("/v1/echo/x", BODY, signature=client.sign(b""))
    assert answer.is_signed_by(client.server_key)
    answer = client.call("HEAD", "/v1/echo/x", signature=client.sign(b"x"))
    assert answer.status == 400
    assert answer.body == b""
