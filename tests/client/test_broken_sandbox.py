# SPDX-License-Identifier: Apache-2.0
"""The client, as an integrator would test it: against a sandbox that fails on
purpose, and one where days go by."""

import json
import time

import pytest

from gateway import Gateway
from trivet_command import Trivet, login, needs_gateway

pytestmark = needs_gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("incidents") / "data") as running:
        yield running


class Sandbox:
    """The operator's side."""

    def __init__(self, trivet, gateway):
        self.trivet = trivet
        self.data = gateway.data

    def __call__(self, *arguments):
        result = self.trivet(*arguments, "--data", self.data)
        assert result.returncode == 0, result
        return result


@pytest.fixture
def client(gateway, tmp_path):
    trivet = Trivet(tmp_path, gateway.ca)
    assert login(trivet, gateway).returncode == 0
    trivet.forget_limits()
    return trivet


@pytest.fixture
def sandbox(gateway, client):
    made = Sandbox(client, gateway)
    yield made
    made("incident", "all", "off")
    made("clock", "reset")


def works(client):
    client.forget_limits()
    result = client("call", "GET", "echo")
    assert result.returncode == 0, result
    return json.loads(result.stdout)["Response"][0]["Identity"]


def fails(client, status, *words):
    client.forget_limits()
    result = client("call", "GET", "echo", timeout=60)
    assert result.returncode == status, result
    assert result.stdout == "" or status != 6, "an answer that is not trusted"
    for word in words:
        assert word in result.stderr, result
    assert "Traceback" not in result.stderr
    return result


def test_a_session_that_dies_is_renewed(client, sandbox):
    before = works(client)["session_id"]
    sandbox("incident", "session-dies", "on")
    after = works(client)["session_id"]
    assert after > before
    assert works(client)["session_id"] == after  # once is enough
    sandbox("incident", "session-dies", "off")
    assert works(client)["session_id"] == after


def test_a_session_that_died_of_age_is_renewed(client, sandbox):
    before = works(client)["session_id"]
    sandbox("clock", "+8d")
    after = works(client)["session_id"]
    assert after > before
    sandbox("clock", "reset")
    assert works(client)["session_id"] == after


def test_a_wrong_signature_is_not_trusted(client, sandbox):
    sandbox("incident", "wrong-signature", "on")
    fails(client, 6, "signature")
    sandbox("incident", "wrong-signature", "off")
    works(client)


def test_another_server_key_is_not_trusted(client, sandbox):
    sandbox("incident", "server-key-rotates", "on")
    fails(client, 6, "signature", "server")
    sandbox("incident", "server-key-rotates", "off")
    works(client)


def test_a_429_without_a_signature_is_a_rate_limit(client, sandbox):
    sandbox("incident", "429-unsigned", "on")
    fails(client, 7, "maximum of 3 calls per 3 second")
    sandbox("incident", "429-unsigned", "off")
    works(client)


def test_a_502_of_html_is_trouble_on_the_way(client, sandbox):
    sandbox("incident", "html-502", "on")
    fails(client, 5, "502")
    sandbox("incident", "html-502", "off")
    works(client)


def test_lower_case_names_are_understood(client, sandbox):
    sandbox("incident", "lowercase-headers", "on")
    works(client)
    client.forget_limits()
    result = client("call", "GET", "echo", "--include")
    assert result.returncode == 0, result
    assert "x-bunq-server-signature: " in result.stdout, result


def test_who_is_slow_is_waited_for(client, sandbox):
    sandbox("incident", "slow", "on", "--seconds", "2")
    begin = time.monotonic()
    works(client)
    assert time.monotonic() - begin >= 2


def test_another_address_is_told(client, sandbox):
    sandbox("incident", "ip-flip", "on")
    fails(client, 4, "Incorrect API key or IP address")
    sandbox("incident", "ip-flip", "off")
    works(client)
