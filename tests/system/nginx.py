# SPDX-License-Identifier: Apache-2.0
"""nginx.py - the module in an nginx of our own configuration"""
import contextlib
import os
import re
import signal
import subprocess
import time

import bunq
import stores
from gateway import BUILD, Gateway, environment, free_port, wait_until, with_us
from gateway import TRIVET as TRIVET_COMMAND

NGINX = os.environ.get("TRIVET_NGINX", str(BUILD / "nginx-root/usr/sbin/nginx"))
MODULE = os.environ.get("TRIVET_MODULE", str(BUILD / "ngx_http_trivet_module.so"))



def find_http2():
    """How HTTP/2 is switched on: a word of listen, or from 1.25.1 on a directive."""
    text = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True,
                          env=environment()).stderr
    version = tuple(int(part) for part in re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", text).groups())
    return ("", "http2 on;") if version >= (1, 25, 1) else (" http2", "")


HTTP2 = find_http2()

TEMPLATE = """
load_module {module};
daemon off;
user {user};
worker_processes 2;
pid {data}/own-{port}.pid;
error_log {data}/log/error.log info;
{top}
events {{ worker_connections 512; }}
http {{
    access_log {data}/log/access.log;
    client_body_temp_path {data}/tmp/own-body;
    proxy_temp_path {data}/tmp/own-proxy;
    fastcgi_temp_path {data}/tmp/own-fastcgi;
    uwsgi_temp_path {data}/tmp/own-uwsgi;
    scgi_temp_path {data}/tmp/own-scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
{trivet}
{http}
    server {{
        listen 127.0.0.1:{port} ssl{http2} {listen};
        {http2_on}
        ssl_certificate {data}/tls.crt;
        ssl_certificate_key {data}/tls.key;
{server}
        location /v1/ {{
            trivet_calls on;
            trivet_protect on;
            {target}
{location}
        }}
{locations}
    }}
}}
"""

TRIVET = """
    trivet_store {store};
    trivet_server_key {data}/server.pem;
    trivet_profile strict;
    trivet_sandbox on;
"""


def spooled(gateway):
    """The sizes of the temporary files that the gateway holds, named or not."""
    sizes = []
    for pid in gateway.processes():
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                name = f"/proc/{pid}/fd/{fd}"
                with contextlib.suppress(OSError):
                    if "/tmp/" in os.readlink(name).removeprefix("/tmp/"):
                        sizes.append(os.stat(name).st_size)
    return sizes


class Nginx(Gateway):
    """An nginx whose configuration is put together from parts. `upstream` makes
    it a proxy; otherwise it has the built-in API."""

    def __init__(self, data, upstream=None, trivet=TRIVET, **parts):
        super().__init__(data)
        self.host = "127.0.0.1"
        self.target = (
            f"proxy_pass {upstream.url};" if upstream else "trivet_identity;"
        )
        self.trivet_part = trivet
        self.parts = parts

    def store_url(self):
        options = stores.options_for(TRIVET_COMMAND, self.data)
        return options[1] if options else f"sqlite:{self.data}/trivet.db"

    def write(self, path):
        import pwd

        names = ("top", "http", "listen", "server", "location", "locations")
        parts = {name: self.parts.get(name, "") for name in names}
        text = TEMPLATE.format(
            module=MODULE,
            user=pwd.getpwuid(os.getuid()).pw_name,
            data=self.data,
            port=self.port,
            http2=HTTP2[0],
            http2_on=HTTP2[1],
            target=self.target,
            trivet=self.trivet_part.format(data=self.data, store=self.store_url()),
            **parts,
        )
        if os.getuid() != 0:
            text = "\n".join(
                line for line in text.split("\n") if not line.startswith("user ")
            )
        path.write_text(text)
        return path

    def command(self, *args):
        self.port = getattr(self, "port", None) or free_port()
        path = self.write(self.data / "own.conf")
        return [NGINX, "-p", str(self.data), "-c", str(path), *args]

    def check(self):
        """`nginx -t`: its status and what it says."""
        result = subprocess.run(
            self.command("-t", "-e", f"{self.data}/log/check.log"),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
        )
        return result.returncode, result.stderr

    def start(self):
        for _ in range(5):
            self.stderr_path = self.data / "own.stderr"
            with open(self.stderr_path, "wb") as stderr:
                self.stderr_from = 0
                self.process = subprocess.Popen(
                    with_us(*self.command("-e", f"{self.data}/log/error.log")),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    env=environment(**self.env),
                    start_new_session=True,
                )
            if self.wait_until_listening():
                return self
            self.process.wait(20)
            if "Address already in use" not in self.stderr():
                break
            self.port = None  # somebody was faster: another one
        raise AssertionError(self.stderr())

    def wait_until_listening(self):
        import socket

        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 5).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def nginx_master(self):
        return self.process.pid

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def is_gone(self, timeout_s=10):
        # another nginx may be at work on the same data
        return wait_until(lambda: not self.processes(), timeout_s)

    def check_logs(self):
        # an nginx that could not listen at first has said so with [emerg]
        self.may_crash = self.may_crash or "in use" in self.log()
        super().check_logs()


def steps(gateway, make_wire, number=0, address_headers=(), permitted_ips=None):
    """The three steps over bare wires; a Client that holds what they gave."""
    client = bunq.Client(gateway, key_number=number)

    def call(path, body, token=None):
        body = bunq.json.dumps(body).encode() if body is not None else b""
        headers = list(client.headers(body, token).items())
        headers += address_headers
        with make_wire() as wire:
            answer = wire.request("POST", path, headers, body).answer()
        bunq.assert_admitted(answer)
        return answer

    body = {"client_public_key": bunq.public_pem(client.key)}
    answer = call("/v1/installation", body)
    client.installation_token = answer.element("Token")["token"]
    client.server_key = bunq.serialization.load_pem_public_key(
        answer.element("ServerPublicKey")["server_public_key"].encode()
    )
    client.secret = call("/v1/sandbox-user-person", None).element("ApiKey")["api_key"]
    body = {"description": "x", "secret": client.secret}
    body["permitted_ips"] = permitted_ips
    answer = call("/v1/device-server", body, client.installation_token)
    client.device_id = answer.element("Id")["id"]
    answer = call(
        "/v1/session-server", {"secret": client.secret}, client.installation_token
    )
    client.session_token = answer.element("Token")["token"]
    client.user = answer.element("UserPerson")
    return client


def get(client, make_wire, path="/v1/user", headers=()):
    """A signed GET over a bare wire."""
    with make_wire() as wire:
        sent = [*client.headers().items(), *headers]
        return wire.request("GET", path, sent).answer()


TEXT = b'{"Response":[{"Text":{"text":"' + b"abc " * 500 + b'"}}]}'


def is_whole(answer, client, body=None):
    bunq.assert_admitted(answer, client.server_key)
    assert body is None or answer.body == body
