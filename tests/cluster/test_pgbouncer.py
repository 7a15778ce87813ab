# SPDX-License-Identifier: Apache-2.0
"""With a pgbouncer at each member, in transaction mode: it keeps its clients'
connections when the PostgreSQL behind it becomes another thing"""
import time

import pytest

from callers import Storm
from cluster import Cluster
from test_failover import heal


@pytest.fixture(scope="module")
def bounced():
    with Cluster(has_bouncer=True) as made:
        yield made


def test_a_primary_that_hands_over(bounced, judge):
    with Storm(bounced) as storm:
        time.sleep(2)
        old = bounced.primary()
        bounced.log.note(f"{old.label} hands over")
        old.hand_over(bounced.standbys()[0])
        bounced.await_other_primary(old)
        heal(bounced, storm)
    assert judge(bounced).acknowledged > 50


def test_a_primary_without_power(bounced, judge):
    with Storm(bounced) as storm:
        time.sleep(2)
        old = bounced.primary()
        bounced.log.note(f"{old.label} has no power")
        old.cut_power()
        bounced.await_other_primary(old)
        heal(bounced, storm, old)
    assert judge(bounced).acknowledged > 50
