# SPDX-License-Identifier: Apache-2.0
"""incidents.py - the sandbox's incidents, switched by the command"""
import time

import bunq
from gateway import run

NAMES = [
    "429-unsigned",
    "html-502",
    "lowercase-headers",
    "session-dies",
    "slow",
    "wrong-signature",
    "ip-flip",
    "maintenance-491",
    "ip-country-400",
    "sandbox-reset",
    "server-key-rotates",
]
TOO_MANY = (
    "Too many requests. "
    "You can do a maximum of 3 calls per 3 second to this endpoint."
)
CALLS = [
    ("POST", "/v1/installation"),
    ("POST", "/v1/sandbox-user-person"),
    ("POST", "/v1/session-server"),
    ("GET", "/v1/user"),
    ("GET", "/v1/echo/anything"),
    ("HEAD", "/v1/echo/anything"),
    ("DELETE", "/v1/user"),
    ("GET", "/"),
    ("GET", "/nowhere"),
]


def switch(gateway, name, state, *options):
    return gateway.trivet("incident", name, state, *options)


def states(gateway):
    return {row["incident"]: row["state"] for row in gateway.trivet("incident")}


def refuse(gateway, *words, status=2):
    result = run("incident", *words, "--data", gateway.data)
    assert result.returncode == status, result
    assert result.stdout == "", result
    assert result.stderr.startswith("trivet"), result
    return result.stderr


def raw_header(gateway, method, target, headers=(), body=b""):
    """The lines of an answer's header as they came."""
    with bunq.Wire(gateway) as wire:
        wire.request(method, target, headers, body)
        lines = []
        while line := wire.line():
            lines.append(line)
    return lines


def took(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin
