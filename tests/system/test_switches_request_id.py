# SPDX-License-Identifier: Apache-2.0
"""The switch request-id: no id is taken twice"""
import os
import signal
import uuid

import pytest

import bunq
from bunq import REQUEST_ID
from gateway import wait_until
from nginx import TRIVET
from switches import assert_used, with_id
from storm import storm


# ---- request-id --------------------------------------------------------------


def test_request_id_any(client):
    for _ in range(3):
        bunq.assert_admitted(client.get("/v1/user", **with_id("same")))


def test_request_id_per_device(switched):
    gateway = switched("request-id=per-device")
    ann, bob = bunq.ready(gateway), bunq.ready(gateway)
    bunq.assert_admitted(ann.get("/v1/user", **with_id("a")), ann.server_key)
    for path in ("/v1/user", "/v1/echo/anything", "/v1/device"):
        answer = ann.get(path, **with_id("a"))
        assert_used(answer, ann)
        assert answer.header(REQUEST_ID) == "a"
    bunq.assert_admitted(ann.get("/v1/user", **with_id("A")))
    bunq.assert_admitted(ann.get("/v1/user", **with_id("a" * 2000)))
    assert_used(ann.get("/v1/user", **with_id("a" * 2000)), ann)
    bunq.assert_admitted(bob.get("/v1/user", **with_id("a")))
    for _ in range(3):  # without one, or an empty one
        bunq.assert_admitted(ann.get("/v1/user"))
        bunq.assert_admitted(ann.get("/v1/user", **with_id("")))
    # a new session of the same device is the same device
    ann.open()
    assert_used(ann.get("/v1/user", **with_id("a")), ann)


def test_an_id_that_was_used_does_nothing(switched):
    gateway = switched("request-id=per-device")
    client = bunq.ready(gateway)
    bunq.assert_admitted(client.get("/v1/user", **with_id("a")))
    assert_used(client.call("DELETE", "/v1/session/0", **with_id("a")), client)
    assert client.is_alive()


def test_a_refused_request_gives_its_id_back(switched):
    gateway = switched("request-id=per-device")
    client = bunq.ready(gateway)
    refused = [
        client.get("/v1/user", signature=client.sign(b"x"), **with_id("a")),
        client.get("/v1/user", signature=None, **with_id("a")),
        client.get("/v1/user", token="0" * 64, **with_id("a")),
        client.get("/v1/user/999999999", **with_id("a")),
        client.get("/v1/user?count=x", **with_id("a")),
        client.call("DELETE", "/v1/session/999999999", **with_id("a")),
        client.from_address("127.0.0.3").get("/v1/user", **with_id("a")),
    ]
    for answer in refused:
        assert answer.status in (400, 401, 403, 404, 466), answer
        assert answer.reason != "request-id-used"
    bunq.assert_admitted(client.get("/v1/user", **with_id("a")))
    assert_used(client.get("/v1/user", **with_id("a")), client)


def test_ids_of_the_steps_belong_to_the_installation(switched):
    gateway = switched("request-id=per-device")
    client, other = bunq.Client(gateway), bunq.Client(gateway)
    for each in (client, client, other):  # there is nobody yet whose it could be
        bunq.assert_admitted(each.post_installation(**with_id("a")))
    client.register(client.make_user(), **with_id("a"))
    assert_used(client.post_session(**with_id("a")), client)
    client.open(**with_id("b"))
    other.register(other.make_user(), **with_id("a"))
    # once there is a device, it has ids of its own
    bunq.assert_admitted(client.get("/v1/user", **with_id("a")))


def test_the_same_id_at_once_is_admitted_once(switched):
    gateway = switched("request-id=per-device")
    clients = [bunq.ready(gateway)]
    clients += [clients[0].from_address("127.0.0.1") for _ in range(15)]
    for _ in range(8):
        headers = with_id(str(uuid.uuid4()))

        def send(number, headers=headers):
            return clients[number].get("/v1/user", **headers).status

        answers = storm(len(clients), send)
        assert sorted(answers) == [200] + [400] * (len(clients) - 1)


def test_ids_live_on_over_a_reload_and_a_worker_s_death(start, data):
    trivet = TRIVET.replace("strict", "strict request-id=per-device")
    nginx = start(trivet=trivet)
    nginx.may_crash = True
    client = bunq.ready(nginx)
    bunq.assert_admitted(client.get("/v1/user", **with_id("a")))
    before = nginx.nginx_workers()
    nginx.reload()
    assert wait_until(lambda: not before & nginx.nginx_workers(), 20)
    assert_used(client.get("/v1/user", **with_id("a")), client)
    bunq.assert_admitted(client.get("/v1/user", **with_id("b")))
    for pid in nginx.nginx_workers():
        os.kill(pid, signal.SIGKILL)
    client = client.from_address("127.0.0.1")
    assert wait_until(nginx.is_answering, 20)
    for value in ("a", "b"):
        assert_used(client.get("/v1/user", **with_id(value)), client)
    bunq.assert_admitted(client.get("/v1/user", **with_id("c")))


@pytest.mark.long
def test_memory_for_ids_is_bounded(switched):
    """What is forgotten is the oldest; nothing new is ever refused."""
    gateway = switched("request-id=per-device", profile="current")
    client = bunq.ready(gateway)
    for number in range(2000):
        answer = client.get("/v1/user", signature=None, **with_id(str(number)))
        assert answer.status == 200
    for number in range(1990, 2000):
        assert_used(client.get("/v1/user", **with_id(str(number))), client)


def test_an_internal_redirect_does_not_use_an_id_twice(start, upstream):
    nginx = start(
        upstream,
        trivet=TRIVET.replace("strict", "strict request-id=per-device"),
        locations="location /v1/moved/ { trivet_protect on;"
        " try_files /none @there; }"
        f" location @there {{ trivet_protect on; proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    bunq.assert_admitted(client.get("/v1/moved/x", **with_id("a")), client.server_key)
    assert_used(client.get("/v1/moved/x", **with_id("a")), client)
