# SPDX-License-Identifier: Apache-2.0
"""callers.py - clients that write down what they saw, for history.py"""
import hashlib
import ipaddress
import random
import subprocess
import threading
import time

import requests
from cryptography.hazmat.primitives import serialization

import bunq
from gateway import TRIVET, environment
from log import now_us

HOME = "127.0.0.1"
AWAY = "127.0.0.9"
NUM_KEYS = 4
PAUSE_S = 0.05  # of a caller who was not served


def secret_digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def key_digest(private_key):
    return hashlib.sha256(private_key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def has_form(answer, server_key):
    """Of the protocol: signed when it is a success of an installation that is
    known, an Error otherwise."""
    try:
        if answer.status != 200:
            bunq.assert_error_form(answer)
        elif server_key is not None:
            bunq.assert_admitted(answer, server_key)
    except (AssertionError, ValueError):
        return False
    return True


class Refused(Exception):
    """A call was not answered with 200: what was begun is given up."""


class Caller:
    """One after the other, from one address."""

    def __init__(self, log, name, address=HOME):
        self.log = log
        self.name = name
        self.address = address
        self.number = 0
        self.sessions = {}  # of requests, by door

    def close(self):
        for session in self.sessions.values():
            session.close()
        self.sessions = {}

    def _http(self, door, address):
        if (door, address) not in self.sessions:
            source = None if address == HOME else address
            self.sessions[door, address] = bunq.make_session(door, source)
        return self.sessions[door, address]

    def ask(self, name, door, client, fn, address=None, **facts):
        """fn(): an answer of that client, or none. The row; with the answer."""
        address = address or self.address
        row = {"call": name, "by": self.name, "via": door.name,
               "address": address, **facts}
        client.gateway, client.http = door, self._http(door, address)
        row["sent_us"] = now_us()
        try:
            answer = fn()
        except (requests.RequestException, OSError) as fault:
            answer = None
            row["fault"] = type(fault).__name__
            self.sessions.pop((door, address)).close()
        row["received_us"] = now_us()
        row["status"] = answer.status if answer is not None else None
        if answer is not None:
            row["form"] = has_form(answer, client.server_key)
            if answer.status != 200:
                row["reason"] = answer.reason
        return row, answer

    def say(self, *args, **kwargs):
        """As ask(), and written down: whether it was answered with 200."""
        row, _ = self.ask(*args, **kwargs)
        self.log.add(row)
        return row["status"] == 200

    def must(self, row):
        self.log.add(row)
        if row["status"] != 200:
            raise Refused(row)

    # ---- the three steps ----

    def install(self, door):
        private_key = bunq.key(random.randrange(NUM_KEYS))
        client = bunq.Client(door, private_key=private_key)
        client.http.close()
        row, _ = self.ask("installation", door, client,
                          client.post_installation, key=key_digest(private_key))
        row["installation"] = client.installation_id
        self.must(row)
        return client

    def make_user(self, door, client):
        row, answer = self.ask("user", door, client, lambda: client.post(
            "/v1/sandbox-user-person", token=None))
        self.must(row)
        return answer.element("ApiKey")["api_key"]

    def device_row(self, door, client, secret):
        self.number += 1
        said = f"{self.name} {self.number}"
        row, answer = self.ask(
            "device", door, client, lambda: client.post(
                "/v1/device-server", {"description": said, "secret": secret},
                token=client.installation_token),
            installation=client.installation_id, secret=secret_digest(secret),
            description=said)
        if row["status"] == 200:
            client.secret = secret
            row["device"] = client.device_id = answer.element("Id")["id"]
        return row

    def register(self, door, client, secret):
        self.must(self.device_row(door, client, secret))

    def open(self, door, client):
        client.session_token = client.session_id = None
        row, _ = self.ask("session", door, client, client.post_session,
                          installation=client.installation_id,
                          secret=secret_digest(client.secret))
        row["session"] = client.session_id
        self.must(row)

    # ---- what is done with a session ----

    @staticmethod
    def facts(client):
        return {"session": client.session_id,
                "secret": secret_digest(client.secret)}

    def use(self, door, client, address=None):
        row, _ = self.ask("use", door, client, lambda: client.get("/v1/user"),
                          address, **self.facts(client))
        self.log.add(row)
        return row

    def end(self, door, client):
        return self.say("end", door, client,
                        lambda: client.call("DELETE", "/v1/session/0"),
                        **self.facts(client))

    def _ips(self, client, more=""):
        return (f"/v1/user/{client.user['id']}/credential-password-ip/"
                f"{client.api_key_id}/ip{more}")

    def find_api_key(self, door, client):
        """Its number, which later calls name."""
        row, answer = self.ask("look", door, client, lambda: client.get(
            f"/v1/user/{client.user['id']}/credential-password-ip"))
        self.must(row)
        client.api_key_id = answer.element("CredentialPasswordIp")["id"]

    def permit(self, door, client, address):
        """Permits, for the first time or again."""
        number = getattr(client, "entry_id", None)
        if number is not None:
            return self._put_entry("permit", door, client, address, "ACTIVE")
        row, answer = self.ask("permit", door, client, lambda: client.post(
            self._ips(client), {"ip": address}))
        row.update(secret=secret_digest(client.secret), address=address)
        self.log.add(row)
        client.entry_id = answer.element("Id")["id"] if row["status"] == 200 else None
        return row["status"] == 200

    def forbid(self, door, client, address):
        return self._put_entry("forbid", door, client, address, "INACTIVE")

    def _put_entry(self, name, door, client, address, status):
        row, _ = self.ask(name, door, client, lambda: client.call(
            "PUT", self._ips(client, f"/{client.entry_id}"), {"status": status}))
        row.update(secret=secret_digest(client.secret), address=address)
        self.log.add(row)
        return row["status"] == 200

    def revoke(self, client, url):
        """By the operator's command, which knows all members, too."""
        row = {"call": "revoke", "by": self.name, "via": "command",
               "secret": secret_digest(client.secret), "sent_us": now_us()}
        done = subprocess.run(
            [TRIVET, "key", "revoke", str(client.api_key_id), "--store", url],
            capture_output=True, text=True, env=environment(), timeout=60,
            check=False)
        row.update(received_us=now_us(), form=True, said=done.stderr,
                   status=200 if done.returncode == 0 else None)
        self.log.add(row)
        return done.returncode == 0


class Storm:
    """Callers who do all of it, as fast as they can, through any door."""

    def __init__(self, cluster, callers=6, doors=None, pause_s=0.0):
        self.cluster = cluster
        self.log = cluster.log
        self.doors = doors or [cluster.door, *cluster.doors]
        self.pause_s = pause_s
        self.is_over = False
        self.alive, self.ended = [], []  # [(caller's name, client)]
        self.faults = []
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                        for n in range(callers)]

    def __enter__(self):
        for number in range(NUM_KEYS):
            bunq.key(number)
        self.log.note("storm")
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if not self.is_over:
            self.log.note("calm")
        self.is_over = True
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive(), "a call that does not end"
        if self.faults:
            raise self.faults[0]

    def _run(self, number):
        draw = random.Random(number)
        caller = Caller(self.log, f"caller{number}.{id(self)}")
        while not self.is_over and not self.faults:
            try:
                self._live(caller, draw)
            except Refused:
                time.sleep(PAUSE_S)
            except Exception as fault:  # raised in end()
                self.faults.append(fault)
        caller.close()

    def _live(self, caller, draw):
        """A client's life, or what of it comes to be."""
        def door():
            time.sleep(self.pause_s)
            return draw.choice(self.doors)

        client = caller.install(door())
        secret = caller.make_user(door(), client)
        caller.register(door(), client, secret)
        for _ in range(draw.randrange(1, 5)):
            caller.open(door(), client)
            for _ in range(draw.randrange(1, 6)):
                if self.is_over:
                    break
                if caller.use(door(), client)["status"] != 200:
                    time.sleep(PAUSE_S)
            if draw.random() < 0.4:
                self._end(caller, client, door)
            else:
                self.alive.append(copy_of(client))
        if draw.random() < 0.3:
            self._change_addresses(caller, client, door, draw)
        if draw.random() < 0.1:
            self._revoke(caller, client, door)

    def _end(self, caller, client, door):
        caller.end(door(), client)
        caller.use(door(), client)
        self.ended.append(copy_of(client))

    def _change_addresses(self, caller, client, door, draw):
        """By a session of its own."""
        caller.open(door(), client)
        caller.find_api_key(door(), client)
        if not caller.permit(door(), client, AWAY):
            return
        for _ in range(draw.randrange(1, 4)):
            caller.use(draw.choice(self.cluster.doors), client, AWAY)
            caller.forbid(door(), client, AWAY)
            caller.use(draw.choice(self.cluster.doors), client, AWAY)
            if draw.random() < 0.5:
                caller.permit(door(), client, AWAY)
        self.alive.append(copy_of(client))

    def _revoke(self, caller, client, door):
        caller.open(door(), client)
        caller.find_api_key(door(), client)
        caller.revoke(client, self.cluster.url())
        caller.use(door(), client)
        self.ended.append(copy_of(client))


