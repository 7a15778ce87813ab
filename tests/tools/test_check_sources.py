# SPDX-License-Identifier: Apache-2.0
"""tools/check-sources: a list of files says what is there, in order"""
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The lists, and an empty file for each C file."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "mk", root / "mk")
    for path in ROOT.rglob("*.[ch]"):
        name = path.relative_to(ROOT)
        if name.parts[0] != "build":
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("")
    for name in ("gateway/config", "sidecar/module/config"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def check(copy):
    """check(name, edit): what the script says when edit has changed that file."""
    def changed(name=None, edit=None):
        path = copy / (name or "mk/sources.mk")
        before = path.read_text()
        if edit:
            path.write_text(edit(before))
            assert path.read_text() != before
        result = subprocess.run([ROOT / "tools/check-sources", copy],
                                capture_output=True, text=True, timeout=30)
        path.write_text(before)
        assert result.stderr == "" and result.returncode == (1 if result.stdout else 0)
        return result.stdout
    return changed


def test_the_lists_are_in_order(check):
    assert check() == ""


LISTS = pytest.mark.parametrize(("name", "list_"), [
    ("mk/sources.mk", "BASE_SRCS"),
    ("mk/sources.mk", "AUTHORITY_SRCS"),
    ("mk/sources.mk", "UNIT_TESTS"),
    ("mk/sources.mk", "FUZZ_TARGETS"),
    ("mk/client.mk", "CLIENT_UNIT_TESTS"),
    ("gateway/config", "ngx_module_srcs"),
    ("sidecar/module/config", "ngx_module_srcs"),
])


def first_two(text, list_):
    """The first two lines with a file of a list."""
    lines = text.partition(f"\n{list_}")[2].splitlines(keepends=True)
    return lines[1], lines[2]


def name_on(line):
    return line.strip(" \t\\\n")


@LISTS
def test_files_out_of_order(check, name, list_):
    def edit(text):
        first, second = first_two(text, list_)
        return text.replace(first + second, second + first)

    said = check(name, edit)
    assert f"{name}: {list_}: " in said and " comes before " in said


@LISTS
def test_a_file_twice(check, name, list_):
    def edit(text):
        first, _ = first_two(text, list_)
        return text.replace(first, first + first)

    said = check(name, edit)
    assert f"{name}: {list_}: " in said and " stands there twice" in said


@LISTS
def test_two_files_on_a_line(check, name, list_):
    def edit(text):
        first, second = first_two(text, list_)
        return text.replace(first + second, first.rstrip("\\\n") + second.lstrip())

    assert f"{name}: {list_}: one file a line, not: " in check(name, edit)


@LISTS
def test_a_file_that_is_not_there(check, name, list_):
    def edit(text):
        first, _ = first_two(text, list_)
        stem = name_on(first).removesuffix(".c")
        return text.replace(first, first.replace(stem, stem + "_a"), 1)

    assert "_a.c is not there" in check(name, edit)


def test_a_file_behind_the_name_of_the_list(check):
    said = check(edit=lambda text: text.replace("BASE_SRCS = \\\n\t", "BASE_SRCS = "))
    assert ".c does not stand on a line of its own" in said


def test_a_file_in_no_list(check, copy):
    for name in ("base/a.c", "authority/limits/a.c", "gateway/a.c"):
        (copy / name).write_text("")
    said = check()
    for name in ("base/a.c", "authority/limits/a.c", "gateway/a.c"):
        (copy / name).unlink()
    assert "BASE_SRCS: base/a.c is missing" in said
    assert "AUTHORITY_SRCS: authority/limits/a.c is missing" in said
    assert "ngx_module_srcs: gateway/a.c is missing" in said


def test_a_list_that_is_gone(check):
    said = check(edit=lambda text: text.replace("BASE_SRCS", "BASIC_SRCS"))
    assert "BASE_SRCS: there is no such list" in said
