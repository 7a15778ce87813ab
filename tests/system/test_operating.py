# SPDX-License-Identifier: Apache-2.0
"""Every line of docs/operating.md, run as it stands there, in its order

On a machine of its own (tests/support/machine.py), as root. One line is not run:
apt-get, which needs a network. In its place is the nginx of the tests, which is
Debian's.
"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import gateway
from machine import Machine
from postgres import find_binaries

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
BUILD = Path(os.environ.get("TRIVET_BUILD", ROOT / "build/release"))

pytestmark = [
    pytest.mark.skipif(BUILD.name != "release", reason="the page is about the build for use"),
    pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is not installed"),
]

APT = "apt-get install -y nginx\n"
NGINX = f"""
mkdir -p /etc/nginx /var/log/nginx /var/lib/nginx /usr/lib/nginx/modules /usr/share/nginx
cp {ROOT}/build/nginx-root/usr/sbin/nginx /usr/sbin/nginx
ln -sfn /usr/lib/nginx/modules /usr/share/nginx/modules
mount -t tmpfs -o size=8m tmpfs /var/lib/trivet 2>/dev/null || {{
    mkdir -p /var/lib/trivet && mount -t tmpfs -o size=8m tmpfs /var/lib/trivet; }}
"""

APIS = """
import sys, time
sys.path.insert(0, "tests/system")
from upstream import Upstream, reply, JSON
for port in (8001, 8002):
    Upstream(port=port).plan("/v1/port", reply(b'{"Response":[%d]}' % port, headers=[JSON]))
print("up", flush=True)
time.sleep(3600)
"""

DATABASE = """
mkdir /root/db && chown postgres /root/db && chmod 755 /root
cd /
runuser -u postgres -- {binaries}/initdb -D /root/db/data -A trust -U postgres \
    -E UTF8 --locale=C --no-sync >/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=db1 \
    -addext subjectAltName=DNS:db1 -keyout /root/db/key -out /root/db/crt 2>/dev/null
chown postgres /root/db/key && chmod 600 /root/db/key
cp /root/db/crt /etc/trivet/db-ca.pem && chmod 644 /etc/trivet/db-ca.pem
echo '127.0.0.1 db1' >>/etc/hosts
runuser -u postgres -- {binaries}/pg_ctl -w -D /root/db/data -l /root/db/log start -o \
    "-k /root/db -c ssl=on -c ssl_cert_file=/root/db/crt -c ssl_key_file=/root/db/key \
     -c listen_addresses=127.0.0.1 -c fsync=off" >/dev/null
psql -qh /root/db -U postgres -c 'CREATE ROLE owner LOGIN CREATEROLE' \
    -c 'CREATE DATABASE trivet OWNER owner' postgres
