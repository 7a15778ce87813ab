# SPDX-License-Identifier: Apache-2.0
"""cluster.py - gateways on PostgreSQL under Patroni, behind a balancer

All of it runs on loopback, as an ordinary user where we are root (but the
gateways), in a folder of its own, and ends with the tests.
"""
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from database import DATABASE, HOST, OWNER, Etcd, Member, Pgbouncer
from front import Front
from gateway import BUILD, Gateway, run, wait_until
from log import Log
from process import make_folder, pick_port, remove

START_S = 90
CACHE_DIRECTIVE = b"trivet_store_staleness"


def bound_us():
    """How long after its end was acknowledged something may be admitted: not at
    all, since each call asks the database; a second, once gateways remember."""
    module = BUILD / "ngx_http_trivet_module.so"
    return 1_000_000 if CACHE_DIRECTIVE in module.read_bytes() else 0


def side_by_side(functions):
    """All of them; the first failure is raised when all have ended."""
    with ThreadPoolExecutor(max(len(functions), 1)) as threads:
        for future in [threads.submit(function) for function in functions]:
            future.result()


class Door:
    """Where clients call: a gateway, or the balancer. As bunq.Client needs it."""

    def __init__(self, name, port, ca):
        self.name = name
        self.host = HOST
        self.port = port
        self.ca = ca
        self.base = f"https://{HOST}:{port}"


class Cluster:
    """members, gateways, etcds: how many. has_bouncer: gateways speak to a
    pgbouncer at each member. linked: {number: Link} of gateways that reach the
    members over such links (.links[number]). apart: {number: variables} of gateways in another
    environment, which stand behind no balancer and serve no storm.
    member_options: {number: keywords of Member}."""

    def __init__(self, members=2, gateways=3, etcds=1, has_bouncer=False,
                 linked=None, apart=None, member_options=None, url_more=()):
        self.folder = make_folder("cluster")
        self.log = Log(self.folder / "history")
        self.num_gateways = gateways
        self.linked = linked or {}
        self.links = {}
        self.apart = apart or {}
        self.url_more = list(url_more)
        peers = [(pick_port(), pick_port()) for _ in range(etcds)]
        self.etcds = [Etcd(self.folder, n, peers) for n in range(etcds)]
        self.members = [
            Member(self.folder, n, self.etcds, **(member_options or {}).get(n, {}))
            for n in range(members)]
        self.bouncers = []
        if has_bouncer:
            self.bouncers = [Pgbouncer(self.folder, m) for m in self.members]
        self.gateways = []
        self.front = None

    # ---- start and end ----

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close(check=False)
            raise

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    def start(self):
        for etcd in self.etcds:
            etcd.start()
        for member in self.members:
            member.start()
        for bouncer in self.bouncers:
            bouncer.start()
        self.await_members()
        self.primary().sql(f"CREATE DATABASE {DATABASE}")
        run("store", "migrate", self.url(), check=True)
        self.gateways = [self._make_gateway(n) for n in range(self.num_gateways)]
        self.gateways[0].start()  # it makes the keys that all have
        others = [gateway.spawn() for gateway in self.gateways[1:]]
        for gateway in others:
            gateway.await_ready()
        ca = self.gateways[0].ca
        doors = [Door(f"gateway{n}", g.port, ca)
                 for n, g in enumerate(self.gateways)]
        self.doors = [d for n, d in enumerate(doors) if n not in self.apart]
        self.doors_apart = [doors[n] for n in self.apart]
        self.front = Front(self.folder, [d.port for d in self.doors]).start()
        self.door = Door("front", self.front.port, ca)
        assert wait_until(lambda: self.is_open(self.door), 10), "no balancer"
        return self

    def _make_gateway(self, number):
        """The first has a key and a certificate, which are the others' too."""
        first = self.folder / "gateway0"
        more = []
        if number > 0:
            more = ["--server-key", first / "server.pem", "--tls-cert",
                    first / "tls.crt", "--tls-key", first / "tls.key"]
        gateway = Gateway(
            self.folder / f"gateway{number}", "--store", self.url(number),
            "--chain", f"gateway{number}", "--connections", "off",
            "--metrics", *more, port=pick_port())
        gateway.may_crash = True
        gateway.env = self.apart.get(number, {})
        return gateway

    def close(self, check=True):
        try:
            side_by_side([lambda g=gateway: g.close(check)
                          for gateway in self.gateways])
        finally:
            others = [p for p in [self.front, *self.bouncers, *self.members] if p]
            side_by_side([p.stop for p in others])
            for etcd in self.etcds:
                etcd.stop()
            for links in self.links.values():
                for link in links:
                    link.close()
            self.log.close()
            if check:
                remove(self.folder)
            else:
                print(f"left for a look: {self.folder}")

    # ---- the database ----

    def targets(self):
        """The port at which each member is reached."""
        return [server.port for server in self.bouncers or self.members]

    def url(self, gateway=None):
        """The store's, as that gateway has it."""
        ports = self.targets()
        if gateway in self.linked:
            if gateway not in self.links:
                make = self.linked[gateway]
                self.links[gateway] = [make(port) for port in ports]
            ports = [link.port for link in self.links[gateway]]
        hosts = ",".join(f"{HOST}:{port}" for port in ports)
        more = list(self.url_more) + (["prepare=off"] if self.bouncers else [])
        query = "?" + "&".join(more) if more else ""
        return f"postgresql://{OWNER}@{hosts}/{DATABASE}{query}"

    def primary(self):
        """The member that is it now, or None."""
        return next((m for m in self.members if m.is_primary()), None)

    def standbys(self):
        primary = self.primary()
        return [m for m in self.members if m is not primary]

    def is_whole(self):
        """Whether all members run, one leads, and one follows at each commit."""
        primary = self.primary()
        if primary is None:
            return False
        roles = primary.cluster()
        return len(roles) == len(self.members) and (
            len(roles) == 1 or "sync_standby" in roles.values())

    def await_members(self, timeout_s=START_S):
        whole = wait_until(self.is_whole, timeout_s, 0.2)
        assert whole, "\n".join(m.text()[-3000:] for m in self.members)

    def await_other_primary(self, old, timeout_s=60):
        """The member that leads instead of `old`."""
        def find():
            return next((m for m in self.members
                         if m is not old and m.is_primary()), None)
        found = wait_until(find, timeout_s, 0.1)
        assert found, "\n".join(m.text()[-3000:] for m in self.members)
        return found

    def rows(self, text):
        """Of the primary, directly, once there is one."""
        assert wait_until(self.primary, 60, 0.2), "no primary"
        with psycopg2.connect(self.primary().url + DATABASE) as connection:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall()

    def num_connections(self):
        """Of gateways, to the database, now."""
        return self.rows("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                         f" '{DATABASE}' AND pid <> pg_backend_pid()")[0][0]

    # ---- the gateways ----

    def is_open(self, door):
        import bunq

        session = bunq.make_session(door)
        try:
            return session.get(door.base + "/v1/user", timeout=5).status_code in (
                401, 503)
        except OSError:
            return False
        finally:
            session.close()

    def kill_gateway(self, number):
        gateway = self.gateways[number]
        gateway.kill_all()
        gateway.process.wait(20)

    def restart_gateway(self, number):
        self.gateways[number].start()

    def memory_kb(self, number):
        """Of all processes of a gateway, without what they share."""
        total = 0
        for pid in self.gateways[number].processes():
            try:
                text = open(f"/proc/{pid}/smaps_rollup", encoding="ascii").read()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines()
                         if line.startswith("Private_"))
        return total
