# SPDX-License-Identifier: Apache-2.0
"""The incident server-key-rotates: the server's key changes under its clients"""
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import bunq
import encrypted
from incidents import refuse, switch
from nginx import TRIVET, Nginx
from server_keys import numbers


@pytest.fixture
def calm(gateway):
    yield gateway
    switch(gateway, "all", "off")


def assert_foreign(answer, client, status=200):
    """Signed, but not with the key that the client was given."""
    assert answer.status == status, answer
    assert answer.signature and not answer.is_signed_by(client.server_key), answer


def test_what_was_installed_before_does_not_verify_what_comes_now_does(calm):
    old = bunq.ready(calm)
    switch(calm, "server-key-rotates", "on")
    assert_foreign(old.get("/v1/user"), old)
    assert_foreign(old.get("/v1/echo/x"), old)
    assert_foreign(old.post_session(), old)
    assert_foreign(old.get("/v1/user/0"), old, 404)

    new = bunq.Client(calm, key_number=1)
    answer = new.post_installation()
    assert answer.is_signed_by(new.server_key)
    assert numbers(new) != numbers(old)
    new.register(new.make_user()).open()
    bunq.assert_admitted(new.get("/v1/user"), new.server_key)
    refused = new.get("/v1/user/0")
    bunq.assert_refused(refused, 404, server_key=new.server_key)
    assert old.get("/v1/user").is_signed_by(new.server_key), "one key for all"


def test_the_server_shows_its_key_of_now(calm):
    client = bunq.ready(calm)

    def shown():
        answer = client.get("/v1/installation/_/server-public-key")
        return answer, answer.element("ServerPublicKey")["server_public_key"]

    before = shown()[1]
    switch(calm, "server-key-rotates", "on")
    answer, now = shown()
    assert now != before
    key = load_pem_public_key(now.encode())
    assert answer.is_signed_by(key)
    switch(calm, "server-key-rotates", "off")
    assert shown()[1] == before


def test_switched_off_all_is_as_before(calm):
    old = bunq.ready(calm)
    switch(calm, "server-key-rotates", "on")
    between = bunq.ready(calm, key_number=1)
    switch(calm, "server-key-rotates", "off")
    bunq.assert_admitted(old.get("/v1/user"), old.server_key)
    bunq.assert_admitted(old.post_session(), old.server_key)
    late = bunq.ready(calm, key_number=2)
    assert numbers(late) == numbers(old) != numbers(between)
    for answer in (between.get("/v1/user"), between.get("/v1/echo/x"),
                   between.post_session()):
        bunq.assert_admitted(answer, between.server_key)


def test_a_body_for_the_key_from_before_is_refused(calm):
    client = bunq.ready(calm)

    def send(key):
        fields, body = encrypted.encrypt(key, b'{"description": "x"}')
        return client.post("/v1/echo/x", body, headers=fields)

    assert send(client.server_key).status == 200
    switch(calm, "server-key-rotates", "on")
    now = bunq.Client(calm, key_number=1).install().server_key
    refused = send(client.server_key)
    assert_foreign(refused, client, 400)
    assert refused.reason == "encryption-wrong"
    assert send(now).status == 200


def test_a_second_time_it_is_the_same_key(calm):
    keys = []
    for _ in range(2):
        switch(calm, "server-key-rotates", "on")
        keys.append(numbers(bunq.Client(calm).install()))
        switch(calm, "server-key-rotates", "off")
    assert keys[0] == keys[1]


def test_it_outlives_restarts_and_the_sandbox_has_one_key_file(serve):
    gateway = serve()
    path = gateway.data / "incident.pem"
    old = bunq.ready(gateway)
    assert not path.exists(), "made when it is needed"
    switch(gateway, "server-key-rotates", "on")
    assert path.stat().st_mode & 0o777 == 0o600
    between = bunq.ready(gateway, key_number=1)
    gateway.close()
    gateway.start()
    assert_foreign(old.get("/v1/user"), old)
    bunq.assert_admitted(between.get("/v1/user"), between.server_key)
    gateway.close()
    switch(gateway, "server-key-rotates", "off")
    gateway.start()
    for client in (old, between):
        bunq.assert_admitted(client.get("/v1/user"), client.server_key)


def test_outside_the_sandbox_there_is_no_such_key(serve):
    gateway = serve("--no-sandbox")
    refuse(gateway, "server-key-rotates", "on", status=8)
    assert not (gateway.data / "incident.pem").exists()
    assert "incident_key" not in (gateway.data / "nginx.conf").read_text()


WITH_STATE = TRIVET + "    trivet_sandbox_state {data}/sandbox.state;\n"
KEY = "    trivet_incident_key {data}/server.pem;\n"


def test_nginx_wants_a_key_and_the_state_of_a_sandbox(data):
    for text, said in (
        (WITH_STATE + KEY, ""),
        (TRIVET + KEY, 'needs "trivet_sandbox_state"'),
        (WITH_STATE + KEY + KEY, "duplicate"),
        (WITH_STATE + KEY.replace("server.pem", "tls.key"), "trivet_incident_key: "),
        (WITH_STATE + KEY.replace("server.pem", "none.pem"), "trivet_incident_key: "),
    ):
        status, told = Nginx(data, trivet=text).check()
        assert (status == 0) == (said == ""), told
        assert said in told
