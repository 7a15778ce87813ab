# SPDX-License-Identifier: Apache-2.0
"""trivet serve: how it starts, goes on and ends"""
import os
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import bunq
from certificates import make_certificate
from gateway import (
    BUILD,
    Gateway,
    NotReady,
    environment,
    free_port,
    listening_sockets,
    run,
)
from serving import assert_one_clear_line, refuse


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- a start -----------------------------------------------------------------


def test_first_start_makes_all_it_needs(bystander):
    for name in (
        "trivet.db",
        "server.pem",
        "ca.pem",
        "ca.key",
        "tls.crt",
        "tls.key",
        "nginx.conf",
        "log/error.log",
    ):
        assert (bystander.data / name).is_file(), name


def test_private_files_are_for_their_owner_alone(bystander):
    for name in ("server.pem", "ca.key", "tls.key"):
        assert mode(bystander.data / name) == 0o600, name
    assert mode(bystander.data) & 0o077 == 0
    assert mode(bystander.data / "trivet.db") & 0o077 == 0


def test_lines_on_stdout_come_in_their_order(bystander):
    kinds = [line.partition(":")[0] for line in bystander.lines]
    assert kinds.count("ready") == 1
    assert kinds.index("CA certificate") < kinds.index("ready")
    assert kinds.index("ready") == kinds.index("next") - 1
    assert f"CA certificate: {bystander.data / 'ca.pem'}" in bystander.lines
    assert bystander.ready_host == "localhost"
    assert bystander.lines[-1].removeprefix("next: ").strip()


def test_ready_is_said_when_it_truly_answers(serve):
    gateway = serve()
    bunq.ready(gateway)


def test_ready_url_answers(bystander):
    url = f"https://localhost:{bystander.port}/v1/user"
    result = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--cacert", bystander.ca, url],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )
    assert result.returncode == 0, result
    assert "Insufficient authentication." in result.stdout


def test_certificate_names_localhost_and_both_loopback_addresses(bystander):
    certificate = x509.load_pem_x509_certificate(
        (bystander.data / "tls.crt").read_bytes()
    )
    names = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    addresses = {str(a) for a in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "::1"} <= addresses


