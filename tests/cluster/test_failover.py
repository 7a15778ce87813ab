# SPDX-License-Identifier: Apache-2.0
"""The primary goes in a storm of calls: another takes over, and nothing that
was acknowledged is lost"""
import signal
import time

import pytest

from keeper import send
from storms import SETTLE_S, Storm, cut_power, heal


@pytest.mark.long
def test_a_primary_without_power(cluster, judge):
    with Storm(cluster) as storm:
        time.sleep(SETTLE_S)
        cut_power(cluster, storm)
    assert judge(cluster).acknowledged > 50


def test_a_postgresql_that_is_killed(cluster, judge):
    """Patroni is still there: it starts it again, or another takes over."""
    with Storm(cluster) as storm:
        time.sleep(SETTLE_S)
        old = cluster.primary()
        cluster.log.note(f"PostgreSQL of {old.label} is killed")
        send(old.pids_of_postgresql(), signal.SIGKILL)
        time.sleep(3)
        heal(cluster, storm)
    judge(cluster)


@pytest.mark.long
def test_a_primary_that_hands_over(cluster, judge):
    with Storm(cluster) as storm:
        time.sleep(SETTLE_S)
        old = cluster.primary()
        cluster.log.note(f"{old.label} hands over")
        old.hand_over(cluster.standbys()[0])
        cluster.await_other_primary(old)
        heal(cluster, storm)
    judge(cluster)


def test_a_standby_that_lags(cluster, judge):
    """It has all that was acknowledged, but has not looked into it when it must
    take over."""
    standby = cluster.standbys()[0]
    standby.sql("SELECT pg_wal_replay_pause()")
    with Storm(cluster) as storm:
        time.sleep(3)
        cut_power(cluster, storm)
    judge(cluster)


@pytest.mark.long
def test_both_members_without_power(cluster, judge):
    with Storm(cluster) as storm:
        time.sleep(SETTLE_S)
        cluster.log.note("no power")
        for member in cluster.members:
            member.cut_power()
        time.sleep(1)
        for member in cluster.members:
            member.start()
        heal(cluster, storm)
    judge(cluster)
