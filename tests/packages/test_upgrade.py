# SPDX-License-Identifier: Apache-2.0
"""An upgrade with a live store, an update of nginx, and what is left at the end"""
import re

import pytest

from machine import ROOT, run

pytestmark = pytest.mark.long

VERSION = re.match(r"trivet \((.*?)\)", (ROOT / "debian/changelog").read_text("utf-8")).group(1)
NEXT = f"{VERSION}.1"

# What every system changes by itself, and the users of packages, which stay.
OTHERS = re.compile(r"/(?:proc|sys|dev|run|tmp|packages|root|var/(?:cache|log|tmp)"
                    r"|var/lib/(?:apt|dpkg|systemd)|etc/(?:passwd|group|shadow|gshadow)-?$"
                    r"|etc/ld\.so\.cache|usr/share/info)")


@pytest.fixture(scope="session")
def next_packages(packages, tmp_path_factory):
    """The same packages as if they were of the next version."""
    folder = tmp_path_factory.mktemp("next")
    for deb in sorted(packages.glob("*.deb")):
        tree = folder / deb.stem
        run("dpkg-deb", "-R", deb, tree)
        control = tree / "DEBIAN/control"
        control.write_text(control.read_text("utf-8").replace(VERSION, NEXT), "utf-8")
        run("dpkg-deb", "--root-owner-group", "-b", tree,
            folder / deb.name.replace(VERSION, NEXT))
    return folder


def main_pid(machine, unit):
    return machine("systemctl", "show", "-P", "MainPID", unit).stdout.strip()


def use(machine):
    """An API key, a session, an instance of the proxy."""
    machine.sh("""
        umask 077
        trivet-gateway key create --user Alice >/root/key
        trivet login --url https://localhost:8443/v1 --ca /var/lib/trivet/ca.pem \
            --api-key-file /root/key
        trivet-gateway key create --user Alice |
            trivet-proxy shop login --url https://localhost:8443/v1 \
                --ca /var/lib/trivet/ca.pem --api-key-file -
        systemctl enable --now trivet-proxy@shop.socket
        curl -sS --unix-socket /run/trivet-proxy/shop http://localhost/v1/echo
        echo '# my own line' >>/etc/trivet/gateway.conf
    """)


def goes_on(machine):
    """The same sessions: neither end logs in anew."""
    sessions = machine("trivet-gateway", "session", "list", "--json").stdout
    for line in ("trivet call GET echo",
                 "curl -sS --unix-socket /run/trivet-proxy/shop http://localhost/v1/echo"):
        assert '"Identity"' in machine.sh(line).stdout
    count = len(re.findall(r'"id"', sessions))
    after = machine("trivet-gateway", "session", "list", "--json").stdout
    assert len(re.findall(r'"id"', after)) == count > 0


def test_upgrade_with_a_live_store(machine, next_packages):
    machine.install("*.deb")
    use(machine)
    gateway, proxy = (main_pid(machine, unit)
                      for unit in ("trivet-gateway", "trivet-proxy@shop"))

    machine.put(sorted(next_packages.glob("*.deb")), "/packages/next")
    machine.install("next/*.deb")
    assert NEXT in machine("dpkg-query", "-W", "trivet").stdout
    assert main_pid(machine, "trivet-gateway") not in ("0", gateway)
    assert main_pid(machine, "trivet-proxy@shop") not in ("0", proxy)
    goes_on(machine)
    machine("trivet-gateway", "store", "check")
    machine("trivet-gateway", "audit", "verify")
    assert "# my own line" in machine("cat", "/etc/trivet/gateway.conf").stdout

    # A security update of nginx is used at once.
    gateway, proxy = (main_pid(machine, unit)
                      for unit in ("trivet-gateway", "trivet-proxy@shop"))
    machine.sh("dpkg-trigger --by-package=nginx /usr/sbin/nginx; dpkg --configure -a")
    assert main_pid(machine, "trivet-gateway") not in ("0", gateway)
    assert main_pid(machine, "trivet-proxy@shop") not in ("0", proxy)
    goes_on(machine)


def files(machine):
    """All names, with a digest of what is in /etc."""
    names = machine.sh("find / -xdev").stdout.split("\n")
    digests = machine.sh("find /etc -xdev -type f -exec sha256sum {} +").stdout
    content = dict(line.split("  ", 1)[::-1] for line in digests.split("\n") if line)
    return {name: content.get(name) for name in names if name and not OTHERS.match(name)}


def test_nothing_is_left(machine, next_packages):
    """Install, use, upgrade, remove, purge: nothing but what nginx leaves."""
    before = files(machine)
    machine.install("*.deb")
    use(machine)
    machine.put(sorted(next_packages.glob("*.deb")), "/packages/next")
    machine.install("next/*.deb")
    machine.sh("apt-get remove -qy $(cd /packages/next && ls | sed 's/_.*//')")
    machine.sh("dpkg --purge $(cd /packages/next && ls | sed 's/_.*//')")
    machine.sh("apt-get autoremove -qy --purge")
    after = files(machine)
    left = {name for name in after if before.get(name, 0) != after[name]}
    gone = {name for name in before if name not in after}
    assert not {name for name in left if "nginx" not in name and "/var/www" not in name}, left
    assert not gone
