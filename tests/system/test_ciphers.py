# SPDX-License-Identifier: Apache-2.0
"""The TLS of trivet serve as it comes (tests/conformance has testssl.sh)"""
import socket
import ssl

import pytest

import bunq
from certificates import make_certificate
from upstream import JSON, reply

TLS_1_2 = ssl.TLSVersion.TLSv1_2


def shake_hands(gateway, ciphers, version=TLS_1_2):
    """The cipher and the session that were agreed on."""
    context = ssl.create_default_context(cafile=str(gateway.ca))
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    with socket.create_connection((gateway.host, gateway.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as wrapped:
            wrapped.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wrapped.recv(100)
            return wrapped.cipher()[0], wrapped.session


@pytest.mark.parametrize("name", ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"])
def test_ciphers_that_keep_secrets_are_spoken(gateway, name):
    wanted = f"ECDHE-ECDSA-{name}"
    assert shake_hands(gateway, wanted)[0] == wanted


@pytest.mark.parametrize(
    "name",
    ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-CCM8"],
)
def test_others_are_refused(gateway, name):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(gateway, f"{name}:@SECLEVEL=0")


def test_an_rsa_certificate_has_its_ciphers_too(serve, tmp_path):
    crt, key = make_certificate(tmp_path)
    gateway = serve("--tls-cert", crt, "--tls-key", key)
    gateway.ca = crt
    assert shake_hands(gateway, "ECDHE")[0].startswith("ECDHE-")


def test_the_server_chooses(gateway):
    offered = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
    assert shake_hands(gateway, offered)[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_no_ticket_holds_a_session(gateway):
    session = shake_hands(gateway, "ECDHE")[1]
    assert not session.has_ticket
    assert session.id  # of the cache in the server's memory


@pytest.mark.parametrize("path", ["/", "/v1/user", "/elsewhere"])
def test_no_answer_may_be_taken_for_a_page(gateway, path):
    answer = bunq.Client(gateway).get(path, token=None)
    assert answer.all("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("headers", [[JSON], [JSON, ("X-Content-Type-Options", "nosniff")]])
def test_an_api_that_says_so_says_it_once(api_client, upstream, headers):
    upstream.plan("/v1/sniffed", reply(b"{}", headers=headers))
    answer = api_client.get("/v1/sniffed")
    assert answer.status == 200
    assert answer.all("X-Content-Type-Options") == ["nosniff"]
