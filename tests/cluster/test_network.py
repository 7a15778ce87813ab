# SPDX-License-Identifier: Apache-2.0
"""A gateway that does not reach the database well: it says so, and soon; it
works again when the database is there again, without a restart"""
import time

import pytest

from callers import Storm, use_all
from log import now_us

LINKED = 2
NUM_CALLERS = 24  # at that gateway: three times as many as it has threads
# A worker has 8 threads and one that writes.
NUM_CONNECTIONS = 9


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

    def statuses(self, since_us):
        """Of the linked gateway's answers to what was sent since."""
        via = self.cluster.doors[LINKED].name
        return [row["status"] for row in list(self.cluster.log.rows)
                if row.get("via") == via and row["sent_us"] > since_us]

    def check_service(self):
        """All calls of a second are served."""
        time.sleep(3)
        since_us = now_us()
        time.sleep(1)
        statuses = self.statuses(since_us)
        assert statuses and 503 not in statuses and None not in statuses


@pytest.mark.parametrize("what", ["silence", "cut"])
def test_a_partition(cluster, judge, what):
    with Trouble(cluster) as trouble:
        cluster.log.note(what)
        for link in trouble.links:
            getattr(link, what)()
        since_us = now_us()
        time.sleep(15)
        assert set(trouble.statuses(since_us)) == {503}
        cluster.log.note("mend")
        for link in trouble.links:
            link.mend()
        trouble.check_service()
        grown_kb = cluster.memory_kb(LINKED) - trouble.memory_kb
        assert grown_kb < 20_000
        workers = len(cluster.gateways[LINKED].nginx_workers())
        links = sum(link.num_connections() for link in trouble.links)
        assert links <= NUM_CONNECTIONS * workers
    judge(cluster)


def test_a_database_that_answers_after_two_seconds(cluster, judge):
    with Trouble(cluster) as trouble:
        cluster.log.note("slow")
        for link in trouble.links:
            link.slow(2)
        time.sleep(20)
        for link in trouble.links:
            link.mend()
        trouble.check_service()
    judge(cluster)
