# SPDX-License-Identifier: Apache-2.0
"""trivet store check: what requests are admitted by agrees with the tables"""
import json
import sqlite3

import bunq
from gateway import run


def check(gateway):
    result = run("store", "check", "--json", "--data", gateway.data)
    found = json.loads(result.stdout)
    assert result.returncode == (0 if found["agrees"] else 6), result
    assert found["agrees"] == (found["num_faults"] == 0 == len(found["faults"]))
    return found


def change(gateway, *statements):
    database = sqlite3.connect(gateway.data / "trivet.db", timeout=20)
    with database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_calls_and_commands_keep_the_rows_right(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    found = check(gateway)
    assert found["agrees"] and found["rows"] == 1
    gateway.trivet("user", "auto-logout", client.user["id"], 600)
    assert check(gateway) == found
    client.call("DELETE", "/v1/session/0")
    assert check(gateway)["rows"] == 0
    result = run("store", "check", "--data", gateway.data)
    assert (result.returncode, result.stdout) == (0, "agrees: 0 rows\n")


def test_a_planted_difference_is_told(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    other = bunq.ready(gateway, key_number=1)
    change(
        gateway,
        "UPDATE admission SET timeout_s = timeout_s + 1"
        f" WHERE session_id = {client.session_id}",
        f"DELETE FROM admission WHERE session_id = {other.session_id}",
    )
    found = check(gateway)
    assert found["faults"] == [
        {"fault": "differs", "session_id": client.session_id},
        {"fault": "missing", "session_id": other.session_id},
    ]
    result = run("store", "check", "--data", gateway.data)
    assert result.returncode == 6
    assert f"session {client.session_id}: its row in admission" in result.stdout
    assert f"session {other.session_id}: it has no row" in result.stdout
    assert "does not agree with itself" in result.stderr
    # without a row the tables decide, as before
    bunq.assert_admitted(other.get("/v1/user"), other.server_key)
