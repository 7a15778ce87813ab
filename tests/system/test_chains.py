# SPDX-License-Identifier: Apache-2.0
"""Two gateways on one database, each with a chain of the audit log: they do not
wait for each other, and what is once is once"""

import base64
import hashlib
import json
import subprocess
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import bunq
from gateway import Gateway, run, wait_until
from postgres import Server, find_binaries
from psp import PATH as PSP_PATH
from psp import claim, provider
from storm import storm

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

ADMISSIONS_DIFFER = """SELECT count(*) FROM (
    (TABLE admission EXCEPT SELECT * FROM admissible) UNION ALL
    (SELECT * FROM admissible EXCEPT TABLE admission)) AS rows"""


class Pair:
    """Two gateways on one database, and a look at it from beside."""

    def __init__(self, server, folder, *options):
        self.server = server
        self.store = server.make_database()
        run("store", "migrate", self.store, check=True)
        common = ["--store", self.store, "--audit-checkpoint", "1s",
                  "--connections", "off", *options]
        self.north = Gateway(folder / "north", "--chain", "north", *common)
        self.north.start()
        self.south = Gateway(folder / "south", "--chain", "south",
                             "--server-key", self.north.data / "server.pem",
                             *common)
        self.south.start()

    def close(self):
        self.south.close()
        self.north.close()

    def sql(self, text):
        return self.server.sql(text, self.store)

    def number(self, text):
        return int(self.sql(text))

    def operate(self, *words):
        return run(*words, "--store", self.store)

    def callers(self, client, number):
        """So many users of the same context, half of them at each gateway."""
        return [twin(client, (self.north, self.south)[n % 2])
                for n in range(number)]

    def assert_right(self):
        """What must be so after anything."""
        assert self.sql(ADMISSIONS_DIFFER) == "0"
        checked = self.operate("store", "check")
        assert checked.returncode == 0, checked.stdout
        verified = self.operate("audit", "verify")
        assert verified.returncode == 0, verified.stdout


