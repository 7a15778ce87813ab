# SPDX-License-Identifier: Apache-2.0
"""A server, or a network, that misbehaves."""

import calendar
import json
import time

import pytest

from fake_http2 import Http2Server
from fake_server import Authority, FakeServer, Protocol


@pytest.mark.parametrize("kind,words", [
    ("wrong-signature", "is wrong for the body"),
    ("other-key", "another key than this installation's"),
    ("changed-byte", "is wrong for the body"),
    ("no-signature", "has no X-Bunq-Server-Signature"),
    ("garbage-signature", "not base64"),
    ("short-signature", "3 bytes, not 256"),
    ("truncated-quietly", "is wrong for the body"),
])
def test_an_answer_that_cannot_be_trusted(logged_in, server, kind, words):
    server.protocol.misbehave(kind, "user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == 6, result
    assert words in result.stderr
    assert result.stdout == ""  # not a byte of it
    assert logged_in("call", "GET", "user").returncode == 0


@pytest.mark.parametrize("kind", ["wrong-signature", "no-signature",
                                  "other-key", "changed-byte"])
@pytest.mark.parametrize("step", ["device-server", "session-server"])
def test_a_step_that_cannot_be_trusted(trivet, server, step, kind):
    server.protocol.misbehave(kind, step)
    result = trivet.login(server)
    assert result.returncode == 6, result
    trivet.forget_limits()
    result = trivet.login(server)
    assert result.returncode == 0, result
    assert server.protocol.count("/installation") == 1


@pytest.mark.parametrize("kind", ["wrong-signature", "other-key",
                                  "garbage-signature", "short-signature"])
def test_an_installation_that_cannot_be_trusted(trivet, server, kind):
    """Its answer brings the key that it has to be signed with."""
    server.protocol.misbehave(kind, "installation")
    result = trivet.login(server)
    assert result.returncode == 6, result
    assert not trivet.file.exists()
    assert server.protocol.count("/device-server") == 0
    result = trivet.login(server)
    assert result.returncode == 0, result


def test_an_installation_may_be_unsigned(trivet, server):
    server.protocol.signs_installation = False
    assert trivet.login(server).returncode == 0


@pytest.mark.parametrize("kind,number,words", [
    ("truncated", 5, "the answer is incomplete"),
    ("dropped", 5, "network"),
    ("466", 4, "signature is required"),
    ("490", 4, "User error"),
    ("491", 5, "491"),
    ("502", 5, "502"),
])
def test_an_answer_that_is_none(logged_in, server, kind, number, words):
    server.protocol.misbehave(kind, "user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == number, result
    assert words in result.stderr


def test_html_in_place_of_json_is_given_as_it_came(logged_in, server):
    server.protocol.misbehave("491", "user")
    result = logged_in("call", "GET", "user")
    assert result.stdout == "<html><body>Maintenance</body></html>"


def test_a_slow_server(logged_in, server):
    server.protocol.misbehave("slow", "user", arg=5)
    started = time.monotonic()
    result = logged_in("call", "GET", "user", "--timeout", "1")
    assert result.returncode == 5 and "too slow" in result.stderr
    assert time.monotonic() - started < 4


def test_a_redirect_is_not_followed(logged_in, server, certificate):
    other = FakeServer(certificate[0])
    server.protocol.misbehave("redirect", "user", arg=other.url + "/user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == 1 and "302" in result.stderr
    assert other.protocol.calls == []
    other.close()


@pytest.mark.parametrize("kind", ["lower-case", "odd-headers", "chunked"])
def test_odd_headers(logged_in, server, kind):
    server.protocol.misbehave(kind, "user")
    result = logged_in("call", "GET", "user", "-i")
    assert result.returncode == 0, result
    if kind == "odd-headers":
        assert "x-colon: a: b: c" in result.stdout


def test_http2(trivet, server, certificate):
    protocol = Protocol()
    h2 = Http2Server(certificate[0], protocol)
    result = trivet.login(h2)
    assert result.returncode == 0, result.stderr
    result = trivet("call", "POST", "echo", "-d", "over two", "-i")
    assert result.stdout.endswith("over two"), result
    assert "x-bunq-server-signature" in result.stdout
    h2.close()


# ---- TLS -------------------------------------------------------------------


@pytest.mark.parametrize("make,words", [
    (lambda a: a.make(names=["elsewhere.example"], ips=[]), "name"),
    (lambda a: a.make(days=-1), "expired"),
])
def test_bad_certificates(trivet, authority, make, words):
    server = FakeServer(make(authority)[0])
    result = trivet.login(server)
    assert result.returncode == 6, result
    assert words in result.stderr
    assert server.protocol.calls == []
    server.close()


def test_an_untrusted_certificate(trivet, tmp_path):
    stranger = Authority(tmp_path, "somebody elses CA")
    server = FakeServer(stranger.make()[0])
    result = trivet.login(server)
    assert result.returncode == 6, result
    assert server.protocol.calls == []
    server.close()


def test_plain_http_is_refused(trivet):
    result = trivet("login", "--url", "http://localhost:1/v1",
                    "--api-key-file", "-", text="sandbox_x")
    assert result.returncode == 2 and "https" in result.stderr


def test_a_wrong_pin_ends_it_and_names_the_key(trivet, server, certificate):
    wrong = "sha256/" + "A" * 43 + "="
    result = trivet.login(server, "--pin", wrong)
    assert result.returncode == 6, result
    assert certificate[1] in result.stderr
    assert server.protocol.calls == []


def test_a_wrong_pin_is_only_told_in_report_mode(trivet, server, certificate):
    wrong = "sha256/" + "A" * 43 + "="
    result = trivet.login(server, "--pin", wrong, "--pin-mode", "report")
    assert result.returncode == 0, result
    assert f"warning: the server's key {certificate[1]}" in result.stderr


def test_pins_are_a_set_with_expiry(trivet, server, certificate):
    wrong = "sha256/" + "A" * 43 + "="
    right = certificate[1]
    result = trivet.login(server, "--pin", wrong, "--pin", right)
    assert result.returncode == 0, result
    assert json.loads(trivet.file.read_text())["trivet"]["pins"] == [
        wrong, right]
    result = trivet.login(server, "--context", "b", "--pin", wrong,
                          "--pin", right + "@2020-01-01")
    assert result.returncode == 6, result
    result = trivet.login(server, "--context", "c",
                          "--pin", right + "@2020-01-01")
    assert result.returncode == 6 and "expired" in result.stderr
    result = trivet.login(server, "--context", "d",
                          "--pin", right + "@2090-01-01")
    assert result.returncode == 0, result


# ---- sessions --------------------------------------------------------------


def test_a_session_that_dies_between_two_calls(logged_in, server):
    assert logged_in("call", "GET", "user").returncode == 0
    server.protocol.kill_sessions()
    result = logged_in("call", "GET", "user")
    assert result.returncode == 0, result
    assert server.protocol.count("/session-server") == 2


@pytest.mark.parametrize("kind", ["401", "403"])
def test_401_and_403_open_one_new_session(logged_in, server, kind):
    server.protocol.misbehave(kind, "user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == 0, result
    assert server.protocol.count("/session-server") == 2
    assert server.protocol.count("/user") == 2


def test_401_again_is_given_back(logged_in, server):
    server.protocol.misbehave("401", "user", times=-1)
    result = logged_in("call", "GET", "user")
    assert result.returncode == 3, result
    assert "Insufficient authorisation." in result.stderr
    assert server.protocol.count("/session-server") == 2
    assert server.protocol.count("/user") == 2


@pytest.mark.parametrize("step", ["installation", "device-server",
                                  "session-server"])
@pytest.mark.parametrize("kind,number", [("401", 4), ("429", 7), ("502", 5),
                                         ("400-key", 4), ("dropped", 5),
                                         ("491", 5)])
def test_trouble_at_a_step_and_the_next_run_goes_on(
        trivet, server, step, kind, number):
    server.protocol.misbehave(kind, step, times=2)
    result = trivet.login(server, "--max-wait", "0")
    assert result.returncode == number, result
    assert server.protocol.api_key not in result.stderr
    server.protocol.faults.clear()
    trivet.forget_limits()
    done = [p for p in ("installation", "device-server", "session-server")
            if p != step]
    result = trivet.login(server)
    assert result.returncode == 0, result
    for path in done:
        assert server.protocol.count("/" + path) == 1, path


def test_credentials_text_is_explained(trivet, server):
    server.protocol.misbehave("400-key", "device-server")
    result = trivet.login(server)
    assert "address is not permitted" in result.stderr


def test_near_its_end_a_session_is_renewed_before_the_call(
        logged_in, server):
    content = json.loads(logged_in.file.read_text())
    soon = time.strftime("%Y-%m-%d %H:%M:%S.000000",
                         time.gmtime(time.time() + 29))
    content["trivet"]["session_expires"] = soon
    logged_in.file.write_text(json.dumps(content))
    server.protocol.calls.clear()
    assert logged_in("call", "GET", "user").returncode == 0
    assert [p for _, p in server.protocol.calls] == [
        "/v1/session-server", "/v1/user"]


def test_two_sessions_are_never_opened_within_30_seconds(logged_in, server):
    server.protocol.kill_sessions()
    assert logged_in("call", "GET", "user").returncode == 0
    content = json.loads(logged_in.file.read_text())
    del content["session_context"]
    logged_in.file.write_text(json.dumps(content))
    result = logged_in("call", "GET", "user", "--max-wait", "2")
    assert result.returncode == 7, result
    assert "again in" in result.stderr
    assert server.protocol.count("/session-server") == 2


def test_a_refusal_in_a_fresh_session_is_given_back(trivet, server):
    assert trivet.login(server).returncode == 0
    for _ in range(2):
        result = trivet("call", "GET", "forbidden")
        assert result.returncode == 3, result
        assert "not allowed to do this" in result.stdout
    assert server.protocol.count("/session-server") == 1


def test_a_refusal_is_kept_when_no_session_may_be_opened(trivet, server):
    assert trivet.login(server).returncode == 0
    trivet.age_session()
    result = trivet("call", "GET", "forbidden", "--max-wait", "2")
    assert result.returncode == 3, result
    assert "not allowed to do this" in result.stdout


@pytest.mark.parametrize("user_type", ["UserPerson", "UserCompany",
                                       "UserApiKey",
                                       "UserPaymentServiceProvider"])
def test_all_kinds_of_users(trivet, server, user_type):
    server.protocol.user_type = user_type
    result = trivet.login(server)
    assert f"({user_type} " in result.stdout, result
    assert trivet("status").returncode == 0


@pytest.mark.parametrize("timeout", [
    0, -1, -10**18, 10**18, 10**30, 1e30, "60", None, [], {}, True, 3600.5])
@pytest.mark.parametrize("user_type", ["UserPerson", "UserApiKey"])
def test_a_session_timeout_that_is_none(trivet, server, user_type, timeout):
    server.protocol.user_type = user_type
    server.protocol.session_timeout = timeout
    result = trivet.login(server)
    assert result.returncode == 0, result
    content = json.loads(trivet.file.read_text())
    form = "%Y-%m-%d %H:%M:%S"
    at = time.strptime(content["trivet"]["session_expires"][:19], form)
    left_s = calendar.timegm(at) - time.time()
    assert 1800 < left_s < 11 * 366 * 86400
    assert trivet("status").returncode == 0
    assert trivet("call", "GET", "user").returncode == 0
    assert server.protocol.count("/session-server") == 1


# ---- the rate limit --------------------------------------------------------


def test_calls_are_spread_before_the_server_objects(logged_in, server):
    started = time.monotonic()
    for _ in range(4):
        assert logged_in("call", "GET", "user").returncode == 0
    assert time.monotonic() - started > 3
    started = time.monotonic()
    result = logged_in("call", "GET", "user/42")  # another endpoint
    assert time.monotonic() - started < 2.9
    for number in range(2):  # ids do not make another endpoint
        logged_in("call", "PUT", f"echo/{number}", "-d", "x")
    result = logged_in("call", "PUT", "echo/9", "-d", "x", "--max-wait", "0")
    assert result.returncode == 7, result


def test_an_unsigned_429_is_waited_out_once(logged_in, server):
    server.protocol.misbehave("429", "user")
    started = time.monotonic()
    result = logged_in("call", "GET", "user")
    assert result.returncode == 0, result
    assert 1 < time.monotonic() - started < 20
    assert server.protocol.count("/user") == 2


def test_a_429_on_session_server_waits_half_a_minute(logged_in, server):
    content = json.loads(logged_in.file.read_text())
    del content["session_context"]
    logged_in.file.write_text(json.dumps(content))
    server.protocol.misbehave("429", "session-server")
    # The text of this server says one second; it is believed.
    result = logged_in("call", "GET", "user", "--max-wait", "2")
    assert result.returncode == 7, result


@pytest.mark.parametrize("key", ["", None])
def test_without_the_servers_key_nothing_is_trusted(logged_in, server, key):
    content = json.loads(logged_in.file.read_text())
    content["installation_context"]["public_key_server"] = key
    logged_in.file.write_text(json.dumps(content))
    server.protocol.misbehave("no-signature", "user")
    server.protocol.calls.clear()
    result = logged_in("call", "GET", "user")
    assert result.returncode == 1, result
    assert "public_key_server" in result.stderr and result.stdout == ""
    assert server.protocol.calls == []
