# SPDX-License-Identifier: Apache-2.0
"""conftest.py - strangers' vectors: where they are, and the gateway to try"""
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from gateway import Gateway  # noqa: E402

VECTORS = Path(os.environ.get("TRIVET_VECTORS", ROOT / "../shared/vectors"))


def vectors(*parts):
    """A file or folder of them; the test is skipped where it is absent."""
    path = VECTORS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there; TRIVET_VECTORS names the folder")
    return path


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway") / "data") as started:
        yield started
