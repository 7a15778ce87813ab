# SPDX-License-Identifier: Apache-2.0
"""Every n-th allocation and every n-th use of a file fails, in the library.

SWEEP_EVERY=7: each seventh alone.
"""

import json
import os
import subprocess

import pytest

from gateway import BUILD

EVERY = int(os.environ.get("SWEEP_EVERY", "1"))
SWEEP = BUILD / "tests" / "sweep_client"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif("san" not in BUILD.name,
                       reason="the sanitizers see what goes wrong then"),
]


def sweep(trivet, tmp_path, seed, stride):
    folder = tmp_path / "swept"
    folder.mkdir()
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed))
    result = subprocess.run(
        [str(SWEEP), str(folder), str(file), str(stride * EVERY)],
        env=trivet.environment, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_call(logged_in, server, tmp_path):
    sweep(logged_in, tmp_path, json.loads(logged_in.file.read_text()), 1)


def test_a_session_that_has_to_be_renewed(logged_in, server, tmp_path):
    seed = json.loads(logged_in.file.read_text())
    del seed["session_context"]
    seed["trivet"].pop("session_expires", None)
    sweep(logged_in, tmp_path, seed, 3)


def test_a_login(logged_in, server, tmp_path):
    seed = json.loads(logged_in.file.read_text())
    key = seed["installation_context"]
    del seed["session_context"]
    seed["trivet"].pop("session_expires", None)
    seed["trivet"].pop("device_id", None)
    seed["installation_context"] = {
        name: key[name] for name in ("private_key_client", "public_key_client")}
    sweep(logged_in, tmp_path, seed, 5)
