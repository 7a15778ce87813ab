# SPDX-License-Identifier: Apache-2.0
"""Nothing came into the tree by mistake: no empty file, and none that is no text
but pictures and what fuzzing begins with."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NO_TEXT = ("tests/fuzz/corpus/", "tests/vectors/")


def tracked():
    done = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True,
                          text=True)
    if done.returncode != 0:
        pytest.skip("not a checkout")
    for line in done.stdout.splitlines():
        kind, name = line.split(None, 1)[0], line.split("\t")[1]
        if (ROOT / name).exists():
            yield name, kind == "i/-text"


def test_files_are_text():
    assert [name for name, is_binary in tracked() if is_binary
            and not name.startswith(NO_TEXT) and not name.endswith(".png")] == []


def test_no_file_is_empty():
    assert [name for name, _ in tracked() if (ROOT / name).stat().st_size == 0] == []
