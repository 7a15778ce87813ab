# SPDX-License-Identifier: Apache-2.0
"""server_keys.py - what the tests of server keys share"""
import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from gateway import run

CONFLICT = 9


def keys(data):
    result = run("server-key", "list", "--data", data, "--json", check=True)
    return {row["id"]: row for row in json.loads(result.stdout)}


def statuses(data):
    return {number: row["status"] for number, row in keys(data).items()}


def command(data, *args):
    return run("server-key", *args, "--data", data)


def rotate(data, *options):
    result = command(data, "rotate", *options)
    assert result.returncode == 0, result
    return int(result.stdout)


def numbers(client):
    return client.server_key.public_numbers()


def at(client, gateway):
    """The same context at another gateway."""
    client.gateway = gateway
    return client.from_address(None)


def configured(data):
    """The places that nginx is told, in their order."""
    return [
        line.split('"')[1]
        for line in (data / "nginx.conf").read_text().splitlines()
        if line.strip().startswith("trivet_server_key ")
    ]


def serving(gateway):
    """How many workers it has, without those that a reload told to go."""
    number = 0
    for pid in gateway.nginx_workers():
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        number += b"shutting down" not in title
    return number


def write_key(path, private_key, mode=0o600):
    path.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(mode)
    return path
