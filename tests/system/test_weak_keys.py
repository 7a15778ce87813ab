# SPDX-License-Identifier: Apache-2.0
"""Client keys that others can break are refused; PKCS#1 and real ones taken"""
import random

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import bunq

RANDOM = random.Random(20)
SMALL = [p for p in range(3, 8192) if all(p % d for d in range(2, int(p**0.5) + 1))]


def is_prime(n):
    if any(n % p == 0 for p in SMALL):
        return False
    return all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7, 11))


def next_prime(n):
    n |= 1
    while not is_prime(n):
        n += 2
    return n


def prime(bits):
    return next_prime(RANDOM.getrandbits(bits) | 3 << (bits - 2))


def filled(pattern):
    """2048 bits of that pattern, odd and with the top bit set."""
    number = int.from_bytes((pattern * 256)[:256], "big")
    return number | 1 << 2047 | 1


def factor(p):
    """2048 bits, divisible by p, otherwise without anything odd."""
    n = RANDOM.getrandbits(2048) | 1 << 2047 | 1 << 2046
    n -= n % p
    return n if n % 2 else n + p if p % 2 else n


def power(k):
    """The k-th power of a prime, of 2048 bits."""
    low, high = 1, 1 << 2048
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**k < 3 << 2046 else (low, middle)
    return next_prime(low) ** k


def close(distance_bits):
    p = prime(1024)
    return p * next_prime(p + (1 << distance_bits))


def roca_prime(bits):
    """As the broken library makes them: k * M + 65537^a mod M."""
    primorial = 2
    for p in SMALL:
        if p > 701:
            break
        primorial *= p
    while True:
        k = RANDOM.getrandbits(bits - primorial.bit_length()) | 1
        p = k * primorial + pow(65537, RANDOM.getrandbits(200), primorial)
        if p.bit_length() == bits and is_prime(p):
            return p


def roca():
    while True:
        n = roca_prime(1024) * roca_prime(1024)
        if n.bit_length() >= 2047:
            return n


WEAK = {
    "even": lambda: RANDOM.getrandbits(2048) & ~1 | 1 << 2047,
    "all-ones": lambda: 2**2048 - 1,
    "power-of-two-and-one": lambda: 2**2047 + 1,
    "near-power": lambda: 2**2048 - 1942289,
    "three": lambda: factor(3),
    "factor-17": lambda: factor(17),
    "factor-251": lambda: factor(251),
    "factor-7919": lambda: factor(7919),
    "power-of-three": lambda: 3**1291,
    "power-of-prime": lambda: 127**293,
    "square": lambda: power(2),
    "cube": lambda: power(3),
    "fifth": lambda: power(5),
    "seventh": lambda: power(7),
    "eighth": lambda: power(8),
    "hundred-and-first": lambda: power(101),
    "square-of-composite": lambda: (prime(512) * prime(512)) ** 2,
    "close-0": lambda: close(1),
    "close-100": lambda: close(100),
    "close-500": lambda: close(500),
    "roca": roca,
    "zeroes-inside": lambda: RANDOM.getrandbits(1024) << 1024
    | 1 << 2047
    | RANDOM.getrandbits(900)
    | 1,
    "repeated-byte": lambda: filled(b"\xa5"),
    "repeated-word": lambda: filled(b"\xc3\x5a\x91\x27"),
    "repeated-64": lambda: filled(RANDOM.randbytes(64)),
    "repeated-odd": lambda: filled(RANDOM.randbytes(33)),
    "text": lambda: filled(b"correct horse battery staple, but for all that no key. "),
    "counting": lambda: int.from_bytes(bytes(range(128, 256)) + bytes(range(128)), "big")
    | 1,
}


def pem_of(n, form=serialization.PublicFormat.SubjectPublicKeyInfo):
    key = rsa.RSAPublicNumbers(65537, n).public_key()
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.mark.parametrize("kind", WEAK)
@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo", "PKCS1"])
def test_a_weak_key_is_refused(gateway, kind, form):
    n = WEAK[kind]()
    assert 2047 <= n.bit_length() <= 2048
    pem = pem_of(n, getattr(serialization.PublicFormat, form))
    answer = bunq.Client(gateway).post_installation(pem)
    bunq.assert_refused(
        answer, 400, "Client public key is invalid.", "public-key-invalid"
    )


def test_real_keys_are_taken(gateway):
    for _ in range(10):
        key = rsa.generate_private_key(65537, 2048)
        answer = bunq.Client(gateway).post_installation(bunq.public_pem(key))
        assert answer.status == 200, answer


def pkcs1(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
    ).decode()


@pytest.mark.parametrize("change", ["plain", "crlf", "one-line", "padded"])
def test_a_pkcs1_key_is_taken_and_verified_with(gateway, change):
    client = bunq.Client(gateway)
    pem = pkcs1(client.key)
    pem = {
        "plain": pem,
        "crlf": pem.replace("\n", "\r\n"),
        "one-line": pem.replace("\n", ""),
        "padded": f"\n\n {pem}\n\t",
    }[change]
    client.install(pem=pem)
    client.register(client.make_user()).open()
    assert client.is_alive()
    wrong = client.get("/v1/user", signature=bunq.sign(bunq.key(1), b""))
    assert wrong.status != 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pem: pem.replace("RSA PUBLIC", "PUBLIC"),
        lambda pem: pem.replace("BEGIN RSA PUBLIC", "BEGIN PUBLIC"),
        lambda pem: pem.replace("END RSA PUBLIC", "END PUBLIC"),
        lambda pem: pem.replace("RSA", "rsa"),
        lambda pem: pem.replace("RSA PUBLIC", "RSA  PUBLIC"),
        lambda pem: pem + pem,
        lambda pem: pem.replace("MII", "MIJ", 1),
        lambda pem: pem[:-60] + pem[-40:],
    ],
)
def test_what_is_not_quite_pkcs1_is_refused(gateway, spoil):
    answer = bunq.Client(gateway).post_installation(spoil(pkcs1(bunq.key())))
    bunq.assert_refused(answer, 400, reason="public-key-invalid")


@pytest.mark.parametrize("bits", [1024, 3072, 4096])
def test_pkcs1_of_another_size_is_refused(gateway, bits):
    key = rsa.generate_private_key(65537, bits)
    answer = bunq.Client(gateway).post_installation(pkcs1(key))
    bunq.assert_refused(answer, 400, reason="public-key-invalid")
