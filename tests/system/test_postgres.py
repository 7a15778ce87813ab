# SPDX-License-Identifier: Apache-2.0
"""The store in PostgreSQL: the C suite, and the commands."""

import os
import subprocess
import time

import pytest

import bunq
from gateway import BUILD, Gateway, run, wait_until
from postgres import FAST, Server, find_binaries
from storm import storm

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

# Tests of the store, and of the authority on it. Those that are SQLite's alone
# skip themselves (docs/scaling.md).
SHORT = ["test_store_session", "test_store_change"]
LONG = """test_store_api_key test_store_admission test_checkpoint test_chain
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
    program = BUILD / "tests" / name
    if not program.exists():
        pytest.skip("not built: make check-unit")
    done = subprocess.run([program], capture_output=True, text=True,
                          timeout=120,
                          env={**os.environ,
                               "TRIVET_TEST_STORE": server.url()})
    assert done.returncode == 0, done.stdout + done.stderr


def refuse(url, *words, command=("user", "list", "--store")):
    done = run(*command, url)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def store(server):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    return url


def test_a_store_is_migrated_once_and_again(server, store):
    run("store", "migrate", store, check=True)
    assert server.sql("SELECT count(*) FROM schema_version", store) == "1"
    run("user", "create", "Ada", "--store", store, check=True)
    assert "Ada" in run("user", "list", "--store", store, check=True).stdout
    run("store", "check", "--store", store, check=True)
    run("audit", "verify", "--store", store, check=True)


PARTED = """
CREATE TABLE parted (LIKE admission INCLUDING ALL) PARTITION BY HASH (digest);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
DROP TABLE admission;
ALTER TABLE parted RENAME TO admission;
"""


def test_admissions_may_be_in_partitions(server, tmp_path):
    """Made by the owner, before the store is used (docs/scaling.md)."""
    url = server.make_database()
    run("store", "migrate", url, check=True)
    server.sql(PARTED, url)
    run("store", "migrate", url, check=True)  # it is up to date
    server.sql(run("store", "roles", check=True).stdout, url)
    server.sql("CREATE ROLE parting LOGIN IN ROLE trivet_gateway")
    role = url.replace("trivet@", "parting@")
    with Gateway(tmp_path / "data", "--store", role) as gateway:
        clients = [bunq.ready(gateway) for _ in range(12)]
        for number in range(2):
            assert int(server.sql(f"SELECT count(*) FROM parted_{number}", url)) > 0
        run("store", "check", "--store", url, check=True)
        clients[0].call("DELETE", "/v1/session/0")
        assert [client.is_alive() for client in clients[:2]] == [False, True]
    run("store", "check", "--store", url, check=True)


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
    done = run("user", "list", "--store",
               store.replace("trivet@", "trivet:geheim@"))
    assert done.returncode != 0
    assert "password" in done.stderr
    assert "geheim" not in done.stderr + done.stdout


def test_a_database_of_something_else_stays_as_it_is(server):
    url = server.make_database()
    server.sql("CREATE TABLE invoices (id INT)", url)
    refuse(url, "something else", command=("store", "migrate"))
    assert server.sql("SELECT count(*) FROM information_schema.tables"
                      " WHERE table_schema = 'public'", url) == "1"


def test_another_schema_version_is_refused(server):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    server.sql("UPDATE schema_version SET version = version + 1", url)
    refuse(url, "schema version")
    refuse(url, "schema version", command=("store", "migrate"))
    server.sql("UPDATE schema_version SET version = version - 2", url)
    refuse(url, "schema version")


# Each changes rows of admission.
BY_HAND = """
UPDATE session SET anchored_us = anchored_us + 1
UPDATE session SET timeout_s = 77 WHERE id = 1
UPDATE session SET ended_us = 5 WHERE id = 2
UPDATE session SET ended_us = NULL WHERE id = 2
UPDATE session SET digest = sha256('other') WHERE id = 3
UPDATE session SET device_id = 2 WHERE id = 1
DELETE FROM session WHERE id = 3
UPDATE device SET api_key_id = 1 WHERE id = 2
INSERT INTO installation SELECT 2, 1, public_der, public_text, address, 1 FROM installation; UPDATE device SET installation_id = 2 WHERE id = 2
UPDATE api_key SET allow_all_ips = 1 WHERE id = 1
UPDATE api_key SET allow_all_ips = 0
UPDATE api_key SET revoked_us = 6 WHERE id = 1
UPDATE api_key SET revoked_us = NULL
UPDATE api_key SET user_id = 2 WHERE id = 1
INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address) VALUES (1, 1, 1, decode(repeat('02', 16), 'hex'))
UPDATE permitted_ip SET is_active = 0 WHERE api_key_id = 1
UPDATE permitted_ip SET is_active = 1
UPDATE permitted_ip SET api_key_id = 2 WHERE id = 1
DELETE FROM permitted_ip
UPDATE users SET auto_logout_s = auto_logout_s + 1
DELETE FROM session WHERE device_id = 2; DELETE FROM device WHERE id = 2
""".strip().split("\n")

SOME_ROWS = """
INSERT INTO server_key (created_us, public_der) VALUES (1, 'key');
INSERT INTO users (created_us, updated_us, kind, public_uuid, display_name, auto_logout_s)
    SELECT 1, 1, 1, 'uuid' || n, 'name', 100 FROM generate_series(1, 2) AS n;
