# SPDX-License-Identifier: Apache-2.0
"""conftest.py - packages that are made once, and machines to try them on"""
import contextlib
import fcntl
import os

import pytest

from machine import OURS, RELEASE, ROOT, Machine, make_base, run


@contextlib.contextmanager
def first(tmp_path_factory, name):
    """Of several processes of pytest one does it: true for that one alone, while
    the others wait."""
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent
    with open(root / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = root / f"{name}.done"
        yield not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The folder of the .deb files. The C tests are left out: others run them."""
    if os.geteuid() != 0:
        pytest.skip("whole systems are root's to make")
    folder = ROOT / "build/packages" / RELEASE
    if os.environ.get("TRIVET_PACKAGES_ARE_MADE"):
        return folder
    with first(tmp_path_factory, "packages") as is_first:
        if is_first:
            make_packages(folder)
    return folder


def make_packages(folder):
    done = run(ROOT / "tools/build-packages", RELEASE, folder, timeout=1800, check=False,
               env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"})
    if done.returncode == 3 and RELEASE != OURS:
        pytest.skip(done.stderr)
    assert done.returncode == 0, (done.stdout, done.stderr[-8000:])
    print((folder / "lintian").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def base(packages, tmp_path_factory):
    folder = ROOT / "build/machines" / RELEASE
    if os.environ.get("TRIVET_PACKAGES_ARE_MADE") and folder.exists():
        return folder
    with first(tmp_path_factory, "base") as is_first:
        if is_first:
            folder.parent.mkdir(parents=True, exist_ok=True)
            make_base(RELEASE, folder, sorted(packages.glob("*.deb")))
    return folder


@pytest.fixture
def machine(base, tmp_path):
    with Machine(base, tmp_path / "machine") as machine:
        yield machine
