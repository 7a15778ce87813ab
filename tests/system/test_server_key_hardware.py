# SPDX-License-Identifier: Apache-2.0
"""Server keys in hardware: a PKCS#11 token signs"""
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
import encrypted
from gateway import BUILD, Gateway, NotReady, environment, wait_until
from server_keys import at, command, numbers, rotate, serving, statuses
from storm import storm


# ---- hardware ------------------------------------------------------------------

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711aa"

needs_token = pytest.mark.skipif(
    not MODULE.exists()
    or shutil.which("pkcs11-tool") is None
    or not list(Path("/usr/lib").glob("*/engines-3/pkcs11.so")),
    reason="softhsm2, opensc or libengine-pkcs11-openssl is not installed",
)


class Token:
    def __init__(self, directory):
        self.directory = directory
        (directory / "tokens").mkdir()
        self.conf = directory / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {directory}/tokens\n")
        self.suppressions = directory / "lsan"
        self.suppressions.write_text(
            "leak:ENGINE_by_id\nleak:ENGINE_remove\nleak:ENGINE_load_private_key\n"
        )
        self.pin = directory / "pin"
        self.pin.write_text(PIN)
        self.pin.chmod(0o600)
        self.run("softhsm2-util", "--init-token", "--free", "--label", "trivet",
                 "--so-pin", "123456", "--pin", PIN)

    def run(self, *args):
        env = dict(os.environ, SOFTHSM2_CONF=str(self.conf))
        return subprocess.run(args, env=env, check=True, capture_output=True, timeout=60)

    def generate(self, label, number):
        self.run("pkcs11-tool", "--module", str(MODULE), "--login", "--pin", PIN,
                 "--token-label", "trivet", "--keypairgen", "--key-type", "rsa:2048",
                 "--label", label, "--id", f"{number:02x}")
        der = self.directory / f"{label}.der"
        self.run("pkcs11-tool", "--module", str(MODULE), "--token-label", "trivet",
                 "--read-object", "--type", "pubkey", "--label", label,
                 "--output-file", str(der))
        key = serialization.load_der_public_key(der.read_bytes())
        return key.public_numbers()

    def uri(self, label):
        return (
            f"pkcs11:token=trivet;object={label};type=private"
            f"?pin-source=file:{self.pin}&module-path={MODULE}"
        )


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    made = Token(tmp_path_factory.mktemp("token"))
    made.one = made.generate("one", 1)
    made.two = made.generate("two", 2)
    return made


@pytest.fixture(autouse=True)
def token_environment(request, monkeypatch):
    if "token" in request.fixturenames:
        made = request.getfixturevalue("token")
        monkeypatch.setenv("SOFTHSM2_CONF", str(made.conf))
        # what the engine itself leaks is not ours to mend
        monkeypatch.setenv("ASAN_OPTIONS", "fast_unwind_on_malloc=0")
        monkeypatch.setenv(
            "LSAN_OPTIONS", f"suppressions={made.suppressions}:print_suppressions=0"
        )


