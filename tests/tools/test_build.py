# SPDX-License-Identifier: Apache-2.0
"""tools/build: one line of progress, all of it when make fails"""
import os
import pty
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = """
all: a b c
%: %.in
\t@echo "  CC    $@"
\t@echo "a warning"
\t@cp $< $@
"""
FAILING = PARTS.replace("@cp $< $@", "@test $@ != b")


@pytest.fixture
def tree(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.in").write_text("")

    def build(makefile, shell=(), terminal=False):
        (tmp_path / "Makefile").write_text(makefile)
        words = [*shell, str(ROOT / "tools/build"), "-j1", "-C", str(tmp_path)]
        if not terminal:
            result = subprocess.run(words, capture_output=True, text=True, timeout=30)
            assert result.stdout == ""
            return result.returncode, result.stderr
        master, slave = pty.openpty()
        process = subprocess.Popen(words, stderr=slave, stdin=slave)
        os.close(slave)
        said = b""
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            said += data
        os.close(master)
        return process.wait(30), said.decode().replace("\r\n", "\n")
    return build


def test_one_line_where_nobody_watches(tree):
    assert tree(PARTS) == (0, "building 3 parts\n")
    assert tree(PARTS) == (0, "")  # all is there


def test_one_line_that_is_written_over_on_a_terminal(tree):
    assert tree(PARTS, terminal=True) == (
        0, "\rbuilding 1/3\rbuilding 2/3\rbuilding 3/3\n")
    assert tree(PARTS, terminal=True) == (0, "")


def test_a_failure_shows_all_that_was_said(tree):
    for terminal in (False, True):
        status, said = tree(FAILING, terminal=terminal)
        assert status == 1
        assert "a warning" in said and "  CC    b" in said and "Error 1" in said
        assert said.endswith("build: make failed\n")


def test_a_makefile_that_cannot_be_read(tree):
    status, said = tree("all:\n    echo\n")
    assert status == 1 and "missing separator" in said


@pytest.mark.parametrize("shell", [["/bin/sh"], ["bash", "--posix"], ["dash"]])
def test_any_shell_will_do(tree, shell):
    assert tree(PARTS, shell) == (0, "building 3 parts\n")


def test_an_older_nginx_is_told(tree):
    said = tree(PARTS.replace("a warning", "fetch-nginx: keeping nginx 1"))
    assert said == (0, "building 3 parts\n" + 3 * "fetch-nginx: keeping nginx 1\n")


def test_run_builds_by_it():
    assert "\ntools/build\n" in (ROOT / "run").read_text()
