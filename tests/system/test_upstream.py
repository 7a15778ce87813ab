# SPDX-License-Identifier: Apache-2.0
"""trivet serve --upstream: what reaches the API, what comes back, where it is"""
import os
import shutil
import subprocess
import time

import pytest

import bunq
import gateway as gateway_module
from gateway import TRIVET, Gateway, wait_until
from nginx import get, steps
from serving import print_config
from upstream import JSON, Upstream, closing, reply, start_two


@pytest.fixture(scope="module")
def deep(tmp_path_factory, upstream):
    """In front of the same API, below a path."""
    data = tmp_path_factory.mktemp("deep") / "data"
    with Gateway(data, "--sandbox", "--upstream", upstream.url + "/deep/er/") as started:
        yield started


@pytest.fixture(scope="module")
def deep_client(deep):
    return bunq.ready(deep)


def once(body=b"{}"):
    """An answer on a connection that is not kept."""
    return closing(reply(body, headers=[JSON, ("Connection", "close")]))


def raw_get(gateway, client, target, host="localhost", headers=()):
    with bunq.Wire(gateway) as wire:
        sent = [*client.headers().items(), *headers]
        return wire.request("GET", target, sent, host=host).answer()


# ---- the request --------------------------------------------------------------

TARGETS = [
    "/v1/a%2Fb",
    "/v1/a%2fb/%2F",
    "/v1/a//b",
    "/v1//a",
    "/v1/%7Eme",
    "/v1/~me",
    "/v1/a%20b?x=%2F&y=a+b&z=%26",
    "/v1/%C3%A9",
    "/v1/a/./b",
    "/v1/a/../b",
    "/v1/a;b=c/d,e",
    "/v1/%41%42",
    "/v1/a%3Fb",
    "/v1/a%23b",
    "/v1/a?",
    "/v1/a??b=?",
    "/v1/$a{b}",
    "/v1/%25%32%46",
    "/v1/a:b@c!d*(e)'f'",
]


@pytest.mark.parametrize("target", TARGETS)
def test_the_path_goes_on_byte_for_byte(
    front, deep, upstream, api_client, deep_client, target
):
    upstream.requests.clear()
    bunq.assert_admitted(raw_get(front, api_client, target), api_client.server_key)
    bunq.assert_admitted(raw_get(deep, deep_client, target), deep_client.server_key)
    assert [r.target for r in upstream.requests] == [target, "/deep/er" + target]


@pytest.mark.parametrize(
    "target",
    [
        "/v1/../x",
        "/v1/%2e%2e/x",
        "/x/v1/",
        "/v1",
        "/v2/x",
        "/v1/../../x",
        "/x/..%2fv1/y",
        "/x/../v1/y",
        "//v1/y",
        "/%76%31/y",
        "/./v1/y",
    ],
)
def test_what_is_not_below_v1_does_not_reach_the_api(
    deep, upstream, deep_client, target
):
    upstream.requests.clear()
    assert raw_get(deep, deep_client, target).status in (301, 400, 404)
    assert upstream.requests == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8443", "other.example"])
def test_host_is_the_apis_own(front, upstream, api_client, path, host):
    raw_get(front, api_client, path, host=host)
    request = upstream.last(path)
    assert request.all("Host") == [f"127.0.0.1:{upstream.port}"]
    assert request.all("X-Forwarded-Host") == [host.partition(":")[0]]


