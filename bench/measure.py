# SPDX-License-Identifier: Apache-2.0
"""measure.py - the scenarios, and the rounds in which each is run once

A scenario is a name, a server and a function that runs one round of it. Rounds
go through all scenarios, the floor first, so that a machine that drifts
drifts under all of them alike; what is compared is of the same round.
"""
import fcntl
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import judge
import load
import sessions
import shared
from load import raw
from peer_servers import Go, Lua, Njs, Node
from signing_proxy import SigningProxy
from servers import (
    BUILD,
    LOAD_CPUS,
    SERVER_CPU,
    SIZES,
    Api,
    Failed,
    Gateway,
    Lanes,
    Plain,
    Workers,
    anonymous_kib,
    environment,
    have_lanes,
    make_data,
)

import bunq  # tests/system, found by servers

NUM_BODIES_PER_S = 4000  # more than one core can sign
NUM_CONTEXTS_PER_S = 1000
NUM_TO_FILL_CACHES = 3000  # else memory would still be growing
PEER_API_KEY = "bench-key"
PEERS = (Lua, Go, Node, Njs)
SHA = "openssl SHA-256 of"
NUM_DUMPED = 1000  # sessions that peers read at their start, if they do


class Plan:
    """How much of it all."""

    def __init__(self, rounds, seconds, counts, sizes=(), workers=(), peers=True,
                 everything=False, client_calls=0, only=("",)):  # fmt: skip
        self.rounds = rounds
        self.seconds = seconds
        self.counts = counts  # sessions alive
        self.sizes = sizes  # of answers, beside 1 KiB
        self.workers = workers  # numbers of them
        self.peers = peers
        self.everything = everything  # also what no target needs
        self.client_calls = client_calls
        self.only = only  # how the scenarios begin
        self.paced_s = 2 * seconds  # a p99 needs more requests than a median


FULL = Plan(
    5, 2.0, (1000, 100000, 10000000),
    sizes=("0", "64k", "1m"), workers=(1, 2, 4, 8), everything=True, client_calls=20,
)  # fmt: skip
QUICK = Plan(3, 0.6, (1000, 100000, 1000000), sizes=("64k", "1m"), workers=(1, 8))
SHARED = Plan(
    5, 2.0, (), peers=False, only=("rsa", "gateway GET", "gateway contexts", "postgres"),
)  # fmt: skip
SMOKE = Plan(1, 0.2, (1000,), sizes=("64k",), workers=(1, 2), client_calls=1)


