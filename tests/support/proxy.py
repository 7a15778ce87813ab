# SPDX-License-Identifier: Apache-2.0
"""proxy.py - starts and ends `trivet proxy`, and calls through it"""
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from gateway import (
    NotReady, TROUBLE, processes_of_session, processes_using, wait_until, with_us,
)

START_S = 60
STOP_S = 100


class Answer:
    """An answer as a caller sees it."""

    def __init__(self, got):
        self.status = got.status
        self.headers = got.getheaders()
        self.body = got.read()

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, self.headers
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.header("Trivet-Reason")

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def assert_refused(answer, status, reason, *words):
    """A failure of the proxy's own: in the protocol's form, with its reason."""
    assert (answer.status, answer.reason) == (status, reason), answer
    assert answer.header("Content-Type") == "application/json", answer
    (error,) = answer.json["Error"]
    assert set(error) == {"error_description", "error_description_translated"}
    for word in words:
        assert word in error["error_description"], answer
    assert answer.header("Trivet-Verified") is None, answer


class Proxy:
    """`trivet proxy` for the context of a Trivet (trivet_command.py). A context
    manager, as gateway.Gateway is."""

    may_crash = False

    def __init__(self, trivet, *options, listen="127.0.0.1:0"):
        self.trivet = trivet
        self.options = options
        self.listen = listen
        self.data = trivet.file.with_name(trivet.file.name + ".proxy")
        self.process = None
        self.stderr_path = trivet.folder / "proxy.stderr"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    def spawn(self):
        arguments = ["proxy", "--listen", self.listen, *map(str, self.options)]
        with open(self.stderr_path, "ab") as stderr:
            self.stderr_from = stderr.tell()
            self.process = subprocess.Popen(
                with_us(*self.trivet.command(*arguments)),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                env=self.trivet.environment, start_new_session=True, text=True,
            )
        return self

    def start(self):
        self.spawn()
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("next: "):
                break
        ready = [line for line in self.lines if line.startswith("ready: ")]
        if not ready:
            raise NotReady(self.process.wait(STOP_S), "\n".join(self.lines),
                           self.stderr())
        where = ready[0].removeprefix("ready: ")
        self.path = Path(where[5:]) if where.startswith("unix:") else None
        self.address = None if self.path else where.split("/")[2]
        self.url = where
        monitors = [l[9:] for l in self.lines if l.startswith("monitor: ")]
        self.monitor = monitors[0] if monitors else None
        return self

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def stderr(self):
        return self.stderr_path.read_bytes()[self.stderr_from:].decode()

    def log(self, name="error.log"):
        path = self.data / "log" / name
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- calls ---------------------------------------------------------------

    def connection(self, timeout=60):
        if self.path:
            return UnixConnection(self.path, timeout)
        host, _, port = self.address.rpartition(":")
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout)

    def call(self, method, path, body=None, headers=(), connection=None, **kwargs):
        """headers: pairs, of which several may have one name."""
        own = connection or self.connection()
        own.putrequest(method, "/v1/" + path if path[:1] != "/" else path,
                       skip_accept_encoding=True, **kwargs)
        for name, value in headers:
            own.putheader(name, value)
        if body is not None and not any(
                n.lower() in ("content-length", "transfer-encoding") for n, _ in headers):
            own.putheader("Content-Length", str(len(body)))
        own.endheaders(body)
        answer = Answer(own.getresponse())
        if connection is None:
            own.close()
        return answer

    def ask(self, path, headers=()):
        """The monitor."""
        host, _, port = self.monitor.removeprefix("http://").rpartition(":")
        connection = (UnixConnection(self.monitor[5:], 30)
                      if self.monitor.startswith("unix:") else
                      http.client.HTTPConnection(host.strip("[]"), int(port), timeout=30))
        try:
            return self.call("GET", path, headers=headers, connection=connection,
                             skip_host=any(n == "Host" for n, _ in headers))
        finally:
            connection.close()

    def metrics(self):
        """{name and labels: value}"""
        answer = self.ask("/metrics")
        assert answer.status == 200, answer
        rows = [line.rsplit(" ", 1) for line in answer.body.decode().splitlines()
                if not line.startswith("#")]
        return {name.removeprefix("trivet_proxy_"): float(value) for name, value in rows}

    def get(self, path, *headers):
        return self.call("GET", path, headers=headers)

    def post(self, path, body=b"{}", *headers):
        return self.call("POST", path, body, headers)

    def socket(self):
        """A connection without a client that minds what is sent."""
        made = socket.create_connection(("127.0.0.1", self.port), 30)
        return made

    # ---- its end -------------------------------------------------------------

    def processes(self):
        return processes_of_session(self.process.pid)

    def nginx(self):
        """The command lines of nginx's processes."""
        found = {}
        for pid in self.processes():
            try:
                text = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
            except OSError:
                continue
            if text.startswith("nginx"):
                found[pid] = text
        return found

    def workers(self):
        return {pid for pid, text in self.nginx().items() if "worker process" in text}

    def worker(self):
        """The one worker: it takes a moment until its title says so."""
        (worker,) = wait_until(self.workers)
        return worker

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        returncode = self.process.wait(STOP_S)
        self.process.stdout.close()
        return returncode

    def kill_all(self):
        """kill -9 of all, until none is left: a master may start a worker."""
        while pids := self.processes():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def is_gone(self):
        return wait_until(
            lambda: not self.processes() and not processes_using(self.data), 10)

    def close(self, check=True):
        if self.process is None:
            return
        try:
            returncode = self.process.poll()
            if returncode is None:
                returncode = self.stop()
            is_gone = self.is_gone()
        finally:
            self.kill_all()
            self.process.wait(STOP_S)
        if check:
            assert is_gone, self.nginx()
            assert self.may_crash or returncode == 0, self.stderr()
            self.check_logs()

    def check_logs(self):
        for text in (self.log(), self.stderr()):
            match = None if self.may_crash else TROUBLE.search(text)
            assert match is None, text[max(0, match.start() - 500):][:8000]
