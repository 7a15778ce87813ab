# SPDX-License-Identifier: Apache-2.0
"""Trivet-Idempotency-Key: a caller's own repetition gets the first answer, and
nothing is done twice"""
import json
import os
import signal

import pytest

from gateway import wait_until
from proxy import assert_refused
from storm import storm

KEY = "Trivet-Idempotency-Key"


def pay(proxy, key, path="payment", body=b'{"amount": 1}', method="POST", **more):
    return proxy.call(method, path, body, [(KEY, key)], **more)


def files(proxy):
    return list((proxy.data / "kept").iterdir())


def test_a_repetition_gets_the_first_answer(proxy, server):
    first = pay(proxy, "a")
    assert first.status == 200 and first.header("Trivet-Repeated") is None
    for _ in range(3):
        again = pay(proxy, "a")
        assert again.header("Trivet-Repeated") == "yes"
        assert (again.status, again.body) == (first.status, first.body)
        for name in ("X-Bunq-Client-Response-Id", "X-Bunq-Server-Signature",
                     "Content-Type", "Trivet-Verified"):
            assert again.header(name) == first.header(name)
    assert server.protocol.count("/payment") == 1
    assert pay(proxy, "b").header("Trivet-Repeated") is None
    assert server.protocol.count("/payment") == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_all_that_change_something(proxy, server, method):
    for _ in range(2):
        assert pay(proxy, "a", method=method).status == 200
    assert server.protocol.count("/payment") == 1


def test_it_is_known_after_a_restart(proxy_of, caller, server):
    proxy = proxy_of(caller)
    first = pay(proxy, "a")
    proxy.close()
    proxy = proxy_of(caller)
    assert pay(proxy, "a").body == first.body
    proxy.may_crash = True
    proxy.stop(signal.SIGKILL)
    assert proxy.is_gone()
    assert pay(proxy_of(caller), "a").body == first.body
    assert server.protocol.count("/payment") == 1


def test_another_call_with_that_key_is_refused(proxy, server):
    assert pay(proxy, "a").status == 200
    num = len(server.protocol.calls)
    for other in ({"body": b'{"amount": 2}'}, {"path": "payment?x"}, {"path": "other"},
                  {"method": "PUT"}, {"body": b""}):
        assert_refused(pay(proxy, "a", **other), 422, "key-reused")
    assert len(server.protocol.calls) == num
    assert pay(proxy, "a").status == 200


def test_another_user_is_another_caller(proxy_of, caller, server):
    proxy = proxy_of(caller)
    assert pay(proxy, "a").status == 200
    proxy.close()
    content = json.loads(caller.file.read_text())
    text = json.dumps(content).replace('"id": 42', '"id": 43').replace(
        '"user_id": 42', '"user_id": 43')
    assert text != json.dumps(content)
    caller.file.write_text(text)
    assert_refused(pay(proxy_of(caller), "a"), 422, "key-reused")


def test_while_it_is_made_it_is_in_use(proxy, server):
    server.protocol.misbehave("slow", "payment", arg=2)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b'{"amount": 1}', {KEY: "a"})
    assert wait_until(lambda: server.protocol.count("/payment"))
    assert_refused(pay(proxy, "a"), 409, "key-in-use")
    assert connection.getresponse().status == 200
    assert pay(proxy, "a").header("Trivet-Repeated") == "yes"
    assert server.protocol.count("/payment") == 1


def test_many_at_once_are_one(proxy, server):
    answers = storm(16, lambda _: pay(proxy, "a"))
    assert {answer.status for answer in answers} <= {200, 409}
    assert any(answer.status == 200 for answer in answers)
    assert server.protocol.count("/payment") == 1


# ---- when it is not known whether the server acted ---------------------------------


@pytest.mark.parametrize("kind", ["dropped", "closed", "truncated", "wrong-signature",
                                  "no-signature"])
def test_what_may_have_acted_is_not_made_again(proxy_of, caller, server, kind):
    proxy = proxy_of(caller)
    server.protocol.misbehave(kind, "payment")
    assert pay(proxy, "a").status == 502
    for _ in range(2):
        assert_refused(pay(proxy, "a"), 502, "outcome-unknown",
                       "a call with this key was sent before")
    proxy.close()
    assert_refused(pay(proxy_of(caller), "a"), 502, "outcome-unknown")
    assert server.protocol.count("/payment") == 1


