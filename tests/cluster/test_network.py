# SPDX-License-Identifier: Apache-2.0
"""A gateway that does not reach the database well: it says so, and soon; it
works again when the database is there again, without a restart"""
import time

import pytest

from log import now_us
from storms import Storm, use_all

LINKED = 2
NUM_CALLERS = 24  # at that gateway: three times as many as it has threads
# Of a worker: one for each of its 8 threads, one for what is written together,
# and one that ends while another begins. Of the first, one for the list of changes.
NUM_CONNECTIONS = 10
MAX_GROWN_KB = 20_000
# How long the list of changes may be old: so long, sessions in memory are admitted.
STALE_US = 1_000_000
# A statement that is not answered, and the way to both members.
SILENT_US = 12_000_000


class Trouble:
    """A storm at the linked gateway alone, beside one at the others."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.links = cluster.links[LINKED]
        self.storms = [
            Storm(cluster, 3, cluster.doors[:LINKED]),
            Storm(cluster, NUM_CALLERS, [cluster.doors[LINKED]], pause_s=0.02)]

    def __enter__(self):
        for storm in self.storms:
            storm.__enter__()
        time.sleep(1)
        self.memory_kb = self.cluster.memory_kb(LINKED)
        return self

    def __exit__(self, *_):
        for link in self.links:
            link.mend()
        for storm in reversed(self.storms):
            storm.end()
        for storm in self.storms:
            use_all(self.cluster, storm.alive + storm.ended)

    def rows(self, since_us):
        """Of the linked gateway, what was sent since."""
        via = self.cluster.doors[LINKED].name
        return [row for row in list(self.cluster.log.rows)
                if row.get("via") == via and row["sent_us"] > since_us]

    def check_service(self):
        """All calls of a second are served."""
        time.sleep(3)
        since_us = now_us()
        time.sleep(1)
        statuses = {row["status"] for row in self.rows(since_us)}
        assert statuses and not statuses & {503, None}

    def check_size(self):
        """Neither memory nor connections have grown."""
        gateway = self.cluster.gateways[LINKED]
        assert self.cluster.memory_kb(LINKED) - self.memory_kb < MAX_GROWN_KB
        num = sum(link.num_connections() for link in self.links)
        assert num <= NUM_CONNECTIONS * len(gateway.nginx_workers()) + 1


@pytest.mark.parametrize("what", [
    "silence", pytest.param("cut", marks=pytest.mark.long)])
def test_a_partition(cluster, judge, what):
    with Trouble(cluster) as trouble:
        cluster.log.note(what)
        for link in trouble.links:
            getattr(link, what)()
        since_us = now_us()
        time.sleep(15)
        rows = trouble.rows(since_us)
        assert {row["status"] for row in rows} <= {200, 503}
        late = [row for row in rows if row["sent_us"] > since_us + STALE_US]
        assert {row["status"] for row in late} == {503}
        worst_us = max(row["received_us"] - row["sent_us"] for row in rows)
        assert worst_us < SILENT_US
        cluster.log.note("mend")
        for link in trouble.links:
            link.mend()
        trouble.check_service()
        trouble.check_size()
    judge(cluster)


def test_a_database_that_answers_after_two_seconds(cluster, judge):
    with Trouble(cluster) as trouble:
        cluster.log.note("slow")
        for link in trouble.links:
            link.slow(2)
        time.sleep(10)
        cluster.log.note("mend")
        for link in trouble.links:
            link.mend()
        trouble.check_service()
        trouble.check_size()
    judge(cluster)
