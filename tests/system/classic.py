# SPDX-License-Identifier: Apache-2.0
"""classic.py - a client of profile classic, and what it signs"""
import json
import uuid

import bunq
from bunq import SIGNATURE, TOKEN

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
