# SPDX-License-Identifier: Apache-2.0
"""kill -9 in a storm of installations, devices and sessions: nothing that was
acknowledged is lost, and the store is sound"""
import os
import random
import subprocess
import threading
import time

import requests

import bunq

ROUNDS = int(os.environ.get("TRIVET_CRASH_ROUNDS", "5"))
THREADS = 6


class Storm:
    """Clients that take the steps as fast as they can; what was acknowledged to
    each is known at any moment."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.is_over = False
        self.clients = []
        self.ended = []
        self.faults = []
        self.threads = [
            threading.Thread(target=self.run, args=(n,), daemon=True)
            for n in range(THREADS)
        ]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        draw = random.Random(number)
        while not self.is_over:
            client = bunq.Client(self.gateway)
            self.clients.append(client)
            try:
                self.take_steps(client, draw)
            except (requests.RequestException, OSError):
                continue  # the gateway is dead: nothing was acknowledged
            except AssertionError as fault:
                if not self.is_over:
                    self.faults.append(fault)
            finally:
                client.close()

    def take_steps(self, client, draw):
        client.install()
        client.secret = client.make_user()
        if draw.random() < 0.2:
            return
        client.register()
        client.is_registered = True
        for _ in range(draw.randrange(3)):
            client.open()
            if draw.random() < 0.3:
                session = client.from_address(None)
                try:
                    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
                    self.ended.append(session)
                finally:
                    # acknowledged or not: it is not known to be open any more
                    client.session_token = None

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(30)


def check(storm):
    """Everything that was acknowledged works; gives how much that was."""
    count = {"installations": 0, "devices": 0, "sessions": 0, "ended": 0}
    for client in storm.clients:
        if client.installation_token is None:
            continue
        client = client.from_address(None)
        count["installations"] += 1
        if client.device_id is not None:
            count["devices"] += 1
            if client.session_token is not None:
                count["sessions"] += 1
                bunq.assert_admitted(client.get("/v1/user"), client.server_key)
            bunq.assert_admitted(client.post_session(), client.server_key)
        elif client.secret is not None:
            # a registration that was under way may have been kept or not
            bunq.assert_admitted(client.post_device(), client.server_key)
        else:
            answer = client.post_session("0" * 64)
            bunq.assert_refused(answer, 400, reason="key-unknown")
        client.close()
    for session in storm.ended:
        count["ended"] += 1
        bunq.assert_refused(session.get("/v1/user"), 401, reason="session-ended")
        session.close()
    return count


def integrity(gateway):
    result = subprocess.run(
        ["sqlite3", gateway.data / "trivet.db", "PRAGMA integrity_check"]
        + ["PRAGMA foreign_key_check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.stderr == "", result
    return result.stdout.strip()


def test_nothing_acknowledged_is_lost(serve):
    gateway = serve("--session-timeout", 86400)
    gateway.may_crash = True
    draw = random.Random(0)
    total = {}
    for _ in range(ROUNDS):
        storm = Storm(gateway)
        time.sleep(draw.uniform(0.4, 1.2))
        storm.is_over = True
        gateway.kill_all()
        storm.end()
        gateway.process.wait(20)
        assert gateway.is_gone()
        assert not storm.faults, storm.faults[0]
        gateway.start()
        assert integrity(gateway) == "ok"
        for name, number in check(storm).items():
            total[name] = total.get(name, 0) + number
    assert total["installations"] > ROUNDS, total
    assert total["devices"] > 0 and total["sessions"] > 0, total
    gateway.stop()
    assert integrity(gateway) == "ok"


def test_workers_that_die_lose_nothing(serve):
    """kill -9 of the workers alone, which nginx replaces."""
    gateway = serve()
    gateway.may_crash = True
    storm = Storm(gateway)
    for _ in range(4):
        time.sleep(0.4)
        for pid in gateway.nginx_workers():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
    time.sleep(0.4)
    storm.end()
    assert not storm.faults, storm.faults[0]
    assert check(storm)["installations"] > 0
    assert integrity(gateway) == "ok"
