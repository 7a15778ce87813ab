# SPDX-License-Identifier: Apache-2.0
"""test_run_pytest.py - that a failure is a failure, and what passes alone is named"""
import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/run-pytest"

TESTS = """
import pathlib

FLAG = pathlib.Path(__file__).with_name("was-here")

def test_good():
    pass

def test_only_alone():
    was_here = FLAG.exists()
    FLAG.touch()
    assert was_here
"""

BAD = """
def test_bad():
    assert False
"""


@pytest.fixture
def run(tmp_path):
    def start(text, *options):
        (tmp_path / "test_some.py").write_text(text)
        return subprocess.run(
            [TOOL, tmp_path / "cache", tmp_path, "-n", "2", *options],
            capture_output=True, text=True, cwd=tmp_path)
    return start


def test_what_passes_alone_passes_and_is_named(run):
    done = run(TESTS)
    assert done.returncode == 0, done.stdout
    assert "test_only_alone PASSED" in done.stdout
    assert "test_good PASSED" not in done.stdout  # it is not run again


def test_what_fails_twice_fails(run):
    done = run(TESTS + BAD)
    assert done.returncode == 1
    assert "test_bad FAILED" in done.stdout


def test_nothing_is_run_twice_when_all_passes(run):
    done = run("def test_good():\n    pass\n")
    assert done.returncode == 0 and "once more" not in done.stdout


def test_a_run_that_cannot_start_fails(run):
    assert run("import nothing_of_that_name\n").returncode != 0
    assert run(TESTS, "--no-such-option").returncode > 1
