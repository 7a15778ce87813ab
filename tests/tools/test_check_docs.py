# SPDX-License-Identifier: Apache-2.0
"""tools/check-docs: the pages as they are pass, and each way to break them is found"""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["cli", "core", "gateway", "include", "man", "sidecar"]


class Tree:
    """A copy of what the tool reads."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part)

    def change(self, name, old, new):
        path = self.folder / name
        before = path.read_text()
        after = re.sub(old, new, before, count=1, flags=re.S)
        assert after != before
        path.write_text(after)

    def check(self):
        """(whether it passes, what it says)"""
        done = subprocess.run([ROOT / "tools/check-docs"], cwd=self.folder,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        return done.returncode == 0, done.stdout


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_the_pages_as_they_are_pass(tree):
    assert tree.check() == (True, "")


@pytest.mark.parametrize("page", ["trivet-nothing.1", "trivet_nothing.3", "trivet-nothing.7"])
def test_a_page_without_a_source_is_refused(tree, page):
    (tree.folder / "man" / page).write_text(".Dd\n")
    passes, said = tree.check()
    assert not passes and page in said


@pytest.mark.parametrize("command", ["login", "verify", "use", "key", "audit", "serve", "clock"])
def test_a_command_without_a_page_is_refused(tree, command):
    (tree.folder / f"man/trivet-{command}.1").unlink()
    passes, said = tree.check()
    assert not passes and f"man/trivet-{command}.1: not there" in said


def test_a_command_that_is_gone_leaves_its_page_behind(tree):
    tree.change("cli/main.c", "    &cli_prune_command,\n", "")
    passes, said = tree.check()
    assert not passes and "man/trivet-prune.1: no command has this page" in said


def test_a_failure_of_the_proxy_without_its_word_is_refused(tree):
    tree.change("sidecar/failure.c", '"pin-mismatch", 502', '"pin-mismatch", 503')
    passes, said = tree.check()
    assert not passes
    assert "failure pin-mismatch 503: not in man/" in said
    assert "failure pin-mismatch 502: in man/, not in the code" in said


def test_a_directive_of_the_proxy_without_its_word_is_refused(tree):
    tree.change("sidecar/module/module.c", "trivet_proxy_encrypt", "trivet_proxy_other")
    passes, said = tree.check()
    assert not passes and "directive trivet_proxy_other: not in man/" in said


# A command of a context, one of a store, a child, a shared table, short options.
TABLES = [
    ("cli/client/login.c", "trivet-login.1"),
    ("cli/client/call.c", "trivet-call.1"),
    ("cli/client/explain.c", "trivet-verify.1"),
    ("cli/operator/prune.c", "trivet-prune.1"),
    ("cli/operator/key.c", "trivet-key.1"),
    ("cli/operator/audit.c", "trivet-audit.1"),
    ("cli/operator/server_key.c", "trivet-server-key.1"),
    ("cli/sandbox/clock.c", "trivet-clock.1"),
    ("cli/serve/options.c", "trivet-serve.1"),
    ("cli/serve/limits.c", "trivet-serve.1"),
    ("cli/proxy/options.c", "trivet-proxy.1"),
    ("cli/data_dir.c", "trivet-device.1"),
    ("cli/client/options.c", "trivet-context.7"),
]


@pytest.mark.parametrize("source,page", TABLES)
def test_an_option_that_no_page_has_is_refused(tree, source, page):
    tree.change(source, r"(const struct argp_option \w+\[\] = \{)",
                r'\1\n    {"brand-new", OPTION_NEW, NULL, 0, "new", 0},')
    passes, said = tree.check()
    assert not passes and f"{page}: option brand-new: not in man/" in said


@pytest.mark.parametrize("page", sorted({page for _, page in TABLES} - {"trivet-verify.1"}))
def test_an_option_that_no_command_has_is_refused(tree, page):
    tree.change(f"man/{page}", r"\n(\.It Fl )", r"\n.It Fl -long-gone\nGone.\n\1")
    passes, said = tree.check()
    assert not passes and f"{page}: option long-gone: in man/, not in the code" in said


def test_a_child_that_its_page_does_not_name_is_refused(tree):
    tree.change("cli/operator/session.c", r'\.name = "end"', '.name = "terminate"')
    passes, said = tree.check()
    assert not passes and "trivet-session.1: no word of session terminate" in said


@pytest.mark.parametrize("old,new", [
    (r"\.options = options,", ".options = elsewhere,"),
    (r"\.shared = shared,", ".shared = elsewhere,"),
])
def test_a_table_that_cannot_be_found_is_not_skipped(tree, old, new):
    tree.change("cli/client/login.c", old, new)
    passes, said = tree.check()
    assert not passes and "no table elsewhere" in said
