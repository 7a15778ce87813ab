# SPDX-License-Identifier: Apache-2.0
"""trivet serve --seed FILE: users, API keys and devices that are there at the
start; the same file twice changes nothing; a wrong file is told by its line"""
import json
import secrets
import sqlite3

import pytest

import bunq
from gateway import Gateway, run
from serving import refuse

SECRET = "sandbox_" + "a1" * 28
BOUND = "sandbox_" + "b2" * 28
OUTSIDE = "c3" * 32
TOKEN = "d4" * 32


def seed(**more):
    """A file with all that it can have."""
    device = {
        "description": "the build machine",
        "installation_token": TOKEN,
        "public_key": bunq.public_pem(bunq.key(0)),
        "address": "127.0.0.1",
    }
    return {
        "users": [
            {
                "name": "Alice",
                "auto_logout": "2h",
                "api_keys": [
                    {"secret": SECRET, "label": "first", "expires": "1h"},
                    {
                        "secret": BOUND,
                        "permitted_ips": ["127.0.0.1", "192.0.2.7"],
                        "devices": [device, {**device, "description": "another"}],
                        **more,
                    },
                ],
            },
            {"name": "Société Générale d'Été", "kind": "company"},
        ]
    }


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "seed.json"
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeded")
    path = folder / "seed.json"
    path.write_text(json.dumps(seed()))
    with Gateway(folder / "data", "--seed", path) as gateway:
        yield gateway


def test_users_and_keys_are_there(seeded):
    users = seeded.trivet("user", "list")
    assert [(user["name"], user["kind"]) for user in users] == [
        ("Alice", "person"), ("Société Générale d'Été", "company")]
    assert users[0]["auto_logout"] == 7200
    assert users[1]["auto_logout"] == 604800
    keys = seeded.trivet("key", "list")
    assert [key["status"] for key in keys] == ["PENDING_FIRST_USE", "ACTIVE"]
    assert [key["label"] for key in keys] == ["first", "seed"]
    assert keys[1]["permitted_ips"] == ["127.0.0.1", "192.0.2.7"]
    devices = seeded.trivet("device", "list")
    assert [device["description"] for device in devices] == [
        "the build machine", "another"]
    assert len({device["installation_id"] for device in devices}) == 1


def test_a_client_takes_the_three_steps_with_a_key_of_the_file(seeded):
    client = bunq.ready(seeded, secret=SECRET)
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)
    assert client.user["display_name"] == "Alice"


def test_a_client_with_a_device_of_the_file_only_opens_a_session(seeded):
    client = bunq.Client(seeded)
    client.installation_token = TOKEN
    bunq.assert_admitted(client.post_session(BOUND))
    bunq.assert_admitted(client.get("/v1/user"))
    assert client.user["display_name"] == "Alice"
    other = client.from_address("127.0.0.2")
    bunq.assert_refused(other.get("/v1/user"), 403)


def test_another_secret_or_key_opens_nothing(seeded):
    client = bunq.Client(seeded)
    client.installation_token = TOKEN
    answer = client.post_session("sandbox_" + secrets.token_hex(28))
    bunq.assert_refused(answer, 400)
    other = bunq.Client(seeded, key_number=1)
    other.installation_token = TOKEN
    bunq.assert_refused(other.post_session(BOUND), 400)


def rows(gateway):
    with sqlite3.connect(gateway.data / "trivet.db") as store:
        names = [row[0] for row in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: store.execute(f"SELECT * FROM {name}").fetchall()
                 for name in names
                 if name not in ("clock", "sqlite_stat1", "audit_head")}
    # The start asks the gateway with a token that nobody has: a refusal.
    found["audit"] = [row for row in found["audit"] if row[4].startswith("operator")]
    return found


def test_the_same_file_twice_changes_nothing(serve, file):
    path = file(seed())
    first = serve("--seed", path, name="data")
    first.close()
    before = rows(first)
    again = serve("--seed", path, name="data")
    again.close()
    assert rows(again) == before
    assert len(before["users"]) == 2 and len(before["device"]) == 2


OAUTH = "e5" * 32


def oauth(**more):
    """Two users, and the access that one has granted to the other."""
    return {"users": [
        {"name": "An app", "kind": "company", "auto_logout": "1h"},
        {"name": "Ann"},
        {"kind": "api-key", "requested_by": "An app", "granted_by": "Ann",
         "api_keys": [{"secret": OAUTH, "permitted_ips": ["*"]}], **more}]}