def copy_of(client):
    """As it is now; without a connection."""
    made = bunq.Client.__new__(bunq.Client)
    made.__dict__.update(client.__dict__)
    return made


def use_all(cluster, clients, limit_s=60):
    """Each once, until it has an answer that says something."""
    caller = Caller(cluster.log, "afterwards")
    end = time.monotonic() + limit_s
    for number, client in enumerate(clients):
        while True:
            row = caller.use(cluster.doors[number % len(cluster.doors)], client)
            if row["status"] in (200, 400, 401, 403) or time.monotonic() > end:
                break
            time.sleep(PAUSE_S)
    caller.close()


# ---- the store, as it is -----------------------------------------------------

TABLES = {
    "installation": "SELECT id, encode(sha256(public_der), 'hex')"
                    " FROM installation",
    "device": "SELECT d.id, d.installation_id, encode(k.digest, 'hex'),"
              " d.description FROM device d JOIN api_key k ON k.id = d.api_key_id",
    "session": "SELECT s.id, d.installation_id, encode(k.digest, 'hex'),"
               " s.ended_us IS NOT NULL FROM session s"
               " JOIN device d ON d.id = s.device_id"
               " JOIN api_key k ON k.id = d.api_key_id",
    "key": "SELECT encode(digest, 'hex'), revoked_us IS NOT NULL FROM api_key",
    "address": "SELECT encode(k.digest, 'hex'), p.address, p.is_active <> 0"
               " FROM permitted_ip p JOIN api_key k ON k.id = p.api_key_id",
}
COLUMNS = {
    "installation": ["id", "key"],
    "device": ["id", "installation", "secret", "description"],
    "session": ["id", "installation", "secret", "is_ended"],
    "key": ["secret", "is_revoked"],
    "address": ["secret", "address", "is_active"],
}


def read_store(cluster):
    """Rows for the end of a history."""
    for what, sql in TABLES.items():
        for values in cluster.rows(sql):
            row = dict(zip(COLUMNS[what], values, strict=True))
            if what == "address":
                bits = ipaddress.IPv6Address(bytes(row["address"]))
                row["address"] = str(bits.ipv4_mapped or bits)
            yield {"call": "found", "what": what, **row}
    yield {"call": "found", "what": "all"}
