# SPDX-License-Identifier: Apache-2.0
"""conftest.py - what the system tests share: gateways, clients, an API behind"""
import pytest

import bunq
from gateway import TRIVET, Gateway, close_all
from upstream import Upstream


def pytest_collection_modifyitems(config, items):
    if not TRIVET.exists() and not config.option.collectonly:
        pytest.exit(f"{TRIVET} is not built; TRIVET_BUILD names the folder", 2)


@pytest.fixture
def serve(tmp_path):
    """Makes gateways for one test: serve(*options) is a started one."""
    started = []

    def start(*options, name=None, **kwargs):
        data = tmp_path / (name or f"data{len(started)}")
        gateway = Gateway(data, *options, **kwargs)
        started.append(gateway)
        return gateway.start()

    yield start

    close_all(started)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway as it comes, one for all tests of a module."""
    with Gateway(tmp_path_factory.mktemp("gateway") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def upstream():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory, upstream):
    """A gateway in front of `upstream`."""
    data = tmp_path_factory.mktemp("front") / "data"
    with Gateway(data, "--sandbox", "--upstream", upstream.url) as started:
        yield started


@pytest.fixture(scope="module")
def client(gateway):
    """A client of `gateway` with a session that no test ends."""
    return bunq.ready(gateway)


@pytest.fixture(scope="module")
def api_client(front):
    """A client of `front` with a session that no test ends."""
    return bunq.ready(front)

