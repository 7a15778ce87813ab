# SPDX-License-Identifier: Apache-2.0
"""trivet clock: in the sandbox days go by in milliseconds, elsewhere never"""
import os
import shutil
import stat
import struct
import subprocess
import time

import pytest

import bunq
import psp
from bunq import AUTHORISATION, CREDENTIALS
from gateway import TRIVET as PROGRAM, Gateway, NotReady, run, wait_until
from nginx import TRIVET, Nginx

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
MAGIC = b"trivet sandbox state 1\n\0"
SIZE = 64


def clock(gateway, *words):
    return gateway.trivet("clock", *words)


def ahead(gateway):
    return clock(gateway)["offset_seconds"]


@pytest.fixture
def still(gateway):
    """The module's gateway, its clock put back in the end."""
    clock(gateway, "reset")
    yield gateway
    clock(gateway, "reset")


def refuse(gateway, *words, status=2):
    result = run("clock", *words, "--data", gateway.data)
    assert result.returncode == status, result
    assert result.stdout == "", result
    assert result.stderr.startswith("trivet"), result
    return result.stderr


def each_worker(gateway, ask):
    """Asks over new connections until every worker has answered: workers take
    turns at them, so many are enough."""
    return [ask() for _ in range(8 * len(gateway.nginx_workers()))]


# ---- the command -------------------------------------------------------------


def test_it_shows_adds_and_resets(still):
    assert ahead(still) == 0
    bunq.assert_listed_now(clock(still)["now"])
    assert clock(still, "+8d")["offset_seconds"] == 8 * DAY
    told = clock(still, "+1d12h")
    assert told["offset_seconds"] == 9 * DAY + 12 * HOUR
    assert abs(bunq.parse_listed(told["now"]) - time.time() - 9.5 * DAY) < 60
    assert ahead(still) == 9 * DAY + 12 * HOUR
    assert clock(still, "reset")["offset_seconds"] == 0
    bunq.assert_listed_now(clock(still)["now"])


def test_it_speaks_to_people(still):
    result = run("clock", "+8d", "--data", still.data, check=True)
    assert result.stdout.endswith(" UTC, 8 d 0 h ahead\n")
    result = run("clock", "reset", "--data", still.data, check=True)
    assert result.stdout.endswith(" UTC\n")


@pytest.mark.parametrize(
    "span, seconds",
    [
        ("+0s", 0),
        ("+1s", 1),
        ("+2m", 120),
        ("+3h", 3 * HOUR),
        ("+1w", WEEK),
        ("+1w2d3h4m5s", WEEK + 2 * DAY + 3 * HOUR + 245),
        ("+1d1d", 2 * DAY),
        ("+007d", WEEK),
        ("+3650d", 3650 * DAY),
    ],
)
def test_spans(still, span, seconds):
    assert clock(still, span)["offset_seconds"] == seconds


@pytest.mark.parametrize(
    "span",
    [
        "", "+", "8d", "-8d", "+d", "+8", "+8x", "+8D", "+8d ", " +8d", "+8 d",
        "+1.5d", "+-1d", "++1d", "+8dd", "+1d12", "+3650d1s", "+10000d",
        "+99999999999999999999d", "+9223372036854775807s", "+0x10s", "now",
        "Reset", "resets", "2026-11-21",
    ],
)
def test_other_words_are_refused(still, span):
    refuse(still, *([span] if not span.startswith("-") else ["--", span]))
    assert ahead(still) == 0


def test_ten_years_in_all(still):
    clock(still, "+3650d")
    assert "ten years" in refuse(still, "+1s", status=1)
    assert ahead(still) == 3650 * DAY


def test_two_words_are_too_many(still):
    refuse(still, "+1d", "+1d")
    assert ahead(still) == 0


