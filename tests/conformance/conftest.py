# SPDX-License-Identifier: Apache-2.0
"""conftest.py - the gateway that strangers' vectors and tools try"""
import pytest

from gateway import Gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway") / "data") as started:
        yield started
