# SPDX-License-Identifier: Apache-2.0
"""A request is sent once. Only GET is sent again after a lost connection."""

import json
import subprocess

import pytest

from gateway import BUILD
from fake_http2 import Http2Server
from fake_server import Protocol, Proxy

TOOL = BUILD / "tests" / "client_tool"
UNKNOWN = 10


def on_kept(trivet, verb, method, path, **environment):
    """What a call ends with that follows another on the same handle."""
    result = subprocess.run(
        [str(TOOL), verb, str(trivet.file), method, path],
        env={**trivet.environment, **environment}, timeout=60,
        capture_output=True, text=True)
    assert result.returncode == 0, result
    return result.stdout.strip(), result.stderr


METHODS = ["POST", "PUT", "DELETE", "PATCH"]
LOSSES = ["dropped", "closed", "truncated"]


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("method", METHODS)
def test_on_a_kept_connection_it_is_sent_once(logged_in, server, method,
                                              kind):
    server.protocol.misbehave(kind, "payment")
    said, words = on_kept(logged_in, "kept", method, "payment")
    assert said == "outcome unknown 0"
    assert "not known whether the server acted" in words
    assert server.protocol.count("/payment") == 1
    first, second = server.protocol.connections[-2:]
    assert first == second  # it was kept, or this test shows nothing


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("method", METHODS)
def test_on_a_new_connection_it_is_sent_once(logged_in, server, method, kind):
    server.protocol.misbehave(kind, "payment")
    result = logged_in("call", method, "payment", "-d", "{}")
    assert result.returncode == UNKNOWN, result
    assert "not known whether the server acted" in result.stderr
    assert result.stdout == ""
    assert server.protocol.count("/payment") == 1


def test_a_body_that_was_cut_off(logged_in, server):
    server.protocol.unread.append("payment")
    said, _ = on_kept(logged_in, "kept", "POST", "payment")
    assert said == "outcome unknown 0"
    assert server.protocol.count("/payment") == 0  # never seen whole


def test_a_time_out_after_it_was_sent(logged_in, server):
    server.protocol.misbehave("slow", "payment", arg=3)
    result = logged_in("call", "POST", "payment", "-d", "{}", "--timeout", "1")
    assert result.returncode == UNKNOWN, result
    assert "too slow" in result.stderr
    server.protocol.misbehave("slow", "user", arg=3)
    result = logged_in("call", "GET", "user", "--timeout", "1")
    assert result.returncode == 5, result


def test_get_is_sent_again_with_another_id(logged_in, server):
    server.protocol.misbehave("dropped", "thing")
    assert on_kept(logged_in, "kept", "GET", "thing")[0] == "ok 200"
    ids = [h["x-bunq-client-request-id"]
           for _, path, h, _ in server.protocol.requests if "thing" in path]
    assert len(ids) == 2 == len(set(ids))


def test_get_is_sent_again_once(logged_in, server):
    server.protocol.misbehave("dropped", "thing", times=-1)
    assert on_kept(logged_in, "kept", "GET", "thing")[0] == "unavailable 0"
    assert server.protocol.count("/thing") == 2


def test_get_on_a_new_connection_is_not(logged_in, server):
    server.protocol.misbehave("dropped", "thing")
    assert logged_in("call", "GET", "thing").returncode == 5
    assert server.protocol.count("/thing") == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_connection_that_was_closed_meanwhile_is_not_used(
        logged_in, server, method):
    """The usual case, an idle connection that the server ended: no loss."""
    server.protocol.misbehave("closes-after", "user")
    assert on_kept(logged_in, "rested", method, "payment")[0] == "ok 200"
    assert server.protocol.count("/payment") == 1


def test_what_was_not_sent_is_known(logged_in, server):
    server.close()
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == 5, result
    assert "not known" not in result.stderr


def test_a_server_that_is_gone_when_curl_would_repeat(logged_in, server):
    """The last error is then that of the connection that was not made."""
    server.protocol.misbehave("last", "payment")
    said, _ = on_kept(logged_in, "kept", "POST", "payment")
    assert said == "outcome unknown 0"


def test_after_a_401_it_is_sent_again(logged_in, server):
    """That answer is a certainty, and the second try is one try."""
    server.protocol.misbehave("401", "payment")
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == 0, result
    assert server.protocol.count("/payment") == 2
    logged_in.forget_limits()
    server.protocol.misbehave("401", "payment")
    server.protocol.misbehave("dropped", "payment")
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == UNKNOWN, result
    assert server.protocol.count("/payment") == 4


