# SPDX-License-Identifier: Apache-2.0
"""The operator's API: each call does what the commands do, each answer is as
its description says, and what it is given is judged field by field"""
import hashlib
import json
import sqlite3
import subprocess
import time

import jsonschema
import pytest

import bunq
import postgres
from console import Console, console_site, options
from gateway import ROOT, TRIVET, run, wait_until, with_us

OPENAPI = json.loads((ROOT / "docs/openapi/console.json").read_text())
CALLS = [(path, method, call) for path, methods in OPENAPI["paths"].items()
         for method, call in methods.items()]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A gateway with a console, and one who operates it."""
    with console_site(tmp_path_factory.mktemp("site")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def console(site):
    return Console(site, site.console_port)


def make_key(console, **given):
    return console.do("POST", "/api/key", {"user": "Somebody", **given})[0]


def audited(console):
    return console.get("/api/audit?count=1")[0]


# ---- the description -----------------------------------------------------------


def resolve(schema):
    """The description's references are within itself."""
    return {**schema, "components": OPENAPI["components"]}


def test_the_description_is_made_from_the_table():
    made = run("console", "--openapi", check=True).stdout
    assert (ROOT / "docs/openapi/console.json").read_text() == made
    assert OPENAPI["openapi"].startswith("3.1")
    names = [call["operationId"] for _, _, call in CALLS]
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize("path, method, call", CALLS,
                         ids=[call["operationId"] for _, _, call in CALLS])
def test_its_schemas_are_schemas(path, method, call):
    assert path.startswith("/api/") and method in ("get", "post", "put", "delete")
    for parameter in call["parameters"]:
        jsonschema.Draft202012Validator.check_schema(parameter["schema"])
    for part in [call.get("requestBody"), call["responses"]["200"]]:
        if part is not None:
            jsonschema.Draft202012Validator.check_schema(
                part["content"]["application/json"]["schema"])


def call_of(name):
    return next(found for found in CALLS if found[2]["operationId"] == name)


def check_answer(name, answer):
    """A live answer is as described, an error too."""
    call = call_of(name)[2]
    if answer.status_code == 200:
        schema = call["responses"]["200"]["content"]["application/json"]["schema"]
    else:
        schema = OPENAPI["components"]["responses"]["Error"]["content"][
            "application/json"]["schema"]
    jsonschema.validate(answer.json(), resolve(schema))


@pytest.fixture(scope="module")
def world(site, console):
    """Something of each kind, to be looked at and changed."""
    client = bunq.ready(site)
    key = console.get("/api/key")[0]
    session = console.get("/api/session")[0]
    return {"id": key["id"], "client": client, "session": session["id"],
            "user": key["user_id"]}


LOOKS = [call["operationId"] for _, method, call in CALLS if method == "get"]


@pytest.mark.parametrize("name", LOOKS)
def test_what_is_shown_is_as_described(console, world, name):
    path = call_of(name)[0].replace("{id}", "1")
    answer = console.ask("GET", path)
    assert answer.status_code == 200, answer.text
    check_answer(name, answer)


CHANGES = [
    ("user.create", {}, {"name": "A"}),
    ("user.auto-logout", {"id": "user"}, {"auto_logout": 604800}),
    ("key.create", {}, {"user": "A", "label": "b", "expires_in": 60,
                        "is_sandbox": True}),
    ("key.label", {"id": "id"}, {"label": "<b>till</b>"}),
    ("key.allow-all-ips", {"id": "id"}, {"allow_all_ips": True}),
    ("ip.set", {"id": "id"}, {"ip": "192.0.2.7", "status": "ACTIVE"}),
    ("clock.advance", {}, {"seconds": 1}),
    ("clock.reset", {}, None),
    ("incident.set", {"incident": None}, {"state": "on", "seconds": 1}),
    ("prune.run", {}, {"sessions": -1, "installations": -1, "api_keys": -1}),
    ("sandbox.user", {}, {"kind": "company"}),
    ("sandbox.user", {}, {"kind": "api-key"}),
    ("sandbox.provider", {}, None),
    ("user.end-sessions", {"id": "user"}, None),
    ("session.end", {"id": "session"}, None),
    ("server-key.rotate", {}, None),
    ("server-key.retire", {"id": "1"}, {}),
]


@pytest.mark.parametrize("name, parts, body", CHANGES,
                         ids=[f"{i}-{c[0]}" for i, c in enumerate(CHANGES)])