"""


def sections(page):
    """[(heading, [block of sh])] of those that have any."""
    found = []
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```", part, flags=re.M | re.S)
        if blocks:
            found.append((part.partition("\n")[0], blocks))
    return found


class Operator:
    """Who does what the page says, and looks at what came of it."""

    def __init__(self, machine):
        self.machine = machine
        self.env = {}
        self.said = ""

    def run(self, block):
        if block == APT:
            self.machine.run(NGINX)
            return
        exported = re.fullmatch(r"export (\w+)=(\S+)\n", block)
        if exported:
            self.env[exported[1]] = exported[2]
            return
        self.said += self.machine.run(block, env=self.env).stdout

    def ask(self, line, check=True):
        return self.machine.run(line, env=self.env, check=check)

    def json(self, line):
        return json.loads(self.ask(f"{line} --json").stdout)

    def can_call(self):
        return self.ask("trivet call GET user", check=False).returncode == 0

    def log_in(self, check=True):
        # The classic limit of sessions: one in half a minute.
        return self.ask(
            "trivet login --url https://localhost/v1 --ca /etc/trivet/tls.crt"
            " --api-key-file /root/alice.key", check)

    # what is so before and after the lines of a section

    def before_the_disk_is_full(self):
        self.ask("dd if=/dev/zero of=/var/lib/trivet/trivet.db.replaced-x bs=4k"
                 " 2>/dev/null || true")
        assert self.can_call()
        refused = self.ask("trivet user create Bob", check=False)
        assert refused.returncode == 1 and "full" in refused.stderr, refused

    def before_move_to_postgresql(self):
        self.ask(DATABASE.format(binaries=find_binaries()))

    def after_install(self):
        assert self.ask("stat -c '%U %a' /var/lib/trivet/trivet.db").stdout == "www-data 600\n"
        assert "warn" not in self.ask("nginx -t 2>&1").stdout
        said = self.ask("curl -sS --http2 --cacert /etc/trivet/tls.crt -o /dev/null"
                        " -w '%{http_version}' https://localhost/v1/x").stdout
        assert said == "2"

    def after_first_key(self):
        (key,) = self.json("trivet key list")
        assert (key["status"], key["label"]) == ("ACTIVE", "laptop")
        ports = {self.ask("trivet call GET port").stdout for _ in range(6)}
        assert ports == {'{"Response":[8001]}', '{"Response":[8002]}'}, ports

    def after_rotate(self):
        # nginx's new workers tell the store of the new key.
        assert gateway.wait_until(lambda: [1, 0] == [
            key["installations"] for key in self.json("trivet server-key list")], 30)
        assert self.can_call()

    def after_back_up(self):
        assert "audit log up to row" in self.said
        assert self.ask("stat -c %a /var/backups/*").stdout == "600\n600\n"
        # What the restore undoes.
        self.json("trivet user create Carol")

    def after_restore(self):
        assert "user-created" in self.said
        assert [user["name"] for user in self.json("trivet user list")] == ["Alice"]
        assert self.can_call()

    def after_upgrade(self):
        assert gateway.wait_until(
            lambda: self.ask("pgrep -c -f 'nginx: master'").stdout == "1\n", 30)
        assert self.can_call()

    def after_watch(self):
        assert "trivet_requests_total" in self.said and "ok\nok\n" in self.said

    def after_the_disk_is_full(self):
        self.json("trivet user create Bob")

    def after_a_key_leaks(self):
        assert "key-revoked" in self.said and not self.can_call()
        self.ask("(umask 077; trivet key create --user Alice > /root/alice.key)")
        self.ask("trivet forget --context default")

    def after_a_server_key_is_lost(self):
        states = [key["status"] for key in self.json("trivet server-key list")]
        assert states[:2] == ["RETIRED", "RETIRED"] and len(states) == 3, states
        self.log_in()
        assert self.can_call()

    def after_move_to_postgresql(self):
        assert "copied: " in self.said and self.can_call()
        assert "gateway1" in self.ask(
            "psql -Ath /root/db -U postgres -c"
            " 'SELECT usename FROM pg_stat_activity' postgres").stdout


def method(when, heading):
    name = re.sub(r"\W+", "_", heading.lower())
    return f"{when}_{name}"


def test_each_line_of_the_page_works_in_its_order(tmp_path):
    (tmp_path / "try").mkdir()
    if not Machine.is_allowed(tmp_path / "try"):
        pytest.skip("no namespaces and layers over folders here")
    with Machine(tmp_path, ROOT) as machine:
        with subprocess.Popen(
            [*machine.inside(), "/usr/bin/python3", "-c", APIS],
            stdout=subprocess.PIPE, text=True,
        ) as apis:
            try:
                assert apis.stdout.readline() == "up\n"
                operator = Operator(machine)
                for heading, blocks in sections(PAGE):
                    getattr(operator, method("before", heading), lambda: None)()
                    for block in blocks:
                        operator.run(block)
                    getattr(operator, method("after", heading))()
                log = machine.run("cat /var/log/nginx/error.log").stdout
                assert gateway.TROUBLE.search(log) is None, log
            finally:
                machine.run("nginx -s quit", check=False)
                apis.kill()


def test_its_anchors_and_its_order_are_those_of_the_page():
    headings = [heading for heading, _ in sections(PAGE)]
    assert headings[0] == "Install" and headings[-1] == "Move to PostgreSQL"
    anchors = {re.sub(r"[^\w-]", "", each.lower().replace(" ", "-"))
               for each in re.findall(r"^#+ (.*)", PAGE, flags=re.M)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= anchors
