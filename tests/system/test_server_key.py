# SPDX-License-Identifier: Apache-2.0
"""trivet server-key: keys that rotate under a running gateway, and hardware"""
import json
import threading
import time

import pytest

import bunq
from gateway import Gateway, NotReady, run
from server_keys import (
    CONFLICT,
    at,
    command,
    configured,
    keys,
    numbers,
    rotate,
    statuses,
    write_key,
)
from storm import storm
from upstream import reply


# ---- rotate ------------------------------------------------------------------


def test_each_installation_goes_on_with_its_key(serve):
    gateway = serve()
    old = bunq.ready(gateway)
    result = command(gateway.data, "rotate")
    assert result.returncode == 0, result
    assert "reloaded" in result.stderr
    assert result.stdout == "2\n"
    new = bunq.ready(gateway, key_number=1)
    assert numbers(old) != numbers(new)
    bunq.assert_admitted(old.get("/v1/user"), old.server_key)
    bunq.assert_admitted(old.post_session(), old.server_key)
    bunq.assert_admitted(new.get("/v1/user"), new.server_key)
    refused = old.get("/v1/user/0")
    bunq.assert_refused(refused, 404, server_key=old.server_key)
    assert (gateway.data / "server-2.pem").stat().st_mode & 0o777 == 0o600
    assert statuses(gateway.data) == {1: "SERVING", 2: "CURRENT"}


@pytest.mark.long
def test_rotated_keys_outlive_a_restart_and_a_move(serve, tmp_path):
    gateway = serve(name="first")
    old = bunq.ready(gateway)
    rotate(gateway.data)
    new = bunq.ready(gateway, key_number=1)
    gateway.close()
    (tmp_path / "first").rename(tmp_path / "moved")
    again = serve(name="moved")
    for client in (old, new):
        client = at(client, again)
        bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    newer = bunq.Client(again, key_number=2).install()
    assert numbers(newer) == numbers(new)


@pytest.mark.long
def test_rotate_without_a_gateway_holds_from_the_next_start(serve, tmp_path):
    gateway = serve()
    old = bunq.ready(gateway)
    gateway.close()
    result = command(gateway.data, "rotate")
    assert result.returncode == 0
    assert "next start" in result.stderr
    again = serve(name=gateway.data.name)
    assert numbers(bunq.Client(again).install()) != numbers(old)


def test_no_request_is_lost_while_keys_rotate(serve):
    gateway = serve()
    clients = [bunq.ready(gateway, key_number=i) for i in range(3)]
    end = threading.Event()
    answers, failures = [], []

    def ask(number):
        client = clients[number]
        while not end.is_set():
            fresh = client.from_address(None)
            try:
                answers.append((fresh.get("/v1/user"), fresh.server_key))
            except OSError as failure:
                failures.append(failure)
            finally:
                fresh.close()

    def rotate_thrice():
        try:
            for _ in range(3):
                rotate(gateway.data)
        finally:
            end.set()

    storm(len(clients), ask, rotate_thrice)
    assert not failures
    assert len(answers) > 20
    for answer, server_key in answers:
        bunq.assert_admitted(answer, server_key)


@pytest.mark.long
def test_a_slow_request_outlives_a_reload(serve, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url)
    client = bunq.ready(gateway)

    def slow(request, connection):
        time.sleep(1)
        connection.sendall(reply(b'{"slow":1}'))
        return True

    upstream.plan("/v1/slow-reload", slow)
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(client.get("/v1/slow-reload"))
    )
    thread.start()
    time.sleep(0.3)
    rotate(gateway.data)
    thread.join()
    bunq.assert_admitted(answers[0], client.server_key)


@pytest.mark.long
def test_two_that_rotate_at_once_make_two_keys(serve):
    gateway = serve()
    results = storm(3, lambda _: rotate(gateway.data))
    assert sorted(results) == [2, 3, 4]
    assert list(statuses(gateway.data).values()).count("CURRENT") == 1
    assert len(configured(gateway.data)) == 4
    current = [i for i, row in keys(gateway.data).items() if row["status"] == "CURRENT"]
    assert configured(gateway.data)[0].endswith(f"server-{current[0]}.pem")


