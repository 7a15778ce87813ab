# SPDX-License-Identifier: Apache-2.0
"""With a pgbouncer at each member, in transaction mode: it keeps its clients'
connections when the PostgreSQL behind it becomes another thing"""
import time

import pytest

from callers import Caller, make_context
from cluster import Cluster
from gateway import wait_until
from storms import SETTLE_S, Storm, cut_power, heal


@pytest.fixture(scope="module")
def bounced():
    with Cluster(has_bouncer=True) as made:
        yield made


@pytest.mark.long
def test_a_primary_that_hands_over(bounced, judge):
    with Storm(bounced) as storm:
        time.sleep(SETTLE_S)
        old = bounced.primary()
        bounced.log.note(f"{old.label} hands over")
        old.hand_over(bounced.standbys()[0])
        bounced.await_other_primary(old)
        heal(bounced, storm)
    assert judge(bounced).acknowledged > 50


@pytest.mark.long
def test_a_primary_without_power(bounced, judge):
    with Storm(bounced) as storm:
        time.sleep(SETTLE_S)
        cut_power(bounced, storm)
    assert judge(bounced).acknowledged > 50


def test_a_standby_is_not_asked(bounced, judge):
    """It lags, and would admit what was ended; the connections to it, which
    pgbouncer keeps, were made when it was the primary."""
    caller = Caller(bounced.log, "caller")
    client = make_context(caller, bounced.doors[0])
    for _ in range(20):
        for door in bounced.doors:
            assert caller.use(door, client)["status"] == 200
    old = bounced.primary()
    old.hand_over(bounced.standbys()[0])
    bounced.await_other_primary(old)
    bounced.await_members()
    old.sql("SELECT pg_wal_replay_pause()")
    assert wait_until(lambda: caller.end(bounced.doors[0], client), 10)
    for door in bounced.doors:
        for _ in range(20):
            assert caller.use(door, client)["status"] in (401, 503)
    old.sql("SELECT pg_wal_replay_resume()")
    caller.close()
    judge(bounced)
