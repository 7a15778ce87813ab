# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the tests' own: in a temporary folder, as an ordinary user,
reached by a Unix socket alone, and gone when the tests are over."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile


def find_binaries():
    """The folder of initdb and postgres, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else None


class Server:
    """Started when made; stop() removes it whole."""

    def __init__(self):
        self.binaries = find_binaries()
        self.folder = tempfile.mkdtemp(prefix="trivet-pg-", dir="/tmp")
        self.number = 0
        self.rights = {}
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.rights = {"user": user.pw_uid, "group": user.pw_gid,
                           "extra_groups": []}
        os.chmod(self.folder, 0o755)
        self._run("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U",
                  "trivet", "-E", "UTF8", "--locale=C", "--no-sync")
        self.process = None
        self.start()

    def _run(self, name, *arguments):
        subprocess.run([f"{self.binaries}/{name}", *arguments], check=True,
                       stdout=subprocess.DEVNULL, cwd="/", **self.rights)

    def start(self):
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-s", "-l",
                  f"{self.folder}/log", "-o",
                  f"-k {self.folder} -c listen_addresses= -c fsync=off"
                  " -c max_connections=200", "start")

    def stop_server(self, mode="immediate"):
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-s", "-m",
                  mode, "stop")

    def stop(self):
        try:
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
            check=True, capture_output=True, text=True, cwd="/")
        return done.stdout.strip()

    def make_database(self):
        """The URL of a new, empty one."""
        self.number += 1
        name = f"store{self.number}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)
