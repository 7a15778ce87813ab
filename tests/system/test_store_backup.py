# SPDX-License-Identifier: Apache-2.0
"""trivet store backup and restore: a whole copy while it is used, and back"""
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import threading

import pytest

import bunq
from gateway import TRIVET, Gateway, run
from postgres import Server, find_binaries


def rows(path, sql):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def used(tmp_path):
    """A data directory that a gateway used, and the client that did."""
    data = tmp_path / "data"
    with Gateway(data) as gateway:
        client = bunq.ready(gateway)
    return data, client


@pytest.fixture
def backup(used, tmp_path):
    run("store", "backup", tmp_path / "b.db", "--data", used[0], check=True)
    return tmp_path / "b.db"


# ---- backup ------------------------------------------------------------------


def test_a_backup_beside_writers_is_whole(serve, tmp_path):
    gateway = serve()
    client = bunq.ready(gateway)
    is_over = threading.Event()
    opened = []

    def write():
        while not is_over.is_set():
            client.open()
            opened.append(client.session_id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [gateway.trivet("store", "backup", tmp_path / f"b{i}") for i in range(5)]
    finally:
        is_over.set()
        writer.join()
    assert len(opened) > 5

    assert [each["file"] for each in found] == [str(tmp_path / f"b{i}") for i in range(5)]
    assert found[0]["audit_rows"] < found[-1]["audit_rows"]
    for each in found:
        store = f"sqlite:{each['file']}"
        assert each["bytes"] == os.stat(each["file"]).st_size
        assert stat.S_IMODE(os.stat(each["file"]).st_mode) == 0o600
        assert rows(each["file"], "SELECT MAX(id) FROM audit") == [(each["audit_rows"],)]
        run("store", "check", "--store", store, check=True)
        run("audit", "verify", "--store", store, check=True)
    assert {path.name for path in tmp_path.glob("b*")} == {f"b{i}" for i in range(5)}


def test_no_file_is_replaced_and_none_is_left_half_written(used, tmp_path):
    data, _ = used
    (tmp_path / "here").write_text("mine")
    before = files_of(tmp_path)

    def backup(path):
        return run("store", "backup", path, "--data", data)

    said = backup(tmp_path / "here")
    assert said.returncode == 9 and "is there already" in said.stderr
    assert backup(tmp_path / "no" / "folder").returncode == 8
    said = run("store", "backup", tmp_path / "b", "--data", tmp_path / "none")
    assert said.returncode == 8

    # as a full disk does: no file may be longer than 64 KiB
    said = subprocess.run(
        ["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=65536",
         TRIVET, "store", "backup", tmp_path / "b", "--data", data],
        capture_output=True, text=True, check=False)
    assert said.returncode == 1 and f"{tmp_path}/b: not written: " in said.stderr
    assert files_of(tmp_path) == before


def test_a_store_that_is_not_as_it_should_be_is_backed_up_and_that_is_said(
    used, tmp_path
):
    data, _ = used
    database = sqlite3.connect(data / "trivet.db")
    with database:
        database.execute("UPDATE admission SET timeout_s = timeout_s + 1")
    database.close()
    said = run("store", "backup", tmp_path / "b.db", "--data", data)
    assert said.returncode == 6
    assert "b.db: written; but as the store: it does not agree" in said.stderr
    assert rows(tmp_path / "b.db", "SELECT COUNT(*) FROM session") == [(1,)]


@pytest.mark.skipif(find_binaries() is None, reason="no server of PostgreSQL")
def test_of_postgresql_its_own_tools_are_named(tmp_path):
    server = Server()
    try:
        url = server.make_database()
        run("store", "migrate", url, check=True)
        said = run("store", "backup", tmp_path / "b", "--store", url)
        assert said.returncode == 2 and "pg_dump" in said.stderr
        said = run("store", "restore", tmp_path / "b", "--store", url)
        assert said.returncode == 2 and "pg_restore" in said.stderr
        run("store", "check", "--store", url, check=True)
    finally:
        server.stop()
    assert list(tmp_path.iterdir()) == []


# ---- check -------------------------------------------------------------------


def test_a_damaged_file_is_found(used):
    data, _ = used
    path = data / "trivet.db"
    database = sqlite3.connect(path)
    size, = database.execute("PRAGMA page_size").fetchone()
    page, = database.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'users'").fetchone()
    database.close()
    run("store", "check", "--data", data, check=True)
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 8)
    said = run("store", "check", "--data", data)
    assert said.returncode in (1, 6), said
    assert "damaged" in said.stdout or "malformed" in said.stderr


# ---- restore -----------------------------------------------------------------


