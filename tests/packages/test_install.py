# SPDX-License-Identifier: Apache-2.0
"""What is installed works, and goes away again"""
import pytest

pytestmark = pytest.mark.long


def test_from_the_packages_to_a_signed_answer(machine):
    machine.install("*.deb")
    assert machine("systemctl", "is-active", "trivet-gateway").stdout == "active\n", (
        machine.journal("trivet-gateway"))
    machine.sh("trivet-gateway key create --user Alice >/root/key && chmod 600 /root/key")
    machine.sh("trivet login --url https://localhost:8443/v1 --ca /var/lib/trivet/ca.pem "
               "--api-key-file /root/key")
    done = machine("trivet", "call", "GET", "echo")
    assert '"Identity"' in done.stdout, done
