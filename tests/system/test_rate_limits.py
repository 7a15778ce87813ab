# SPDX-License-Identifier: Apache-2.0
"""bunq's classic rate limits: what passes, what is a 429, and what cannot be evaded

Limits are judged before anything else, so calls without a token will do. They are
sent in one go over a bare wire: nginx forgives a call for every second (or less)
that passes. Each test has addresses of its own.
"""
import itertools
import sqlite3
import ssl
import subprocess
import time

import httpx
import pytest

import bunq
from bunq import TOKEN
from gateway import ROOT, TRIVET, Gateway, environment, run
from nginx import TRIVET as TRIVET_PART
from nginx import Nginx

TEXT = "Too many requests. You can do a maximum of {} calls per {} second to this endpoint."

# method, path, calls, seconds
GET = ("GET", "/v1/user", 3, 3)
POST = ("POST", "/v1/device-server", 5, 3)
PUT = ("PUT", "/v1/echo/payment/1", 2, 3)
SESSION = ("POST", "/v1/session-server", 1, 30)
CLASSES = [GET, POST, PUT, SESSION]

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("rates") / "data"
    with Gateway(data, "--metrics", rate_limits=None) as started:
        yield started


@pytest.fixture
def source():
    return f"127.0.7.{next(numbers)}"


def burst(gateway, source, calls, headers=(), body=b""):
    """The answers to calls, (method, target) each, that were sent in one go."""
    calls = list(calls)
    with bunq.Wire(gateway, source) as wire:
        for method, target in calls:
            extra = [] if body else [("Content-Length", "0")]
            wire.request(method, target, [*headers, *extra], body)
        return [wire.answer(method) for method, _ in calls]


def statuses(*args, **kwargs):
    return [answer.status for answer in burst(*args, **kwargs)]


def is_limited(*args):
    return [status == 429 for status in statuses(*args)]


# ---- how many ----------------------------------------------------------------


@pytest.mark.parametrize("method,target,calls,seconds", CLASSES)
def test_as_many_as_the_limit_has_and_no_more(
    gateway, source, method, target, calls, seconds
):
    answers = burst(gateway, source, [(method, target)] * (calls + 2))
    assert [a.status == 429 for a in answers] == [False] * calls + [True] * 2
    for answer in answers[calls:]:
        text = TEXT.format(calls, seconds)
        bunq.assert_refused(answer, 429, text, "too-many-requests", False)


@pytest.mark.parametrize("method,target,calls,seconds", [GET, POST, PUT])
def test_the_window_over_all_of_it_is_there_again(
    gateway, source, method, target, calls, seconds
):
    for _ in range(2):
        limited = is_limited(gateway, source, [(method, target)] * (calls + 1))
        assert limited == [False] * calls + [True]
        time.sleep(seconds + 0.1)


def test_after_a_burst_one_more_get_a_second(gateway, source):
    assert is_limited(gateway, source, [("GET", "/v1/user")] * 4)[3]
    time.sleep(1.1)
    assert is_limited(gateway, source, [("GET", "/v1/user")] * 2) == [False, True]


def test_what_was_refused_does_not_count(gateway, source):
    refused = is_limited(gateway, source, [("PUT", "/v1/echo/payment/1")] * 50)
    assert refused == [False] * 2 + [True] * 48
    time.sleep(3.1)
    assert is_limited(gateway, source, [("PUT", "/v1/echo/payment/1")] * 2) == [False] * 2


def test_delete_has_no_limit(gateway, source):
    assert set(statuses(gateway, source, [("DELETE", "/v1/session/0")] * 30)) == {401}


def test_head_counts_as_get(gateway, source):
    methods = ["HEAD", "GET", "HEAD", "GET", "HEAD"]
    answers = burst(gateway, source, [(method, "/v1/user") for method in methods])
    assert [answer.status for answer in answers] == [401] * 3 + [429] * 2
    assert answers[4].body == b"" and answers[4].signature is None


