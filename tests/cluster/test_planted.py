# SPDX-License-Identifier: Apache-2.0
"""Faults that were planted are found: an answer before its commit, a first use
that two have made, a memory of sessions without a bound

The gateways are as they come. What lies stands between a gateway and its
database (liar.py), or in front of it (forgetful.py).
"""
import time

import pytest

import history
from callers import Caller, make_context
from cluster import Cluster, Door
from forgetful import Forgetful
from found import read_store
from gateway import wait_until
from liar import Liar
from storm import storm as at_once
from storms import Storm

BOUND_US = 1_000_000  # the most that any gateway may have
MAX_KILLS = 5
MAX_RACES = 20
NUM_RACERS = 6


@pytest.fixture(scope="module")
def placed():
    """Two gateways that reach their one member over liars."""
    with Cluster(members=1, gateways=2, linked={0: Liar, 1: Liar},
                 url_more=["prepare=off"]) as made:
        yield made


@pytest.fixture
def planted(placed):
    """plant(mode, cause): what kinds of faults there are more of, when cause()
    was called with the liars in that mode."""
    def plant(mode, cause):
        before = count_faults(placed)
        set_mode(placed, mode)
        try:
            cause()
        finally:
            set_mode(placed, "honest")
        after = count_faults(placed)
        return {kind for kind in after if after[kind] > before.get(kind, 0)}

    return plant


def set_mode(cluster, mode):
    for links in cluster.links.values():
        for link in links:
            link.mode = mode


def count_faults(cluster):
    rows = cluster.log.rows + list(read_store(cluster))
    found = {}
    for fault in history.judge(rows, bound_us=BOUND_US).faults:
        found[fault.kind] = found.get(fault.kind, 0) + 1
    return found


def kill_in_a_storm(cluster):
    with Storm(cluster):
        time.sleep(1.5)
        for number in range(len(cluster.gateways)):
            cluster.kill_gateway(number)
    for number in range(len(cluster.gateways)):
        cluster.restart_gateway(number)


def test_none_is_found_where_none_is(placed, planted):
    assert planted("honest", lambda: kill_in_a_storm(placed)) == set()


def test_a_memory_without_a_bound(placed, planted):
    gateway = placed.gateways[0]
    forgetful = Forgetful(placed.folder, gateway.port, gateway.data).start()
    door = Door("forgetful", forgetful.port, gateway.ca)
    assert wait_until(lambda: placed.is_open(door))
    caller = Caller(placed.log, "caller")
    client = make_context(caller, door)

    def use_what_was_ended():
        assert caller.use(door, client)["status"] == 200
        assert caller.end(placed.doors[1], client)
        time.sleep(BOUND_US / 1e6 + 0.1)
        assert caller.use(placed.doors[1], client)["status"] == 401
        caller.use(door, client)

    try:
        assert planted("honest", use_what_was_ended) == {"late"}
    finally:
        caller.close()
        forgetful.stop()


def test_a_first_use_that_two_have_made(placed, planted):
    callers = [Caller(placed.log, f"racer{n}", f"127.0.2.{n + 1}")
               for n in range(NUM_RACERS)]
    doors = [placed.doors[n % 2] for n in range(NUM_RACERS)]
    clients = [caller.install(door)
               for caller, door in zip(callers, doors, strict=True)]

    def race():
        secret = callers[0].make_user(doors[0], clients[0])
        rows = at_once(NUM_RACERS, lambda n: callers[n].device_row(
            doors[n], clients[n], secret))
        for row in rows:
            placed.log.add(row)
        return [row["status"] for row in rows].count(200)

    def race_until_two_have_won():
        for _ in range(MAX_RACES):
            if race() > 1:
                return

    assert "shared" in planted("racy", race_until_two_have_won)
    for caller in callers:
        caller.close()


def test_an_answer_before_its_commit(placed, planted):
    """Who is killed at the right moment has lied: a few may be needed."""
    found = set()
    for _ in range(MAX_KILLS):
        found |= planted("hasty", lambda: kill_in_a_storm(placed))
        if "lost" in found:
            return
    raise AssertionError(found)
