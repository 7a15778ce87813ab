# SPDX-License-Identifier: Apache-2.0
"""Who may call through trivet proxy, and what"""
import signal

import pytest

from gateway import wait_until
from proxy import assert_refused

TOKEN = "a-token-of-the-callers"


def raw(proxy, text):
    with proxy.socket() as own:
        own.sendall(text.encode("latin-1"))
        return b"".join(iter(lambda: own.recv(65536), b""))


def call(proxy, server, host="localhost", headers=(), method="GET", path="user"):
    """The answer, and whether a call was made."""
    before = len(server.protocol.calls)
    answer = proxy.call(method, path, headers=[("Host", host), *headers], skip_host=True)
    return answer, len(server.protocol.calls) > before


# ---- pages in a browser ----------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8480", "127.0.0.1",
                                  "127.1.2.3:99", "[::1]:8480"])
def test_names_of_this_machine(proxy, server, host):
    answer, made = call(proxy, server, host)
    assert answer.status == 200 and made, answer


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:8480", "localhost.evil.example", "localhost.",
    "127.0.0.1.evil.example", "192.168.1.1", "0.0.0.0", "[::2]", "a.localhost", "127.1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_was_made_to_lead_here(proxy, server, host, method):
    answer, made = call(proxy, server, host, method=method)
    assert_refused(answer, 403, "host-refused", "localhost")
    assert not made


@pytest.mark.parametrize("head", [
    "GET /v1/user HTTP/1.0\r\nConnection: close\r\n",
    "GET http://evil.example/v1/user HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
    "GET http://localhost/v1/user HTTP/1.1\r\nHost: evil.example\r\n"
    "Connection: close\r\n",
])
def test_no_host_or_two(proxy, server, head):
    before = len(server.protocol.calls)
    data = raw(proxy, head + "\r\n")
    assert b" 403 " in data.partition(b"\r\n")[0], data
    assert b"Trivet-Reason: host-refused" in data
    assert len(server.protocol.calls) == before


def test_a_whole_url_of_this_machine(proxy, server):
    data = raw(proxy, "GET http://localhost/v1/user HTTP/1.1\r\nHost: localhost\r\n"
                      "Connection: close\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 200 "), data


@pytest.mark.parametrize("headers", [
    [("Origin", "https://evil.example")], [("Origin", "null")],
    [("Origin", "http://localhost:3000")], [("Origin", "http://localhost.evil.example")],
    [("Origin", "http://localhost"), ("Origin", "https://evil.example")],
    [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")],
    [("Sec-Fetch-Site", "none"), ("sec-fetch-site", "cross-site")], [("Origin", "")]])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_site(proxy, server, headers, method):
    answer, made = call(proxy, server, headers=headers, method=method)
    assert_refused(answer, 403, "origin-refused")
    assert not made
    assert not [n for n, _ in answer.headers if n.lower().startswith("access-control")]


@pytest.mark.parametrize("headers", [
    [], [("Origin", "http://localhost")], [("Sec-Fetch-Site", "same-origin")],
    [("Sec-Fetch-Site", "none")]])
def test_programs_and_ones_own(proxy, server, headers):
    answer, made = call(proxy, server, headers=headers)
    assert answer.status == 200 and made, answer


# ---- what may be called ----------------------------------------------------------


def test_read_only(proxy_of, caller, server):
    proxy = proxy_of(caller, "--read-only")
    for method in ("GET", "HEAD"):
        assert proxy.call(method, "user").status == 200
    before = len(server.protocol.calls)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert_refused(proxy.call(method, "payment", b"{}"), 403, "not-allowed")
    assert len(server.protocol.calls) == before


def test_rules(proxy_of, caller, server):
    proxy = proxy_of(caller, "--allow", "GET:/v1/user", "--allow", "POST:/v1/user/*/x/**")
    assert proxy.get("user?count=1").status == 200
    assert proxy.post("user/1/x/2/3").status == 200
    before = len(server.protocol.calls)
    for method, path in (("GET", "user/1"), ("POST", "user"), ("GET", "users"),
                         ("POST", "user/1/y"), ("POST", "user/1/2/x"),
                         ("GET", "user/../payment"), ("GET", "/v1//user"),
                         ("GET", "us%65r"), ("POST", "user/1/x/%2e%2e/%2e%2e/y"),
                         ("DELETE", "session/1")):
        assert_refused(proxy.call(method, path), 403, "not-allowed")
    assert len(server.protocol.calls) == before


@pytest.mark.parametrize("rule", ["GET", "get:/v1/x", "GET:/x", "GET:/v1/a b",
                                  'GET:/v1/";', "GET:/v1/**/x"])
def test_a_rule_that_is_none(caller, rule):
    done = caller("proxy", "--listen", "127.0.0.1:0", "--allow", rule)
    assert done.returncode == 2 and "--allow" in done.stderr, done


# ---- a token ---------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN + "\n")
    return path


def test_a_token(proxy_of, caller, server, token_file):
    proxy = proxy_of(caller, "--auth-token-file", token_file)
    good = ("Authorization", f"Bearer {TOKEN}")
    assert proxy.get("user", good).status == 200
    assert "authorization" not in server.protocol.requests[-1][2]
    before = len(server.protocol.calls)
    for headers in ([], [("Authorization", f"Bearer {TOKEN}x")],
                    [("Authorization", f"Bearer {TOKEN[:-1]}")],
                    [("Authorization", TOKEN)], [("Authorization", "Basic eDp5")]):
        answer = proxy.get("user", *headers)
        assert_refused(answer, 401, "token-wrong")
        assert answer.header("WWW-Authenticate") == "Bearer"
    for headers in ([good, ("Authorization", "Bearer x")],
                    [("Authorization", "Bearer x"), good]):
        assert_refused(proxy.get("user", *headers), 400, "bad-request")
    assert len(server.protocol.calls) == before
    for path in proxy.data.rglob("*"):
        assert not path.is_file() or TOKEN not in path.read_text()
    for text in proxy.nginx().values():
        assert TOKEN not in text


def test_a_token_is_changed_by_sighup(proxy_of, caller, token_file):
    proxy = proxy_of(caller, "--auth-token-file", token_file)
    token_file.write_text("another-token-of-callers")
    assert proxy.get("user", ("Authorization", f"Bearer {TOKEN}")).status == 200
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "reload: done" in proxy.stderr())
    assert proxy.get("user", ("Authorization", f"Bearer {TOKEN}")).status == 401
    assert proxy.get(
        "user", ("Authorization", "Bearer another-token-of-callers")).status == 200


@pytest.mark.parametrize("text,mode,words", [
    ("short", 0o600, "16 to 512"), ("with a blank in it", 0o600, "16 to 512"),
    ("", 0o600, "16 to 512"), (TOKEN, 0o644, "chmod"), ("x" * 513, 0o600, "16 to 512"),
    (None, 0, "No such file")])
def test_a_token_file_that_is_none(caller, tmp_path, text, mode, words):
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    done = caller("proxy", "--listen", "127.0.0.1:0", "--auth-token-file", path)
    assert done.returncode == 2 and words in done.stderr, done
    assert TOKEN not in done.stderr