@pytest.mark.parametrize(
    "url, host",
    [
        ("http://127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("https://127.0.0.1", "127.0.0.1"),
        ("https://127.0.0.1:443/x", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("https://127.0.0.1:80", "127.0.0.1:80"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://localhost", "localhost"),
    ],
)
def test_host_has_a_port_where_a_clients_would(tmp_path, url, host):
    text = print_config(tmp_path, "--upstream", url)
    assert f'proxy_set_header Host "{host}";' in text


def test_an_api_on_ipv6_is_reached(serve, path):

    api = Upstream("::1")
    gateway = serve("--sandbox", "--upstream", api.url + "/a")
    client = bunq.ready(gateway)
    assert client.get(path).status == 200
    assert api.last("/a" + path).all("Host") == [f"[::1]:{api.port}"]
    inner = f"http://[::1]:{api.port}/a/v1/x"
    api.plan("/a" + path, reply(b"{}", "302 Found", [JSON, ("Location", inner)]))
    assert raw_get(gateway, client, path).header("Location") == "/v1/x"
    api.close()


# ---- the answer ---------------------------------------------------------------


def location(gateway, client, upstream, path, value):
    asked = path if upstream.url in gateway.options else "/deep/er" + path
    upstream.plan(asked, reply(b"{}", "302 Found", [JSON, ("Location", value)]))
    answer = raw_get(gateway, client, path)
    assert answer.status == 302
    assert answer.is_signed_by(client.server_key)
    return answer.header("Location")


def redirects(port, prefix=""):
    """(what the API says, what the caller gets)"""
    inner = f"127.0.0.1:{port}"
    return [
        (f"http://{inner}{prefix}/v1/x", "/v1/x"),
        (f"http://{inner}{prefix}/v1/x?a=http://{inner}/", f"/v1/x?a=http://{inner}/"),
        (f"https://{inner}{prefix}/v1/x", "/v1/x"),
        (f"HTTP://{inner}{prefix}/v1/x", "/v1/x"),
        (f"//{inner}{prefix}/v1/x", "/v1/x"),
        (f"http://127.0.0.1{prefix}/v1/x", "/v1/x"),
        (f"http://{inner}{prefix}", "/"),
        (f"http://{inner}{prefix}/", "/"),
        (f"http://{inner}{prefix}?a=b", "/?a=b"),
        (f"{prefix}/v1/x", "/v1/x"),
        ("v1/x", "v1/x"),
        ("https://other.example/v1/x", "https://other.example/v1/x"),
        ("http://127.0.0.1:1/v1/x", "http://127.0.0.1:1/v1/x"),
        (f"http://{inner}.example/v1/x", f"http://{inner}.example/v1/x"),
        (f"http://{inner}1/v1/x", f"http://{inner}1/v1/x"),
        (f"http://x{inner}/v1/x", f"http://x{inner}/v1/x"),
        (f"http://{inner}/elsewhere", "/elsewhere"),
        (f"http://{inner}/deep/erosion", "/deep/erosion"),
    ]


@pytest.mark.parametrize("number", range(18))
def test_redirects_do_not_tell_the_inner_address(
    front, deep, upstream, api_client, deep_client, path, number
):
    said, got = redirects(upstream.port)[number]
    assert location(front, api_client, upstream, path, said) == got
    said, got = redirects(upstream.port, "/deep/er")[number]
    assert location(deep, deep_client, upstream, path, said) == got


def big_header(size):
    fields = [(f"X-Big-{i}", "a" * 1000) for i in range(size // 1000)]
    return reply(b"{}", headers=[JSON, *fields])


def test_answer_headers_of_30_kb_are_taken(front, upstream, api_client, path):
    upstream.plan(path, big_header(30000))
    bunq.assert_admitted(api_client.get(path), api_client.server_key)
    upstream.plan(path, big_header(40000))
    bunq.assert_refused(api_client.get(path), 502, reason="upstream-failed")


@pytest.fixture(scope="module")
def limited(tmp_path_factory, upstream):
    data = tmp_path_factory.mktemp("limited") / "data"
    options = {
        "--upstream": upstream.url,
        "--max-header": "2k",
        "--max-body": "3k",
        "--max-answer-header": "64k",
        "--max-answer": "5k",
        "--answer-timeout": "300ms",
        "--connect-timeout": "1",
    }
    words = [word for pair in options.items() for word in pair]
    with Gateway(data, "--sandbox", *words) as started:
        yield started


@pytest.fixture(scope="module")
def limited_client(limited):
    return bunq.ready(limited)


def test_limits_are_the_options(limited, upstream, limited_client, path):
    client = limited_client
    upstream.plan(path, big_header(60000))
    bunq.assert_admitted(client.get(path), client.server_key)
    upstream.plan(path, reply(b"x" * 5000, headers=[JSON]))
    bunq.assert_admitted(client.get(path), client.server_key)
    upstream.plan(path, reply(b"x" * 6000, headers=[JSON]))
    assert client.get(path).status == 502
    upstream.plan(path, reply(b"{}", headers=[JSON]))
    assert client.post(path, b"x" * 3000).status == 200
    assert client.post(path, b"x" * 4000).status == 413
    assert client.get(path, headers={"X-Long": "a" * 1900}).status == 200
    assert client.get(path, headers={"X-Long": "a" * 2100}).status in (400, 431)


def test_an_api_that_is_silent_too_long_is_given_up(
    limited, upstream, limited_client, path
):
    def late(seconds):
        def answer(request, connection):
            time.sleep(seconds)
            connection.sendall(reply(b"{}", headers=[JSON]))
            return True

        return answer

    upstream.plan(path, late(0.05))
    assert limited_client.get(path).status == 200
    upstream.plan(path, late(1.5))
    begin = time.monotonic()
    bunq.assert_refused(limited_client.get(path), 504)
    assert time.monotonic() - begin < 1.4


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "api.localhost", "bank.example"])
def test_hsts_is_for_names_of_ones_own(own_and_given, is_own, host):
    gateway = own_and_given[is_own]
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", "/v1/user", host=f"{host}:8443").answer()
    sent = answer.header("Strict-Transport-Security")
    assert sent == ("max-age=31536000" if not is_own and host == "bank.example" else None)


@pytest.fixture(scope="module")
def own_and_given(tmp_path_factory):
    from certificates import make_certificate

    folder = tmp_path_factory.mktemp("given")
    crt, key = make_certificate(folder)
    given = Gateway(folder / "data", "--tls-cert", crt, "--tls-key", key)
    given.ca = crt
    with Gateway(folder / "own") as own, given:
        yield {True: own, False: given}


# ---- whose address it is ------------------------------------------------------


def test_a_trusted_proxys_word_is_taken_and_no_others(serve, upstream, path):
    gateway = serve(
        *("--sandbox", "--upstream", upstream.url),
        *("--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.9.0.0/16"),
    )

    def said(value):
        return [("X-Forwarded-For", value)]

    def proxy():
        return bunq.Wire(gateway)

    def stranger():
        return bunq.Wire(gateway, source="127.0.0.2")

    client = steps(gateway, proxy, address_headers=said("10.1.2.3"))
    assert get(client, proxy, path, said("10.1.2.3")).status == 200
    request = upstream.last(path)
    assert request.all("X-Forwarded-For") == request.all("X-Real-IP") == ["10.1.2.3"]
    # a second trusted one behind the first, and what a caller made up before
    for chain in ("10.1.2.3, 10.9.8.7", "6.6.6.6, 10.1.2.3", "127.0.0.1, 10.1.2.3"):
        assert get(client, proxy, path, said(chain)).status == 200, chain
        assert upstream.last(path).all("X-Real-IP") == ["10.1.2.3"]
    for chain in ("10.1.2.4", "10.1.2.3, 10.8.8.7", "10.1.2.3, 10.1.2.4", "nonsense"):
        assert get(client, proxy, path, said(chain)).status == 403, chain
    assert get(client, stranger, path, said("10.1.2.3")).status == 403


def test_without_the_option_nobodys_word_is_taken(front, upstream, api_client, path):
    answer = api_client.get(path, headers={"X-Forwarded-For": "10.1.2.3"})
    assert answer.status == 200
    assert upstream.last(path).all("X-Real-IP") == ["127.0.0.1"]


def test_proxy_protocol(serve, upstream, path):
    gateway = serve(
        *("--sandbox", "--upstream", upstream.url),
        *("--trusted-proxy", "127.0.0.1/32", "--proxy-protocol"),
    )

    def through(address, source=None):
        line = f"PROXY TCP4 {address} 10.0.0.1 1000 443\r\n".encode()
        return lambda: bunq.Wire(gateway, source=source, preface=line)

    client = steps(gateway, through("10.1.2.3"))
    forged = [("X-Forwarded-For", "10.1.2.4")]
    assert get(client, through("10.1.2.3"), path, forged).status == 200
    assert upstream.last(path).all("X-Real-IP") == ["10.1.2.3"]
    answer = get(client, through("10.1.2.4"), path, [("X-Forwarded-For", "10.1.2.3")])
    assert answer.status == 403
    assert get(client, through("10.1.2.3", "127.0.0.2"), path).status == 403
    with pytest.raises((OSError, bunq.Truncated)):
        get(client, lambda: bunq.Wire(gateway), path)


# ---- several ------------------------------------------------------------------


@pytest.fixture
def pair():
    both = [Upstream(), Upstream("127.0.0.2")]
    yield both
    for one in both:
        one.server.server_close()
        one.server.shutdown()


def urls(pair, path=""):
    return [word for one in pair for word in ("--upstream", one.url + path)]


def test_several_share_the_load_and_one_may_go(serve, pair, path):
    gateway = serve("--sandbox", *urls(pair))
    client = bunq.ready(gateway)
    for one in pair:
        one.plan(path, once())
    for _ in range(8):
        assert client.get(path).status == 200
    assert [one.count(path) for one in pair] == [4, 4]
    pair[0].close()
    pair[0].requests.clear()
    for _ in range(4):
        assert client.get(path).status == 200
        assert client.post(path, b"{}").status == 200
    assert pair[1].count(path) == 4 + 8


def dies(request, connection):
    """It has read the request, and may have acted."""
    return False


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_only_reads_is_asked_of_another(serve, pair, path, method):
    gateway = serve("--sandbox", *urls(pair))
    client = bunq.ready(gateway)
    pair[0].plan(path, dies)
    pair[1].plan(path, dies)
    assert client.call(method, path, b"").status == 502
    assert sum(one.count(path) for one in pair) == 2
    time.sleep(0)


def test_connections_to_the_api_are_kept(front, upstream, api_client, path):
    ports = []

    def note(request, connection):
        ports.append(connection.getpeername()[1])
        connection.sendall(reply(b"{}", headers=[JSON]))
        return True

    upstream.plan(path, note)
    for _ in range(6):
        assert api_client.get(path).status == 200
    assert len(set(ports)) <= len(front.nginx_workers())


# ---- names --------------------------------------------------------------------


def can_bind_mount():
    command = [*namespace(), "mount --bind /etc/hosts /etc/hosts"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def namespace():
    flags = ["-m"] if os.geteuid() == 0 else ["-rm"]
    return ["unshare", *flags, "sh", "-c"]


class Named(Gateway):
    """A gateway with an /etc/hosts of its own."""

    def spawn(self):
        self.hosts = self.data.parent / "hosts"
        if not self.hosts.exists():
            self.name({})
        script = self.data.parent / "trivet"
        script.write_text(
            "#!/bin/sh\n"
            + " ".join(namespace())
            + f""" 'mount --bind {self.hosts} /etc/hosts && exec "$@"' sh {TRIVET} "$@" &
trap 'kill -TERM $!' TERM INT
trap 'kill -HUP $!' HUP
wait $!; status=$?
while kill -0 $! 2>/dev/null; do wait $!; status=$?; done
exit $status
"""
        )
        script.chmod(0o755)
        kept, gateway_module.TRIVET = gateway_module.TRIVET, script
        try:
            return super().spawn()
        finally:
            gateway_module.TRIVET = kept

    def name(self, names):
        """In place: the file is mounted."""
        lines = ["127.0.0.1 localhost\n"]
        lines += [f"{address} {name}\n" for name, address in names.items()]
        with open(self.hosts, "w") as hosts:
            hosts.write("".join(lines))


@pytest.fixture
def named(tmp_path):
    if shutil.which("unshare") is None or not can_bind_mount():
        pytest.skip("no mount namespaces here")
    made = []

    def make(*options, names=()):
        gateway = Named(tmp_path / "data", *options)
        gateway.hosts = tmp_path / "hosts"
        gateway.name(dict(names))
        made.append(gateway)
        return gateway.start()

    yield make
    for gateway in made:
        gateway.close()


def test_an_api_that_moves_is_found_again(named, path):
    old, new = start_two("127.0.0.1", "127.0.0.2")
    old.plan(path, once())
    url = f"http://api.internal:{old.port}"
    gateway = named("--sandbox", "--upstream", url, names={"api.internal": "127.0.0.1"})
    client = bunq.ready(gateway)
    assert client.get(path).status == 200
    assert old.last(path).all("Host") == [f"api.internal:{old.port}"]
    gateway.name({})  # for a while it has no name at all
    assert wait_until(lambda: "its last addresses are used" in gateway.stderr(), 15)
    assert client.get(path).status == 200
    old.close()
    gateway.name({"api.internal": "127.0.0.2"})
    assert wait_until(lambda: client.get(path).status == 200, 15, 0.2)
    assert new.count(path) >= 1
    assert "api.internal: found" in gateway.stderr()
    new.close()


def test_an_api_without_a_name_yet_does_not_keep_it_from_starting(named, path):
    api = Upstream("127.0.0.3")
    gateway = named("--sandbox", "--upstream", f"http://later.internal:{api.port}/a")
    assert "later.internal" in gateway.stderr() and "502" in gateway.stderr()
    client = bunq.ready(gateway)
    bunq.assert_refused(client.get(path), 502, reason="upstream-failed")
    gateway.name({"later.internal": "127.0.0.3"})
    assert wait_until(lambda: client.get(path).status == 200, 15, 0.2)
    assert api.last("/a" + path)
    api.close()


def test_a_name_of_the_hosts_file_works(serve, upstream, path):
    gateway = serve("--sandbox", "--upstream", f"http://localhost:{upstream.port}")
    assert bunq.ready(gateway).get(path).status == 200
    assert upstream.last(path).all("Host") == [f"localhost:{upstream.port}"]


def test_an_unknown_name_starts_and_says_so(serve, path):
    gateway = serve("--sandbox", "--upstream", "http://no.such.host.invalid")
    assert wait_until(lambda: "no.such.host.invalid: " in gateway.stderr(), 20)
    bunq.assert_refused(bunq.ready(gateway).get(path), 502, reason="upstream-failed")
