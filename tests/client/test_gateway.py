# SPDX-License-Identifier: Apache-2.0
"""The client against the gateway: profiles, and switches it need not notice."""
import json
import time

import pytest

from gateway import Gateway
from storm import storm
from trivet_command import Trivet, login, needs_gateway

pytestmark = needs_gateway


@pytest.fixture(scope="module", params=[
    "strict", "current", "classic",
    "strict headers=strict request-id=per-device dead-session=403"
    " slashes=plain signing=both sign-errors=off"])
def gateway(request, tmp_path_factory):
    profile, *switches = request.param.split()
    options = ["--profile", profile]
    for switch in switches:
        options += ["--switch", switch]
    with Gateway(tmp_path_factory.mktemp(profile) / "data", *options) as running:
        running.profile = profile
        yield running


@pytest.fixture
def client(gateway, tmp_path):
    return Trivet(tmp_path, gateway.ca)


def test_the_whole_way(client, gateway):
    result = login(client, gateway)
    assert result.returncode == 0, result.stderr
    assert "Sandbox Person (UserPerson" in result.stdout
    result = client("call", "GET", "user")
    assert "UserPerson" in result.stdout, result
    result = client("call", "POST", "echo", "-d", '{"amount": 10}')
    answer = json.loads(result.stdout)["Response"][0]["Identity"]
    assert answer["body_length"] == 14
    assert client("status", "--check").returncode == 0
    assert client("doctor").returncode == 0
    assert client("logout").returncode == 0
    assert client("status").returncode == 3


def test_a_refused_signature_is_explained(client, gateway):
    """The context has another installation's key, and not its own."""
    assert login(client, gateway).returncode == 0
    content = json.loads(client.file.read_text())
    other = Trivet(client.folder / "other", gateway.ca)
    other.folder.mkdir()
    assert login(other, gateway).returncode == 0
    theirs = json.loads(other.file.read_text())["installation_context"]
    for name in ("private_key_client", "public_key_client"):
        content["installation_context"][name] = theirs[name]
    client.file.write_text(json.dumps(content))

    result = client("call", "GET", "user")
    if gateway.profile == "current":
        assert result.returncode == 0, result  # not judged
        return
    assert result.returncode == 4, result
    assert "another installation's private key" in result.stderr, result


def test_the_form_of_signatures_is_learned(client, gateway):
    """From the installation's answer; or from a refusal, in a context that
    somebody else installed or for a server that has changed."""
    assert login(client, gateway).returncode == 0
    content = json.loads(client.file.read_text())
    form = content["trivet"].get("signing", "body")
    assert form == ("full" if gateway.profile == "classic" else "body")

    wrong = {"full": "body", "body": "full"}[form]
    content["trivet"]["signing"] = wrong
    client.file.write_text(json.dumps(content))
    result = client("call", "POST", "echo?a=b", "-d", '{"amount": 10}',
                    "-v")
    assert result.returncode == 0, result
    assert result.stderr.count("> POST ") <= 2
    content = json.loads(client.file.read_text())
    assert content["trivet"].get("signing", "body") == form
    result = client("call", "POST", "echo", "-d", '{"amount": 10}', "-v",
                    "-H", "X-Bunq-Geolocation:  1 2 3 4 NL ",
                    "-H", "x-bunq-zzz: 1")
    assert result.returncode == 0 and result.stderr.count("> POST ") == 1


def test_a_company(client, gateway):
    result = login(client, gateway, "--new-sandbox-user=company")
    assert "UserCompany" in result.stdout, result


def test_a_killed_session_is_renewed_once_for_all(client, gateway):
    assert login(client, gateway).returncode == 0
    copy = client.file.read_text()
    assert client("logout").returncode == 0
    client.file.write_text(copy)  # it does not know
    client.forget_limits()
    results = storm(16, lambda n: client("call", "GET", f"echo/thing{n}", "--verbose"))
    assert all(r.returncode == 0 for r in results), results
    assert sum("session-server: opening" in r.stderr for r in results) == 1