@pytest.mark.parametrize("profile", ["strict", "current", "classic"])
def test_every_profile_has_them_by_default(serve, profile, source):
    gateway = serve("--profile", profile, rate_limits=None)
    assert statuses(gateway, source, [("GET", "/v1/user")] * 4) == [401] * 3 + [429]


def test_the_start_itself_has_taken_nothing(serve):
    gateway = serve(rate_limits="classic")
    for method, target, calls, _ in CLASSES:
        limited = is_limited(gateway, "127.0.0.1", [(method, target)] * (calls + 1))
        assert limited == [False] * calls + [True]


def test_off_is_off(serve, source):
    gateway = serve(rate_limits="off")
    assert "limit_req" not in (gateway.data / "nginx.conf").read_text()
    for method, target, _, _ in CLASSES:
        found = statuses(gateway, source, [(method, target)] * 20)
        assert 429 not in found, found


@pytest.mark.parametrize("value", ["on", "", "Classic", "classic; #"])
def test_another_word_is_refused(tmp_path, value):
    done = run("serve", "--data", tmp_path / "data", f"--rate-limits={value}")
    assert done.returncode == 2 and "--rate-limits" in done.stderr
    assert not (tmp_path / "data").exists()


# ---- who shares a limit ------------------------------------------------------


def test_addresses_do_not_share(gateway):
    for address in ("127.0.8.1", "127.0.8.2"):
        limited = is_limited(gateway, address, [("POST", "/v1/session-server")] * 2)
        assert limited == [False, True]


def test_an_ipv6_address_is_limited(tmp_path):
    data = tmp_path / "data"
    with Gateway(
        data, "--listen", "::1", host="::1", rate_limits="classic"
    ) as gateway:
        assert statuses(gateway, None, [("GET", "/v1/user")] * 4) == [401] * 3 + [429]


def test_endpoints_and_methods_do_not_share(gateway, source):
    assert is_limited(gateway, source, [("GET", "/v1/user/1")] * 4)[3]
    others = [
        ("GET", "/v1/user"),
        ("GET", "/v1/user/1/credential-password-ip"),
        ("GET", "/v1/echo/anything"),
        ("GET", "/v1/session-server"),
        ("PUT", "/v1/user/1"),
        ("POST", "/v1/user/1"),
        ("POST", "/v1/installation"),
    ]
    assert not any(is_limited(gateway, source, others))


def test_ids_share(gateway, source):
    paths = [f"/v1/user/{i}/payment/{i * 7}" for i in (1, 22, 12345678901234567890123)]
    calls = [("GET", path) for path in [*paths, "/v1/user/9/payment/9"]]
    assert is_limited(gateway, source, calls) == [False] * 3 + [True]


def test_one_s_own_id_is_an_id(gateway, source):
    path = "/v1/installation/{}/server-public-key"
    calls = [("GET", path.format(i)) for i in ("_", "1", "_", "1")]
    assert is_limited(gateway, source, calls) == [False] * 3 + [True]


@pytest.mark.parametrize("spelling", [
    "/v1/session-server?a=1",
    "/v1/session-server?",
    "/v1/session-server/",
    "/v1/session-server/?a=/v1/user",
    "/v1/session%2dserver",
    "/v1/%73ession-server",
    "/v1//session-server",
    "//v1/session-server",
    "/v1%2fsession-server",
    "/v1/./session-server",
    "/v1/x/../session-server",
    "/%76%31/session-server",
    "https://localhost/v1/session-server",
    "https://other.example/v1/session-server",
    "/v1/session-server#x",
])
def test_no_spelling_evades(gateway, source, spelling):
    with bunq.Wire(gateway, source) as wire:
        wire.request("POST", spelling, [("Content-Length", "0")])
        first = wire.answer()
        wire.request("POST", "/v1/session-server", [("Content-Length", "0")])
        second = wire.answer()
    # the gateway took both for the one call
    assert first.status == 401, first
    assert second.status == 429, second


