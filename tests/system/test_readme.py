# SPDX-License-Identifier: Apache-2.0
"""Every line to paste in README.md, run as it stands there.

The lines use the default port and the default data directory, so they run in a
network namespace and a home of their own.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from nginx import HTTP2

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(
    not os.environ.get("TRIVET_BUILD", "").endswith("/release"),
    reason="the README is about the build for use",
)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.M | re.S)


def lines():
    return [line for block in blocks("sh") for line in block.splitlines() if line]


def namespace():
    """A command prefix that gives a loopback of one's own; [] if not allowed."""
    up = "ip link set lo up && exec \"$@\""
    for flags in (["-n"], ["-rn"]):
        command = ["unshare", *flags, "sh", "-c", up, "sh"]
        if shutil.which("ip") and subprocess.run(
            [*command, "true"], capture_output=True, check=False
        ).returncode == 0:
            return command
    return []


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Terminal:
    """Two terminals of a stranger: one that serves, one that tries."""

    def __init__(self, home):
        self.home = home
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        }
        self.serving = None
        self.background = None
        self.prefix = []

    def serve(self, line):
        self.stop()
        log = open(self.home / "serve.log", "w+", encoding="utf-8")
        self.serving = subprocess.Popen(
            [*namespace(), "sh", "-c", "exec " + line], cwd=ROOT, env=self.env,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while "\nready: https://localhost:8443/v1\n" not in self.said():
            assert self.serving.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        if namespace():
            self.prefix = ["nsenter", "-t", str(self.serving.pid), "-n"]
            if os.geteuid() != 0:
                self.prefix.insert(1, "-U")

    def said(self):
        return (self.home / "serve.log").read_text(encoding="utf-8")

    def paste(self, line):
        done = subprocess.run(
            [*self.prefix, "bash", "-c", line], cwd=ROOT, env=self.env,
            capture_output=True, text=True, timeout=60, check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, line):
        """A line that ends with "&": what it said, until it said `next:`."""
        self.background = subprocess.Popen(
            [*self.prefix, "bash", "-c", "exec " + line.removesuffix("&")], cwd=ROOT,
            env=self.env, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )
        said = ""
        while "next: " not in said:
            more = self.background.stdout.readline()
            assert more, said
            said += more
        return said

    def end(self):
        if self.background is not None:
            self.background.terminate()
            assert self.background.wait(30) == 0
            self.background.stdout.close()
            self.background = None

    def stop(self):
        self.end()
        if self.serving is not None:
            self.serving.send_signal(signal.SIGINT)
            assert self.serving.wait(30) == 0
            self.serving = None


@pytest.fixture
def terminal(tmp_path):
    if not namespace() and not is_free(8443):
        pytest.skip("no network namespaces here, and port 8443 is taken")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.stop()


def test_each_line_of_the_readme_works_in_its_order(terminal):
    seen = []
    for line in lines():
        seen.append(line)
        if line.startswith("./run"):
            terminal.serve(line)
            continue
        if line == "kill %1":
            terminal.end()
            continue
        said = terminal.begin(line) if line.endswith("&") else terminal.paste(line)
        if line == "examples/handshake.sh":
            assert "done: every answer's signature was right" in said
        elif "sandbox-user-person" in line:
            assert re.search(r"sandbox_[0-9a-f]{56}", said)
        elif "key create" in line:
            assert re.fullmatch(r"[0-9a-f]{64}\n", said)
        elif "key list" in line:
            assert "Alice" in said and "PENDING_FIRST_USE" in said
        elif "trivet login" in line:
            assert "logged in at https://localhost:8443/v1" in said
        elif "trivet call" in line:
            assert '{"Response":[{' in said
        elif "trivet status" in line:
            assert "session   alive" in said
        elif "trivet proxy" in line:
            assert said.startswith("ready: http://127.0.0.1:8480/v1\n")
        elif "127.0.0.1:8480" in line:
            assert '{"Response":[{' in said
        elif "trivet clock" in line:
            assert (" UTC, 8 d 0 h ahead" in said) == line.endswith("+8d")
        elif line.endswith("trivet incident"):
            assert re.search("^session-dies +on ", said, flags=re.M)
            assert re.search("^slow +off ", said, flags=re.M)
        elif "trivet incident" in line:
            assert said == ""
        else:
            pytest.fail(f"no test for the README's line: {line}")
    assert "./run" in seen and "examples/handshake.sh" in seen


def test_inline_commands_of_the_readme_work(terminal):
    for line in ("./run --profile current", "./run --rate-limits off"):
        assert line in README
        terminal.serve(line)


def test_the_nginx_lines_of_the_readme_are_a_configuration(tmp_path):
    (block,) = blocks("nginx")
    build = Path(os.environ["TRIVET_BUILD"])
    key = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
         "-out", tmp_path / "tls.crt", "-subj", "/CN=localhost"],
        check=True, capture_output=True,
    )
    key.chmod(0o600)

    conf = block.replace(
        "modules/ngx_http_trivet_module.so", str(build / "ngx_http_trivet_module.so")
    ).replace("/etc/trivet/server.pem", str(key)).replace(
        "http2 on;", HTTP2[1]
    ).replace(
        "listen 443 ssl;",
        f"listen 127.0.0.1:443 ssl{HTTP2[0]}; ssl_certificate {tmp_path}/tls.crt;"
        f" ssl_certificate_key {key};",
    ).replace("http {", "http {\n upstream api { server 127.0.0.1:8000; }\n" + "".join(
        f" {name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    ) + " access_log off;\n", 1)
    (tmp_path / "nginx.conf").write_text(
        conf + f"\npid {tmp_path}/pid;\nevents {{}}\n", encoding="utf-8"
    )

    done = subprocess.run(
        [build / "nginx-root/usr/sbin/nginx", "-t", "-e", "stderr",
         "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr

