# SPDX-License-Identifier: Apache-2.0
"""test_sqlite_alone.py - what is not run over PostgreSQL is there, and is named
once"""
import sys
from pathlib import Path

import pytest

SYSTEM = Path(__file__).resolve().parents[1] / "system"
sys.path.insert(0, str(SYSTEM))
from sqlite_alone import REASONS  # noqa: E402

NAMES = [name for names in REASONS.values() for name in names.split()]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there(name):
    file, _, function = name.partition("::")
    text = (SYSTEM / f"{file}.py").read_text()
    assert not function or f"\ndef {function}(" in text


def test_each_is_named_once():
    assert len(set(NAMES)) == len(NAMES)
    files = {name for name in NAMES if "::" not in name}
    assert not [name for name in NAMES if name.partition("::")[0] in files - {name}]