@pytest.mark.parametrize("headers", [
    [("X-Forwarded-For", "1.2.3.4")],
    [("X-Real-IP", "1.2.3.4")],
    [("Forwarded", "for=1.2.3.4")],
    [("X-HTTP-Method-Override", "DELETE")],
    [(bunq.TOKEN, "f" * 64)],
    [("User-Agent", "another")],
])
def test_no_header_evades(gateway, source, headers):
    calls = [("POST", "/v1/session-server")]
    assert statuses(gateway, source, calls) == [401]
    assert statuses(gateway, source, calls, headers) == [429]


def test_connections_and_http_versions_share(gateway, source):
    calls = [("GET", "/v1/user")] * 2
    assert statuses(gateway, source, calls) == [401] * 2
    with bunq.Wire(gateway, source) as wire:
        wire.send(b"GET /v1/user HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert wire.answer().status == 401
    assert statuses(gateway, source, [("GET", "/v1/user")]) == [429]


def test_http_2_is_limited(gateway, source):
    context = ssl.create_default_context(cafile=str(gateway.ca))
    transport = httpx.HTTPTransport(
        http2=True, http1=False, verify=context, local_address=source
    )
    with httpx.Client(transport=transport, base_url=gateway.base, timeout=30) as http:
        answers = [
            http.get("/v1/user", headers={bunq.REQUEST_ID: "h2"}) for _ in range(8)
        ]
    assert [a.http_version for a in answers] == ["HTTP/2"] * 8
    assert [a.status_code for a in answers[:3]] == [401] * 3
    refused = [a for a in answers if a.status_code == 429]
    assert refused
    for a in refused:
        answer = bunq.Answer(429, a.headers.multi_items(), a.content)
        bunq.assert_refused(answer, 429, TEXT.format(3, 3), server_key=False)
        assert answer.header(bunq.REQUEST_ID) == "h2"


# ---- the 429 -----------------------------------------------------------------


def test_the_answer_is_the_documented_one(gateway, source):
    headers = [(bunq.REQUEST_ID, "an id of mine"), ("X-Bunq-Language", "nl_NL")]
    answer = burst(gateway, source, [("GET", "/v1/user")] * 4, headers)[3]
    text = TEXT.format(3, 3)
    assert answer.body.decode() == (
        '{"Error":[{"error_description":"%s","error_description_translated":"%s"}]}'
        % (text, text)
    )
    bunq.assert_refused(answer, 429, text, "too-many-requests", False)
    assert answer.header(bunq.REQUEST_ID) == "an id of mine"
    assert answer.header("Content-Length") == str(len(answer.body))
    assert answer.header("Retry-After") is None


def test_a_caller_with_a_session_is_limited_and_signed_to(gateway, source):
    client = bunq.ready(gateway, source, permitted_ips=["*"])
    headers = list(client.headers().items())
    answers = burst(gateway, source, [("GET", "/v1/user")] * 4, headers)
    for answer in answers[:3]:
        bunq.assert_admitted(answer, client.server_key)
    bunq.assert_refused(answers[3], 429, server_key=client.server_key)
    unknown = burst(gateway, source, [("GET", "/v1/user")], [(TOKEN, "0" * 64)])
    bunq.assert_refused(unknown[0], 429, server_key=False)
    # another endpoint, signed as ever
    bunq.assert_admitted(client.get("/v1/echo/hello"), client.server_key)
    client.close()


def rows(gateway):
    store = sqlite3.connect(gateway.data / "trivet.db", timeout=20)
    names = [name for (name,) in store.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite_%'"
    )]
    counts = {n: store.execute(f"SELECT count(*) FROM {n}").fetchone() for n in names}
    store.close()
    return counts


