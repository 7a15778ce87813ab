# SPDX-License-Identifier: Apache-2.0
"""The client's public key: which are taken"""
import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

import bunq
from signatures import BODY, assert_wrong, b64


# ---- the client's public key -------------------------------------------------


def spki(public_key):
    return public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def modulus_of(bits, exponent=65537, low=1):
    """A public key of that size. Not a real one: nobody has its factors."""
    digits = int.from_bytes(hashlib.sha512(b"%d" % bits).digest() * 16, "big")
    n = digits % (1 << (bits - 1)) | 1 << (bits - 1)
    n = n | 1 if low else n & ~1
    return rsa.RSAPublicNumbers(exponent, n).public_key()


def private_pem(form, encoding=serialization.Encoding.PEM):
    return bunq.key().private_bytes(
        encoding, form, serialization.NoEncryption()
    ).decode()


def pkcs1_pem():
    return (
        bunq.key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
        .decode()
    )


def der():
    return bunq.key().public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def wrapped(data, name="PUBLIC KEY"):
    text = base64.encodebytes(data).decode().replace("\n", "")
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""])


def good():
    return bunq.public_pem(bunq.key())


def pss_oid():
    """The same key, said to be for RSA-PSS only."""
    rsa_oid = bytes.fromhex("06092a864886f70d010101")
    return wrapped(der().replace(rsa_oid, rsa_oid[:-1] + b"\x0a"))


