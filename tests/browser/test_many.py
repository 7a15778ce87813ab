# SPDX-License-Identifier: Apache-2.0
"""With 10,000 keys and 100,000 sessions each page shows one page of them, finds
one among all, and leads to the others. How long each takes to be drawn is
printed (pytest -s); nothing timed is asserted."""
import sqlite3

import pytest

import bunq
from looking import PAGES, Page
from places import Site

NUM_KEYS = 10_000
NUM_SESSIONS = 100_000
ON_A_PAGE = 25

# From the moment that the address changes until the page is drawn.
DRAW = """
const [place, done] = arguments;
const main = document.getElementById("main");
const began = performance.now();
new MutationObserver((found, observer) => {
  observer.disconnect();
  requestAnimationFrame(() => done(performance.now() - began));
}).observe(main, {childList: true});
location.hash = place;
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("many"))
    bunq.ready(made.gateway)
    with sqlite3.connect(made.gateway.data / "trivet.db") as store:
        store.executemany(
            "INSERT INTO api_key (created_us, updated_us, user_id, digest, label,"
            " expires_us, bound_us) VALUES (1, 1, 1, ?, ?, 1, 1)",
            ((b"k%031d" % i, f"till {i}") for i in range(NUM_KEYS)))
        store.executemany(
            "INSERT INTO session (created_us, anchored_us, digest, device_id)"
            " VALUES (1, 1, ?, 1)", ((b"s%031d" % i,) for i in range(NUM_SESSIONS)))
    yield made
    made.gateway.close()


@pytest.fixture
def page(chromium, site):
    made = Page(chromium, site)
    made.log_in()
    return made


def draw(page, place):
    ms = page.browser.execute_async_script(DRAW, place)
    print(f"\n    {place}: {ms:.0f} ms", end="")
    return ms


def test_each_page_is_drawn(page):
    for name, title in PAGES[1:] + PAGES[:1]:
        draw(page, f"#/{name}")
        assert page.title() == title
        assert "could not be shown" not in page.text()


@pytest.mark.parametrize("place, row, first", [
    ("#/keys", "main li.card", "till 9999"),
    ("#/sessions", "main tbody tr", str(NUM_SESSIONS + 1))])
def test_a_list_shows_a_page_and_leads_on(page, place, row, first):
    draw(page, place)
    before = page.text(row)
    assert first in before
    assert len(page.all(row)) == ON_A_PAGE
    page.press("Older")
    page.wait(lambda: page.text(row) != before)
    assert len(page.all(row)) == ON_A_PAGE
    page.press("Newer")
    page.wait(lambda: page.text(row) == before)


def test_one_is_found_among_all(page):
    draw(page, "#/keys?q=till%204321")
    assert len(page.all("main li.card")) == 1 and "till 4321" in page.text()
    draw(page, "#/keys?q=till%20x")
    assert page.all("main li.card") == []
    draw(page, "#/sessions?q=54321")
    assert "54321" in page.text("main tbody tr")
    draw(page, "#/sessions?q=nobody")
    assert page.all("main tbody th") == []
