# SPDX-License-Identifier: Apache-2.0
"""What trivet serve and trivet proxy tell a service manager, and take of it"""
import os
import signal
import socket
import subprocess
import time

import pytest

from gateway import Gateway, NotReady, close_all, with_us
from proxy import Proxy


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as words:
        words.bind(str(tmp_path / "notify"))
        words.settimeout(30)
        yield words


def hear(manager, word):
    """Waits for a word; what comes before it, but for signs of life."""
    before = []
    while True:
        text = manager.recv(1000).decode()
        if text.startswith(word):
            return before
        if text != "WATCHDOG=1":
            before.append(text)


def test_serve_says_how_it_is(manager, tmp_path):
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "4000000"}
    gateway = Gateway(tmp_path / "data")
    gateway.env = env
    with gateway:
        assert hear(manager, "READY=1") == []
        assert hear(manager, "WATCHDOG=1") == []
        gateway.process.send_signal(signal.SIGHUP)
        assert hear(manager, "RELOADING=1\nMONOTONIC_USEC=") == []
        assert hear(manager, "READY=1") == []
        for pid in gateway.nginx_workers():
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)  # what was sent before
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                manager.recv(1000)
        manager.settimeout(3)
        with pytest.raises(TimeoutError):
            manager.recv(1000)
        for pid in gateway.nginx_workers():
            os.kill(pid, signal.SIGCONT)
        manager.settimeout(30)
        assert hear(manager, "WATCHDOG=1") == []
    assert hear(manager, "STOPPING=1") == []


def test_without_a_watchdog_there_is_no_sign_of_life(manager, tmp_path):
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "4000000",
           "WATCHDOG_PID": "1"}  # another process's
    gateway = Gateway(tmp_path / "data")
    gateway.env = env
    with gateway:
        assert hear(manager, "READY=1") == []
        manager.settimeout(3)
        with pytest.raises(TimeoutError):
            manager.recv(1000)


# ---- the proxy ---------------------------------------------------------------


class Activated(Proxy):
    """With a socket that somebody else has opened, as file descriptor 3."""

    given = None
    pid = "$$"
    more = {}

    def spawn(self):
        arguments = self.trivet.command("proxy", "--limits", "off", *self.options)
        script = f'export LISTEN_PID={self.pid} LISTEN_FDS=1; exec 3<&{self.given}; exec "$@"'
        with open(self.stderr_path, "ab") as stderr:
            self.stderr_from = stderr.tell()
            self.process = subprocess.Popen(
                with_us("bash", "-c", script, "bash", *arguments), pass_fds=[self.given],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                env={**self.trivet.environment, **self.more}, start_new_session=True, text=True)
        return self


@pytest.fixture
def activated(caller, tmp_path):
    started = []

    def start(given, **more):
        proxy = Activated(caller)
        proxy.given = given.fileno()
        proxy.more = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        for name, value in more.items():
            setattr(proxy, name, value)
        proxy.start()
        started.append(proxy)
        return proxy

    yield start
    close_all(started)


def listening(path):
    given = socket.socket(socket.AF_UNIX)
    given.bind(str(path))
    path.chmod(0o660)
    given.listen()
    return given


def test_the_proxy_takes_a_socket(activated, manager, tmp_path):
    path = tmp_path / "given"
    with listening(path) as given:
        proxy = activated(given)
        assert hear(manager, "READY=1") == []
        assert proxy.lines[0] == f"ready: unix:{path}"
        assert proxy.get("user").status == 200
        proxy.process.send_signal(signal.SIGHUP)
        assert hear(manager, "RELOADING=1\n") == []
        assert hear(manager, "READY=1") == []
        assert proxy.get("user").status == 200
        proxy.close()
        assert hear(manager, "STOPPING=1") == []
        assert path.stat().st_mode & 0o777 == 0o660  # the manager's, and still there
        again = activated(given)
        assert again.get("user").status == 200


def test_a_tcp_socket(activated, manager):
    with socket.create_server(("127.0.0.1", 0)) as given:
        proxy = activated(given)
        assert proxy.port == given.getsockname()[1]
        assert proxy.get("user").status == 200


def test_what_is_no_listener_of_ours_is_refused(activated, manager):
    with socket.create_server(("0.0.0.0", 0)) as given, pytest.raises(NotReady) as refused:
        activated(given)
    assert "loopback" in refused.value.stderr
    with socket.socket(socket.AF_UNIX) as given, pytest.raises(NotReady) as refused:
        activated(given)
    assert "does not listen" in refused.value.stderr


def test_a_socket_for_another_process_is_not_taken(activated, manager, tmp_path):
    with listening(tmp_path / "given") as given:
        proxy = activated(given, pid="1", options=("--listen", "127.0.0.1:0"))
        assert proxy.address and proxy.get("user").status == 200
