# SPDX-License-Identifier: Apache-2.0
"""announcements.py - what a gateway announces of its TLS keys, right and wrong

Made with `cryptography` alone.
"""
import base64
import datetime
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding


def pin(number):
    """Of no key."""
    return "sha256/" + base64.b64encode(bytes([number] * 32)).decode()


OTHER, BACKUP = pin(1), pin(2)


def moment(**offset):
    at = datetime.datetime.utcnow() + datetime.timedelta(**offset)
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def statement(pins, **changed):
    fields = {"type": "trivet-pins", "version": 1, "issued": moment(),
              "expires": moment(days=1), "pins": pins, **changed}
    return json.dumps({k: v for k, v in fields.items() if v is not None})


def signature(key, text, digest=hashes.SHA512):
    raw = key.sign(text.encode(), padding.PKCS1v15(), digest())
    return base64.b64encode(raw).decode()


def answer(text, signed, **changed):
    fields = {"statement": text, "algorithm": "RSA-SHA512", "signature": signed,
              **changed}
    fields = {k: v for k, v in fields.items() if v is not None}
    return {"Response": [{"TrivetPins": fields}]}


def announce(key, pins, **changed):
    text = statement(pins, **changed)
    return answer(text, signature(key, text))
