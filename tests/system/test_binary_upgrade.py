# SPDX-License-Identifier: Apache-2.0
"""Two generations of nginx at once: its binary is upgraded (USR2)"""
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

import bunq
from bunq import REQUEST_ID
from gateway import IS_SANITIZED, Gateway, _stat, close_all, environment, wait_until, with_us
from nginx import TRIVET, Nginx

# nginx gives its next generation an environment of its own making.
pytestmark = pytest.mark.skipif(
    IS_SANITIZED, reason="ASan wants to be loaded first")

TRIVET = TRIVET.replace("strict", "strict request-id=per-device")
SUFFIX = "trivet.db-request-ids"

# nginx takes USR2 only once the process that started it is gone.
ORPHAN = """
pid=$1; shift
("$@" & for i in $(seq 500); do [ -s $pid ] && break; sleep 0.02; done)
trap 'kill -TERM $(cat $pid)' TERM
# Between two generations there is none for a moment.
while [ -s $pid ] || { sleep 0.5; [ -s $pid ]; }; do sleep 0.05; done
"""


class Upgradable(Nginx):
    def __init__(self, data):
        super().__init__(data, trivet=TRIVET, server="add_header X-Worker $pid always;")

    @property
    def pid_path(self):
        return self.data / f"own-{self.port}.pid"

    def start(self):
        self.stderr_path = self.data / "own.stderr"
        self.stderr_from = 0
        command = self.command("-e", f"{self.data}/log/error.log")
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                with_us("sh", "-c", ORPHAN, "sh", self.pid_path, *command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(**self.env),
                start_new_session=True,
            )
        assert wait_until(self.wait_until_listening, 20), self.stderr()
        assert wait_until(self.is_orphan, 10)
        return self

    def is_orphan(self):
        master = self.nginx_master()
        with contextlib.suppress(OSError):  # its parent has just ended
            return master and _stat(_stat(master)["parent"])["session"] != self.process.pid
        return False

    def nginx_master(self):
        with contextlib.suppress(OSError, ValueError):
            return int(self.pid_path.read_text())
        return None

    def upgrade(self):
        """The old master, when the new one is there with its workers."""
        old = self.nginx_master()
        os.kill(old, signal.SIGUSR2)
        assert wait_until(
            lambda: self.nginx_master() not in (None, old) and self.nginx_workers(), 20
        ), self.log()
        return old


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("prepared") / "data") as gateway:
        pass
    return gateway.data


@pytest.fixture
def data(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def nginx(data):
    nginx = Upgradable(data)
    try:
        yield nginx.start()
    finally:
        close_all([nginx])


def get(client, value):
    return client.get("/v1/user", headers={REQUEST_ID: value})


def worker(answer):
    return int(answer.header("X-Worker"))


def admitted(client, value, workers=None):
    answer = get(client, value)
    bunq.assert_admitted(answer, client.server_key)
    assert workers is None or worker(answer) in workers


def used(client, value, workers=None):
    answer = get(client, value)
    bunq.assert_refused(answer, 400, reason="request-id-used")
    assert workers is None or worker(answer) in workers


def connect_beside(client, stopped):
    """A client whose connection none of the stopped workers has."""
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    # Until it has stopped, the kernel may still leave a connection to it.
    assert wait_until(lambda: all(_stat(pid)["state"] == "T" for pid in stopped), 20)
    try:
        other = client.from_address("127.0.0.1")
        admitted(other, f"first of {id(other)}")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    return other


def test_both_generations_know_the_same_ids(nginx, data):
    nginx.may_crash = True  # a worker is killed
    old = bunq.ready(nginx)
    admitted(old, "before")
    old_workers = nginx.nginx_workers()
    old_master = nginx.upgrade()
    new_workers = nginx.nginx_workers()
    assert not old_workers & new_workers
    new = connect_beside(old, old_workers)

    used(new, "before", new_workers)
    admitted(old, "a", old_workers)
    used(new, "a", new_workers)
    admitted(new, "b", new_workers)
    used(old, "b", old_workers)
    for number in range(20):  # at once
        answers = []

        def send(client, value=f"x{number}"):
            answers.append(get(client, value))

        threads = [threading.Thread(target=send, args=[c]) for c in (old, new)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status for a in answers) == [200, 400]

    os.kill(worker(get(new, "")), signal.SIGKILL)
    again = old.from_address("127.0.0.1")
    assert wait_until(lambda: len(nginx.nginx_workers() - new_workers) == 1, 20)
    for value in ("before", "a", "b"):
        used(old, value, old_workers)
        used(again, value)

    os.kill(old_master, signal.SIGQUIT)
    assert wait_until(lambda: not Path(f"/proc/{old_master}").exists(), 20)
    last = old.from_address("127.0.0.1")
    for value in ("before", "a", "b"):
        used(last, value)
    admitted(last, "c", nginx.nginx_workers())
    assert (data / SUFFIX).stat().st_mode & 0o777 == 0o600


def test_what_is_no_table_is_made_one_at_the_start(nginx, data):
    client = bunq.ready(nginx)
    admitted(client, "a")
    for content in (b"", b"x" * 5000, b"\xa5" * (2 << 20)):
        nginx.stop()
        (data / SUFFIX).write_bytes(content)
        nginx.start()
        client = client.from_address("127.0.0.1")
        admitted(client, "a")
        used(client, "a")


def test_a_file_that_cannot_be_used_lets_no_id_pass(nginx, data):
    client = bunq.ready(nginx)
    admitted(client, "a")
    os.truncate(data / SUFFIX, 4096)
    for value in ("a", "b"):
        bunq.assert_refused(get(client, value), 503, reason="store-unavailable")
    bunq.assert_admitted(client.get("/v1/user"))  # without an id

    os.kill(nginx.nginx_master(), signal.SIGHUP)
    assert wait_until(
        lambda: get(client.from_address("127.0.0.1"), os.urandom(8).hex()).status == 200,
        20,
    )
    admitted(client.from_address("127.0.0.1"), "d")
