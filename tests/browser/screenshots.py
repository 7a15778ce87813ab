#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""screenshots.py FOLDER - pictures of all pages of the console, in both widths,
light and dark; those of the README into docs/"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent),
                str(Path(__file__).resolve().parents[1] / "support")]

import bunq  # noqa: E402
from looking import PAGES, Page  # noqa: E402
from places import Site, make_browser, see  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OF_README = {"keys-1280-light": "console-keys.png",
             "requests-1280-light": "console-requests.png"}
SIZES = [(360, 780), (1280, 800), (1600, 1000)]


def populate(site):
    """Some users, calls that pass, and calls that do not."""
    shop = bunq.Client(site.gateway).install()
    secret = shop.make_user()
    shop.post("/v1/device-server", {"description": "till 4, shop in Utrecht",
                                    "secret": secret}, token=shop.installation_token)
    shop.post_session(secret)
    for number in range(3):
        site.client(key_number=number + 1)
    shop.secret = secret
    for _ in range(4):
        shop.call("GET", "/v1/user")
    console = site.console()
    keys = console.get("/api/key")
    for key, label in zip(reversed(keys), ["till", "bookkeeping", "test", "web shop"]):
        console.do("PUT", f"/api/key/{key['id']}/label", {"label": label})
    console.do("PUT", f"/api/key/{keys[-1]['id']}/ip",
               {"ip": "203.0.113.7", "status": "ACTIVE"})
    other = shop.from_address("127.0.0.6")
    other.call("GET", "/v1/monetary-account")
    body = b'{"amount": {"value": "12.50", "currency": "EUR"}}'
    signed = shop.headers(body + b"\n", shop.session_token)
    shop.call("POST", "/v1/payment", body,
              signature=signed["X-Bunq-Client-Signature"])
    shop.call("GET", "/v1/user")
    return keys[-1]["id"]


def take(page, name, title, size, dark, key, folder):
    see(page.browser, *size, dark)
    wanted = {"keys": f"keys?q={key}&open={key}",
              "requests": "requests"}.get(name, name)
    page.go(wanted, title)
    if name == "requests":
        row = next(row for row in page.site.console().get("/api/journal")[::-1]
                   if row["mistake"])
        page.go(f"requests?id={row['id']}", title)
        page.wait(lambda: "What should have been signed" in page.text())
    if name == "keys":
        page.wait(lambda: "Permitted addresses" in page.text())
    label = f"{name}-{size[0]}-{'dark' if dark else 'light'}"
    path = folder / f"{label}.png"
    page.browser.save_screenshot(str(path))
    return label, path


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        site = Site(Path(temporary))
        browser = make_browser()
        try:
            key = populate(site)
            page = Page(browser, site)
            page.log_in()
            for name, title in PAGES:
                for size in SIZES:
                    for dark in (False, True):
                        label, path = take(page, name, title, size, dark, key, folder)
                        if label in OF_README:
                            shutil.copy(path, ROOT / "docs" / OF_README[label])
        finally:
            browser.quit()
            site.gateway.close()
    for name in OF_README.values():
        path = ROOT / "docs" / name
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--ext", ".png",
                        "48", path], check=True)


main()
