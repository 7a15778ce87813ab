# SPDX-License-Identifier: Apache-2.0
"""conftest.py - what the runs of tests/cluster share"""
import shutil
from pathlib import Path

import pytest

import history
from cluster import Cluster, bound_us
from found import read_store
from front import STREAM
from gateway import TRIVET, run
from link import Link
from postgres import find_binaries

# What a call may take at most while something fails: it waits for a thread, then
# for a connection (3 s), for what it reads, and for its transaction (6 s each).
LIMIT_US = 20_000_000


def what_is_missing():
    tools = ["/usr/bin/patroni", "/usr/bin/etcd", "/usr/sbin/pgbouncer"]
    return [tool for tool in tools if not shutil.which(tool)] + [
        str(path) for path in (TRIVET, STREAM) if not path.exists()] + (
        [] if find_binaries() else ["PostgreSQL"])


def pytest_configure():
    missing = what_is_missing()
    if missing:
        pytest.exit("not there (tools/install-packages cluster; make all): "
                    + ", ".join(missing), 2)


# Its clock is five seconds ahead.
AHEAD = {
    "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
    "FAKETIME": "+5s",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}


@pytest.fixture(scope="session")
def cluster():
    """Two members, three gateways, of which the last reaches the members over
    links; and one apart whose clock is wrong."""
    with Cluster(gateways=4, linked={2: Link}, apart={3: AHEAD}) as made:
        yield made


@pytest.fixture
def judge(capsys):
    """judge(cluster, limit_us=...): fails on a fault; prints the report's line."""
    def decide(cluster, limit_us=LIMIT_US):
        report = judge_now(cluster, limit_us)
        with capsys.disabled():
            print("\n    " + report.line() + "".join(
                f"; this gap {gap_us / 1000:.0f} ms"
                for gap_us in report.gaps_us[-1:]))
        assert not report.faults, "\n".join(map(str, report.faults[:10]))
        return report

    return decide


def judge_now(cluster, limit_us=LIMIT_US):
    check_store(cluster)
    rows = cluster.log.rows + list(read_store(cluster))
    return history.judge(rows, bound_us=bound_us(), limit_us=limit_us)


def check_store(cluster):
    """trivet's own commands find nothing wrong."""
    for command in (["store", "check"], ["audit", "verify"]):
        run(*command, "--store", cluster.url(), check=True)
