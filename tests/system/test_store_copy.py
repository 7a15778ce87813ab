# SPDX-License-Identifier: Apache-2.0
"""trivet store copy: a gateway's data moves from SQLite to PostgreSQL"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

import bunq
from gateway import TRIVET, Gateway, run, wait_until, with_us
from postgres import Server, find_binaries
from psp import PATH as PSP_PATH
from psp import claim, provider

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

HOME, AWAY = "127.0.0.2", "127.0.0.3"
OAUTH_PATH = "/v1/sandbox-user-api-key"
# What of a store is no data.
# The last three are of what gateways tell each other.
NO_DATA = {"schema_version", "sqlite_sequence", "change", "session_turn",
           "request_id"}


@pytest.fixture(scope="module")
def server():
    made = Server()
    made.sql("CREATE ROLE owner LOGIN")  # no superuser
    yield made
    made.stop()


@pytest.fixture
def target(server):
    """The URL of a store that nobody has used."""
    url = server.make_database("owner")
    run("store", "migrate", url, check=True)
    return url


# ---- a store with something of everything ------------------------------------


class Served:
    """What a gateway on SQLite was used for."""

    def __init__(self, data, root, middle):
        self.data = data
        self.path = data / "trivet.db"
        with Gateway(data, "--audit-checkpoint", "1s") as gateway:
            self.fill(gateway, root, middle)
            assert wait_until(self.has_checkpoint, 20, 0.1)
        with sqlite3.connect(self.path) as db:
            # as `trivet prune` does, later
            db.execute("DELETE FROM session WHERE id ="
                       " (SELECT MAX(id) FROM session)")
        db.close()

    def has_checkpoint(self):
        db = sqlite3.connect(self.path, timeout=10)
        found = db.execute("SELECT COUNT(*) FROM audit_checkpoint").fetchone()
        db.close()
        return found[0] > 0

    def fill(self, gateway, root, middle):
        self.alive = bunq.ready(gateway, HOME)
        self.ended = bunq.ready(gateway, HOME, key_number=1)
        assert self.ended.call("DELETE", "/v1/session/0").status == 200
        self.anywhere = bunq.ready(gateway, HOME, key_number=2,
                                   permitted_ips=["*"])
        self.psp = bunq.Client(gateway, key_number=3).install()
        answer = self.psp.post(
            PSP_PATH, claim(self.psp, provider(middle), middle, root))
        bunq.assert_admitted(answer, self.psp.server_key)
        self.oauth = bunq.Client(gateway, key_number=4).install()
        answer = self.oauth.post(OAUTH_PATH, token=None, signature=None)
        self.oauth.register(answer.element("ApiKey")["api_key"]).open()
        self.permit(AWAY)
        self.permit("127.0.0.4", status="INACTIVE")
        gateway.trivet("user", "create", "Zo\u00eb \u2603")
        gateway.trivet("server-key", "rotate")
        bunq.ready(gateway, HOME, key_number=5)  # its session will be pruned
        bunq.assert_refused(self.alive.get("/v1/user", token="0" * 64), 401)

    def permit(self, address, **more):
        owner = f"/v1/user/{self.alive.user['id']}/credential-password-ip"
        key = self.alive.get(owner).element("CredentialPasswordIp")["id"]
        answer = self.alive.post(f"{owner}/{key}/ip", {"ip": address, **more})
        bunq.assert_admitted(answer, self.alive.server_key)


@pytest.fixture(scope="module")
def served(tmp_path_factory, root, middle):
    return Served(tmp_path_factory.mktemp("served") / "data", root, middle)


@pytest.fixture
def source(served, tmp_path):
    """The path of its store, to be changed."""
    path = tmp_path / "trivet.db"
    shutil.copy(served.path, path)
    path.chmod(0o600)
    return path


def change(path, *statements):
    db = sqlite3.connect(path)
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()


def tables_of(path):
    """{table: rows as dictionaries}, bytes as PostgreSQL shows them."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    found = {}
    for (name,) in db.execute("SELECT name FROM sqlite_master"
                              " WHERE type = 'table'").fetchall():
        if name not in NO_DATA:
            found[name] = [
                {column: "\\x" + value.hex() if isinstance(value, bytes)
                 else value for column, value in dict(row).items()}
                for row in db.execute(f"SELECT * FROM {name} ORDER BY 1")]
    db.close()
    return found


