# SPDX-License-Identifier: Apache-2.0
"""trivet proxy before a server, or a network, that misbehaves: no byte that is
not verified, no second POST, and a failure that says what it was"""
import json
import os
import signal
import socket

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fake_server import FakeServer, pin_of
from gateway import wait_until
from proxy import assert_refused
from storm import storm

UNTRUSTED = {
    "wrong-signature": "is wrong for the body",
    "other-key": "another key than this installation's",
    "changed-byte": "is wrong for the body",
    "no-signature": "has no X-Bunq-Server-Signature",
    "garbage-signature": "not base64",
    "short-signature": "3 bytes, not 256",
    "truncated-quietly": "is wrong for the body",
}
METHODS = ["POST", "PUT", "DELETE", "PATCH"]


# ---- answers that cannot be trusted --------------------------------------------


@pytest.mark.parametrize("kind", UNTRUSTED)
def test_an_answer_that_cannot_be_trusted(proxy, server, kind):
    server.protocol.user_name = "Nobody may see this"
    server.protocol.misbehave(kind, "user")
    answer = proxy.get("user")
    assert_refused(answer, 502, "answer-untrusted", UNTRUSTED[kind])
    assert b"Nobody" not in answer.body and b"UserPerson" not in answer.body
    assert answer.header("X-Bunq-Client-Response-Id") is None
    answer = proxy.get("user")
    assert answer.status == 200 and b"Nobody may see this" in answer.body


def test_a_post_whose_answer_cannot_be_trusted_may_have_acted(proxy, server):
    server.protocol.misbehave("wrong-signature", "payment")
    assert_refused(proxy.post("payment"), 502, "answer-untrusted",
                   "the server may have acted")
    assert server.protocol.count("/payment") == 1


def test_a_redirect_is_no_answer(proxy, server, tls_certificate):
    """It has no signature: it would lead the caller to where anybody likes."""
    other = FakeServer(tls_certificate[0])
    server.protocol.misbehave("redirect-unsigned", "user", arg=other.url + "/user")
    answer = proxy.get("user")
    assert_refused(answer, 502, "answer-untrusted", "302")
    assert answer.header("Location") is None
    server.protocol.misbehave("redirect", "user", arg=other.url + "/user")
    answer = proxy.get("user")  # the server's own word
    assert answer.status == 302 and answer.header("Location") == other.url + "/user"
    assert other.protocol.calls == []
    other.close()


@pytest.mark.parametrize("kind,status,words", [
    ("429", 429, b"Too many requests"), ("466", 466, b"signature is required"),
    ("490", 490, b"User error"), ("491", 491, b"Maintenance"),
    ("502", 502, b"<h1>502 Bad Gateway</h1>")])
def test_an_error_is_handed_on_and_said_to_be_unsigned(proxy, server, kind, status,
                                                       words):
    server.protocol.misbehave(kind, "user", times=2)
    answer = proxy.get("user")
    assert answer.status == status and words in answer.body, answer
    signed = status not in (429, 491, 502)
    assert answer.header("Trivet-Verified") == ("yes" if signed else "no")
    assert answer.reason is None


def test_a_server_cannot_say_that_it_was_verified(proxy, server):
    server.protocol.headers = [("Trivet-Verified", "yes"), ("Trivet-Reason", "x")]
    server.protocol.misbehave("491", "user")
    answer = proxy.get("user")
    assert answer.header("Trivet-Verified") == "no" and answer.reason is None


@pytest.mark.parametrize("kind", ["lower-case", "odd-headers", "chunked"])
def test_odd_headers(proxy, server, kind):
    server.protocol.misbehave(kind, "user")
    answer = proxy.get("user")
    assert answer.status == 200 and "UserPerson" in answer.json["Response"][0]
    if kind == "odd-headers":
        assert answer.header("x-colon") == "a: b: c"
        assert answer.header("X-Empty") == ""


# ---- calls that are lost: a POST is sent once ------------------------------------


@pytest.mark.parametrize("kind", ["dropped", "closed", "truncated"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "new"])
def test_it_is_sent_once_and_nobody_knows(proxy, server, method, kind, kept):
    if kept:
        assert proxy.get("user").status == 200
    server.protocol.misbehave(kind, "payment")
    answer = proxy.call(method, "payment", b"{}")
    assert_refused(answer, 502, "outcome-unknown", "it is not known whether the server "
                   "acted")
    assert server.protocol.count("/payment") == 1
    assert proxy.call(method, "payment", b"{}").status == 200


def test_a_body_that_was_cut_off(proxy, server):
    server.protocol.unread.append("payment")
    assert_refused(proxy.post("payment"), 502, "outcome-unknown")
    assert server.protocol.count("/payment") == 0