def test_a_store_is_as_it_was_and_says_what_was_undone(used, backup):
    data, client = used
    with Gateway(data) as gateway:
        gateway.trivet("key", "revoke", gateway.trivet("key", "list")[0]["id"])
    last, = rows(backup, "SELECT MAX(id) FROM audit")[0]

    found = json.loads(
        run("store", "restore", backup, "--data", data, "--json", check=True).stdout)
    assert found["file"] == str(data / "trivet.db")
    assert found["sessions"] == 1 and found["audit_rows"] == last
    assert stat.S_IMODE((data / "trivet.db").stat().st_mode) == 0o600

    undone = run("audit", "--store", f"sqlite:{found['replaced']}", "--since", last,
                 "--json", check=True).stdout
    assert '"event":"key-revoked"' in undone
    log = run("audit", "--data", data, "--since", last, "--json", check=True).stdout
    entry, = map(json.loads, log.splitlines())
    assert entry["event"] == "restored" and entry["actor"] == "operator"
    assert entry["detail"] == os.path.basename(found["replaced"])
    run("audit", "verify", "--data", data, check=True)

    with Gateway(data, port=0) as gateway:
        assert gateway.trivet("key", "list")[0]["status"] == "ACTIVE"
        assert gateway.trivet("session", "list")[0]["id"] == client.session_id


KILLED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE mark (x)")
database.commit()
os._exit(0)  # without SQLite's end, as by kill -9
"""


@pytest.mark.parametrize("damage", [False, True])
def test_the_log_of_a_killed_process_stays_with_its_store(used, backup, damage):
    path = used[0] / "trivet.db"
    log = path.with_name("trivet.db-wal")
    subprocess.run(["/usr/bin/python3", "-c", KILLED, path], check=True)
    assert log.stat().st_size > 0
    if damage:  # SQLite cannot take the log in any more
        with open(path, "r+b") as file:
            file.write(b"x" * 100)
    found = json.loads(run(
        "store", "restore", backup, "--data", used[0], "--json", check=True).stdout)
    assert not log.exists()
    marks = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'mark'"
    assert rows(path, marks) == [(0,)]
    if damage:
        assert os.stat(found["replaced"] + "-wal").st_size > 0
    else:
        assert rows(found["replaced"], marks) == [(1,)]


def test_a_store_is_restored_where_there_is_none(backup, tmp_path):
    target = tmp_path / "empty"
    target.mkdir(mode=0o700)
    said = run("store", "restore", backup, "--data", target, check=True)
    assert "trivet.db: restored, 1 sessions, audit log up to row" in said.stdout
    assert "what was undone" not in said.stdout
    assert [path.name for path in target.iterdir()] == ["trivet.db"]
    run("store", "check", "--data", target, check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_root_restores_for_the_user_of_the_store(backup, tmp_path):
    target = tmp_path / "theirs"
    target.mkdir(mode=0o700)
    os.chown(target, 65534, 65534)
    for _ in range(2):  # by the folder, then by the store that is replaced
        run("store", "restore", backup, "--data", target, check=True)
        info = (target / "trivet.db").stat()
        assert (info.st_uid, info.st_gid) == (65534, 65534)


def test_nothing_but_a_whole_backup_is_put_in_place(used, backup, tmp_path):
    data, _ = used
    before = files_of(data)

    def refused(path, status, words):
        said = run("store", "restore", path, "--data", data)
        assert (said.returncode, words in said.stderr) == (status, True), said
        assert files_of(data) == before

    refused(tmp_path / "none", 8, "No such file")
    (tmp_path / "text").write_text("x" * 5000)
    refused(tmp_path / "text", 1, "not a database")
    (tmp_path / "empty").write_text("")
    refused(tmp_path / "empty", 2, "not a backup")
    shutil.copy(backup, tmp_path / "used")
    (tmp_path / "used-wal").write_bytes(b"x" * 32)
    refused(tmp_path / "used", 2, "a write-ahead log lies beside it")
    for number, (change, words) in enumerate({
        "UPDATE admission SET timeout_s = 1": "does not agree with itself",
        "DELETE FROM audit WHERE id = 2": "its audit log is not whole",
    }.items()):
        path = tmp_path / f"changed{number}"
        shutil.copy(backup, path)
        database = sqlite3.connect(path)
        with database:
            database.execute(change)
        database.close()
        refused(path, 6, words)


def test_a_store_in_use_is_not_replaced(serve, tmp_path):
    gateway = serve()
    bunq.ready(gateway)
    gateway.trivet("store", "backup", tmp_path / "b.db")
    said = run("store", "restore", tmp_path / "b.db", "--data", gateway.data)
    assert said.returncode == 9 and "has it open: end the gateway first" in said.stderr
    assert gateway.is_answering()
