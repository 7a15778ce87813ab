# SPDX-License-Identifier: Apache-2.0
"""conftest.py - the gateway that strangers' vectors and tools try"""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from gateway import Gateway  # noqa: E402


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway") / "data") as started:
        yield started