def test_a_get_is_sent_again_once(proxy, server):
    assert proxy.get("user").status == 200
    server.protocol.misbehave("dropped", "thing")
    assert proxy.get("thing").status == 200
    assert server.protocol.count("/thing") == 2
    server.protocol.misbehave("dropped", "other", times=-1)
    assert_refused(proxy.get("other"), 503, "server-unreachable")
    assert server.protocol.count("/other") == 2


def test_too_slow(proxy_of, caller, server):
    proxy = proxy_of(caller, "--timeout", "1s")
    server.protocol.misbehave("slow", "thing", times=2, arg=4)
    assert_refused(proxy.get("thing"), 504, "server-too-slow", "too slow")
    assert_refused(proxy.post("thing"), 502, "outcome-unknown", "too slow")
    assert server.protocol.count("/thing") == 2


def test_nobody_listens(proxy, server):
    server.protocol.misbehave("last", "user")
    assert_refused(proxy.get("user"), 503, "server-unreachable")
    assert_refused(proxy.get("other"), 503, "server-unreachable", "cannot connect")
    assert_refused(proxy.post("other"), 503, "server-unreachable", "cannot connect")


# ---- who is there -----------------------------------------------------------------


@pytest.mark.parametrize("make,words", [
    (lambda a: a.make(names=["elsewhere.example"], ips=[]), "name"),
    (lambda a: a.make(days=-1), "expired")])
def test_bad_certificates(proxy_of, caller, tls_authority, make, words):
    other = FakeServer(make(tls_authority)[0])
    content = json.loads(caller.file.read_text())
    content["trivet"]["base_url"] = other.url
    content["base_url"] = other.url
    caller.file.write_text(json.dumps(content))
    proxy = proxy_of(caller)
    for method in ("GET", "POST"):
        assert_refused(proxy.call(method, "user"), 502, "certificate-untrusted", words)
    assert other.protocol.calls == []
    other.close()


def test_pins_hold(proxy_of, caller, server, tls_certificate):
    wrong = pin_of(ec.generate_private_key(ec.SECP256R1()).public_key())
    for pin, status in ((tls_certificate[1], 200), (wrong, 502)):
        content = json.loads(caller.file.read_text())
        content["trivet"]["pins"] = [pin]
        caller.file.write_text(json.dumps(content))
        with_pin = proxy_of(caller)
        num = len(server.protocol.calls)
        answer = with_pin.get("user")
        if status == 200:
            assert answer.status == 200
        else:
            assert_refused(answer, 502, "pin-mismatch", "pinned")
            assert len(server.protocol.calls) == num
        with_pin.close()


# ---- sessions ----------------------------------------------------------------------


def test_a_dead_session_is_renewed_once_for_all(proxy, server):
    server.protocol.kill_sessions()
    answers = storm(24, lambda n: proxy.get(f"thing{n}"))
    assert {answer.status for answer in answers} == {200}
    assert server.protocol.count("/session-server") == 2  # one at login


def test_a_refused_login_is_told(proxy, server):
    server.protocol.kill_sessions()
    server.protocol.api_key = "sandbox_" + "0" * 56
    assert_refused(proxy.get("user"), 503, "login-refused",
                   "User credentials are incorrect")


def test_what_is_missing_is_done(caller, server, proxy_of):
    """Installation, device and session, as needed."""
    content = json.loads(caller.file.read_text())
    del content["installation_context"], content["session_context"]
    content["trivet"].pop("device_id", None)
    caller.file.write_text(json.dumps(content))
    assert proxy_of(caller).get("user").status == 200
    assert server.protocol.count("/installation") == 2


# ---- the event loop never waits -------------------------------------------------------


