# SPDX-License-Identifier: Apache-2.0
"""conftest.py - what the runs of tests/cluster share"""
import shutil

import pytest

import history
from callers import Log, write_store
from cluster import Cluster, bound_us
from gateway import TRIVET, run
from front import STREAM
from postgres import find_binaries

# What a call may take at most while something fails. The deadlines of the store
# are 3 s to connect and 5 s for an answer, and a second for what is beside them.
LIMIT_US = 12_000_000


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


@pytest.fixture(scope="module")
def cluster():
    """Two members, three gateways: as it comes."""
    with Cluster() as made:
        yield made


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "history")


@pytest.fixture
def judge(capsys):
    """judge(cluster, log, limit_us=...): reads the store, and fails on a fault;
    prints the report's line."""
    def decide(cluster, log, limit_us=LIMIT_US):
        write_store(cluster, log)
        check_store(cluster)
        report = history.judge(log.rows, bound_us=bound_us(), limit_us=limit_us)
        with capsys.disabled():
            print("\n    " + report.line())
        assert not report.faults, "\n".join(map(str, report.faults[:10]))
        return report

    return decide


def check_store(cluster):
    """trivet's own commands find nothing wrong."""
    for command in (["store", "check"], ["audit", "verify"]):
        run(*command, "--store", cluster.url(), check=True)
