# SPDX-License-Identifier: Apache-2.0
"""encrypted.py - encrypted bodies, made and opened by `cryptography`"""
import base64
import os

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

KEY, IV, HMAC = (
    f"X-Bunq-Client-Encryption-{part}" for part in ("Key", "Iv", "Hmac")
)
ANSWER_FIELDS = tuple(
    f"X-Bunq-Server-Encryption-{part}" for part in ("Key", "Iv", "Hmac")
)


def b64(data):
    return base64.b64encode(data).decode()


def mac(key, data):
    made = hmac.HMAC(key, hashes.SHA1())
    made.update(data)
    return made.finalize()


def pad(data):
    padder = PKCS7(128).padder()
    return padder.update(data) + padder.finalize()


def encrypt_padded(public_key, padded, key=None, key_block=None):
    """The three header fields and the ciphertext. key_block: in the place of
    what holds the key."""
    key = key or os.urandom(32)
    iv = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    body = encryptor.update(padded) + encryptor.finalize()
    wrapped = key_block or public_key.encrypt(key, padding.PKCS1v15())
    return {KEY: b64(wrapped), IV: b64(iv), HMAC: b64(mac(key, iv + body))}, body


def encrypt(public_key, plain, key=None, key_block=None):
    return encrypt_padded(public_key, pad(plain), key, key_block)


def raw_rsa(public_key, block):
    """Textbook RSA: what a block of any form is encrypted to."""
    numbers = public_key.public_numbers()
    number = pow(int.from_bytes(block, "big"), numbers.e, numbers.n)
    return number.to_bytes(256, "big")


def is_encrypted(answer):
    present = [answer.header(name) is not None for name in ANSWER_FIELDS]
    assert all(present) or not any(present), answer
    return all(present)


def decrypt(private_key, answer):
    """What an encrypted answer holds; asserts that all of it is right."""
    assert is_encrypted(answer), answer
    wrapped, iv, tag = (
        base64.b64decode(answer.header(name), validate=True) for name in ANSWER_FIELDS
    )
    key = private_key.decrypt(wrapped, padding.PKCS1v15())
    assert len(key) == 32 and len(iv) == 16
    assert mac(key, iv + answer.body) == tag
    assert answer.body and len(answer.body) % 16 == 0
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(answer.body) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def call(client, method, path, plain=b"", headers=None, **kwargs):
    """An encrypted call of an honest client."""
    fields, body = encrypt(client.server_key, plain)
    fields.update(headers or {})
    return client.call(method, path, body, headers=fields, **kwargs)
