# SPDX-License-Identifier: Apache-2.0
"""How little the services may do"""
import re

import pytest

pytestmark = pytest.mark.long

MOST = 2.0  # of 10, in systemd's reckoning


def exposure(machine, unit):
    done = machine("systemd-analyze", "security", "--no-pager", "--offline=true",
                   f"--threshold={MOST * 10:.0f}", unit, check=False)
    print(done.stdout)
    level = float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout).group(1))
    assert (done.returncode == 0) == (level <= MOST), done
    return level


def test_exposure(machine):
    machine.install("*.deb")
    units = "/lib/systemd/system"
    machine.sh(f"cp {units}/trivet-proxy@.service /tmp/trivet-proxy@shop.service")
    gateway = f"{units}/trivet-gateway.service"
    assert exposure(machine, gateway) < MOST
    assert exposure(machine, "/tmp/trivet-proxy@shop.service") < MOST
    machine.sh(f"sed '/^SystemCallFilter\\|^CapabilityBoundingSet/d' {gateway} "
               ">/tmp/weaker.service")
    assert exposure(machine, "/tmp/weaker.service") > MOST
    done = machine("systemd-analyze", "verify", gateway, "/tmp/trivet-proxy@shop.service",
                   check=False)
    assert "trivet" not in done.stdout.replace("man trivet", ""), done


def test_what_the_service_cannot_do(machine):
    """The limits hold in the processes that run."""
    machine.install("trivet_*.deb", "libnginx-mod-http-trivet_*.deb", "trivet-gateway_*.deb")
    status = machine.sh("pid=$(pgrep -u _trivet -f 'nginx: worker' | head -n 1); "
                        "cat /proc/$pid/status; grep ' / ' /proc/$pid/mountinfo").stdout
    assert re.search(r"^NoNewPrivs:\s1$", status, flags=re.M), status
    assert re.search(r"^Seccomp:\s2$", status, flags=re.M), status
    assert re.search(r"^CapBnd:\s0000000000000400$", status, flags=re.M), status
    assert re.search(r" / / ro,", status), status
