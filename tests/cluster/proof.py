#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""proof.py [ROUNDS] - kills and fail-overs, as often as one likes; one line

Each round: a storm of calls, in which a gateway is killed, then PostgreSQL of
the primary (each second round), then the primary loses its power and comes back;
and some revocations, which clients at all gateways look on. The history is
judged at the end. What is found wrong is printed before the line.
"""
import signal
import sys
import time

import history
from cluster import Cluster, bound_us
from found import read_store
from keeper import send
from storms import SETTLE_S, Storm, cut_power
from watchers import end_many

REVOCATIONS = 20


def do_round(cluster, number):
    """How long it took until the last of what was ended was refused, in us."""
    with Storm(cluster) as storm:
        time.sleep(SETTLE_S)
        victim = number % len(cluster.gateways)
        cluster.kill_gateway(victim)
        cluster.restart_gateway(victim)
        if number % 2:
            send(cluster.primary().pids_of_postgresql(), signal.SIGKILL)
            time.sleep(SETTLE_S)
            cluster.await_members()
        cut_power(cluster, storm)
    return end_many(cluster, REVOCATIONS)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with Cluster() as cluster:
        refused_us = 0
        for number in range(rounds):
            refused_us = max(refused_us, do_round(cluster, number))
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
        rows = cluster.log.rows + list(read_store(cluster))
        report = history.judge(rows, bound_us=bound_us())
    for fault in report.faults:
        print(fault)
    print(f"rounds {rounds}, {report.line()},"
          f" refused by all within {refused_us / 1000:.0f} ms")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
