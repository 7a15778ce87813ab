# SPDX-License-Identifier: Apache-2.0
"""The console in a browser: each page and each switch does what it says, seen
from outside by a client"""
import pytest
from selenium.webdriver.common.keys import Keys

import bunq
from looking import PAGES, Page
from places import Site, make_browser, see

SCRIPT = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>"


@pytest.fixture(scope="module")
def people(site):
    """What strangers wrote is in each page: none of it is markup."""
    client = bunq.Client(site.gateway).install()
    secret = client.make_user()
    client.post("/v1/device-server", {"description": SCRIPT, "secret": secret},
                token=client.installation_token)
    client.secret = secret
    client.post_session(secret)
    client.call("GET", "/v1/user?a=1", headers={"X-Evil": SCRIPT}, signature="AAAA")
    site.gateway.trivet("user", "create", SCRIPT)
    site.gateway.trivet("key", "create", "--user", SCRIPT, "--label", SCRIPT)
    return client


# ---- every page ------------------------------------------------------------------


@pytest.mark.parametrize("name, title", PAGES)
@pytest.mark.parametrize("width, dark", [(360, False), (1600, True)])
def test_a_page_is_for_everybody(page, people, axe, name, title, width, dark):
    see(page.browser, width, 900, dark)
    page.go(name, title)
    if name == "keys":
        page.press("API key 1: open")
        page.wait(lambda: "Permitted addresses" in page.text())
    if name == "requests":
        page.all("tbody th a")[0].click()
        page.wait(lambda: "Who" in page.text())
    assert page.examine(axe) == ""
    assert page.overflows() <= 0
    assert "broken" not in page.browser.title
    assert not page.all("main b")


def test_the_keyboard_alone_is_enough(page):
    page.go("sandbox", "Sandbox")
    body = page.browser.switch_to.active_element
    reached = set()
    for _ in range(60):
        body.send_keys(Keys.TAB)
        body = page.browser.switch_to.active_element
        reached.add(body.accessible_name)
    assert {"Overview", "Log out", "Advance the clock: +1 h", "html-502",
            "Reset the sandbox"} <= reached
    page.button("html-502").send_keys(Keys.SPACE)
    page.wait(lambda: bunq.make_session(page.site.gateway).get(
        page.site.gateway.base + "/v1/user").status_code == 502)
    page.wait(lambda: page.button("html-502").get_attribute("aria-checked") == "true")
    page.button("html-502").send_keys(Keys.SPACE)
    page.wait(lambda: page.button("html-502").get_attribute("aria-checked") == "false")


# ---- the menu of API keys --------------------------------------------------------


def test_allow_all_ip_addresses(page):
    client = page.site.client(key_number=2)
    abroad = client.from_address("127.0.0.7")
    key = page.site.console().get("/api/key")[0]["id"]
    page.go(f"keys?open={key}", "API keys")
    switch = f"Allow all IP addresses: API key {key}"
    assert not abroad.is_alive()
    page.press(switch)
    page.press("Cancel")
    assert not abroad.is_alive()
    page.press(switch)
    page.agree()
    page.wait(lambda: page.button(switch).get_attribute("aria-checked") == "true")
    assert abroad.is_alive()
    page.press(switch)
    page.wait(lambda: page.button(switch).get_attribute("aria-checked") == "false")
    assert not abroad.is_alive() and client.is_alive()


def test_an_address_is_permitted_and_taken_away(page):
    client = page.site.client(key_number=3)
    abroad = client.from_address("127.0.0.8")
    key = page.site.console().get("/api/key")[0]["id"]
    page.go(f"keys?open={key}", "API keys")
    page.enter("ip", "127.0.0.8")
    page.wait(abroad.is_alive)
    page.press("127.0.0.8 may use the key")
    page.wait(lambda: not abroad.is_alive())
    page.enter("ip", "no address")
    page.wait(lambda: "IPv4" in page.text("#told"))


def test_a_key_is_made_labelled_and_revoked(page):
    page.go("keys", "API keys")
    page.fill("user", "Till")
    page.press("Make an API key")
    secret = page.wait(lambda: page.text("#dialog pre"))
    assert len(secret) == 64 and secret not in page.browser.current_url
    page.press("Close")
    assert secret not in page.browser.page_source
    client = page.site.client(secret=secret)
    key = page.site.console().get("/api/key")[0]["id"]
    page.go(f"keys?open={key}", "API keys")
    page.wait(lambda: page.all("form input[name=label]"))
    page.press("Revoke")
    page.agree()
    page.wait(lambda: "revoked" in page.text("li.card"))
    assert not client.is_alive()


# ---- sessions, users, server keys, audit -----------------------------------------


def test_a_session_ends(page):
    client = page.site.client()
    number = page.site.console().get("/api/session")[0]["id"]
    page.go("sessions?is_active=true", "Sessions")
    page.press(f"End session {number}")
    page.agree()
    page.wait(lambda: not client.is_alive())


