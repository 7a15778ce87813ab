# SPDX-License-Identifier: Apache-2.0
"""The client's signature: every byte counts; profile strict"""
import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

import bunq
from bunq import SIGNATURE, TOKEN, UNSIGNED
from signatures import BODY, assert_wrong, b64

LINK = [{"url_together_post": "https://together.bunq.com/d/15399"}]


def flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


# ---- right, and missing ------------------------------------------------------

CALLS = [
    ("GET", "/v1/user", b""),
    ("GET", "/v1/echo/anything", b""),
    ("HEAD", "/v1/echo/anything", b""),
    ("POST", "/v1/echo/anything", BODY),
    ("POST", "/v1/echo/anything", b""),
    ("PUT", "/v1/echo/anything", b"{}"),
    ("DELETE", "/v1/echo/anything", b""),
]


@pytest.mark.parametrize("method, path, body", CALLS)
def test_right_signature_is_admitted(client, method, path, body):
    bunq.assert_admitted(client.call(method, path, body))


@pytest.mark.parametrize("method, path, body", CALLS)
@pytest.mark.parametrize("signature", [None, ""], ids=["absent", "empty"])
def test_missing_signature_is_refused(client, method, path, body, signature):
    answer = client.call(method, path, body, signature=signature)
    assert answer.status == 466, answer
    if method != "HEAD":
        bunq.assert_refused(answer, 466, UNSIGNED, None, client.server_key)
        assert answer.json["Error"][0]["error_additional_parameter"][:1] == LINK
    assert answer.reason == "signature-missing"


@pytest.mark.parametrize("path", ["device-server", "session-server"])
def test_missing_signature_is_refused_on_the_steps(gateway, path):
    client = bunq.Client(gateway).install()
    body = {"description": "x", "secret": client.make_user()}
    answer = client.post(f"/v1/{path}", body, signature=None)
    bunq.assert_refused(answer, 466, UNSIGNED, "signature-missing", client.server_key)
    assert answer.json["Error"][0]["error_additional_parameter"][:1] == LINK


@pytest.mark.parametrize("path", ["device-server", "session-server"])
def test_wrong_signature_is_refused_on_the_steps(gateway, path):
    client = bunq.Client(gateway).install()
    secret = client.make_user()
    body = {"description": "x", "secret": secret}
    for data in (b"", b"{}", json.dumps(body).encode() + b"\n"):
        answer = client.post(f"/v1/{path}", body, signature=client.sign(data))
        assert_wrong(answer, client, "signature-wrong")
    assert client.post_session(secret).reason == "key-not-registered"


def test_refused_delete_does_not_end_the_session(gateway):
    client = bunq.ready(gateway)
    for signature in (None, client.sign(b"x"), "nonsense"):
        answer = client.call("DELETE", "/v1/session/0", signature=signature)
        assert answer.status in (400, 466)
    assert client.is_alive()


@pytest.mark.parametrize(
    "signature", [None, "", "nonsense", "A" * 344, "other", "x" * 3000]
)
@pytest.mark.parametrize("path", ["installation", "sandbox-user-person"])
def test_no_signature_is_looked_at_before_a_key_is_known(gateway, path, signature):
    client = bunq.Client(gateway)
    if signature == "other":
        signature = bunq.sign(bunq.key(1), b"")
    if path == "installation":
        answer = client.post_installation(signature=signature)
    else:
        answer = client.post(f"/v1/{path}", token=None, signature=signature)
    bunq.assert_admitted(answer)


# ---- the body ----------------------------------------------------------------


@pytest.mark.parametrize("bit", [0, 1, 7, 8, 100, 8 * len(BODY) - 1])
def test_one_bit_of_the_body_changed(client, bit):
    answer = client.post("/v1/echo/x", flip(BODY, bit), signature=client.sign(BODY))
    assert_wrong(answer, client, "signature-wrong")


@pytest.mark.parametrize(
    "sent, signed",
    [
        (BODY + b"\n", BODY),
        (BODY[:-1], BODY),
        (b" " + BODY, BODY),
        (BODY[1:], BODY),
        (BODY.replace(b"1", b"2"), BODY),
        (BODY.replace(b"\n", b"\r\n"), BODY),
        (BODY.replace(b"/", b"\\/"), BODY),
        (json.dumps(json.loads(BODY)).encode(), BODY),
        (BODY + b"\0", BODY),
        (b"", BODY),
        (BODY, b""),
        (b"\0", b""),
        (b"{}", b""),
        (b"", b"{}"),
        (b"", b"\n"),
        (b"something else altogether", BODY),
        (BODY * 2, BODY),
    ],
)
def test_another_body_than_the_signed_one(client, sent, signed):
    answer = client.post("/v1/echo/x", sent, signature=client.sign(signed))
    assert_wrong(answer, client, "signature-wrong")


@pytest.mark.parametrize(
    "body",
    [
        bytes(range(256)) * 3,
        b"\0" * 1000,
        b"\xff\xfe",
        b"{",
        b"\r\n\r\n",
        BODY.replace(b"\n", b"\r\n"),
        b"\t" * 17,
    ],
    ids=lambda body: repr(body[:8]),
)
def test_any_bytes_can_be_signed(client, body):
    bunq.assert_admitted(client.post("/v1/echo/x", body), client.server_key)


