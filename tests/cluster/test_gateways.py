# SPDX-License-Identifier: Apache-2.0
"""Several gateways on one database are as one: what is made through one counts
in all, what is ended through one is refused by all"""
import random
import threading
import time

import pytest

import bunq
from callers import AWAY, Caller, make_context
from log import now_us
from storm import storm as at_once
from storms import Storm, use_all

NUM_REVOCATIONS = 200
NUM_RACES = 30
IN_A_RACE = 6


@pytest.fixture
def caller(cluster):
    made = Caller(cluster.log, "caller")
    yield made
    made.close()


def test_a_context_works_through_all(cluster, caller):
    for made_by in cluster.doors:
        client = make_context(caller, made_by)
        for door in [cluster.door, *cluster.doors]:
            assert caller.use(door, client)["status"] == 200
            caller.open(door, client)
        assert caller.end(cluster.door, client)
        for door in cluster.doors:
            assert caller.use(door, client)["status"] == 401


class Watchers:
    """A thread for each gateway that uses a session until it is refused."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.callers = [Caller(cluster.log, f"watcher{n}", AWAY)
                        for n in range(len(cluster.doors))]

    def watch(self, client, address, end):
        """end(): ends it, meanwhile. How long after that the last was told that
        he is refused, in us."""
        clients = [client.from_address(None) for _ in self.callers]
        refused_us = []

        def use(number):
            until = time.monotonic() + 10
            while time.monotonic() < until:
                row = self.callers[number].use(self.cluster.doors[number],
                                               clients[number], address)
                if row["status"] in (401, 403):
                    refused_us.append(row["received_us"])
                    return

        threads = [threading.Thread(target=use, args=(number,))
                   for number in range(len(clients))]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        assert end()
        ended_us = now_us()
        for thread in threads:
            thread.join()
        assert len(refused_us) == len(clients), "admitted for ten seconds"
        return max(refused_us) - ended_us


def test_what_is_ended_is_refused_by_all(cluster, caller, judge, capsys):
    """By its owner, by the operator, or by its address: each client looks on
    through each gateway, so that none has to be told of it first."""
    watchers = Watchers(cluster)
    worst_us = 0
    for number in range(NUM_REVOCATIONS):
        door = cluster.doors[number % len(cluster.doors)]
        address = caller.address
        if number % 10 == 0:
            client = make_context(caller, door)
        else:
            caller.open(door, client)
        if number % 10 == 9:
            def end():
                return caller.revoke(client, cluster.url())
        elif number % 10 in (3, 6):
            address = AWAY
            assert caller.permit(door, client, AWAY)

            def end():
                return caller.forbid(door, client, AWAY)
        else:
            def end():
                return caller.end(door, client)
        worst_us = max(worst_us, watchers.watch(client, address, end))
    with capsys.disabled():
        print(f"\n    {NUM_REVOCATIONS} revocations, {len(cluster.doors)}"
              f" gateways: refused by all within {worst_us / 1000:.1f} ms")
    judge(cluster)


def test_a_first_use_is_one(cluster, judge):
    """Of those who come at once with a new API key, each from an address of its
    own and through any gateway, one has it from then on."""
    callers = [Caller(cluster.log, f"racer{n}", f"127.0.2.{n + 1}")
               for n in range(IN_A_RACE)]
    doors = cluster.doors

    def place(number):
        return doors[number % len(doors)]

    clients = [caller.install(place(n)) for n, caller in enumerate(callers)]
    winners = set()
    for _ in range(NUM_RACES):
        secret = callers[0].make_user(doors[0], clients[0])
        rows = at_once(IN_A_RACE, lambda n: callers[n].device_row(
            place(n), clients[n], secret))
        for row in rows:
            cluster.log.add(row)
        won = [n for n, row in enumerate(rows) if row["status"] == 200]
        assert len(won) == 1, rows
        winners.update(won)
    for caller in callers:
        caller.close()
    judge(cluster)
    assert len(winners) > 1, "they did not come at once"


def test_gateways_that_are_killed(cluster, judge):
    with Storm(cluster) as storm:
        for number in range(len(cluster.doors)):
            time.sleep(1)
            cluster.log.note(f"gateway{number} is killed")
            cluster.kill_gateway(number)
            time.sleep(0.5)
            cluster.restart_gateway(number)
        time.sleep(1)
    use_all(cluster, storm.alive + storm.ended)
    judge(cluster)


def test_a_clock_that_is_wrong(cluster, caller, judge):
    """Five seconds ahead: what such a gateway answers is right, or it answers
    that it cannot."""
    wrong = cluster.doors_apart[0]
    client = make_context(caller, cluster.doors[0])
    draw = random.Random(0)
    statuses = []
    for _ in range(20):
        row = caller.use(wrong, client)
        statuses.append(row["status"])
        assert row["status"] in (200, 503), row
        caller.open(cluster.doors[0], client)
        assert caller.use(draw.choice(cluster.doors), client)["status"] == 200
        assert caller.end(cluster.doors[1], client)
        assert caller.use(wrong, client)["status"] in (401, 503)
        caller.open(cluster.doors[0], client)
    judge(cluster)
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
