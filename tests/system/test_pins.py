# SPDX-License-Identifier: Apache-2.0
"""The gateway announces its TLS keys: signed, and with the next one ahead"""
import base64
import datetime
import hashlib
import json
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import bunq
from certificates import make_certificate
from gateway import TRIVET, Gateway, NotReady, environment, run, wait_until
from nginx import NGINX


def pin_of(public_key):
    der = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def pin_of_pem(pem):
    if b"CERTIFICATE" in pem:
        return pin_of(x509.load_pem_x509_certificate(pem).public_key())
    return pin_of(serialization.load_pem_private_key(pem, None).public_key())


def served(gateway):
    pem = ssl.get_server_certificate((gateway.host, gateway.port)).encode()
    return pin_of_pem(pem)


def told(gateway):
    return [line[9:] for line in gateway.lines if line.startswith("TLS pin: ")]


def exported(gateway):
    result = run("pins", "export", "--data", gateway.data)
    assert result.returncode == 0, result.stderr
    return dict(reversed(line.split()) for line in result.stdout.splitlines())


def announcement(client):
    """The statement of trivet/pins, its own signature verified."""
    answer = client.get("/v1/trivet/pins")
    bunq.assert_admitted(answer, client.server_key)
    pins = answer.element("TrivetPins")
    assert pins["algorithm"] == "RSA-SHA512"
    signature = base64.b64decode(pins["signature"], validate=True)
    text = pins["statement"].encode()
    client.server_key.verify(signature, text, padding.PKCS1v15(), hashes.SHA512())
    with pytest.raises(InvalidSignature):
        client.server_key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    return json.loads(text)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("pins") / "data") as running:
        yield running


class Trivet:
    """The command with contexts of its own."""

    def __init__(self, folder, gateway):
        self.folder, self.gateway = folder, gateway

    def __call__(self, *arguments):
        return subprocess.run(
            [str(TRIVET), *map(str, arguments)], capture_output=True, text=True,
            timeout=60, env=environment(TRIVET_CONFIG_DIR=str(self.folder)))

    def login(self, *arguments):
        result = self("login", "--url", self.gateway.url, "--ca", self.gateway.ca,
                      "--new-sandbox-user", *arguments)
        assert result.returncode == 0, result.stderr
        return result

    def own(self):
        return json.loads(
            (self.folder / "contexts/default.json").read_text())["trivet"]


# ---- what is printed and announced ---------------------------------------------


def test_serve_and_export_print_the_served_and_the_next_pin(gateway):
    pins = exported(gateway)
    assert pins["served"] == served(gateway)
    assert pins["next"] == pin_of_pem((gateway.data / "next.key").read_bytes())
    assert pins["next"] != pins["served"]
    assert (gateway.data / "next.key").stat().st_mode & 0o777 == 0o600
    if len(told(gateway)) == 2:
        assert all(line.endswith(("(served)", "(next)")) for line in told(gateway))


def test_the_announcement_is_signed_and_lasts_a_day(gateway):
    client = bunq.ready(gateway)
    statement = announcement(client)
    pins = exported(gateway)
    assert statement["type"] == "trivet-pins" and statement["version"] == 1
    assert statement["pins"] == [pins["served"], pins["next"]]
    form = "%Y-%m-%d %H:%M:%S.%f"
    issued, expires = (
        datetime.datetime.strptime(statement[k], form) for k in ("issued", "expires")
    )
    assert expires - issued == datetime.timedelta(days=1)
    assert abs((datetime.datetime.utcnow() - issued).total_seconds()) < 60
    assert announcement(client)["issued"] > statement["issued"]


def test_only_an_installation_is_answered(gateway):
    import requests

    answer = requests.get(gateway.base + "/v1/trivet/pins", verify=str(gateway.ca), timeout=30)
    assert answer.status_code in (401, 403)
    assert "TrivetPins" not in answer.text


# ---- a change of the key -------------------------------------------------------


