# SPDX-License-Identifier: Apache-2.0
"""trivet incident: the sandbox fails on purpose, at once, and no longer than told"""
import json
import re
import socket
import subprocess
import time

import pytest

import bunq
from bunq import AUTHENTICATION, CREDENTIALS
from classic import Classic
from gateway import ROOT, Gateway, environment, run, wait_until
from incidents import CALLS, NAMES, TOO_MANY, raw_header, refuse, states, switch, took
from storm import storm
from upstream import JSON, reply


@pytest.fixture(scope="module")
def front(tmp_path_factory, upstream):
    data = tmp_path_factory.mktemp("front") / "data"
    with Gateway(data, "--sandbox", "--upstream", upstream.url, "--metrics") as started:
        yield started


@pytest.fixture(params=["gateway", "front"])
def each(request, gateway, front):
    """One gateway with the built-in API, one with an API behind it; in the end
    nothing is on."""
    chosen = {"gateway": gateway, "front": front}[request.param]
    yield chosen
    switch(chosen, "all", "off")


@pytest.fixture
def calm(gateway):
    """The module's gateway; in the end nothing is on."""
    yield gateway
    switch(gateway, "all", "off")


# ---- the command -------------------------------------------------------------


def test_each_is_listed_and_switched(calm):
    assert states(calm) == dict.fromkeys(NAMES, "off")
    for name in NAMES:
        assert switch(calm, name, "on") == {"incident": name, "state": "on"}
        assert states(calm)[name] == "on"
    assert states(calm) == dict.fromkeys(NAMES, "on")
    switch(calm, "slow", "off")
    assert [n for n, s in states(calm).items() if s == "off"] == ["slow"]
    switch(calm, "all", "off")
    assert states(calm) == dict.fromkeys(NAMES, "off")


def test_help_completion_and_page_name_them_all():
    said = run("incident", "--help", check=True).stdout
    texts = [" ".join(said.split())]
    for path in ("completion/trivet.bash", "completion/_trivet",
                 "man/trivet-incident.1"):
        texts.append((ROOT / path).read_text())
    for name in NAMES:
        assert all(name in text for text in texts), name


def test_people_see_a_table(calm):
    switch(calm, "slow", "on", "--seconds", 7)
    result = run("incident", "--data", calm.data, check=True)
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["INCIDENT", "STATE", "MEANING"]
    assert [line.split()[0] for line in lines[1:]] == NAMES
    assert re.search("^slow +on +every answer waits 7 s$", result.stdout, re.M)
    rows = {row["incident"]: row for row in calm.trivet("incident")}
    assert rows["slow"]["seconds"] == 7 and rows["ip-flip"]["seconds"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("slow",),
        ("slow", "yes"),
        ("slow", "ON"),
        ("slow", ""),
        ("", "on"),
        ("Slow", "on"),
        ("earthquake", "on"),
        ("all", "on"),
        ("all",),
        ("on", "slow"),
        ("slow", "on", "on"),
        ("slow", "on", "--seconds", "0"),
        ("slow", "on", "--seconds", "301"),
        ("slow", "on", "--seconds", "-1"),
        ("slow", "on", "--seconds", "x"),
        ("slow", "off", "--seconds", "5"),
        ("ip-flip", "on", "--seconds", "5"),
        ("all", "off", "--seconds", "5"),
        ("--seconds", "5"),
    ],
)
def test_what_is_not_understood_switches_nothing(calm, words):
    refuse(calm, *words)
    assert states(calm) == dict.fromkeys(NAMES, "off")


def test_outside_the_sandbox_there_are_none(serve):
    gateway = serve("--no-sandbox")
    for words in ((), ("slow", "on"), ("all", "off")):
        said = refuse(gateway, *words, status=8)
        assert "not the data directory of a sandbox" in said
    assert gateway.is_answering()


# ---- 429-unsigned ------------------------------------------------------------


def test_429_unsigned(each):
    client = bunq.ready(each)
    switch(each, "429-unsigned", "on")
    for method, path in CALLS:
        answer = client.call(method, path)
        assert answer.status == 429, (method, path, answer)
        assert answer.signature is None
        bunq.assert_response_id(answer)
        if method != "HEAD":
            bunq.assert_error_form(answer)
            assert answer.error == TOO_MANY
            assert answer.reason == "incident-rate-limit"
    switch(each, "429-unsigned", "off")
    assert client.is_alive()