INSERT INTO installation (created_us, public_der, public_text, address, server_key_id)
    VALUES (1, 'der', 'text', 'address', 1);
INSERT INTO api_key (created_us, updated_us, user_id, digest, label, expires_us)
    SELECT 1, 1, n, sha256(convert_to('key' || n, 'UTF8')), '', 9 FROM generate_series(1, 2) AS n;
INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address)
    VALUES (1, 1, 1, decode(repeat('01', 16), 'hex'));
INSERT INTO device (created_us, installation_id, api_key_id, description, address)
    SELECT 1, 1, k, '', 'address' FROM unnest(ARRAY[1, 2, 2]) AS k;
INSERT INTO session (created_us, anchored_us, digest, device_id)
    SELECT 1, n, sha256(convert_to('session' || n, 'UTF8')), d
    FROM unnest(ARRAY[1, 2, 2]) WITH ORDINALITY AS of (d, n);
"""

DIFFERENT = """SELECT count(*) FROM (
    (TABLE admission EXCEPT SELECT * FROM admissible) UNION ALL
    (SELECT * FROM admissible EXCEPT TABLE admission)) AS rows"""


def test_changes_by_hand_keep_rows_right(server):
    """The rows that sessions are admitted by, whatever psql does."""
    url = server.make_database()
    run("store", "migrate", url, check=True)
    server.sql(SOME_ROWS, url)
    assert server.sql("SELECT count(*) FROM admission", url) == "3"
    for change in BY_HAND:
        before = server.sql("TABLE admission", url)
        server.sql(change, url)
        assert server.sql(DIFFERENT, url) == "0", change
        assert server.sql("TABLE admission", url) != before, change
    run("store", "check", "--store", url, check=True)


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
            last = server.sql("SELECT max(id) FROM session", store)
            run("session", "end", last, "--store", store, check=True)
            assert not client.is_alive()
            assert not other.is_alive()


def test_connections_of_before_cost_no_call(tmp_path):
    """A server that ends says so to each connection, and is there again when
    the next call finds that."""
    own = Server()
    try:
        url = own.make_database()
        run("store", "migrate", url, check=True)
        with Gateway(tmp_path / "data", "--store", url) as gateway:
            clients = [bunq.ready(gateway) for _ in range(8)]

            def use_all():
                return {answer.status for answer in storm(
                    len(clients), lambda n: clients[n].get("/v1/user"))}

            for _ in range(5):  # each thread has a connection
                assert use_all() == {200}
            own.stop_server(FAST)
            own.start()
            other = bunq.Client(gateway)
            assert wait_until(lambda: other.post_installation().status == 200, 20)
            assert use_all() == {200}
    finally:
        own.stop()


def test_a_database_that_is_gone_is_a_503_until_it_is_back(tmp_path):
    own = Server()
    try:
        url = own.make_database()
        run("store", "migrate", url, check=True)
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


# ---- what others do at the same time -----------------------------------------


def refuse_sometimes(server, url, table, state, times):
    """Takes the next `times` transactions back that write into the table."""
    server.sql(
        f"CREATE SEQUENCE tries; GRANT ALL ON SEQUENCE tries TO PUBLIC;"
        f"CREATE FUNCTION collide() RETURNS TRIGGER LANGUAGE plpgsql AS $$"
        f" BEGIN IF nextval('tries') <= {times} THEN RAISE EXCEPTION"
        f" 'collided' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;"
        f"CREATE TRIGGER collide BEFORE INSERT OR UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION collide()", url)


def take_triggers_away(server, url, table):
    server.sql(f"DROP TRIGGER collide ON {table}; DROP SEQUENCE tries;"
               f"DROP FUNCTION collide()", url)


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_what_was_taken_back_is_done_again(server, tmp_path, state):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    with Gateway(tmp_path / "data", "--store", url) as gateway:
        client = bunq.Client(gateway)
        client.install().register(client.make_user())
        refuse_sometimes(server, url, "session", state, 2)
        client.open()
        assert client.is_alive()
        assert server.sql("SELECT last_value FROM tries", url) == "3"
        take_triggers_away(server, url, "session")
        assert server.sql("SELECT count(*) FROM session", url) == "1"

        refuse_sometimes(server, url, "session", state, 2)
        bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
        assert not client.is_alive()
        take_triggers_away(server, url, "session")
    refuse_sometimes(server, url, "users", state, 2)
    run("user", "create", "Ada", "--store", url, check=True)
    run("audit", "verify", "--store", url, check=True)
    run("store", "check", "--store", url, check=True)


def test_nothing_is_done_again_for_ever(server, tmp_path):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    with Gateway(tmp_path / "data", "--store", url) as gateway:
        client = bunq.Client(gateway)
        client.install().register(client.make_user())
        refuse_sometimes(server, url, "session", "40001", 1000)
        bunq.assert_refused(client.post_session(), 503)
        assert 1 < int(server.sql("SELECT last_value FROM tries", url)) < 10
        take_triggers_away(server, url, "session")
        # a constraint is no collision
        refuse_sometimes(server, url, "session", "23514", 1000)
        client.post_session()
        assert server.sql("SELECT last_value FROM tries", url) == "1"
        take_triggers_away(server, url, "session")
        client.open()
        assert client.is_alive()
    run("audit", "verify", "--store", url, check=True)


def waiting(server, url):
    """How many statements of trivet's wait for a lock there."""
    return server.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
        " 'trivet' AND wait_event_type = 'Lock' AND datname ="
        " current_database()", url)