def certificate():
    import datetime

    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.datetime(2024, 1, 1)
    return (
        x509.CertificateBuilder(name, name, bunq.key().public_key(), 1, now)
        .not_valid_after(now + datetime.timedelta(days=9999))
        .sign(bunq.key(), hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


REFUSED_KEYS = {
    "512": lambda: spki(modulus_of(512)),
    "1024": lambda: spki(modulus_of(1024)),
    "2040": lambda: spki(modulus_of(2040)),
    "2046": lambda: spki(modulus_of(2046)),
    "2049": lambda: spki(modulus_of(2049)),
    "3072": lambda: spki(modulus_of(3072)),
    "4096": lambda: spki(modulus_of(4096)),
    "8192": lambda: spki(modulus_of(8192)),
    "p256": lambda: spki(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "p521": lambda: spki(ec.generate_private_key(ec.SECP521R1()).public_key()),
    "ed25519": lambda: spki(ed25519.Ed25519PrivateKey.generate().public_key()),
    "private-pkcs8": lambda: private_pem(serialization.PrivateFormat.PKCS8),
    "private-pkcs1": lambda: private_pem(
        serialization.PrivateFormat.TraditionalOpenSSL
    ),
    "private-as-public": lambda: private_pem(
        serialization.PrivateFormat.PKCS8
    ).replace("PRIVATE", "PUBLIC"),
    "pkcs1-as-spki": lambda: pkcs1_pem().replace("RSA PUBLIC", "PUBLIC"),
    "spki-as-pkcs1": lambda: good().replace("PUBLIC", "RSA PUBLIC"),
    "certificate": certificate,
    "pss-only": pss_oid,
    "no-begin": lambda: good().partition("\n")[2],
    "no-end": lambda: good().rpartition("-----END")[0],
    "bare-base64": lambda: b64(der()),
    "empty-pem": lambda: "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
    "cut": lambda: wrapped(der()[:-1]),
    "byte-behind": lambda: wrapped(der() + b"\0"),
    "urlsafe": lambda: wrapped(b"\xfb\xff" + der()).replace("+", "-").replace("/", "_"),
    "garbage-inside": lambda: good().replace("M", "*", 1),
    "text-inside": lambda: good().replace("\n", "\n\nProc-Type: 4,ENCRYPTED\n", 1),
    "two": lambda: good() + good(),
    "word": lambda: "nonsense",
    "blank": lambda: " ",
    "url": lambda: "https://example.org/key.pem",
    "path": lambda: "/etc/ssl/certs/ca.pem",
    "padding": lambda: "-----BEGIN PUBLIC KEY-----\n====\n-----END PUBLIC KEY-----",
}


@pytest.mark.parametrize("kind", list(REFUSED_KEYS))
def test_unusable_public_key_is_refused(gateway, kind):
    answer = bunq.Client(gateway).post_installation(REFUSED_KEYS[kind]())
    bunq.assert_refused(
        answer, 400, "Client public key is invalid.", "public-key-invalid"
    )


@pytest.mark.parametrize("exponent", [1, 2, 65536, (1 << 33) + 1])
def test_odd_exponent_is_refused(gateway, exponent):
    """Written by hand: no library makes such a key."""
    n = modulus_of(2048).public_numbers().n

    def tlv(tag, content):
        size = len(content)
        if size < 128:
            return bytes([tag, size]) + content
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag, 0x80 | len(octets)]) + octets + content

    def integer(value):
        return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    inner = tlv(0x30, integer(n) + integer(exponent))
    pem = wrapped(tlv(0x30, algorithm + tlv(3, b"\0" + inner)))
    answer = bunq.Client(gateway).post_installation(pem)
    bunq.assert_refused(answer, 400, reason="public-key-invalid")


def one_line(pem):
    begin, *middle, end = pem.strip().split("\n")
    return "\n".join([begin, "".join(middle), end])


ACCEPTED_FORMS = {
    "as-it-is": lambda pem: pem,
    "no-last-newline": lambda pem: pem.rstrip("\n"),
    "crlf": lambda pem: pem.replace("\n", "\r\n"),
    "crlf-no-last": lambda pem: pem.replace("\n", "\r\n").rstrip(),
    "one-line-base64": one_line,
    "newlines-behind": lambda pem: pem + "\n\n",
    "columns-of-76": lambda pem: "-----BEGIN PUBLIC KEY-----\n"
    + base64.encodebytes(base64.b64decode("".join(pem.split("\n")[1:-2]))).decode()
    + "-----END PUBLIC KEY-----\n",
}


@pytest.mark.parametrize("form", list(ACCEPTED_FORMS))
@pytest.mark.parametrize("bits", [2047, 2048])
def test_usable_public_key_is_taken_and_verifies(gateway, form, bits):
    private = bunq.key(0, bits)
    client = bunq.Client(gateway, private_key=private)
    client.install(pem=ACCEPTED_FORMS[form](bunq.public_pem(private)))
    client.register(client.make_user()).open()
    bunq.assert_admitted(client.post("/v1/echo/x", BODY), client.server_key)
    assert_wrong(client.post("/v1/echo/x", BODY, signature=client.sign(b"")), client)
    assert_wrong(
        client.post("/v1/echo/x", BODY, signature=bunq.sign(bunq.key(1), BODY)), client
    )


def test_signature_plus_modulus_is_refused(gateway):
    """The same number to a careless verifier; it fits in 256 bytes here."""
    private = bunq.key(0, 2047)
    client = bunq.Client(gateway, private_key=private).install()
    client.register(client.make_user()).open()
    n = private.public_key().public_numbers().n
    raw = int.from_bytes(bunq.sign_raw(private, b""), "big") + n
    answer = client.get("/v1/user", signature=b64(raw.to_bytes(256, "big")))
    assert_wrong(answer, client, "signature-wrong")


@pytest.mark.parametrize("exponent", [3, 17, 257, 65535])
def test_small_odd_exponents_are_refused(gateway, exponent):
    """Real clients have 65537."""
    n = bunq.key().public_key().public_numbers().n
    answer = bunq.Client(gateway).post_installation(
        spki(rsa.RSAPublicNumbers(exponent, n).public_key())
    )
    bunq.assert_refused(answer, 400, reason="public-key-invalid")


def test_larger_odd_exponents_are_usable(gateway):
    n = bunq.key().public_key().public_numbers().n
    public = rsa.RSAPublicNumbers(65539, n).public_key()
    bunq.assert_admitted(bunq.Client(gateway).post_installation(spki(public)))


def test_prehashed_signing_is_the_same(client):
    """Two ways to one signature: the digest made apart."""
    digest = hashlib.sha256(BODY).digest()
    raw = client.key.sign(
        digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
    )
    answer = client.post("/v1/echo/x", BODY, signature=b64(raw))
    bunq.assert_admitted(answer, client.server_key)