class Bench:
    def __init__(self, plan, say):
        self.plan = plan
        self.say = say
        self.asked = {}  # requests that a server with many sessions has had
        self.rows = {}  # name -> list of dicts, one for each round
        self.stack = ExitStack()

    def __enter__(self):
        folder = sessions.CACHE
        folder.mkdir(parents=True, exist_ok=True)
        lock = self.stack.enter_context(open(folder / "lock", "w"))
        fcntl.flock(lock, fcntl.LOCK_EX)  # two would measure each other
        made = tempfile.TemporaryDirectory(prefix="run-", dir=folder)
        self.tmp = Path(self.stack.enter_context(made))
        try:
            self.start_servers()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    # ---- before the rounds

    def start_servers(self):
        start = self.stack.enter_context
        data = make_data(self.tmp / "data")
        self.api = start(Api(self.tmp))
        self.plain = start(Plain(self.tmp, data, self.api))
        self.gateway = start(Gateway(self.tmp, data, self.api))
        self.served = [self.gateway]
        self.lanes = None
        if have_lanes():
            self.lanes = start(Lanes(self.tmp, data, self.api))
            self.served.append(self.lanes)
        self.teams = {}
        for count in self.plan.workers:
            self.teams[count] = start(Workers(self.tmp, data, self.api, count))
        self.served += self.teams.values()
        self.peers = len(self.served)
        if self.plan.peers:
            self.start_peers(data)
        self.crowds = {}
        for count in self.plan.counts:
            crowd, samples = sessions.store_with(count, self.say)
            server = start(Gateway(self.tmp, crowd, self.api, f"sessions-{count}"))
            self.crowds[count] = (server, self.crowd_records(count, samples))
        self.clients = {server: self.open(server) for server in self.served}
        self.cluster = None
        if shared.is_there():
            self.cluster = start(shared.Cluster(self.tmp, data, self.api))
            self.clients |= {s: judge.judge(s) for s in self.cluster.gateways}
        self.prepare_contexts()

    def start_peers(self, data):
        start = self.stack.enter_context
        crowd, self.samples = sessions.store_with(NUM_DUMPED, self.say)
        dumped = sessions.dump(crowd, self.tmp / "sessions")
        settings = sessions.server_settings(data, PEER_API_KEY, dumped)
        for peer in PEERS:
            self.served.append(start(peer(self.tmp, data, self.api, settings)))

    def open(self, server):
        """A context by another implementation, once that has judged the server."""
        if server in self.served[: self.peers]:
            return judge.judge(server)
        samples = self.samples[:10] if server.reads_sessions else ()
        return judge.judge(server, PEER_API_KEY, samples)

    def crowd_records(self, count, samples):
        return load.write_records(
            self.tmp / f"crowd-{count}",
            [
                raw("GET", "/v1/fresh/1k", **{bunq.TOKEN: token, bunq.SIGNATURE: signature})
                for token, signature in samples
            ],
        )

    def prepare_contexts(self):
        """Each with a user and an API key of its own; the clients' keys repeat."""
        count = int(NUM_CONTEXTS_PER_S * self.plan.seconds * self.plan.rounds) + 100
        keys = sessions.many_keys(64)
        self.context_records = {}
        for server in self.served[: self.peers]:
            secrets = sessions.put_api_keys(server.data / "trivet.db", count)
            path = self.tmp / f"contexts-{server.name}"
            self.context_records[server] = load.write_records(
                path, self._contexts(secrets, keys)
            )
        theirs = self._contexts([PEER_API_KEY] * len(keys), keys)
        for server in self.served[self.peers :]:
            path = self.tmp / f"contexts-{server.name}"
            self.context_records[server] = load.write_records(path, theirs)

    @staticmethod
    def _contexts(secrets, keys):
        records = []
        for i, secret in enumerate(secrets):
            key = keys[i % len(keys)]
            body = json.dumps({"client_public_key": bunq.public_pem(key)}).encode()
            records.append(raw("POST", "/v1/installation", body))
            for path, message in (
                ("/v1/device-server", {"description": "bench", "secret": secret}),
                ("/v1/session-server", {"secret": secret}),
            ):
                body = json.dumps(message).encode()
                headers = {bunq.TOKEN: "@TOKEN@", bunq.SIGNATURE: bunq.sign(key, body)}
                records.append(raw("POST", path, body, **headers))
        return records

    def next_bodies(self):
        """Signed bodies of 1 KiB that no round has sent before."""
        key = self.clients[self.gateway].key
        count = int(NUM_BODIES_PER_S * self.plan.seconds)
        self.bodies = []
        for _ in range(count):
            body = os.urandom(512).hex().encode()
            self.bodies.append((body, bunq.sign(key, body)))

    # ---- what is sent

    def get(self, server, kind, size):
        path = f"/v1/{kind}/{size}"
        if server is self.plain:
            return self._write([raw("GET", path)])
        return self._write([raw("GET", path, **self.clients[server].headers())])

    def post(self, server, kind):
        """fresh: other bodies and other answers; same: one of each."""
        bodies = self.bodies if kind == "fresh" else self.bodies[:1]
        path = f"/v1/{kind}/1k"
        if server is self.plain:
            return self._write([raw("POST", path, body) for body, _ in bodies])
        token = self.clients[server].token
        return self._write(
            [
                raw("POST", path, body, **{bunq.TOKEN: token, bunq.SIGNATURE: signature})
                for body, signature in bodies
            ]
        )

    def _write(self, records):
        return load.write_records(self.tmp / "records", records)

    # ---- the rounds

    def warm_up(self):
        """Not measured: Node.js compiles what it runs often."""
        for server in (self.plain, *self.served):
            load.calls(server, self.get(server, "same", "1k"), self.plan.seconds / 2)

    def measure(self, only):
        self.warm_up()
        for number in range(self.plan.rounds):
            self.say(f"round {number + 1} of {self.plan.rounds}")
            if "" in self.plan.only:
                self.next_bodies()
            for name, function in self.scenarios():
                if not only.search(name) or not name.startswith(self.plan.only):
                    continue
                self.rows.setdefault(name, []).append(function())
        return self.rows

    def scenarios(self):
        """In the order in which they run: the floor, then what is held against it."""
        seconds = self.plan.seconds
        yield "rsa", openssl_speed
        for size in self.plan.sizes:
            if SIZES[size]:
                yield f"{SHA} {size}", lambda n=SIZES[size]: openssl_sha(n)

        yield from self.calls("plain", self.plain)
        yield from self.calls("gateway", self.gateway)
        if self.lanes:
            yield from self.signed_at_once()
        yield from self.paced()
        for server in self.served[self.peers :]:
            yield from self.calls(server.name, server)

        for count, server in self.teams.items():
            yield f"{server.name} GET fresh 1k", lambda s=server: load.calls(
                s, self.get(s, "fresh", "1k"), seconds
            )
        for server in self.served:
            if server in self.served[: self.peers] or self.plan.everything:
                yield f"{server.name} contexts", lambda s=server: load.contexts(
                    s, self.context_records[s], seconds
                )
        if self.cluster:
            yield from self.shared()
        for count, (server, records) in self.crowds.items():
            yield f"sessions {count}", lambda s=server, r=records: self.crowd(s, r)
        for count, (server, _) in self.crowds.items():
            yield f"look-up among {count}", lambda s=server: self.look_up(s)
        if self.plan.client_calls:
            yield from self.client()

    def calls(self, name, server):
        seconds = self.plan.seconds
        kinds = ["same"] if server is self.plain else ["fresh", "same"]

        def get(kind, size):
            return lambda: load.calls(server, self.get(server, kind, size), seconds)

        def post(kind):
            return lambda: load.calls(server, self.post(server, kind), seconds)

        for kind in kinds:
            yield f"{name} GET {kind} 1k", get(kind, "1k")
            yield f"{name} POST {kind} 1k", post(kind)
        if server not in self.served[self.peers :]:
            for size in self.plan.sizes:
                for kind in ["same"] if size == "0" else kinds:
                    yield f"{name} GET {kind} {size}", get(kind, size)

    def signed_at_once(self):
        """With lanes and without: as many as come; one alone; and what needs no
        signature, beside as many as come that do."""
        seconds = self.plan.seconds
        for method in ("GET", "POST"):
            yield f"lanes {method} fresh 1k", lambda m=method: load.calls(
                self.lanes, self.fresh(self.lanes, m), seconds
            )
        for server in (self.gateway, self.lanes):
            yield f"{server.name} GET fresh 1k, alone", lambda s=server: load.calls(
                s, self.fresh(s, "GET"), seconds, clients=1
            )
        for server in (self.gateway, self.lanes):
            yield f"{server.name} GET same 1k, beside new", lambda s=server: (
                self.beside_new(s)
            )

    def fresh(self, server, method):
        """Both have clients with the same key, which signed the bodies."""
        if method == "GET":
            return self.get(server, "fresh", "1k")
        return self.post(server, "fresh")

    def beside_new(self, server):
        """One connection whose answers are remembered. Its CPU is not told apart."""
        new = self.tmp / "new"
        new.write_bytes(self.fresh(server, "GET").read_bytes())
        same = self.get(server, "same", "1k")
        with load.under_load(server, new):
            result = load.calls(server, same, self.plan.seconds, clients=1)
        del result["cpu_us"]
        return result

    def paced(self):
        def at(arrivals, server=self.gateway):
            if "gateway GET fresh 1k" not in self.rows:
                raise Failed("a pace is of the capacity: 'gateway GET fresh 1k'")
            capacity = self.rows["gateway GET fresh 1k"][-1]["per_s"]
            records = self.get(server, "fresh", "1k")
            rate = 0.7 * capacity
            result = load.paced(server, records, self.plan.paced_s, rate, arrivals)
            if result["sent"] < 0.9:
                self.say(f"the pace was not kept: {result['sent']:.2f} of it")
            return result

        yield "plain at that rate, evenly", lambda: at("even", self.plain)
        yield "gateway at 70 %, evenly", lambda: at("even")
        if self.plan.everything:
            yield "gateway at 70 %, at random", lambda: at("poisson")

    # ---- gateways on PostgreSQL

    def shared(self):
        for kind in ("fresh", "same"):
            for way, gateways in self.cluster.ways.items():
                for count in range(1, len(gateways) + 1):
                    if kind == "fresh" or count == 1:
                        yield (f"postgres-{count} GET {kind} 1k, {way}",
                               lambda g=gateways[:count], k=kind: self.of_all(g, k))  # fmt: skip
        for is_synchronous in (False, True):
            name = "postgres-1 contexts" + ", synchronous" * is_synchronous
            yield name, lambda s=is_synchronous: self.shared_contexts(s)

    def of_all(self, gateways, kind):
        records = []
        for gateway in gateways:
            path = self.get(gateway, kind, "1k")
            records.append(path.rename(self.tmp / f"records-{gateway.name}"))
        for gateway, path in zip(gateways, records):  # what is remembered is there
            load.calls(gateway, path, 0.1)
        with self.cluster.database.counting() as database_ns:
            requests, row = load.calls_of_all(gateways, records, self.plan.seconds)
        return {**row, "database_us": database_ns() / requests / 1000}

    def shared_contexts(self, is_synchronous):
        database, server = self.cluster.database, self.cluster.gateways[0]
        keys = sessions.many_keys(64)
        count = int(NUM_CONTEXTS_PER_S * self.plan.seconds) + 50
        path = load.write_records(
            self.tmp / "contexts-postgres", self._contexts(database.put_api_keys(count), keys)
        )
        database.synchronise(is_synchronous)
        with database.counting() as database_ns:
            opened, row = load.counted_contexts(server, path, self.plan.seconds)
        return {**row, "database_us": database_ns() / opened / 1000}

    @staticmethod
    def _read_whole(data):
        """Into the machine's memory: disks differ, and are not the matter."""
        with open(data / "trivet.db", "rb") as store:
            while store.read(1 << 24):
                pass

    def look_up(self, server):
        """What is found by a session's token, without nginx and cryptography."""
        self._read_whole(server.data)
        command = [BUILD / "bench-lookup", server.data / "trivet.db",
                   server.data / "samples", 2 * self.plan.seconds]  # fmt: skip
        found_us, number = map(float, _quietly(command, SERVER_CPU).split())
        return {"cpu_us": found_us, "per_s": number / self.plan.seconds}

    def crowd(self, server, records):
        """Each round goes on where the one before ended: with many sessions, no
        request comes twice, and nothing of it is remembered."""
        self._read_whole(server.data)
        while True:
            first = self.asked.get(server, 0)
            result = load.calls(server, records, self.plan.seconds, first)
            self.asked[server] = first + round(result["per_s"] * self.plan.seconds)
            if len(self.crowds) == 1 or self.asked[server] >= NUM_TO_FILL_CACHES:
                break
        result["anonymous_kib"] = anonymous_kib(server.worker)
        return result

    # ---- the client

    def client(self):
        context = self.tmp / "client" / "context"
        context.parent.mkdir(exist_ok=True)
        base = [f"{self.gateway.base}/v1", "--ca", self.gateway.ca, "-c", context]
        if not context.exists():
            _quietly([BUILD / "trivet", "login", "-q", "--url", *base,
                      "--new-sandbox-user"])  # fmt: skip
        call = [BUILD / "trivet", "call", "--no-throttle", "-c", context, "GET", "fresh/1k"]
        curl = ["curl", "-sf", "--cacert", self.gateway.ca]
        for name, value in self.clients[self.gateway].headers().items():
            curl += ["-H", f"{name}: {value}"]
        curl.append(f"{self.gateway.base}/v1/fresh/1k")
        library = [BUILD / "bench-client", context, "fresh/1k", self.plan.seconds]

        count = self.plan.client_calls
        yield "client: curl", lambda: _run_often(curl, count)
        yield "client: trivet call", lambda: _run_often(call, count)
        yield "client: library", lambda: _run_library(library)
        yield from self.through_proxy(context)

    def through_proxy(self, context):
        """One after another over one connection: straight, and through the proxy."""
        records = load.write_records(
            self.tmp / "proxied", [raw("GET", "/v1/fresh/1k", **{"Accept": "*/*"})])

        def through(clients):
            with SigningProxy(context, self.tmp / "proxy") as proxy:
                load.run(proxy, "calls.lua", 0.1, clients, 1, records, 0)  # connects
                return load.calls(
                    proxy, records, self.plan.seconds, clients=clients)

        yield "client: straight", lambda: load.calls(
            self.gateway, self.fresh(self.gateway, "GET"), self.plan.seconds, clients=1)
        yield "client: proxy, alone", lambda: through(1)
        yield "client: proxy", lambda: through(load.CONNECTIONS)


