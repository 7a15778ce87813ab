# SPDX-License-Identifier: Apache-2.0
"""JSONTestSuite through POST /v1/installation of a real gateway"""
import json
import time

import bunq
from strangers import vectors


def texts():
    folder = vectors("json", "test_parsing")
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}
    assert len(found) > 300
    return found


def send(client, body):
    """The answer, which must come soon and must not be a failure of ours."""
    begin = time.monotonic()
    answer = client.post("/v1/installation", body, token=None)
    assert answer.status < 500, body[:200]
    assert time.monotonic() - begin < 5, body[:200]
    return answer


def right(client, more=b""):
    key = json.dumps(bunq.public_pem(client.key)).encode()
    return b'{"client_public_key":' + key + more + b"}"


def test_as_a_body(gateway):
    client = bunq.Client(gateway)
    workers = gateway.nginx_workers()
    for name, text in texts().items():
        # none of them is an installation
        assert send(client, text).status in (400, 411, 413), name
    assert gateway.nginx_workers() == workers


def test_as_an_unknown_field_of_a_right_body(gateway):
    client = bunq.Client(gateway)
    workers = gateway.nginx_workers()
    wrong = []
    for name, text in texts().items():
        status = send(client, right(client, b',"unknown":' + text)).status
        if name[:2] == "n_" and status not in FITS_INSIDE.get(name, (400, 413)):
            wrong.append((name, status))
        # the library takes no duplicate names, which is stricter than JSON
        if name[:2] == "y_" and status not in (200, 400):
            wrong.append((name, status))
    assert not wrong
    assert gateway.nginx_workers() == workers


# Not JSON by themselves, but they end the value and open a field of their own.
FITS_INSIDE = {}


def test_a_nul_is_refused_wherever_it_stands(gateway):
    client = bunq.Client(gateway)
    for value in (b"1", b"-0", b"1.5e3", b"true", b"false", b"null", b'"a"', b"[]", b"{}"):
        assert send(client, right(client, b',"a":' + value)).status == 200, value
        for text in (
            right(client, b',"a":' + value + b"\0"),
            right(client, b',"a":\0' + value),
            right(client, b',"a":[' + value + b"\0]"),
            right(client, b',"a":' + value) + b"\0",
            b"\0" + right(client, b',"a":' + value),
            right(client, b',"a\0":' + value),
        ):
            assert send(client, text).status == 400, text


def test_depth_and_duplicates_are_bounded(gateway):
    client = bunq.Client(gateway)
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        for depth in (3000, 10000):
            text = opened * depth + b"1" + closed * depth
            assert send(client, right(client, b',"a":' + text)).status in (400, 413)
    twice = right(client, b',"client_public_key":"x"')
    assert send(client, twice).status == 400
