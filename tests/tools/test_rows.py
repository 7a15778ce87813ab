# SPDX-License-Identifier: Apache-2.0
"""test_rows.py - that --rows runs a part of each table, and without it all"""
import pathlib
import shutil
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]

TABLES = """
import pytest

@pytest.mark.parametrize("n", range(10))
def test_table(n):
    pass

@pytest.mark.parametrize("n", range(2))
def test_short_table(n):
    pass

def test_alone():
    pass
"""


@pytest.fixture
def collect(tmp_path):
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_tables.py").write_text(TABLES)

    def names(*options):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--collect-only", *options, tmp_path],
            capture_output=True, text=True, check=True, cwd=tmp_path)
        return [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]

    return names


def test_all_rows_are_run_unless_fewer_are_asked_for(collect):
    assert len(collect()) == 13


def test_of_each_table_the_first_the_last_and_some_between(collect):
    assert collect("--rows", "3") == [
        "test_table[0]", "test_table[4]", "test_table[9]",
        "test_short_table[0]", "test_short_table[1]", "test_alone"]


def test_one_row_is_the_first(collect):
    assert collect("--rows", "1") == ["test_table[0]", "test_short_table[0]", "test_alone"]
