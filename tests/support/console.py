# SPDX-License-Identifier: Apache-2.0
"""console.py - the console's API, as a browser's page calls it"""
import contextlib
import json

import requests

from gateway import Gateway, free_port, run


def options():
    """Of a gateway with a console, and the port of that."""
    port = free_port()
    return port, f"--console=127.0.0.1:{port}"


@contextlib.contextmanager
def console_site(folder, *more):
    """A gateway with a console, whose port is console_port, and more options."""
    port, option = options()
    with Gateway(folder / "data", option, *more) as gateway:
        gateway.console_port = port
        yield gateway


def link(gateway, role="operate"):
    """The link that lets in, and its token."""
    done = run("console", "--role", role, "--data", gateway.data, "--json",
               check=True)
    told = json.loads(done.stdout)
    return told["link"], told["link"].split("#")[1]


class Console:
    """One who is logged in, or not (role None)."""

    def __init__(self, gateway, port, role="operate"):
        self.base = f"https://127.0.0.1:{port}"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(gateway.ca)
        if role is not None:
            answer = self.log_in(link(gateway, role)[1])
            assert answer.status_code == 200, answer.text

    def log_in(self, token):
        """Its answer; from now on each call has the page's key."""
        answer = self.ask("POST", "/api/login", {"token": token})
        if answer.status_code == 200:
            self.http.headers["X-Trivet-Console-Key"] = self.rows(answer)[0]["page_key"]
        return answer

    def ask(self, method, path, body=None, headers=None, **kwargs):
        """The bare answer."""
        fields = {"X-Trivet-Console": "1"} if method != "GET" else {}
        fields.update(headers or {})
        return self.http.request(method, self.base + path, json=body,
                                 headers=fields, timeout=30, **kwargs)

    def get(self, path):
        return self.rows(self.ask("GET", path))

    def do(self, method, path, body=None):
        return self.rows(self.ask(method, path, body))

    @staticmethod
    def rows(answer):
        """What is in the elements of an answer that must be one."""
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return [next(iter(element.values()))
                for element in answer.json()["Response"]]
