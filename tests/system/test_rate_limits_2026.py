# SPDX-License-Identifier: Apache-2.0
"""bunq's limits of 2026: for each device, in a window that moves with the clock"""
import itertools
import os
import signal

import pytest

import bunq
from gateway import Gateway, wait_until
from nginx import Nginx

TEXT = "Too many requests. You can do a maximum of {} calls per {} second to this endpoint."
SET_UP = [
    "/v1/installation",
    "/v1/device-server",
    "/v1/session-server",
    "/v1/payment-service-provider-credential",
]
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("rates") / "data"
    with Gateway(data, "--profile", "current", rate_limits="2026") as started:
        yield started


@pytest.fixture
def source():
    return f"127.0.9.{next(numbers)}"


def burst(gateway, source, client, method, path, num, body=b"", signed=None):
    """The answers to as many equal calls, on one connection."""
    headers = client.headers() if signed is None else signed
    extra = [] if body else [("Content-Length", "0")]
    with bunq.Wire(gateway, source) as wire:
        for _ in range(num):
            wire.request(method, path, [*headers.items(), *extra], body)
        return [wire.answer(method) for _ in range(num)]


def limited(answers):
    return [answer.status == 429 for answer in answers]


def assert_limited_after(answers, num, seconds):
    assert limited(answers) == [False] * num + [True] * (len(answers) - num)
    for answer in answers[num:]:
        text = TEXT.format(num, seconds)
        bunq.assert_refused(answer, 429, text, "too-many-requests", False)
        assert answer.header("Retry-After") is None


@pytest.mark.parametrize("method, num", [("GET", 140), ("POST", 70), ("PUT", 70)])
def test_as_many_as_the_limit_has_and_no_more(gateway, source, method, num):
    client = bunq.ready(gateway, source)
    answers = burst(gateway, source, client, method, "/v1/echo/x", num + 3)
    assert_limited_after(answers, num, 30)


def test_kinds_of_calls_do_not_share(gateway, source):
    client = bunq.ready(gateway, source)
    assert limited(burst(gateway, source, client, "POST", "/v1/echo/x", 71))[-1]
    assert client.is_alive()


def test_a_body_counts_once(gateway, source):
    client = bunq.ready(gateway, source)
    body = b"x" * 20_000
    answers = burst(gateway, source, client, "POST", "/v1/echo/x", 72, body)
    assert_limited_after(answers, 70, 30)


def test_an_api_behind_is_called_once_for_each(serve, upstream, source):
    gateway = serve(
        "--sandbox", "--upstream", upstream.url, rate_limits="2026"
    )
    client = bunq.ready(gateway, source)
    answers = burst(gateway, source, client, "GET", "/v1/anything", 142)
    assert limited(answers) == [False] * 140 + [True] * 2


def test_devices_do_not_share_and_sessions_of_one_do(gateway, source):
    one = bunq.ready(gateway, source)
    other = bunq.ready(gateway, source, key_number=1)
    path = "/v1/echo/x"
    assert limited(burst(gateway, source, one, "POST", path, 71))[-1]
    assert not limited(burst(gateway, source, other, "POST", path, 1))[0]
    one.open()
    assert limited(burst(gateway, source, one, "POST", path, 1)) == [True]


def test_no_address_evades(gateway, source):
    client = bunq.ready(gateway, source, permitted_ips=["*"])
    path = "/v1/echo/x"
    assert limited(burst(gateway, source, client, "POST", path, 71))[-1]
    elsewhere = f"127.0.9.{next(numbers)}"
    assert limited(burst(gateway, elsewhere, client, "POST", path, 1)) == [True]


def test_permitted_addresses_change_three_times_a_minute(gateway, source):
    client = bunq.ready(gateway, source)
    [credential] = client.get(f"/v1/user/{client.user['id']}/credential-password-ip").response
    path = (
        f"/v1/user/{client.user['id']}/credential-password-ip/"
        f"{credential['CredentialPasswordIp']['id']}/ip"
    )
    answers = [client.post(path, {"ip": f"10.0.0.{i}"}) for i in range(4)]
    assert_limited_after(answers, 3, 60)
    assert len(client.get(path).response) == 4


def test_ten_set_up_calls_a_day_for_each_address(serve, source):
    gateway = serve("--profile", "current", rate_limits="2026")
    client = bunq.ready(gateway, source)  # three of them
    for _ in range(7):
        client.install()
    for path in SET_UP:
        answer = client.post(path, {"client_public_key": "x"}, token=client.installation_token)
        if path == "/v1/installation":
            answer = client.post(path, {"client_public_key": "x"}, token=None)
        bunq.assert_refused(
            answer, 429, TEXT.format(10, 86400), "too-many-requests", None
        )
    assert client.is_alive()
    bunq.ready(gateway, f"127.0.9.{next(numbers)}")
    gateway.trivet("clock", "+23h")
    with pytest.raises(AssertionError):
        client.install()
    gateway.trivet("clock", "+2h")
    client.install()


def test_who_guesses_api_keys_is_counted(gateway, source):
    client = bunq.Client(gateway, source).install()
    answers = [
        client.post(
            "/v1/session-server", {"secret": f"{i:064x}"}, token=client.installation_token
        )
        for i in range(11)
    ]
    assert [answer.status for answer in answers] == [400] * 9 + [429] * 2


def test_what_is_not_admitted_does_not_count(gateway, source):
    client = bunq.ready(gateway, source)
    for token in ("0" * 64, client.installation_token):
        headers = {**client.headers(), bunq.TOKEN: token}
        answers = burst(gateway, source, client, "POST", "/v1/echo/x", 90, signed=headers)
        assert {answer.status for answer in answers} <= {401, 403}
    assert not limited(burst(gateway, source, client, "POST", "/v1/echo/x", 1))[0]


def test_a_reload_forgets_nothing(gateway, source):
    client = bunq.ready(gateway, source)
    path = "/v1/echo/x"
    assert limited(burst(gateway, source, client, "POST", path, 71))[-1]
    os.kill(gateway.process.pid, signal.SIGHUP)
    assert wait_until(lambda: "reload: done (as SIGHUP asked)" in gateway.stderr(), 15)
    assert limited(burst(gateway, source, client, "POST", path, 1)) == [True]
    assert client.is_alive()


def test_strict_signs_the_429(serve, source):
    gateway = serve(rate_limits="2026")
    client = bunq.ready(gateway, source)
    [*_, last] = burst(gateway, source, client, "GET", "/v1/user", 141)
    bunq.assert_refused(
        last, 429, TEXT.format(140, 30), "too-many-requests", client.server_key
    )


def test_neither_classic_nor_off_counts_devices(serve, source):
    gateway = serve(rate_limits="off")
    conf = (gateway.data / "nginx.conf").read_text()
    assert "trivet_rate_limits" not in conf
    client = bunq.ready(gateway, source)
    assert not any(limited(burst(gateway, source, client, "GET", "/v1/user", 150)))


@pytest.mark.parametrize("line, complaint", [
    ("trivet_rate_limits 2025;", 'none of "classic", "2026" and "off"'),
    ("trivet_rate_limits off; trivet_rate_limits 2026;", "duplicate"),
])
def test_another_word_is_refused(tmp_path_factory, line, complaint):
    data = tmp_path_factory.mktemp("own") / "data"
    with Gateway(data):
        pass
    status, said = Nginx(data, http=line).check()
    assert status != 0 and "[emerg]" in said and complaint in said, said