def openssl_speed():
    """One signature and one verification, by its own CPU accounting."""
    output = subprocess.run(
        ["taskset", "-c", str(SERVER_CPU), "openssl", "speed", "-mr", "-seconds", "1",
         "rsa2048"],
        capture_output=True, text=True, check=True, env=environment(),
    ).stdout  # fmt: skip
    for line in output.splitlines():
        if line.startswith("+F2:"):
            signs, verifies = map(float, line.split(":")[3:5])  # per second
            return {"sign_us": 1e6 / signs, "verify_us": 1e6 / verifies}
    raise Failed(f"openssl speed: {output}")


def openssl_sha(size):
    """The digest of an answer of that size, by its own CPU accounting."""
    output = subprocess.run(
        ["taskset", "-c", str(SERVER_CPU), "openssl", "speed", "-mr", "-seconds", "1",
         "-bytes", str(size), "-evp", "sha256"],
        capture_output=True, text=True, check=True, env=environment(),
    ).stdout  # fmt: skip
    for line in output.splitlines():
        if line.startswith("+F:"):
            return {"cpu_us": 1e6 * size / float(line.split(":")[3])}
    raise Failed(f"openssl speed: {output}")


def _quietly(command, *cpus):
    """On the load's CPUs, or these."""
    chosen = ",".join(map(str, cpus or LOAD_CPUS))
    done = subprocess.run(
        ["taskset", "-c", chosen, *map(str, command)],
        capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def _run_often(command, count):
    """A command of its own for each call: time and CPU of one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    for _ in range(count):
        _quietly(command)
    took = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_us": used / count * 1e6, "per_s": count / took}


def _run_library(command):
    calls, took, used = map(float, _quietly(command).split())
    return {"cpu_us": used / calls * 1e6, "per_s": calls / took}


# ---- the machine -------------------------------------------------------------


def fsync_us(folder):
    """One small write and its way to the disk, the median of many."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(100):
            file.write(os.urandom(4096))
            file.flush()
            start = time.monotonic()
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - start)
    return statistics.median(times) * 1e6


def machine(folder):
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True)
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cpu": model,
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "openssl": " ".join(openssl.stdout.split()[:2]),
        "fsync_us": fsync_us(folder),
        "load": os.getloadavg()[0],
    }