@pytest.mark.long
def test_a_key_of_ones_own(serve, tmp_path):
    gateway = serve()
    path = write_key(tmp_path / "own.pem", bunq.key(7))
    rotate(gateway.data, "--file", path)
    client = bunq.ready(gateway)
    assert numbers(client) == bunq.key(7).public_key().public_numbers()
    assert keys(gateway.data)[2]["where"] == str(path)
    # once more changes nothing
    assert rotate(gateway.data, "--file", path) == 2
    assert statuses(gateway.data) == {1: "SERVING", 2: "CURRENT"}
    # back to the first
    assert rotate(gateway.data, "--file", gateway.data / "server.pem") == 1
    assert statuses(gateway.data) == {1: "CURRENT", 2: "SERVING"}
    assert numbers(bunq.Client(gateway, key_number=1).install()) != numbers(client)
    assert client.is_alive()


@pytest.mark.parametrize("what", ["loose", "small", "garbage", "missing", "directory"])
def test_a_key_that_cannot_serve_changes_nothing(serve, tmp_path, what):
    gateway = serve()
    path = tmp_path / "own.pem"
    if what == "loose":
        write_key(path, bunq.key(7), 0o644)
    elif what == "small":
        write_key(path, bunq.key(0, bits=1024))
    elif what == "garbage":
        path.write_text("garbage\n")
        path.chmod(0o600)
    elif what == "directory":
        path.mkdir(mode=0o700)
    before = configured(gateway.data)
    result = command(gateway.data, "rotate", "--file", path)
    assert result.returncode > 0
    assert "own.pem" in result.stderr
    assert configured(gateway.data) == before
    assert statuses(gateway.data) == {1: "CURRENT"}


@pytest.mark.long
def test_what_the_gateway_does_not_take_is_taken_back(serve):
    gateway = serve()
    gateway.may_crash = True
    client = bunq.ready(gateway)
    first = (gateway.data / "server.pem").read_bytes()
    (gateway.data / "server.pem").write_text("garbage\n")
    result = command(gateway.data, "rotate")
    assert result.returncode > 0
    assert "the gateway did not take it" in result.stderr
    assert "server.pem" in result.stderr
    assert statuses(gateway.data) == {1: "CURRENT"}
    assert not (gateway.data / "server-2.pem").exists()
    assert client.is_alive()
    assert numbers(bunq.Client(gateway, key_number=1).install()) == numbers(client)
    (gateway.data / "server.pem").write_bytes(first)
    rotate(gateway.data)
    assert client.is_alive()


@pytest.mark.long
def test_there_are_at_most_sixteen_keys(serve):
    gateway = serve()
    gateway.close()
    for _ in range(15):
        rotate(gateway.data)
    result = command(gateway.data, "rotate")
    assert result.returncode > 0
    assert "retire" in result.stderr
    assert len(keys(gateway.data)) == 16
    assert not (gateway.data / "server-17.pem").exists()
    assert command(gateway.data, "retire", "3").returncode == 0
    rotate(gateway.data)
    assert serve(name=gateway.data.name).is_answering()


@pytest.mark.long
def test_wrong_words(tmp_path, serve):
    data = serve().data
    for args in (
        ["rotate", "--file", "a", "--uri", "pkcs11:"],
        ["rotate", "--uri", "/a/path"],
        ["rotate", "x"],
        ["rotate", "--uri", "pkcs11:object=a?pin-value=1234"],
        ["rotate", "--uri", "pkcs11:object=a\nb"],
        ["retire"],
        ["retire", "x"],
        ["retire", "1", "2"],
    ):
        result = command(data, *args)
        assert result.returncode == 2, args
        assert "1234" not in result.stderr
    result = command(data, "rotate", "--uri", f"file:{data}/server.pem")
    assert result.returncode == 2
    assert command(tmp_path / "none", "list").returncode == 8
    assert command(data, "retire", "77").returncode == 8


# ---- a store without a data directory --------------------------------------------