def test_a_429_is_a_certainty_too(logged_in, server):
    server.protocol.misbehave("429", "payment")
    server.protocol.misbehave("dropped", "payment")
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == UNKNOWN, result
    assert server.protocol.count("/payment") == 2


@pytest.mark.parametrize("kind", ["wrong-signature", "no-signature",
                                  "half-head"])
def test_an_answer_that_cannot_be_trusted_says_so(logged_in, server, kind):
    server.protocol.misbehave(kind, "payment")
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == 6, result
    assert "may have acted" in result.stderr
    server.protocol.misbehave(kind, "user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == 6 and "acted" not in result.stderr, result
    assert server.protocol.count("/payment") == 1


def test_through_a_proxy(logged_in, server):
    proxy = Proxy()
    server.protocol.misbehave("closed", "payment")
    result = logged_in("call", "POST", "payment", "-d", "{}", "--proxy",
                       proxy.url)
    assert result.returncode == UNKNOWN, result
    assert server.protocol.count("/payment") == 1
    proxy.close()
    result = logged_in("call", "POST", "payment", "-d", "{}", "--proxy",
                       proxy.url)
    assert result.returncode == 5, result
    assert server.protocol.count("/payment") == 1


@pytest.mark.parametrize("kind", ["dropped", "goaway", "refused-stream",
                                  "needs-1.1"])
def test_over_http2(trivet, certificate, kind):
    """REFUSED_STREAM and GOAWAY say that nothing was done: curl repeats."""
    h2 = Http2Server(certificate[0], Protocol())
    assert trivet.login(h2).returncode == 0
    trivet.forget_limits()
    h2.protocol.misbehave(kind, "payment")
    assert on_kept(trivet, "kept", "POST", "payment")[0] == "outcome unknown 0"
    assert h2.protocol.count("/payment") == 1
    h2.protocol.misbehave(kind, "payment")
    result = trivet("call", "POST", "payment", "-d", "{}")
    assert result.returncode == UNKNOWN, result
    assert h2.protocol.count("/payment") == 2
    h2.close()


# ---- what the client calls by itself ---------------------------------------


@pytest.mark.parametrize("kind", ["dropped", "closed", "truncated"])
@pytest.mark.parametrize("step,words,kept", [
    ("installation", "an installation, which stays unused", False),
    ("device-server", "registered this device", True),
    ("session-server", "opened a session", True),
])
def test_a_lost_step(trivet, server, step, words, kept, kind):
    server.protocol.misbehave(kind, step)
    result = trivet.login(server)
    assert result.returncode == 5, result
    assert words in result.stderr and "trying again is safe" in result.stderr
    assert server.protocol.count("/" + step) == 1
    assert trivet.file.exists() == kept  # nothing of a first step
    trivet.forget_limits()
    if not kept:
        assert trivet.login(server).returncode == 0
        return
    content = json.loads(trivet.file.read_text())
    assert "token" in content["installation_context"]
    assert "session_context" not in content
    assert trivet.login(server).returncode == 0
    again = json.loads(trivet.file.read_text())
    for name in content["installation_context"]:
        assert again["installation_context"][name] \
            == content["installation_context"][name]


def test_a_renewal_that_is_lost_leaves_the_call_unsent(logged_in, server):
    server.protocol.misbehave("401", "payment")
    server.protocol.misbehave("dropped", "session-server")
    result = logged_in("call", "POST", "payment", "-d", "{}")
    assert result.returncode == 5, result
    assert "trying again is safe" in result.stderr
    assert server.protocol.count("/payment") == 1  # the one with the 401


def test_a_lost_logout_keeps_the_session(logged_in, server):
    server.protocol.misbehave("dropped", "session/0")
    result = logged_in("logout")
    assert result.returncode == UNKNOWN, result
    assert "whether the session has ended" in result.stderr
    assert "session_context" in json.loads(logged_in.file.read_text())
    server.protocol.kill_sessions()  # it had
    assert logged_in("logout").returncode == 0
    assert "session_context" not in json.loads(logged_in.file.read_text())


def test_a_lost_change_of_addresses(logged_in, server):
    server.protocol.misbehave("closed", "/ip")
    result = logged_in("ip", "add", "192.0.2.1")
    assert result.returncode in (5, UNKNOWN), result
    assert len(server.protocol.ips) <= 1
