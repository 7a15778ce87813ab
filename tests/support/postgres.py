# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the tests' own: in a temporary folder, as an ordinary user,
reached by a Unix socket alone, and gone when the tests are over or killed."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

from gateway import wait_until, with_us

READY_S = 60
STOP_S = 60
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


def find_binaries():
    """The folder of initdb and postgres, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else None


class Refused(Exception):
    """By the server, with what psql said."""


class Server:
    """Started when made; stop() removes it whole."""

    settings = ("fsync=off", "max_connections=200")

    def __init__(self):
        self.binaries = find_binaries()
        self.folder = tempfile.mkdtemp(prefix="trivet-pg-", dir="/tmp")
        self.number = 0
        self.rights = {}
        self.process = None
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.rights = {"user": user.pw_uid, "group": user.pw_gid,
                           "extra_groups": []}
        os.chmod(self.folder, 0o755)
        subprocess.run(
            [f"{self.binaries}/initdb", "-D", f"{self.folder}/data", "-A",
             "trust", "-U", "trivet", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self.rights)
        self.start()

    def start(self):
        """As a child of this process, which it does not outlive."""
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/setpriv", "--pdeathsig", "QUIT",
                 f"{self.binaries}/postgres", "-D", f"{self.folder}/data",
                 "-k", self.folder, "-c", "listen_addresses=",
                 *(f"--{setting}" for setting in self.settings)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True, **self.rights)
        assert wait_until(self.is_ready, READY_S), self.log()

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        return subprocess.run(
            [f"{self.binaries}/pg_isready", "-q", "-h", self.folder],
            cwd="/").returncode == 0

    def log(self):
        with open(f"{self.folder}/log") as log:
            return log.read()

    def stop_server(self, how=IMMEDIATE):
        self.process.send_signal(how)
        self.process.wait(STOP_S)

    def stop(self):
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop_server()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name="postgres", user="trivet"):
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def sql(self, text, url=None):
        """The answer, a line for each row, columns parted by |."""
        done = subprocess.run(
            [f"{self.binaries}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
             url or self.url(), "-c", text],
            capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout.strip()

    def psql(self, url):
        """One that reads statements from its standard input."""
        return subprocess.Popen(
            with_us(f"{self.binaries}/psql", "-XAtq", "-d", url),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def ask_for_password(self, user):
        """Of that user, from now on; of all others none."""
        path = f"{self.folder}/data/pg_hba.conf"
        with open(path) as file:
            rules = file.read()
        with open(path, "w") as file:
            file.write(f"local all {user} scram-sha-256\n{rules}")
        self.sql("SELECT pg_reload_conf()")

    def make_database(self, owner="trivet"):
        """The URL of a new, empty one, for its owner."""
        self.number += 1
        name = f"store{self.number}"
        self.sql(f"CREATE DATABASE {name} OWNER {owner}")
        return self.url(name, owner)
