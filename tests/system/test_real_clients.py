# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote, unmodified, against profile current"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import bunq
from gateway import Gateway
from postman import POSTMAN, Postman, write_answers

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("clients") / "data"
    with Gateway(data, "--profile", "current") as started:
        yield started


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """The same, with the rate limits that it comes with."""
    data = tmp_path_factory.mktemp("limited") / "data"
    with Gateway(data, "--profile", "current", rate_limits=None) as started:
        yield started


@pytest.mark.parametrize("kind", ["gateway", "limited"])
def test_bunq_js_client(request, kind, node_modules):
    gateway = request.getfixturevalue(kind)
    done = subprocess.run(
        ["node", HERE / "clients/bunq-js-client.js",
         f"https://localhost:{gateway.port}"],
        env={
            **os.environ,
            "NODE_PATH": str(node_modules),
            "NODE_EXTRA_CA_CERTS": str(gateway.data / "ca.pem"),
        },
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert re.fullmatch(r"sandbox_[0-9a-f]{56}", said["key"])
    assert said["type"] == "UserPerson"
    assert said["accounts"][0]["MonetaryAccountBank"]["status"] == "ACTIVE"
    assert said["banks"] and isinstance(said["credentials"], (list, dict))


@pytest.mark.skipif(not POSTMAN.exists(), reason=f"no {POSTMAN}")
def test_the_requests_of_the_postman_collection(serve, tmp_path):
    gateway = serve("--profile", "current", *write_answers(tmp_path / "answers"))
    host = f"https://localhost:{gateway.port}"
    assert Postman(host, bunq.make_session(gateway)).run_collection() == 29