@pytest.mark.parametrize("whom", ["worker", "all"])
def test_kill_in_the_middle_of_a_call(proxy_of, caller, server, whom):
    proxy = proxy_of(caller)
    proxy.may_crash = True
    server.protocol.misbehave("slow", "payment", arg=2)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b'{"amount": 1}', {KEY: "a"})
    assert wait_until(lambda: server.protocol.count("/payment"))
    if whom == "worker":
        worker = proxy.worker()
        os.kill(worker, signal.SIGKILL)
        assert wait_until(lambda: proxy.workers() - {worker})
    else:
        proxy.kill_all()
        assert proxy.is_gone()
        proxy = proxy_of(caller)
        proxy.may_crash = True  # it writes the same log
    assert_refused(pay(proxy, "a"), 502, "outcome-unknown")
    assert server.protocol.count("/payment") == 1


def test_what_was_not_made_can_be(proxy, server, caller):
    away = caller.file.with_name("away")
    caller.file.rename(away)
    assert_refused(pay(proxy, "a"), 503, "context-unusable")
    away.rename(caller.file)
    assert files(proxy) == []
    assert pay(proxy, "a").status == 200
    assert server.protocol.count("/payment") == 1


@pytest.mark.parametrize("kind,is_kept", [("403", False), ("429", False), ("490", True),
                                          ("502", True), ("466", True)])
def test_which_refusals_are_kept(proxy, server, kind, is_kept):
    # 403: in the old session, and in a new one
    server.protocol.misbehave(kind, "payment", times=2 if kind == "403" else 1)
    first = pay(proxy, "a")
    assert first.status == int(kind)
    again = pay(proxy, "a")
    assert (again.header("Trivet-Repeated") == "yes") == is_kept
    assert again.status == (first.status if is_kept else 200)
    assert again.header("Trivet-Verified") == (
        first.header("Trivet-Verified") if is_kept else "yes")


# ---- what is on disk ---------------------------------------------------------------


def test_a_get_needs_no_key(proxy, server):
    for _ in range(2):
        assert pay(proxy, "a", "user", None, "GET").header("Trivet-Repeated") is None
    assert server.protocol.count("/user") == 2
    assert files(proxy) == []


def test_its_file_is_its_owners_alone(proxy):
    assert pay(proxy, "a-key-of-mine").status == 200
    (path,) = files(proxy)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "a-key-of-mine" not in path.read_text() + path.name


def test_after_a_day_it_is_forgotten(proxy, server):
    assert pay(proxy, "a").status == 200
    (path,) = files(proxy)
    line, _, body = path.read_bytes().partition(b"\n")
    line = json.loads(line)
    line["at"] -= 86401 * 10**6
    path.write_bytes(json.dumps(line).encode() + b"\n" + body)
    assert pay(proxy, "a").header("Trivet-Repeated") is None
    assert server.protocol.count("/payment") == 2


def test_what_cannot_be_written_down_is_not_made(proxy, server):
    (proxy.data / "kept").rmdir()
    (proxy.data / "kept").write_text("")
    assert_refused(pay(proxy, "a"), 503, "key-not-kept")
    assert server.protocol.count("/payment") == 0
    assert proxy.post("payment").status == 200  # without a key


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\xe9"])
def test_a_key_that_is_none(proxy, server, key):
    assert_refused(pay(proxy, key), 400, "request-unusable", KEY)
    assert server.protocol.count("/payment") == 0


def test_two_keys_are_none(proxy, server):
    answer = proxy.call("POST", "payment", b"{}", [(KEY, "a"), (KEY, "b")])
    assert_refused(answer, 400, "request-unusable", KEY)
    assert server.protocol.count("/payment") == 0


def test_large_answers_are_kept_whole(proxy, server):
    body = json.dumps({"text": "x" * 300000}).encode()
    first = pay(proxy, "a", "echo", body)
    assert len(first.body) > 300000
    assert pay(proxy, "a", "echo", body).body == first.body
