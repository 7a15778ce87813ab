# SPDX-License-Identifier: Apache-2.0
"""trivet store roles: three roles in PostgreSQL that can do their work and no
more"""

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
from gateway import Gateway, run, wait_until
from nginx import TRIVET, Nginx
from postgres import Refused, Server, find_binaries
from psp import PATH as PSP_PATH
from psp import claim, provider

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

OAUTH_PATH = "/v1/sandbox-user-api-key"


NAMES = {"one": "trivet_gateway", "two": "trivet_operator",
         "three": "trivet_auditor"}


class Store:
    """A store for whose roles all was done twice."""

    def __init__(self, server):
        self.server = server
        self.owner = server.make_database("owner")
        run("store", "migrate", self.owner, check=True)
        for _ in range(2):
            server.sql(run("store", "roles", check=True).stdout, self.owner)
        self.gateway, self.operator, self.auditor, self.nobody = (
            self.owner.replace("owner@", f"{name}@")
            for name in (*NAMES, "nobody"))


@pytest.fixture(scope="module")
def server():
    made = Server()
    made.sql("CREATE ROLE owner LOGIN CREATEROLE; CREATE ROLE nobody LOGIN")
    Store(made)  # makes the roles
    for name, role in NAMES.items():
        made.sql(f"CREATE ROLE {name} LOGIN IN ROLE {role}")
    yield made
    made.stop()


@pytest.fixture
def store(server):
    return Store(server)


def test_a_gateway_does_all_its_calls(store, tmp_path, root, middle):
    data = tmp_path / "data"
    with Gateway(data, "--store", store.gateway) as gateway:
        client = bunq.ready(gateway)
        psp = bunq.Client(gateway, key_number=3).install()
        for _ in range(2):
            bunq.assert_admitted(psp.post(
                PSP_PATH, claim(psp, provider(middle), middle, root)))
        oauth = bunq.Client(gateway, key_number=4).install()
        answer = oauth.post(OAUTH_PATH, token=None, signature=None)
        oauth.register(answer.element("ApiKey")["api_key"]).open()
        bunq.ready(gateway, key_number=5, permitted_ips=["*"])
        keys = f"/v1/user/{client.user['id']}/credential-password-ip"
        key = client.get(keys).element("CredentialPasswordIp")["id"]
        answer = client.post(f"{keys}/{key}/ip", {"ip": "127.0.0.9"})
        number = answer.element("Id")["id"]
        bunq.assert_admitted(client.call(
            "PUT", f"{keys}/{key}/ip/{number}", {"status": "INACTIVE"}))
        bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
        assert not client.is_alive()
        bunq.assert_refused(client.get("/v1/user", token="0" * 64), 401)
        assert "permission denied" not in gateway.log()


def test_a_gateway_prunes(store, tmp_path):
    with Gateway(tmp_path, "--store", store.gateway):
        pass
    text = TRIVET.replace("{store}", store.gateway)
    text += ("    trivet_prune every=1s installations=1s sessions=1s"
             " api-keys=1s;\n")
    run("key", "create", "--expires", "1s", "--user", "Ed", "--store",
        store.operator, check=True)
    with Nginx(tmp_path, trivet=text) as nginx:
        over = bunq.ready(nginx)
        bunq.assert_admitted(over.call("DELETE", "/v1/session/0"))
        idle = bunq.Client(nginx, key_number=1).install()
        assert wait_until(
            lambda: over.get("/v1/user").reason == "token-unknown", 20)
        assert wait_until(
            lambda: idle.get("/v1/user").reason == "token-unknown", 20)
        assert wait_until(lambda: store.server.sql(
            "SELECT count(*) FROM api_key k JOIN users u ON u.id = k.user_id"
            " WHERE u.display_name = 'Ed'", store.owner) == "0", 20)
        assert "permission denied" not in nginx.log()


