# SPDX-License-Identifier: Apache-2.0
"""The primary's disk is full: nothing that was acknowledged is lost, and when
there is room again all is well without a restart"""
import subprocess
import time

import pytest

from cluster import Cluster
from process import IS_ROOT, make_folder, remove
from storms import Storm, use_all

SIZE_MB = 400
# A mount of its own, which nobody else sees. As an ordinary user: in a
# namespace where he may mount, and is himself.
UNSHARE = ["unshare", "-m"] if IS_ROOT else [
    "unshare", "-m", "--map-current-user", "--keep-caps"]
MOUNT = 'mount -t tmpfs -o mode=1777,size={size}m small "$0" && exec "$@"'


def may_mount(folder):
    return subprocess.run(
        [*UNSHARE, "sh", "-c", MOUNT.format(size=1), folder, "true"],
        capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def small():
    """Two members, each with a disk of that size."""
    folders = [make_folder("disk") for _ in range(2)]
    if not may_mount(folders[0]):
        pytest.skip("mounting is not allowed here")
    options = {number: {
        "data": folder / "data",
        "around": [*UNSHARE, "sh", "-c", MOUNT.format(size=SIZE_MB), folder],
    } for number, folder in enumerate(folders)}
    with Cluster(member_options=options) as made:
        yield made
    for folder in folders:
        remove(folder)


class Filler:
    """A file that takes all the room that a member has."""

    def __init__(self, member):
        folder = member.data.parent
        pid = next(iter(member.pids()))
        self.file = open(f"/proc/{pid}/root{folder}/filler", "wb", buffering=0)

    def fill(self):
        try:
            while True:
                self.file.write(b"\0" * 65536)
        except OSError:
            pass

    def empty(self):
        self.file.truncate(0)
        self.file.close()


def test_a_full_disk(small, judge):
    with Storm(small) as storm:
        time.sleep(1.5)
        old = small.primary()
        filler = Filler(old)
        small.log.note(f"{old.label} has a full disk")
        filler.fill()
        time.sleep(12)
        small.log.note("there is room")
        filler.empty()
        small.await_members()
        time.sleep(2)
    use_all(small, storm.alive + storm.ended)
    judge(small)
