# SPDX-License-Identifier: Apache-2.0
"""The console lets in who has a token, from this machine's own names, and takes
changes from no page but its own"""
import http.client
import os
import socket
import ssl
import stat
import subprocess
import time

import pytest

import bunq
from console import Console, console_site, link, options
from gateway import BUILD, free_port, listening_sockets, run, wait_until

ASIDE = {"X-Trivet-Console": "1"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with console_site(tmp_path_factory.mktemp("site")) as gateway:
        yield gateway


@pytest.fixture
def stranger(site):
    return Console(site, site.console_port, None)


@pytest.fixture
def console(site):
    return Console(site, site.console_port)


# ---- where it listens ------------------------------------------------------------


def test_it_is_off_unless_it_is_asked_for(serve, upstream):
    gateway = serve("--upstream", upstream.url)
    assert len(listening_sockets(gateway.processes())) == 1
    assert not (gateway.data / "console.tokens").exists()
    done = run("console", "--data", gateway.data)
    assert done.returncode > 0 and "--console" in done.stderr


def test_no_link_to_a_gateway_that_has_ended(serve):
    _, option = options()
    gateway = serve(option)
    url, token = link(gateway)
    assert gateway.stop() == 0
    for role in ("view", "operate"):
        done = run("console", "--data", gateway.data, "--role", role)
        assert done.returncode > 0 and "no gateway runs there" in done.stderr
        assert token not in done.stdout + done.stderr
    gateway.start()
    assert link(gateway)[1] != token


def test_a_cookie_alone_lets_nobody_in(site, console):
    """Browsers send it to other ports of this machine, too."""
    key = console.http.headers.pop("X-Trivet-Console-Key")
    for fields in ({}, {"X-Trivet-Console-Key": ""}, {"X-Trivet-Console-Key": key[:-1]},
                   {"X-Trivet-Console-Key": "0" * 64},
                   {"X-Trivet-Console-Key": "x" * 2000},
                   {"X-Trivet-Console-Key": key + " "  + key}):
        for path in ("/api/login", "/api/user", "/api/metrics"):
            assert console.ask("GET", path, headers=fields).status_code == 401, fields
    right = {"X-Trivet-Console-Key": key}
    assert console.ask("GET", "/api/user", headers=right).status_code == 200
    assert console.rows(console.ask("GET", "/api/login", headers=right))[0]["page_key"] is None
    console.http.cookies.clear()
    assert console.ask("GET", "/api/user", headers=right).status_code == 401


def test_the_key_of_one_login_is_not_for_another(site):
    one, other = (Console(site, site.console_port) for _ in range(2))
    mixed = {"X-Trivet-Console-Key": other.http.headers["X-Trivet-Console-Key"]}
    assert one.ask("GET", "/api/user", headers=mixed).status_code == 401
    assert one.ask("GET", "/api/user").status_code == 200


def test_it_listens_here_alone(site):
    found = listening_sockets(site.processes())
    assert ("0100007F", site.console_port) in found
    assert not any(address == "00000000" for address, _ in found)


@pytest.mark.parametrize("where", [
    "0.0.0.0:8444", "192.0.2.1:8444", "localhost:8444", "8444", "127.0.0.1",
    "127.0.0.1:0", "127.0.0.1:70000", "[::]:8444", "unix:", "unix:here",
    "unix:/a\"b", "127.0.0.1:8444;"])
def test_other_places_are_refused(tmp_path, where):
    done = run("serve", "--data", tmp_path / "data", "--port", 0,
               f"--console={where}", "--print-config")
    assert done.returncode == 2 and "--console" in done.stderr


def test_on_a_socket(serve, tmp_path):
    path = tmp_path / "console.sock"
    gateway = serve(f"--console=unix:{path}")
    _, token = link(gateway)
    context = ssl.create_default_context(cafile=str(gateway.ca))
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(path))
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            body = b'{"token":"%s"}' % token.encode()
            tls.sendall(b"POST /api/login HTTP/1.1\r\nHost: localhost\r\n"
                        b"X-Trivet-Console: 1\r\nConnection: close\r\n"
                        b"Content-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            answer = b"".join(iter(lambda: tls.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200") and b'"operate"' in answer


# ---- names in Host ---------------------------------------------------------------


@pytest.mark.parametrize("host, is_ours", [
    ("localhost", True), ("127.0.0.1", True), ("[::1]", True),
    ("LOCALHOST:1", True), ("evil.example", False), ("localhost.evil.example", False),
    ("127.0.0.1.evil.example", False), ("127.0.0.2", False), ("0.0.0.0", False),
    ("a.localhost", False), ("127.1", False), ("2130706433", False)])