def test_a_statement_that_is_too_late_is_stopped_by_the_server(server):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    holder = server.psql(url)
    holder.stdin.write("BEGIN; LOCK TABLE users; SELECT 'held';\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    done = run("user", "list", "--store", url + "&deadline_ms=500")
    assert done.returncode == 1 and "no answer in time" in done.stderr
    # while the lock is held: nothing else would end it
    assert wait_until(lambda: waiting(server, url) == "0", 20)
    holder.communicate("ROLLBACK;\n", timeout=20)


# ---- passwords ---------------------------------------------------------------


@pytest.fixture(scope="module")
def secret_store(server):
    """The URL of a store that wants a password."""
    url = server.make_database()
    run("store", "migrate", url, check=True)
    server.sql("SET password_encryption = 'scram-sha-256';"
               "CREATE ROLE careful LOGIN SUPERUSER PASSWORD 'geheim'")
    server.ask_for_password("careful")
    return url.replace("trivet@", "careful@")


def credential(folder, text, mode=0o400):
    path = folder / "trivet-store-password"
    path.write_text(text)
    path.chmod(mode)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


@pytest.mark.parametrize("text", ["geheim", "geheim\n", "geheim\r\nmore\n"])
def test_a_password_comes_from_a_credential(secret_store, tmp_path, text):
    env = credential(tmp_path, text)
    run("user", "list", "--store", secret_store, env=env, check=True)


@pytest.mark.parametrize("text, mode, status, words", [
    ("geheim", 0o444, 2, "the store's password"),
    ("geheim", 0o440, 2, "the store's password"),
    ("geheim" * 200, 0o400, 1, "trivet-store-password"),
    ("anders", 0o400, 1, "password authentication failed"),
    ("", 0o400, 1, "password"),
    (None, 0o400, 1, "password"),
])
def test_other_credentials_are_refused(
        secret_store, tmp_path, text, mode, status, words):
    env = credential(tmp_path, text or "", mode)
    if text is None:
        (tmp_path / "trivet-store-password").unlink()
    done = run("user", "list", "--store", secret_store, env=env)
    assert done.returncode == status, done
    assert words in done.stderr and done.stderr.count("\n") == 1
    assert "geheim" not in done.stderr


def test_a_gateway_has_its_password_from_a_credential(secret_store, tmp_path):
    (tmp_path / "credentials").mkdir()
    gateway = Gateway(tmp_path / "data", "--store", secret_store)
    gateway.env = credential(tmp_path / "credentials", "geheim\n")
    with gateway:
        assert bunq.ready(gateway).is_alive()


def test_the_keys_of_a_data_directory_on_this_store(server, tmp_path):
    """Both are named: they go together when the gateway there has that store."""
    store, other = (server.make_database() for _ in range(2))
    for url in (store, other):
        run("store", "migrate", url, check=True)
    data = tmp_path / "data"
    with Gateway(data, "--store", store) as gateway:
        before = bunq.ready(gateway)
        done = run("server-key", "rotate", "--data", data, "--store", store)
        assert done.returncode == 0, done
        bunq.assert_admitted(before.get("/v1/user"), before.server_key)
    done = run("server-key", "rotate", "--data", data, "--store", other)
    assert done.returncode == 2 and "--file" in done.stderr
