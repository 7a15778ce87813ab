# SPDX-License-Identifier: Apache-2.0
"""judge.py - whether a server may be measured: it answers right, and lets nobody in

Whoever signs nothing, or looks at nothing, is quick. So each server is asked, by
another implementation of the protocol (tests/support/bunq.py), before it is
measured. What is right is asked first, and everything twice: what a server
remembers of the right ones is there when one resembles them that is not.
"""
import re

from servers import Failed

import bunq  # tests/support, found by servers

BODY = b"a body"
OTHER_BODY = b"a bodY"
STRANGER = 2  # the number of a key that no client has
REFUSED = (400, 401, 403, 466)

# What the API behind answers.
SAME = re.compile(rb"x{1024}")
FRESH = re.compile(rb"[0-9a-f]{32}x{992}")
CALLS = (
    ("GET", "/v1/same/1k", b"", SAME),
    ("GET", "/v1/fresh/1k", b"", FRESH),
    ("POST", "/v1/same/1k", BODY, SAME),
    ("POST", "/v1/fresh/1k", BODY, FRESH),
)


def judge(server, secret=None, samples=()):
    """A client with a session. Failed: the server must not be measured.

    secret: the API key; without one, each client asks for a user of its own.
    samples: (token, signature of the empty body) of sessions that it must know."""
    try:
        own = bunq.ready(server, secret=secret)
        other = bunq.ready(server, secret=secret, key_number=1)
    except (AssertionError, KeyError) as trouble:
        raise Failed(f"{server.name} opens no context: {trouble}") from trouble
    for client in (own, other):
        bodies = [_right(server, client, call) for call in CALLS * 2]
        fresh = [body for body in bodies if FRESH.fullmatch(body)]
        if len(set(fresh)) < len(fresh):
            raise Failed(f"{server.name} gives an answer of the API twice")
    for token, signature in samples:
        _right(server, own, CALLS[0], token=token, signature=signature)
    for name, wrong in wrong_calls(own, other).items():
        for call in CALLS * 2:
            _refused(server, own, call, name, wrong(call[2]))
    for client in (own, other):  # nobody was forgotten for it
        for call in CALLS:
            _right(server, client, call)
    return own


def wrong_calls(own, other):
    """What must be refused: how a right call is changed, by its body."""
    stranger = bunq.key(STRANGER)
    elsewhere = own.from_address("127.0.0.2")
    return {
        "no token": lambda body: {"token": None, "signature": own.sign(body)},
        "an unknown token": lambda body: {"token": "0" * 64},
        "an installation's token": lambda body: {"token": own.installation_token},
        "no signature": lambda body: {"signature": None},
        "an empty signature": lambda body: {"signature": ""},
        "a signature that is none": lambda body: {"signature": "none"},
        "a wrong signature": lambda body: {"signature": _damaged(own.sign(body))},
        "a changed body": lambda body: {
            "body": OTHER_BODY, "signature": own.sign(body)},
        "a foreign key": lambda body: {"signature": bunq.sign(stranger, body)},
        "another client's signature": lambda body: {"signature": other.sign(body)},
        "another client's token": lambda body: {
            "token": other.token, "signature": own.sign(body)},
        "another address": lambda body: {"client": elsewhere},
    }  # fmt: skip


def _damaged(signature):
    """Another one of the right form."""
    return signature[:100] + ("A" if signature[100] != "A" else "B") + signature[101:]


def _right(server, client, call, **changes):
    method, path, body, expected = call
    answer = client.call(method, path, body, **changes)
    what = f"{server.name}: {method} {path}"
    if answer.status != 200:
        raise Failed(f"{what} is refused: {answer}")
    if expected.fullmatch(answer.body) is None:
        raise Failed(f"{what} has another answer than the API's: {answer}")
    if not answer.is_signed_by(client.server_key):
        raise Failed(f"{what} is not signed rightly: {answer}")
    try:
        bunq.assert_response_id(answer)
    except (AssertionError, ValueError) as trouble:
        raise Failed(f"{what} has no id: {answer}") from trouble
    return answer.body


def _refused(server, own, call, name, changes):
    method, path, body, _ = call
    client = changes.pop("client", own)
    answer = client.call(method, path, changes.pop("body", body), **changes)
    what = f"{server.name}: {method} {path} with {name}"
    if answer.status not in REFUSED:
        raise Failed(f"{what} is not refused: {answer}")
    if answer.signature is not None and not answer.is_signed_by(own.server_key):
        raise Failed(f"{what}: the refusal is not signed rightly: {answer}")
