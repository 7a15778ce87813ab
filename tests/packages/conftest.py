# SPDX-License-Identifier: Apache-2.0
"""conftest.py - packages that are made once, and machines to try them on"""
import os
from pathlib import Path

import pytest

from machine import ROOT, Machine, make_base, run

RELEASE = os.environ.get("TRIVET_RELEASE", "bookworm")

if os.geteuid() != 0:
    collect_ignore_glob = ["test_*.py"]  # whole systems are root's to make


@pytest.fixture(scope="session")
def packages():
    """The folder of the .deb files. The C tests are left out: others run them."""
    folder = ROOT / "build/packages" / RELEASE
    if not os.environ.get("TRIVET_PACKAGES_ARE_MADE"):
        run(ROOT / "tools/build-packages", RELEASE, folder, timeout=1800,
            env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"})
    return folder


@pytest.fixture(scope="session")
def base(packages, tmp_path_factory):
    folder = Path(os.environ.get("TRIVET_MACHINE_BASE")
                  or tmp_path_factory.mktemp("machines") / "base")
    if folder.exists():
        return folder
    return make_base(RELEASE, folder, sorted(packages.glob("*.deb")))


@pytest.fixture
def machine(base, tmp_path):
    with Machine(base, tmp_path / "machine") as machine:
        yield machine
