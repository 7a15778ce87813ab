# SPDX-License-Identifier: Apache-2.0
"""watchers.py - how long what was ended is admitted by other gateways"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from callers import AWAY, HOME, Caller, Refused, make_context
from log import now_us

BEFORE_S = 0.02  # that all look on before the end
MOST_S = 10.0    # that they look on after it
PAUSE_S = 0.005  # between two looks
PER_CONTEXT = 10
MAX_REFUSED = 20
LANES = 4


class Watchers:
    """A caller at each gateway, who uses a session until it is refused, so that
    none has to be told of its end first."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.caller = Caller(cluster.log, "owner")
        self.is_over = False
        self.client = None
        self.callers = [Caller(cluster.log, f"watcher{n}")
                        for n in range(len(cluster.doors))]

    def close(self):
        for caller in [self.caller, *self.callers]:
            caller.close()

    def watch(self, client, address, end):
        """end(): ends it, meanwhile. How long after that the last was told that
        he is refused, in us."""
        clients = [client.from_address(None) for _ in self.callers]
        refused_us = []
        self.is_over = False

        def use(number):
            until = time.monotonic() + MOST_S
            while time.monotonic() < until and not self.is_over:
                row = self.callers[number].use(self.cluster.doors[number],
                                               clients[number], address)
                if row["status"] in (401, 403):
                    refused_us.append(row["received_us"])
                    return
                time.sleep(PAUSE_S)

        threads = [threading.Thread(target=use, args=(number,))
                   for number in range(len(clients))]
        for thread in threads:
            thread.start()
        time.sleep(BEFORE_S)
        self.is_over = not end()
        ended_us = now_us()
        for thread in threads:
            thread.join()
        if self.is_over:
            raise Refused("it is not known whether it was ended")
        assert len(refused_us) == len(clients), "admitted for too long"
        return max(refused_us) - ended_us

    def end_many(self, num):
        """By the owner, by the operator (a key), or by the address: the worst of
        all, in us."""
        worst_us = 0
        doors = self.cluster.doors
        number, refused = 0, 0
        while number < num:
            try:
                worst_us = max(worst_us, self._end_next(
                    number, doors[number % len(doors)]))
                number += 1
            except Refused:  # a cluster that has just healed
                refused += 1
                assert refused < MAX_REFUSED
                self.client = None
                time.sleep(0.5)
        self.close()
        return worst_us

    def _end_next(self, number, door):
        if number % PER_CONTEXT == 0 or self.client is None:
            self.client = make_context(self.caller, door)
        else:
            self.caller.open(door, self.client)
        last = number % PER_CONTEXT == PER_CONTEXT - 1
        return self._end_one(door, self.client, "key" if last else
                             "address" if number % 3 == 1 else "session")

    def _end_one(self, door, client, what):
        caller = self.caller
        if what == "key":
            return self.watch(client, HOME, lambda: caller.revoke(
                client, self.cluster.url()))
        if what == "address":
            if not caller.permit(door, client, AWAY):
                raise Refused("permit")
            return self.watch(client, AWAY, lambda: caller.forbid(
                door, client, AWAY))
        return self.watch(client, HOME, lambda: caller.end(door, client))


def end_many(cluster, num):
    """So many, some of them side by side: the worst of all, in us."""
    with ThreadPoolExecutor(LANES) as lanes:
        return max(lanes.map(lambda _: Watchers(cluster).end_many(num // LANES),
                             range(LANES)))
