# SPDX-License-Identifier: Apache-2.0
"""What is installed works, as debian/tests/ say, and goes away again"""
import re
import time

import pytest

from machine import RELEASE, ROOT

pytestmark = pytest.mark.long


def test_the_readme(machine):
    """An empty system, the lines of README.md, and a signed answer."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"^    apt install .*\n(?:    .*\n)+", text, flags=re.M).group(0)
    assert lines.count("\n") == 4
    began = time.monotonic()
    done = machine.sh("cd /packages\n" + lines.replace("apt install", "apt-get install -qy"))
    print(f"{RELEASE}: a signed answer in {time.monotonic() - began:.1f} s")
    assert '"Identity"' in done.stdout, done


@pytest.mark.parametrize("name", ["gateway", "handshake", "proxy", "purge"])
def test_as_autopkgtest_would(machine, name):
    """The scripts of debian/tests/, in the order of their control file's rows."""
    machine.install("*.deb")
    text = (ROOT / "debian/tests" / name).read_text(encoding="utf-8")
    assert f"Tests: {name}\n" in (ROOT / "debian/tests/control").read_text(encoding="utf-8")
    done = machine("sh", "-exc", text, check=False)
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:],
                                  machine.journal("trivet-*")[-3000:])