def test_a_bad_key_is_explained(client, gateway):
    result = client("login", "--url", gateway.url, "--ca", gateway.ca,
                    "--api-key-file", "-", text="sandbox_" + "0" * 56)
    assert result.returncode == 4
    assert "API key is unknown" in result.stderr


def test_another_gateways_file_is_refused_by_name(client, gateway):
    assert login(client, gateway).returncode == 0
    content = json.loads(client.file.read_text())
    del content["session_context"]
    content["installation_context"]["token"] = "0" * 64
    client.file.write_text(json.dumps(content))
    client.forget_limits()
    result = client("call", "GET", "user")
    assert result.returncode == 4 and "login --new" in result.stderr


def test_http_2_is_spoken(client, gateway):
    assert login(client, gateway).returncode == 0
    result = client("call", "GET", "user", "-i")
    assert "x-bunq-server-signature:" in result.stdout.lower()


def test_permitted_addresses_come_and_go(client, gateway):
    def addresses():
        result = client("ip", "list")
        assert result.returncode == 0, result
        return [line.split()[:2] for line in result.stdout.splitlines()[1:]]

    assert login(client, gateway).returncode == 0
    client.forget_limits()
    assert addresses() == [["127.0.0.1", "ACTIVE"]]
    assert client("ip", "add", "127.0.0.9").returncode == 0
    client.forget_limits()
    assert addresses() == [["127.0.0.9", "ACTIVE"], ["127.0.0.1", "ACTIVE"]]
    result = client("ip", "disable", "127.0.0.9")
    assert result.returncode == 0, result
    client.forget_limits()
    assert ["127.0.0.9", "INACTIVE"] in addresses()


def test_doctor_shows_the_reason(client, gateway):
    """After a call from an address that is no longer permitted a login does
    not help, and doctor does not say that it does."""
    assert login(client, gateway).returncode == 0
    client.forget_limits()
    assert client("ip", "add", "127.0.0.9").returncode == 0
    client.forget_limits()
    assert client("ip", "disable", "127.0.0.1").returncode == 0
    client.forget_limits()
    for _ in range(2):
        result = client("doctor", "--max-wait", "0")
        assert result.returncode in (3, 4), result
        assert "[ip-not-permitted]" in result.stdout, result
        assert "next: this machine's address is not" in result.stdout
        assert "next: trivet login" not in result.stdout
        client.forget_limits()


def test_a_base_url_without_its_version(client, gateway):
    url = gateway.url[:-len("/v1")]
    for arguments in ([], ["--new-sandbox-user"]):
        key = [] if arguments else ["--api-key-file", "-"]
        result = client("login", "--url", url, "--ca", gateway.ca, *arguments,
                        *key, text="sandbox_x")
        assert result.returncode == 4, result
        assert f"did you mean {gateway.url}?" in result.stderr
        assert not client.file.exists()
    assert login(client, gateway).returncode == 0


def test_pins_against_the_gateway(client, gateway):
    assert login(client, gateway).returncode == 0
    assert client("pins", "learn").returncode == 0
    assert client("call", "GET", "user").returncode == 0


def test_a_session_times_out_and_is_renewed(tmp_path_factory, tmp_path):
    data = tmp_path_factory.mktemp("short") / "data"
    with Gateway(data, "--session-timeout", "4") as running:
        client = Trivet(tmp_path, running.ca)
        assert login(client, running).returncode == 0
        client.forget_limits()
        time.sleep(4.5)
        assert client("status").returncode == 3
        assert client("call", "GET", "user").returncode == 0


def test_limits_are_kept_rather_than_met(tmp_path_factory, tmp_path):
    """One context never sees a 429; another at the same address waits."""
    data = tmp_path_factory.mktemp("limited") / "data"
    with Gateway(data, rate_limits="classic") as running:
        client = Trivet(tmp_path / "one", running.ca)
        assert login(client, running).returncode == 0
        results = storm(8, lambda n: client("call", "GET", f"echo/thing/{n}"))
        assert [r.returncode for r in results] == [0] * 8, results
        assert "too-many-requests" not in running.log()

        other = Trivet(tmp_path / "two", running.ca)
        assert login(other, running).returncode == 0
        assert "too-many-requests" in running.log()
        assert other("call", "GET", "user").returncode == 0
