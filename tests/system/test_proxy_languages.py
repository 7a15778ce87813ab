# SPDX-License-Identifier: Apache-2.0
"""examples/proxy/: five languages through one trivet proxy, at once, with limits on
and sessions that die: each payment once, no 429 of the server's, one session"""
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import receipts
from fake_server import FakeServer, Protocol, ok
from gateway import Gateway, wait_until
from incidents import switch
from proxy import assert_refused
from storm import storm
from trivet_command import Trivet, login

EXAMPLES = Path(__file__).parents[2] / "examples/proxy"
ACCOUNT = "user/42/monetary-account/7"
LANGUAGES = ["curl", "python", "node", "php", "go"]
PROGRAMS = {"curl": "sh", "python": "/usr/bin/python3", "node": "node", "php": "php"}
FILES = {"curl": "pay.sh", "python": "pay.py", "node": "pay.mjs", "php": "pay.php"}
POSTS, WINDOW_S = 5, 3  # bunq's limit


@pytest.fixture(scope="session")
def go_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    subprocess.run(["go", "build", "-o", folder / "pay", EXAMPLES / "pay.go"], check=True,
                   env={**os.environ, "GOCACHE": str(folder / "cache"), "GOFLAGS": "",
                        "GOTOOLCHAIN": "local", "GOPATH": str(folder / "path")})
    return folder / "pay"


@pytest.fixture(scope="session")
def pay(go_program):
    """pay(proxy, language, account, invoices): {invoice: what it printed}"""

    def run(proxy, language, account, invoices):
        command = [go_program] if language == "go" else [
            shutil.which(PROGRAMS[language]), EXAMPLES / FILES[language]]
        done = subprocess.run(
            [*map(str, command), account, *invoices], capture_output=True, text=True,
            timeout=300, check=False,
            env={**os.environ, "BUNQ_PROXY": proxy.url, "http_proxy": "http://x.invalid"}
            if language != "curl" else {**os.environ, "BUNQ_PROXY": proxy.url})
        assert done.returncode == 0, done
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    return run


class Bank(Protocol):
    """Pays, and counts: also the calls that its limit does not allow."""

    def __init__(self):
        super().__init__()
        self.paid, self.times, self.broken = [], [], 0

    def session_call(self, method, path, token, headers, body):
        if not path.endswith("/payment"):
            return super().session_call(method, path, token, headers, body)
        now = time.monotonic()
        self.times = [t for t in self.times if now - t < WINDOW_S]
        self.broken += len(self.times) >= POSTS
        self.times.append(now)
        self.paid.append(json.loads(body)["description"])
        return ok([{"Id": {"id": len(self.paid)}}])


@pytest.fixture
def bank(tls_certificate):
    running = FakeServer(tls_certificate[0], Bank())
    yield running
    running.close()


