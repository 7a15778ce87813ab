# SPDX-License-Identifier: Apache-2.0
"""pair.py - two gateways on one database, each with a chain of the audit log"""

import json
import subprocess
import time

import bunq
from gateway import Gateway, run

ADMISSIONS_DIFFER = """SELECT count(*) FROM (
    (TABLE admission EXCEPT SELECT * FROM admissible) UNION ALL
    (SELECT * FROM admissible EXCEPT TABLE admission)) AS rows"""


class Pair:
    """Two gateways on one database, and a look at it from beside."""

    def __init__(self, server, folder, *options):
        self.server = server
        self.store = server.make_database()
        run("store", "migrate", self.store, check=True)
        common = ["--store", self.store, "--audit-checkpoint", "1s",
                  "--connections", "off", *options]
        self.north = Gateway(folder / "north", "--chain", "north", *common)
        self.north.start()
        self.south = Gateway(folder / "south", "--chain", "south",
                             "--server-key", self.north.data / "server.pem",
                             *common)
        self.south.start()

    def close(self):
        self.south.close()
        self.north.close()

    def sql(self, text):
        return self.server.sql(text, self.store)

    def number(self, text):
        return int(self.sql(text))

    def operate(self, *words):
        return run(*words, "--store", self.store)

    def callers(self, client, number):
        """So many users of the same context, half of them at each gateway."""
        return [twin(client, (self.north, self.south)[n % 2])
                for n in range(number)]

    def assert_right(self):
        """What must be so after anything."""
        assert self.sql(ADMISSIONS_DIFFER) == "0"
        with open(f"{self.server.folder}/log", encoding="utf-8") as log:
            assert "deadlock detected" not in log.read()
        checked = self.operate("store", "check")
        assert checked.returncode == 0, checked.stdout
        verified = self.operate("audit", "verify")
        assert verified.returncode == 0, verified.stdout


def twin(client, gateway):
    """The same context, used at that gateway."""
    other = bunq.Client(gateway, client.source, private_key=client.key)
    for name in ("installation_id", "installation_token", "server_key",
                 "secret", "device_id", "session_id", "session_token", "user"):
        setattr(other, name, getattr(client, name))
    return other


class Held:
    """A transaction that holds rows from outside, until it is over."""

    def __init__(self, pair, select):
        self.process = subprocess.Popen(
            [f"{pair.server.binaries}/psql", "-XAtq", "-d", pair.store],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.process.stdin.write(f"BEGIN;\n{select};\n\\echo held\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "held":
            pass

    def __enter__(self):
        return self

    def commit_soon(self):
        """Not before another has had time to come here, or to pass by."""
        time.sleep(0.3)
        self.process.stdin.write("COMMIT;\n\\echo done\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "done":
            pass

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def verify(pair, *options):
    """What verify finds, and that its status says the same."""
    done = pair.operate("audit", "verify", "--json", *options)
    assert done.returncode in (0, 6), done
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["whole"] else 6)
    return found
