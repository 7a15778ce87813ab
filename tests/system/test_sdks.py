# SPDX-License-Identifier: Apache-2.0
"""SDKs as they are, by bunq's host name: docs/sdks.md, line by line, with an
/etc/hosts and a port 443 of one's own"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from gateway import TRIVET, Gateway, environment, run, wait_until
from own_net import OwnNet
from postman import POSTMAN, write_answers
from serving import refuse

HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/sdks.md").read_text(encoding="utf-8")
NAME = "public-api.sandbox.bunq.com"

needs_namespaces = pytest.mark.skipif(
    not OwnNet.is_allowed(), reason="no namespaces here")


def lines():
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line]


class Machine:
    """A gateway in namespaces of its own, started by the first line."""

    def __init__(self, folder, net):
        self.net = net
        self.home = folder / "home"
        self.data = self.home / ".local/share/trivet"
        self.home.mkdir()
        self.answers = write_answers(folder / "answers")
        self.env = {
            "HOME": str(self.home), "LANG": "C.UTF-8",
            "PATH": f"{TRIVET.parent}:{os.environ['PATH']}",
        }
        self.exports = ""
        self.serving = None

    def serve(self, line, *more):
        command = line.replace("trivet", str(TRIVET), 1).split() + list(more)
        with open(self.home / "serve.log", "w", encoding="utf-8") as log:
            self.serving = subprocess.Popen(
                [*self.net.inside(self.home), *command, "--rate-limits", "off",
                 "--profile", "current", *map(str, self.answers)],
                env=environment(**self.env), stdout=log, stderr=log,
            )
        assert wait_until(lambda: "\nnext: " in self.said(), 60), self.said()

    def said(self):
        return (self.home / "serve.log").read_text(encoding="utf-8")

    def run(self, *command, **env):
        return subprocess.run(
            [*self.net.inside(self.home), *map(str, command)], cwd=self.home,
            env=environment(**self.env, **env), capture_output=True, text=True,
            timeout=120, check=False,
        )

    def paste(self, line):
        """As a user with sudo, which is left out here."""
        if line.startswith("export "):
            self.exports += line + "\n"
            return None
        done = self.run("bash", "-c", self.exports + line.replace("sudo ", ""))
        assert done.returncode == 0, (line, done)
        return done.stdout

    def stop(self):
        if self.serving is not None:
            self.serving.terminate()
            assert self.serving.wait(30) == 0


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdks")
    with OwnNet(folder) as net:
        machine = Machine(folder, net)
        try:
            machine.serve(lines()[0])
            yield machine
        finally:
            machine.stop()


@needs_namespaces
def test_the_page_and_the_clients(machine, request):
    """In the order of the page: before the line is in /etc/hosts nothing is
    found, then each program is admitted, and without the CA none."""
    seen = lines()
    assert seen[0] == "trivet serve --sandbox-host --port 443"
    assert f"name: https://{NAME}:443/v1 (trivet sandbox hosts" in machine.said()

    missing = machine.run(TRIVET, "sandbox", "hosts", "--check")
    assert missing.returncode == 8, missing
    assert f"no line in /etc/hosts: 127.0.0.1 {NAME}" in missing.stdout

    for line in seen[1:]:
        said = machine.paste(line)
        if "tee" in line:
            assert f"127.0.0.1 {NAME}\n" in machine.net.hosts.read_text()
        elif "--check" in line:
            assert said == f"{NAME}: found\n"
        elif said is not None:
            assert re.search(r"sandbox_[0-9a-f]{56}", said), (line, said)
    assert NAME not in Path("/etc/hosts").read_text()

    python = next(line for line in seen if line.startswith("python3"))
    untrusted = machine.run("bash", "-c", python)
    assert untrusted.returncode != 0 and "CERTIFICATE" in untrusted.stderr

    check_bunq_js_client(machine, request.getfixturevalue("node_modules"))
    if POSTMAN.exists():
        done = machine.run(
            sys.executable, HERE / "clients/postman_by_name.py",
            REQUESTS_CA_BUNDLE=machine.data / "ca.pem",
            TRIVET_SHARED=POSTMAN.parents[1])
        assert done.stdout == "29\n", done


def check_bunq_js_client(machine, modules):
    """npm's, unmodified: its own host name, all three steps."""
    env = {"NODE_PATH": str(modules)}
    done = machine.run("node", HERE / "clients/bunq-js-client.js", **env,
                       NODE_EXTRA_CA_CERTS=str(machine.data / "ca.pem"))
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["type"] == "UserPerson"
    untrusted = machine.run("node", HERE / "clients/bunq-js-client.js", **env)
    assert untrusted.returncode != 0