def test_what_is_refused_changes_nothing(gateway, source):
    before = rows(gateway)
    calls = [("POST", "/v1/sandbox-user-person")]
    assert statuses(gateway, source, calls * 5) == [200] * 5
    made = rows(gateway)
    assert made["users"][0] == before["users"][0] + 5
    assert set(statuses(gateway, source, calls * 2, body=b"{}")) == {429}
    assert rows(gateway) == made


def test_a_body_that_nobody_reads_is_in_nobodys_way(gateway, source):
    body = b"x" * 200_000
    answers = burst(gateway, source, [("PUT", "/v1/echo/x")] * 6, body=body)
    assert [a.status for a in answers] == [401] * 2 + [429] * 4


def test_it_is_logged_once_and_counted(gateway, source):
    def counted():
        text = bunq.from_requests(
            bunq.make_session(gateway).get(gateway.base + "/metrics")
        ).body.decode()
        return sum(
            int(line.split()[-1]) for line in text.splitlines()
            if line.startswith("trivet_requests_total")
            and 'reason="too-many-requests"' in line
        )

    before = counted()
    burst(gateway, source, [("GET", "/v1/only-here")] * 5)
    assert counted() == before + 2

    logged = [line for line in gateway.log().splitlines() if "only-here" in line]
    logged = [line for line in logged if "token-missing" not in line]
    assert len(logged) == 2
    assert all("refused: too-many-requests: a rate limit" in line for line in logged)
    accessed = gateway.log("access.log").splitlines()
    accessed = [line for line in accessed if "only-here" in line]
    assert [" 429 " in line for line in accessed] == [False] * 3 + [True] * 2
    assert accessed[3].endswith("reason=too-many-requests")


@pytest.mark.parametrize("path", ["/metrics", "/live", "/ready"])
def test_probes_and_metrics_have_no_limit(gateway, path):
    assert set(statuses(gateway, None, [("GET", path)] * 20)) == {200}


def test_what_is_not_there_has_no_limit(gateway, source):
    assert set(statuses(gateway, source, [("GET", "/elsewhere")] * 10)) == {404}


# ---- an nginx of one's own ---------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    data = tmp_path_factory.mktemp("own") / "data"
    with Gateway(data):
        pass
    return data


def test_limits_of_one_s_own_have_the_same_form(prepared, source):
    http = """
        limit_req_zone $trivet_rate_put zone=put:1m rate=1r/m;
        limit_req_zone $trivet_rate_session zone=session:1m rate=1r/m;
        limit_req_status 429;
    """
    location = "limit_req zone=put; limit_req zone=session burst=2 nodelay;"
    with Nginx(prepared, http=http, location=location) as nginx:
        answers = burst(nginx, source, [("PUT", "/v1/echo/x")] * 2)
        assert answers[0].status == 401
        bunq.assert_refused(
            answers[1], 429, TEXT.format(2, 3), "too-many-requests", False
        )
        calls = [("POST", "/v1/session-server")] * 4
        assert is_limited(nginx, source, calls) == [False] * 3 + [True]
        calls = [("GET", "/v1/user"), ("POST", "/v1/device-server")] * 10
        assert not any(is_limited(nginx, source, calls))


def test_the_man_page_s_lines_are_the_classic_limits(prepared, source):
    page = (ROOT / "man/ngx_http_trivet_module.5").read_text(encoding="utf-8")
    lines = [x.strip() for x in page.splitlines() if x.strip().startswith("limit_req")]
    http = [line for line in lines if not line.startswith("limit_req ")]
    location = [line for line in lines if line.startswith("limit_req ")]
    assert len(http) == 6 and len(location) == 4
    with Nginx(
        prepared, http="\n".join(http), location="\n".join(location)
    ) as nginx:
        for method, target, calls, _ in CLASSES:
            limited = is_limited(nginx, source, [(method, target)] * (calls + 1))
            assert limited == [False] * calls + [True]


