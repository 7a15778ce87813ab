# SPDX-License-Identifier: Apache-2.0
"""Faults that were planted are found: an answer before its commit, a first use
that two have made, a memory of sessions without a bound

The gateways are as they come. What lies stands between a gateway and its
database (liar.py), or in front of it (forgetful.py).
"""
import time

import pytest

import history
from callers import Caller
from cluster import Cluster, Door
from forgetful import Forgetful
from found import read_store
from gateway import wait_until
from liar import HastyLink, RacyLink
from storm import storm as at_once
from storms import Storm

BOUND_US = 1_000_000  # the most that any gateway may have


@pytest.fixture
def placed():
    """placed(Link): a cluster whose gateways reach their one member over it."""
    made = []

    def place(link=None):
        linked = {0: link, 1: link} if link else {}
        made.append(Cluster(members=1, gateways=2, linked=linked))
        return made[-1].start()

    yield place
    for cluster in made:
        cluster.close()


def faults(cluster):
    rows = cluster.log.rows + list(read_store(cluster))
    report = history.judge(rows, bound_us=BOUND_US)
    return {fault.kind for fault in report.faults}


def run_storm(cluster):
    with Storm(cluster):
        time.sleep(2)
        cluster.kill_gateway(1)
        time.sleep(0.5)
        cluster.restart_gateway(1)


def test_none_is_found_where_none_is(placed):
    cluster = placed()
    run_storm(cluster)
    assert faults(cluster) == set()


def test_an_answer_before_its_commit(placed):
    cluster = placed(HastyLink)
    run_storm(cluster)
    assert "lost" in faults(cluster)


def race(cluster, rounds=20, racers=6):
    """Until two have won."""
    callers = [Caller(cluster.log, f"racer{n}", f"127.0.2.{n + 1}")
               for n in range(racers)]
    doors = [cluster.doors[n % len(cluster.doors)] for n in range(racers)]
    clients = [caller.install(door) for caller, door in zip(callers, doors)]
    for _ in range(rounds):
        secret = callers[0].make_user(doors[0], clients[0])
        rows = at_once(racers, lambda n: callers[n].device_row(
            doors[n], clients[n], secret))
        for row in rows:
            cluster.log.add(row)
        if [row["status"] for row in rows].count(200) > 1:
            break
    for caller in callers:
        caller.close()


def test_a_first_use_that_two_have_made(placed):
    cluster = placed(RacyLink)
    race(cluster)
    assert "shared" in faults(cluster)


def test_a_memory_without_a_bound(placed):
    cluster = placed()
    gateway = cluster.gateways[0]
    forgetful = Forgetful(cluster.folder, gateway.port, gateway.data).start()
    door = Door("forgetful", forgetful.port, gateway.ca)
    assert wait_until(lambda: cluster.is_open(door))
    try:
        caller = Caller(cluster.log, "caller")
        client = caller.install(door)
        caller.register(door, client, caller.make_user(door, client))
        caller.open(door, client)
        assert caller.use(door, client)["status"] == 200
        assert caller.end(cluster.doors[1], client)
        time.sleep(BOUND_US / 1e6 + 0.1)
        assert caller.use(cluster.doors[1], client)["status"] == 401
        caller.use(door, client)
        caller.close()
    finally:
        forgetful.stop()
    assert faults(cluster) == {"late"}
