# SPDX-License-Identifier: Apache-2.0
"""trivet serve --deterministic: the same calls give the same answers, but for
what is secret"""
import json
import re
import sqlite3
import uuid

import pytest

import bunq
from gateway import Gateway, run
from nginx import TRIVET, Nginx
from psp import DAY, PATH, claim, provider
from serving import print_config, refuse

START = "2026-01-01 00:00:00.000000"
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
NEXT_DATE = "Fri, 02 Jan 2026 00:00:00 GMT"

# Different in each run, by design: keys, and what is made with them.
SECRETS = {"token", "api_key", "server_public_key", "client_public_key"}

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def without_secrets(value):
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            name: "SECRET" if name in SECRETS else without_secrets(item)
            for name, item in value.items()
        }
    return value


def seen(answer):
    """An answer as it must be in each run."""
    headers = [
        (name, "SIGNATURE" if name == "x-bunq-server-signature" else value)
        for name, value in answer.headers
    ]
    if b"server_public_key" in answer.body:
        # JSON has two bytes for each slash of its PEM.
        headers = [field for field in headers if field[0] != "content-length"]
    body = json.dumps(without_secrets(json.loads(answer.body)))
    return answer.status, headers, body


class Run:
    """The same calls, and the answers that they had."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.answers = []
        self.client = bunq.Client(gateway)

    def take(self, answer, status=200):
        assert answer.status == status, answer
        self.answers.append(answer)
        return answer

    def begin(self):
        client = self.client
        self.take(client.post_installation())
        made = self.take(client.post("/v1/sandbox-user-person", token=None))
        client.secret = made.element("ApiKey")["api_key"]
        self.take(client.post_device())
        self.take(client.post_session())
        return self

    def go_on(self):
        client = self.client
        user = f"/v1/user/{client.user['id']}"
        self.take(client.get("/v1/user"))
        self.take(client.get(f"{user}/monetary-account"))
        key = self.take(client.get(f"{user}/credential-password-ip"))
        number = key.element("CredentialPasswordIp")["id"]
        ips = f"{user}/credential-password-ip/{number}/ip"
        self.take(client.post(ips, {"ip": "127.0.0.2"}))
        self.take(client.get(ips))
        self.take(client.get("/v1/device-server"))
        self.take(client.get("/v1/note"))
        self.take(client.get("/v1/nothing"), 404)
        self.take(client.get("/v1/user", token="0" * 64), 401)
        self.take(client.post("/v1/sandbox-user-company", token=None))
        return self

    @property
    def seen(self):
        return [seen(answer) for answer in self.answers]

    @property
    def uuids(self):
        """All, and none of them twice but for a user's own."""
        ids = [answer.header(bunq.RESPONSE_ID) for answer in self.answers]
        assert len(set(ids)) == len(ids)
        bodies = b"".join(answer.body for answer in self.answers).decode()
        return set(ids) | set(UUID.findall(bodies))

    @property
    def secrets(self):
        client = self.client
        return {client.secret, client.installation_token, client.session_token,
                client.server_key.public_numbers().n}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers") / "note"
    folder.mkdir()
    (folder / "GET.json").write_text('{"Response": [{"Note": {"at": "{{now}}"}}]}')
    return folder.parent


def start(tmp_path_factory, answers, *options):
    data = tmp_path_factory.mktemp("run") / "data"
    return Gateway(data, "--answers", answers, *options, makes_key=True)


@pytest.fixture(scope="module")
def one(tmp_path_factory, answers):
    with start(tmp_path_factory, answers, "--deterministic") as gateway:
        yield Run(gateway).begin().go_on()


@pytest.fixture(scope="module")
def two(tmp_path_factory, answers):
    with start(tmp_path_factory, answers, "--deterministic=1") as gateway:
        # Whoever only waits for it changes nothing.
        for _ in range(3):
            done = run("wait", "--url", gateway.url, "--ca", gateway.ca)
            assert done.returncode == 0, done
        yield Run(gateway).begin().go_on()


@pytest.fixture(scope="module")
def other(tmp_path_factory, answers):
    with start(tmp_path_factory, answers, "--deterministic=another") as gateway:
        yield Run(gateway).begin().go_on()


@pytest.fixture(scope="module")
def plain(tmp_path_factory, answers):
    with start(tmp_path_factory, answers) as gateway:
        yield Run(gateway).begin().go_on()


def test_two_runs_have_the_same_answers(one, two):
    for first, second in zip(one.seen, two.seen, strict=True):
        assert first == second
    for answer in one.answers:
        assert answer.header("Date") == DATE
        value = uuid.UUID(answer.header(bunq.RESPONSE_ID))
        assert value.version == 4 and value.variant == uuid.RFC_4122
    created = one.answers[0].element("Token")["created"]
    assert created == START
    assert b"2026-01-01" in one.answers[10].body


def test_answers_are_signed_over_the_bytes_that_came(one, two):
    for made in (one, two):
        signed = [a for a in made.answers if a.signature is not None]
        assert len(signed) > 5
        assert all(a.is_signed_by(made.client.server_key) for a in signed)


def test_nothing_secret_follows_from_the_seed(one, two):
    assert len(one.secrets) == 4
    assert not one.secrets & two.secrets