LENGTHS = [1, 4095, 4096, 8191, 8192, 16383, 16384, 16385, 65536, 65537, 700_000]


@pytest.mark.parametrize("length", LENGTHS)
def test_long_bodies_in_memory_and_in_files(client, length):
    body = (b"0123456789abcdef" * (length // 16 + 1))[:length]
    answer = client.post("/v1/echo/x", body)
    bunq.assert_admitted(answer, client.server_key)
    assert answer.element("Identity")["body_length"] == length
    for place in {0, length // 2, length - 1}:
        changed = flip(body, 8 * place)
        answer = client.post("/v1/echo/x", changed, signature=client.sign(body))
        assert_wrong(answer, client, "signature-wrong")


def pieces(body, size):
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_chunked_body_is_signed_without_its_chunks(client, size):
    body = BODY if size < 100 else BODY * 3000
    answer = client.post("/v1/echo/x", body, stream=pieces(body, size))
    bunq.assert_admitted(answer, client.server_key)
    assert answer.element("Identity")["body_length"] == len(body)
    answer = client.post("/v1/echo/x", body, stream=pieces(body + b" ", size))
    assert_wrong(answer, client, "signature-wrong")


# ---- the signature -----------------------------------------------------------


@pytest.mark.parametrize("bit", [0, 1, 9, 1024, 2046, 2047])
def test_one_bit_of_the_signature_changed(client, bit):
    raw = bunq.sign_raw(client.key, BODY)
    answer = client.post("/v1/echo/x", BODY, signature=b64(flip(raw, bit)))
    assert_wrong(answer, client, "signature-wrong")


def pss(salt):
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)


def no_digest_info(private_key, data):
    """PKCS#1 type 1 padding straight around the digest."""
    numbers = private_key.private_numbers()
    digest = hashlib.sha256(data).digest()
    block = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
    n = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")


def short_padding(private_key, data):
    """Eight bytes of padding, garbage behind the digest (Bleichenbacher 2006)."""
    numbers = private_key.private_numbers()
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    block = b"\0\1" + b"\xff" * 8 + b"\0" + info + hashlib.sha256(data).digest()
    block += b"\0" * (256 - len(block))
    n = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")


def full_form(client, data):
    """What was signed before 2020: request line, headers, body."""
    head = (
        "POST /v1/echo/x\nCache-Control: no-cache\nUser-Agent: t\n"
        f"{TOKEN}: {client.session_token}\n\n"
    )
    return head.encode() + data


SCHEMES = {
    "pss-32": lambda c, d: c.key.sign(d, pss(32), hashes.SHA256()),
    "pss-max": lambda c, d: c.key.sign(d, pss(padding.PSS.MAX_LENGTH), hashes.SHA256()),
    "pss-0": lambda c, d: c.key.sign(d, pss(0), hashes.SHA256()),
    "sha1": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.SHA1()),
    "md5": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.MD5()),
    "sha224": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.SHA224()),
    "sha384": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.SHA384()),
    "sha512": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.SHA512()),
    "sha3": lambda c, d: c.key.sign(d, padding.PKCS1v15(), hashes.SHA3_256()),
    "digest-of-digest": lambda c, d: bunq.sign_raw(
        c.key, hashlib.sha256(d).digest()
    ),
    "digest-in-hex": lambda c, d: bunq.sign_raw(
        c.key, hashlib.sha256(d).hexdigest().encode()
    ),
    "no-digest-info": lambda c, d: no_digest_info(c.key, d),
    "short-padding": lambda c, d: short_padding(c.key, d),
    "other-key": lambda c, d: bunq.sign_raw(bunq.key(1), d),
    "full-form": lambda c, d: bunq.sign_raw(c.key, full_form(c, d)),
    "with-path": lambda c, d: bunq.sign_raw(c.key, b"POST /v1/echo/x\n\n" + d),
    "hmac-with-token": lambda c, d: hashlib.sha256(
        c.session_token.encode() + d
    ).digest(),
    "zeros": lambda c, d: bytes(256),
    "one": lambda c, d: bytes(255) + b"\1",
    "ones": lambda c, d: b"\xff" * 256,
    "modulus": lambda c, d: c.key.public_key()
    .public_numbers()
    .n.to_bytes(256, "big"),
    "modulus-less-one": lambda c, d: (
        c.key.public_key().public_numbers().n - 1
    ).to_bytes(256, "big"),
    "negated": lambda c, d: (
        c.key.public_key().public_numbers().n
        - int.from_bytes(bunq.sign_raw(c.key, d), "big")
    ).to_bytes(256, "big"),
    "reversed": lambda c, d: bunq.sign_raw(c.key, d)[::-1],
    "one-byte-short": lambda c, d: bunq.sign_raw(c.key, d)[:-1],
    "first-byte-off": lambda c, d: bunq.sign_raw(c.key, d)[1:],
    "one-byte-long": lambda c, d: bunq.sign_raw(c.key, d) + b"\0",
    "zero-in-front": lambda c, d: b"\0" + bunq.sign_raw(c.key, d),
    "twice": lambda c, d: bunq.sign_raw(c.key, d) * 2,
    "half": lambda c, d: bunq.sign_raw(c.key, d)[:128],
    "one-byte": lambda c, d: b"\0",
    "4096-bit": lambda c, d: bytes(512),
    "the-body": lambda c, d: d,
    "the-digest": lambda c, d: hashlib.sha256(d).digest(),
    "ecdsa": lambda c, d: ec.generate_private_key(ec.SECP256R1()).sign(
        d, ec.ECDSA(hashes.SHA256())
    ),
}


