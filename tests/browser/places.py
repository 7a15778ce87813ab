# SPDX-License-Identifier: Apache-2.0
"""places.py - a browser, and a gateway with a console for it to look at"""
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

import bunq
from console import Console, link, options
from gateway import Gateway


def make_browser(width=1280, height=900, dark=False):
    wanted = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--ignore-certificate-errors",
                     "--hide-scrollbars", f"--window-size={width},{height}"):
        wanted.add_argument(argument)
    wanted.binary_location = "/usr/bin/chromium"
    wanted.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=wanted,
                               service=Service("/usr/bin/chromedriver"))
    browser.set_script_timeout(30)
    see(browser, width, height, dark)
    return browser


def see(browser, width, height=900, dark=False):
    """The page in a window of this size (a window itself is never below 500)."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})


class Site:
    """A gateway with a console, clients of it, and the API beside the pages."""

    def __init__(self, folder, *more):
        self.console_port, self.option = options()
        self.gateway = Gateway(folder / "data", self.option, *more)
        self.gateway.start()
        self.url = f"https://127.0.0.1:{self.console_port}"

    def link(self, role="operate"):
        return link(self.gateway, role)[0]

    def console(self):
        return Console(self.gateway, self.console_port)

    def client(self, **kwargs):
        return bunq.ready(self.gateway, **kwargs)