def test_certificate_is_good_to_openssl(bystander):
    result = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
        + ["-CAfile", bystander.data / "ca.pem", bystander.data / "tls.crt"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 0, result


def test_second_start_goes_on_with_the_same_data(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    files = {
        name: (gateway.data / name).read_bytes()
        for name in ("server.pem", "ca.pem", "ca.key")
    }
    assert gateway.stop() == 0
    assert gateway.is_gone()
    gateway.start()
    for name, content in files.items():
        assert (gateway.data / name).read_bytes() == content, name
    again = client.from_address(None)
    bunq.assert_admitted(again.get("/v1/user"), client.server_key)
    again.open()
    fresh = bunq.Client(gateway).install()
    assert fresh.server_key.public_numbers() == client.server_key.public_numbers()


def test_nothing_is_written_where_it_was_started(serve, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    gateway = serve(cwd=here)
    bunq.ready(gateway)
    gateway.stop()
    assert os.listdir(here) == []


def test_relative_data_directory(tmp_path):
    with Gateway(tmp_path / "data", data_option="data", cwd=tmp_path) as gateway:
        bunq.ready(gateway)
        assert (tmp_path / "data/trivet.db").is_file()


@pytest.mark.parametrize(
    "name", ["with space", "hash # tag", "ünïcödé", "per%20cent ? & = :", "-dash"]
)
def test_odd_data_directory_works(serve, name):
    gateway = serve(name=name)
    bunq.ready(gateway)
    assert (gateway.data / "trivet.db").is_file()


@pytest.mark.parametrize(
    "name",
    ["semi;colon", "do$lar", "${uri}", "br{ac}es", 'quo"te', "apo'strophe"]
    + ["back\\slash"],
)
def test_data_directory_that_nginx_cannot_take_works_or_is_refused(tmp_path, name):
    """It must not become words of the configuration."""
    works_or_is_refused(tmp_path / name)


def works_or_is_refused(data):
    gateway = Gateway(data)
    try:
        gateway.start()
    except NotReady as refusal:
        assert_one_clear_line(refusal)
        assert not data.exists()
    else:
        bunq.ready(gateway)
        gateway.close()


def test_newline_in_data_directory_works_or_is_refused(tmp_path):
    """Nor lines of it."""
    works_or_is_refused(tmp_path / "a\nworker_processes 7;\nb")


def test_data_directory_is_a_symbolic_link(serve, tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    bunq.ready(serve(name="link"))
    assert (tmp_path / "real/trivet.db").is_file()


# ---- options -----------------------------------------------------------------


def test_port_is_the_one_asked_for(serve):
    port = free_port()
    assert serve(port=port).port == port


def test_listens_on_one_tcp_socket_only(bystander):
    """No plain listener, nothing beside it: one address, one port."""
    assert listening_sockets(bystander.processes()) == {
        ("0100007F", bystander.port)
    }


@pytest.mark.parametrize("address", ["127.0.0.9", "0.0.0.0", "::1"])
def test_listen_address(serve, address):
    host = "127.0.0.1" if address == "0.0.0.0" else address
    gateway = serve("--listen", address, host=host)
    bunq.ready(gateway)  # the certificate names the address, too
    assert len(listening_sockets(gateway.processes())) == 1
    if address == "127.0.0.9":
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", gateway.port), timeout=5)


def test_session_timeout_is_the_users(serve):
    gateway = serve("--session-timeout", "1234")
    assert bunq.ready(gateway).user["session_timeout"] == 1234


def test_session_timeout_is_a_week_by_default(bystander):
    assert bunq.ready(bystander).user["session_timeout"] == 604800


@pytest.mark.parametrize("seconds", ["1", "2147483"])
def test_session_timeout_limits_are_allowed(serve, seconds):
    gateway = serve("--session-timeout", seconds)
    client = bunq.Client(gateway).install()
    client.register(client.make_user()).open()
    assert client.user["session_timeout"] == int(seconds)


@pytest.mark.parametrize(
    "span, seconds", [("90s", 90), ("30m", 1800), ("7d", 604800), ("1d12h", 129600)]
)
def test_times_have_units(span, seconds):
    shown = run("serve", "--print-config", "--session-timeout", span,
                "--api-key-lifetime", span, check=True).stdout
    assert f"trivet_session_timeout {seconds};" in shown
    assert f"trivet_api_key_lifetime {seconds};" in shown


@pytest.mark.parametrize(
    "options, seconds",
    [
        ((), 3600),
        (("--no-sandbox",), 14400),
        (("--upstream", "http://127.0.0.1:1"), 14400),
        (("--upstream", "http://127.0.0.1:1", "--sandbox"), 3600),
        (("--no-sandbox", "--api-key-lifetime", "1h"), 3600),
        (("--api-key-lifetime", "4h"), 14400),
    ],
)
def test_how_long_an_api_key_waits_for_a_device(tmp_path, options, seconds):
    result = run("serve", "--data", tmp_path / "data", "--print-config", *options,
                 check=True)
    assert f"trivet_api_key_lifetime {seconds};" in result.stdout


@pytest.mark.parametrize("span", ["0", "0s", "1", "7x", "-1s", "1s ", "9999d", ""])
@pytest.mark.parametrize("option", ["--session-timeout", "--api-key-lifetime"])
def test_what_is_no_time_is_refused(option, span):
    result = run("serve", "--print-config", option, span)
    if span == "1":
        assert result.returncode == 0
        return
    assert result.returncode == 2
    assert option in result.stderr and "such as" in result.stderr


def test_own_certificate_is_the_one_served(tmp_path):
    crt, own_key = make_certificate(tmp_path)
    gateway = Gateway(tmp_path / "data", "--tls-cert", crt, "--tls-key", own_key)
    gateway.ca = crt
    with gateway:
        bunq.ready(gateway)
        served = ssl.get_server_certificate((gateway.host, gateway.port))
        assert served.split() == crt.read_text().split()


def test_own_certificate_may_be_named_relative_to_where_one_is(tmp_path):
    make_certificate(tmp_path)
    gateway = Gateway(
        tmp_path / "data",
        *("--tls-cert", "own.crt", "--tls-key", "own.key"),
        cwd=tmp_path,
    )
    gateway.ca = tmp_path / "own.crt"
    with gateway:
        assert gateway.is_answering()


@pytest.mark.parametrize("fault", ["missing", "mismatch", "garbage", "no-key"])
def test_bad_own_certificate_is_refused(tmp_path, fault):
    crt, own_key = make_certificate(tmp_path)
    options = ["--tls-cert", crt, "--tls-key", own_key]
    if fault == "missing":
        crt.unlink()
    elif fault == "garbage":
        crt.write_text("no certificate\n")
    elif fault == "mismatch":
        own_key.write_bytes(
            bunq.key(1).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    else:
        options = options[:2]
    refuse(tmp_path, *options)


def test_help_names_every_option():
    result = run("serve", "--help", check=True)
    assert result.stderr == ""
    for option in (
        "--listen",
        "--port",
        "--data",
        "--profile",
        "--upstream",
        "--tls-cert",
        "--tls-key",
        "--session-timeout",
        "--api-key-lifetime",
        "--sandbox",
        "--no-sandbox",
    ):
        assert option in result.stdout, option
    assert "8443" in result.stdout


# ---- in front of an API ------------------------------------------------------


def with_upstream(*options):
    return ("--upstream", "http://127.0.0.1:9", *options)


def can_make_users(gateway):
    answer = bunq.Client(gateway).install().http.post(
        gateway.base + "/v1/sandbox-user-person", data=b"", timeout=10
    )
    return answer.status_code == 200


@pytest.mark.parametrize(
    "options, is_sandbox",
    [
        ((), True),
        (("--sandbox",), True),
        (("--no-sandbox",), False),
        (with_upstream(), False),
        (with_upstream("--no-sandbox"), False),
        (with_upstream("--sandbox"), True),
        (("--sandbox", *with_upstream()), True),
        (with_upstream("--sandbox", "--no-sandbox"), False),
        (with_upstream("--no-sandbox", "--sandbox"), True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_in_front_of_an_api_a_sandbox_must_be_asked_for(serve, options, is_sandbox):
    gateway = serve(*options)
    assert can_make_users(gateway) == is_sandbox
    assert (gateway.data / "sandbox.state").exists() == is_sandbox
    assert ("sandbox-user-person" in gateway.lines[-1]) == is_sandbox
    said = [line for line in gateway.stderr().splitlines() if "--sandbox" in line]
    if is_sandbox and "--upstream" in options:
        assert len(said) == 1
        assert "anybody" in said[0] and "http://127.0.0.1:9" in said[0]
    else:
        assert said == []


def test_a_sandbox_that_is_put_in_front_of_an_api_lets_nobody_in(serve, upstream):
    """Whoever made a user while it was a sandbox has a session."""
    gateway = serve()
    client = bunq.Client(gateway).install()
    unused = client.make_user()
    client.register(client.make_user()).open()
    other = bunq.ready(gateway)
    assert client.is_alive() and other.is_alive()
    gateway.stop()
    gateway.options += ["--upstream", upstream.url]
    gateway.start()
    assert "was a sandbox's: its 2 open sessions were ended" in gateway.stderr()
    for stranger in (client, other):
        stranger.http = bunq.make_session(gateway)
        assert not stranger.is_alive()
        assert stranger.get("/v1/api").status == 401
        assert stranger.post_session(stranger.secret).status == 400
    assert client.post_device(unused).status == 400
    assert upstream.count("/v1/api") == 0
    assert gateway.trivet("session", "list")[0]["status"] == "ENDED"
    made = gateway.trivet("key", "create", "--user", "A")
    invited = bunq.Client(gateway).install().register(made["secret"]).open()
    assert invited.get("/v1/api").status == 200
    gateway.stop()
    gateway.start()  # its own sessions go on
    assert "was a sandbox's" not in gateway.stderr()
    invited.http = bunq.make_session(gateway)
    assert invited.is_alive()


def test_neither_does_one_that_left_the_sandbox_before(serve, upstream):
    gateway = serve()
    client = bunq.ready(gateway)
    gateway.stop()
    gateway.options += ["--no-sandbox"]
    gateway.start()
    assert "sessions that anybody opened there go on" in gateway.stderr()
    client.http = bunq.make_session(gateway)
    assert client.is_alive()
    gateway.stop()
    gateway.options += ["--upstream", upstream.url]
    gateway.start()
    assert "its 1 open sessions were ended" in gateway.stderr()
    client.http = bunq.make_session(gateway)
    assert not client.is_alive()


def test_neither_does_its_store_from_another_data_directory(serve, upstream, tmp_path):
    """Nor one that a copy of the file, without anything beside it, was made of."""
    store = f"sqlite:{tmp_path}/kept.db"
    gateway = serve("--store", store)
    client = bunq.ready(gateway)
    gateway.stop()
    other = serve("--store", store, "--upstream", upstream.url)
    assert "kept.db was a sandbox's: its 1 open sessions were ended" in other.stderr()
    client.gateway = other
    client.http = bunq.make_session(other)
    assert client.get("/v1/api").status == 401
    assert other.trivet("session", "list", "--store", store)[0]["status"] == "ENDED"
    other.stop()
    other.start()
    assert "was a sandbox's" not in other.stderr()


def test_a_sandbox_by_name_in_front_of_an_api_keeps_its_sessions(serve, upstream):
    gateway = serve()
    client = bunq.ready(gateway)
    gateway.stop()
    gateway.options += ["--upstream", upstream.url, "--sandbox"]
    gateway.start()
    client.http = bunq.make_session(gateway)
    assert client.is_alive()


def test_help_page_and_readme_agree_on_the_sandbox():
    said = " ".join(run("serve", "--help", check=True).stdout.split())
    assert "default without --upstream" in said
    assert "only when named" in said
    root = Path(__file__).resolve().parents[2]
    page = " ".join((root / "man/trivet-serve.1").read_text().split())
    assert "only when this option is given" in page
    readme = (root / "README.md").read_text()
    assert "./run --upstream http://127.0.0.1:8000" in readme


# ---- the wire ----------------------------------------------------------------


def handshake(gateway, lowest, highest):
    context = ssl.create_default_context(cafile=str(gateway.ca))
    context.set_ciphers("ALL:@SECLEVEL=0")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = lowest
        context.maximum_version = highest
    with socket.create_connection((gateway.host, gateway.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as wrapped:
            return wrapped.version()


@pytest.mark.parametrize(
    "version, name",
    [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")],
)
def test_tls_1_2_and_1_3_are_spoken(bystander, version, name):
    assert handshake(bystander, version, version) == name


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_tls_is_refused(bystander, version):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(bystander, version, version)


@pytest.mark.parametrize(
    "offer, chosen",
    [
        (["h2"], "h2"),
        (["http/1.1"], "http/1.1"),
        (["h2", "http/1.1"], "h2"),
        ([], None),
    ],
)
def test_alpn(bystander, offer, chosen):
    with bunq.Wire(bystander, alpn=offer) as wire:
        assert wire.socket.selected_alpn_protocol() == chosen


@pytest.mark.parametrize(
    "words",
    [
        b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/installation HTTP/1.0\r\n\r\n",
        b"DELETE /v1/session/0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_plain_http_gets_no_http_answer(bystander, words):
    with socket.create_connection(
        (bystander.host, bystander.port), timeout=10
    ) as plain:
        answer = b""
        try:
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            while data := plain.recv(4096):
                answer += data
        except OSError:
            pass  # a reset is no answer, too
    assert b"HTTP" not in answer and b"html" not in answer, answer


# ---- the end -----------------------------------------------------------------


def test_build_is_the_one_under_test():
    assert run("--version", check=True).stdout.strip(), BUILD