def test_a_client_that_pins_survives_changes_of_the_key(gateway, tmp_path):
    trivet = Trivet(tmp_path / "a", gateway)
    late = Trivet(tmp_path / "b", gateway)
    first = exported(gateway)
    trivet.login("--pin-on-first-use")
    late.login("--pin", first["served"])
    assert trivet.own()["pins"] == [first["served"], first["next"]]

    client = bunq.ready(gateway)  # connected, with a kept connection
    result = run("pins", "rotate", "--data", gateway.data)
    assert result.returncode == 0, result.stderr
    second = exported(gateway)
    assert second["served"] == first["next"] != second["next"]
    assert second["next"] != first["served"]
    assert wait_until(lambda: served(gateway) == first["next"])
    assert client.is_alive()

    # Who has both goes on; who has the old one alone is refused.
    assert trivet("call", "GET", "user").returncode == 0
    assert late("call", "GET", "user").returncode == 6

    # The set is taken over when it is asked for, and the next change is met.
    result = trivet("pins", "rotate")
    assert result.returncode == 0, result.stderr
    assert trivet.own()["pins"] == [second["served"], second["next"]]
    assert run("pins", "rotate", "--data", gateway.data).returncode == 0
    assert wait_until(lambda: served(gateway) == second["next"])
    assert trivet("call", "GET", "user").returncode == 0

    # Two changes without asking: no connection.
    assert run("pins", "rotate", "--data", gateway.data).returncode == 0
    third = exported(gateway)
    assert wait_until(lambda: served(gateway) == third["served"])
    assert trivet("call", "GET", "user").returncode == 6


def test_report_mode_goes_on_and_tells(gateway, tmp_path):
    trivet = Trivet(tmp_path, gateway)
    trivet.login("--pin", "sha256/" + "A" * 43 + "=", "--pin-mode", "report")
    result = trivet("call", "GET", "user")
    assert result.returncode == 0, result
    trivet("pins", "rotate")
    assert trivet.own()["pins"] == list(exported(gateway).values())
    assert trivet.own()["pin_mode"] == "report"


def test_a_certificate_that_ends_is_renewed_with_the_next_key(tmp_path):
    with Gateway(tmp_path / "data") as gateway:
        before = exported(gateway)
        (gateway.data / "tls.crt").unlink()  # as one that is about to end
        assert wait_until(lambda: served(gateway) == before["next"], 15)
        after = exported(gateway)
        assert after["served"] == before["next"] != after["next"]
    with Gateway(tmp_path / "data") as gateway:
        assert exported(gateway) == after  # a start changes nothing


def test_other_names_are_no_change_of_the_key(tmp_path):
    """Two of them on one day would refuse who has asked before the first."""
    with Gateway(tmp_path / "data") as gateway:
        before = exported(gateway)
    for name in ("a.example", "b.example"):
        with Gateway(tmp_path / "data", "--host-name", name) as gateway:
            assert exported(gateway) == before
            assert served(gateway) == before["served"]
            certificate = x509.load_pem_x509_certificate(
                (gateway.data / "tls.crt").read_bytes())
            names = certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value
            assert name in names.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("missing", ["certificate", "both", "next"])
def test_a_renewal_that_was_cut_short_is_finished(tmp_path, missing):
    """Killed between the key and its certificate, or before the next key."""
    with Gateway(tmp_path / "data") as gateway:
        before = exported(gateway)
    data = tmp_path / "data"
    if missing in ("certificate", "both"):
        (data / "tls.key").write_bytes((data / "next.key").read_bytes())
        expected = before["next"]
        if missing == "both":
            (data / "tls.crt").unlink()
    else:
        (data / "next.key").unlink()
        expected = before["served"]
    with Gateway(data) as gateway:
        after = exported(gateway)
        assert after["served"] == expected == served(gateway)
        assert after["next"] not in before.values()


def test_a_next_key_that_others_read_or_that_is_none_is_refused(tmp_path):
    with Gateway(tmp_path / "data"):
        pass
    key = tmp_path / "data/next.key"
    key.chmod(0o640)
    with pytest.raises(NotReady) as refused:
        Gateway(tmp_path / "data").start()
    assert "next.key: mode 0640" in refused.value.stderr
    key.chmod(0o600)
    key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(NotReady) as refused:
        Gateway(tmp_path / "data").start()
    assert "next.key: no certificate and no key" in refused.value.stderr


# ---- an operator's certificate ---------------------------------------------------


def make_in(folder):
    """Each folder has a key of its own."""
    folder.mkdir()
    return make_certificate(folder, key_number={"one": 7, "two": 8}[folder.name])


def test_of_a_given_certificate_nothing_is_announced_without_its_next_key(tmp_path):
    crt, key = make_in(tmp_path / "one")
    options = ("--tls-cert", crt, "--tls-key", key)
    with Gateway(tmp_path / "data", *options) as gateway:
        gateway.ca = crt
        assert exported(gateway) == {"served": pin_of_pem(crt.read_bytes())}
        client = bunq.ready(gateway)
        answer = client.get("/v1/trivet/pins")
        bunq.assert_refused(answer, 404, server_key=client.server_key)
        result = run("pins", "rotate", "--data", gateway.data)
        assert result.returncode == 2 and "--tls-cert" in result.stderr
        assert client.is_alive()


