# SPDX-License-Identifier: Apache-2.0
"""looking.py - what a person does with the console, and sees"""
import json

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

WAIT_S = 10

PAGES = [("overview", "Overview"), ("requests", "Requests"), ("keys", "API keys"),
         ("sessions", "Sessions"), ("users", "Users"),
         ("server-keys", "Server keys"), ("audit", "Audit"), ("sandbox", "Sandbox")]


class Page:
    def __init__(self, browser, site):
        self.browser = browser
        self.site = site

    def log_in(self, role="operate"):
        self.browser.get(self.site.link(role))
        self.wait(lambda: self.title() == "Overview")

    def wait(self, condition):
        """Until condition is true; pages are drawn anew meanwhile."""
        return WebDriverWait(
            self.browser, WAIT_S, 0.05,
            [StaleElementReferenceException]).until(lambda _: condition())

    def title(self):
        return self.text("h1")

    def text(self, selector="main"):
        found = self.browser.find_elements(By.CSS_SELECTOR, selector)
        return found[0].text if found else ""

    def go(self, name, title=None):
        self.browser.get("about:blank")  # else the same page is not drawn anew
        self.browser.get(f"{self.site.url}/#/{name}")
        if title:
            self.wait(lambda: self.title() == title)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def button(self, words):
        """By what a screen reader says of it."""
        def find():
            for element in self.all("button, a"):
                if element.accessible_name == words and element.is_displayed():
                    return element
            return None
        return self.wait(find)

    def enter(self, name, words):
        """Fills a field and sends its form."""
        self.wait(lambda: self.fill(name, words).send_keys(Keys.ENTER) is None)

    def press(self, words):
        self.button(words).click()

    def agree(self):
        """To what the dialog asks."""
        self.wait(lambda: self.all("#dialog[open] button.bad"))[0].click()

    def fill(self, name, words):
        """The field, filled."""
        def find():
            box = next(iter(self.all(f"main [name={name}]")), None)
            if box:
                box.clear()
                box.send_keys(words)
            return box
        return self.wait(find)

    def check_console(self):
        """No script failed, and nothing was refused by the page's own policy."""
        bad = [entry for entry in self.browser.get_log("browser")
               if entry["level"] == "SEVERE"
               and "status of 4" not in entry["message"]
               and "status of 5" not in entry["message"]
               and "ERR_CONNECTION_REFUSED" not in entry["message"]]
        assert not bad, bad

    def examine(self, axe):
        """axe-core's findings. The policy lets no page run it by itself."""
        self.browser.execute_script(axe)
        found = self.browser.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document, {resultTypes: ['violations']}).then("
            "(found) => done(found.violations.map((one) => ({id: one.id,"
            " at: one.nodes.map((node) => node.html)}))));")
        return json.dumps(found, indent=1) if found else ""

    def overflows(self):
        """By how much the page is wider than its window."""
        return self.browser.execute_script(
            "return document.documentElement.scrollWidth - innerWidth")
