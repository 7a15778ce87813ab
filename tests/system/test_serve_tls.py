# SPDX-License-Identifier: Apache-2.0
"""trivet serve's certificate: taken when it is renewed, renewed before it ends"""
import datetime
import os
import pty
import select
import signal
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bunq
from certificates import make_certificate
from gateway import TRIVET, Gateway, environment, run, wait_until

DAY = datetime.timedelta(days=1)


def served(gateway):
    return ssl.get_server_certificate((gateway.host, gateway.port)).split()


def serves(gateway, crt):
    return served(gateway) == crt.read_text().split()


def given(folder, crt, key, *options):
    gateway = Gateway(folder / "data", "--tls-cert", crt, "--tls-key", key, *options)
    gateway.ca = crt
    return gateway


def make_in(folder):
    folder.mkdir()
    return make_certificate(folder)


def link(target, name):
    """As certbot and Kubernetes do: another link takes the name."""
    new = name.with_name(name.name + ".new")
    new.symlink_to(target)
    new.replace(name)


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder"])
def test_a_renewed_certificate_behind_a_link_is_taken(tmp_path, kind):
    make_in(tmp_path / "one"), make_in(tmp_path / "two")
    live = tmp_path / "live"
    if kind == "link to a folder":
        link("one", live)
    else:
        live.mkdir()
        for name in ("own.crt", "own.key"):
            link(f"../one/{name}", live / name)
    with given(tmp_path, live / "own.crt", live / "own.key") as gateway:
        assert serves(gateway, tmp_path / "one/own.crt")
        if kind == "link to a folder":
            link("two", live)
        else:
            for name in ("own.crt", "own.key"):
                link(f"../two/{name}", live / name)
        assert wait_until(lambda: serves(gateway, tmp_path / "two/own.crt"), 15)
        assert wait_until(lambda: "reload: done (the certificate)" in gateway.stderr(), 15)
        bunq.ready(gateway)


def test_a_certificate_without_its_key_changes_nothing_until_that_is_there(tmp_path):
    crt, key = make_in(tmp_path / "live")
    new_crt, new_key = make_in(tmp_path / "new")
    private = ec.generate_private_key(ec.SECP256R1())
    other = own_certificate(private, private, "x", 30 * DAY)
    new_crt.write_bytes(other.public_bytes(serialization.Encoding.PEM))
    write_key(new_key, private)
    with given(tmp_path, crt, key) as gateway:
        old = served(gateway)
        new_crt.replace(crt)
        assert wait_until(lambda: "everything stays as it was" in gateway.stderr(), 15)
        assert served(gateway) == old
        new_key.replace(key)
        assert wait_until(lambda: serves(gateway, crt), 15)


def test_sighup_takes_a_renewed_certificate_and_loses_nothing(tmp_path):
    crt, key = make_in(tmp_path / "live")
    new_crt, _ = make_in(tmp_path / "new")
    with given(tmp_path, crt, key) as gateway:
        client = bunq.ready(gateway)
        crt.write_bytes(new_crt.read_bytes())  # in place
        gateway.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: "reload: done (as SIGHUP asked)" in gateway.stderr(), 15)
        assert serves(gateway, new_crt)
        client.http = bunq.make_session(gateway)
        assert client.is_alive()
        assert gateway.process.poll() is None


# ---- our own ------------------------------------------------------------------


def write_key(path, private):
    path.touch(mode=0o600)
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def own_certificate(private, signer, issuer, life, is_ca=False):
    import ipaddress

    now = datetime.datetime.utcnow()
    name = "trivet local CA" if is_ca else "localhost"
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]

    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(is_ca, 0 if is_ca else None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )


def put_own(data, life):
    """A certificate of the data directory's CA that ends after life."""
    ca_key = serialization.load_pem_private_key((data / "ca.key").read_bytes(), None)
    private = ec.generate_private_key(ec.SECP256R1())
    certificate = own_certificate(private, ca_key, "trivet local CA", life)
    write_key(data / "tls.key", private)
    (data / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def end_of(gateway):
    pem = "\n".join(ssl.get_server_certificate((gateway.host, gateway.port)).splitlines())
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after


@pytest.mark.long
def test_our_own_certificate_is_renewed_while_it_serves(tmp_path):
    """A month before its end, which comes some seconds after the start."""
    with Gateway(tmp_path / "data") as gateway:
        bunq.ready(gateway)
    put_own(gateway.data, 30 * DAY + datetime.timedelta(seconds=6))
    with gateway:
        client = bunq.ready(gateway)
        soon = datetime.datetime.utcnow() + 31 * DAY
        assert end_of(gateway) < soon
        assert wait_until(lambda: end_of(gateway) > soon + 300 * DAY, 25)
        assert "reload: done (the certificate)" in gateway.stderr()
        assert client.is_alive()


def test_a_good_certificate_of_our_own_is_kept(tmp_path):
    with Gateway(tmp_path / "data") as gateway:
        first = served(gateway)
        time.sleep(2.5)
        assert served(gateway) == first
        assert "reload" not in gateway.stderr()


def test_a_pair_that_was_written_by_half_is_made_anew(tmp_path):
    with Gateway(tmp_path / "data") as gateway:
        pass
    write_key(gateway.data / "tls.key", ec.generate_private_key(ec.SECP256R1()))
    with gateway:
        bunq.ready(gateway)


def test_a_ca_that_ends_is_made_anew_and_said(tmp_path):
    with Gateway(tmp_path / "data") as gateway:
        pass
    key = serialization.load_pem_private_key((gateway.data / "ca.key").read_bytes(), None)
    ending = own_certificate(key, key, "trivet local CA", 10 * DAY, is_ca=True)
    (gateway.data / "ca.pem").write_bytes(ending.public_bytes(serialization.Encoding.PEM))
    with gateway:
        assert "expires within a month: it is renewed" in gateway.stderr()
        bunq.ready(gateway)  # by the new one


# ---- encrypted keys -----------------------------------------------------------


def encrypt(key, password=b"open sesame", form=serialization.PrivateFormat.PKCS8):
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            form,
            serialization.BestAvailableEncryption(password),
        )
    )


def on_terminal(*args):
    """The command on a terminal of its own: its status and all it says."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(TRIVET, [str(TRIVET), *map(str, args)], environment())
    said = b""
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            data = os.read(terminal, 4096)
            if not data:
                break
            said += data
    except OSError:
        pass  # its end
    if time.monotonic() >= end:
        os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


FORMS = [
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.TraditionalOpenSSL,
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_an_encrypted_key_is_refused_on_a_terminal_without_asking(tmp_path, form):
    crt, key = make_certificate(tmp_path)
    encrypt(key, form=form)
    status, said = on_terminal(
        *("serve", "--port", "0", "--data", tmp_path / "data"),
        *("--tls-cert", crt, "--tls-key", key),
    )
    assert status > 0
    assert "own.key: the key is encrypted; --tls-key-password-file" in said
    assert "phrase" not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["ca.key", "server.pem"])
def test_nobody_is_asked_for_the_password_of_our_own_keys(tmp_path, name):
    with Gateway(tmp_path / "data") as gateway:
        pass
    encrypt(gateway.data / name)
    (gateway.data / "tls.crt").unlink()  # to be made by the CA
    status, said = on_terminal("serve", "--port", "0", "--data", gateway.data)
    assert status > 0 and "Enter" not in said and "pass phrase" not in said


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nanother\n"])
def test_a_password_file_opens_it(tmp_path, ending):
    crt, key = make_certificate(tmp_path)
    encrypt(key)
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("open sesame" + ending.replace("\r", ""))
    with given(tmp_path, crt, key, "--tls-key-password-file", password) as gateway:
        assert serves(gateway, crt)


@pytest.mark.parametrize("fault", ["wrong", "empty", "missing", "loose", "no key"])
def test_a_bad_password_file_is_refused(tmp_path, fault):
    crt, key = make_certificate(tmp_path)
    encrypt(key)
    password = tmp_path / "password"
    if fault != "missing":
        password.touch(mode=0o600)
        password.write_text({"wrong": "close", "empty": ""}.get(fault, "open sesame"))
    if fault == "loose":
        password.chmod(0o644)
    options = ["--tls-cert", crt, "--tls-key", key] if fault != "no key" else []
    done = run(
        *("serve", "--port", "0", "--data", tmp_path / "data", *options),
        *("--tls-key-password-file", password),
    )
    assert done.returncode > 0 and done.stderr.startswith("trivet"), done
    assert not (tmp_path / "data").exists()


def test_a_closed_terminal_still_ends_it(tmp_path):
    """SIGHUP means two things: nobody could end it any more."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also under nohup
        args = [str(TRIVET), "serve", "--port", "0", "--data", str(tmp_path / "data")]
        os.execve(TRIVET, args, environment())
    said = b""
    while b"next: " not in said:
        said += os.read(terminal, 4096)
    os.kill(pid, signal.SIGHUP)
    while b"as SIGHUP asked" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    assert wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 60)
