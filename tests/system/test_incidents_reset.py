# SPDX-License-Identifier: Apache-2.0
"""The incident sandbox-reset: what bunq's users see when the sandbox is emptied"""
import pytest

import bunq
from bunq import AUTHENTICATION, CREDENTIALS
from incidents import refuse, states, switch


@pytest.fixture
def calm(gateway):
    yield gateway
    switch(gateway, "all", "off")


def test_all_that_was_there_is_unknown_and_what_comes_later_works(calm):
    old = bunq.ready(calm)
    unused = old.make_user()
    switch(calm, "sandbox-reset", "on")
    for path in ("/v1/user", "/v1/echo/x", "/v1/device-server"):
        bunq.assert_refused(old.get(path), 401, AUTHENTICATION, "token-unknown")
    answer = old.post_session()
    bunq.assert_refused(answer, 401, AUTHENTICATION, "token-unknown")

    new = bunq.Client(calm, key_number=1).install()
    for secret in (old.secret, unused):
        answer = new.post_device(secret)
        bunq.assert_refused(answer, 400, CREDENTIALS, "key-unknown", new.server_key)
    new.register(new.make_user()).open()
    assert new.is_alive()
    assert bunq.ready(calm, key_number=2).is_alive()


def test_switched_off_all_is_there_again(calm):
    old = bunq.ready(calm)
    switch(calm, "sandbox-reset", "on")
    assert not old.is_alive()
    switch(calm, "sandbox-reset", "off")
    assert old.is_alive() and old.open().is_alive()


def test_switched_on_again_it_takes_what_came_since(calm):
    switch(calm, "sandbox-reset", "on")
    client = bunq.ready(calm)
    assert client.is_alive()
    switch(calm, "sandbox-reset", "on")
    assert not client.is_alive()


def test_in_a_store_elsewhere(serve, tmp_path):
    store = ("--store", f"sqlite:{tmp_path}/elsewhere.db")
    gateway = serve(*store)
    client = bunq.ready(gateway)
    refuse(gateway, "sandbox-reset", "on", status=8)
    assert states(gateway)["sandbox-reset"] == "off" and client.is_alive()
    switch(gateway, "sandbox-reset", "on", *store)
    assert not client.is_alive()
