# SPDX-License-Identifier: Apache-2.0
"""The primary goes in a storm of calls: another takes over, and nothing that
was acknowledged is lost"""
import time

from callers import Storm, use_all


def heal(cluster, log, storm, old=None):
    """All members and gateways are there again, and calls are served."""
    if old is not None:
        old.start()
    cluster.await_members()
    log.note("whole")
    time.sleep(1)
    storm.end()
    use_all(log, storm.alive + storm.ended, cluster.doors)


def test_a_primary_without_power(cluster, log, judge):
    with Storm(cluster, log) as storm:
        time.sleep(2)
        old = cluster.primary()
        log.note(f"{old.label} has no power")
        old.cut_power()
        cluster.await_other_primary(old)
        time.sleep(1)
        heal(cluster, log, storm, old)
    report = judge(cluster, log)
    assert report.acknowledged > 50
