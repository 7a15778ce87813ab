# SPDX-License-Identifier: Apache-2.0
"""Several gateways on one database are as one: what is made through one counts
in all, what is ended through one is refused by all"""
import random
import time

import pytest

import bunq
from callers import Caller, make_context
from storm import storm as at_once
from storms import Storm, use_all
from watchers import end_many

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


def test_what_is_ended_is_refused_by_all(cluster, judge, capsys):
    worst_us = end_many(cluster, NUM_REVOCATIONS)
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