def files(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*"))


@pytest.fixture
def alone(tmp_path):
    """command(*args): of a store that an nginx of one's own may be using, with
    another gateway's data directory at the default place."""
    store = f"sqlite:{tmp_path}/own.db"
    run("user", "create", "Eve", "--store", store, check=True)
    home = tmp_path / "home"
    (home / ".local/share/trivet").mkdir(parents=True)
    env = {"HOME": str(home), "XDG_DATA_HOME": ""}

    def ask(*args):
        return run("server-key", *args, "--store", store, env=env, cwd=tmp_path)

    ask.home = home
    ask.keys = lambda: json.loads(ask("list", "--json").stdout)
    return ask


@pytest.mark.parametrize("named", [False, True])
def test_no_key_is_made_without_a_data_directory(alone, tmp_path, named):
    other = tmp_path / "other"
    other.mkdir()
    before = files(tmp_path)
    result = alone("rotate", *(["--data", other] if named else []))
    assert result.returncode == 2
    assert "--file" in result.stderr and "--uri" in result.stderr
    assert "--data" in result.stderr
    assert result.stdout == ""
    assert alone.keys() == []
    assert [f for f in files(tmp_path) if not f.startswith("own.db")] == [
        f for f in before if not f.startswith("own.db")
    ]


@pytest.mark.long
def test_a_named_key_without_a_data_directory(alone, tmp_path):
    path = write_key(tmp_path / "mine.pem", bunq.key(7))
    result = alone("rotate", "--file", path)
    assert result.returncode == 0, result
    assert f'trivet_server_key "{path}"' in result.stderr
    assert "next start" not in result.stderr
    other = write_key(tmp_path / "other.pem", bunq.key(6))
    assert alone("rotate", "--file", other, "--json").returncode == 0
    assert [row["where"] for row in alone.keys()] == [str(path), str(other)]
    result = alone("retire", "1")
    assert result.returncode == 0
    assert "gateway" not in result.stderr
    assert [row["status"] for row in alone.keys()] == ["RETIRED", "CURRENT"]
    assert files(alone.home) == [".local", ".local/share", ".local/share/trivet"]


@pytest.mark.long
def test_a_data_directory_whose_store_is_elsewhere(serve, alone, tmp_path):
    store = f"sqlite:{tmp_path}/elsewhere.db"
    gateway = serve("--store", store)
    old = bunq.ready(gateway)
    options = ("--store", store, "--data", gateway.data)
    result = run("server-key", "rotate", *options, check=True)
    assert "reloaded" in result.stderr
    assert (gateway.data / "server-2.pem").exists()
    new = bunq.Client(gateway, key_number=1).install()
    assert numbers(new) != numbers(old)
    # and not for a store that it does not use
    before = configured(gateway.data)
    result = alone("rotate", "--data", gateway.data)
    assert result.returncode == 2
    assert configured(gateway.data) == before
    assert not (gateway.data / "server-3.pem").exists()


def test_the_own_store_of_a_data_directory_by_its_name(serve, alone, tmp_path):
    gateway = serve()
    bunq.ready(gateway)
    own = ("--store", f"sqlite:{gateway.data}/trivet.db")
    result = run("server-key", "rotate", *own, env={"HOME": str(tmp_path)})
    assert result.returncode == 2
    path = write_key(tmp_path / "mine.pem", bunq.key(7))
    result = run("server-key", "rotate", *own, "--file", path,
                 env={"HOME": str(tmp_path)})
    assert result.returncode == 2 and "--data" in result.stderr
    assert statuses(gateway.data) == {1: "CURRENT"}
    run("server-key", "rotate", *own, "--data", gateway.data, check=True)
    assert keys(gateway.data)[2]["where"] == "server-2.pem"
    assert bunq.ready(gateway, key_number=1).is_alive()


# ---- list and retire -----------------------------------------------------------


@pytest.mark.long
def test_list_counts_who_uses_each(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    bunq.Client(gateway, key_number=1).install()
    rotate(gateway.data)
    bunq.Client(gateway, key_number=2).install()
    rows = keys(gateway.data)
    assert (rows[1]["installations"], rows[1]["alive"]) == (2, 1)
    assert (rows[2]["installations"], rows[2]["alive"]) == (1, 0)
    assert rows[1]["where"] == "server.pem"
    assert rows[2]["where"] == "server-2.pem"
    bunq.assert_listed_now(rows[2]["created"])
    bunq.assert_admitted(client.call("DELETE", "/v1/session/0"))
    assert keys(gateway.data)[1]["alive"] == 0


@pytest.mark.long
def test_the_current_key_is_not_retired(serve):
    gateway = serve()
    for force in ([], ["--force"]):
        result = command(gateway.data, "retire", "1", *force)
        assert result.returncode == CONFLICT
        assert "rotate" in result.stderr
    assert statuses(gateway.data) == {1: "CURRENT"}
    assert bunq.ready(gateway).is_alive()


@pytest.mark.long
def test_retire_tells_whom_it_would_hurt(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    bare = bunq.Client(gateway, key_number=1).install()
    rotate(gateway.data)
    result = run("server-key", "retire", 1, "--data", gateway.data, "--json")
    assert result.returncode == CONFLICT
    assert "--force" in result.stderr
    rows = json.loads(result.stdout)
    assert [row["installation_id"] for row in rows] == [
        client.installation_id,
        bare.installation_id,
    ]
    assert rows[0]["device_id"] == client.device_id
    assert rows[0]["user_id"] == client.user["id"]
    assert rows[0]["description"] == "a test"
    assert rows[0]["sessions"] == 1
    assert rows[1]["device_id"] is None
    table = command(gateway.data, "retire", "1")
    assert table.returncode == CONFLICT and "a test" in table.stdout
    assert client.is_alive()
    assert statuses(gateway.data) == {1: "SERVING", 2: "CURRENT"}


@pytest.mark.long
def test_installations_of_a_retired_key_are_refused(serve):
    gateway = serve()
    old = bunq.ready(gateway)
    rotate(gateway.data)
    new = bunq.ready(gateway, key_number=1)
    assert command(gateway.data, "retire", "1", "--force").returncode == 0
    for answer in (
        old.get("/v1/user"),
        old.get("/v1/echo/anything"),
        old.post_session(),
        old.post_device(),
    ):
        bunq.assert_refused(
            answer, 401, bunq.AUTHENTICATION, "server-key-retired", server_key=False
        )
    assert new.is_alive()
    assert configured(gateway.data) == [str(gateway.data / "server-2.pem")]
    assert statuses(gateway.data) == {1: "RETIRED", 2: "CURRENT"}
    # who begins anew is served; a restart, without the file too, changes nothing
    assert old.install().register().open().is_alive()
    gateway.close()
    (gateway.data / "server.pem").unlink()
    again = serve(name=gateway.data.name)
    assert at(new, again).is_alive()
    assert not (gateway.data / "server.pem").exists()


@pytest.mark.long
def test_a_key_that_nobody_has_needs_no_force(serve):
    gateway = serve()
    rotate(gateway.data)
    assert command(gateway.data, "retire", "1").returncode == 0
    assert statuses(gateway.data) == {1: "RETIRED", 2: "CURRENT"}
    # and does not come back
    result = command(gateway.data, "rotate", "--file", gateway.data / "server.pem")
    assert result.returncode == CONFLICT
    assert "retired" in result.stderr
    assert statuses(gateway.data) == {1: "RETIRED", 2: "CURRENT"}


@pytest.mark.long
def test_serve_with_a_key_of_ones_own(serve, tmp_path):
    gateway = serve()
    old = bunq.ready(gateway)
    gateway.close()
    path = write_key(tmp_path / "own.pem", bunq.key(7))
    again = serve("--server-key", path, name=gateway.data.name)
    assert at(old, again).is_alive()
    client = bunq.Client(again, key_number=1).install()
    assert numbers(client) == bunq.key(7).public_key().public_numbers()
    again.close()
    # it stays the current one
    once_more = serve(name=gateway.data.name)
    assert numbers(bunq.Client(once_more).install()) == numbers(client)


@pytest.mark.long
def test_serve_refuses_a_retired_key(serve):
    gateway = serve()
    rotate(gateway.data)
    assert command(gateway.data, "retire", "1").returncode == 0
    gateway.close()
    other = Gateway(gateway.data, "--server-key", gateway.data / "server.pem")
    with pytest.raises(NotReady) as refusal:
        other.start()
    assert "retired" in refusal.value.stderr


def test_a_first_start_with_a_key_of_ones_own_makes_none(serve, tmp_path):
    path = write_key(tmp_path / "own.pem", bunq.key(7))
    gateway = serve("--server-key", path)
    assert bunq.ready(gateway).is_alive()
    assert not (gateway.data / "server.pem").exists()