@pytest.mark.parametrize("form", ["key", "certificate", "pin"])
def test_a_given_next_key_is_announced(tmp_path, form):
    crt, key = make_in(tmp_path / "one")
    next_crt, next_key = make_in(tmp_path / "two")
    pin = pin_of_pem(next_crt.read_bytes())
    given = {"key": next_key, "certificate": next_crt, "pin": pin + "@2099-01-01"}[form]
    options = ("--tls-cert", crt, "--tls-key", key, "--tls-next-key", given)
    with Gateway(tmp_path / "data", *options) as gateway:
        gateway.ca = crt
        pins = announcement(bunq.ready(gateway))["pins"]
        expected = pin + ("@2099-01-01" if form == "pin" else "")
        assert pins == [pin_of_pem(crt.read_bytes()), expected]


@pytest.mark.parametrize("wrong,words", [
    ("served", "is the key that is served now"),
    ("nothing", "No such file"),
    ("text", "no certificate and no key"),
    ("sha256/AAAA", "is not a pin"),
])
def test_a_wrong_next_key_is_refused(tmp_path, wrong, words):
    crt, key = make_in(tmp_path / "one")
    (tmp_path / "text").write_text("hello\n")
    given = {"served": crt, "nothing": tmp_path / "x", "text": tmp_path / "text"}
    with pytest.raises(NotReady) as refused:
        Gateway(tmp_path / "data", "--tls-cert", crt, "--tls-key", key,
                "--tls-next-key", given.get(wrong, wrong)).start()
    assert words in refused.value.stderr


def test_a_next_key_needs_a_certificate(tmp_path):
    with pytest.raises(NotReady) as refused:
        Gateway(tmp_path / "data", "--tls-next-key", "sha256/" + "A" * 43 + "=").start()
    assert "--tls-next-key needs --tls-cert" in refused.value.stderr


def test_export_without_a_gateway(tmp_path):
    result = run("pins", "export", "--data", tmp_path)
    assert result.returncode == 8 and "no gateway has served" in result.stderr
    (tmp_path / "pins").write_text("hello\n")
    assert run("pins", "export", "--data", tmp_path).returncode == 1


# ---- an nginx of one's own -----------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    crt, key = make_in(folder / "one")
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    public = folder / "public.pem"
    public.write_bytes(private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    locked = folder / "locked.key"
    locked.write_bytes(private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x")))
    other, _ = make_in(folder / "two")
    return {"crt": crt, "key": key, "public": public, "locked": locked, "other": other}


def check_own(gateway, directive):
    """What nginx says of the gateway's configuration with that trivet_pins."""
    text = (gateway.data / "nginx.conf").read_text()
    lines = [line for line in text.splitlines() if "trivet_pins" not in line]
    conf = gateway.data.parent / "own.conf"
    lines.insert(lines.index("http {") + 1, directive)
    conf.write_text("\n".join(lines))
    return subprocess.run([NGINX, "-t", "-c", str(conf)], env=environment(),
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("directive", [
    "trivet_pins {crt} {other};", "trivet_pins {key} {other};",
    "trivet_pins {public} {other};",
    "trivet_pins {crt} sha256/" + "A" * 43 + "=@2099-01-01;",
    "trivet_pins {crt} sha256/" + "A" * 43 + "= {other};",
])
def test_the_directive_takes_pins_and_files(gateway, keys, directive):
    result = check_own(gateway, directive.format(**keys))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("directive,words", [
    ("trivet_pins {crt};", "needs two keys at least"),
    ("trivet_pins {crt} {key};", "names the same key twice"),
    ("trivet_pins {crt} {other}; trivet_pins {crt} {other};", "is duplicate"),
    ("trivet_pins {crt} {locked};", "without a password"),
    ("trivet_pins {crt} /nowhere;", "/nowhere"),
    ("trivet_pins {crt} /dev/null;", "trivet_pins"),
    ("trivet_pins {crt} sha256/AAAA;", "is not a pin"),
    ("trivet_pins {crt} sha256/" + "A" * 43 + "=@2099-13-01;", "is not a pin"),
    ("trivet_pins;", "invalid number of arguments"),
    ("server {{ trivet_pins {crt} {other}; }}", "is not allowed here"),
])
def test_a_wrong_directive_is_refused(gateway, keys, directive, words):
    result = check_own(gateway, directive.format(**keys))
    assert result.returncode != 0 and words in result.stderr, result.stderr