def test_a_refusal_before_anything_else_leaves_the_connection_usable(calm):
    client = bunq.ready(calm)
    body = b"x" * 100000
    with bunq.Wire(calm) as wire:
        switch(calm, "429-unsigned", "on")
        for _ in range(3):
            answer = wire.request("POST", "/v1/echo/x", [], body).answer()
            assert answer.status == 429
        switch(calm, "429-unsigned", "off")
        headers = client.headers().items()
        answer = wire.request("GET", "/v1/user", headers).answer()
        bunq.assert_admitted(answer, client.server_key)


# ---- maintenance-491, ip-country-400 ------------------------------------------


def test_maintenance_491(each):
    client = bunq.ready(each)
    switch(each, "maintenance-491", "on")
    for method, path in CALLS:
        answer = client.call(method, path)
        assert answer.status == 491, (method, path, answer)
        assert answer.signature is None
        assert answer.header("Content-Type") == "text/html"
        names = [name.lower() for name, _ in answer.headers]
        assert not [name for name in names if name.startswith(("x-bunq", "x-trivet"))]
        assert method == "HEAD" or answer.body.startswith(b"<html>")
    switch(each, "maintenance-491", "off")
    assert client.is_alive()


def test_ip_country_400(calm):
    client = bunq.ready(calm)
    secret = client.make_user()
    switch(calm, "ip-country-400", "on")
    for answer in (
        client.get("/v1/user"),
        client.post("/v1/x", b"{}"),
        client.post_session(),
        client.post_device(secret),
    ):
        bunq.assert_refused(
            answer, 400, bunq.CREDENTIALS, "incident-ip-country", client.server_key
        )
    answer = client.get("/v1/user", token="0" * 64)
    bunq.assert_refused(answer, 400, bunq.CREDENTIALS, server_key=False)
    assert bunq.Client(calm).install().installation_token
    switch(calm, "ip-country-400", "off")
    assert client.is_alive()
    client.register(secret).open()


# ---- html-502 ----------------------------------------------------------------


def assert_page(answer, method="GET"):
    assert answer.status == 502, answer
    assert answer.header("Content-Type") == "text/html", answer
    names = [name for name, _ in answer.headers]
    assert not [n for n in names if n.startswith(("x-bunq", "x-trivet"))], names
    if method != "HEAD":
        assert b"<h1>502 Bad Gateway</h1>" in answer.body
        assert len(answer.body) == int(answer.header("Content-Length"))


def test_html_502(each):
    client = bunq.ready(each)
    switch(each, "html-502", "on")
    for method, path in CALLS:
        headers = {bunq.REQUEST_ID: "mine"}
        assert_page(client.call(method, path, headers=headers), method)
    switch(each, "html-502", "off")
    assert client.is_alive()


def test_the_server_in_front_fails_before_the_limit(calm):
    switch(calm, "html-502", "on")
    switch(calm, "429-unsigned", "on")
    assert bunq.Client(calm).get("/v1/user").status == 502
    switch(calm, "html-502", "off")
    assert bunq.Client(calm).get("/v1/user").status == 429


# ---- lowercase-headers -------------------------------------------------------

NGINX_S_OWN = {"Connection", "Keep-Alive", "Transfer-Encoding", "Vary"}


def test_lowercase_headers(each, upstream):
    client = bunq.ready(each)
    body = b'{"Response":[]}'
    upstream.plan("/v1/echo/a", reply(body, headers=[JSON, ("X-Made-By", "the API"),
        ("Last-Modified", "Sat, 01 Jan 2022 00:00:00 GMT"), ("ETag", '"x"')]))
    sent = [*client.headers().items(), (bunq.REQUEST_ID, "AbC")]

    def names(path, headers=sent):
        lines = raw_header(each, "GET", path, headers)
        return [line.partition(":")[0] for line in lines[1:]]

    paths = ("/v1/user", "/v1/echo/a", "/nowhere")
    before = {path: names(path) for path in paths}
    switch(each, "lowercase-headers", "on")
    for path in paths:
        found = names(path)
        assert {n.lower() for n in found} == {n.lower() for n in before[path]}
        assert len(found) == len(before[path]), "none twice"
        upper = {name for name in found if name != name.lower()}
        assert upper <= NGINX_S_OWN, upper
        assert "X-Bunq-Client-Request-Id" in before[path]
        for wanted in ("x-bunq-client-response-id", "x-bunq-client-request-id",
                       "content-type", "content-length", "date", "server"):
            assert wanted in found, (path, found)
    assert "x-bunq-server-signature" in names("/v1/echo/a")
    answer = client.get("/v1/echo/a")
    bunq.assert_admitted(answer, client.server_key)
    assert answer.header("Content-Type") == "application/json"
    assert client.is_alive()
    switch(each, "lowercase-headers", "off")
    assert names("/v1/user") == before["/v1/user"]