@pytest.mark.parametrize("path", ["/", "/api/login", "/api/user"])
def test_names_of_this_machine_alone(stranger, host, is_ours, path):
    answer = stranger.ask("GET", path, headers={"Host": host})
    assert (answer.status_code != 421) == is_ours, answer.text


# ---- tokens ----------------------------------------------------------------------


def test_nothing_without_a_login(stranger):
    for path in ("/api/user", "/api/audit", "/api/login", "/api/sandbox/clock"):
        assert stranger.ask("GET", path).status_code == 401
    for method, path in (("POST", "/api/user"), ("DELETE", "/api/key/1"),
                         ("POST", "/api/sandbox/reset")):
        assert stranger.ask(method, path, {}).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "0" * 63, "é" * 64, "x" * 300])
def test_another_token_lets_nobody_in(stranger, token):
    answer = stranger.log_in(token)
    assert answer.status_code == 401 and "Set-Cookie" not in answer.headers
    assert stranger.ask("GET", "/api/user").status_code == 401


@pytest.mark.parametrize("body", [{}, {"token": 1}, {"token": None}, [],
                                  {"token": "x", "more": 1}])
def test_a_login_has_a_token_and_nothing_else(stranger, body):
    assert stranger.ask("POST", "/api/login", body).status_code == 400


def test_the_cookie_is_kept_from_scripts_and_sites(site, stranger):
    _, token = link(site)
    answer = stranger.log_in(token)
    parts = [part.strip() for part in answer.headers["Set-Cookie"].split(";")]
    assert parts[0].startswith(f"__Host-trivet-{site.console_port}=")
    assert set(parts[1:]) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert token not in answer.text and token not in parts[0]


def test_the_tokens_are_the_owners_alone(site):
    path = site.data / "console.tokens"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    _, token = link(site)
    assert token in path.read_text()
    for name in ("access.log", "console.log", "error.log"):
        assert token not in site.log(name)


def test_a_file_that_others_may_read_lets_nobody_in(site, stranger):
    path = site.data / "console.tokens"
    _, token = link(site)
    os.chmod(path, 0o644)
    try:
        assert stranger.log_in(token).status_code == 503
    finally:
        os.chmod(path, 0o600)
    assert stranger.log_in(token).status_code == 200


def test_a_start_makes_others(serve):
    port, option = options()
    gateway = serve(option, name="data")
    _, before = link(gateway)
    console = Console(gateway, port)
    gateway.stop()
    again = serve(option, name="data")
    assert console.ask("GET", "/api/user").status_code == 401
    assert console.log_in(before).status_code == 401
    assert console.log_in(link(again)[1]).status_code == 200


def test_out_is_out(console):
    cookie = dict(console.http.cookies)
    assert console.ask("DELETE", "/api/login").status_code == 200
    console.http.cookies.update(cookie)
    assert console.ask("GET", "/api/user").status_code == 401


# ---- roles -----------------------------------------------------------------------


def test_who_looks_changes_nothing(site):
    viewer = Console(site, site.console_port, "view")
    assert viewer.get("/api/login")[0]["role"] == "view"
    assert viewer.ask("GET", "/api/user").status_code == 200
    for method, path in (("POST", "/api/user"), ("DELETE", "/api/key/1"),
                         ("PUT", "/api/key/1/allow-all-ips"),
                         ("POST", "/api/prune"), ("POST", "/api/server-key"),
                         ("POST", "/api/sandbox/reset"),
                         ("DELETE", "/api/session/1")):
        answer = viewer.ask(method, path, {})
        assert answer.status_code == 403, (method, path, answer.text)


# ---- pages of elsewhere ----------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {}, {"X-Trivet-Console": "0"}, {"X-Trivet-Console": ""},
    {**ASIDE, "Origin": "https://evil.example"}, {**ASIDE, "Origin": "null"},
    {**ASIDE, "Origin": "https://127.0.0.1:1"},
    {**ASIDE, "Origin": "https://localhost"},
    {**ASIDE, "Sec-Fetch-Site": "cross-site"},
    {**ASIDE, "Sec-Fetch-Site": "same-site"},
    {**ASIDE, "Sec-Fetch-Site": "none"}], ids=str)
