# SPDX-License-Identifier: Apache-2.0
"""process.py - servers that run as an ordinary user, and end with the tests"""
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from gateway import environment
from keeper import below, send

KEEPER = Path(__file__).with_name("keeper.py")
USER = pwd.getpwnam("nobody")
IS_ROOT = os.getuid() == 0
FIRST_PORT, LAST_PORT = 12000, 30000  # below what is given out by the kernel

taken = set()


def pick_port():
    """A port that nobody has, and that nobody is given by chance."""
    while True:
        port = random.randrange(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            taken.add(port)
            return port


def make_folder(name):
    """A new one, which the user of the servers has."""
    path = Path(tempfile.mkdtemp(prefix=f"trivet-{name}-", dir="/tmp"))
    give(path)
    return path


def give(path):
    if IS_ROOT:
        os.chown(path, USER.pw_uid, USER.pw_gid)
    path.chmod(0o755 if path.is_dir() else 0o644)


def write(path, text):
    path.write_text(text)
    give(path)
    return path


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)


class Process:
    """A command with all that it starts. around: what a command begins with to
    be run in other surroundings, as root where that is us."""

    def __init__(self, name, log, command, env=None, around=()):
        self.name = name
        self.log = log
        self.command = [str(word) for word in command]
        self.env = env or {}
        self.around = list(around)
        self.process = None

    def start(self):
        rights = []
        if IS_ROOT:
            rights = ["/usr/bin/setpriv", f"--reuid={USER.pw_uid}",
                      f"--regid={USER.pw_gid}", "--clear-groups"]
        with open(self.log, "ab") as log:
            give(self.log)
            self.process = subprocess.Popen(
                [*self.around, *rights, sys.executable, KEEPER, *self.command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env=environment(HOME="/nonexistent", **self.env),
                start_new_session=True)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        return below(self.process.pid) if self.is_running() else set()

    def send(self, number):
        """To all that it has started."""
        send(self.pids(), number)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def _end(self, number):
        if self.is_running():
            self.process.send_signal(number)
            self.process.wait(30)

    def cut_power(self):
        """kill -9 of everything at once."""
        self._end(signal.SIGUSR1)

    def stop(self):
        """Asks it to end."""
        self.thaw()
        self._end(signal.SIGTERM)

    def text(self):
        return self.log.read_text(errors="replace")
