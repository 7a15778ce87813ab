# SPDX-License-Identifier: Apache-2.0
"""database.py - etcd, PostgreSQL under Patroni, pgbouncer"""
import json
import re
import subprocess
import urllib.error
import urllib.request

from keeper import below
from postgres import find_binaries
from process import Process, pick_port, write

HOST = "127.0.0.1"
# How fast Patroni is here: a primary that is gone is replaced once its lease
# has ended, TTL_S after it was renewed for the last time.
TTL_S, LOOP_S, RETRY_S = 5, 1, 2
DATABASE = "trivet"
OWNER = "trivet"


def get(port, path, body=None):
    """(status, JSON or None); (0, None): nobody answers. body: it is a POST."""
    data = None if body is None else json.dumps(body).encode()
    wanted = urllib.request.Request(f"http://{HOST}:{port}{path}", data)
    try:
        with urllib.request.urlopen(wanted, timeout=60 if data else 5) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] == b"{" else None
    except urllib.error.HTTPError as fault:
        return fault.code, None
    except (OSError, ValueError):
        return 0, None


class Etcd(Process):
    """`number` of `peers`: [(client port, peer port)]."""

    def __init__(self, folder, number, peers):
        self.port, peer = peers[number]
        cluster = ",".join(f"etcd{n}=http://{HOST}:{port}"
                           for n, (_, port) in enumerate(peers))
        super().__init__(f"etcd{number}", folder / f"etcd{number}.log", [
            "/usr/bin/etcd", "--name", f"etcd{number}",
            "--data-dir", folder / f"etcd{number}",
            "--listen-client-urls", f"http://{HOST}:{self.port}",
            "--advertise-client-urls", f"http://{HOST}:{self.port}",
            "--listen-peer-urls", f"http://{HOST}:{peer}",
            "--initial-advertise-peer-urls", f"http://{HOST}:{peer}",
            "--initial-cluster", cluster,
            "--logger", "zap", "--log-level", "warn"])

    def is_ready(self):
        return get(self.port, "/health")[0] == 200


class Member(Process):
    """A PostgreSQL, and the Patroni that starts it. options: of PostgreSQL."""

    def __init__(self, folder, number, etcds, options=(), around=(),
                 data=None, synchronous=True):
        self.number = number
        self.port, self.rest = pick_port(), pick_port()
        self.data = data or folder / f"member{number}"
        config = write(folder / f"member{number}.yml", json.dumps(
            self._settings(folder, etcds, dict(options), synchronous), indent=1))
        super().__init__(f"member{number}", folder / f"member{number}.log",
                         ["/usr/bin/patroni", config], around=around)

    def _settings(self, folder, etcds, options, synchronous):
        who = {kind: {"username": OWNER, "password": "not asked for"}
               for kind in ("superuser", "replication", "rewind")}
        return {
            "scope": "trivet",
            "name": self.label,
            "restapi": {"listen": f"{HOST}:{self.rest}",
                        "connect_address": f"{HOST}:{self.rest}"},
            "etcd3": {"hosts": [f"{HOST}:{etcd.port}" for etcd in etcds]},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_S, "loop_wait": LOOP_S, "retry_timeout": RETRY_S,
                    "maximum_lag_on_failover": 64 << 20,
                    "synchronous_mode": synchronous,
                    # A PostgreSQL that died alone: another takes over, without
                    # waiting for its recovery.
                    "primary_start_timeout": 0,
                    "postgresql": {"use_pg_rewind": True, "parameters": {
                        "max_connections": 100,
                        "wal_log_hints": "on",
                        # No machine dies here, only processes.
                        "fsync": "off"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"{HOST}:{self.port}",
                "connect_address": f"{HOST}:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": find_binaries(),
                "pgpass": str(folder / f"pgpass{self.number}"),
                "authentication": who,
                "pg_hba": [f"host all all {HOST}/32 trust",
                           f"host replication all {HOST}/32 trust"],
                "parameters": {"unix_socket_directories": "", **options},
            },
        }

    @property
    def label(self):
        return f"member{self.number}"

    @property
    def url(self):
        return f"postgresql://{OWNER}@{HOST}:{self.port}/"

    def is_primary(self):
        return get(self.rest, "/primary")[0] == 200

    def is_replica(self):
        return get(self.rest, "/replica")[0] == 200

    def cluster(self):
        """What Patroni knows of all members: {label: role}."""
        known = get(self.rest, "/cluster")[1] or {"members": []}
        return {m["name"]: m["role"] for m in known["members"]
                if m.get("state") in ("running", "streaming")}

    def hand_over(self, other):
        """The lead, in good order: this one becomes a standby."""
        status, _ = get(self.rest, "/switchover",
                        {"leader": self.label, "candidate": other.label})
        assert status == 200, status

    def pids_of_postgresql(self):
        """The postmaster's, and those below it."""
        text = (self.data / "postmaster.pid").read_text()
        first = int(text.split("\n", 1)[0])
        return {first} | below(first)

    def sql(self, text, name="postgres"):
        done = subprocess.run(
            [f"{find_binaries()}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
             self.url + name, "-c", text],
            check=True, capture_output=True, text=True, cwd="/", timeout=30)
        return done.stdout.strip()


BOUNCER = """[databases]
* = host={host} port={member}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 20
ignore_startup_parameters = extra_float_digits
server_connect_timeout = 2
server_login_retry = 1
query_wait_timeout = 5
logfile = {log}
pidfile =
"""


class Pgbouncer(Process):
    """In front of one member, in transaction mode."""

    def __init__(self, folder, member):
        self.port = pick_port()
        log = folder / f"pgbouncer{member.number}.log"
        text = BOUNCER.format(host=HOST, member=member.port, port=self.port,
                              log=folder / f"pgbouncer{member.number}.own.log")
        text = re.sub(r"^\* = ", f"* = user={OWNER} ", text, flags=re.M)
        config = write(folder / f"pgbouncer{member.number}.ini", text)
        super().__init__(f"pgbouncer{member.number}", log,
                         ["/usr/sbin/pgbouncer", config])