def tables_in(server, url):
    names = server.sql("SELECT table_name FROM information_schema.tables"
                       " WHERE table_schema = 'public'"
                       " AND table_type = 'BASE TABLE'", url).split()
    return {
        name: [json.loads(line) for line in server.sql(
            f"SELECT to_json(t) FROM {name} t", url).splitlines()]
        for name in names if name not in NO_DATA}


def by_first(tables):
    return {name: sorted(rows, key=lambda row: next(iter(row.values())))
            for name, rows in tables.items()}


def refused(server, done, target, status, *words):
    """One line says so, and the target is as it was."""
    assert done.returncode == status, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert "copied: " not in done.stdout.replace("not copied: ", "")
    for word in words:
        assert word in done.stderr, done.stderr
    if target is not None:
        assert_unused(server, target)


def assert_unused(server, target):
    rows = tables_in(server, target)
    ones = ("audit_head", "audit_checkpoint_end", "clock", "sandbox")
    assert [len(rows[name]) for name in ones] == [1, 1, 1, 1]
    assert not any(found for name, found in rows.items() if name not in ones)
    assert rows["audit_head"][0]["num_rows"] == 0
    assert rows["clock"][0]["latest_us"] == 0
    assert server.sql("INSERT INTO users (created_us, updated_us, kind,"
                      " public_uuid, display_name, auto_logout_s)"
                      " VALUES (1, 1, 1, 'x', 'x', 1) RETURNING id",
                      target) == "1"
    server.sql("DELETE FROM users;"
               " ALTER TABLE users ALTER COLUMN id RESTART", target)


# ---- what is copied ----------------------------------------------------------


def test_all_rows_are_the_same_in_both(server, served, source, target):
    done = run("store", "copy", f"sqlite:{source}", target, check=True)
    before = by_first(tables_of(source))
    assert by_first(tables_in(server, target)) == before
    for name in ("psp_identity", "requested_by"):
        assert any(row[name] is not None for row in before["users"])
    assert {row["is_active"] for row in before["permitted_ip"]} == {0, 1}
    assert {row["ended_us"] is None for row in before["session"]} == {True, False}
    lines = done.stdout.splitlines()
    for name, rows in before.items():
        [line] = [line for line in lines
                  if line.split()[0] == name and "sha256" in line]
        assert line.split()[1] == str(len(rows)), line
        assert "the same in both" in line
    assert any("whole in the target, with" in line for line in lines)
    assert len(before["audit_checkpoint"]) > 0
    assert any("as the target's tables say" in line for line in lines)
    assert lines[-1].startswith("copied: ")
    for name in ("server.pem", "server-2.pem"):
        assert any(line.startswith("not copied: the private key") and
                   line.endswith(f"{source.parent}/{name}") for line in lines)


def test_audit_and_store_are_whole_in_the_copy(server, source, target):
    head = run("audit", "verify", "--store", f"sqlite:{source}", check=True)
    noted = head.stdout.partition("head: ")[2].splitlines()[0]
    run("store", "copy", source, target, check=True)
    run("audit", "verify", "--head", noted, "--store", target, check=True)
    run("store", "check", "--store", target, check=True)
    run("user", "create", "Late", "--store", target, check=True)
    run("audit", "verify", "--head", noted, "--store", target, check=True)


def next_ids(path):
    db = sqlite3.connect(path)
    found = dict(db.execute("SELECT name, seq + 1 FROM sqlite_sequence"))
    db.close()
    return found


def test_new_ids_begin_behind_all_that_were_given(server, source, target):
    run("store", "copy", source, target, check=True)
    for name, number in next_ids(source).items():
        column = f"pg_get_serial_sequence('{name}', 'id')"
        assert server.sql(f"SELECT nextval({column})", target) == str(number)
    last = server.sql("SELECT max(id) FROM session", target)
    assert int(last) + 1 < next_ids(source)["session"]  # one was pruned


