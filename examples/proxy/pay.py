#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pay.py ACCOUNT INVOICE... - a payment for each invoice, through trivet proxy

    trivet proxy &
    examples/proxy/pay.py user/1/monetary-account/2 invoice-4711 invoice-4712

BUNQ_PROXY names another proxy than http://127.0.0.1:8480/v1.
"""
import os
import sys
import time

import requests

PROXY = os.environ.get("BUNQ_PROXY", "http://127.0.0.1:8480/v1")
bunq = requests.Session()
bunq.trust_env = False  # no other proxy on the way


def pay(account, invoice):
    """The answer; None when the proxy does not answer."""
    answer = None
    for _ in range(5):
        try:
            answer = bunq.post(
                f"{PROXY}/{account}/payment",
                headers={"Trivet-Idempotency-Key": invoice},
                json={"amount": {"value": "1.00", "currency": "EUR"},
                      "description": invoice})
        except requests.ConnectionError:
            time.sleep(1)
            continue
        # Certainly not made, or answered already: the same again is safe.
        if answer.status_code not in (409, 429, 503, 504):
            break
        time.sleep(int(answer.headers.get("Retry-After", 1)))
    return answer


for name in sys.argv[2:]:
    done = pay(sys.argv[1], name)
    if done is None:
        print(name, "000")
    else:
        print(name, done.status_code, *filter(None, [done.headers.get("Trivet-Reason")]))