def test_users(page):
    page.go("users", "Users")
    page.fill("name", "Ann of the browser")
    page.press("Make a user")
    page.wait(lambda: "Ann of the browser" in page.text())
    client = page.site.client()
    number = page.site.console().get("/api/key")[0]["user_id"]
    page.go("users", "Users")
    page.press(f"End all sessions of user {number}")
    page.agree()
    page.wait(lambda: not client.is_alive())


def test_a_server_key_is_rotated_and_tells_whom_it_hurts(page):
    client = page.site.client(key_number=4)
    page.go("server-keys", "Server keys")
    page.press("Rotate")
    page.agree()
    page.wait(lambda: "server-2.pem" in page.text())
    assert client.is_alive()
    page.press("Retire server key 1")
    page.wait(lambda: "refused from then on" in page.text("#dialog"))
    page.press("Cancel")
    assert client.is_alive()


def test_the_log_is_whole(page):
    page.go("audit", "Audit")
    page.press("Is it whole?")
    page.wait(lambda: "The log is whole" in page.text("#dialog"))


# ---- the sandbox -----------------------------------------------------------------


def test_the_clock(page):
    client = page.site.client()
    page.go("sandbox", "Sandbox")
    page.press("Advance the clock: +7 d")
    page.wait(lambda: "7 d ahead" in page.text())
    page.press("Advance the clock: +1 h")
    page.wait(lambda: "7 d 1 h ahead" in page.text())
    assert not client.is_alive()
    page.press("Reset")
    page.wait(lambda: "the true time" in page.text())


@pytest.mark.parametrize("button", ["New person", "New company", "New OAuth access"])
def test_a_user_on_one_click(page, button):
    page.go("sandbox", "Sandbox")
    page.press(button)
    secret = page.wait(lambda: page.text("#dialog pre"))
    assert secret.startswith("sandbox_")
    assert page.site.client(secret=secret).is_alive()


# ---- requests --------------------------------------------------------------------


def test_requests_come_by_themselves_and_are_explained(page):
    page.go("requests?verdict=refused", "Requests")
    client = page.site.client()
    client.call("POST", "/v1/session", b'{"a": 1}', signature="AAAA")
    page.wait(lambda: "POST /v1/session" in page.text("table"))
    page.all("tbody th a")[0].click()
    page.wait(lambda: "What should have been signed" in page.text())
    assert '{"a": 1}' in page.text() and "trivet call POST" in page.text()
    assert client.session_token not in page.browser.page_source
    assert "verdict=refused" in page.browser.current_url


# ---- reload, back, two windows, a restart ----------------------------------------


def test_reload_and_back_stay_where_they_are(page):
    page.go("keys?q=nothing-like-it", "API keys")
    page.browser.refresh()
    page.wait(lambda: "No API key." in page.text())
    page.press("Sessions")
    page.wait(lambda: page.title() == "Sessions")
    page.browser.back()
    page.wait(lambda: page.title() == "API keys")
    assert "q=nothing-like-it" in page.browser.current_url


def test_two_windows_have_one_login(page):
    page.browser.switch_to.new_window("tab")
    try:
        page.go("users", "Users")
        page.press("Log out")
        page.wait(lambda: page.title() == "Not logged in")
    finally:
        page.browser.close()
        page.browser.switch_to.window(page.browser.window_handles[0])
    page.press("API keys")
    page.wait(lambda: page.title() == "Not logged in")


def test_the_token_leaves_the_url(page):
    assert len(page.browser.current_url) < 64
    page.browser.get(f"{page.site.url}/#{'0' * 64}")
    page.wait(lambda: page.title() == "Not logged in")
    assert "trivet console" in page.text()


def test_who_looks_is_offered_no_change(page):
    page.browser.delete_all_cookies()
    page.browser.get("about:blank")
    page.log_in("view")
    for name, title in PAGES:
        page.go(name, title)
        assert not page.all("main button.bad, main button.main")
        assert all(not switch.is_enabled()
                   for switch in page.all("main [role=switch]"))


def test_a_restart_asks_for_the_link_of_now(tmp_path):
    site = Site(tmp_path)
    browser = make_browser()
    try:
        page = Page(browser, site)
        page.log_in()
        site.gateway.stop()
        page.press("Users")
        page.wait(lambda: "does not answer" in page.text())
        site.gateway.start()
        page.press("Try again")
        page.wait(lambda: page.title() == "Not logged in")
        page.log_in()
    finally:
        browser.quit()
        site.gateway.close()


# ---- pages of elsewhere ----------------------------------------------------------


def test_a_page_of_elsewhere_changes_nothing(page):
    """Another origin on this machine, with the operator's cookie in the browser."""
    elsewhere = page.site.gateway.base + "/v1/user"
    page.browser.get(elsewhere)
    before = page.site.console().get("/api/user?count=1")
    for field in ({}, {"X-Trivet-Console": "1"}):
        done = page.browser.execute_async_script(
            "const [url, headers, done] = arguments;"
            "fetch(url, {method: 'POST', credentials: 'include', headers,"
            " body: '{\"name\":\"evil\"}'}).then((answer) => done(answer.type),"
            " () => done('failed'));", page.site.url + "/api/user", field)
        assert done == "failed"
    assert page.site.console().get("/api/user?count=1") == before
    page.browser.get_log("browser")  # it tells of what was blocked
