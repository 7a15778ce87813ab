# SPDX-License-Identifier: Apache-2.0
"""Remembered signatures are those that would have been made, and nothing else"""
import base64
import os
import random
import sqlite3
import subprocess

import pytest

import bunq
from gateway import Gateway, run
from metrics import LOCATIONS, metrics
from nginx import TRIVET, Nginx
from storm import storm
from upstream import JSON, reply

HITS = {
    "sign": ("trivet_sign_memo_hits_total", ""),
    "verify": ("trivet_verify_memo_hits_total", ""),
}

METRICS = LOCATIONS.split("\n")[1]


def hits(gateway):
    found = metrics(gateway)
    return {name: found[key] for name, key in HITS.items()}


@pytest.fixture
def memo(start, upstream):
    def begin(size, **parts):
        directive = f"    trivet_memo_size {size};\n"
        return start(upstream, trivet=TRIVET + directive, locations=METRICS, **parts)

    return begin


def flip(body, bit):
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def echo(request, connection):
    """Answers with the request's body."""
    connection.sendall(reply(request.body, headers=[JSON]))
    return True


# ---- answers -----------------------------------------------------------------


def test_bodies_that_differ_in_one_bit_have_signatures_of_their_own(memo, upstream):
    upstream.plans["/v1/echo"] = echo
    gateway = memo("1m")
    client = bunq.ready(gateway)
    body = os.urandom(32)
    signatures = set()
    for bit in range(len(body) * 8):
        sent = flip(body, bit)
        for _ in range(2):  # signed, then remembered
            answer = client.post("/v1/echo", sent)
            assert answer.body == sent
            assert answer.is_signed_by(client.server_key)
            signatures.add(answer.signature)
    assert len(signatures) == len(body) * 8
    assert hits(gateway)["sign"] >= len(body) * 8


def test_what_is_remembered_is_what_is_made(start, upstream):
    """PKCS#1 v1.5 has one signature only: the two must be one."""
    upstream.plans["/v1/echo"] = echo
    with_memo = start(upstream, trivet=TRIVET, locations=METRICS)
    client = bunq.ready(with_memo)
    first, second = (client.post("/v1/echo", b"[1]") for _ in range(2))
    assert hits(with_memo)["sign"] == 1
    assert first.signature == second.signature == signed_by_openssl(with_memo, b"[1]")


def signed_by_openssl(gateway, body):
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", gateway.data / "server.pem"],
        input=body,
        capture_output=True,
        check=True,
    )
    return base64.b64encode(made.stdout).decode()


@pytest.mark.long
def test_eviction_under_concurrency(memo, upstream):
    """A zone for some hundred signatures, far more bodies, all workers."""
    upstream.plans["/v1/echo"] = echo
    gateway = memo("64k")
    clients = [bunq.ready(gateway, key_number=n) for n in range(4)]
    wrong = []

    def work(seed):
        client, chance = clients[seed], random.Random(seed)
        for _ in range(150):
            sent = b"%d" % chance.choice((chance.randrange(10), chance.randrange(400)))
            answer = client.post("/v1/echo", sent)
            if answer.body != sent or not answer.is_signed_by(client.server_key):
                wrong.append(answer)

    storm(len(clients), work)
    assert wrong == []
    found = hits(gateway)
    assert found["sign"] > 0


def test_off(memo, upstream):
    upstream.plans["/v1/echo"] = echo
    gateway = memo("0")
    client = bunq.ready(gateway)
    for _ in range(3):
        assert client.post("/v1/echo", b"{}").is_signed_by(client.server_key)
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
    assert hits(gateway) == {"sign": 0, "verify": 0}


@pytest.mark.parametrize("size", ["1", "1k", "x", "-1"])
def test_a_size_that_is_none_is_refused(data, size):
    nginx = Nginx(data, trivet=TRIVET + f"trivet_memo_size {size};")
    status, text = nginx.check()
    assert status != 0
    assert "trivet_memo_size" in text


def test_each_server_key_has_signatures_of_its_own(serve):
    gateway = serve("--metrics")
    old = bunq.ready(gateway, secret=None)
    same = [old.get("/v1/user") for _ in range(3)]
    assert run("server-key", "rotate", "--data", gateway.data).returncode == 0
    new = bunq.Client(gateway, key_number=1)
    new.install()
    assert new.server_key.public_numbers() != old.server_key.public_numbers()
    new.register(old.secret)
    new.open(old.secret)
    answers = [client.get("/v1/user") for client in (old, new, old, new)]
    for client, answer in zip((old, new, old, new), answers):
        assert answer.body == same[0].body
        assert answer.is_signed_by(client.server_key)
    assert answers[0].signature == same[0].signature != answers[1].signature
    assert hits(gateway)["sign"] >= 5  # over the reload that rotating is


