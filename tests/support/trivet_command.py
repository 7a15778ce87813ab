# SPDX-License-Identifier: Apache-2.0
"""trivet_command.py - the command trivet in a home of its own"""
import datetime
import json
import os
import subprocess

import pytest

from gateway import BUILD

MODULE = BUILD / "ngx_http_trivet_module.so"

needs_gateway = pytest.mark.skipif(not MODULE.exists(), reason="the gateway is not built")


class Trivet:
    """Runs the command in a home of its own."""

    def __init__(self, folder, ca):
        self.folder = folder
        self.ca = ca
        self.environment = {
            k: v for k, v in os.environ.items()
            if not k.startswith("TRIVET_") and not k.endswith("_proxy")}
        self.environment["TRIVET_CONFIG_DIR"] = str(folder / "config")
        self.environment["HOME"] = str(folder)
        self.environment.setdefault("ASAN_OPTIONS", "detect_leaks=1")

    @property
    def file(self):
        return self.folder / "config" / "contexts" / "default.json"

    @property
    def throttle_file(self):
        return self.file.with_name(self.file.name + ".throttle")

    def forget_limits(self):
        """As if half a minute had passed."""
        self.throttle_file.unlink(missing_ok=True)
        self.age_session()

    def age_session(self):
        if not self.file.exists():
            return  # nobody logged in yet
        content = json.loads(self.file.read_text())
        own = content.get("trivet", {})
        if "session_expires" in own:
            form = "%Y-%m-%d %H:%M:%S.%f"
            at = datetime.datetime.strptime(own["session_expires"], form)
            at -= datetime.timedelta(seconds=31)
            own["session_expires"] = at.strftime(form)
            self.file.write_text(json.dumps(content))

    def command(self, *arguments):
        return [str(BUILD / "trivet"), *map(str, arguments)]

    def __call__(self, *arguments, text=None, timeout=120, env=None):
        return subprocess.run(
            self.command(*arguments), input=text, timeout=timeout,
            capture_output=True,
            text=not isinstance(text, bytes),
            env={**self.environment, **(env or {})})

    def start(self, *arguments, **kwargs):
        return subprocess.Popen(
            self.command(*arguments), env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **kwargs)

    def login(self, server, *arguments, **kwargs):
        return self("login", "--url", server.url, "--ca", self.ca,
                    "--api-key-file", "-", *arguments,
                    text=server.protocol.api_key, **kwargs)


def login(client, gateway, *arguments):
    return client("login", "--url", gateway.url, "--ca", gateway.ca,
                  "--new-sandbox-user", *arguments)