def test_slow_calls_do_not_keep_others_waiting(proxy, server):
    server.protocol.misbehave("slow", "slow", times=-1, arg=3)
    slow = [proxy.connection() for _ in range(12)]
    for n, connection in enumerate(slow):
        connection.request("POST", f"/v1/slow{n}", b"{}")
    assert wait_until(lambda: sum("slow" in p for _, p in server.protocol.calls) == 12)
    ended = []
    for n in range(20):
        assert proxy.get(f"fast{n}").status == 200
    for connection in slow:
        connection.sock.setblocking(False)
        try:
            ended.append(connection.sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            pass
        connection.sock.setblocking(True)
    assert ended == []  # else this test shows nothing
    assert [connection.getresponse().status for connection in slow] == [200] * 12


def test_a_caller_who_leaves_does_not_end_the_call(proxy, server):
    server.protocol.misbehave("slow", "payment", arg=1)
    connection = proxy.connection()
    connection.request("POST", "/v1/payment", b"{}")
    assert wait_until(lambda: server.protocol.count("/payment"))
    connection.close()
    for n in range(5):
        assert proxy.get(f"thing{n}").status == 200
    assert wait_until(lambda: '"/v1/payment" ' in proxy.log("access.log"))
    assert server.protocol.count("/payment") == 1


def test_requests_that_stop_halfway(proxy, server):
    for data in (b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab",
                 b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Le",
                 b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"):
        with proxy.socket() as own:
            own.sendall(data)
    assert proxy.get("user").status == 200
    assert server.protocol.count("/x") == 0


# ---- header fields ----------------------------------------------------------------------


def test_which_fields_are_sent(proxy, server):
    proxy.call("POST", "echo", b"{}", [
        ("X-Own", "a: b"), ("x-own", "second"), ("User-Agent", "mine/1"),
        ("X-Bunq-Language", "nl_NL"), ("X-Bunq-Client-Request-Id", "an-id"),
        ("Content-Type", "text/plain"), ("Connection", "X-Named, keep-alive"),
        ("Connection", "x-too"), ("X-Named", "1"), ("X-Too", "1"), ("TE", "trailers"),
        ("Keep-Alive", "timeout=5"), ("Upgrade", "h2c"), ("Authorization", "Bearer x"),
        ("Cookie", "a=b"), ("Accept-Encoding", "gzip"), ("Trivet-Caller", "me"),
        ("Sec-Fetch-Mode", "cors"), ("Expect", "100-continue")])
    method, path, headers, body = server.protocol.requests[-1]
    assert (method, path, body) == ("POST", "/v1/echo", b"{}")
    assert headers["x-own"] in ("a: b", "second")
    assert headers["user-agent"] == "mine/1"
    assert headers["x-bunq-language"] == "nl_NL"
    assert headers["x-bunq-client-request-id"] == "an-id"
    assert headers["content-type"] == "text/plain"
    assert headers["host"] == f"localhost:{server.port}"
    assert headers["x-bunq-client-authentication"] in server.protocol.sessions
    gone = {"x-named", "x-too", "te", "keep-alive", "upgrade", "authorization", "cookie",
            "accept-encoding", "trivet-caller", "sec-fetch-mode", "connection", "expect"}
    assert not gone & set(headers), headers


def test_what_the_protocol_wants_is_added(proxy, server):
    proxy.post("echo", b"{}")
    headers = server.protocol.requests[-1][2]
    for name in ("x-bunq-language", "x-bunq-region", "x-bunq-geolocation",
                 "x-bunq-client-request-id", "x-bunq-client-signature", "user-agent"):
        assert headers[name]


def test_more_fields_than_a_call_may_have(proxy, server):
    fields = [(f"X-{n}", "1") for n in range(40)]
    num = len(server.protocol.calls)
    answer = proxy.call("GET", "user", headers=fields)
    assert_refused(answer, 431, "too-many-headers")
    assert len(server.protocol.calls) == num
    assert proxy.call("GET", "user", headers=fields[:20]).status == 200


@pytest.mark.parametrize("target", ["/v1/a#b", "/v1/a\\b", "/v1/\xe4"])
def test_paths_that_cannot_be_sent(proxy, server, target):
    num = len(server.protocol.calls)
    with proxy.socket() as own:
        own.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: close\r\n\r\n".encode("latin-1"))
        data = b"".join(iter(lambda: own.recv(65536), b""))
    assert data.startswith(b"HTTP/1.1 400"), data
    assert len(server.protocol.calls) == num


# ---- its file -------------------------------------------------------------------------


def test_a_file_that_is_gone_does_not_end_a_session(proxy, caller, server):
    """While its session lives all is known. Then it is said what is missing."""
    assert proxy.get("user").status == 200
    away = caller.file.with_name("away")
    caller.file.rename(away)
    assert proxy.post("payment").status == 200
    server.protocol.kill_sessions()
    server.protocol.session_timeout = 1
    answer = proxy.get("user")
    assert answer.status == 503 and answer.reason == "context-unusable", answer
    away.rename(caller.file)
    assert proxy.get("user").status == 200


def test_a_file_that_others_can_read_is_refused_until_it_is_ones_own(
        caller, proxy_of, server):
    proxy = proxy_of(caller)
    caller.file.chmod(0o644)
    assert_refused(proxy.get("user"), 503, "context-unusable", "chmod")
    caller.file.chmod(0o600)
    assert proxy.get("user").status == 200


def test_a_worker_that_starts_without_its_file_waits_for_it(proxy, caller, server):
    proxy.may_crash = True
    away = caller.file.with_name("away")
    caller.file.rename(away)
    worker = proxy.worker()
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: proxy.workers() - {worker})
    assert_refused(proxy.get("user"), 503, "context-unusable", str(caller.file))
    away.rename(caller.file)
    assert proxy.get("user").status == 200
