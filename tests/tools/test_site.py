# SPDX-License-Identifier: Apache-2.0
"""The site of `make site`: all pages are there, all links lead somewhere"""
import html.parser
import os
import re
import shutil
import subprocess
import urllib.parse
import xml.etree.ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
# Where a link may lead outside: nothing here can try those.
OUTSIDE = {"manpages.debian.org", "github.com"}
VOID = {"meta", "link", "img", "br", "hr", "source", "input", "wbr", "col"}

pytestmark = pytest.mark.skipif(
    not (shutil.which("lowdown") and shutil.which("mandoc")),
    reason="lowdown or mandoc is not here")


class Page(html.parser.HTMLParser):
    """Its links and anchors; fails on an element that is not closed in its turn."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.open, self.text = [], [], [], ""
        self.counts = {}
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == [], path

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        for name in ("href", "src", "srcset"):
            if name in attrs:
                self.links.append(attrs[name])
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "img":
            assert attrs.get("alt"), attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        while self.open[-1] in ("p", "li", "dt", "dd", "td", "tr") and self.open[-1] != tag:
            self.open.pop()  # whose end HTML lets be left out
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text += data


def make(folder):
    done = subprocess.run([ROOT / "tools/make-site", folder], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return {path.relative_to(folder): Page(path) for path in folder.rglob("*.html")}


def broken(folder, pages):
    """[(page, link)] of those that lead nowhere."""
    found = []
    for page, read in pages.items():
        for link in read.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme == "data":
                continue
            if parts.scheme:
                is_ours = (ROOT / "man" / parts.path.lstrip("/")).is_file()
                if parts.scheme != "https" or parts.netloc not in OUTSIDE or is_ours:
                    found.append((str(page), link))
                continue
            path = urllib.parse.unquote(parts.path)
            target = (folder / page.parent / path).resolve() if path else folder / page
            is_there = target.is_file()
            if is_there and parts.fragment:
                other = pages.get(target.relative_to(folder.resolve()))
                is_there = other is not None and (
                    urllib.parse.unquote(parts.fragment) in other.ids)
            if not is_there:
                found.append((str(page), link))
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    return folder, make(folder)


def test_all_links_lead_somewhere(site):
    folder, pages = site
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert broken(folder, pages) == []


def test_a_link_that_leads_nowhere_is_found(site, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(site[0], folder)
    (folder / "docs/words.html").unlink()
    page = folder / "docs/operating.html"
    page.write_text(page.read_text(encoding="utf-8").replace('id="restore"', 'id="x"'))
    pages = {path.relative_to(folder): Page(path) for path in folder.rglob("*.html")}
    found = broken(folder, pages)
    assert ("docs/operating.html", "#restore") in found
    assert any(link.endswith("words.html") for _, link in found)


def test_each_page_is_there_and_every_page_leads_to_it(site):
    folder, pages = site
    wanted = {Path("man") / f"{path.name}.html" for path in
              (*(ROOT / "man").iterdir(), *(ROOT / "debian/service").glob("*.8"))}
    wanted |= {path.relative_to(ROOT).with_suffix(".html")
               for path in (*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"))
               if path.name != "CHANGELOG.md"}
    assert wanted <= set(pages)
    for page, read in pages.items():
        led = {(folder / page.parent / link.partition("#")[0]).resolve()
               for link in read.links if ":" not in link}
        missing = {each for each in wanted if (folder / each).resolve() not in led}
        assert not missing, (page, missing)
        assert read.counts["h1"] == 1 and len(read.ids) == len(set(read.ids)), page


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_run(site):
    folder, pages = site
    for page, read in pages.items():
        assert "script" not in read.counts and "iframe" not in read.counts, page
    for path in folder.rglob("*"):
        if path.suffix in (".css", ".svg"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"@import|url\((?!#)|xlink|<script|<image", text), path


def test_the_same_sources_give_the_same_bytes(site, tmp_path):
    make(tmp_path / "again")
    files = {path.relative_to(site[0]) for path in site[0].rglob("*") if path.is_file()}
    for path in files:
        assert (tmp_path / "again" / path).read_bytes() == (site[0] / path).read_bytes()


# ---- the pictures ------------------------------------------------------------


def texts(path_or_text):
    tree = xml.etree.ElementTree.fromstring(path_or_text)
    return ["".join(each.itertext()) for each in tree.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", ["steps.svg", "steps-narrow.svg"])
def test_the_three_steps_are_told_in_both_lights(name):
    text = (ROOT / "docs/site" / name).read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in text
    said = " ".join(texts(text))
    for word in ("Installation", "Device", "Session", "public key", "session token"):
        assert word in said


def masked(lines):
    return [re.sub(r"\d+", "N", line) for line in lines]


def test_the_terminal_is_what_the_commands_say_today():
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("no network of its own here")
    done = subprocess.run([ROOT / "tools/record-terminal"], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done
    kept = (ROOT / "docs/site/terminal.svg").read_text(encoding="utf-8")
    assert masked(texts(done.stdout)) == masked(texts(kept))
    assert len(texts(kept)) > 10
