# SPDX-License-Identifier: Apache-2.0
"""The life of trivet proxy: an address that changes, a context file that is removed,
replaced, read-only or on a full disk, days that go by, and its end"""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import bunq
from fake_server import FakeServer
from gateway import Gateway, wait_until
from incidents import switch
from proxy import Proxy, assert_refused
from storm import storm
from trivet_command import Trivet, login


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path / "data") as started:
        yield started


def before(gateway, folder, *options):
    """A context that is logged in there half a minute ago."""
    folder.mkdir()
    trivet = Trivet(folder, gateway.ca)
    assert login(trivet, gateway, *options).returncode == 0
    trivet.forget_limits()
    return trivet


# ---- an address that changes ---------------------------------------------------------


def test_another_address_is_told_in_words(gateway, tmp_path, proxy_of):
    """Nobody can mend it from here: what helps is said, and logged."""
    proxy = proxy_of(before(gateway, tmp_path / "caller"))
    assert proxy.get("user").status == 200
    switch(gateway, "ip-flip", "on")
    answer = proxy.get("user")
    assert_refused(answer, 503, "login-refused", "ip-not-permitted",
                   "this machine's address is not, or no longer, permitted",
                   "trivet ip add")
    assert wait_until(lambda: "[warn]" in proxy.log() and "trivet ip add" in proxy.log())
    switch(gateway, "ip-flip", "off")
    assert proxy.get("user").status == 200


def test_another_address_with_a_key_for_any_is_nothing(gateway, tmp_path, proxy_of):
    proxy = proxy_of(before(gateway, tmp_path / "caller", "--permitted-ip", "*"))
    assert proxy.get("user").status == 200
    for state in ("on", "off", "on"):
        switch(gateway, "ip-flip", state)
        assert proxy.post("echo", b"{}").status == 200
    switch(gateway, "session-dies", "on")
    switch(gateway, "session-dies", "off")
    assert proxy.get("user").status == 200
    switch(gateway, "ip-flip", "off")


def test_a_refusal_that_does_not_say_why(proxy, server):
    """As bunq words it."""
    server.protocol.kill_sessions()
    server.protocol.api_key = "sandbox_" + "0" * 56
    assert_refused(proxy.get("user"), 503, "login-refused",
                   "most likely this machine's address has changed")


def test_a_session_that_died_with_its_address_is_opened_anew(proxy, server):
    """A key for any address: bunq ends the session, and gives another."""
    server.protocol.kill_sessions()
    assert {a.status for a in storm(12, lambda n: proxy.get(f"thing{n}"))} == {200}
    assert server.protocol.count("/session-server") == 2


# ---- its context file ----------------------------------------------------------------


def test_a_file_that_is_replaced_is_used_when_the_session_ends(proxy, caller, server,
                                                               tls_certificate):
    """Without a SIGHUP: of the same server, another login."""
    assert proxy.get("user").status == 200
    own = caller.file.read_text()
    server.protocol.kill_sessions()
    assert caller("login", "--new", "--url", server.url, "--ca", caller.ca,
                  "--api-key-file", "-", text=server.protocol.api_key).returncode == 0
    assert caller.file.read_text() != own
    num = server.protocol.count("/session-server")
    assert proxy.get("user").status == 200
    assert proxy.post("payment").status == 200
    assert server.protocol.count("/session-server") == num


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"environment_type": "X"}'])
def test_a_file_that_is_broken(proxy, caller, server, text):
    assert proxy.get("user").status == 200
    own = caller.file.read_text()
    caller.file.write_text(text)
    assert proxy.post("payment").status == 200  # all is known
    server.protocol.kill_sessions()
    answer = proxy.get("user")
    assert_refused(answer, 503, "context-unusable", "context")
    caller.file.write_text(own)
    assert proxy.get("user").status == 200


def test_a_broken_file_is_no_reason_to_reload(proxy, caller):
    assert proxy.get("user").status == 200
    worker = proxy.worker()
    own = caller.file.read_text()
    caller.file.write_text("{")
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "everything stays as it was" in proxy.stderr())
    assert proxy.workers() == {worker}
    assert proxy.get("user").status == 200
    caller.file.write_text(own)
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in proxy.stderr())
    assert proxy.get("user").status == 200