def test_a_change_comes_from_our_pages_alone(console, headers):
    for method, path in (("POST", "/api/user"), ("DELETE", "/api/login"),
                         ("POST", "/api/login")):
        answer = console.http.request(
            method, console.base + path, json={"name": "x"}, headers=headers,
            timeout=30)
        assert answer.status_code == 403, (path, answer.text)


@pytest.mark.parametrize("name, values", [
    ("Origin", ["https://evil.example", None]), ("Origin", [None, "https://evil.example"]),
    ("Sec-Fetch-Site", ["cross-site", "same-origin"]),
    ("Sec-Fetch-Site", ["same-origin", "cross-site"]), ("X-Trivet-Console", ["1", "0"])])
def test_a_field_is_sent_once(console, name, values):
    """None: the console's own origin."""
    context = ssl.create_default_context(cafile=console.http.verify)
    wire = http.client.HTTPSConnection(
        console.base.removeprefix("https://"), context=context, timeout=30)
    wire.putrequest("POST", "/api/user")
    cookies = "; ".join(f"{one.name}={one.value}" for one in console.http.cookies)
    fields = {**ASIDE, "Cookie": cookies, "Content-Type": "application/json",
              "Content-Length": "12"}
    fields.pop(name, None)
    for field, value in [*fields.items(), *((name, it or console.base) for it in values)]:
        wire.putheader(field, value)
    wire.endheaders(b'{"name":"x"}')
    assert wire.getresponse().status == 403
    wire.close()


def test_our_own_origin_is_no_other(console):
    answer = console.ask("POST", "/api/user", {"name": "x"}, headers={
        "Origin": console.base, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonx",
                                          "application/x-www-form-urlencoded"])
def test_a_form_is_no_body(console, content_type):
    answer = console.http.post(
        console.base + "/api/user", data='{"name":"x"}', timeout=30,
        headers={**ASIDE, "Content-Type": content_type})
    assert answer.status_code == 415


def test_nobody_is_given_leave(console):
    answer = console.http.options(console.base + "/api/user", timeout=30, headers={
        "Origin": "https://evil.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-Trivet-Console"})
    assert answer.status_code >= 400
    assert not any(name.lower().startswith("access-control")
                   for name in answer.headers)


def test_a_long_body_is_refused(console):
    answer = console.ask("POST", "/api/user", {"name": "x" * 20000})
    assert answer.status_code == 413
    answer = console.http.post(
        console.base + "/api/user", data=iter([b"x" * 9000] * 3), timeout=30,
        headers={**ASIDE, "Content-Type": "application/json"})
    assert answer.status_code == 413


# ---- what every answer has -------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/api/login", "/api/user", "/nothing"])
def test_every_answer_is_guarded(stranger, path):
    headers = stranger.ask("GET", path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


SCRIPT = "<script>alert(1)</script>"


def test_what_a_stranger_wrote_is_json(site, console):
    client = bunq.Client(site).install()
    answer = client.post("/v1/device-server",
                         {"description": SCRIPT, "secret": client.make_user()},
                         token=client.installation_token)
    assert answer.status == 200
    row = console.get("/api/device?q=%3Cscript")[0]
    assert row["description"] == SCRIPT
    answer = console.ask("GET", "/api/device")
    assert answer.headers["Content-Type"] == "application/json"


# ---- time ------------------------------------------------------------------------


def test_a_login_ends(nginx_console):
    console = nginx_console("timeout=1s")
    assert console.ask("GET", "/api/user").status_code == 200
    assert wait_until(
        lambda: time.sleep(1.2)
        or console.ask("GET", "/api/user").status_code == 401, 10)


@pytest.fixture
def nginx_console(serve):
    """A console whose directive has more parameters: nginx's configuration as
    serve prints it, with them in it, in an nginx of one's own."""
    started = []

    def start(parameters):
        port, option = options()
        gateway = serve(option)
        own = free_port()
        conf = (gateway.data / "nginx.conf").read_text()
        conf = conf.replace(f":{port}", f":{own}").replace(
            "gateway=https", f"{parameters} gateway=https")
        conf = conf.replace(f"listen {gateway.host}:{gateway.port}",
                            f"listen {gateway.host}:{free_port()}")
        conf = conf.replace("log/", "log/own-").replace("nginx.pid", "own.pid")
        path = gateway.data / "own.conf"
        path.write_text(conf)
        process = subprocess.Popen(
            ["/usr/bin/setpriv", "--pdeathsig", "TERM",
             BUILD / "nginx-root/usr/sbin/nginx", "-c", path, "-p", gateway.data])
        started.append(process)
        assert wait_until(lambda: is_open(own))
        return Console(gateway, own)

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