def test_a_method_without_a_limit_is_told_of_none(prepared, source):
    http = "limit_req_zone $binary_remote_addr zone=all:1m rate=1r/m;"
    location = "limit_req zone=all; limit_req_status 429;"
    with Nginx(prepared, http=http, location=location) as nginx:
        answers = burst(nginx, source, [("DELETE", "/v1/session/0")] * 2)
        assert answers[0].status == 401
        bunq.assert_refused(
            answers[1], 429, "Too many requests.", "too-many-requests", False
        )


def test_the_variables_follow_the_address_that_realip_finds(prepared):
    http = "limit_req_zone $trivet_rate_session zone=s:1m rate=1r/m;"
    location = "limit_req zone=s; limit_req_status 429;"
    server = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Real-IP;"
    calls = [("POST", "/v1/session-server")]
    with Nginx(prepared, http=http, location=location, server=server) as nginx:
        for address, status in (
            ("1.2.3.4", 401),
            ("1.2.3.5", 401),
            ("2001:db8:0:1::1", 401),
            ("2001:db8:0:2::1", 401),
            ("2001:db8:0:2:ffff::2", 429),  # of the same /64 network
        ):
            headers = [("X-Real-IP", address)]
            assert statuses(nginx, "127.0.0.1", calls, headers) == [status]
            assert statuses(nginx, "127.0.0.2", calls, headers) == [429]


def test_a_flood_of_paths_neither_frees_sessions_nor_stops_others(prepared, source):
    http = """
        limit_req_zone $trivet_rate_get zone=get:32k rate=60r/m;
        limit_req_zone $trivet_rate_session zone=session:32k rate=2r/m;
        limit_req_status 429;
    """
    location = "limit_req zone=get burst=2 nodelay; limit_req zone=session;"
    with Nginx(prepared, http=http, location=location) as nginx:
        calls = [("POST", "/v1/session-server")]
        assert statuses(nginx, source, calls) == [401]
        for part in range(10):
            flood = [("GET", f"/v1/echo/x{part}-{i}") for i in range(90)]
            assert set(statuses(nginx, source, flood)) == {401}
        assert statuses(nginx, source, calls) == [429]
        assert statuses(nginx, "127.0.9.1", [("GET", "/v1/user")]) == [401]
        assert statuses(nginx, "127.0.9.1", calls) == [401]


def test_nothing_is_limited_that_nobody_limits(prepared, source):
    assert "limit_req" not in TRIVET_PART
    with Nginx(prepared) as nginx:
        assert 429 not in statuses(nginx, source, [("GET", "/v1/user")] * 20)


# ---- with those who keep the limits ------------------------------------------


@pytest.mark.long
def test_login_and_the_handshake_wait_for_each_other(gateway, tmp_path):
    """Both open a session from 127.0.0.1: the second comes half a minute later."""
    env = environment(HOME=str(tmp_path), TRIVET_CONFIG_DIR=str(tmp_path / "config"))
    url = f"https://localhost:{gateway.port}/v1"
    begin = time.monotonic()
    login = subprocess.run(
        [str(TRIVET), "login", "--url", url, "--ca", gateway.ca, "--new-sandbox-user"],
        capture_output=True, text=True, timeout=60, env=env, check=False,
    )
    assert login.returncode == 0, login
    assert time.monotonic() - begin < 20
    handshake = subprocess.run(
        [ROOT / "examples/handshake.sh", url, gateway.ca],
        capture_output=True, text=True, timeout=90, env=env, check=False,
    )
    assert handshake.returncode == 0, handshake
    assert "waiting 30 s" in handshake.stdout
    assert "done: every answer's signature was right" in handshake.stdout
    assert time.monotonic() - begin > 30
    for _ in range(7):
        called = subprocess.run(
            [str(TRIVET), "call", "GET", "user"],
            capture_output=True, text=True, timeout=60, env=env, check=False,
        )
        assert called.returncode == 0, called
