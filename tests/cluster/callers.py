# SPDX-License-Identifier: Apache-2.0
"""callers.py - clients that write down what they saw, for history.py"""
import hashlib
import random
import subprocess

import requests
from cryptography.hazmat.primitives import serialization

import bunq
from gateway import TRIVET, environment
from log import now_us

HOME = "127.0.0.1"
AWAY = "127.0.0.9"  # another address of the same client
NUM_KEYS = 4


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
        """A call of the API behind: those may be admitted from memory."""
        row, _ = self.ask("use", door, client, lambda: client.get(bunq.ECHO),
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


def make_context(caller, door):
    """A client with a session, made through that door."""
    client = caller.install(door)
    caller.register(door, client, caller.make_user(door, client))
    caller.open(door, client)
    caller.find_api_key(door, client)
    return client