def test_an_access_token_of_oauth(serve, file):
    path = file(oauth())
    first = serve("--seed", path, name="data")
    company, person, made = first.trivet("user", "list")
    assert made["kind"] == "api-key"
    client = bunq.ready(first, secret=OAUTH)
    session = client.post_session(OAUTH)
    user = session.element("UserApiKey")
    assert user["id"] == made["id"]
    assert user["requested_by_user"]["UserCompany"]["id"] == company["id"]
    assert user["granted_by_user"]["UserPerson"]["id"] == person["id"]
    assert user["requested_by_user"]["UserCompany"]["session_timeout"] == 3600
    first.close()

    before = rows(first)
    again = serve("--seed", path, name="data")
    again.close()
    assert rows(again) == before and len(before["users"]) == 3


def test_an_access_of_nobody_is_refused_and_nothing_made(serve, file, tmp_path):
    serve(name="data").close()
    turned = {"users": oauth()["users"][::-1]}
    for content, field in ((oauth(requested_by="Nobody"), "requested_by"),
                           (oauth(granted_by="Nobody"), "granted_by"),
                           (turned, "requested_by")):
        said = refuse(tmp_path, "--seed", file(content)).stderr
        assert f"{field}: no user of this name" in said
    gateway = serve(name="data")
    assert gateway.trivet("user", "list") == []


def test_more_in_the_file_is_made_and_nothing_taken_back(serve, file):
    content = seed()
    first = serve("--seed", file(content), name="data")
    first.trivet("key", "revoke", "1")
    first.close()
    content["users"].append({"name": "Carol", "api_keys": [{"secret": OUTSIDE}]})
    content["users"].pop(1)
    again = serve("--seed", file(content), name="data")
    assert [user["name"] for user in again.trivet("user", "list")] == [
        "Alice", "Société Générale d'Été", "Carol"]
    assert [key["status"] for key in again.trivet("key", "list")] == [
        "REVOKED", "ACTIVE", "PENDING_FIRST_USE"]
    assert "API key 1 was revoked, and stays so" in again.stderr()


def test_it_is_all_or_nothing(serve, file, tmp_path):
    """What only the store knows to be wrong takes back the rest."""
    serve("--seed", file(seed()), name="data").close()
    content = {"users": [{"name": "New"}, {"name": "Alice", "kind": "company"}]}
    said = refuse(tmp_path, "--seed", file(content)).stderr
    assert "seed.json: line 8: kind: user 1 has this name" in said
    gateway = serve(name="data")
    assert len(gateway.trivet("user", "list")) == 2


def test_a_key_of_another_user(serve, file, tmp_path):
    serve("--seed", file(seed()), name="data").close()
    content = {"users": [{"name": "Mallory", "api_keys": [{"secret": SECRET}]}]}
    said = refuse(tmp_path, "--seed", file(content)).stderr
    assert "line 7: secret: the API key of another user, 1" in said
    assert SECRET not in said


def test_a_token_with_another_public_key(serve, file, tmp_path):
    serve("--seed", file(seed()), name="data").close()
    content = seed()
    device = content["users"][0]["api_keys"][1]["devices"][1]
    device["public_key"] = bunq.public_pem(bunq.key(1))
    said = refuse(tmp_path, "--seed", file(content)).stderr
    assert "public_key: the installation of this token has another" in said


def user(**fields):
    return {"users": [{"name": "A", **fields}]}


def access(**fields):
    full = {"name": "A", "kind": "api-key", "requested_by": "B", "granted_by": "C",
            **fields}
    return {"users": [{n: value for n, value in full.items() if value is not None}]}


def key(**fields):
    return user(api_keys=[{"secret": SECRET, **fields}])


def device(**fields):
    full = {"description": "d", "installation_token": TOKEN,
            "public_key": bunq.public_pem(bunq.key(0)), **fields}
    full = {name: value for name, value in full.items() if value is not None}
    return key(permitted_ips=["*"], devices=[full])