def key_file(folder):
    path = folder / "new.pem"
    path.touch(mode=0o600)
    path.write_bytes(bunq.key(30).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return path


def test_an_operator_does_all_commands(store, tmp_path):
    with Gateway(tmp_path / "data", "--store", store.gateway) as gateway:
        client = bunq.ready(gateway)
    at = ("--store", store.operator)
    user = client.user["id"]
    run("user", "auto-logout", user, "600", *at, check=True)
    key = run("key", "list", *at, check=True).stdout.splitlines()[-1].split()[0]
    run("key", "allow-all-ips", key, "on", *at, check=True)
    for noun in ("user", "key", "device", "session", "server-key"):
        run(noun, "list", *at, check=True)
    run("session", "end", client.session_id, *at, check=True)
    run("key", "revoke", key, *at, check=True)
    run("prune", "--sessions", "0s", *at, check=True)
    run("server-key", "rotate", "--file", key_file(tmp_path), *at, check=True)
    run("server-key", "retire", "1", "--force", *at, check=True)
    run("clock", "accept", *at, check=True)
    run("store", "check", *at, check=True)
    run("audit", "verify", *at, check=True)


def test_an_auditor_reads_the_audit(store):
    run("audit", "--store", store.auditor, check=True)
    run("audit", "verify", "--store", store.auditor, check=True)
    done = run("user", "list", "--store", store.auditor)
    assert done.returncode == 1 and "trivet store roles" in done.stderr
    assert done.stderr.count("\n") == 1


EVERY = """server_key users installation installation_token api_key
permitted_ip device session admission audit audit_head audit_checkpoint
audit_checkpoint_head audit_checkpoint_end change session_turn request_id
clock sandbox schema_version""".split()


def rights(*changes):
    """Who may read, and what else may be done with which tables."""
    return {(right, table) for right, tables in changes
            for table in tables.split()}


ALL = " ".join([*EVERY, "admissible"])
WANTED = {
    "trivet_gateway": rights(
        ("SELECT", ALL),
        ("INSERT", "server_key users installation installation_token api_key"
                   " permitted_ip device session admission audit audit_head"
                   " audit_checkpoint audit_checkpoint_head change"
                   " session_turn request_id"),
        ("UPDATE", "server_key users installation api_key permitted_ip session"
                   " audit_head audit_checkpoint_end change session_turn"
                   " request_id clock sandbox"),
        ("DELETE", "installation installation_token api_key permitted_ip"
                   " session admission change session_turn request_id")),
    "trivet_operator": rights(
        ("SELECT", ALL),
        ("INSERT", "server_key users api_key permitted_ip admission audit"
                   " audit_head change"),
        ("UPDATE", "server_key users api_key permitted_ip session audit_head"
                   " clock sandbox"),
        ("DELETE", "server_key installation installation_token api_key"
                   " permitted_ip session admission")),
    "trivet_auditor": rights(
        ("SELECT", "schema_version audit audit_head audit_checkpoint"
                   " audit_checkpoint_head audit_checkpoint_end clock")),
    "nobody": set(),
}
RIGHTS = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER".split()


@pytest.mark.parametrize("role", WANTED)
def test_a_role_has_these_rights_alone(store, role):
    tables = ", ".join(f"('{name}')" for name in [*EVERY, "admissible"])
    kinds = ", ".join(f"('{name}')" for name in RIGHTS)
    lines = store.server.sql(
        f"SELECT r, t FROM (VALUES {kinds}) AS a (r), (VALUES {tables})"
        f" AS b (t) WHERE has_table_privilege('{role}', t, r)", store.owner)
    found = {tuple(line.split("|")) for line in lines.splitlines()}
    assert found == WANTED[role]
    assert store.server.sql(
        f"SELECT count(*) FROM pg_class WHERE CASE WHEN relkind = 'S' THEN"
        f" has_sequence_privilege('{role}', oid, 'USAGE, SELECT, UPDATE') END",
        store.owner) == "0"
    assert store.server.sql(
        f"SELECT has_schema_privilege('{role}', 'public', 'CREATE')",
        store.owner) == "f"
    names = store.server.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'v', 'p', 'm')", store.owner)
    assert set(names.split()) == {*EVERY, "admissible"}


@pytest.mark.parametrize("name, statement", [
    ("gateway", "UPDATE audit SET reason = ''"),
    ("gateway", "DELETE FROM audit"),
    ("gateway", "DELETE FROM audit_head"),
    ("gateway", "UPDATE audit_checkpoint SET at_us = 1"),
    ("gateway", "DELETE FROM audit_checkpoint_head"),
    ("gateway", "DELETE FROM users"),
    ("gateway", "UPDATE device SET user_id = 1"),
    ("gateway", "UPDATE admission SET allow_all_ips = 1"),
    ("gateway", "UPDATE schema_version SET version = 1"),
    ("gateway", "DROP TABLE session"),
    ("gateway", "ALTER TABLE session DISABLE TRIGGER ALL"),
    ("gateway", "CREATE TABLE more (id INT)"),
    ("operator", "UPDATE audit SET reason = ''"),
    ("operator", "DELETE FROM audit"),
    ("operator", "INSERT INTO session (created_us, anchored_us, digest,"
                 " device_id) VALUES (1, 1, '', 1)"),
    ("operator", "DELETE FROM device"),
    ("operator", "UPDATE audit_checkpoint_end SET num = 1"),
    ("operator", "UPDATE installation SET public_der = ''"),
    ("auditor", "SELECT * FROM session"),
    ("auditor", "SELECT * FROM admissible"),
    ("auditor", "SELECT location FROM server_key"),
    ("auditor", "UPDATE clock SET latest_us = 0"),
    ("auditor", "INSERT INTO audit SELECT * FROM audit"),
    ("nobody", "SELECT * FROM audit"),
])
def test_a_role_is_refused_the_rest(store, name, statement):
    with pytest.raises(Refused, match="permission denied|must be owner"):
        store.server.sql(statement, getattr(store, name))


@pytest.mark.parametrize("command", [
    ("store", "migrate"), ("store", "copy")])
def test_what_is_the_owners_is_refused_to_others(store, command, tmp_path):
    if command[1] == "copy":
        source = tmp_path / "trivet.db"
        run("store", "migrate", f"sqlite:{source}", check=True)
        url = store.server.make_database("owner")
        run("store", "migrate", url, check=True)
        store.server.sql(run("store", "roles", check=True).stdout, url)
        done = run(*command, source, url.replace("owner@", "two@"))
    else:
        done = run(*command, store.server.make_database("owner").replace(
            "owner@", "two@"))
    assert done.returncode == 1 and "trivet store roles" in done.stderr, done
    assert done.stderr.count("\n") == 1


def test_rights_of_before_are_taken_away(store):
    url = store.server.make_database("owner")
    run("store", "migrate", url, check=True)
    store.server.sql("GRANT ALL ON audit TO trivet_gateway;"
                     "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public"
                     " TO trivet_operator;"
                     "GRANT SELECT ON session TO PUBLIC", url)
    assert store.server.sql(
        "SELECT has_table_privilege('trivet_gateway', 'audit', 'DELETE'),"
        " has_table_privilege('trivet_auditor', 'session', 'SELECT')",
        url) == "t|t"
    store.server.sql(run("store", "roles", check=True).stdout, url)
    assert store.server.sql(
        "SELECT has_table_privilege('trivet_gateway', 'audit', 'DELETE'),"
        " has_table_privilege('trivet_auditor', 'session', 'SELECT'),"
        " has_table_privilege('trivet_gateway', 'audit', 'INSERT')",
        url) == "f|f|t"