@pytest.fixture
def before_bank(bank, tmp_path, tls_authority, proxy_of):
    (tmp_path / "payer").mkdir()
    trivet = Trivet(tmp_path / "payer", tls_authority.file)
    assert trivet.login(bank).returncode == 0
    trivet.forget_limits()
    return proxy_of(trivet, throttle=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_in_each_language(before_bank, bank, pay, language):
    assert pay(before_bank, language, ACCOUNT, ["a", "b"]) == {"a": "200", "b": "200"}
    assert bank.protocol.paid == ["a", "b"]
    assert pay(before_bank, language, ACCOUNT, ["a"]) == {"a": "200"}  # the first answer
    assert bank.protocol.paid == ["a", "b"]
    bank.protocol.misbehave("dropped", "payment")
    for _ in range(2):
        assert pay(before_bank, language, ACCOUNT, ["c"]) == {"c": "502 outcome-unknown"}
    assert bank.protocol.paid == ["a", "b", "c"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_waits_and_asks_again(proxy_of, before_bank, bank, pay, language):
    """429 with Retry-After: nothing was sent, so the same again is safe."""
    before_bank.close()
    proxy = proxy_of(before_bank.trivet, "--max-wait", "0", throttle=True)
    names = [f"i{n}" for n in range(7)]
    assert pay(proxy, language, ACCOUNT, names) == dict.fromkeys(names, "200")
    assert bank.protocol.paid == names and bank.protocol.broken == 0


def test_five_languages_at_once(before_bank, bank, pay):
    """One session, which dies meanwhile; lost answers; the limit."""
    names = {language: [f"{language}-{n}" for n in range(4)] for language in LANGUAGES}
    bank.protocol.kill_sessions()

    def work(n):
        return pay(before_bank, LANGUAGES[n], ACCOUNT, names[LANGUAGES[n]])

    def meanwhile():
        assert wait_until(lambda: len(bank.protocol.paid) > 3, 60)
        bank.protocol.misbehave("wrong-signature", "payment")

    results = storm(5, work, meanwhile)
    said = {name: word for result in results for name, word in result.items()}
    assert sorted(said) == sorted(name for group in names.values() for name in group)
    assert sorted(said.values()) == ["200"] * 19 + ["502 answer-untrusted"]
    assert sorted(bank.protocol.paid) == sorted(said)  # each once
    assert bank.protocol.broken == 0
    assert bank.protocol.count("/session-server") == 2


def test_a_job_for_cron(tmp_path, proxy_of):
    """A balance from a sandbox, through a socket, reading alone."""
    with Gateway(tmp_path / "data") as gateway:
        trivet = Trivet(tmp_path, gateway.ca)
        assert login(trivet, gateway).returncode == 0
        socket = tmp_path / "bunq"
        proxy = proxy_of(trivet, "--read-only", listen=f"unix:{socket}")

        def balance(file):
            return subprocess.run(
                [EXAMPLES / "balance.sh", str(file)], capture_output=True, text=True,
                check=False, env={**os.environ, "BUNQ_SOCKET": str(socket)})

        done = balance(tmp_path / "balance")
        assert done.returncode == 0 and done.stdout == done.stderr == "", done
        assert float((tmp_path / "balance").read_text()) >= 0
        assert_refused(proxy.post("echo"), 403, "not-allowed")
        proxy.close()
        old = (tmp_path / "balance").read_text()
        done = balance(tmp_path / "balance")
        assert done.returncode != 0 and done.stderr
        assert (tmp_path / "balance").read_text() == old


def tell_minute(gateway, ends, states):
    """What goes wrong in that minute."""
    while time.monotonic() < ends:
        for name, state in states:
            switch(gateway, name, state)
            time.sleep(3)


@pytest.mark.long
def test_five_languages_for_a_minute(tmp_path, pay, proxy_of):
    """Before a sandbox with bunq's limits: sessions die, the address flips (the key is
    for any), the server is slow. Each payment once, no 429 of the server's, all
    receipts genuine."""
    answers = EXAMPLES.parent / "answers"
    with Gateway(tmp_path / "data", "--rate-limits", "classic", "--answers",
                 answers) as gateway:
        trivet = Trivet(tmp_path, gateway.ca)
        assert login(trivet, gateway, "--permitted-ip", "*").returncode == 0
        trivet.forget_limits()
        kept = tmp_path / "receipts"
        proxy = proxy_of(trivet, "--receipts", kept, throttle=True)
        user = next(iter(proxy.get("user").json["Response"][0].values()))["id"]
        account = next(iter(proxy.get(f"user/{user}/monetary-account").json["Response"][0]
                            .values()))["id"]
        path = f"user/{user}/monetary-account/{account}"
        ends = time.monotonic() + 60
        said = {}

        def work(n):
            if n == 5:
                tell_minute(gateway, ends, [
                    ("slow", "on"), ("slow", "off"), ("ip-flip", "on"),
                    ("ip-flip", "off")])
                return
            if n == 6:
                time.sleep(31)
                switch(gateway, "session-dies", "on")
                return
            number = 0
            while time.monotonic() < ends:
                names = [f"{LANGUAGES[n]}-{number + m}" for m in range(3)]
                number += 3
                said.update(pay(proxy, LANGUAGES[n], path, names))

        storm(7, work)
        assert len(said) > 60 and set(said.values()) == {"200"}, said
        found = receipts.judge(kept)
        payments = [one for one in found if one["request"]["url"].endswith("/payment")]
        acted = [one for one in payments if one["answer"]["status"] == 200]
        assert len(acted) == len(said)
        assert 429 not in {one["answer"]["status"] for one in found}
        assert trivet("receipt", "verify", kept).returncode == 0
        proxy.close()