# ---- names -------------------------------------------------------------------


def names_of(gateway):
    pem = (gateway.data / "tls.crt").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    extension = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName)
    return set(extension.value.get_values_for_type(x509.DNSName))


def hosts(gateway, *options):
    return run("sandbox", "hosts", "--data", gateway.data, *options)


def test_names_in_the_certificate(serve):
    gateway = serve("--host-name", "api.example", "--sandbox-host", name="data")
    assert names_of(gateway) == {"localhost", "api.example", NAME}
    told = json.loads(hosts(gateway, "--json").stdout)
    assert told == {
        "address": "127.0.0.1", "port": gateway.port,
        "ca": str(gateway.data / "ca.pem"), "names": ["api.example", NAME]}
    said = hosts(gateway).stdout.splitlines()
    assert said[:2] == ["127.0.0.1 api.example", f"127.0.0.1 {NAME}"]
    assert all(line.startswith("# ") for line in said[2:])
    assert f"port {gateway.port}" in said[2] and "ca.pem" in said[3]
    before = (gateway.data / "tls.crt").read_bytes()
    ca = gateway.ca.read_bytes()
    gateway.close()

    again = serve("--host-name", "api.example", name="data")
    assert (again.data / "tls.crt").read_bytes() == before
    again.close()
    more = serve("--host-name", "b.example", name="data")
    assert names_of(more) == {"localhost", "b.example"}
    assert more.ca.read_bytes() == ca


def test_it_is_accepted_as_host(serve):
    gateway = serve("--host-name", "api.example")
    done = subprocess.run(
        ["curl", "-sS", "--cacert", gateway.ca, "--resolve",
         f"api.example:{gateway.port}:127.0.0.1", "-X", "POST",
         f"https://api.example:{gateway.port}/v1/sandbox-user-person"],
        capture_output=True, text=True, check=False, env=environment())
    assert "ApiKey" in done.stdout, done
    other = subprocess.run(
        ["curl", "-sS", "--cacert", gateway.ca, "--resolve",
         f"other.example:{gateway.port}:127.0.0.1",
         f"https://other.example:{gateway.port}/v1/user"],
        capture_output=True, text=True, check=False, env=environment())
    assert other.returncode == 60, other


@pytest.mark.parametrize(
    "name",
    ["", ".", "a..b", "-a.example", "a-.example", "a_b.example", "*.example",
     "a b", "localhost:8443", "https://a.example", "192.0.2.1", "::1",
     "a.example.", "é.example", "a,IP:192.0.2.1", "a" * 64 + ".example",
     ".".join(["a" * 60] * 5)],
)
def test_what_is_no_host_name(tmp_path, name):
    said = refuse(tmp_path, "--host-name", name)
    assert said.returncode == 2 and "not a host name" in said.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(
    not os.environ.get("TRIVET_BUILD", "").endswith("/release"),
    reason="./run makes the build for use")
