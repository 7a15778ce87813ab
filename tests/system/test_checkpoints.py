# SPDX-License-Identifier: Apache-2.0
"""The ends of all chains of the audit log, signed together by whichever gateway
finds that it is time; and what is done to chains and checkpoints is found"""

import base64
import hashlib
import json
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import bunq
from gateway import run, wait_until
from nginx import TRIVET, Nginx
from pair import Pair, verify
from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")


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


@pytest.mark.long
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


@pytest.mark.parametrize("setting", [
    "trivet_store_chain operator", "trivet_store_chain 'a b'",
    "trivet_store_chain " + "x" * 33, "trivet_store_chain a;trivet_store_chain b",
    "trivet_audit_checkpoint 0s", "trivet_audit_checkpoint soon",
    "trivet_audit_checkpoint 25h", "trivet_audit_checkpoint -1s",
    "trivet_audit_checkpoint 5s;trivet_audit_checkpoint 5s"])
def test_a_bad_setting_is_refused_by_nginx(tmp_path, setting):
    nginx = Nginx(tmp_path, trivet=TRIVET + f"    {setting};\n")
    (tmp_path / "log").mkdir()
    status, told = nginx.check()
    assert status != 0 and setting.split()[0] in told


def test_settings_reach_nginx(serve):
    gateway = serve("--chain", "west", "--audit-checkpoint", "1s")
    text = (gateway.data / "nginx.conf").read_text()
    assert "trivet_store_chain west;" in text
    assert "trivet_audit_checkpoint 1s;" in text
    bunq.ready(gateway)

    def found():
        done = run("audit", "verify", "--json", "--data", gateway.data,
                   check=True)
        return json.loads(done.stdout)

    assert wait_until(lambda: found()["checkpoints"] > 0, 20, 0.2)
    # The start itself is an operator's: in SQLite its chain is main.
    assert [chain["chain"] for chain in found()["chains"]] == ["main", "west"]
    quiet = serve("--audit-checkpoint", "off", name="quiet")
    text = (quiet.data / "nginx.conf").read_text()
    assert "trivet_audit_checkpoint off;" in text
    for wrong in ("0s", "2d", "x"):
        done = run("serve", "--audit-checkpoint", wrong, "--data", quiet.data)
        assert done.returncode == 2 and "--audit-checkpoint" in done.stderr


@pytest.mark.long
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