@pytest.fixture
def disk(caller):
    """The contexts' folder is a disk of its own."""
    folder = caller.file.parent
    away = folder.with_name("away")
    shutil.copytree(folder, away)
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    for path in away.iterdir():
        if path.is_file():
            shutil.copy2(path, folder)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["read-only", "full"])
def test_a_disk_that_cannot_be_written(caller, disk, proxy_of, server, tmp_path, kind):
    """A session that cannot be kept is this process's own: answers go on."""
    proxy = proxy_of(caller, "--data", tmp_path / "proxy-data")
    proxy.data = tmp_path / "proxy-data"
    assert proxy.get("user").status == 200
    if kind == "full":
        with open(disk / "rest", "wb", buffering=0) as to, pytest.raises(OSError):
            while True:
                to.write(b"\0" * 4096)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    old = caller.file.read_bytes()
    server.protocol.kill_sessions()
    answers = storm(8, lambda n: proxy.post(f"thing{n}"))
    assert {answer.status for answer in answers} == {200}, answers
    assert server.protocol.count("/session-server") == 2
    assert caller.file.read_bytes() == old
    proxy.close()


# ---- days go by ----------------------------------------------------------------------


def days(gateway, trivet, proxy, steps, step):
    for _ in range(steps):
        gateway.trivet("clock", step)
        answer = proxy.post("echo", b"{}")
        if answer.status == 401:  # a session a moment old: the next one in 30 s
            assert wait_until(lambda: proxy.post("echo", b"{}").status == 200, 60)
        else:
            assert answer.status == 200, answer
    gateway.trivet("clock", "reset")


def test_a_day_goes_by(gateway, tmp_path, proxy_of):
    trivet = before(gateway, tmp_path / "caller")
    days(gateway, trivet, proxy_of(trivet), 1, "+24h")


@pytest.mark.long
def test_a_day_goes_by_step_by_step(gateway, tmp_path, proxy_of):
    """Four days in steps of 20 minutes, 1 hour and 8 hours."""
    trivet = before(gateway, tmp_path / "caller")
    proxy = proxy_of(trivet, "--receipts", tmp_path / "receipts")
    days(gateway, trivet, proxy, 72, "+20m")
    days(gateway, trivet, proxy, 24, "+1h")
    days(gateway, trivet, proxy, 6, "+8h")
    assert trivet("receipt", "verify", tmp_path / "receipts").returncode == 0


# ---- its end -------------------------------------------------------------------------


def test_sigterm_answers_all_that_came(proxy, server):
    """Calls that run are answered; those that come later find nobody."""
    server.protocol.misbehave("slow", "slow", times=-1, arg=2)
    connections = [proxy.connection() for _ in range(10)]
    for n, connection in enumerate(connections):
        connection.request("POST", f"/v1/slow{n}", b"{}")
    assert wait_until(lambda: sum("slow" in p for _, p in server.protocol.calls) == 10)
    proxy.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: "gracefully shutting down" in proxy.log())
    with pytest.raises(OSError):
        for _ in range(100):
            proxy.connection().connect()
            time.sleep(0.05)
    answers = [connection.getresponse() for connection in connections]
    assert [answer.status for answer in answers] == [200] * 10
    assert proxy.process.wait(30) == 0
    assert sum("slow" in p for _, p in server.protocol.calls) == 10


def test_sighup_under_load_loses_nothing(proxy, server):
    answers = []

    def call(n):
        for m in range(12):
            answers.append(proxy.post(f"thing{n}-{m}"))

    def reload(_):
        for _ in range(3):
            worker = proxy.workers()
            proxy.process.send_signal(signal.SIGHUP)
            assert wait_until(lambda: proxy.workers() - worker)

    storm(7, lambda n: (reload if n == 6 else call)(n))
    assert len(answers) == 72 and {a.status for a in answers} == {200}
    paths = [p for _, p in server.protocol.calls if "thing" in p]
    assert len(paths) == len(set(paths)) == 72  # each once
    assert server.protocol.count("/session-server") == 1