def test_run_passes_options_on(tmp_path):
    done = subprocess.run(
        ["./run", "--sandbox-host", "--host-name", "a b", "--data", tmp_path / "d"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--host-name a b: not a host" in done.stderr


def test_too_many_names(tmp_path):
    options = [word for i in range(17) for word in ("--host-name", f"a{i}.example")]
    assert "16 of them at most" in refuse(tmp_path, *options, num_lines=2).stderr


def test_sixteen_long_names(serve):
    names = [f"{chr(97 + i)}." + ".".join(["b" * 62] * 3) for i in range(16)]
    options = [word for name in names for word in ("--host-name", name)]
    assert names_of(serve(*options)) == {"localhost", *names}


def test_the_operators_certificate_must_name_it(tmp_path, serve):
    made = serve("--host-name", "api.example", name="made")
    tls = ["--tls-cert", made.data / "tls.crt", "--tls-key", made.data / "tls.key"]
    made.close()
    said = refuse(tmp_path, *tls, "--host-name", "b.example").stderr
    assert "does not name each --host-name" in said
    serve(*tls, "--host-name", "api.example", name="given")


def test_without_a_name(gateway, tmp_path):
    for data in (gateway.data, tmp_path):
        said = run("sandbox", "hosts", "--data", data)
        assert said.returncode == 8 and said.stdout == ""
        assert "no gateway was started here with --host-name" in said.stderr


def test_a_file_that_was_changed(serve):
    gateway = serve("--host-name", "api.example")
    path = gateway.data / "hosts.json"
    good = json.loads(path.read_text())
    for wrong in ({**good, "names": ["a b"]}, {**good, "port": 0},
                  {**good, "names": "x"}, {"port": 1}, []):
        path.write_text(json.dumps(wrong))
        said = hosts(gateway)
        assert said.returncode == 2 and said.stdout == "", said
        assert "hosts.json: line 1: " in said.stderr


# ---- reset -------------------------------------------------------------------


def test_reset(serve, tmp_path):
    import bunq

    gateway = serve(name="data")
    client = bunq.ready(gateway)
    assert client.is_alive()
    gateway.trivet("incident", "lowercase-headers", "on")
    gateway.trivet("clock", "+1d")
    assert gateway.trivet("sandbox", "reset") == {"reset": True}
    for noun in ("user", "key", "device", "session"):
        assert gateway.trivet(noun, "list") == []
    assert gateway.trivet("clock")["offset_seconds"] == 0
    assert all(row["state"] == "off" for row in gateway.trivet("incident"))
    assert not client.is_alive()
    bunq.assert_refused(client.post_session(), 401)
    assert bunq.ready(gateway).is_alive()
    log = run("audit", "--data", gateway.data, "--json", check=True).stdout
    assert log.count('"event":"reset"') == 1
    assert run("audit", "verify", "--data", gateway.data).returncode == 0

    seed = tmp_path / "seed.json"
    seed.write_text('{"users": [{"name": "Bob"}]}')
    gateway.trivet("sandbox", "reset", "--seed", seed)
    assert [user["name"] for user in gateway.trivet("user", "list")] == ["Bob"]

    seed.write_text('{"users": [\n7]}')
    wrong = run("sandbox", "reset", "--seed", seed, "--data", gateway.data)
    assert wrong.returncode == 2 and "line 2" in wrong.stderr
    assert len(gateway.trivet("user", "list")) == 1


def test_reset_of_what_is_no_sandbox(serve, upstream, tmp_path):
    gateway = serve("--upstream", upstream.url)
    gateway.trivet("key", "create")
    said = run("sandbox", "reset", "--data", gateway.data)
    assert said.returncode == 8 and "not the data directory of a" in said.stderr
    assert len(gateway.trivet("key", "list")) == 1
    assert run("sandbox", "reset", "--data", tmp_path / "none").returncode == 8


def test_reset_of_another_store(bystander, gateway):
    url = f"sqlite:{gateway.data}/trivet.db"
    said = run("sandbox", "reset", "--data", bystander.data, "--store", url)
    assert said.returncode == 2 and "--store" in said.stderr
