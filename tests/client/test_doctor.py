# SPDX-License-Identifier: Apache-2.0
"""trivet doctor: what it finds, and what it says to do"""
import email.utils
import json
import socket
import time

import pytest


def test_doctor_when_all_is_well(logged_in):
    result = logged_in("doctor")
    assert result.returncode == 0, result.stdout
    for word in ("file", "name", "certificate", "pins", "session"):
        assert f"ok    {word}" in result.stdout, result.stdout


def test_doctor_names_the_trouble(logged_in, server, authority, trivet):
    logged_in.file.chmod(0o644)
    result = logged_in("doctor")
    assert result.returncode == 2 and "chmod 600" in result.stdout
    logged_in.file.chmod(0o600)

    result = logged_in("doctor", "--ca", "/etc/ssl/certs/ca-certificates.crt")
    assert result.returncode == 6 and "FAIL  certificate" in result.stdout

    server.protocol.kill_sessions()
    server.protocol.misbehave("400-key", "session-server")
    content = json.loads(logged_in.file.read_text())
    del content["session_context"]
    logged_in.file.write_text(json.dumps(content))
    result = logged_in("doctor")
    assert result.returncode == 4, result.stdout
    assert "address has changed" in result.stdout

    server.close()
    result = logged_in("doctor")
    assert result.returncode == 5 and "server" in result.stdout


def test_doctor_and_names(logged_in):
    content = json.loads(logged_in.file.read_text())
    content["trivet"]["base_url"] = "https://no-such-host.invalid/v1"
    logged_in.file.write_text(json.dumps(content))
    result = logged_in("doctor")
    assert result.returncode == 5 and "FAIL  name" in result.stdout
    result = logged_in("call", "GET", "user")
    assert result.returncode == 5 and "name was not found" in result.stderr


@pytest.mark.parametrize("seconds,words", [
    (0, "ok    clock        within"), (-3600, "60 min ahead of"),
    (3600, "behind")])
def test_doctor_and_the_clock(logged_in, server, seconds, words):
    server.protocol.headers = [("Date", email.utils.formatdate(
        time.time() + seconds, usegmt=True))]
    result = logged_in("doctor")
    assert result.returncode == 0 and words in result.stdout, result.stdout


def test_doctor_and_addresses(logged_in, server):
    # The first address of localhost, as this machine's /etc/hosts has it.
    own = socket.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)[0][4][0]
    server.protocol.ips = {1: {"ip": "10.0.0.1", "status": "ACTIVE"},
                           2: {"ip": own, "status": "INACTIVE"}}
    result = logged_in("doctor")
    assert f"{own} is not among them" in result.stdout
    logged_in.forget_limits()
    server.protocol.ips[2]["status"] = "ACTIVE"
    assert f"{own} is permitted" in logged_in("doctor").stdout
    logged_in.forget_limits()
    server.protocol.ips[3] = {"ip": "*", "status": "ACTIVE"}
    assert "any address may" in logged_in("doctor").stdout
