# SPDX-License-Identifier: Apache-2.0
"""trivet server-key: keys that rotate under a running gateway, and hardware"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

import bunq
from gateway import BUILD, Gateway, NotReady, environment, run, wait_until
from upstream import reply

CONFLICT = 9


def keys(data):
    result = run("server-key", "list", "--data", data, "--json", check=True)
    return {row["id"]: row for row in json.loads(result.stdout)}


def statuses(data):
    return {number: row["status"] for number, row in keys(data).items()}


def command(data, *args):
    return run("server-key", *args, "--data", data)


def rotate(data, *options):
    result = command(data, "rotate", *options)
    assert result.returncode == 0, result
    return int(result.stdout)


def numbers(client):
    return client.server_key.public_numbers()


def at(client, gateway):
    """The same context at another gateway."""
    client.gateway = gateway
    return client.from_address(None)


def configured(data):
    """The places that nginx is told, in their order."""
    return [
        line.split('"')[1]
        for line in (data / "nginx.conf").read_text().splitlines()
        if line.strip().startswith("trivet_server_key ")
    ]


def serving(gateway):
    """How many workers it has, without those that a reload told to go."""
    number = 0
    for pid in gateway.nginx_workers():
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        number += b"shutting down" not in title
    return number


def write_key(path, private_key, mode=0o600):
    path.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(mode)
    return path


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

    def ask(client):
        while not end.is_set():
            fresh = client.from_address(None)
            try:
                answers.append((fresh.get("/v1/user"), fresh.server_key))
            except OSError as failure:
                failures.append(failure)
            finally:
                fresh.close()

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for _ in range(3):
        rotate(gateway.data)
    end.set()
    for thread in threads:
        thread.join()
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
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(rotate(gateway.data)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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
        old.get("/v1/anything"),
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


# ---- hardware ------------------------------------------------------------------

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711aa"

needs_token = pytest.mark.skipif(
    not MODULE.exists()
    or shutil.which("pkcs11-tool") is None
    or not list(Path("/usr/lib").glob("*/engines-3/pkcs11.so")),
    reason="softhsm2, opensc or libengine-pkcs11-openssl is not installed",
)


class Token:
    def __init__(self, directory):
        self.directory = directory
        (directory / "tokens").mkdir()
        self.conf = directory / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {directory}/tokens\n")
        self.suppressions = directory / "lsan"
        self.suppressions.write_text(
            "leak:ENGINE_by_id\nleak:ENGINE_remove\nleak:ENGINE_load_private_key\n"
        )
        self.pin = directory / "pin"
        self.pin.write_text(PIN)
        self.pin.chmod(0o600)
        self.run("softhsm2-util", "--init-token", "--free", "--label", "trivet",
                 "--so-pin", "123456", "--pin", PIN)

    def run(self, *args):
        env = dict(os.environ, SOFTHSM2_CONF=str(self.conf))
        return subprocess.run(args, env=env, check=True, capture_output=True, timeout=60)

    def generate(self, label, number):
        self.run("pkcs11-tool", "--module", str(MODULE), "--login", "--pin", PIN,
                 "--token-label", "trivet", "--keypairgen", "--key-type", "rsa:2048",
                 "--label", label, "--id", f"{number:02x}")
        der = self.directory / f"{label}.der"
        self.run("pkcs11-tool", "--module", str(MODULE), "--token-label", "trivet",
                 "--read-object", "--type", "pubkey", "--label", label,
                 "--output-file", str(der))
        key = serialization.load_der_public_key(der.read_bytes())
        return key.public_numbers()

    def uri(self, label):
        return (
            f"pkcs11:token=trivet;object={label};type=private"
            f"?pin-source=file:{self.pin}&module-path={MODULE}"
        )


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    made = Token(tmp_path_factory.mktemp("token"))
    made.one = made.generate("one", 1)
    made.two = made.generate("two", 2)
    return made


@pytest.fixture(autouse=True)
def token_environment(request, monkeypatch):
    if "token" in request.fixturenames:
        made = request.getfixturevalue("token")
        monkeypatch.setenv("SOFTHSM2_CONF", str(made.conf))
        # what the engine itself leaks is not ours to mend
        monkeypatch.setenv("ASAN_OPTIONS", "fast_unwind_on_malloc=0")
        monkeypatch.setenv(
            "LSAN_OPTIONS", f"suppressions={made.suppressions}:print_suppressions=0"
        )


@needs_token
def test_a_key_in_a_token_signs_all_answers(serve, token, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--server-key", token.uri("one"))
    client = bunq.ready(gateway)
    assert numbers(client) == token.one
    assert not (gateway.data / "server.pem").exists()
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    bunq.assert_admitted(client.post("/v1/behind", b"{}"), client.server_key)
    refused = client.get("/v1/user", signature=client.sign(b"other"))
    bunq.assert_refused(refused, 400, server_key=client.server_key)


@pytest.mark.long
@needs_token
def test_many_at_once_share_the_token(serve, token, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--server-key", token.uri("one"))
    clients = [bunq.ready(gateway, key_number=i) for i in range(6)]
    failures = []

    def ask(client, path):
        try:
            for _ in range(15):
                bunq.assert_admitted(client.get(path), client.server_key)
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [
        threading.Thread(target=ask, args=(client, path))
        for client, path in zip(clients, ["/v1/user", "/v1/behind"] * 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


@pytest.mark.long
@needs_token
def test_rotation_into_a_token_and_out_of_it(serve, token, monkeypatch):
    gateway = serve()  # its environment has the token's configuration
    old = bunq.ready(gateway)
    rotate(gateway.data, "--uri", token.uri("one"))
    one = bunq.ready(gateway, key_number=1)
    assert numbers(one) == token.one
    rotate(gateway.data, "--uri", token.uri("two"))
    two = bunq.ready(gateway, key_number=2)
    assert numbers(two) == token.two
    rotate(gateway.data)
    new = bunq.ready(gateway, key_number=3)
    for client in (old, one, two, new):
        bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    assert PIN not in (gateway.data / "nginx.conf").read_text()
    assert command(gateway.data, "retire", "2", "--force").returncode == 0
    bunq.assert_refused(one.get("/v1/user"), 401, reason="server-key-retired")
    assert two.is_alive()
    gateway.close()
    again = serve(name=gateway.data.name)
    two = at(two, again)
    bunq.assert_admitted(two.get("/v1/user"), two.server_key)


@needs_token
def test_a_worker_that_was_killed_comes_back_with_the_token(serve, token):
    gateway = serve("--server-key", token.uri("one"))
    gateway.may_crash = True
    client = bunq.ready(gateway)
    before = gateway.nginx_workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: len(gateway.nginx_workers() - before) == len(before))
    fresh = client.from_address(None)
    bunq.assert_admitted(fresh.get("/v1/user"), client.server_key)


@pytest.mark.long
@needs_token
def test_a_pin_in_the_configuration_is_not_logged(token, tmp_path):
    """`trivet` itself refuses such a URI; in an nginx.conf it may stand."""
    with Gateway(tmp_path / "data", "--server-key", token.uri("one")) as gateway:
        conf = gateway.data / "nginx.conf"
        text = conf.read_text()
        nginx = BUILD / "nginx-root/usr/sbin/nginx"

        def try_with(label, pin):
            new = token.uri(label).replace(
                f"pin-source=file:{token.pin}", f"pin-value={pin}"
            )
            trial = gateway.data / "trial.conf"
            trial.write_text(text.replace(token.uri("one"), new))
            return subprocess.run(
                [nginx, "-t", "-e", "stderr", "-c", trial],
                capture_output=True,
                text=True,
                env=environment(),
                timeout=60,
            )

        assert try_with("one", PIN).returncode == 0
        assert try_with("one", "%34711%61%61").returncode == 0
        for result in (try_with("none", PIN), try_with("one", "4711ab")):
            assert result.returncode != 0
            assert "4711" not in result.stdout + result.stderr


@pytest.mark.long
@needs_token
@pytest.mark.parametrize("what", ["object", "pin", "no pin", "module", "file"])
def test_a_token_that_does_not_open_is_refused(serve, token, tmp_path, what):
    wrong = tmp_path / "pin"
    wrong.write_text("000000")
    uri = {
        "object": token.uri("none"),
        "pin": token.uri("one").replace(str(token.pin), str(wrong)),
        "no pin": token.uri("one").replace(f"pin-source=file:{token.pin}&", ""),
        "module": token.uri("one").replace(str(MODULE), "/none.so"),
        "file": token.uri("one").replace(str(token.pin), "/none"),
    }[what]
    gateway = Gateway(tmp_path / "data", "--server-key", uri)
    with pytest.raises(NotReady) as refusal:
        gateway.start()
    assert "no private key is to be had" in refusal.value.stderr
    assert PIN not in refusal.value.stderr
    # nor on a gateway that runs
    running = serve()
    result = command(running.data, "rotate", "--uri", uri)
    assert result.returncode > 0
    assert statuses(running.data) == {1: "CURRENT"}


@pytest.mark.long
@needs_token
def test_without_the_token_its_installations_alone_wait(serve, token, tmp_path):
    """Workers that start without it refuse those; the others are served."""
    gateway = serve()
    gateway.may_crash = True
    old = bunq.ready(gateway)
    rotate(gateway.data, "--uri", token.uri("one"))
    one = bunq.ready(gateway, key_number=1)
    rotate(gateway.data)
    pin = token.pin.read_text()
    try:
        token.pin.write_text("000000")
        number = serving(gateway)
        before = gateway.nginx_workers()
        for pid in before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: len(gateway.nginx_workers() - before) == number)
        answer = one.from_address(None).get("/v1/user")
        bunq.assert_refused(answer, 503, reason="server-key-unavailable")
        assert old.from_address(None).is_alive()
    finally:
        token.pin.write_text(pin)
    rotate(gateway.data)  # which reloads
    assert one.from_address(None).is_alive()