@pytest.mark.parametrize("scheme", list(SCHEMES))
@pytest.mark.parametrize("body", [BODY, b""], ids=["body", "empty"])
def test_any_other_scheme_is_refused(client, scheme, body):
    raw = SCHEMES[scheme](client, body)
    if raw == b"":
        return
    assert_wrong(client.post("/v1/echo/x", body, signature=b64(raw)), client)


def last_bits(text):
    """The same bytes to a lax decoder: the unused bits before == are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(text[-3])
    return text[:-3] + alphabet[last | 1] + "=="


TEXTS = {
    "urlsafe": lambda t: t.replace("+", "-").replace("/", "_"),
    "no-padding": lambda t: t.rstrip("="),
    "half-padding": lambda t: t[:-1],
    "more-padding": lambda t: t + "=",
    "much-padding": lambda t: t + "====",
    "blank-inside": lambda t: t[:100] + " " + t[100:],
    "tab-inside": lambda t: t[:100] + "\t" + t[100:],
    "columns-by-blanks": lambda t: " ".join(t[i : i + 64] for i in range(0, 344, 64)),
    "literal-newlines": lambda t: "\\n".join(t[i : i + 64] for i in range(0, 344, 64)),
    "hex": lambda t: base64.b64decode(t).hex(),
    "base64-twice": lambda t: b64(t.encode()),
    "quoted": lambda t: f'"{t}"',
    "scheme": lambda t: f"RSA {t}",
    "percent": lambda t: t.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    "star-inside": lambda t: t[:10] + "*" + t[11:],
    "equals-inside": lambda t: t[:10] + "=" + t[11:],
    "comma": lambda t: f"{t},{t}",
    "semicolon": lambda t: t + ";",
    "high-byte": lambda t: t[:10] + "\xc3" + t[11:],
    "lower": lambda t: t.lower(),
    "cut-by-four": lambda t: t[4:],
    "unused-bits": last_bits,
    "only-padding": lambda t: "====",
    "one-letter": lambda t: "A",
    "word": lambda t: "IGNORE_ONLY_FOR_TESTING",
    "long": lambda t: t[:342] * 6,
    "null": lambda t: "null",
}


@pytest.mark.parametrize("fault", list(TEXTS))
def test_any_other_text_than_one_line_of_base64_is_refused(gateway, client, fault):
    text = client.sign(b"")
    # one that base64url writes differently
    token, number = client.session_token, 0
    body = b""
    while not ("+" in text and "/" in text):
        number += 1
        body = b"%d" % number
        text = client.sign(body)
    headers = [(TOKEN, token), (SIGNATURE, TEXTS[fault](text))]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("POST", "/v1/echo/x", headers, body).answer()
    assert_wrong(answer, client)


@pytest.mark.parametrize("blank", ["\r\n ", "\r\n\t"])
def test_folded_header_line_is_refused(gateway, client, blank):
    text = client.sign(b"")
    folded = blank.join([text[:76], text[76:]])
    headers = [(TOKEN, client.session_token), (SIGNATURE, folded)]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    assert answer.status in (400, 466), answer


def test_blanks_around_the_header_value_are_http(gateway, client):
    headers = [(TOKEN, client.session_token), (SIGNATURE, f"  {client.sign(b'')}  ")]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    bunq.assert_admitted(answer, client.server_key)


@pytest.mark.parametrize("second", ["same", "wrong", "empty", "garbage"])
@pytest.mark.parametrize("order", [1, -1])
def test_two_signatures_are_refused(gateway, client, second, order):
    right = client.sign(b"")
    other = {
        "same": right,
        "wrong": client.sign(b"x"),
        "empty": "",
        "garbage": "nonsense",
    }[second]
    headers = [(TOKEN, client.session_token)]
    headers += [(SIGNATURE, right), (SIGNATURE, other)][::order]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", headers).answer()
    assert_wrong(answer, client, "signature-malformed")


def test_the_empty_bodys_signature_is_not_good_for_another_installation(gateway):
    """The one signature that every GET repeats."""
    one, two = bunq.ready(gateway, key_number=0), bunq.ready(gateway, key_number=1)
    for _ in range(3):
        assert one.is_alive() and two.is_alive()
        assert_wrong(one.get("/v1/user", signature=two.sign(b"")), one)
        assert_wrong(two.get("/v1/user", signature=one.sign(b"")), two)