def test_a_gateway_goes_on_with_the_copy(served, target, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(served.data, data)
    shutil.rmtree(data / "log")
    run("store", "copy", data / "trivet.db", target, check=True)
    with Gateway(data, "--store", target) as gateway:
        for client in (served.alive, served.anywhere, served.oauth):
            moved = client.from_address(client.source)
            moved.gateway = gateway
            moved.http = bunq.make_session(gateway, client.source)
            assert moved.is_alive()
        ended = served.ended.from_address(HOME)
        ended.gateway = gateway
        assert not ended.is_alive()
        alive = served.alive.from_address(AWAY)
        alive.gateway = gateway
        assert alive.is_alive()
        elsewhere = served.alive.from_address("127.0.0.4")
        elsewhere.gateway = gateway
        assert elsewhere.get("/v1/user").reason == "ip-not-permitted"
        roamer = served.anywhere.from_address("127.0.0.5")
        roamer.gateway = gateway
        assert roamer.is_alive()
        before = next_ids(data / "trivet.db")
        new = bunq.ready(gateway, HOME, key_number=6)
        assert new.session_id >= before["session"]
        assert new.installation_id >= before["installation"]
        alive.post_session()
        assert alive.session_id > new.session_id and alive.is_alive()
    run("audit", "verify", "--store", target, check=True)
    run("store", "check", "--store", target, check=True)


# ---- what is refused ---------------------------------------------------------


def test_a_store_that_was_used_is_no_target(server, source, target):
    run("user", "create", "Ada", "--store", target, check=True)
    done = run("store", "copy", source, target)
    refused(server, done, None, 9, "the target: not empty", "users")
    assert server.sql("SELECT count(*) FROM users", target) == "1"
    assert server.sql("SELECT count(*) FROM session", target) == "0"


def test_a_copy_is_no_target(server, source, target):
    run("store", "copy", source, target, check=True)
    done = run("store", "copy", source, target)
    refused(server, done, None, 9, "the target: not empty")
    run("store", "check", "--store", target, check=True)


def test_other_targets_are_refused(server, source, target):
    empty = server.make_database()
    done = run("store", "copy", source, empty)
    refused(server, done, None, 1, "the target: ", "trivet store migrate")
    server.sql("UPDATE schema_version SET version = version - 1", target)
    done = run("store", "copy", source, target)
    refused(server, done, target, 2, "the target: ", "schema version",
            "trivet store migrate")
    server.sql("UPDATE schema_version SET version = version + 2", target)
    done = run("store", "copy", source, target)
    refused(server, done, target, 2, "the target: ", "later")
    for url in (f"sqlite:{source}", "elsewhere.db", "mysql://x/y"):
        done = run("store", "copy", source, url)
        refused(server, done, None, 2, "PostgreSQL" if url[0] != "s" else "same")
    done = run("store", "copy", target, target)
    refused(server, done, None, 2, "same store")
    done = run("store", "copy", server.url(), target)
    refused(server, done, None, 2, "SQLite")


def test_other_sources_are_refused(server, source, target, tmp_path):
    done = run("store", "copy", tmp_path / "none.db", target)
    refused(server, done, target, 8, "the source: ", "none.db")
    text = tmp_path / "text"
    text.write_text("no database")
    done = run("store", "copy", text, target)
    refused(server, done, target, 1, "the source: ", "not a database")
    done = run("store", "copy", tmp_path, target)
    refused(server, done, target, 1, "the source: ")
    other = tmp_path / "other.db"
    change(other, "CREATE TABLE invoices (id INTEGER)")
    done = run("store", "copy", other, target)
    refused(server, done, target, 1, "the source: ", "no store of trivet's")
    change(source, "UPDATE schema_version SET version = version - 1")
    done = run("store", "copy", source, target)
    refused(server, done, target, 2, "the source: ", "schema version",
            "trivet store migrate")


@pytest.mark.parametrize("status, fault, words", [
    (6, "UPDATE admission SET anchored_us = 5",
     ("the source: ", "trivet store check")),
    (6, "DELETE FROM admission", ("the source: ", "trivet store check")),
    (6, "UPDATE audit SET detail = 'x' WHERE id = 2",
     ("the source: ", "trivet audit verify")),
    (6, "DELETE FROM audit WHERE id > 3",
     ("the source: ", "trivet audit verify")),
    (1, "UPDATE device SET description = 'a' || char(0) || 'b' WHERE id = 2",
     ("nothing was copied: ", "table device", "line 2", "description")),
    (1, "UPDATE users SET display_name = CAST(x'ff' AS TEXT) WHERE id = 1",
     ("nothing was copied: ", "table users", "display_name")),
    (9, "DELETE FROM users WHERE id = 1",
     ("nothing was copied: ", "table ", "foreign key")),
])
def test_a_source_that_is_not_right_is_refused(
        server, source, target, status, fault, words):
    change(source, "PRAGMA foreign_keys = OFF", fault)
    refused(server, run("store", "copy", source, target), target, status,
            *words)


def test_a_source_that_is_served_is_refused(server, served, target, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(served.data, data)
    shutil.rmtree(data / "log")
    with Gateway(data):
        done = run("store", "copy", data / "trivet.db", target)
        refused(server, done, target, 9, "the source: process ")
    run("store", "copy", data / "trivet.db", target, check=True)


# ---- faults in the target ----------------------------------------------------


def trigger(server, target, table, body, when="BEFORE INSERT"):
    server.sql(f"CREATE FUNCTION fault() RETURNS TRIGGER LANGUAGE plpgsql AS"
               f" $$ BEGIN {body} END $$;"
               f"CREATE TRIGGER a_fault {when} ON {table}"
               f" FOR EACH ROW EXECUTE FUNCTION fault()", target)


@pytest.mark.parametrize("table, body, words", [
    ("device", "NEW.description := 'other'; RETURN NEW;", "table device"),
    ("session", "NEW.anchored_us := NEW.anchored_us + 1; RETURN NEW;",
     "table session"),
    ("api_key", "NEW.revoked_us := 1; RETURN NEW;", "table api_key"),
    ("audit", "IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW;",
     "table audit"),
    ("audit", "NEW.hash := sha256(NEW.hash); RETURN NEW;", "table audit"),
    ("admission", "NEW.addresses := ''; RETURN NEW;", "table admission"),
    ("admission", "RETURN NULL;", "table admission"),
])
def test_a_row_that_is_changed_on_its_way_is_found(
        server, source, target, table, body, words):
    trigger(server, target, table, body)
    done = run("store", "copy", source, target)
    assert f"{table} " in done.stdout and "DIFFERENT" in done.stdout
    server.sql(f"DROP TRIGGER a_fault ON {table}", target)
    refused(server, done, target, 6, "nothing was copied: ", words,
            "not the same in both")
    run("store", "copy", source, target, check=True)


def test_a_row_that_is_changed_after_it_came_is_found(server, source, target):
    """By what comes with a later table."""
    trigger(server, target, "audit",
            "UPDATE users SET display_name = 'Eve' WHERE id = 1; RETURN NEW;")
    done = run("store", "copy", source, target)
    server.sql("DROP TRIGGER a_fault ON audit", target)
    refused(server, done, target, 6, "nothing was copied: ", "table users")


# ---- killed ------------------------------------------------------------------


def is_copying(server):
    return server.sql("SELECT count(*) FROM pg_stat_activity WHERE"
                      " query LIKE 'COPY session%' AND state = 'active'") == "1"


@pytest.fixture
def slow_copy(server, source, target):
    """One that is in the middle, with a transaction that has many rows."""
    trigger(server, target, "session",
            "PERFORM pg_sleep(0.5); RETURN NEW;")
    process = subprocess.Popen(
        with_us(TRIVET, "store", "copy", source, target),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wait_until(lambda: is_copying(server), 30)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=30)
    server.sql("DROP TRIGGER IF EXISTS a_fault ON session", target)


def test_a_copy_that_is_killed_leaves_nothing(
        server, source, target, slow_copy):
    os.kill(slow_copy.pid, signal.SIGKILL)
    slow_copy.wait()
    assert wait_until(lambda: not is_copying(server), 30)
    server.sql("DROP TRIGGER a_fault ON session", target)
    assert_unused(server, target)
    run("store", "copy", source, target, check=True)
    run("store", "check", "--store", target, check=True)


def test_a_store_that_is_opened_meanwhile_is_not_copied(
        server, source, target, slow_copy):
    other = sqlite3.connect(source)
    other.execute("SELECT count(*) FROM users").fetchone()
    with pytest.raises(sqlite3.OperationalError):
        other.execute("PRAGMA busy_timeout = 1")
        other.execute("DELETE FROM session")
    output, errors = slow_copy.communicate(timeout=60)
    other.close()
    assert slow_copy.returncode == 9, (output, errors)
    assert "nothing was copied: the source: process" in errors
    server.sql("DROP TRIGGER a_fault ON session", target)
    assert_unused(server, target)