@pytest.mark.parametrize(
    "content, line, text",
    [
        ("", 1, "nothing there"),
        ("[]", 1, "not an object"),
        ('{\n"users": [\n}', 3, ""),
        ('{"users": [],\n"users": []}', 2, "duplicate"),
        ('{"users": []} x', 1, "end of file"),
        ('{"users":\n{}}', 2, "users: not an array"),
        ('{"users": [\n{"name": "A"},\n\n7]}', 4, "users: not an object"),
        ('{"users": [\n{"name": "A"},\n{"name": "B",\n"kin": 1}]}', 4,
         "kin: no such field here"),
        ('{\n"user": []}', 2, "user: no such field here"),
        ('{"users": [\n{"kind": "person"}]}', 2, "name: missing"),
        ('{"users": [\n{"name":\n""}]}', 3, "1 to 255 bytes"),
        ('{"users": [{"name":\n"\\u0007"}]}', 2, "control characters"),
        ('{"users": [{"name":\n"\\u0000"}]}', 2, ""),
        (user(name="a" * 256), 4, "name: a text of 1 to 255 bytes"),
        (user(name=["x"]), 4, "name: not a text"),
        (user(kind="psp"), 5, 'kind: neither "person" nor "company" nor "api-key"'),
        (user(granted_by="B"), 5, 'granted_by: only a user of the kind "api-key"'),
        (user(requested_by="B"), 5, 'requested_by: only a user of the kind "api-key"'),
        (user(kind="api-key"), 4, "name: an api-key has that of the user who"),
        (access(name=None, requested_by=None), 3, "requested_by: missing"),
        (access(name=None, granted_by=None), 3, "granted_by: missing"),
        (access(name=None, granted_by=7), 6, "granted_by: not a text"),
        (access(name=None, auto_logout="7d"), 7, "auto_logout: an api-key has that"),
        (user(auto_logout="soon"), 5, "auto_logout: a time of 1 to 2147483"),
        (user(auto_logout="30d"), 5, "auto_logout: a time of 1 to 2147483"),
        (user(auto_logout=60), 5, "auto_logout: not a text"),
        (user(api_keys={}), 5, "api_keys: not an array"),
        (key(secret="short"), 7, "secret: 32 characters at least"),
        (key(secret="x" * 512), 7, "secret: a text of 1 to 511 bytes"),
        (key(secret="x" * 31 + " y"), 7, "secret: printable ASCII"),
        (key(secret="é" * 32), 7, "secret: printable ASCII"),
        (key(expires="0s"), 8, "expires: a time of 1 to"),
        (key(label="\x1b[0m"), 8, "label: control characters"),
        (key(permitted_ips=[]), 8, "permitted_ips: no address in it"),
        (key(permitted_ips=["*", "localhost"]), 10, "permitted_ips: neither"),
        (key(permitted_ips=[7]), 9, "permitted_ips: neither"),
        (key(devices=[{}]), 8, "devices: with devices, the API key needs"),
        (device(description=None), 12, "description: missing"),
        (device(installation_token="D4" * 32), 14, "installation_token: a token"),
        (device(installation_token="d4" * 31), 14, "installation_token: a token"),
        (device(public_key="-----BEGIN PUBLIC KEY-----"), 15, "public_key: not an RSA"),
        (device(public_key=bunq.public_pem(bunq.key(3, 1024))), 15,
         "public_key: not an RSA"),
        (device(address="here"), 16, "address: not an IP address"),
        (device(secret="x"), 16, "secret: no such field here"),
    ],
)
def test_a_wrong_file_is_told_by_its_line(file, tmp_path, content, line, text):
    path = file(content)
    said = refuse(tmp_path, "--seed", path).stderr
    assert f"seed.json: line {line}: " in said and text in said, said
    assert SECRET not in said
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_not_there(tmp_path):
    said = refuse(tmp_path, "--seed", tmp_path / "none.json").stderr
    assert "none.json: No such file" in said
    assert refuse(tmp_path, "--seed", tmp_path).returncode == 2


def test_a_file_that_is_too_large(file, tmp_path):
    said = refuse(tmp_path, "--seed", file(" " * (1 << 20) + "{}")).stderr
    assert "too large" in said


def test_outside_the_sandbox(serve, file, tmp_path, upstream):
    """There the file has secrets that count: its owner's alone, and no keys of
    the sandbox."""
    options = ("--upstream", upstream.url, "--seed")
    said = refuse(tmp_path, *options, file(key())).stderr
    assert "line 7: secret: an API key that begins with sandbox_" in said
    path = file(key(secret=OUTSIDE))
    path.chmod(0o644)
    assert "chmod 600" in refuse(tmp_path, *options, path).stderr
    path.chmod(0o600)
    gateway = serve(*options, path)
    client = bunq.ready(gateway, secret=OUTSIDE)
    bunq.assert_admitted(client.get("/v1/user"))


def test_the_seed_needs_a_value():
    assert run("serve", "--seed").returncode == 2