def test_classic_answers_never_repeat(memo, upstream):
    upstream.plans["/v1/echo"] = echo
    gateway = memo("1m", location="trivet_profile classic;")
    client = bunq.Client(gateway)
    before = hits(gateway)["sign"]
    for _ in range(2):
        assert client.post_installation().status == 200
    assert hits(gateway)["sign"] == before


# ---- requests ----------------------------------------------------------------


def test_a_right_signature_of_nothing_is_verified_once(memo):
    gateway = memo("1m")
    client = bunq.ready(gateway)
    for _ in range(5):
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
    assert hits(gateway)["verify"] == 4


def test_a_wrong_one_is_never_remembered(memo):
    gateway = memo("1m")
    client = bunq.ready(gateway)
    stranger = bunq.Client(gateway, key_number=5)
    right = base64.b64decode(client.sign(b""))
    wrong = [base64.b64encode(flip(right, bit)).decode() for bit in (0, 1000, 2047)]
    wrong += [stranger.sign(b""), client.sign(b"\n")]
    wrong += [base64.b64encode(right + b"\0").decode()]
    wrong += [base64.b64encode(right[:-1]).decode()]
    for round_ in range(3):
        for signature in wrong:
            answer = client.get("/v1/echo/x", signature=signature)
            bunq.assert_refused(answer, 400, reason="signature-wrong")
        # before and after the right one was seen
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)


def test_a_body_that_repeats_is_verified_once(memo):
    gateway = memo("1m")
    client = bunq.ready(gateway)
    before = hits(gateway)["verify"]
    for n in range(3):
        for _ in range(2):
            answer = client.post("/v1/echo/x", b"%d" % n)
            bunq.assert_admitted(answer, client.server_key)
        answer = client.post("/v1/echo/x", b"%d " % n, signature=client.sign(b"%d" % n))
        bunq.assert_refused(answer, 400, reason="signature-wrong")
    assert hits(gateway)["verify"] == before + 3


def test_a_signature_of_nothing_does_not_fit_a_body(memo):
    gateway = memo("1m")
    client = bunq.ready(gateway)
    for _ in range(2):
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
        answer = client.post("/v1/echo/x", b"{}", signature=client.sign(b""))
        bunq.assert_refused(answer, 400, reason="signature-wrong")


def test_a_right_one_is_of_its_installation_alone(memo):
    gateway = memo("1m")
    one = bunq.ready(gateway, key_number=0)
    other = bunq.ready(gateway, key_number=1)
    for _ in range(2):
        bunq.assert_admitted(one.get("/v1/echo/x"), one.server_key)
        answer = other.get("/v1/echo/x", signature=one.sign(b""))
        bunq.assert_refused(answer, 400, reason="signature-wrong")
        bunq.assert_admitted(other.get("/v1/echo/x"), other.server_key)


def test_a_right_one_does_not_outlive_its_session_or_installation(memo):
    gateway = memo("1m")
    client = bunq.ready(gateway)
    for _ in range(3):
        bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
    before = hits(gateway)["verify"]
    assert client.call("DELETE", "/v1/session/0").status == 200
    bunq.assert_refused(client.get("/v1/echo/x"), 401)
    client.open(client.secret)
    bunq.assert_admitted(client.get("/v1/echo/x"), client.server_key)
    assert hits(gateway)["verify"] > before

    database = sqlite3.connect(gateway.data / "trivet.db", isolation_level=None)
    try:  # nothing in trivet removes an installation; a hand may
        database.execute("PRAGMA foreign_keys = OFF")
        assert database.execute(
            "DELETE FROM installation WHERE id = ?", (client.installation_id,)
        ).rowcount == 1
    finally:
        database.close()
    bunq.assert_refused(client.get("/v1/echo/x"), 401)


def test_the_same_key_installed_again_is_verified_again(memo):
    gateway = memo("1m")
    first = bunq.ready(gateway)
    bunq.assert_admitted(first.get("/v1/echo/x"), first.server_key)
    second = bunq.ready(gateway)
    before = hits(gateway)["verify"]
    bunq.assert_admitted(second.get("/v1/echo/x"), second.server_key)
    assert hits(gateway)["verify"] == before
    bunq.assert_admitted(second.get("/v1/echo/x"), second.server_key)
    assert hits(gateway)["verify"] == before + 1


def test_what_was_remembered_outlives_a_kill(tmp_path):
    """Not the memory itself: the answers after it."""
    with Gateway(tmp_path / "data", "--metrics") as gateway:
        client = bunq.ready(gateway)
        before = client.get("/v1/user")
        gateway.may_crash = True
        gateway.kill_all()
        gateway.process.wait()
    with Gateway(tmp_path / "data", "--metrics") as gateway:
        gateway.may_crash = True  # the log still tells of the first
        client.gateway = gateway
        after = client.from_address(None).get("/v1/user")
        assert after.body == before.body
        assert after.signature == before.signature
