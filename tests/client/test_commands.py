# SPDX-License-Identifier: Apache-2.0
"""The commands, against a server that behaves."""
import json
import os
import re
import shutil
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from fake_server import Proxy, pin_of, sign
from terminal import on_a_terminal


def test_login_tells_the_steps_and_who_one_is(trivet, server):
    result = trivet.login(server)
    assert result.returncode == 0, result.stderr
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "making a key pair", "installation", "device-server",
        "session-server"]
    assert "J\u00f8rgen Test (UserPerson 42)" in result.stdout
    assert "session until 20" in result.stdout
    assert [p for _, p in server.protocol.calls] == [
        "/v1/installation", "/v1/device-server", "/v1/session-server"]


def test_login_again_does_nothing(logged_in, server):
    server.protocol.calls.clear()
    result = logged_in.login(server)
    assert result.returncode == 0, result.stderr
    assert server.protocol.calls == []


def test_files_have_mode_0600(logged_in):
    for path in logged_in.file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(logged_in.file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_refused(logged_in):
    logged_in.file.chmod(0o640)
    result = logged_in("call", "GET", "user")
    assert result.returncode == 2
    assert "mode 0640" in result.stderr and "chmod 600" in result.stderr


def test_the_key_is_read_from_where_it_lies(trivet, server, tmp_path):
    key = server.protocol.api_key
    file = tmp_path / "key"
    file.write_text(key + "\n")
    file.chmod(0o600)
    folder = tmp_path / "credentials"
    folder.mkdir()
    shutil.copy(file, folder / "trivet-api-key")
    (folder / "trivet-api-key").chmod(0o440)
    base = ["login", "--url", server.url, "--ca", trivet.ca]
    ways = {
        "file": (["--api-key-file", file], {}),
        "env": ([], {"TRIVET_API_KEY": key}),
        "env-file": ([], {"TRIVET_API_KEY_FILE": str(file)}),
        "systemd": ([], {"CREDENTIALS_DIRECTORY": str(folder)}),
    }
    for name, (arguments, environment) in ways.items():
        result = trivet(*base, "--context", name, *arguments, env=environment)
        assert result.returncode == 0, (name, result.stderr)
        assert key not in result.stdout + result.stderr

    file.chmod(0o644)
    result = trivet(*base, "--context", "loose", "--api-key-file", file)
    assert result.returncode == 2 and "chmod" in result.stderr

    result = trivet(*base, "--context", "none")
    assert result.returncode == 8 and "no API key" in result.stderr


@pytest.mark.parametrize("before,after", [
    ('"', '"'), ("'", "'"), ("", "\r\n"), ("  \"", "\"\n"), ("", "")])
def test_quotes_around_a_key_are_taken_off(trivet, server, before, after):
    key = server.protocol.api_key
    result = trivet("login", "--url", server.url, "--ca", trivet.ca,
                    env={"TRIVET_API_KEY": before + key + after})
    assert result.returncode == 0, result
    assert json.loads(trivet.file.read_text())["api_key"] == key


@pytest.mark.parametrize("before,after,words", [
    ('"', "", "quotation mark"), ("", "'", "quotation mark"),
    ('"', "'", "quotation mark"), ("''", "''", "quotation mark"),
    ("TRIVET_API_KEY=", "", "behind the ="),
    ('export TRIVET_API_KEY="', '"', "behind the ="),
])
def test_what_is_around_a_key_is_told(trivet, server, before, after, words):
    key = server.protocol.api_key
    result = trivet("login", "--url", server.url, "--ca", trivet.ca,
                    env={"TRIVET_API_KEY": before + key + after})
    assert result.returncode == 2 and words in result.stderr, result
    assert key not in result.stderr and server.protocol.calls == []


def test_a_new_sandbox_user(trivet, server):
    result = trivet("login", "--url", server.url, "--ca", trivet.ca,
                    "--new-sandbox-user")
    assert result.returncode == 0, result.stderr
    assert server.protocol.count("/sandbox-user-person") == 1
    method, path, headers, body = server.protocol.requests[0]
    assert body == b"" and "x-bunq-client-authentication" not in headers


def test_permitted_ips_and_description_are_sent(trivet, server):
    result = trivet.login(server, "--permitted-ip", "10.0.0.1",
                          "--permitted-ip", "*", "--description", "caf\u00e9")
    assert result.returncode == 0, result.stderr
    body = json.loads(next(b for _, p, _, b in server.protocol.requests
                           if p.endswith("/device-server")))
    assert body["permitted_ips"] == ["10.0.0.1", "*"]
    assert body["description"] == "caf\u00e9"
    result = trivet.login(server, "--permitted-ip", "nonsense",
                          "--context", "b")
    assert result.returncode == 2 and "nonsense" in result.stderr


def test_status_in_words_and_json(logged_in, server):
    result = logged_in("status")
    assert result.returncode == 0
    assert "alive" in result.stdout and "\033" not in result.stdout
    status = json.loads(logged_in("status", "--json").stdout)
    assert status["alive"] is True and status["user_id"] == 42
    assert status["url"] == server.url

    server.protocol.kill_sessions()
    assert logged_in("status").returncode == 0  # the clock does not know
    assert logged_in("status", "--check").returncode == 3
    assert server.protocol.count("/session-server") == 1


def test_status_without_a_context(trivet):
    result = trivet("status")
    assert result.returncode == 3 and "trivet login" in result.stderr


def test_status_watch_ends_with_the_session(trivet, certificate):
    from fake_server import FakeServer, Protocol
    server = FakeServer(certificate[0], Protocol(session_timeout=8))
    assert trivet.login(server).returncode == 0
    result = trivet("status", "--watch=1", timeout=40)
    assert result.returncode == 3
    assert result.stdout.count("session   alive") >= 1
    assert "session   ended" in result.stdout.splitlines()[-1]
    server.close()


def test_call_prints_the_body_as_it_came(logged_in):
    body = b'{"a":  "\\u00e9",\r\n "b": "\x01\x00\xff"}'
    result = logged_in("call", "POST", "echo", "-d", "-", text=body)
    assert result.returncode == 0, result.stderr
    assert result.stdout == body


def test_call_takes_its_body_from_a_file(logged_in, tmp_path):
    (tmp_path / "body").write_bytes(bytes(range(256)) * 100)
    result = logged_in("call", "put", "/v1/echo", "-d",
                       f"@{tmp_path / 'body'}", text=b"")
    assert result.returncode == 0, result.stderr
    assert result.stdout == bytes(range(256)) * 100


def test_bodies_may_be_long(logged_in, server, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 4096)
    result = logged_in("call", "POST", "count", "-d", f"@{body}")
    assert result.returncode == 0, result
    assert server.protocol.requests[-1][3] == body.read_bytes()
    signature = logged_in("sign", text=body.read_bytes()).stdout.decode()
    assert logged_in("verify", "--request", "-s", signature.strip(),
                     text=body.read_bytes()).returncode == 0
    with body.open("ab") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    result = logged_in("call", "POST", "count", "-d", f"@{body}")
    assert result.returncode == 2 and "16777216" in result.stderr


def test_call_sends_headers_and_shows_them(logged_in, server):
    result = logged_in("call", "GET", "user", "-i", "-H", "X-Own: yes",
                       "-H", "User-Agent: mine")
    assert result.stdout.startswith("HTTP 200\n")
    assert "X-Bunq-Server-Signature: " in result.stdout
    headers = server.protocol.requests[-1][2]
    assert headers["x-own"] == "yes" and headers["user-agent"] == "mine"
    for refused in ("X-Bunq-Client-Signature: x", "A b: c",
                    "X-Bunq-Client-Authentication: x", "content-length: 1",
                    "Transfer-Encoding: chunked", "A: b\r\nC: d"):
        assert logged_in("call", "GET", "user",
                         "-H", refused).returncode == 2, refused


def test_what_cannot_be_a_call(logged_in, server):
    server.protocol.calls.clear()
    for method, path in (("HEAD", "user"), ("GET /x", "user"), ("G\r\nX:", "a"),
                         ("GET", "a b"), ("GET", "a\r\nb"), ("GET", "a#b"),
                         ("GET", "x" * 5000), ("", "user")):
        result = logged_in("call", method, path)
        assert result.returncode == 2, (method, path, result)
    assert server.protocol.calls == []


def test_every_call_is_signed_over_the_bytes_sent(logged_in, server):
    key = serialization.load_pem_private_key(
        json.loads(logged_in.file.read_text())["installation_context"]
        ["private_key_client"].encode(), None)
    logged_in("call", "POST", "echo", "-d", '{ "a" : 1 }\n')
    logged_in("call", "DELETE", "thing/1")
    for method, path, headers, body in server.protocol.requests[1:]:
        assert headers["x-bunq-client-signature"] == sign(key, body), path


def test_verbose_leaves_secrets_out(trivet, server):
    first = trivet.login(server, "-v")
    result = trivet("call", "-v", "POST", "echo", "-d", "hello")
    shown = first.stderr + first.stdout + result.stderr + result.stdout
    content = json.loads(trivet.file.read_text())
    assert "> POST https://" in result.stderr and "< 200" in result.stderr
    assert "[left out]" in result.stderr
    for secret in (server.protocol.api_key,
                   content["session_context"]["token"],
                   content["installation_context"]["token"]):
        assert secret not in shown


def test_verbose_leaves_cookies_out(logged_in, server):
    result = logged_in("call", "-v", "GET", "user", "-H", "Cookie: geheim",
                       "-H", "proxy-authorization: Basic geheim", "-H",
                       "X-Empty:  ")
    assert result.returncode == 0, result
    assert "geheim" not in result.stderr
    assert server.protocol.requests[-1][2]["cookie"] == "geheim"
    assert server.protocol.requests[-1][2]["x-empty"] == ""


def test_paths_are_sent_as_they_are(logged_in, server):
    logged_in("call", "GET", "a/../user/./b")
    assert server.protocol.calls[-1] == ("GET", "/v1/a/../user/./b")


def test_print_curl_works_with_curl(logged_in, server):
    result = logged_in("call", "POST", "echo", "-d", "it's {\"a\": 1}",
                       "--print-curl")
    token = json.loads(logged_in.file.read_text())["session_context"]["token"]
    assert token not in result.stdout
    server.protocol.calls.clear()
    ran = subprocess.run(
        ["sh", "-c", result.stdout.replace("curl ", "curl -s ", 1)],
        env={**os.environ, "TOKEN": token,
             "CURL_CA_BUNDLE": str(logged_in.ca)},
        capture_output=True, text=True)
    assert ran.stdout == "it's {\"a\": 1}", ran.stderr


@pytest.mark.parametrize("body", ["@/etc/hostname", "it's\n", "-x"])
def test_print_curl_quotes_everything(logged_in, server, tmp_path, body):
    (tmp_path / "body").write_text(body)
    result = logged_in("call", "POST", "echo/it's?x=[1]", "-d",
                       f"@{tmp_path / 'body'}", "-H", "content-type: x/y",
                       "-H", "X-Long: " + "it's" * 500, "--print-curl")
    assert result.returncode == 0, result
    token = json.loads(logged_in.file.read_text())["session_context"]["token"]
    ran = subprocess.run(
        ["sh", "-c", result.stdout.replace("curl ", "curl -s ", 1)],
        env={**os.environ, "TOKEN": token}, capture_output=True, text=True)
    assert ran.stdout == body, ran
    _, path, headers, _ = server.protocol.requests[-1]
    assert path.endswith("/echo/it's?x=[1]")
    assert headers["x-long"] == "it's" * 500
    assert headers["content-type"] == "x/y"
    result = logged_in("call", "POST", "echo", "-d", "-", "--print-curl",
                       text=b"a\x00b")
    assert result.returncode == 2, result


def test_a_session_that_cannot_be_written_down_is_used(logged_in, server):
    content = json.loads(logged_in.file.read_text())
    del content["session_context"]
    logged_in.file.write_text(json.dumps(content))
    logged_in.file.with_name("default.json.tmp").mkdir()
    result = logged_in("call", "GET", "user")
    assert result.returncode == 0, result
    assert "cannot be stored" in result.stderr


def test_logout_ends_the_session_and_keeps_the_device(logged_in, server):
    assert logged_in("logout").returncode == 0
    assert server.protocol.sessions == {}
    assert logged_in("status").returncode == 3
    assert logged_in("call", "GET", "user", "--no-renew").returncode == 3
    assert logged_in("logout").returncode == 0
    logged_in.forget_limits()
    assert logged_in.login(server).returncode == 0
    assert server.protocol.count("/installation") == 1
    assert server.protocol.count("/device-server") == 1


def test_exit_numbers_of_refusals(logged_in, server):
    for kind, number in (("466", 4), ("490", 4), ("491", 5), ("502", 5),
                         ("429", 7)):
        server.protocol.misbehave(kind, "user", times=2)
        result = logged_in("call", "GET", "user", "--no-throttle")
        assert result.returncode == number, (kind, result)
        server.protocol.faults.clear()


def test_an_explained_refusal(logged_in, server):
    server.protocol.misbehave("400-explained", "user")
    result = logged_in("call", "GET", "user")
    assert result.returncode == 4
    assert result.stderr.splitlines()[-2:] == [
        "trivet: the server answered 400: The request signature is invalid.",
        "trivet: Sent\\u001b[1m with one.\\n"]


def rows(result):
    """The words of each line of a table."""
    assert result.returncode == 0, result
    return [line.split() for line in result.stdout.splitlines()]


def test_ip_list_add_disable(logged_in, server):
    assert logged_in("ip", "add", "10.1.2.3").returncode == 0
    assert rows(logged_in("ip", "list")) == [
        ["IP", "STATUS", "CREDENTIAL", "ID"], ["10.1.2.3", "ACTIVE", "3", "1"]]
    logged_in.forget_limits()
    assert logged_in("ip", "disable", "10.1.2.3").returncode == 0
    logged_in.forget_limits()
    assert json.loads(logged_in("ip", "list", "--json").stdout) == [
        {"ip": "10.1.2.3", "status": "INACTIVE", "credential_id": 3, "id": 1}]
    logged_in.forget_limits()
    assert logged_in("ip", "disable", "10.9.9.9").returncode == 8
    assert logged_in("ip", "add", "nonsense").returncode == 2


def test_lists_are_shown_to_their_last_page(logged_in, server):
    server.protocol.ips = {
        n: {"ip": f"10.1.{n // 256}.{n % 256}", "status": "ACTIVE"}
        for n in range(1, 451)}
    lines = logged_in("ip", "list").stdout.splitlines()
    assert len([line for line in lines if "10.1." in line]) == 450
    assert logged_in("ip", "disable", "10.1.0.1", "--no-throttle").returncode == 0
    assert server.protocol.ips[1]["status"] == "INACTIVE"


def test_a_list_without_an_end_is_given_up(logged_in, server):
    """A server whose older pages are this page again."""
    server.protocol.ips = {1: {"ip": "10.1.0.1", "status": "ACTIVE"}}
    server.protocol.is_endless = True
    assert "10.1.0.1" in logged_in("ip", "list", "--no-throttle").stdout


def test_ip_disable_compares_addresses(logged_in, server):
    server.protocol.ips = {1: {"ip": "2001:db8::1", "status": "ACTIVE"}}
    assert logged_in("ip", "disable", "2001:DB8:0::1").returncode == 0
    assert server.protocol.ips[1]["status"] == "INACTIVE"


@pytest.mark.parametrize("arguments", [
    "pins learn --env staging", "pins check --env sandbox --url https://x/v1",
    "login --new-sandbox-user=compny",
    "login --env sandbox --url https://x/v1",
    "status --watch=99999999999x", "status --watch=0",
    "ip list --credential abc", "call GET user --timeout -1"])
def test_what_is_no_option(trivet, arguments):
    result = trivet(*arguments.split())
    assert result.returncode == 2, result
    assert "--help" in result.stderr


def test_device_list(logged_in):
    assert logged_in("device", "list").stdout.splitlines() == [
        "ID  STATUS  IP         CREATED                  DESCRIPTION",
        "7   ACTIVE  127.0.0.1  2026-01-01 00:00:00 UTC  a test"]
    assert json.loads(logged_in("device", "list", "--json").stdout) == [
        {"id": 7, "status": "ACTIVE", "ip": "127.0.0.1",
         "created": "2026-01-01T00:00:00.000000Z", "description": "a test"}]


def test_several_contexts(trivet, server):
    for name in ("a", "b"):
        assert trivet.login(server, "--context", name).returncode == 0
    lines = trivet("list").stdout.splitlines()
    assert [line[:3] for line in lines] == ["  N", "* a", "  b"]
    listed = json.loads(trivet("list", "--json").stdout)
    assert [(row["name"], row["current"], row["session"], row["error"])
            for row in listed] == [
        ("a", True, "alive", None), ("b", False, "alive", None)]
    assert re.fullmatch(r"[0-9-]{10}T[0-9:.]{15}Z", listed[0]["expires"])
    assert trivet("use", "b").returncode == 0
    assert "* b" in trivet("list").stdout
    assert "contexts/b.json" in trivet("status").stdout
    assert "contexts/a.json" in trivet(
        "status", env={"TRIVET_CONTEXT": "a"}).stdout
    assert trivet("use", "c").returncode == 3
    assert trivet("use", "../c").returncode == 2


def test_another_key_or_environment_is_told_and_not_mixed(logged_in, server):
    before = logged_in.file.read_bytes()
    result = logged_in("login", "--url", server.url, "--api-key-file", "-",
                       text="sandbox_other")
    assert result.returncode == 9 and "another API key" in result.stderr
    result = logged_in("login", "--url", "https://other.example/v1")
    assert result.returncode == 9 and "other.example" in result.stderr
    result = logged_in("login", "--env", "production")
    assert result.returncode == 9 and "api.bunq.com" in result.stderr
    assert logged_in.file.read_bytes() == before


def test_a_key_of_the_other_environment_is_not_even_sent(trivet):
    result = trivet("login", "--env", "production", "--api-key-file", "-",
                    text="sandbox_abc")
    assert result.returncode == 9 and "key of the sandbox" in result.stderr
    result = trivet("login", "--env", "sandbox", "--api-key-file", "-",
                    text="abc", env={"TRIVET_CONTEXT": "b"})
    assert result.returncode == 9 and "begin with sandbox_" in result.stderr


def test_login_new_starts_over(logged_in, server):
    server.protocol.installations.clear()  # as a sandbox reset does
    server.protocol.sessions.clear()
    result = logged_in("call", "GET", "user")
    assert result.returncode == 4 and "login --new" in result.stderr
    logged_in.forget_limits()
    result = logged_in("login", "--new")  # it knows the rest
    assert result.returncode == 0, result.stderr
    assert logged_in("call", "GET", "user").returncode == 0


def test_login_new_takes_no_key_to_another_server(logged_in, certificate):
    from fake_server import FakeServer
    other = FakeServer(certificate[0])
    result = logged_in("login", "--new", "--url", other.url)
    assert result.returncode == 8 and "API key" in result.stderr
    assert logged_in("status").returncode == 0  # nothing was changed
    logged_in.forget_limits()
    result = logged_in.login(other, "--new")
    assert result.returncode == 0, result.stderr
    other.close()


def test_late_permitted_ips_are_not_dropped_in_silence(logged_in, server):
    result = logged_in.login(server, "--permitted-ip", "10.0.0.1")
    assert result.returncode == 0
    assert "trivet ip" in result.stderr


def test_the_servers_text_cannot_drive_the_terminal(trivet, server):
    server.protocol.user_name = "\u00c9va\x1b[2J\u009b31m\x7f"
    server.protocol.headers = [("X-Evil", "a\x1b[2Jb")]
    shown = trivet.login(server, "-v")
    assert "as \u00c9va\\u001b[2J\\u009b31m\\u007f (UserPerson" in shown.stdout
    assert "X-Evil: a\\u001b[2Jb" in shown.stderr
    server.protocol.ips = {1: {"ip": "10.0.0.1\x1b[2J", "status": "\x1b"}}
    for command in ("status", "doctor", "ip list"):
        result = trivet(*command.split())
        assert result.stdout and "\x1b" not in result.stdout, command
        assert "\\u001b" in result.stdout, command


def test_pins_learn_check_clear(logged_in, certificate):
    assert logged_in("pins", "check").returncode == 6
    result = logged_in("pins", "learn", "--expires", "2099-01-01")
    assert result.stdout == certificate[1] + "@2099-01-01\n"
    assert logged_in("pins", "check").returncode == 0
    assert logged_in("call", "GET", "user").returncode == 0
    assert "is pinned" in logged_in("doctor").stdout
    assert logged_in("pins", "clear").returncode == 0
    assert logged_in("pins", "check").returncode == 6


def test_pins_learn_changes_mode_and_expiry(logged_in, certificate):
    def own():
        return json.loads(logged_in.file.read_text())["trivet"]

    assert logged_in("pins", "learn", "--pin-mode",
                     "report").returncode == 0
    assert own()["pin_mode"] == "report"
    assert logged_in("pins", "learn").returncode == 0
    assert own()["pin_mode"] == "report"
    assert logged_in("pins", "learn", "--pin-mode", "enforce", "--expires",
                     "2099-01-01").returncode == 0
    assert own()["pin_mode"] == "enforce"
    assert own()["pins"] == [certificate[1] + "@2099-01-01"]


def test_a_given_pin_mode_holds_for_the_files_pins(logged_in):
    content = json.loads(logged_in.file.read_text())
    content["trivet"]["pins"] = ["sha256/" + "A" * 43 + "="]
    content["trivet"]["pin_mode"] = "report"
    logged_in.file.write_text(json.dumps(content))
    assert logged_in("call", "GET", "user").returncode == 0
    result = logged_in("call", "GET", "user", "--pin-mode", "enforce")
    assert result.returncode == 6, result


def test_sign_and_verify(logged_in, server, tmp_path):
    body = b"some bytes\x00\n"
    result = logged_in("sign", text=body)
    signature = result.stdout.decode().strip()
    key = serialization.load_pem_private_key(
        json.loads(logged_in.file.read_text())["installation_context"]
        ["private_key_client"].encode(), None)
    assert signature == sign(key, body)

    theirs = sign(server.protocol.key, body)
    assert logged_in("verify", "-s", theirs, text=body).returncode == 0
    assert logged_in("verify", "-s", theirs, text=b"x").returncode == 6
    assert logged_in("verify", "--request", "-s", signature,
                     text=body).returncode == 0


def test_keygen(trivet, tmp_path):
    file = tmp_path / "key.pem"
    result = trivet("keygen", file)
    assert result.returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    private = serialization.load_pem_private_key(file.read_bytes(), None)
    public = serialization.load_pem_public_key(result.stdout.encode())
    assert private.key_size == 2048
    assert pin_of(private.public_key()) == pin_of(public)
    assert trivet("keygen", file).returncode == 9
    assert trivet("keygen", "--public", file).stdout == result.stdout
    result = trivet("sign", "-k", file, text="hello")
    assert result.stdout.strip() == sign(private, b"hello")


@pytest.mark.parametrize("command", [
    "login", "status", "call", "logout", "ip", "device list", "sign", "verify",
    "explain", "doctor", "keygen", "pins", "list", "use", "import", "export"])
def test_help_and_usage(trivet, command):
    result = trivet(*command.split(), "--help")
    assert result.returncode == 0 and f"trivet {command}" in result.stdout
    assert trivet(*command.split(), "--no-such-option").returncode == 2


def test_a_proxy(trivet, server):
    proxy = Proxy()
    result = trivet.login(server, "--proxy", proxy.url,
                          env={"NO_PROXY": "localhost"})
    assert result.returncode == 0, result.stderr
    assert len(proxy.connects) >= 3
    assert trivet("call", "GET", "user").returncode == 0  # remembered
    assert len(proxy.connects) >= 4
    content = json.loads(trivet.file.read_text())
    assert content["proxy"] == content["proxy_url"] == proxy.url
    proxy.close()
    assert trivet("call", "GET", "user").returncode == 5


def test_no_proxy_is_taken_from_the_environment(logged_in):
    result = logged_in("call", "GET", "user", env={
        "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
    assert result.returncode == 0, result.stderr


def test_colours_are_for_terminals(logged_in):
    assert "\033[32malive" in on_a_terminal(logged_in, "status")
    assert "\033" not in on_a_terminal(logged_in, "status",
                                       env={"NO_COLOR": "1"})
    assert "\033" not in on_a_terminal(logged_in, "status",
                                       env={"TERM": "dumb"})


def test_a_terminal_is_told_of_waiting(logged_in):
    shown = ""
    for _ in range(5):  # three calls may take three seconds on a busy machine
        calls = [logged_in.start("call", "GET", "user") for _ in range(3)]
        for call in calls:
            assert call.wait(60) == 0
        shown = on_a_terminal(logged_in, "call", "GET", "user")
        if "waiting " in shown:
            break
    assert "waiting " in shown and "3 per 3 s" in shown
    assert "waiting" not in on_a_terminal(
        logged_in, "call", "POST", "echo", "-q")
