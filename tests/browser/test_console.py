# SPDX-License-Identifier: Apache-2.0
"""The console in a browser: each page and each switch does what it says, seen
from outside by a client"""
import hashlib
import json
import subprocess
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from selenium.webdriver.common.keys import Keys

import bunq
import psp
from gateway import BUILD
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


def shown_in_dialog(page, name):
    """The text behind a button "Copy: NAME"."""
    return page.browser.execute_script(
        "return [...document.querySelectorAll('#dialog div')].find((part) =>"
        " part.querySelector('button')?.getAttribute('aria-label') === arguments[0])"
        "?.querySelector('pre').textContent", f"Copy: {name}")


def test_a_provider_on_one_click(page, axe):
    page.go("sandbox", "Sandbox")
    page.press("New provider (PSD2)")
    key = page.wait(lambda: shown_in_dialog(page, "Private key"))
    made = SimpleNamespace(
        pem=shown_in_dialog(page, "Certificate"),
        key=serialization.load_pem_private_key(key.encode(), None))
    root = SimpleNamespace(pem=shown_in_dialog(page, "Chain"))
    assert "create_for_psd2" in page.text("#dialog")
    assert "trivet login" in shown_in_dialog(page, "trivet")
    assert page.examine(axe) == "" and page.overflows() <= 0
    page.press("Close")
    assert key not in page.browser.page_source and "PRIVATE" not in page.browser.page_source
    assert page.site.console().get("/api/audit?count=1")[0]["event"] == "provider-made"
    client = bunq.Client(page.site.gateway).install()
    answer = client.post(psp.PATH, psp.claim(client, made, root),
                         token=client.installation_token)
    bunq.assert_admitted(answer, client.server_key)
    client.register(answer.element("CredentialPasswordIp")["token_value"]).open()
    assert client.is_alive()
    assert client.get("/v1/user").types == ["UserPaymentServiceProvider"]
    other = bunq.Client(page.site.gateway).install()
    answer = other.post(psp.PATH, psp.claim(other, made, root, key=bunq.key(1)),
                        token=other.installation_token)
    bunq.assert_refused(answer, 400)


