# SPDX-License-Identifier: Apache-2.0
"""trivet explain names what is wrong with a signature."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from fake_server import made_key, sign

BODY = b'{"b": "x/y", "a": [1, 2], "c": "\xc3\xa9"}'


@pytest.fixture(scope="module")
def key():
    return made_key("client")


@pytest.fixture
def key_file(key, tmp_path):
    path = tmp_path / "public.pem"
    path.write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo))
    return path


def b64(raw):
    return base64.b64encode(raw).decode()


def pss(key, data):
    return b64(key.sign(data, padding.PSS(
        padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
        hashes.SHA256()))


def with_hash(key, data, algorithm):
    return b64(key.sign(data, padding.PKCS1v15(), algorithm))


def compact(body, **options):
    return json.dumps(json.loads(body), separators=(",", ":"),
                      **options).encode()


OLD = (b"POST /v1/x\nCache-Control: no-cache\nUser-Agent: me\n"
       b"X-Bunq-Language: en_US\n\n")

CASES = {
    "fits": lambda k: (BODY, sign(k, BODY)),
    "trailing-newline": lambda k: (BODY + b"\n", sign(k, BODY)),
    "trailing-newline ": lambda k: (BODY, sign(k, BODY + b"\n")),
    "trailing-newline  ": lambda k: (BODY, sign(k, BODY + b"\r\n")),
    "crlf": lambda k: (b"a\r\nb\r\nc", sign(k, b"a\nb\nc")),
    "crlf ": lambda k: (b"a\nb\nc", sign(k, b"a\r\nb\r\nc")),
    "bom": lambda k: (b"\xef\xbb\xbf" + BODY, sign(k, BODY)),
    "bom ": lambda k: (BODY, sign(k, b"\xef\xbb\xbf" + BODY)),
    "json-reserialised": lambda k: (BODY, sign(k, compact(BODY))),
    "json-reserialised ": lambda k: (
        BODY, sign(k, compact(BODY, ensure_ascii=False))),
    "json-reserialised  ": lambda k: (
        BODY, sign(k, json.dumps(json.loads(BODY), indent=4,
                                 sort_keys=True).encode())),
    "json-reserialised   ": lambda k: (
        compact(BODY), sign(k, compact(BODY).replace(b"/", b"\\/"))),
    "pss": lambda k: (BODY, pss(k, BODY)),
    "wrong-digest": lambda k: (BODY, with_hash(k, BODY, hashes.SHA1())),
    "wrong-digest ": lambda k: (BODY, with_hash(k, BODY, hashes.SHA512())),
    "base64url": lambda k: (BODY, url_safe(k)),
    "base64-form": lambda k: (BODY, sign(k, BODY).rstrip("=")),
    "base64-form ": lambda k: (
        BODY, sign(k, BODY)[:64] + "\n" + sign(k, BODY)[64:]),
    "not-base64": lambda k: (BODY, "***"),
    "no-signature": lambda k: (BODY, ""),
    "wrong-size": lambda k: (BODY, "AAAA"),
    "wrong-key": lambda k: (
        BODY, sign(made_key("another"), BODY)),
    # of the right length, but above any modulus of 2048 bits
    "wrong-key ": lambda k: (BODY, base64.b64encode(b"\xff" * 256).decode()),
    "old-scheme": lambda k: (BODY, sign(k, OLD + BODY)),
    "empty-body": lambda k: (BODY, sign(k, b"")),
    "double-digest": lambda k: (
        BODY, sign(k, hashlib.sha256(BODY).digest())),
    "double-digest ": lambda k: (
        BODY, sign(k, hashlib.sha256(BODY).hexdigest().encode())),
    "other-body": lambda k: (BODY, sign(k, b"quite another one")),
}


def url_safe(key):
    """One that has such letters."""
    text = sign(key, BODY)
    assert "+" in text or "/" in text
    return text.replace("+", "-").replace("/", "_")


@pytest.mark.parametrize("case", CASES)
def test_explain(trivet, key, key_file, case):
    body, signature = CASES[case](key)
    result = trivet("explain", "-k", key_file, "-s", signature,
                    "--request=POST /v1/x", "-H", "user-agent: me",
                    "-H", "Cache-Control: no-cache", "-H", "Accept: x",
                    "-H", "X-Bunq-Language: en_US", text=body)
    word = case.strip()
    assert result.stdout.decode().startswith(word + ": "), result
    assert result.returncode == (0 if word == "fits" else 6)


def test_a_bare_digest(trivet, key, key_file):
    """RSA "encryption" with the private key of a digest without its name."""
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    digest = hashlib.sha256(BODY).digest()
    block = b"\x00\x01" + b"\xff" * (256 - 3 - 32) + b"\x00" + digest
    raw = pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")
    result = trivet("explain", "-k", key_file, "-s", b64(raw), text=BODY)
    assert result.stdout.startswith(b"no-digest-info: ")


def test_the_other_sides_key(logged_in, server):
    signature = sign(server.protocol.key, BODY)
    result = logged_in("explain", "--request", "-s", signature, text=BODY)
    assert result.stdout.startswith(b"other-side: ")


def test_keys_of_any_kind(trivet, key, tmp_path):
    path = tmp_path / "private.pem"
    path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    result = trivet("verify", "-k", path, "-s", sign(key, BODY), text=BODY)
    assert result.returncode == 0, result


def test_a_real_signature_of_bunq(trivet, tmp_path):
    """Recorded from bunq's server; see the protocol reference, section 5.6."""
    key = tmp_path / "key.pem"
    key.write_text("""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3pJjgdZqHPOyOqW6WBoO
A3u6wsOhmHkfuamtX4APTwBC0gfquqMCzFc7f+j3r4CN25Vau1Gmnz33c36S2NLD
VJggY8tLClB10O31wJzHkCNxUOIRTAvfhEP4kjpQYFb1yuO/tudx6JyC4V1x0ON3
fLAYWGpkiOuGuc3JO59uzuLR4t+5CJ/mFBKBMZXMgrwann2Hy8YmKWjQADZaAOZ4
V2+yaXN97C9T5XrU+BD4qiwLsTtF2yihroAeEON0k3ypVWxp+DpBTk45r5jRJ+N2
XIVATHhDE0Y1xny+Ns2TRu4ez9yah7J+S3STZmp9KV2wH7rr1MHX6O90zQBoLYhO
/wIDAQAB
-----END PUBLIC KEY-----
""")
    signature = (
        "PFPlNFQkmB50le/nuqdbpvsB98PHyTRpgVP3tx4IrgvRTW4X7l+0oEzrsTO3SKZ5dckCP"
        "jdm6sSyH31S13LfB1eQ2uVASbzmoE5C+PQJFXznrnfkkV9QfEnL4dSZLvD/p+9pd+D5hC"
        "4hpQ7a5RMIlKleHbdBGgkqf3CW6M+BmW7oMQU9pIY2w+13l+8vJ/xpYdCk4Bl7TdALvam"
        "EwbBPL43beaClEuvtXSxjtlmpZs2NsJmV27lM9Kj7k7NVa+/C4Ng+DxZH//1frfx5Ve6m"
        "2AW+w1wcSgyBNyAlQAjJrGTzzHR2sIzRpC1H0uarMdqKys3nmM6DWEcTjKYPb4c8Uw==")
    body = '{"Response":[{"Id":{"id":1839935170}}]}'
    assert trivet("verify", "-k", key, "-s", signature,
                  text=body).returncode == 0
    result = trivet("explain", "-k", key, "-s", signature, text=body + "\n")
    assert result.stdout.startswith("trailing-newline: ")