def test_lowercase_headers_change_nothing_in_http_2(calm):
    def ask():
        result = subprocess.run(
            ["curl", "-sS", "-i", "--http2", "--noproxy", "*", "--cacert",
             str(calm.ca), f"https://localhost:{calm.port}/v1/user"],
            capture_output=True, text=True, timeout=30, env=environment(),
        )
        assert result.returncode == 0, result
        head = result.stdout.partition("\n\n")[0].splitlines()
        assert head[0].startswith("HTTP/2 401")
        return sorted(line.partition(":")[0] for line in head[1:])

    before = ask()
    switch(calm, "lowercase-headers", "on")
    assert ask() == before


# ---- session-dies ------------------------------------------------------------


def audit(gateway):
    result = run("audit", "--json", "--data", gateway.data, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def endings(gateway):
    rows = [row for row in audit(gateway) if row["event"] == "session-ended"]
    assert all(row["actor"] == "gateway" for row in rows)
    return [row["session_id"] for row in rows]


@pytest.mark.long
def test_session_dies(each):
    one, other = bunq.ready(each), bunq.ready(each, key_number=1)
    switch(each, "session-dies", "on")
    ended = (one.session_id, other.session_id)
    assert not set(endings(each)) & set(ended)  # not before they are used
    for client in (one, other):
        answer = client.get("/v1/user")
        bunq.assert_refused(
            answer, 401, AUTHENTICATION, "session-ended", client.server_key
        )
        assert client.session_id in endings(each)
        assert not client.is_alive()
        client.open()
        assert client.is_alive()  # opened after it was switched on
    fresh = bunq.ready(each, key_number=2)
    assert fresh.is_alive()

    switch(each, "session-dies", "on")  # again: those that are open now
    assert not fresh.is_alive()
    switch(each, "session-dies", "off")
    assert not fresh.is_alive()  # it was really ended
    assert one.is_alive()  # it was not used meanwhile
    assert all(endings(each).count(n) == 1 for n in (*ended, fresh.session_id))
    run("audit", "verify", "--data", each.data, check=True)


def test_session_dies_whatever_the_clock_says(calm):
    """A session from the future is open now, too."""
    calm.trivet("clock", "+8d")
    client = bunq.ready(calm)
    calm.trivet("clock", "reset")
    switch(calm, "session-dies", "on")
    assert not client.is_alive()
    assert client.open().is_alive()


def test_session_dies_in_a_store_elsewhere(serve, tmp_path):
    store = ("--store", f"sqlite:{tmp_path}/elsewhere.db")
    gateway = serve(*store)
    client = bunq.ready(gateway)
    refuse(gateway, "session-dies", "on", status=8)  # whose sessions?
    assert states(gateway)["session-dies"] == "off"
    assert client.is_alive()
    switch(gateway, "session-dies", "on", *store)
    assert not client.is_alive()
    assert client.open().is_alive()


def test_session_dies_with_401_whatever_dead_session_says(serve):
    gateway = serve("--switch", "dead-session=403")
    dying, closed = bunq.ready(gateway), bunq.ready(gateway, key_number=1)
    closed.call("DELETE", "/v1/session/0")
    switch(gateway, "session-dies", "on")
    for _ in range(2):
        answer = dying.get("/v1/user")
        bunq.assert_refused(
            answer, 401, AUTHENTICATION, "session-ended", dying.server_key
        )
    assert dying.open().is_alive()
    switch(gateway, "session-dies", "off")
    bunq.assert_refused(closed.get("/v1/user"), 403, AUTHENTICATION, "session-ended")


def test_logout_of_a_dying_session(calm):
    client = bunq.ready(calm)
    switch(calm, "session-dies", "on")
    answer = client.call("DELETE", "/v1/session/0")
    bunq.assert_refused(answer, 401, AUTHENTICATION, "session-ended")


# ---- slow --------------------------------------------------------------------


def test_slow(each):
    client = bunq.ready(each)
    switch(each, "slow", "on", "--seconds", 1)
    assert 0.9 < took(lambda: bunq.assert_admitted(client.get("/v1/user"))) < 5
    body = {"x": "y" * 50000}
    assert 0.9 < took(lambda: client.post("/v1/echo/x", body)) < 5
    assert 0.9 < took(lambda: client.get("/nowhere")) < 5
    switch(each, "slow", "off")
    assert took(lambda: client.get("/v1/user")) < 0.9
    answer = client.post("/v1/sandbox-user-person", token=None)
    bunq.assert_admitted(answer)


def test_slow_takes_no_worker(calm):
    """Many wait together, and no longer than one."""
    client = bunq.ready(calm)
    switch(calm, "slow", "on", "--seconds", 1)
    answers = []

    def ask(_):
        with bunq.Wire(calm) as wire:
            headers = client.headers().items()
            return wire.request("GET", "/v1/user", headers).answer()

    assert took(lambda: answers.extend(storm(30, ask))) < 10
    assert len(answers) == 30
    for answer in answers:
        bunq.assert_admitted(answer, client.server_key)


def test_slow_by_five_seconds_unless_told(calm):
    switch(calm, "slow", "on", "--seconds", 300)
    switch(calm, "slow", "on")
    rows = {row["incident"]: row for row in calm.trivet("incident")}
    assert rows["slow"]["seconds"] == 5


def test_a_body_in_http_2_waits_too(calm, tmp_path):
    client = bunq.ready(calm)
    body = tmp_path / "body"
    body.write_bytes(b"x" * 300000)
    switch(calm, "slow", "on", "--seconds", 1)
    fields = [f"{k}: {v}" for k, v in client.headers(body.read_bytes()).items()]
    result = subprocess.run(
        ["curl", "-sS", "--http2", "--noproxy", "*", "--cacert", str(calm.ca),
         "-w", "%{http_version} %{http_code} %{time_total}", "-o", tmp_path / "answer",
         *(word for field in fields for word in ("-H", field)),
         "--data-binary", f"@{body}", f"https://localhost:{calm.port}/v1/echo/x"],
        capture_output=True, text=True, timeout=30, env=environment(),
    )
    version, status, seconds = result.stdout.split()
    assert (version, status) == ("2", "200"), result
    assert float(seconds) > 0.9
    identity = json.loads((tmp_path / "answer").read_text())["Response"][0]["Identity"]
    assert identity["body_length"] == 300000


def given_up(gateway):
    return gateway.log("access.log").count(" 499 ")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_does_not_wait_is_forgotten(calm, method):
    switch(calm, "slow", "on", "--seconds", 300)
    before = given_up(calm)
    body = b"x" * 1000 if method == "POST" else b""
    wires = [bunq.Wire(calm).request(method, "/v1/user", [], body) for _ in range(5)]
    time.sleep(0.2)
    assert given_up(calm) == before
    for wire in wires:
        wire.close()
    assert wait_until(lambda: given_up(calm) == before + 5)
    switch(calm, "slow", "off")
    assert calm.is_answering()


def test_who_does_not_wait_in_http_2_is_forgotten(calm):
    switch(calm, "slow", "on", "--seconds", 300)
    before = given_up(calm)
    result = subprocess.run(
        ["curl", "-sS", "--http2", "--max-time", "0.5", "--noproxy", "*", "--cacert",
         str(calm.ca), f"https://localhost:{calm.port}/v1/user"],
        capture_output=True, text=True, timeout=30, env=environment(),
    )
    assert result.returncode == 28, result
    assert wait_until(lambda: given_up(calm) == before + 1)


# ---- wrong-signature ---------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("profile", ["strict", "current", "classic"])
def test_wrong_signature(serve, upstream, profile):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--profile", profile)
    upstream.plan("/v1/echo/b", reply(b'{"Response":[]}', headers=[JSON]))
    kind = Classic if profile == "classic" else bunq.Client
    client = kind(gateway)
    client.install().register(client.make_user()).open()
    for _ in range(3):
        for path in ("/v1/echo/b", "/v1/user"):
            switch(gateway, "wrong-signature", "on")
            answer = client.get(path)
            assert answer.status == 200, answer
            assert re.fullmatch(r"[A-Za-z0-9+/]{342}==", answer.signature), answer
            assert not answer.is_signed_by(client.server_key)
            switch(gateway, "wrong-signature", "off")
            bunq.assert_admitted(client.get(path), client.server_key)


def test_lower_case_leaves_a_classic_signature_right(serve):
    gateway = serve("--profile", "classic")
    client = Classic(gateway)
    client.install().register(client.make_user()).open()
    switch(gateway, "lowercase-headers", "on")
    bunq.assert_admitted(client.get("/v1/user"), client.server_key)


def test_wrong_signature_of_refusals_and_calls(calm):
    client = bunq.ready(calm)
    switch(calm, "wrong-signature", "on")
    for answer in (
        client.get("/v1/user"),
        client.get("/v1/nothing"),
        client.get("/v1/user", signature=None),
        client.call("HEAD", "/v1/nothing"),
    ):
        assert answer.signature is not None
        assert not answer.is_signed_by(client.server_key), answer
    switch(calm, "wrong-signature", "off")
    assert client.get("/v1/user", signature=None).is_signed_by(client.server_key)


# ---- ip-flip -----------------------------------------------------------------


def test_ip_flip(each):
    client = bunq.ready(each)
    free = bunq.ready(each, key_number=1, permitted_ips=["*"])
    there = bunq.ready(each, key_number=2, permitted_ips=["127.0.0.1", "192.0.2.1"])
    switch(each, "ip-flip", "on")
    answer = client.get("/v1/user")
    bunq.assert_refused(
        answer, 403, AUTHENTICATION, "ip-not-permitted", client.server_key
    )
    answer = client.post_session()
    bunq.assert_refused(
        answer, 400, CREDENTIALS, "ip-not-permitted", client.server_key
    )
    assert free.is_alive() and there.is_alive()
    assert "192.0.2.1" in {row["address"] for row in audit(each)}
    switch(each, "ip-flip", "off")
    assert client.is_alive()
    assert client.open().is_alive()


def test_another_address_has_limits_of_its_own(serve):
    gateway = serve(rate_limits="classic")

    def is_limited():
        with bunq.Wire(gateway) as wire:
            for _ in range(9):
                wire.request("GET", "/v1/user")
            return [wire.answer().status for _ in range(9)].count(429) > 2

    def first():
        with bunq.Wire(gateway) as wire:
            return wire.request("GET", "/v1/user").answer().status

    assert is_limited()
    switch(gateway, "ip-flip", "on")
    assert first() == 401
    switch(gateway, "ip-flip", "off")


# ---- what stays as it is -----------------------------------------------------


def test_probes_and_metrics_stay_as_they_are(front):
    session = bunq.make_session(front)
    try:
        for name in NAMES:
            switch(front, name, "on", *(("--seconds", 300) if name == "slow" else ()))
            for path in ("/metrics", "/live", "/ready"):
                answer = session.get(front.base + path, timeout=5)
                assert answer.status_code == 200, (name, path)
    finally:
        switch(front, "all", "off")
        session.close()


def test_they_are_counted(front):
    switch(front, "429-unsigned", "on")
    bunq.Client(front).get("/v1/user")
    switch(front, "all", "off")
    session = bunq.make_session(front)
    text = session.get(front.base + "/metrics", timeout=5).text
    session.close()
    assert 'reason="incident-rate-limit"} ' in text


@pytest.mark.parametrize("name", ["429-unsigned", "html-502", "slow"])
def test_plain_http_gets_no_answer_all_the_same(calm, name):
    switch(calm, name, "on")
    with socket.create_connection((calm.host, calm.port), timeout=10) as plain:
        plain.sendall(b"GET /v1/user HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            assert plain.recv(1000) == b""
        except ConnectionResetError:
            pass  # that is no answer, too


def test_several_at_once(calm):
    client = bunq.ready(calm)
    switch(calm, "lowercase-headers", "on")
    switch(calm, "wrong-signature", "on")
    switch(calm, "slow", "on", "--seconds", 1)
    lines = []
    seconds = took(
        lambda: lines.extend(
            raw_header(calm, "GET", "/v1/user", client.headers().items())
        )
    )
    assert seconds > 0.9
    (signature,) = [
        line.partition(": ")[2]
        for line in lines
        if line.startswith("x-bunq-server-signature: ")
    ]
    assert not bunq.fits(client.server_key, signature, client.get("/v1/user").body)