def test_another_seed_has_other_uuids_and_the_same_times(one, other):
    assert not one.uuids & other.uuids
    assert len(one.uuids) == len(other.uuids)
    mask = [UUID.sub("UUID", str(answer)) for answer in one.seen]
    assert mask == [UUID.sub("UUID", str(answer)) for answer in other.seen]


def test_without_the_option_runs_differ(one, plain):
    assert not one.uuids & plain.uuids
    assert plain.answers[0].header("Date") != DATE
    bunq.assert_now(plain.answers[0].element("Token")["created"])


def test_a_certificate_of_today_is_valid(other, root, middle):
    client = bunq.Client(other.gateway).install()
    body = claim(client, provider(middle), middle, root)
    bunq.assert_admitted(client.post(PATH, body), client.server_key)
    late = claim(client, provider(middle, end=-DAY / 24), middle, root)
    bunq.assert_refused(client.post(PATH, late), 400, reason="psp-certificate-expired")


def test_commands_go_by_the_same_clock_and_seed(one, two):
    made = []
    for gateway in (one.gateway, two.gateway):
        gateway.trivet("user", "create", "Alice")
        assert gateway.trivet("clock")["now"].startswith("2026-01-01T00:00:00")
        with sqlite3.connect(gateway.data / "trivet.db", timeout=10) as store:
            made.append(store.execute(
                "SELECT created_us, public_uuid FROM users"
                " WHERE display_name = 'Alice'").fetchall())
        store.close()
    assert len(made[0]) == 1
    assert made[0] == made[1]


def test_the_moved_clock_stands_at_another_time(one, two):
    moved = []
    for made in (one, two):
        made.gateway.trivet("clock", "+1d")
        try:
            moved.append(made.client.get("/v1/note"))
        finally:
            made.gateway.trivet("clock", "reset")
    assert seen(moved[0]) == seen(moved[1])
    assert moved[0].header("Date") == NEXT_DATE
    assert b"2026-01-02" in moved[0].body


def test_no_uuid_comes_again_after_a_restart(tmp_path, answers):
    gateway = Gateway(tmp_path / "data", "--answers", answers, "--deterministic")
    gateway.may_crash = True
    uuids = set()
    with gateway:
        for is_killed in (True, False, None):
            more = Run(gateway).begin().go_on().uuids
            assert more and not more & uuids
            uuids |= more
            if is_killed is None:
                break
            if is_killed:
                gateway.kill_all()
            gateway.stop()
            gateway.start()


def test_it_ends_with_the_option_and_goes_on_with_it(tmp_path):
    ids = []
    for option in (["--deterministic"], [], ["--deterministic"]):
        with Gateway(tmp_path / "data", *option) as gateway:
            answer = bunq.Client(gateway).post("/v1/sandbox-user-person", token=None)
            ids.append(answer.header(bunq.RESPONSE_ID))
            assert (answer.header("Date") == DATE) == bool(option)
    assert len(set(ids)) == 3
    check_directive(gateway.data)


@pytest.mark.parametrize(
    "options",
    [
        ["--deterministic", "--no-sandbox", "--upstream", "http://127.0.0.1:9"],
        ["--deterministic=2", "--no-sandbox"],
        ["--deterministic", "--upstream", "http://127.0.0.1:9"],
    ],
)
def test_it_is_refused_outside_the_sandbox(tmp_path, options):
    refusal = refuse(tmp_path, *options)
    assert "--deterministic is for the sandbox" in refusal.stderr


@pytest.mark.parametrize("seed", ["", "s" * 65])
def test_a_seed_has_1_to_64_bytes(tmp_path, seed):
    refusal = refuse(tmp_path, f"--deterministic={seed}")
    assert "a text of 1 to 64 bytes" in refusal.stderr


def test_the_directive_is_there_with_the_option_alone(tmp_path):
    assert "trivet_deterministic" not in print_config(tmp_path)
    assert "trivet_deterministic" in print_config(
        tmp_path, "--deterministic", "--sandbox", "--upstream", "http://127.0.0.1:9")


WITH_STATE = TRIVET + "    trivet_sandbox_state {data}/sandbox.state;\n"
FILE = "    trivet_deterministic {data}/deterministic;\n"


def check_directive(data):
    for text, said in (
        (WITH_STATE + FILE, ""),
        (TRIVET + FILE, 'needs "trivet_sandbox_state"'),
        (WITH_STATE + FILE + FILE, "duplicate"),
        (WITH_STATE + FILE.replace("/deterministic;", "/none;"),
         "trivet_deterministic: "),
    ):
        status, told = Nginx(data, trivet=text).check()
        assert (status == 0) == (said == ""), told
        assert said in told


@pytest.mark.parametrize("damage", [b"", b"x" * 88])
def test_a_damaged_file_is_told(tmp_path, damage):
    (tmp_path / "data").mkdir(mode=0o700)
    path = tmp_path / "data" / "deterministic"
    path.write_bytes(damage)
    path.chmod(0o600)
    refusal = refuse(tmp_path, "--deterministic")
    assert "damaged" in refusal.stderr


def test_only_its_owner_may_read_the_file(one):
    path = one.gateway.data / "deterministic"
    assert path.stat().st_mode & 0o777 == 0o600
