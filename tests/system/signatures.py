# SPDX-License-Identifier: Apache-2.0
"""signatures.py - what the tests of signatures share"""
import base64

import bunq
from bunq import WRONG_SIGNATURE

BODY = (
    b'{\n    "amount": {"value": "12.50", "currency": "EUR"},\n'
    b'    "a": "\xc3\xa9/"\n}\n'
)


def assert_wrong(answer, client, reason=None):
    bunq.assert_refused(answer, 400, WRONG_SIGNATURE, reason, client.server_key)
    assert answer.reason in ("signature-wrong", "signature-malformed")


def b64(data):
    return base64.b64encode(data).decode()
