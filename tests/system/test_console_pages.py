# SPDX-License-Identifier: Apache-2.0
"""The console's pages as files: what they are, and that they bring nothing from
elsewhere; a browser looks at them in tests/browser"""
import re

import pytest

from console import Console, options
from gateway import ROOT, Gateway

FOLDER = ROOT / "console"
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*")
               if path.is_file())


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    port, option = options()
    with Gateway(tmp_path_factory.mktemp("site") / "data", option) as gateway:
        yield Console(gateway, port, None)


@pytest.mark.parametrize("name", FILES, ids=str)
def test_each_file_is_answered_as_it_is(stranger, name):
    answer = stranger.ask("GET", f"/{name}")
    assert answer.status_code == 200
    assert answer.content == (FOLDER / name).read_bytes()
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
             ".svg": "image/svg+xml"}
    assert answer.headers["Content-Type"].startswith(kinds[name.suffix])


def test_the_first_page_is_the_index(stranger):
    answer = stranger.ask("GET", "/")
    assert answer.content == (FOLDER / "index.html").read_bytes()
    assert stranger.ask("POST", "/").status_code == 405
    assert stranger.ask("GET", "/pages").status_code == 404


@pytest.mark.parametrize("name", FILES, ids=str)
def test_no_file_is_long_nor_brings_anything_from_elsewhere(name):
    text = (FOLDER / name).read_text()
    assert len(text.splitlines()) <= 400
    found = set(re.findall(r"https?://[^\s\"'`$)]+", text))
    assert found <= {"http://www.w3.org/2000/svg", "https://localhost:8443"}, found
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"
                         r"|\beval\(|new Function|\sstyle=|\son\w+=\"", text)


def test_what_the_first_page_needs_is_small():
    assert sum((FOLDER / path).stat().st_size for path in FILES) < 100_000


def test_the_figures_are_for_who_is_logged_in(stranger):
    assert stranger.ask("GET", "/api/metrics").status_code == 401
