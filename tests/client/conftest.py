# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a CA, a server that may misbehave, and the trivet command."""
import pytest

from fake_server import Authority, FakeServer, Protocol
from trivet_command import Trivet


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def certificate(authority):
    return authority.make()


@pytest.fixture
def server(certificate):
    running = FakeServer(certificate[0], Protocol())
    yield running
    running.close()


@pytest.fixture
def trivet(tmp_path, authority):
    return Trivet(tmp_path, authority.file)


@pytest.fixture
def logged_in(trivet, server):
    """A trivet that has logged in, its limits forgotten."""
    result = trivet.login(server)
    assert result.returncode == 0, result.stderr
    trivet.forget_limits()
    return trivet