def paste(folder, *texts):
    """Into a shell, with trivet on its path; gives what it prints."""
    environment = {"PATH": f"{BUILD}:/usr/bin:/bin", "HOME": str(folder),
                   "TRIVET_CONFIG_DIR": str(folder / "config")}
    done = subprocess.run(["/bin/sh", "-e"], input="\n".join(texts), text=True,
                          capture_output=True, cwd=folder, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_of_a_person_log_in(page, tmp_path):
    page.go("sandbox", "Sandbox")
    page.press("New person")
    page.wait(lambda: shown_in_dialog(page, "trivet"))
    told = paste(tmp_path, shown_in_dialog(page, "trivet"))
    assert "Sandbox Person (UserPerson" in told


def test_the_lines_of_a_provider_log_in(page, tmp_path):
    page.go("sandbox", "Sandbox")
    page.press("New provider (PSD2)")
    page.wait(lambda: shown_in_dialog(page, "trivet"))
    files = shown_in_dialog(page, "Save the files (in a shell)")
    told = paste(tmp_path, files, shown_in_dialog(page, "trivet"))
    assert "Sandbox Provider PISP AISP (UserPaymentServiceProvider" in told
    client = bunq.Client(page.site.gateway).install()
    (tmp_path / "public.pem").write_text(bunq.public_pem(client.key))
    (tmp_path / "private.pem").write_bytes(client.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    told = paste(tmp_path, f"TOKEN={client.installation_token}",
                 shown_in_dialog(page, "curl: the certificate for an API key"))
    key = json.loads(told)["Response"][0]["CredentialPasswordIp"]["token_value"]
    assert client.register(key).open().is_alive()


def test_each_sdk_has_its_line(page):
    page.go("sandbox", "Sandbox")
    page.press("New person")
    secret = page.wait(lambda: page.text("#dialog pre"))
    for name in ("trivet", "curl: the three steps, in bash", "Python SDK", "PHP SDK",
                 "Java SDK", "C# SDK", "JavaScript client"):
        text = shown_in_dialog(page, name)
        assert text and secret in text, name


# ---- requests --------------------------------------------------------------------


def test_what_was_signed_is_beside_what_should_have_been(page, axe):
    client = page.site.client()
    client.call("POST", bunq.ECHO, b'{"a": 1}', signature=client.sign(b'{"a": 1}\r\n'))
    look_at(page, target=bunq.ECHO, mistake="trailing-newline")
    page.wait(lambda: page.all("section[aria-label='What was signed']"))
    assert "They differ from line 1, character 9 on." in page.text()
    assert page.text("section[aria-label='What was signed'] mark").strip() == "[CR][LF]"
    assert page.text("section[aria-label='What should have been signed'] mark") \
        == "(here it ends)"
    see(page.browser, 360)
    assert page.examine(axe) == "" and page.overflows() <= 0


def test_of_other_bytes_there_are_digests(page):
    client = page.site.client()
    client.call("POST", bunq.ECHO, b'{"a": 2}', signature=client.sign(b"else"))
    look_at(page, target=bunq.ECHO, body='{"a": 2}')
    page.wait(lambda: hashlib.sha256(b"else").hexdigest() in page.text())
    assert hashlib.sha256(b'{"a": 2}').hexdigest() in page.text()
    assert not page.all("mark")


def test_requests_come_by_themselves_and_are_explained(page):
    page.go("requests?verdict=refused", "Requests")
    client = page.site.client()
    client.call("POST", "/v1/session", b'{"a": 1}', signature="AAAA")
    page.wait(lambda: "POST /v1/session" in page.text("table"))
    page.all("tbody th a")[0].click()
    page.wait(lambda: "What should have been signed" in page.text())
    assert '{"a": 1}' in page.text() and "-- POST 'session'" in page.text()
    assert client.session_token not in page.browser.page_source
    assert "verdict=refused" in page.browser.current_url


# ---- trying it again -------------------------------------------------------------

AGAIN = "Try it again as it should have been signed"


def newest(page, **wanted):
    """The newest request of the journal that is so: it is written down after it was
    answered."""
    def find():
        return [row for row in page.site.console().get("/api/journal?count=200")[::-1]
                if all(row[name] == value for name, value in wanted.items())]

    return page.wait(find)[0]


def look_at(page, **wanted):
    row = newest(page, **wanted)
    page.go(f"requests?id={row['id']}", "Requests")
    page.wait(lambda: page.all("section.card"))
    return row


def steps(page):
    return [item.text for item in page.all("section[aria-label='Try it again'] li")]


def tried_again(page):
    """The status and the words on the answer of the last step."""
    return page.wait(lambda: page.text("section[aria-label='Tried again'] p"))


def test_a_wrongly_signed_request_is_tried_again(page, axe):
    client = page.site.client()
    body = b'{"amount": {"value": "12.50"}, "name": "\xc3\xa9"}'
    answer = client.call("POST", bunq.ECHO + "?a=1", body,
                         signature=client.sign(body + b"\n"))
    assert answer.status == 400
    row = look_at(page, target=bunq.ECHO + "?a=1")
    page.press(AGAIN)
    assert tried_again(page) == "200, its signature is right"
    assert len(steps(page)) == 4
    assert all(step.endswith(": 200, its signature is right") for step in steps(page))
    assert "400, signature-wrong" in page.text("section[aria-label='What failed']")
    for width in (360, 1280):
        see(page.browser, width)
        assert page.overflows() <= 0
        assert page.examine(axe) == ""
    again = newest(page, target=row["target"], is_admitted=True)
    assert again["id"] > row["id"]
    assert again["body"] == body.decode() and again["user_id"] == row["user_id"]
    key = page.site.console().get("/api/key?count=1")[0]
    assert key["label"] == "console: try again" and key["user_id"] == row["user_id"]
    page.wait(lambda: page.site.console().get("/api/key?count=1")[0]["status"] == "REVOKED")
    events = [line["event"] for line in page.site.console().get("/api/audit?count=20")
              if line["actor"].startswith("operator:")]
    assert {"key-created", "key-revoked"} <= set(events)


def test_what_is_refused_again_is_shown_as_it_is(page):
    client = page.site.client()
    assert client.get("/v1/user/999999", signature="AAAA").status == 400
    look_at(page, target="/v1/user/999999")
    page.press(AGAIN)
    assert tried_again(page).startswith("40") and "is right" in tried_again(page)
    assert "Error" in page.text("section[aria-label='Tried again'] pre")


@pytest.mark.parametrize("incident, words", [
    ("wrong-signature", "its signature is wrong: do not trust it"),
    ("html-502", "502, it is not signed"), ("429-unsigned", "429, it is not signed")])
def test_in_an_incident_the_page_goes_no_further(page, incident, words):
    client = page.site.client()
    assert client.get("/v1/user?bad", signature="AAAA").status == 400
    look_at(page, target="/v1/user?bad")
    page.site.console().do("PUT", f"/api/sandbox/incident/{incident}", {"state": "on"})
    try:
        page.press(AGAIN)
        page.wait(lambda: "The steps end here" in page.text())
    finally:
        page.site.console().do("PUT", f"/api/sandbox/incident/{incident}",
                               {"state": "off"})
    assert words in steps(page)[-1] and not page.all("section[aria-label='Tried again']")


@pytest.mark.parametrize("path, last", [
    ("installation", "POST /v1/installation"),
    ("device-server", "POST /v1/device-server"),
    ("session-server", "POST /v1/session-server")])
def test_the_steps_stop_at_the_call_itself(page, path, last):
    client = page.site.client()
    client.post(f"/v1/{path}", {"description": "x", "secret": client.secret},
                token=client.installation_token, signature="AAAA")
    look_at(page, call=last)
    page.press(AGAIN)
    assert tried_again(page) == "200, its signature is right"
    assert steps(page)[-1].startswith(last)


def test_nobodys_request_is_tried_again_as_a_new_person(page):
    bunq.Client(page.site.gateway).get("/v1/user?nobody", token="0" * 64)
    look_at(page, target="/v1/user?nobody")
    assert "a new sandbox person" in page.text("section[aria-label='Try it again']")
    assert page.text("section[aria-label='Body'] pre") == "(nothing)"
    page.press(AGAIN)
    assert tried_again(page) == "200, its signature is right"


@pytest.mark.parametrize("body", [b'{"token": "abc"}', b"\xff", b"x" * 9000])
def test_what_is_not_whole_is_not_sent_again(page, body):
    client = page.site.client()
    client.post("/v1/cut", body, signature="AAAA")
    look_at(page, target="/v1/cut")
    assert "can not be sent again" in page.text("section[aria-label='Try it again']")
    assert not page.all("section[aria-label='Try it again'] button")


def test_a_path_that_a_browser_changes_is_not_sent_again(page):
    target = "//elsewhere.example/../v1/user"
    with bunq.Wire(page.site.gateway) as wire:
        assert wire.request("GET", target).answer().status == 401
    look_at(page, target=target)
    assert "change its path" in page.text("section[aria-label='Try it again']")
    assert not page.all("section[aria-label='Try it again'] button")


def test_who_looks_tries_nothing(page):
    page.browser.delete_all_cookies()
    page.browser.get("about:blank")
    page.log_in("view")
    page.site.client().get("/v1/user?looked", signature="AAAA")
    look_at(page, target="/v1/user?looked")
    assert not page.all("section[aria-label='Try it again']")
    assert "trivet call -- GET" in page.text()


@pytest.mark.parametrize("profile", ["current", "classic"])
def test_it_signs_as_the_profile_asks(tmp_path, chromium, profile):
    site = Site(tmp_path, "--profile", profile)
    try:
        chromium.delete_all_cookies()
        page = Page(chromium, site)
        page.log_in()
        bunq.Client(site.gateway).post("/v1/echo", {"a": 1}, token="0" * 64)
        look_at(page, target="/v1/echo")
        page.press(AGAIN)
        assert tried_again(page) == "200, its signature is right"
    finally:
        chromium.get("about:blank")
        site.gateway.close()


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
