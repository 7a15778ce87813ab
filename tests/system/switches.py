# SPDX-License-Identifier: Apache-2.0
"""switches.py - what the tests of switches share"""
import bunq
from bunq import REQUEST_ID

ALREADY = "Authentication token already has a user session."
USED = "The X-Bunq-Client-Request-Id was already used."


def with_id(value):
    return {"headers": {REQUEST_ID: value}}


def assert_used(answer, client):
    bunq.assert_refused(answer, 400, USED, "request-id-used", client.server_key)
