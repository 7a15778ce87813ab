# SPDX-License-Identifier: Apache-2.0
"""strangers.py - where strangers' vectors are"""
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("TRIVET_VECTORS", ROOT / "../shared/vectors"))


def vectors(*parts):
    """A file or folder of them; the test is skipped where it is absent."""
    path = VECTORS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there; TRIVET_VECTORS names the folder")
    return path
