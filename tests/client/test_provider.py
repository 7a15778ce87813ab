# SPDX-License-Identifier: Apache-2.0
"""A payment service provider logs in by its certificate"""
import json
import stat

import pytest

from gateway import Gateway
from trivet_command import Trivet, needs_gateway

pytestmark = needs_gateway


@pytest.fixture(scope="module", params=["strict", "current", "classic"])
def gateway(request, tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp(request.param) / "data", "--profile",
                 request.param) as running:
        yield running


@pytest.fixture
def client(gateway, tmp_path):
    return Trivet(tmp_path, gateway.ca)


@pytest.fixture
def papers(client, gateway, tmp_path):
    """A new provider's files, made beside the gateway."""
    folder = tmp_path / "provider"
    done = client("sandbox", "provider", folder, "--data", gateway.data)
    assert done.returncode == 0, done.stderr
    return folder


def log_in(client, gateway, papers, *arguments):
    return client("login", "--url", gateway.url, "--ca", gateway.ca, "--psp", papers,
                  *arguments)


def test_the_whole_way(client, gateway, papers):
    done = log_in(client, gateway, papers)
    assert done.returncode == 0, done.stderr
    assert "Sandbox Provider PISP AISP (UserPaymentServiceProvider" in done.stdout
    assert "UserPaymentServiceProvider" in client("call", "GET", "user").stdout
    # another time: the API key is there
    key = json.loads(client.file.read_text())["api_key"]
    assert log_in(client, gateway, papers).returncode == 0
    assert json.loads(client.file.read_text())["api_key"] == key
    client.forget_limits()
    assert log_in(client, gateway, papers, "--new").returncode == 0
    assert json.loads(client.file.read_text())["api_key"] != key


def test_the_context_of_another_is_left_alone(client, gateway, papers):
    made = client("login", "--url", gateway.url, "--ca", gateway.ca,
                  "--new-sandbox-user")
    assert made.returncode == 0, made.stderr
    before = client.file.read_text()
    done = log_in(client, gateway, papers)
    assert done.returncode == 2 and "UserPerson" in done.stderr
    assert client.file.read_text() == before
    client.forget_limits()
    assert "PaymentServiceProvider" in log_in(client, gateway, papers, "--new").stdout


def test_what_it_makes(client, gateway, papers):
    assert sorted(path.name for path in papers.iterdir()) == [
        "certificate.pem", "chain.pem", "key.pem"]
    assert stat.S_IMODE((papers / "key.pem").stat().st_mode) == 0o600
    again = client("sandbox", "provider", papers, "--data", gateway.data)
    assert again.returncode == 2 and "exists" in again.stderr
    rows = [json.loads(line) for line in
            client("audit", "--json", "--data", gateway.data).stdout.splitlines()]
    assert rows[-1]["event"] == "provider-made"
    assert rows[-1]["detail"] == "Sandbox Provider PISP AISP"


def test_another_key_is_refused(client, gateway, papers, tmp_path):
    other = tmp_path / "other"
    assert client("sandbox", "provider", other, "--data", gateway.data).returncode == 0
    (papers / "key.pem").write_text((other / "key.pem").read_text())
    done = log_in(client, gateway, papers)
    assert done.returncode == 4, done
    assert not json.loads(client.file.read_text()).get("api_key")


@pytest.mark.parametrize("name", ["certificate.pem", "chain.pem", "key.pem"])
def test_a_file_that_is_missing_is_named(client, gateway, papers, name):
    (papers / name).unlink()
    done = log_in(client, gateway, papers)
    assert done.returncode != 0 and name in done.stderr
    assert not client.file.exists()


def test_a_key_that_others_can_read_is_refused(client, gateway, papers):
    (papers / "key.pem").chmod(0o644)
    done = log_in(client, gateway, papers)
    assert done.returncode == 2 and "key.pem" in done.stderr


def test_one_source_of_the_api_key_is_enough(client, gateway, papers):
    for more in (["--new-sandbox-user"], ["--api-key-file", "-"],
                 ["--api-key-command", "echo x"]):
        assert log_in(client, gateway, papers, *more).returncode == 2


def test_outside_a_sandbox_none_is_made(client, tmp_path):
    assert client("sandbox", "provider", tmp_path / "p", "--data",
                  tmp_path / "nothing").returncode == 8
    assert not (tmp_path / "p").exists()
