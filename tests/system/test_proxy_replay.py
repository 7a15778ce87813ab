# SPDX-License-Identifier: Apache-2.0
"""trivet proxy --record and --replay: answers that were recorded, without a network,
without a context, and without secrets"""
import json
import subprocess

import pytest

from gateway import Gateway, wait_until
from proxy import Proxy, assert_refused
from trivet_command import Trivet, login


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "records"


@pytest.fixture
def recording(proxy_of, caller, folder):
    return proxy_of(caller, "--record", folder)


class Nowhere(Trivet):
    """Without a context."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, None)


@pytest.fixture
def replay_of(tmp_path, proxy_of):
    def start(folder, *options):
        started = Proxy(Nowhere(tmp_path / "nowhere"), "--replay", folder, *options)
        started.data = folder.with_name(folder.name + ".proxy")
        started.start()
        running.append(started)
        return started

    running = []
    yield start
    for started in running:
        started.close()


def texts(folder):
    return "".join(path.read_text() for path in folder.iterdir())


def has_no_network(proxy):
    """No socket of its processes is connected, or listens elsewhere."""
    found = subprocess.run(["ss", "-tunapH"], capture_output=True, text=True, check=True)
    own = [line for line in found.stdout.splitlines()
           if any(f"pid={pid}," in line for pid in proxy.processes())]
    return all(":" + str(proxy.port) in line for line in own)


def test_what_was_recorded_is_given_again(recording, folder, replay_of, server):
    calls = [("GET", "user", None), ("GET", "user?a=b", None),
             ("POST", "echo", b'{"amount": "12.50", "text": "\xc3\xa9"}'),
             ("POST", "echo", b'{"amount": "12.51"}'), ("PUT", "echo", b"\x00\xff raw"),
             ("DELETE", "thing/1", None), ("POST", "echo", b"x" * 200000)]
    server.protocol.misbehave("490", "missing")
    calls.append(("GET", "missing", None))
    first = [recording.call(*call) for call in calls]
    num = len(server.protocol.calls)
    recording.close()
    replay = replay_of(folder)
    for call, answer in zip(calls, first):
        again = replay.call(*call)
        assert (again.status, again.body) == (answer.status, answer.body), call
        assert again.header("Content-Type") == answer.header("Content-Type")
        assert again.header("Trivet-Replayed") == "yes"
        assert again.header("Trivet-Verified") == "no"
        assert answer.header("Trivet-Replayed") is None
        assert replay.call(*call).body == answer.body  # and again
    assert has_no_network(replay)
    assert len(server.protocol.calls) == num


def test_head_is_a_get_without_its_body(recording, folder, replay_of):
    body = recording.get("user").body
    replay = replay_of(folder)
    answer = replay.call("HEAD", "user")
    assert answer.status == 200 and answer.body == b""
    assert answer.header("Content-Length") == str(len(body))


@pytest.mark.parametrize("method,path,body,words", [
    ("GET", "users", None, "the nearest is: GET /v1/user"),
    ("GET", "thing/22", None, "the nearest is: GET /v1/thing/2"),
    ("PUT", "echo", b'{"a": 1}', "the nearest is: POST /v1/echo"),
    ("POST", "echo", b'{"a": 2}', "with another body only"),
    ("GET", "x" * 300, None, "is not recorded")])
def test_an_unknown_request_is_told_the_nearest(recording, folder, replay_of, method,
                                                path, body, words):
    for known in ("user", "thing/1", "thing/2", "other"):
        recording.get(known)
    recording.post("echo", b'{"a": 1}')
    replay = replay_of(folder)
    answer = replay.call(method, path, body)
    assert_refused(answer, 404, "not-recorded", words)
    assert replay.call("POST", "echo", b'{"a": 1}').status == 200


def test_nothing_is_recorded(folder, replay_of):
    folder.mkdir()
    assert_refused(replay_of(folder).get("user"), 404, "not-recorded", "nothing is")


@pytest.mark.parametrize("body,is_same", [
    (b'{"b":[1,2],"a":"x"}', True), (b' { "a" : "\\u0078" , "b":[ 1, 2 ] }', True),
    (b'{"b":[2,1],"a":"x"}', False), (b'{"b":[1,2],"a":"X"}', False),
    (b'{"b":[1,2]}', False), (b"", False), (b'{"b":[1,2],"a":"x"} x', False)])
def test_bodies_that_say_the_same_are_the_same(recording, folder, replay_of, body,
                                               is_same):
    assert recording.post("echo", b'{"b":[1,2],"a":"x"}').status == 200
    answer = replay_of(folder).post("echo", body)
    assert answer.status == (200 if is_same else 404)


def test_a_later_answer_replaces_an_earlier_one(recording, folder, replay_of, server):
    assert b"First" not in recording.get("user").body
    server.protocol.user_name = "Second Name"
    recording.get("user")
    assert len(list(folder.iterdir())) == 1
    assert b"Second Name" in replay_of(folder).get("user").body


# ---- secrets -------------------------------------------------------------------------


def test_secrets_are_left_out(recording, folder, replay_of, server, caller):
    body = {"secret": "S1-hidden", "deep": [{"Api_Key": "S2-hidden"}, {"token": 12345678}],
            "password": "S3-hidden", "token": {"id": 7, "token": "S4-hidden"},
            "description": "kept"}
    answer = recording.post("echo?token=S5-hidden&count=3", json.dumps(body).encode(),
                            ("Authorization", "Bearer S6-hidden"),
                            ("Cookie", "a=S7-hidden"))
    assert answer.status == 200 and b"S1-hidden" in answer.body
    server.protocol.headers = [("Set-Cookie", "b=S8-hidden"), ("X-Kept", "kept-too")]
    recording.get("user")
    text = texts(folder)
    assert "hidden" not in text and "12345678" not in text
    assert "kept" in text and '\\"id\\":7' in text and "count=3" in text
    assert "kept-too" in text
    for secret in (*server.protocol.sessions, *server.protocol.installations,
                   server.protocol.api_key):
        assert secret not in text
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert "hidden" not in path.name
    body["secret"] = "another"  # what is left out does not count
    again = replay_of(folder).post("echo?token=x&count=3", json.dumps(body).encode())
    assert again.status == 200 and b"[left out]" in again.body
    assert again.header("X-Bunq-Server-Signature") is None


def test_the_steps_of_a_login_leave_no_token(recording, folder, server):
    answer = recording.post("session-server", json.dumps(
        {"secret": server.protocol.api_key}).encode())
    text = texts(folder)
    assert server.protocol.api_key not in text
    for token in server.protocol.sessions:
        assert token not in text
    assert answer.status in (200, 400, 401, 403, 429)


# ---- its rules hold --------------------------------------------------------------------


def test_rules_for_callers_hold(recording, folder, replay_of):
    recording.get("user")
    recording.post("echo", b"{}")
    replay = replay_of(folder, "--read-only")
    assert replay.get("user").status == 200
    assert_refused(replay.post("echo", b"{}"), 403, "not-allowed")
    assert_refused(replay.call("GET", "user", headers=[("Host", "evil.example")],
                               skip_host=True), 403, "host-refused")


def test_a_reload_and_a_monitor(recording, folder, replay_of):
    import signal

    recording.get("user")
    replay = replay_of(folder, "--monitor", "127.0.0.1:0")
    worker = replay.worker()
    replay.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: replay.workers() - {worker})
    assert replay.get("user").status == 200
    assert replay.ask("/ready").status == 200
    assert replay.metrics()


@pytest.mark.parametrize("content", [
    "", "{", "{}", "[]", '{"answer": 1}', '{"answer": {"status": 99, "headers": []}}',
    '{"answer": {"status": 200, "headers": []}}',
    '{"answer": {"status": 200, "headers": [["a"]], "body": ""}}',
    '{"answer": {"status": 200, "headers": [["a", "b\\r\\nc: d"]], "body": ""}}',
    '{"answer": {"status": 200, "headers": [], "body_base64": "!"}}'])
def test_a_file_that_is_no_recording(recording, folder, replay_of, content):
    recording.get("user")
    (path,) = folder.iterdir()
    path.write_text(content)
    assert_refused(replay_of(folder).get("user"), 500, "internal", "is no recording")


def test_what_cannot_be_recorded_is_answered(recording, folder):
    assert recording.get("user").status == 200
    away = folder.with_name("away")
    folder.rename(away)
    assert recording.get("other").status == 200
    assert wait_until(lambda: "[warn]" in recording.log())


@pytest.mark.parametrize("options", [
    ["--context", "x"], ["--record", "y"], ["--receipts", "z"]])
def test_replay_stands_alone(caller, tmp_path, options):
    done = caller("proxy", "--replay", tmp_path, *options)
    assert done.returncode == 2 and "--replay" in done.stderr


def test_a_folder_that_is_not_there(tmp_path):
    done = Nowhere(tmp_path / "nowhere")("proxy", "--replay", tmp_path / "x")
    assert done.returncode == 8 and "no such folder" in done.stderr


# ---- a gateway -------------------------------------------------------------------------


def test_encrypted_answers_are_recorded_plain(tmp_path, folder, replay_of):
    with Gateway(tmp_path / "data") as gateway:
        trivet = Trivet(tmp_path, gateway.ca)
        assert login(trivet, gateway).returncode == 0
        with Proxy(trivet, "--limits", "off", "--encrypt", "--record", folder) as proxy:
            body = proxy.post("echo/thing", b'{"a": 1}').body
    assert "encryption-hmac" not in texts(folder).lower()
    assert "server-signature" not in texts(folder).lower()
    assert replay_of(folder).post("echo/thing", b'{"a":1}').body == body
