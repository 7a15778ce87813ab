# SPDX-License-Identifier: Apache-2.0
"""The store in PostgreSQL: the C suite, and the commands."""

import os
import subprocess
import time

import pytest

import bunq
from gateway import Gateway
from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

# Tests of the store, and of the authority on it. Those that are SQLite's alone
# skip themselves (docs/scaling.md).
SHORT = ["test_store_session"]
LONG = """test_store_api_key test_store_admission
test_audit test_clock test_group test_handshake test_lifetime
test_meanwhile test_permitted_ip test_prune test_requests test_sandbox
test_server_keys test_signed_calls test_store_installation test_store_list
test_store_server_key test_store_user test_switches test_device""".split()
C_TESTS = SHORT + [pytest.param(name, marks=pytest.mark.long) for name in LONG]


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.mark.parametrize("name", C_TESTS)
def test_the_c_suite_passes_over_postgresql(server, name):
    program = f"{os.environ['TRIVET_BUILD']}/tests/{name}"
    if not os.path.exists(program):
        pytest.skip("not built: make check-unit")
    done = subprocess.run([program], capture_output=True, text=True,
                          timeout=120,
                          env={**os.environ,
                               "TRIVET_TEST_STORE": server.url()})
    assert done.returncode == 0, done.stdout + done.stderr


def trivet(*arguments, **more):
    return subprocess.run([f"{os.environ['TRIVET_BUILD']}/trivet", *arguments],
                          capture_output=True, text=True, timeout=60, **more)


def refuse(url, *words, command=("user", "list", "--store")):
    done = trivet(*command, url)
    assert done.returncode not in (0, -11), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def store(server):
    url = server.make_database()
    done = trivet("store", "migrate", url)
    assert done.returncode == 0, done.stderr
    return url


def test_a_store_is_migrated_once_and_again(server, store):
    assert trivet("store", "migrate", store).returncode == 0
    name = store.split("/")[3].split("?")[0]
    assert server.sql("SELECT count(*) FROM schema_version", name) == "1"
    done = trivet("user", "create", "Ada", "--store", store)
    assert done.returncode == 0, done.stderr
    assert "Ada" in trivet("user", "list", "--store", store).stdout
    assert trivet("store", "check", "--store", store).returncode == 0
    assert trivet("audit", "verify", "--store", store).returncode == 0


def test_what_cannot_be_a_store_is_told_in_one_line(server, store):
    other = server.make_database()
    refuse(other, "trivet store migrate")
    refuse(store.replace("trivet@", "nobody-there@"), "nobody-there")
    refuse(store.replace("store1", "none"), "none")
    refuse("postgresql://trivet@127.0.0.1:1/x", "refused")
    refuse("postgresql://trivet@127.0.0.1", "names no database")
    refuse("postgresql://a b", "URL")
    refuse(store + "&target_session_attrs=any", "writable")
    refuse(store + "&deadline_ms=5", "deadline_ms")


def test_a_password_in_the_url_is_refused_and_not_shown(store):
    done = trivet("user", "list", "--store",
                  store.replace("trivet@", "trivet:geheim@"))
    assert done.returncode != 0
    assert "password" in done.stderr
    assert "geheim" not in done.stderr + done.stdout


def test_a_database_of_something_else_stays_as_it_is(server):
    url = server.make_database()
    name = url.split("/")[3].split("?")[0]
    server.sql("CREATE TABLE invoices (id INT)", name)
    refuse(url, "something else", command=("store", "migrate"))
    assert server.sql("SELECT count(*) FROM information_schema.tables"
                      " WHERE table_schema = 'public'", name) == "1"


def test_another_schema_version_is_refused(server):
    url = server.make_database()
    name = url.split("/")[3].split("?")[0]
    assert trivet("store", "migrate", url).returncode == 0
    server.sql("UPDATE schema_version SET version = version + 1", name)
    refuse(url, "schema version")
    refuse(url, "schema version", command=("store", "migrate"))
    server.sql("UPDATE schema_version SET version = version - 2", name)
    refuse(url, "schema version")


def test_roles_can_do_their_work_and_no_more(server, store):
    name = store.split("/")[3].split("?")[0]
    server.sql(trivet("store", "roles").stdout, name)
    server.sql("CREATE ROLE one LOGIN IN ROLE trivet_gateway;"
               "CREATE ROLE two LOGIN IN ROLE trivet_auditor", name)
    gateway = store.replace("trivet@", "one@")
    auditor = store.replace("trivet@", "two@")
    done = trivet("user", "create", "Bea", "--store", gateway)
    assert done.returncode == 0, done.stderr
    assert trivet("audit", "verify", "--store", auditor).returncode == 0
    refuse(auditor, "rights")
    with pytest.raises(subprocess.CalledProcessError):
        server.sql("SET ROLE trivet_gateway; UPDATE audit SET reason = ''",
                   name)
    with pytest.raises(subprocess.CalledProcessError):
        server.sql("SET ROLE trivet_gateway; DELETE FROM audit", name)


# ---- gateways ----------------------------------------------------------------


def test_two_gateways_serve_from_one_database(server, store, tmp_path):
    with Gateway(tmp_path / "one", "--store", store) as one:
        client = bunq.Client(one)
        client.install().register(client.make_user()).open()
        assert client.is_alive()
        with Gateway(tmp_path / "two", "--store", store, "--server-key",
                     one.data / "server.pem") as two:
            other = bunq.Client(two)
            for name in ("installation_token", "session_token", "server_key",
                         "key"):
                setattr(other, name, getattr(client, name))
            assert other.is_alive()
            name = store.split("/")[3].split("?")[0]
            last = server.sql("SELECT max(id) FROM session", name)
            ended = trivet("session", "end", last, "--store", store)
            assert ended.returncode == 0, ended.stderr
            assert not client.is_alive()
            assert not other.is_alive()


def test_a_database_that_is_gone_is_a_503_until_it_is_back(tmp_path):
    own = Server()
    try:
        url = own.make_database()
        assert trivet("store", "migrate", url).returncode == 0
        with Gateway(tmp_path / "data", "--store", url) as gateway:
            gateway.may_crash = True
            client = bunq.Client(gateway)
            client.install().register(client.make_user()).open()
            own.stop_server()
            began = time.monotonic()
            assert client.get("/v1/user").status == 503
            assert client.post_installation().status == 503
            assert time.monotonic() - began < 20
            own.start()
            deadline = time.monotonic() + 20
            while (answer := client.get("/v1/user")).status != 200:
                assert answer.status == 503, answer
                assert time.monotonic() < deadline
                time.sleep(0.1)
            bunq.assert_admitted(answer, client.server_key)
    finally:
        own.stop()