@needs_token
def test_a_key_in_a_token_signs_all_answers(serve, token, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--server-key", token.uri("one"))
    client = bunq.ready(gateway)
    assert numbers(client) == token.one
    assert not (gateway.data / "server.pem").exists()
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    bunq.assert_admitted(client.post("/v1/behind", b"{}"), client.server_key)
    refused = client.get("/v1/user", signature=client.sign(b"other"))
    bunq.assert_refused(refused, 400, server_key=client.server_key)


@pytest.mark.long
@needs_token
def test_many_at_once_share_the_token(serve, token, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--server-key", token.uri("one"))
    clients = [bunq.ready(gateway, key_number=i) for i in range(6)]
    paths = ["/v1/user", "/v1/behind"] * 3

    def ask(number):
        client = clients[number]
        for _ in range(15):
            bunq.assert_admitted(client.get(paths[number]), client.server_key)

    storm(len(clients), ask)


@pytest.mark.long
@needs_token
def test_rotation_into_a_token_and_out_of_it(serve, token, monkeypatch):
    gateway = serve()  # its environment has the token's configuration
    old = bunq.ready(gateway)
    rotate(gateway.data, "--uri", token.uri("one"))
    one = bunq.ready(gateway, key_number=1)
    assert numbers(one) == token.one
    rotate(gateway.data, "--uri", token.uri("two"))
    two = bunq.ready(gateway, key_number=2)
    assert numbers(two) == token.two
    rotate(gateway.data)
    new = bunq.ready(gateway, key_number=3)
    for client in (old, one, two, new):
        bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    assert PIN not in (gateway.data / "nginx.conf").read_text()
    assert command(gateway.data, "retire", "2", "--force").returncode == 0
    bunq.assert_refused(one.get("/v1/user"), 401, reason="server-key-retired")
    assert two.is_alive()
    gateway.close()
    again = serve(name=gateway.data.name)
    two = at(two, again)
    bunq.assert_admitted(two.get("/v1/user"), two.server_key)


@needs_token
def test_a_worker_that_was_killed_comes_back_with_the_token(serve, token):
    gateway = serve("--server-key", token.uri("one"))
    gateway.may_crash = True
    client = bunq.ready(gateway)
    before = gateway.nginx_workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: len(gateway.nginx_workers() - before) == len(before))
    fresh = client.from_address(None)
    bunq.assert_admitted(fresh.get("/v1/user"), client.server_key)


@pytest.mark.long
@needs_token
def test_a_pin_in_the_configuration_is_not_logged(token, tmp_path):
    """`trivet` itself refuses such a URI; in an nginx.conf it may stand."""
    with Gateway(tmp_path / "data", "--server-key", token.uri("one")) as gateway:
        conf = gateway.data / "nginx.conf"
        text = conf.read_text()
        nginx = BUILD / "nginx-root/usr/sbin/nginx"

        def try_with(label, pin):
            new = token.uri(label).replace(
                f"pin-source=file:{token.pin}", f"pin-value={pin}"
            )
            trial = gateway.data / "trial.conf"
            trial.write_text(text.replace(token.uri("one"), new))
            return subprocess.run(
                [nginx, "-t", "-e", "stderr", "-c", trial],
                capture_output=True,
                text=True,
                env=environment(),
                timeout=60,
            )

        assert try_with("one", PIN).returncode == 0
        assert try_with("one", "%34711%61%61").returncode == 0
        for result in (try_with("none", PIN), try_with("one", "4711ab")):
            assert result.returncode != 0
            assert "4711" not in result.stdout + result.stderr


@pytest.mark.long
@needs_token
@pytest.mark.parametrize("what", ["object", "pin", "no pin", "module", "file"])
def test_a_token_that_does_not_open_is_refused(serve, token, tmp_path, what):
    wrong = tmp_path / "pin"
    wrong.write_text("000000")
    uri = {
        "object": token.uri("none"),
        "pin": token.uri("one").replace(str(token.pin), str(wrong)),
        "no pin": token.uri("one").replace(f"pin-source=file:{token.pin}&", ""),
        "module": token.uri("one").replace(str(MODULE), "/none.so"),
        "file": token.uri("one").replace(str(token.pin), "/none"),
    }[what]
    gateway = Gateway(tmp_path / "data", "--server-key", uri)
    with pytest.raises(NotReady) as refusal:
        gateway.start()
    assert "that URI gives no private key" in refusal.value.stderr
    assert PIN not in refusal.value.stderr
    # nor on a gateway that runs
    running = serve()
    result = command(running.data, "rotate", "--uri", uri)
    assert result.returncode > 0
    assert statuses(running.data) == {1: "CURRENT"}


@pytest.mark.long
@needs_token
def test_without_the_token_its_installations_alone_wait(serve, token, tmp_path):
    """Workers that start without it refuse those; the others are served."""
    gateway = serve()
    gateway.may_crash = True
    old = bunq.ready(gateway)
    rotate(gateway.data, "--uri", token.uri("one"))
    one = bunq.ready(gateway, key_number=1)
    rotate(gateway.data)
    pin = token.pin.read_text()
    try:
        token.pin.write_text("000000")
        number = serving(gateway)
        before = gateway.nginx_workers()
        for pid in before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: len(gateway.nginx_workers() - before) == number)
        answer = one.from_address(None).get("/v1/user")
        bunq.assert_refused(answer, 503, reason="server-key-unavailable")
        assert old.from_address(None).is_alive()
    finally:
        token.pin.write_text(pin)
    rotate(gateway.data)  # which reloads
    assert one.from_address(None).is_alive()


@needs_token
def test_a_key_in_a_token_decrypts(serve, token, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--server-key", token.uri("one"))
    client = bunq.ready(gateway)
    answer = encrypted.call(client, "POST", "/v1/encrypted", b'{"a": 1}')
    bunq.assert_admitted(answer, client.server_key)
    assert encrypted.decrypt(client.key, answer) == b'{"Response":[]}'
    assert upstream.last("/v1/encrypted").body == b'{"a": 1}'
    fields, body = encrypted.encrypt(bunq.key(7).public_key(), b"{}")
    answer = client.call("POST", "/v1/encrypted", body, headers=fields)
    bunq.assert_refused(answer, 400, None, "encryption-wrong", client.server_key)
    wrapped = encrypted.raw_rsa(client.server_key, b"\0\1" + b"\xff" * 221 + bytes(33))
    fields, body = encrypted.encrypt(client.server_key, b"{}", bytes(32), wrapped)
    answer = client.call("POST", "/v1/encrypted", body, headers=fields)
    bunq.assert_refused(answer, 400, None, "encryption-wrong", client.server_key)
