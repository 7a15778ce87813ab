# SPDX-License-Identifier: Apache-2.0
"""The store cannot be opened or written: nobody is admitted; when it is back,
all works without a restart"""
import os
import sqlite3
import threading
import time

import pytest

import bunq
from gateway import Gateway, wait_until
from upstream import Upstream

NAMES = ["trivet.db", "trivet.db-wal", "trivet.db-shm"]
TEXT = "Service temporarily unavailable."


@pytest.fixture
def placed(tmp_path):
    """A gateway in front of an API, with a client."""
    upstream = Upstream()
    with Gateway(tmp_path / "data", "--sandbox", "--upstream", upstream.url) as gateway:
        gateway.upstream = upstream
        gateway.client = bunq.ready(gateway)
        yield gateway
    upstream.close()


def take_away(gateway):
    for name in NAMES:
        path = gateway.data / name
        if path.exists():
            path.rename(gateway.data / f"kept-{name}")


def put_back(gateway):
    for name in NAMES:
        path = gateway.data / name
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        kept = gateway.data / f"kept-{name}"
        if kept.exists():
            kept.rename(path)


def put_garbage(gateway):
    for name in NAMES[:2]:
        (gateway.data / name).write_bytes(os.urandom(40_000))


def put_text(gateway):
    (gateway.data / NAMES[0]).write_text("this is no database\n" * 300)


def put_directory(gateway):
    (gateway.data / NAMES[0]).mkdir()


def put_empty_file(gateway):
    (gateway.data / NAMES[0]).touch()


def put_other_database(gateway):
    with sqlite3.connect(gateway.data / NAMES[0]) as other:
        other.execute("CREATE TABLE something (else_ TEXT)")
    other.close()


def every_call(client):
    yield client.post_installation()
    yield client.post("/v1/sandbox-user-person", token=None)
    yield client.post_device()
    yield client.post_session()
    yield client.get("/v1/user")
    yield client.get(f"/v1/user/{client.user['id']}")
    yield client.get("/v1/echo/anything")
    yield client.post("/v1/echo/anything", b"{}")
    yield client.call("DELETE", "/v1/session/0")


def is_refusing(gateway):
    return gateway.client.from_address(None).get("/v1/user").status == 503


@pytest.mark.parametrize(
    "put",
    [None, put_garbage, put_text, put_directory, put_empty_file, put_other_database],
    ids=["moved-away", "garbage", "text", "directory", "empty", "other-database"],
)
def test_store_that_is_gone_or_broken(placed, put):
    client = placed.client
    take_away(placed)
    if put is not None:
        put(placed)
    assert wait_until(lambda: is_refusing(placed), timeout_s=10)
    seen = len(placed.upstream.requests)
    for answer in every_call(client.from_address(None)):
        bunq.assert_refused(answer, 503, TEXT, "store-unavailable", False)
    assert len(placed.upstream.requests) == seen
    if put is None:
        assert not (placed.data / NAMES[0]).exists()  # no new one was made
    put_back(placed)
    assert wait_until(lambda: not is_refusing(placed), timeout_s=10)
    assert client.is_alive()
    client.open()
    bunq.ready(placed)


def hold(gateway):
    """Takes the store's one lock for writing; close() gives it back."""
    other = sqlite3.connect(
        gateway.data / NAMES[0], isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    return other


def counts(gateway):
    return {n: len(gateway.trivet(n, "list")) for n in ("session", "device", "user")}


def test_store_that_is_locked_for_writing(placed):
    """Every call that writes is refused, and has not happened."""
    client = placed.client
    before = counts(placed)
    answers = []
    calls = [
        lambda c: c.post_installation(),
        lambda c: c.post("/v1/sandbox-user-person", token=None),
        lambda c: c.post_device(),
        lambda c: c.post_session(),
        lambda c: c.call("DELETE", "/v1/session/0"),
    ]
    threads = [
        threading.Thread(
            target=lambda call=call: answers.append(call(client.from_address(None)))
        )
        for call in calls
    ]
    other = hold(placed)
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begin < 30
    other.close()
    assert len(answers) == len(calls)
    for answer in answers:
        bunq.assert_refused(answer, 503, TEXT, "store-unavailable")
        if answer.signature is not None:
            assert answer.is_signed_by(client.server_key)
    # the store can be read: whose installation is known has signed refusals
    assert sum(answer.signature is not None for answer in answers) == 3
    assert counts(placed) == before
    assert client.is_alive()
    client.open()
    bunq.ready(placed)


def test_requests_that_only_read_are_answered_while_writers_wait(placed):
    client = placed.client
    other = hold(placed)
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(client.from_address(None).post_installation())
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    begin = time.monotonic()
    answer = client.get("/v1/user")
    took_s = time.monotonic() - begin
    other.close()
    for thread in threads:
        thread.join()
    assert answer.status in (200, 503), answer
    assert took_s < 15
    assert {a.status for a in answers} <= {200, 503}
    for answer in answers:
        if answer.status == 200:
            assert answer.element("Token")["token"]
    assert client.is_alive()


def test_short_lock_is_waited_for(placed):
    """Another process writes now and then: no one is refused for that."""
    other = hold(placed)
    timer = threading.Timer(0.3, other.close)
    timer.start()
    bunq.assert_admitted(placed.client.post_session())
    timer.join()
