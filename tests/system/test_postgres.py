# SPDX-License-Identifier: Apache-2.0
"""The store in PostgreSQL: the C suite, and the commands."""

import os
import subprocess

import pytest

from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

# Tests of the store, and of the authority on it. Those that are SQLite's alone
# skip themselves (docs/scaling.md).
C_TESTS = """test_audit test_clock test_group test_handshake test_lifetime
test_meanwhile test_permitted_ip test_prune test_requests test_sandbox
test_server_keys test_signed_calls test_store_admission test_store_api_key
test_store_installation test_store_list test_store_server_key
test_store_session test_store_user test_switches test_device""".split()


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.mark.parametrize("name", C_TESTS)
def test_the_c_suite_passes_over_postgresql(server, name):
    program = f"{os.environ['TRIVET_BUILD']}/tests/{name}"
    if not os.path.exists(program):
        pytest.skip("not built: make check-unit")
    done = subprocess.run([program], capture_output=True, text=True,
                          timeout=120,
                          env={**os.environ,
                               "TRIVET_TEST_STORE": server.url()})
    assert done.returncode == 0, done.stdout + done.stderr