def test_many_at_once_lose_nothing(still):
    running = [
        subprocess.Popen(
            [str(PROGRAM), "clock", "+1m", "--data", str(still.data)],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(20)
    ]
    assert all(process.wait(60) == 0 for process in running)
    assert ahead(still) == 20 * 60


# ---- what follows it ---------------------------------------------------------


def test_a_session_of_seven_days_ends_in_milliseconds(serve):
    gateway = serve("--session-timeout", WEEK)
    client = bunq.ready(gateway)
    # the last half hour would extend it: jump from before to the end
    clock(gateway, "+6d23h29m")
    begin = time.monotonic()
    assert client.is_alive()
    clock(gateway, "+31m")
    answer = client.get("/v1/user")
    assert time.monotonic() - begin < 5
    bunq.assert_refused(
        answer, 401, AUTHORISATION, "session-expired", client.server_key
    )
    assert client.open().is_alive()
    clock(gateway, "+6d23h29m")
    assert client.is_alive()


def test_the_last_half_hour_extends(serve):
    gateway = serve("--session-timeout", WEEK)
    client = bunq.ready(gateway)
    clock(gateway, "+6d23h29m")
    assert client.is_alive()  # not yet
    clock(gateway, "+2m")
    assert client.is_alive()  # this moves the end a week on
    clock(gateway, "+6d")
    assert client.is_alive()
    clock(gateway, "+1d")
    assert not client.is_alive()


def test_a_key_waits_an_hour_for_its_device(still):
    late, early = bunq.Client(still), bunq.Client(still)
    secret, other = late.make_user(), early.make_user()
    late.install(), early.install()
    clock(still, "+59m")
    bunq.assert_admitted(early.post_device(other))
    clock(still, "+2m")
    answer = late.post_device(secret)
    bunq.assert_refused(answer, 400, CREDENTIALS, "key-expired", late.server_key)
    bunq.assert_admitted(early.post_session(other))  # bound: it lives on


@pytest.mark.long
def test_providers_keys_sessions_and_certificates_age(still):
    """A certificate of a day; its key waits an hour, its first session lives
    one."""
    root = psp.Authority(bunq.key(20), "A Root")
    middle = psp.Authority(bunq.key(21), "A Middle", root)
    client = bunq.Client(still).install()

    def ask():
        body = psp.claim(client, psp.provider(middle), middle, root)
        return client.post(psp.PATH, body, token=client.installation_token)

    def token():
        return ask().element("CredentialPasswordIp")["token_value"]

    first, second = token(), token()
    clock(still, "+59m")
    client.register(first).open()
    clock(still, "+2m")
    answer = client.post_device(second)
    bunq.assert_refused(answer, 400, CREDENTIALS, "key-expired", client.server_key)
    clock(still, "+59m")
    assert client.get("/v1/user").reason == "session-expired"
    clock(still, "+1d")
    assert ask().reason == "psp-certificate-expired"
    clock(still, "reset")
    bunq.assert_admitted(ask(), client.server_key)


@pytest.mark.parametrize(
    "method, path, calls, window",
    [
        ("GET", "/v1/user", 3, 3),
        ("PUT", "/v1/echo/payment/1", 2, 3),
        ("POST", "/v1/session-server", 1, 30),
    ],
)
def test_rate_windows_pass(serve, method, path, calls, window):
    gateway = serve(rate_limits="classic")

    def burst():
        """How many of some calls in one go were not too many."""
        with bunq.Wire(gateway) as wire:
            for _ in range(3 * calls):
                wire.request(method, path, [("Content-Length", "0")])
            answers = [wire.answer() for _ in range(3 * calls)]
        assert {answer.status for answer in answers} <= {401, 429}
        return sum(answer.status != 429 for answer in answers)

    # nginx forgives a call a second or so while the burst is on its way
    assert calls <= burst() <= calls + 1
    assert burst() <= 1
    clock(gateway, f"+{window}s")
    assert calls <= burst() <= calls + 1
    assert burst() <= 1
    clock(gateway, "+1d")
    assert calls <= burst() <= calls + 1


def test_operators_go_by_the_same_clock(still):
    clock(still, "+8d")
    made = still.trivet("key", "create", "--user", "Traveller")
    rows = {row["id"]: row for row in still.trivet("key", "list")}
    row = rows[made["id"]]
    assert abs(bunq.parse_listed(row["created"]) - time.time() - 8 * DAY) < 60
    assert row["status"] == "PENDING_FIRST_USE", row
    client = bunq.Client(still).install()
    bunq.assert_admitted(client.post_device(made["secret"]))

    result = run("key", "list", "--data", still.data, check=True)
    assert result.stderr == "trivet: the sandbox's clock is 8 d 0 h ahead\n"

    secret = bunq.Client(still).make_user()
    clock(still, "+2h")
    newest = max(still.trivet("key", "list"), key=lambda row: row["id"])
    assert newest["status"] == "EXPIRED", newest
    client = bunq.Client(still).install()
    assert client.post_device(secret).reason == "key-expired"


def test_a_list_tells_which_sessions_are_over(still):
    client = bunq.ready(still)

    def status():
        rows = still.trivet("session", "list")
        return [r["status"] for r in rows if r["id"] == client.session_id][0]

    assert status() != "EXPIRED"
    clock(still, "+8d")
    assert status() == "EXPIRED"
    clock(still, "reset")
    assert status() != "EXPIRED"
    assert client.is_alive()


def test_a_store_alone_may_be_any_and_has_its_own_time(still):
    clock(still, "+8d")
    store = f"sqlite:{still.data}/trivet.db"

    def created(*options):
        name = f"user {time.monotonic_ns()}"
        run("user", "create", name, "--store", store, *options, check=True)
        rows = still.trivet("user", "list")
        return [r["created"] for r in rows if r["name"] == name][0]

    bunq.assert_listed_now(created())
    moved = created("--data", still.data)
    assert abs(bunq.parse_listed(moved) - time.time() - 8 * DAY) < 60


def test_back_in_time_the_audit_holds(still):
    clock(still, "+8d")
    client = bunq.ready(still)
    clock(still, "reset")
    assert client.is_alive()
    bunq.ready(still)
    run("audit", "verify", "--data", still.data, check=True)


# ---- workers, restarts, deaths -----------------------------------------------


@pytest.mark.long
def test_all_workers_follow_at_once(serve):
    gateway = serve()
    assert gateway.nginx_workers()
    client = bunq.ready(gateway)

    def is_alive():
        with bunq.Wire(gateway) as wire:
            headers = client.headers().items()
            answer = wire.request("GET", "/v1/user", headers).answer()
        assert answer.status in (200, 401), answer
        return answer.status == 200

    for _ in range(3):
        clock(gateway, "+8d")
        assert not any(each_worker(gateway, is_alive))
        clock(gateway, "reset")
        assert all(each_worker(gateway, is_alive))


@pytest.mark.long
def test_it_outlives_a_restart(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    clock(gateway, "+8d")
    assert gateway.stop() == 0
    assert ahead(gateway) == 8 * DAY  # while nothing runs, too
    gateway.start()
    assert "clock is 8 d 0 h ahead" in gateway.stderr()
    client.gateway = gateway
    client.http = bunq.make_session(gateway)
    assert not client.is_alive()
    clock(gateway, "reset")
    assert client.is_alive()
    gateway.stop()
    gateway.start()
    assert "ahead" not in gateway.stderr()


@pytest.mark.long
def test_it_outlives_kill_9(serve):
    gateway = serve()
    gateway.may_crash = True
    for days in (8, 16):
        clock(gateway, "+8d")
        gateway.kill_all()
        gateway.process.wait(20)
        gateway.start()
        assert ahead(gateway) == days * DAY
        answer = bunq.Client(gateway).post_installation()
        token = answer.element("Token")
        moved = bunq.parse_time(token["created"]) - time.time()
        assert abs(moved - days * DAY) < 60


def test_workers_that_died_come_back_to_the_same_time(serve):
    gateway = serve()
    gateway.may_crash = True
    client = bunq.ready(gateway)
    clock(gateway, "+8d")
    before = gateway.nginx_workers()
    for pid in before:
        os.kill(pid, 9)
    assert wait_until(lambda: gateway.nginx_workers() - before)
    assert wait_until(gateway.is_answering)
    client.http = bunq.make_session(gateway)
    assert not client.is_alive()


def test_a_state_that_is_emptied_ends_no_worker(serve):
    gateway = serve()
    client = bunq.ready(gateway)
    clock(gateway, "+8d")
    assert not client.is_alive()
    workers = gateway.nginx_workers()
    os.truncate(gateway.data / "sandbox.state", 0)
    for _ in range(5):
        assert client.is_alive()
    assert gateway.nginx_workers() == workers
    refused = run("clock", "--data", gateway.data)
    assert refused.returncode == 2 and "remove it" in refused.stderr


# ---- never outside the sandbox -----------------------------------------------


def state_file(data, **values):
    path = data / "sandbox.state"
    path.write_bytes(state_bytes(**values))
    path.chmod(0o600)
    return path


def state_bytes(offset_s=0, doomed=0, incidents=0, slow=0, rest=b"\0" * 16):
    numbers = struct.pack("=qqII", offset_s * 1000000, doomed, incidents, slow)
    return MAGIC + numbers + rest


def test_without_a_sandbox_there_is_no_clock_to_move(serve):
    gateway = serve("--no-sandbox")
    assert not (gateway.data / "sandbox.state").exists()
    assert "sandbox_state" not in (gateway.data / "nginx.conf").read_text()
    for words in ((), ("+8d",), ("reset",)):
        assert "not the data directory of a sandbox" in refuse(
            gateway, *words, status=8
        )
    assert not (gateway.data / "sandbox.state").exists()


def test_an_empty_or_missing_directory_is_no_sandbox(tmp_path):
    for data in (tmp_path, tmp_path / "none"):
        result = run("clock", "+8d", "--data", data)
        assert result.returncode == 8, result
        assert not (data / "sandbox.state").exists()


@pytest.mark.long
def test_leaving_the_sandbox_takes_the_clock_along(serve, tmp_path):
    gateway = serve(name="both")
    client = bunq.ready(gateway)
    clock(gateway, "+8d")
    gateway.stop()
    true = serve("--no-sandbox", name="both")
    assert "the sandbox's clock was 8 d 0 h ahead" in true.stderr()
    assert not (true.data / "sandbox.state").exists()
    client.gateway, client.http = true, bunq.make_session(true)
    assert client.is_alive()  # of true time but seconds have gone by
    refuse(true, "+8d", status=8)
    true.stop()
    again = serve(name="both")
    assert ahead(again) == 0


def test_a_file_that_is_planted_does_nothing(serve):
    gateway = serve("--no-sandbox")
    made = gateway.trivet("key", "create", "--user", "A")
    client = bunq.Client(gateway).install().register(made["secret"]).open()
    state_file(gateway.data, offset_s=8 * DAY, incidents=0x7F, doomed=10**9)
    assert client.is_alive()
    gateway.process.send_signal(10)  # SIGUSR1: a reload
    assert wait_until(lambda: "reload: done" in gateway.stderr(), 30)
    assert client.is_alive()
    gateway.stop()
    gateway.start()
    assert not (gateway.data / "sandbox.state").exists()
    assert "the incident html-502 was on" in gateway.stderr()
    client.http = bunq.make_session(gateway)
    assert client.is_alive()


# ---- in an nginx.conf by hand ------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("prepared") / "data") as gateway:
        pass
    return gateway.data


@pytest.fixture
def data(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "data")
    shutil.rmtree(tmp_path / "data/log")
    (tmp_path / "data/log").mkdir()
    return tmp_path / "data"


WITH_STATE = TRIVET + "    trivet_sandbox_state {data}/sandbox.state;\n"


def test_nginx_takes_the_state_of_a_sandbox(data):
    state_file(data, offset_s=DAY)
    nginx = Nginx(data, trivet=WITH_STATE)
    status, said = nginx.check()
    assert status == 0, said
    with nginx:
        token = bunq.Client(nginx).post_installation().element("Token")
        assert abs(bunq.parse_time(token["created"]) - time.time() - DAY) < 60


@pytest.mark.parametrize("how", ["off", "not said"])
def test_nginx_refuses_it_outside(data, how):
    line = "    trivet_sandbox on;\n"
    assert line in WITH_STATE
    other = "    trivet_sandbox off;\n" if how == "off" else ""
    status, said = Nginx(data, trivet=WITH_STATE.replace(line, other)).check()
    assert status != 0
    assert "[emerg]" in said and "trivet_sandbox_state" in said, said


def test_nginx_wants_it_once_and_at_the_top(data):
    for parts in (
        {"trivet": WITH_STATE + WITH_STATE.splitlines(True)[-1]},
        {"server": f"trivet_sandbox_state {data}/sandbox.state;"},
    ):
        status, said = Nginx(data, **parts).check()
        assert status != 0 and "[emerg]" in said, said


SPOILED = {
    "missing": None,
    "empty": b"",
    "short": state_bytes()[:-1],
    "long": state_bytes() + b"\0",
    "zeroes": b"\0" * SIZE,
    "text": b"x" * SIZE,
    "another form": state_bytes().replace(b"state 1", b"state 2"),
    "a past": state_bytes(offset_s=-1),
    "too far": state_bytes(offset_s=3650 * DAY + 1),
    "unknown incident": state_bytes(incidents=1 << 31),
    "too slow": state_bytes(slow=301),
    "negative session": state_bytes(doomed=-1),
    "negative installation": state_bytes(rest=b"\0" * 7 + b"\x80" + b"\0" * 8),
    "negative API key": state_bytes(rest=b"\0" * 15 + b"\x80"),
}


@pytest.mark.parametrize("fault", list(SPOILED))
def test_what_is_no_state_is_refused_everywhere(data, fault):
    path = data / "sandbox.state"
    path.unlink(missing_ok=True)
    if SPOILED[fault] is not None:
        path.write_bytes(SPOILED[fault])
        path.chmod(0o600)
    status, said = Nginx(data, trivet=WITH_STATE).check()
    assert status != 0
    assert "[emerg]" in said and "trivet_sandbox_state: " in said, said
    for words in (("clock",), ("clock", "+1d"), ("incident", "slow", "on")):
        result = run(*words, "--data", data)
        assert result.returncode == (8 if fault == "missing" else 2), result
        assert result.stdout == ""
    if fault == "missing":
        return
    assert path.read_bytes() == SPOILED[fault]
    assert run("key", "list", "--data", data).returncode == 2
    with pytest.raises(NotReady) as refusal:
        Gateway(data).start()
    assert "sandbox.state: damaged" in refusal.value.stderr


@pytest.mark.parametrize("how", ["readable", "writable", "link", "folder"])
def test_only_the_owner_s_plain_file_will_do(data, how, tmp_path):
    path = state_file(data)
    if how == "readable":
        path.chmod(0o644)
    elif how == "writable":
        path.chmod(0o622)
    else:
        path.rename(tmp_path / "elsewhere")
        if how == "link":
            path.symlink_to(tmp_path / "elsewhere")
        else:
            path.mkdir()
    assert Nginx(data, trivet=WITH_STATE).check()[0] != 0
    assert run("clock", "--data", data).returncode == 2
    assert run("clock", "+1d", "--data", data).returncode == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_user_s_file_is_refused(data):
    os.chown(state_file(data), 12345, -1)
    assert Nginx(data, trivet=WITH_STATE).check()[0] != 0
    assert "another user" in run("clock", "--data", data).stderr


class OfNobody(Nginx):
    """A master of root, workers that may open nothing of root's."""

    def write(self, path):
        super().write(path)
        path.write_text(path.read_text().replace("user root;", "user nobody nogroup;"))
        return path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has workers of others")
def test_workers_inherit_what_the_master_may_open(data):
    state_file(data)
    with OfNobody(data, trivet=WITH_STATE) as nginx:
        for state, status in (("on", 429), ("off", 503), ("on", 429)):
            nginx.trivet("incident", "429-unsigned", state)
            answer = bunq.Client(nginx).get("/v1/user", token="0" * 64)
            assert answer.status == status  # the store is root's, too


def test_the_file_is_its_owner_s_alone(gateway):
    info = os.stat(gateway.data / "sandbox.state")
    assert stat.S_IMODE(info.st_mode) == 0o600
    assert info.st_size == SIZE