def twin(client, gateway):
    """The same context, used at that gateway."""
    other = bunq.Client(gateway, client.source, private_key=client.key)
    for name in ("installation_id", "installation_token", "server_key",
                 "secret", "device_id", "session_id", "session_token", "user"):
        setattr(other, name, getattr(client, name))
    return other


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pair(server, tmp_path_factory):
    made = Pair(server, tmp_path_factory.mktemp("pair"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair_of_one(server, tmp_path_factory):
    made = Pair(server, tmp_path_factory.mktemp("one"), "--switch",
                "sessions=one")
    yield made
    made.close()


class Held:
    """A transaction that holds rows from outside, until it is over."""

    def __init__(self, pair, select):
        self.process = subprocess.Popen(
            [f"{pair.server.binaries}/psql", "-XAtq", "-d", pair.store],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.process.stdin.write(f"BEGIN;\n{select};\n\\echo held\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "held":
            pass

    def __enter__(self):
        return self

    def commit_soon(self):
        """Not before another has had time to come here, or to pass by."""
        time.sleep(0.3)
        self.process.stdin.write("COMMIT;\n\\echo done\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "done":
            pass

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


# ---- nobody waits for another ---------------------------------------------------


def test_a_gateway_does_not_wait_for_the_chain_of_another(pair):
    here = bunq.Client(pair.north)
    there = bunq.Client(pair.south)
    bunq.assert_admitted(here.post_installation())
    with Held(pair, "SELECT * FROM audit_head WHERE chain = 'north' FOR UPDATE"):
        there.install().register(there.make_user()).open()
        assert there.is_alive()
        assert here.post_installation().status == 503
        pair.operate("user", "create", "Meanwhile").check_returncode()
    bunq.assert_admitted(here.post_installation())
    pair.assert_right()


def test_users_do_not_wait_for_each_other(pair):
    one, other = (bunq.Client(pair.north, key_number=n).install() for n in (0, 1))
    one.register(one.make_user()).open()
    other.register(other.make_user()).open()
    held = f"SELECT * FROM users WHERE id = {one.user['id']} FOR UPDATE"
    with Held(pair, held):
        other.open()
        assert one.post_session().status == 503
        assert one.is_alive()  # it only reads
    one.open()
    pair.assert_right()


def test_a_batch_does_not_wait_for_the_user_of_one_of_its_members(pair):
    """Many write through one gateway; the user of one of them is held outside.
    All others are served all the same."""
    clients = []
    for number in range(8):
        client = bunq.Client(pair.north, key_number=number % 4).install()
        clients.append(client.register(client.make_user()).open())
    held = (f"SELECT * FROM users WHERE id = {clients[0].user['id']}"
            " FOR NO KEY UPDATE")
    with Held(pair, held):
        def log_in(number):
            return clients[number].post_session().status

        assert storm(8, log_in)[0] == 503
    for client in clients:
        client.open()
    pair.assert_right()


# ---- what is once ----------------------------------------------------------------


@pytest.mark.parametrize("round_", range(3))
def test_one_of_many_binds_a_fresh_key(pair, round_):
    """Fifty addresses, through both gateways: the first binds the key to its
    own, and all others come from one that is not permitted."""
    secret = bunq.Client(pair.north).make_user()
    clients = [
        bunq.Client(pair.south if n % 2 else pair.north, f"127.0.1.{n + 1}",
                    key_number=n % 4).install()
        for n in range(50)
    ]
    since = pair.number("SELECT count(*) FROM audit WHERE event = 'key-bound'")
    answers = storm(50, lambda n: clients[n].post_device(secret))
    admitted = [answer for answer in answers if answer.status == 200]
    assert len(admitted) == 1, [answer.status for answer in answers]
    assert {answer.reason for answer in answers if answer.status != 200} == {
        "ip-not-permitted"}
    bound = pair.number("SELECT count(*) FROM audit WHERE event = 'key-bound'")
    assert bound == since + 1
    digest = hashlib.sha256(secret.encode()).hexdigest()
    assert pair.number(
        "SELECT count(*) FROM permitted_ip p JOIN api_key k"
        " ON k.id = p.api_key_id WHERE k.digest = "
        f"decode('{digest}', 'hex')") == 1
    pair.assert_right()


def test_one_session_of_an_installation_is_alive(pair_of_one):
    client = bunq.Client(pair_of_one.north).install()
    client.register(client.make_user())
    for _ in range(8):
        callers = pair_of_one.callers(client, 16)
        answers = storm(16, lambda n: callers[n].post_session())
        winners = [n for n in range(16) if answers[n].status == 200]
        assert len(winners) == 1, [answer.status for answer in answers]
        assert {answers[n].reason for n in range(16) if n not in winners} == {
            "session-alive"}
        assert pair_of_one.number("SELECT count(*) FROM session"
                                  " WHERE ended_us IS NULL") == 1
        winner = callers[winners[0]]
        bunq.assert_admitted(winner.call("DELETE", "/v1/session/0"))
    pair_of_one.assert_right()


def test_sessions_of_several_users_of_an_installation_are_one(pair_of_one):
    """The row that they wait for is the installation's, not the users'."""
    client = bunq.Client(pair_of_one.north).install()
    secrets = [client.make_user() for _ in range(4)]
    for secret in secrets:
        client.register(secret)
    callers = pair_of_one.callers(client, 16)
    answers = storm(16, lambda n: callers[n].post_session(secrets[n % 4]))
    assert [answer.status for answer in answers].count(200) == 1
    pair_of_one.assert_right()


def test_a_provider_that_comes_to_both_is_one_user(pair, root, middle):
    psp = provider(middle)
    clients = [bunq.Client(pair.south if n % 2 else pair.north,
                           key_number=n % 4).install() for n in range(12)]
    bodies = [claim(client, psp, middle, root) for client in clients]
    answers = storm(12, lambda n: clients[n].post(PSP_PATH, bodies[n]))
    assert {answer.status for answer in answers} == {200}
    assert pair.number("SELECT count(*) FROM users"
                       " WHERE psp_identity IS NOT NULL") == 1
    pair.assert_right()


def test_a_key_that_is_revoked_has_no_session_that_is_admitted(pair):
    """Logins through both gateways while an operator revokes."""
    for _ in range(6):
        client = bunq.Client(pair.north).install()
        client.register(client.make_user()).open()
        key = pair.sql("SELECT max(id) FROM api_key")
        callers = pair.callers(client, 12)

        def revoke(key=key):
            pair.operate("key", "revoke", key).check_returncode()

        answers = storm(12, lambda n: callers[n].post_session(), revoke)
        assert {answer.status for answer in answers} <= {200, 400}
        assert pair.number("SELECT count(*) FROM admission a JOIN api_key k"
                           " ON k.id = a.api_key_id"
                           " WHERE k.revoked_us IS NOT NULL") == 0
        for caller in callers:
            if caller.session_token:
                assert not caller.is_alive()
        assert client.post_session().status == 400
    pair.assert_right()


def test_a_storm_of_changes_leaves_all_right(pair):
    """Sessions come and go through both gateways, addresses are permitted and
    disabled, users' settings change, keys are freed and revoked, at once."""
    clients = []
    for number in range(6):
        client = bunq.Client(pair.north, key_number=number % 4).install()
        clients.append(client.register(client.make_user()).open())
    keys = pair.sql("SELECT id FROM api_key ORDER BY id DESC LIMIT 6").split()
    users = [str(client.user["id"]) for client in clients]
    until = time.monotonic() + 4
    seen = set()

    def change(number):
        if number >= 12:
            words = [
                ("user", "auto-logout", users[number % 6], "600"),
                ("user", "auto-logout", users[number % 6], "700"),
                ("key", "allow-all-ips", keys[number % 6], "on"),
                ("key", "allow-all-ips", keys[number % 6], "off"),
            ]
            turn = 0
            while time.monotonic() < until:
                pair.operate(*words[turn % 4]).check_returncode()
                turn += 1
            return
        client = twin(clients[number % 6], (pair.north, pair.south)[number % 2])
        user = client.user["id"]
        answer = client.get(f"/v1/user/{user}/credential-password-ip")
        key = answer.response[0]["CredentialPasswordIp"]["id"]
        path = f"/v1/user/{user}/credential-password-ip/{key}/ip"
        turn = 0
        while time.monotonic() < until:
            turn += 1
            if client.session_token and turn % 3 == 0:
                client.call("DELETE", "/v1/session/0")
            seen.add(client.post_session().status)
            body = {"ip": f"192.0.2.{turn % 5}",
                    "status": "ACTIVE" if turn % 2 else "INACTIVE"}
            seen.add(client.post(path, body).status)

    storm(15, change)
    assert seen == {200}
    pair.operate("key", "revoke", keys[0]).check_returncode()
    pair.assert_right()
    chains = pair.sql("SELECT DISTINCT chain FROM audit ORDER BY 1").split()
    assert chains == ["north", "operator", "south"]


def test_many_extend_and_log_in_through_both(server, tmp_path):
    """An extension goes from the session to its user, a login the other way:
    nobody waits for one who waits for him."""
    pair = Pair(server, tmp_path, "--session-timeout", "60")
    try:
        client = bunq.Client(pair.north).install()
        client.register(client.make_user()).open()
        callers = pair.callers(client, 12)
        until = time.monotonic() + 4

        def call(number):
            while time.monotonic() < until:
                if number < 6:
                    assert callers[number].is_alive()
                else:
                    callers[number].open()

        storm(12, call)
        assert pair.number("SELECT count(*) FROM audit"
                           " WHERE event = 'session-extended'") > 0
        pair.assert_right()
    finally:
        pair.close()


BY_HAND = [
    "UPDATE users SET auto_logout_s = 77 WHERE id = {user}",
    "UPDATE api_key SET revoked_us = 7 WHERE user_id = {user}",
    "UPDATE api_key SET allow_all_ips = 1 WHERE user_id = {user}",
    "UPDATE permitted_ip SET is_active = 0 WHERE api_key_id IN"
    " (SELECT id FROM api_key WHERE user_id = {user})",
    "INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address)"
    " SELECT 1, 1, id, substring(sha256(convert_to(clock_timestamp()::TEXT,"
    " 'UTF8')), 1, 16) FROM api_key"
    " WHERE user_id = {user}",
    "UPDATE session SET ended_us = 7 WHERE device_id = {device}",
]


@pytest.mark.parametrize("change", BY_HAND)
def test_changes_by_hand_wait_for_each_other(pair, change):
    """Each would not see the other, and leave a wrong row of admission."""
    client = bunq.Client(pair.north).install()
    client.register(client.make_user()).open()
    names = {"user": client.user["id"], "device": client.device_id}
    put = ("INSERT INTO session (created_us, anchored_us, digest, device_id)"
           " SELECT 1, 1, sha256(convert_to(clock_timestamp()::TEXT, 'UTF8')),"
           f" {client.device_id}")
    with Held(pair, change.format(**names)) as held:
        storm(1, lambda _: pair.sql(put), lambda: held.commit_soon())
    assert pair.sql(ADMISSIONS_DIFFER) == "0"
    with Held(pair, put) as held:
        storm(1, lambda _: pair.sql(change.format(**names)),
              lambda: held.commit_soon())
    assert pair.sql(ADMISSIONS_DIFFER) == "0"


# ---- checkpoints ------------------------------------------------------------------


def integer(number):
    return number.to_bytes(8, "big", signed=True)


def check_signatures(pair):
    """The checkpoints, by code that knows nothing of the project's. Returns how
    many there are."""
    pem = (pair.north.data / "server.pem").read_bytes()
    public = serialization.load_pem_private_key(pem, None).public_key()
    lines = pair.sql(
        "SELECT json_build_object('id', c.id, 'at', c.at_us, 'key',"
        " c.server_key_id, 'hash', encode(c.hash, 'hex'), 'signature',"
        " encode(c.signature, 'base64'), 'heads', (SELECT json_agg("
        "json_build_array(h.chain, h.num_rows, encode(h.last_hash, 'hex'))"
        " ORDER BY h.chain) FROM audit_checkpoint_head h"
        " WHERE h.checkpoint_id = c.id))"
        " FROM audit_checkpoint c ORDER BY c.id").splitlines()
    before = bytes(32)
    for number, line in enumerate(lines, 1):
        row = json.loads(line)
        assert row["id"] == number
        digest = hashlib.sha256(before)
        for value in (row["id"], row["at"], row["key"]):
            digest.update(integer(value))
        for chain, rows, last in row["heads"]:
            digest.update(integer(len(chain)) + chain.encode() + integer(rows))
            digest.update(integer(32) + bytes.fromhex(last))
        assert row["hash"] == digest.hexdigest()
        statement = f"trivet audit checkpoint\n{number}\n{row['hash']}\n"
        public.verify(base64.b64decode(row["signature"]), statement.encode(),
                      padding.PKCS1v15(), hashes.SHA512())
        with pytest.raises(InvalidSignature):
            public.verify(base64.b64decode(row["signature"]),
                          statement.encode(), padding.PKCS1v15(),
                          hashes.SHA256())
        before = digest.digest()
    return len(lines)


def verify(pair, *options):
    done = pair.operate("audit", "verify", "--json", *options)
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["whole"] else 6)
    return found


def test_checkpoints_are_signed_by_either_and_not_by_both(pair):
    bunq.ready(pair.north)
    bunq.ready(pair.south)
    assert wait_until(lambda: verify(pair)["rows_behind"] == 0, 30, 0.2)
    found = verify(pair)
    assert found["whole"] and found["whole_until"] == found["checkpoints"] > 0
    assert check_signatures(pair) == found["checkpoints"]
    chains = {chain["chain"] for chain in found["chains"]}
    assert {"north", "south"} <= chains
    # Nothing happens: nothing is signed.
    time.sleep(2.5)
    assert verify(pair)["checkpoints"] == found["checkpoints"]


def test_a_gateway_that_is_gone_is_not_missed_by_checkpoints(server, tmp_path):
    pair = Pair(server, tmp_path)
    try:
        bunq.ready(pair.south)
        pair.south.close()
        bunq.ready(pair.north)
        assert wait_until(lambda: verify(pair)["rows_behind"] == 0, 30, 0.2)
        check_signatures(pair)
    finally:
        pair.close()


@pytest.fixture
def ended(server, tmp_path):
    """A database that two gateways have written and left, with checkpoints."""
    made = Pair(server, tmp_path)
    bunq.ready(made.north)
    bunq.ready(made.south)
    assert wait_until(lambda: verify(made)["rows_behind"] == 0, 30, 0.2)
    made.close()
    assert verify(made)["whole"]
    return made


def faults(pair, *options):
    return {(fault["fault"], fault["chain"])
            for fault in verify(pair, *options)["faults"]}


def test_what_is_done_to_chains_is_found(ended):
    last = ended.number("SELECT max(id) FROM audit WHERE chain = 'south'")
    for change, wanted in [
        ("UPDATE audit SET user_id = 99 WHERE chain = 'south' AND id = 2",
         ("changed", "south")),
        ("DELETE FROM audit WHERE chain = 'south' AND id = 3",
         ("missing", "south")),
        ("UPDATE audit SET chain = 'north', id = 900 WHERE chain = 'south'"
         " AND id = 1", ("added", "north")),
        (f"DELETE FROM audit WHERE chain = 'south' AND id = {last};"
         f"UPDATE audit_head SET num_rows = {last - 1}, last_hash = (SELECT hash"
         f" FROM audit WHERE chain = 'south' AND id = {last - 1})"
         " WHERE chain = 'south'", ("missing", "south")),
        ("DELETE FROM audit WHERE chain = 'south';"
         "DELETE FROM audit_head WHERE chain = 'south'",
         ("chain-missing", "south")),
        ("DELETE FROM audit_checkpoint_head; DELETE FROM audit_checkpoint",
         ("checkpoint-missing", None)),
        ("UPDATE audit_checkpoint SET signature = sha512('x')",
         ("checkpoint-forged", None)),
    ]:
        ended.sql("CREATE TABLE kept AS TABLE audit;"
                  "CREATE TABLE kept_head AS TABLE audit_head;"
                  "CREATE TABLE kept_checkpoint AS TABLE audit_checkpoint;"
                  "CREATE TABLE kept_heads AS TABLE audit_checkpoint_head;"
                  + change)
        assert wanted in faults(ended), change
        ended.sql("TRUNCATE audit, audit_head, audit_checkpoint,"
                  " audit_checkpoint_head;"
                  "INSERT INTO audit TABLE kept;"
                  "INSERT INTO audit_head TABLE kept_head;"
                  "INSERT INTO audit_checkpoint TABLE kept_checkpoint;"
                  "INSERT INTO audit_checkpoint_head TABLE kept_heads;"
                  "DROP TABLE kept, kept_head, kept_checkpoint, kept_heads")
        assert verify(ended)["whole"], change


def test_what_was_noted_is_looked_for(ended):
    found = verify(ended)
    heads = [f"{c['chain']}:{c['rows']}:{c['hash']}" for c in found["chains"]]
    noted = [word for head in heads for word in ("--head", head)]
    noted += ["--checkpoint",
              f"{found['checkpoints']}:{found['checkpoint_hash']}"]
    assert verify(ended, *noted)["whole"]
    ended.sql("DELETE FROM audit_checkpoint_head; DELETE FROM audit_checkpoint;"
              "UPDATE audit_checkpoint_end SET num = 0,"
              " last_hash = decode(repeat('00', 32), 'hex');"
              "DELETE FROM audit WHERE chain = 'south';"
              "DELETE FROM audit_head WHERE chain = 'south'")
    assert verify(ended)["whole"]  # as the manual says
    assert faults(ended, *noted) == {("not-as-noted", "south"),
                                     ("checkpoint-not-as-noted", None)}


def test_all_chains_are_shown_in_the_order_of_time(ended):
    done = ended.operate("audit", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == verify(ended)["rows"]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    for chain in ("north", "south"):
        ids = [row["id"] for row in rows if row["chain"] == chain]
        assert ids == list(range(1, len(ids) + 1))
    shown = ended.operate("audit", "--since", "north:3", "--since", "south:2")
    assert len(shown.stdout.splitlines()) == len(rows) - 5
    assert "south:3  " in shown.stdout and "south:2  " not in shown.stdout


# ---- the configuration --------------------------------------------------------------


@pytest.mark.parametrize("name", ["operator", "a b", "", "x" * 33, "ä"])
def test_a_bad_name_is_refused(tmp_path, name):
    done = run("serve", "--chain", name, "--data", tmp_path / "data")
    assert done.returncode == 2 and "--chain" in done.stderr


def test_a_chain_that_was_removed_is_not_begun_anew(server, tmp_path):
    pair = Pair(server, tmp_path)
    try:
        client = bunq.ready(pair.south)
        assert wait_until(lambda: verify(pair)["rows_behind"] == 0, 30, 0.2)
        pair.sql("DELETE FROM audit WHERE chain = 'south';"
                 "DELETE FROM audit_head WHERE chain = 'south'")
        assert client.post_session().status == 503
        assert client.is_alive()
        bunq.ready(pair.north)
        assert ("chain-missing", "south") in faults(pair)
    finally:
        pair.close()
