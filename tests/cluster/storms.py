# SPDX-License-Identifier: Apache-2.0
"""storms.py - many callers at once, and what is done when they have ended"""
import random
import threading
import time

import bunq
from callers import AWAY, NUM_KEYS, Caller, Refused

PAUSE_S = 0.05  # of a caller who was not served
SETTLE_S = 1.5
MAX_USED = 200


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
    """Each of some hundred once, until it has an answer that says something. Of
    the others the store tells."""
    if len(clients) > MAX_USED:
        clients = random.Random(0).sample(clients, MAX_USED)
    caller = Caller(cluster.log, "afterwards")
    end = time.monotonic() + limit_s
    for number, client in enumerate(clients):
        while True:
            row = caller.use(cluster.doors[number % len(cluster.doors)], client)
            if row["status"] in (200, 400, 401, 403) or time.monotonic() > end:
                break
            time.sleep(PAUSE_S)
    caller.close()


def heal(cluster, storm, old=None):
    """All members are there again, and calls are served."""
    if old is not None:
        old.start()
    cluster.await_members()
    cluster.log.note("whole")
    time.sleep(SETTLE_S)
    storm.end()
    use_all(cluster, storm.alive + storm.ended)


def cut_power(cluster, storm):
    """The primary's: another takes over, and it comes back."""
    old = cluster.primary()
    cluster.log.note(f"{old.label} has no power")
    old.cut_power()
    cluster.await_other_primary(old)
    time.sleep(SETTLE_S)
    heal(cluster, storm, old)
