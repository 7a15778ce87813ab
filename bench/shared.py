# SPDX-License-Identifier: Apache-2.0
"""shared.py - gateways on one PostgreSQL, with a standby that may be synchronous

The gateways are on the server's core, each with one worker; the database and
its standby are on the load's, and their CPU time is counted apart. Commits are
made durable (fsync), on the disk that has /tmp.
"""
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from servers import LOAD_CPUS, Failed, Gateway, children, cpu_ns

import postgres  # tests/support, found by servers
from gateway import run, wait_until

NUM_GATEWAYS = 3
US = 1000000
LIFE_S = 2147483
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")


def is_there():
    return postgres.find_binaries() is not None


class _Server(postgres.Server):
    settings = ("max_connections=200", "shared_buffers=256MB")

    def start(self):
        super().start()
        for pid in (self.process.pid, *children(self.process.pid)):
            os.sched_setaffinity(pid, LOAD_CPUS)

    def cpu_ns(self):
        """Of all its processes, those that have ended too."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        ended = sum(map(int, stat.rpartition(")")[2].split()[13:15]))
        alive = (self.process.pid, *children(self.process.pid))
        return ended * TICK_NS + sum(map(cpu_ns, alive))


class _Standby(_Server):
    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def start(self):
        """What initdb has made is in the way: it is a copy of the primary."""
        data = f"{self.folder}/data"
        if not Path(data, "standby.signal").exists():
            subprocess.run(["rm", "-rf", data], check=True)
            subprocess.run(
                [f"{self.binaries}/pg_basebackup", "-D", data, "-R", "-X", "stream",
                 "-d", self.primary.url(), "--checkpoint=fast", "--no-sync"],
                check=True, cwd="/", **self.rights)  # fmt: skip
        super().start()


class Database:
    """A store, on a primary and its standby."""

    def __init__(self):
        self.primary = _Server()
        self.standby = None
        try:
            self.standby = _Standby(self.primary)
            self.url = self.primary.make_database()
            run("store", "migrate", self.url, check=True)
        except BaseException:
            self.close()
            raise
        self.num_keys = 0

    def close(self):
        for server in filter(None, (self.standby, self.primary)):
            server.stop()

    def synchronise(self, is_synchronous):
        """From now on a commit waits for the standby, or does not."""
        names = "*" if is_synchronous else ""
        self.primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.sql("SELECT pg_reload_conf()")
        wanted = "sync" if is_synchronous else "async"
        if not wait_until(lambda: self.primary.sql(
                "SELECT sync_state FROM pg_stat_replication") == wanted, 10):  # fmt: skip
            raise Failed(f"the standby does not become {wanted}")

    @contextmanager
    def counting(self):
        """A function for afterwards: the CPU time of both servers meanwhile."""
        servers = (self.primary, self.standby)
        before = sum(server.cpu_ns() for server in servers)
        spent = []
        yield lambda: spent[0]
        spent.append(sum(server.cpu_ns() for server in servers) - before)

    def put_api_keys(self, count):
        """API keys that wait for their first device; the secrets of them."""
        secrets = [f"{number:064x}" for number in
                   range(self.num_keys, self.num_keys + count)]  # fmt: skip
        now = int(time.time() * US)
        self.primary.sql(
            "WITH fresh AS (SELECT nextval('users_id_seq') AS id,"
            " lpad(to_hex(number), 64, '0') AS secret FROM generate_series("
            f"{self.num_keys}, {self.num_keys + count - 1}) AS number),"
            " made AS (INSERT INTO users (id, created_us, updated_us, kind,"
            " public_uuid, display_name, auto_logout_s)"
            f" SELECT id, {now}, {now}, 0, gen_random_uuid()::TEXT, 'bench',"
            f" {LIFE_S} FROM fresh)"
            " INSERT INTO api_key (created_us, updated_us, user_id, digest, label,"
            f" expires_us) SELECT {now}, {now}, id, sha256(secret::BYTEA), 'bench',"
            f" {now + LIFE_S * US} FROM fresh",
            self.url,
        )
        self.num_keys += count
        return secrets


class _Gateway(Gateway):
    def __init__(self, folder, data, api, name, database, cache):
        super().__init__(folder, data, api, name)
        self.store = (f'"{database.url}"; trivet_store_cache {cache};'
                      f" trivet_store_chain {name}")  # fmt: skip


class Cluster:
    """ways: what their gateways do with a session that was found: "cached", or
    "asked" for again."""

    def __init__(self, folder, data, api):
        self.database = Database()
        self.ways = {
            way: [
                _Gateway(folder, data, api, f"{way}{n}", self.database, cache)
                for n in range(NUM_GATEWAYS)
            ]
            for way, cache in (("cached", "16m"), ("asked", "0"))
        }
        self.gateways = [g for gateways in self.ways.values() for g in gateways]

    def __enter__(self):
        started = []
        try:
            for gateway in self.gateways:
                started.append(gateway.__enter__())
        except BaseException:
            self._end(started)
            raise
        return self

    def __exit__(self, *_):
        self._end(self.gateways)

    def _end(self, gateways):
        for gateway in gateways:
            gateway.__exit__(None, None, None)
        self.database.close()
