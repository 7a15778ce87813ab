# SPDX-License-Identifier: Apache-2.0
"""Every path that the documents name is in the repository"""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md",
         *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]
# The folders that a path begins with, so that `GET /v1/user` is none.
TOP = {p.name for p in ROOT.iterdir() if p.is_dir()} - {"build", ".git"}


def files():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    ).stdout.split("\n")
    return {name for name in listed if name and (ROOT / name).exists()}


def named(text):
    """What looks like a path in `code` and in [links](path)."""
    code = [word for span in re.findall(r"`([^`\n]+)`", text) for word in span.split()]
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    return code, links


def expand(path):
    """store/noun/session.{h,c}: both."""
    match = re.fullmatch(r"(.*)\{([^}]*)\}(.*)", path)
    return [match[1] + part + match[3] for part in match[2].split(",")] if match else [path]


def missing(text, page, known):
    folders = {str(p) for name in known for p in Path(name).parents}
    stems = {name.rsplit(".", 1)[0] for name in known}
    code, links = named(text)
    lost = []
    for word in code:
        for path in expand(word.split("::")[0].strip(",;:.()").rstrip("/")):
            if path.split("/")[0] not in TOP or "/" not in path or "..." in path:
                continue
            path = re.sub(r"<[^>]*>", "*", path)  # any name
            if "*" in path:
                if not any(Path(name).match(path) for name in known | folders):
                    lost.append(path)
            elif path not in known | folders | stems:
                lost.append(path)
    base = Path(page).parent
    for link in links:
        path = str((ROOT / base / link).resolve().relative_to(ROOT))
        if path not in known | folders:
            lost.append(link)
    return lost


@pytest.mark.skipif(not files(), reason="not a checkout")
@pytest.mark.parametrize("page", PAGES)
def test_each_path_of_a_page_is_there(page):
    assert missing((ROOT / page).read_text(encoding="utf-8"), page, files()) == []


@pytest.mark.parametrize("text", [
    "`core/no_such_rule.c`", "`store/nowhere/`", "`core/decide.{h,x}`",
    "[a page](docs/nowhere.md)", "the file `authority/calls/nothing.c:` has it",
    "`cli/*_nothing.c`", "`authority/no_calls/<noun>.c`",
])
def test_a_path_that_is_not_there_is_found(text):
    assert missing(text, "README.md", files())


@pytest.mark.parametrize("text", [
    "`core/decide.c`", "`core/`", "`core/decide`", "`core/decide.{h,c}`", "`core/*.c`",
    "`authority/calls/<noun>.c`",
    "[a page](ARCHITECTURE.md#words)", "`GET /v1/user`", "`modules/x.so`",
    "[a site](https://example.org/core/nowhere.c)",
])
def test_what_is_there_or_no_path_is_not_complained_of(text):
    assert missing(text, "README.md", files()) == []