def test_a_change_is_as_described_and_audited(console, world, name, parts, body):
    path, method, _ = call_of(name)
    for part, what in parts.items():
        value = "slow" if what is None else world.get(what, what)
        path = path.replace("{%s}" % part, str(value))
    before = audited(console)["id"]
    answer = console.ask(method.upper(), path, body)
    check_answer(name, answer)
    if name == "server-key.retire":  # the current one, or one that is used
        assert answer.status_code == 409
        return
    assert answer.status_code == 200, answer.text
    if name != "prune.run":
        row = audited(console)
        assert row["id"] > before
        assert row["actor"].startswith("operator:")
    if name == "incident.set":
        console.do("PUT", "/api/sandbox/incident/all", {"state": "off"})


# ---- wrong things --------------------------------------------------------------

WRONG = {
    "integer": ["1", 1.5, True, None, [], {}, -(2 ** 62), 2 ** 62],
    "string": [1, True, None, [], {}, "x" * 20000],
    "boolean": [0, 1, "true", None, [], {}],
}


def fields_of_bodies():
    for path, method, call in CALLS:
        schema = call.get("requestBody")
        if schema is None or call["operationId"].startswith("console."):
            continue
        schema = schema["content"]["application/json"]["schema"]
        for name, field in schema["properties"].items():
            yield call["operationId"], path, method, name, field


@pytest.mark.parametrize(
    "call, path, method, name, field", list(fields_of_bodies()),
    ids=[f"{f[0]}-{f[3]}" for f in fields_of_bodies()])
def test_each_field_of_another_type_is_refused(console, call, path, method,
                                               name, field):
    path = path.replace("{id}", "1").replace("{incident}", "slow")
    before = audited(console)["id"]
    for wrong in WRONG[field["type"]]:
        if wrong == 2 ** 62 and field.get("maximum", 0) >= wrong:
            continue
        answer = console.ask(method.upper(), path, {name: wrong})
        assert 400 <= answer.status_code < 414, (wrong, answer.text)
        if answer.status_code == 400 and isinstance(wrong, (bool, list)):
            check_answer(call, answer)
    if "enum" in field:
        answer = console.ask(method.upper(), path, {name: "nonsense"})
        assert answer.status_code == 400
    answer = console.ask(method.upper(), path, {name: "1", "nonsense": 1})
    assert answer.status_code == 400
    assert audited(console)["id"] == before


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"name":"a","name":"b"}', b'{"name":"\\u0000"}',
    b'{"name":"\xff"}', b"[" * 5000, b'{"name":"b"}\x00'])
