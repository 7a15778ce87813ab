# SPDX-License-Identifier: Apache-2.0
"""conftest.py - a gateway with a console, and a browser that looks at it

Debian's chromium by its chromedriver. axe-core comes from the npm registry into
build/axe-core, once.
"""
import subprocess

import pytest

from gateway import ROOT, TRIVET
from looking import Page
from places import Site, make_browser, see

AXE = ROOT / "build/axe-core/package/axe.min.js"
AXE_VERSION = "4.10.3"


def pytest_collection_modifyitems(config, items):
    if not TRIVET.exists() and not config.option.collectonly:
        pytest.exit(f"{TRIVET} is not built; TRIVET_BUILD names the folder", 2)


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core."""
    if not AXE.exists():
        folder = AXE.parent.parent
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", f"axe-core@{AXE_VERSION}"],
                       cwd=folder, check=True, timeout=120)
        archive = next(folder.glob("axe-core-*.tgz"))
        subprocess.run(["tar", "xzf", archive.name], cwd=folder, check=True)
    return AXE.read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.gateway.close()


@pytest.fixture(scope="session")
def chromium():
    browser = make_browser()
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium, site):
    """The console, with one who may change things logged in."""
    see(chromium, 1280)
    chromium.delete_all_cookies()
    chromium.get("about:blank")
    made = Page(chromium, site)
    made.log_in()
    yield made
    made.check_console()
