# SPDX-License-Identifier: Apache-2.0
"""In a sandbox the console's listener answers the gateway's calls, too, so that
its pages can make them; the pages themselves are as well guarded as before"""
from types import SimpleNamespace

import pytest

import bunq
from console import Console, console_site, options
from gateway import run


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with console_site(tmp_path_factory.mktemp("site")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def beside(site):
    """The gateway, by the console's listener."""
    return SimpleNamespace(base=f"https://127.0.0.1:{site.console_port}", ca=site.ca,
                           host="127.0.0.1", port=site.console_port)


@pytest.fixture
def stranger(site):
    return Console(site, site.console_port, None)


# ---- the gateway's calls ---------------------------------------------------------


def test_it_is_the_same_gateway(site, beside):
    client = bunq.ready(beside)
    assert client.is_alive()
    there = bunq.Client(site, private_key=client.key)
    there.session_token, there.server_key = client.session_token, client.server_key
    assert there.is_alive()
    bunq.assert_refused(client.call("GET", "/v1/user", signature="AAAA"), 400,
                        bunq.WRONG_SIGNATURE, server_key=client.server_key)
    bunq.assert_refused(client.get("/v1/user", token="0" * 64), 401)
    bunq.assert_admitted(client.get(bunq.ECHO), client.server_key)


def test_its_calls_are_in_the_gateways_log(site, beside):
    bunq.Client(beside).get("/v1/user?of-the-console", token=None)
    assert "/v1/user" in site.log("access.log")
    assert "/v1/" not in site.log("console.log")


def test_its_limits_are_the_gateways(beside, stranger):
    client = bunq.ready(beside)
    long = b'{"a":"%s"}' % (b"x" * 20000)
    assert client.post(bunq.ECHO, long).status == 200
    assert stranger.ask("POST", "/api/login", {"token": "x" * 20000}).status_code == 413


def test_its_answers_are_no_pages(beside):
    answer = bunq.Client(beside).get("/v1/user", token=None)
    assert "sandbox" in answer.header("Content-Security-Policy")
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_rate_limits_hold_there_too(tmp_path):
    _, option = options()
    counts = []
    for limits in ("off", "classic"):
        done = run("serve", "--data", tmp_path / "data", "--port", 0, option,
                   "--rate-limits", limits, "--print-config", check=True)
        counts.append(done.stdout.count("limit_req zone="))
    assert counts[0] == 0 and counts[1] > 0 and counts[1] % 2 == 0


# ---- the pages -------------------------------------------------------------------


@pytest.mark.parametrize("path", [
    "/", "/app.js", "/api/login", "/api/user", "/v1/../api/user", "/v1/%2e%2e/api/user",
    "/v1/..%2fapi/user", "//api/user", "/v1/../", "/v1", "/v1x/api/user"])
def test_names_of_this_machine_alone(beside, path):
    with bunq.Wire(beside) as wire:
        wire.request("GET", path, host="evil.example")
        assert wire.answer().status == 421


@pytest.mark.parametrize("path", ["/api/..%2fv1/user", "/x/../v1/user", "//v1/user",
                                  "/%76%31/user", "/v1/..%2fapi/user"])
def test_another_form_of_a_path_opens_nothing(beside, path):
    with bunq.Wire(beside) as wire:
        assert wire.request("GET", path).answer().status in (401, 404)


def test_the_pages_know_of_it(site):
    me = Console(site, site.console_port).get("/api/login")[0]
    assert me["has_calls"] is True
    assert me["request_signing"] == me["answer_signing"] == "body"


def test_how_a_client_signs_is_told(serve):
    port, option = options()
    me = Console(serve(option, "--profile", "classic"), port).get("/api/login")[0]
    assert me["request_signing"] == me["answer_signing"] == "full"


# ---- an API behind ---------------------------------------------------------------


def test_the_api_gets_no_cookie(serve, upstream):
    port, option = options()
    gateway = serve(option, "--sandbox", "--upstream", upstream.url)
    console = Console(gateway, port)
    client = bunq.ready(SimpleNamespace(base=console.base, ca=gateway.ca))
    cookies = "; ".join(f"{one.name}={one.value}" for one in console.http.cookies)
    assert client.get("/v1/echo-of-api", headers={"Cookie": cookies}).status < 500
    assert not upstream.last("/v1/echo-of-api").all("Cookie")


def test_outside_a_sandbox_there_are_pages_alone(serve, upstream):
    port, option = options()
    gateway = serve(option, "--upstream", upstream.url)
    console = Console(gateway, port)
    assert console.get("/api/login")[0]["has_calls"] is False
    answer = console.ask("POST", "/v1/installation", {"client_public_key": "x"})
    assert answer.status_code == 404 and "X-Bunq-Client-Response-Id" not in answer.headers