def test_what_is_no_object_is_refused(console, body):
    answer = console.http.post(
        console.base + "/api/user", data=body, timeout=30,
        headers={"X-Trivet-Console": "1", "Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    check_answer("user.create", answer)


def test_a_byte_nul_behind_a_number_is_refused(console):
    """jansson passes over it."""
    [user] = console.do("POST", "/api/user", {"name": "Nul"})
    for body, status in ((b'{"auto_logout":600}', 200), (b'{"auto_logout":700\x00}', 400)):
        answer = console.http.put(
            f"{console.base}/api/user/{user['id']}/auto-logout", data=body, timeout=30,
            headers={"X-Trivet-Console": "1", "Content-Type": "application/json"})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("path, status", [
    ("/api/nothing", 404), ("/api/user/", 404), ("/api//user", 404),
    ("/api/user?count=0", 400), ("/api/user?count=1&count=2", 200),
    ("/api/user?older_id=x", 400),
    ("/api/user?unknown=1", 400), ("/api/session?is_active=1", 400),
    ("/api/session?is_active=true", 200), ("/api/session?user_id=0", 400),
    ("/api/key/0/ip", 400), ("/api/key/-1/ip", 400), ("/api/key/1e3/ip", 400),
    ("/api/key/99999/ip", 200), ("/api/audit?chain=nowhere", 200),
    ("/../etc/passwd", 404), ("/%2e%2e/", 400), ("/index.html%00", 400)])
def test_paths_and_queries(console, path, status):
    assert console.ask("GET", path).status_code in (status, 404), path


def test_the_method_is_a_part_of_a_call(console):
    assert console.ask("PUT", "/api/user", {}).status_code == 405
    assert console.ask("GET", "/api/sandbox/user").status_code == 405


# ---- what they do, seen from outside --------------------------------------------


def test_all_ips_and_back(site, console):
    client = bunq.ready(site)
    key = console.get("/api/key")[0]["id"]
    abroad = client.from_address("127.0.0.9")
    assert not abroad.is_alive()
    console.do("PUT", f"/api/key/{key}/allow-all-ips", {"allow_all_ips": True})
    assert abroad.is_alive()
    console.do("PUT", f"/api/key/{key}/allow-all-ips", {"allow_all_ips": False})
    assert not abroad.is_alive() and client.is_alive()
    console.do("PUT", f"/api/key/{key}/ip",
               {"ip": "127.0.0.9", "status": "ACTIVE"})
    assert abroad.is_alive()
    console.do("PUT", f"/api/key/{key}/ip",
               {"ip": "127.0.0.9", "status": "INACTIVE"})
    assert not abroad.is_alive()


def test_sessions_end(site, console):
    one, two = bunq.ready(site), bunq.ready(site, key_number=1)
    newest, other = console.get("/api/session?is_active=true&count=2")
    console.do("DELETE", f"/api/session/{newest['id']}")
    assert one.is_alive() and not two.is_alive()
    ended = console.do("DELETE", f"/api/user/{other['user_id']}/session")
    assert ended[0]["ended"] == 1 and not one.is_alive()


def test_a_key_of_one_click_opens_a_session(site, console):
    made = console.do("POST", "/api/sandbox/user", {"kind": "api-key"})[0]
    client = bunq.ready(site, secret=made["secret"])
    assert client.is_alive()
    console.do("DELETE", f"/api/key/{made['id']}")
    assert not client.is_alive()


def test_incidents_leave_the_console_alone(site, console):
    console.do("PUT", "/api/sandbox/incident/html-502", {"state": "on"})
    assert bunq.make_session(site).get(site.base + "/v1/user").status_code == 502
    console.do("PUT", "/api/sandbox/incident/html-502", {"state": "off"})
    assert bunq.make_session(site).get(site.base + "/v1/user").status_code == 401


def test_a_key_that_hurts_is_retired_by_force_alone(site, console):
    bunq.ready(site)
    current = next(row for row in console.get("/api/server-key")
                   if row["status"] == "CURRENT")["id"]
    console.do("POST", "/api/server-key")
    answer = console.ask("POST", f"/api/server-key/{current}/retire", {})
    assert answer.status_code == 409
    hurt = answer.json()["Error"][0]["error_additional_parameter"][0]["rows"]
    assert hurt and hurt == console.get(f"/api/server-key/{current}/use")
    done = console.do("POST", f"/api/server-key/{current}/retire",
                      {"is_forced": True})
    assert done[0]["gateway"] == "reloaded"
    assert Console(site, site.console_port).get("/api/server-key")


def test_the_log_stays_whole(site, console):
    report = console.get("/api/audit/verify")[0]
    assert report["whole"] and report["num_faults"] == 0, report


def test_pages_follow_each_other(site, console):
    for number in range(7):
        console.do("POST", "/api/user", {"name": f"page {number}"})
    seen, path = [], "/api/user?q=PAGE&count=3"
    while path is not None:
        answer = console.ask("GET", path)
        seen += [row["User"]["name"] for row in answer.json()["Response"]]
        path = answer.json()["Pagination"]["older_url"]
    assert seen == [f"page {number}" for number in range(6, -1, -1)]


@pytest.mark.skipif(postgres.find_binaries() is None, reason="no PostgreSQL")
def test_over_postgresql(serve):
    server = postgres.Server()
    try:
        url = server.make_database()
        run("store", "migrate", url, check=True)
        port, option = options()
        gateway = serve(option, "--store", url)
        client = bunq.ready(gateway)
        console = Console(gateway, port)
        key = console.get("/api/key?q=SANDBOX&count=1")[0]
        assert key["last_use"] is not None and key["permitted_ips"]
        assert console.get(f"/api/session?user_id={key['user_id']}&is_active=true")
        console.do("PUT", f"/api/key/{key['id']}/label", {"label": "till"})
        assert console.get("/api/key?q=till")[0]["id"] == key["id"]
        assert console.get(f"/api/device?api_key_id={key['id']}")
        chains = {row["chain"] for row in console.get("/api/audit/chain")}
        assert chains == {"main", "operator"}
        row = console.get("/api/audit?chain=operator&count=1")[0]
        assert row["event"] == "key-labelled"
        done = console.do("DELETE", f"/api/user/{key['user_id']}/session")
        assert done[0]["ended"] == 1
        assert wait_until(lambda: not client.is_alive(), 5)
        gateway.close()
    finally:
        server.stop()


def test_many_rows_are_quick(serve):
    """10,000 keys and 100,000 sessions: a page reads no more than itself, or
    all of it once."""
    port, option = options()
    gateway = serve(option)
    bunq.ready(gateway)
    store = sqlite3.connect(gateway.data / "trivet.db")
    with store:
        store.executemany(
            "INSERT INTO api_key (created_us, updated_us, user_id, digest, label,"
            " expires_us, bound_us) VALUES (1, 1, 1, ?, 'many', 1, 1)",
            ((b"k%031d" % i,) for i in range(10000)))
        store.executemany(
            "INSERT INTO session (created_us, anchored_us, digest, device_id)"
            " VALUES (1, 1, ?, 1)", ((b"s%031d" % i,) for i in range(100000)))
    store.close()
    console = Console(gateway, port)
    for path in ("/api/key", "/api/session", "/api/session?is_active=true",
                 "/api/key?q=many", "/api/session?q=nobody", "/api/user",
                 "/api/session?older_id=50000"):
        start = time.monotonic()
        assert console.ask("GET", path).status_code == 200
        print(path, round(1000 * (time.monotonic() - start)), "ms")


# ---- the journal -----------------------------------------------------------------


def last(console, **wanted):
    """The last request that is so. It is written down after it was answered."""
    def find():
        return [row for row in console.get("/api/journal")
                if all(row[name] == value for name, value in wanted.items())]

    assert wait_until(find, 5), wanted
    return find()[-1]


def test_a_request_is_kept_with_what_became_of_it(site, console):
    client = bunq.ready(site)
    row = last(console, call="POST /v1/session-server")
    assert row["is_admitted"] and row["status"] == 200 and row["reason"] is None
    assert row["address"] == "127.0.0.1" and row["took_ms"] >= 0
    assert row["session_id"] is None or row["session_id"] == client.session_id
    client.call("GET", "/v1/user", signature="AAAA")
    row = last(console, target="/v1/user")
    assert not row["is_admitted"] and row["reason"].startswith("signature")
    assert row["meaning"] and row["mistake"] and "explanation" in row["answer"]
    assert row["to_sign"] == ""


BODY = b'{"amount": 1, "name": "\xc3\xa9"}'


@pytest.mark.parametrize("sent, signed, mistake", [
    (BODY, BODY + b"\r\n", "trailing-newline"), (BODY, b"", "empty-body"),
    (BODY, b"\xef\xbb\xbf" + BODY, "bom"), (b"", b"{}", "empty-object"),
    (BODY, '{"amount":1,"name":"é"}'.encode(), "json-reserialised")])
def test_what_was_signed_is_kept(site, console, sent, signed, mistake):
    client = bunq.ready(site)
    client.call("POST", "/v1/signed", sent, signature=client.sign(signed))
    row = last(console, target="/v1/signed")
    assert row["mistake"] == mistake
    assert row["was_signed"].encode() == signed and row["to_sign"].encode() == sent
    assert row["was_signed_sha256"] == hashlib.sha256(signed).hexdigest()
    assert row["to_sign_sha256"] == hashlib.sha256(sent).hexdigest()


def test_of_other_bytes_the_digest_is_kept(site, console):
    client = bunq.ready(site)
    client.call("POST", "/v1/signed", BODY, signature=client.sign(b"something else"))
    row = last(console, target="/v1/signed")
    assert row["mistake"] == "other-body" and row["was_signed"] is None
    assert row["was_signed_sha256"] == hashlib.sha256(b"something else").hexdigest()
    client.call("POST", "/v1/signed", BODY)
    row = last(console, target="/v1/signed")
    assert row["was_signed"] is row["was_signed_sha256"] is row["to_sign_sha256"] is None


def test_secrets_in_what_was_signed_are_cut_out(site, console):
    client = bunq.ready(site)
    body = b'{"secret": "open sesame", "a": 1}'
    client.call("POST", "/v1/signed", body, signature=client.sign(body + b"\n"))
    row = last(console, target="/v1/signed")
    assert row["was_signed"] == '{"secret": "***********", "a": 1}\n'
    assert "sesame" not in json.dumps(row)
    answer = client.call("POST", "/v1/signed", body, signature=client.sign(body + b"\n"))
    assert b"sesame" not in answer.body


@pytest.mark.parametrize("target, body, is_cut", [
    ("/v1/a?b=c", BODY, False), ("/v1/a", b"", False), ("/v1/a", b'["*"]', False),
    ("/v1/a", b'{"token": "x"}', True), ("/v1/a", b"x" * 9000, True),
    ("/v1/a", b"\xff", True), ("/v1/a?" + "0" * 64, BODY, True)])
def test_what_is_not_whole_says_so(site, console, target, body, is_cut):
    client = bunq.ready(site)
    newest = console.get("/api/journal?count=1")[0]["id"]
    client.call("POST", target, body)

    def find():  # it is written down after it was answered
        return [row for row in console.get(f"/api/journal?after={newest}")
                if row["target"].startswith("/v1/a")]

    assert wait_until(find)
    [row] = find()
    assert row["is_cut"] is is_cut


def test_secrets_are_cut_out(site, console):
    client = bunq.ready(site)
    client.call("GET", f"/v1/user?token={client.session_token}")
    text = console.ask("GET", "/api/journal").text
    for secret in (client.secret, client.session_token, client.installation_token):
        assert secret not in text
        assert secret[8:] not in text
    row = last(console, call="POST /v1/device-server")
    assert '"secret":"***' in row["body"].replace(": ", ":")
    assert "X-Bunq-Client-Authentication: ***" in row["headers"]
    assert "X-Bunq-Client-Signature: " in row["headers"]


def test_what_a_stranger_sent_is_text(site, console):
    client = bunq.ready(site)
    client.call("GET", "/v1/user?strange", headers={"X-Evil": "<img src=x>"})
    row = last(console, target="/v1/user?strange")
    assert "X-Evil: <img src=x>" in row["headers"]


def test_new_requests_follow(site, console):
    newest = console.get("/api/journal?count=1")[0]["id"]
    assert console.get(f"/api/journal?after={newest}") == []
    bunq.make_session(site).get(site.base + "/v1/user")
    rows = console.get(f"/api/journal?after={newest}")
    assert [row["id"] for row in rows] == [newest + 1]


def test_it_is_bounded(site, console):
    http = bunq.make_session(site)
    first = console.get("/api/journal?after=0&count=1")[0]["id"]
    for _ in range(1100):
        http.get(site.base + "/v1/user")
    rows = console.get("/api/journal?after=0&count=1")
    assert rows[0]["id"] > first
    newest = console.get("/api/journal?count=1")[0]["id"]
    assert newest - rows[0]["id"] + 1 == 1000


def test_outside_the_sandbox_there_is_none(serve, upstream):
    port, option = options()
    gateway = serve("--upstream", upstream.url, option)
    answer = Console(gateway, port).ask("GET", "/api/journal")
    assert answer.status_code == 404 and "trivet_journal" in answer.text


def test_an_answer_after_a_large_one_waits_for_its_own(site):
    """The connection becomes writable once more when all of the large one went."""
    client = bunq.ready(site)
    for _ in range(150):
        client.post("/v1/large", b"\x01" * 8192, signature="AAAA")
    console = Console(site, site.console_port)
    for _ in range(3):
        answer = console.ask("GET", "/api/journal?count=150")
        assert answer.status_code == 200 and len(answer.content) > 6_000_000
        assert isinstance(console.get("/api/key"), list)


def test_the_log_shows_the_same(site):
    client = bunq.ready(site)
    client.call("GET", "/v1/user?\x1b[31m", signature="AAAA")
    done = run("log", "--data", site.data, "--count", 2, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and "POST /v1/session-server" in lines[0]
    assert "signature" in lines[1] and "mistake:" in lines[1]
    assert "\x1b" not in done.stdout and client.session_token not in done.stdout
    row = json.loads(run("log", "--data", site.data, "--count", 1, "--json",
                         check=True).stdout)
    assert row["user_id"] == client.user["id"] and row["headers"]


def test_the_log_follows(site):
    process = subprocess.Popen(
        with_us(TRIVET, "log", "--follow", "--json", "--count", "1", "--data",
                site.data), stdout=subprocess.PIPE, text=True)
    try:
        first = json.loads(process.stdout.readline())
        bunq.make_session(site).get(site.base + "/v1/user?followed")
        row = json.loads(process.stdout.readline())
        assert row["id"] > first["id"] and row["target"] == "/v1/user?followed"
    finally:
        process.terminate()
        process.wait(20)


def test_no_console_no_log(serve, upstream):
    done = run("log", "--data", serve("--upstream", upstream.url).data)
    assert done.returncode > 0 and "--console" in done.stderr
