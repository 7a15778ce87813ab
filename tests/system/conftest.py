# SPDX-License-Identifier: Apache-2.0
"""conftest.py - what the system tests share: gateways, clients, an API behind"""
import fcntl
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

import bunq
import stores
from gateway import BUILD, TRIVET, Gateway, close_all
from nginx import TRIVET as SETTINGS
from fake_server import Authority as TlsAuthority
from fake_server import FakeServer
from nginx import Nginx
from proxy import Proxy
from psp import Authority
from sqlite_alone import reason_of
from trivet_command import Trivet
from upstream import Upstream


def pytest_collection_modifyitems(config, items):
    if not TRIVET.exists() and not config.option.collectonly:
        pytest.exit(f"{TRIVET} is not built; TRIVET_BUILD names the folder", 2)
    if stores.IS_POSTGRES:
        for item in items:
            reason = reason_of(item)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def serve(tmp_path):
    """Makes gateways for one test: serve(*options) is a started one."""
    started = []

    def start(*options, name=None, **kwargs):
        data = tmp_path / (name or f"data{len(started)}")
        gateway = Gateway(data, *options, **kwargs)
        started.append(gateway)
        return gateway.start()

    yield start

    close_all(started)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway as it comes, one for all tests of a module."""
    with Gateway(tmp_path_factory.mktemp("gateway") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def upstream():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory, upstream):
    """A gateway in front of `upstream`."""
    data = tmp_path_factory.mktemp("front") / "data"
    with Gateway(data, "--sandbox", "--upstream", upstream.url) as started:
        yield started


@pytest.fixture(scope="module")
def client(gateway):
    """A client of `gateway` with a session that no test ends."""
    return bunq.ready(gateway)


@pytest.fixture(scope="module")
def api_client(front):
    """A client of `front` with a session that no test ends."""
    return bunq.ready(front)


path_numbers = itertools.count()


@pytest.fixture
def path(request):
    """A path of the API that no other test asks for."""
    module = request.module.__name__.removeprefix("test_")
    return f"{bunq.ECHO}/{module}/{next(path_numbers)}"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data directory as `trivet serve` makes it, to be copied."""
    with Gateway(tmp_path_factory.mktemp("prepared") / "data") as gateway:
        pass
    return gateway.data


@pytest.fixture
def data(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "data")
    shutil.rmtree(tmp_path / "data/log")
    (tmp_path / "data/log").mkdir()
    return tmp_path / "data"


@pytest.fixture
def start(data):
    """start(upstream, **parts): an nginx of this configuration."""
    started = []

    def begin(upstream=None, **parts):
        nginx = Nginx(data, upstream, **parts)
        started.append(nginx)
        return nginx.start()

    yield begin
    close_all(started)


@pytest.fixture(scope="module")
def bystander(tmp_path_factory):
    """A gateway for tests that only look."""
    data = tmp_path_factory.mktemp("bystander") / "data"
    with Gateway(data, makes_key=True) as started:
        yield started


@pytest.fixture
def switched(serve):
    """switched("ipv6=off", ..., profile="current", options...): a gateway."""

    def start(*switches, profile=None, options=(), **kwargs):
        chosen = ["--profile", profile] if profile else []
        for switch in switches:
            chosen += ["--switch", switch]
        return serve(*chosen, *options, **kwargs)

    return start


@pytest.fixture(scope="module")
def root():
    """The root that issues the certificates of payment service providers."""
    return Authority(bunq.key(20), "A Root")


@pytest.fixture(scope="module")
def middle(root):
    """An intermediate below it."""
    return Authority(bunq.key(21), "A Middle", root)


@pytest.fixture
def outside(serve):
    """An nginx outside the sandbox, with a line more of configuration."""
    started = []

    def begin(line):
        made = serve()
        made.close()
        settings = SETTINGS.replace("trivet_sandbox on;", "") + line
        nginx = Nginx(made.data, trivet=settings).start()
        started.append(nginx)
        return nginx

    yield begin
    close_all(started)


# ---- trivet proxy, before a server that may misbehave --------------------------


@pytest.fixture(scope="session")
def tls_authority(tmp_path_factory):
    return TlsAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def tls_certificate(tls_authority):
    return tls_authority.make()


@pytest.fixture
def server(tls_certificate):
    """The independent server of the protocol; server.protocol spoils it."""
    running = FakeServer(tls_certificate[0])
    yield running
    running.close()


@pytest.fixture
def caller(tmp_path, tls_authority, server):
    """A context that is logged in there, its limits forgotten."""
    (tmp_path / "caller").mkdir()
    trivet = Trivet(tmp_path / "caller", tls_authority.file)
    done = trivet.login(server)
    assert done.returncode == 0, done.stderr
    trivet.forget_limits()
    return trivet


@pytest.fixture
def proxy_of():
    """proxy_of(trivet, *options): a started proxy; it does not count calls, as
    tests make many."""
    started = []

    def start(trivet, *options, throttle=False, **kwargs):
        counting = [] if throttle else ["--limits", "off"]
        started.append(Proxy(trivet, *counting, *options, **kwargs))
        return started[-1].start()

    yield start
    close_all(started)


@pytest.fixture
def proxy(proxy_of, caller):
    """A proxy before `server`."""
    return proxy_of(caller)


def install_node_modules(home):
    """Marked as whole at its end: a run that was stopped leaves a part."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    shutil.copy(Path(__file__).parent / "clients/package.json", home)
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=home, capture_output=True, text=True, timeout=300, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "node_modules/.whole").touch()


@pytest.fixture(scope="module")
def node_modules():
    """npm's packages, installed once for all runs."""
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    home = BUILD.parent / "npm"
    with open(BUILD.parent / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not (home / "node_modules/.whole").exists():
            install_node_modules(home)
    return home / "node_modules"
