# SPDX-License-Identifier: Apache-2.0
"""The module beside what else an operator writes into nginx.conf"""
import itertools
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

import bunq
from bunq import REQUEST_ID, SIGNATURE, TOKEN
from gateway import Gateway, environment, wait_until
from nginx import TEXT, TRIVET, Nginx, get, is_whole, steps
from upstream import JSON, chunked, closing, reply

path_numbers = itertools.count()


def test_plain_configuration_works(start, upstream, path):
    nginx = start(upstream)
    client = bunq.ready(nginx)
    upstream.plan(path, reply(TEXT, headers=[JSON]))
    is_whole(client.get(path), client, TEXT)
    assert client.get(path, signature=None).status == 466
    client = bunq.ready(start())  # a second one, on the same store
    assert client.get("/v1/x").types == ["Identity"]


# ---- the caller's address ----------------------------------------------------

REALIP = "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;"


def test_realip_of_a_trusted_proxy_is_the_address(start):
    nginx = start(http=REALIP)
    home = [("X-Forwarded-For", "10.1.2.3")]
    away = [("X-Forwarded-For", "10.1.2.4")]

    def wire():
        return bunq.Wire(nginx)

    client = steps(nginx, wire, address_headers=home)
    is_whole(get(client, wire, headers=home), client)
    for headers in (away, [], [("X-Forwarded-For", "10.1.2.3, 10.1.2.4")]):
        answer = get(client, wire, headers=headers)
        bunq.assert_refused(answer, 403, reason="ip-not-permitted")
    # what another hop said before our proxy added the true address
    answer = get(client, wire, headers=[("X-Forwarded-For", "6.6.6.6, 10.1.2.3")])
    is_whole(answer, client)
    device = [d for d in nginx.trivet("device", "list") if d["id"] == client.device_id]
    assert "10.1.2.3" in str(device)


def test_realip_of_a_stranger_is_not_believed(start):
    nginx = start(http=REALIP)

    def wire():
        return bunq.Wire(nginx, source="127.0.0.2")

    client = steps(nginx, wire, address_headers=[("X-Forwarded-For", "10.1.2.3")])
    for value in ("10.1.2.3", "10.1.2.4", "127.0.0.1"):
        is_whole(get(client, wire, headers=[("X-Forwarded-For", value)]), client)
    answer = get(
        client, lambda: bunq.Wire(nginx), headers=[("X-Forwarded-For", "127.0.0.2")]
    )
    is_whole(answer, client)  # the trusted one says the same as the socket did
    answer = get(
        client, lambda: bunq.Wire(nginx), headers=[("X-Forwarded-For", "10.1.2.3")]
    )
    bunq.assert_refused(answer, 403, reason="ip-not-permitted")


@pytest.mark.parametrize(
    "bound, used, is_same",
    [
        ("2001:db8::1", "2001:DB8:0:0::1", True),
        ("2001:db8::1", "2001:db8::2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("10.0.0.1", "::ffff:a00:1", True),
        ("10.0.0.1", "::10.0.0.1", False),
        ("10.0.0.1", "::ffff:10.0.0.2", False),
        ("::1", "127.0.0.1", False),
        ("::", "0.0.0.0", False),
    ],
)
def test_ipv6_and_mapped_addresses(start, bound, used, is_same):
    nginx = start(http=REALIP)

    def wire():
        return bunq.Wire(nginx)

    client = steps(nginx, wire, address_headers=[("X-Forwarded-For", bound)])
    answer = get(client, wire, headers=[("X-Forwarded-For", used)])
    assert answer.status == (200 if is_same else 403), answer


def test_proxy_protocol(start):
    nginx = start(
        listen="proxy_protocol",
        http="set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;",
    )

    def wire(address="10.9.9.9", family="TCP4", end="10.0.0.1"):
        line = f"PROXY {family} {address} {end} 1000 443\r\n"
        return bunq.Wire(nginx, preface=line.encode())

    client = steps(nginx, wire)
    is_whole(get(client, wire), client)
    forged = [("X-Forwarded-For", "10.9.9.9")]
    answer = get(client, lambda: wire("10.9.9.8"), headers=forged)
    bunq.assert_refused(answer, 403, reason="ip-not-permitted")
    mapped = lambda: wire("::ffff:10.9.9.9", "TCP6", "::1")  # noqa: E731
    is_whole(get(client, mapped), client)
    with pytest.raises((OSError, bunq.Truncated)):
        get(client, lambda: bunq.Wire(nginx))  # no PROXY line


# ---- filters -----------------------------------------------------------------


@pytest.mark.parametrize(
    "http",
    [
        "gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;",
        "gunzip on; gzip_static on; gzip_vary on;",
        "sub_filter 'abc ' 'xyz'; sub_filter_once off; sub_filter_types *;",
        "charset utf-8;",
        "error_page 418 /teapot; error_page 497 =444 /plain;",
        "ssi on; ssi_types *;",
        "chunked_transfer_encoding off;",
        "proxy_buffering off;",
        "proxy_buffer_size 4k; proxy_buffers 2 4k; proxy_busy_buffers_size 4k;",
        "proxy_max_temp_file_size 0;",
        "output_buffers 1 1k; postpone_output 0;",
        "sendfile on; tcp_nopush on; sendfile_max_chunk 1k;",
        "limit_rate 1m; limit_rate_after 1k;",
        "etag off; if_modified_since before; expires 1h;",
        "add_header X-Added 1 always; add_trailer X-T 1;",
        "keepalive_timeout 0; lingering_close always;",
        "client_body_in_file_only on;",
        "client_body_in_single_buffer on; client_body_buffer_size 1k;",
        "proxy_request_buffering off;",
        "aio threads; aio_write on;",
        "max_ranges 0;",
        "default_type text/plain; server_tokens off; merge_slashes off;",
    ],
    ids=lambda http: http.split(";")[0][:40],
)
def test_signature_fits_whatever_else_is_configured(start, upstream, path, http):
    nginx = start(upstream, http=http)
    client = bunq.ready(nginx)
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=0-3"}
    long = TEXT * 200
    for body, plan in (
        (TEXT, reply(TEXT, headers=[JSON])),
        (TEXT, chunked([TEXT[:100], TEXT[100:]])),
        (long, reply(long, headers=[JSON])),
        (long, chunked([long[:100_000], long[100_000:]])),
        (b"", reply(b"", headers=[JSON])),
    ):
        upstream.plan(path, plan)
        answer = client.get(path, headers=headers)
        bunq.assert_admitted(answer, client.server_key)
        assert answer.header("Content-Encoding") is None
        if "sub_filter" not in http:
            assert answer.body == body
        sent = TEXT * 20
        bunq.assert_admitted(client.post(path, sent), client.server_key)
        assert upstream.last(path).body == sent
        seen = upstream.count(path)
        answer = client.post(path, sent, signature=client.sign(b""))
        bunq.assert_refused(answer, 400, reason="signature-wrong")
        assert upstream.count(path) == seen
    answer = client.get("/v1/user", headers=headers)
    bunq.assert_admitted(answer, client.server_key)
    assert answer.element("UserPerson") == client.user
    head = client.call("HEAD", "/v1/user")
    assert head.is_signed_by(client.server_key)


def test_text_added_by_nginx_is_signed_too(start, upstream):
    nginx = start(
        locations="location /around/ { trivet_protect on; add_before_body /before;"
        f" add_after_body /after; addition_types *; proxy_pass {upstream.url}; }}"
        ' location = /before { return 200 "<"; }'
        ' location = /after { return 200 ">"; }',
    )
    client = bunq.ready(nginx)
    for body in (b"middle", b"", b"x" * 200_000):
        for plan in (reply(body, headers=[JSON]), chunked([body] if body else [])):
            upstream.plan("/around/x", plan)
            answer = client.get("/around/x")
            bunq.assert_admitted(answer, client.server_key)
            assert answer.body == b"<" + body + b">"


def test_recoded_text_is_signed_as_it_arrives(start, upstream):
    nginx = start(
        http="charset_map utf-8 koi8-r { 62 63; }",
        locations="location /koi/ { trivet_protect on; charset koi8-r;"
        " source_charset utf-8; charset_types text/plain; override_charset on;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    upstream.plan("/koi/x", reply(b"abba", headers=[("Content-Type", "text/plain")]))
    answer = client.get("/koi/x")
    bunq.assert_admitted(answer, client.server_key)


@pytest.mark.parametrize("page", ["404 /own.html", "418 /own.html", "497 =444 /own"])
def test_own_error_page_of_one_status_leaves_the_others_as_they_are(
    start, upstream, path, page
):
    nginx = start(upstream, server=f"error_page {page};")
    client = bunq.ready(nginx)
    upstream.plan(path, closing(b""))
    bunq.assert_refused(client.get(path), 502, reason="upstream-failed")
    answer = client.post("/v1/installation", b"x" * 100_000, token=None)
    bunq.assert_refused(answer, 413, reason="body-too-large")


def test_cached_answers_are_signed(start, upstream, path):
    nginx = start(
        upstream,
        http="proxy_cache_path {0} keys_zone=z:1m;".format("cache"),
        location="proxy_cache z; proxy_cache_valid 200 1h;",
    )
    one = bunq.ready(nginx)
    two = bunq.ready(nginx, key_number=1)
    upstream.plan(path, reply(TEXT, headers=[JSON]))
    for client in (one, two, one):
        is_whole(client.get(path), client, TEXT)
        answer = client.get(path, headers={"Range": "bytes=0-1"})
        is_whole(answer, client, TEXT)
    assert upstream.count(path) == 1
    assert one.get(path, token="0" * 64).status == 401


def test_helpers_of_the_cache_do_nothing_of_ours(start, upstream):
    """They have no pool of threads: a chore would end them."""
    nginx = start(
        upstream,
        http="proxy_cache_path cache keys_zone=z:1m;",
        location="proxy_cache z;",
    )

    def called(name):
        children = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(nginx.nginx_master())],
            capture_output=True, text=True, check=True).stdout.splitlines()
        return [line.split()[0] for line in children if name in line]

    # A process has its name a moment after it was made.
    assert wait_until(lambda: called("cache manager") and called("worker"))
    helpers, workers = called("cache manager"), called("worker")
    assert len(helpers) == 1

    def opened(pid):
        fds = Path(f"/proc/{pid}/fd")
        return {str(fd.readlink()) for fd in fds.iterdir() if fd.is_symlink()}

    bunq.ready(nginx)
    assert any("trivet.db" in file for pid in workers for file in opened(pid))
    assert not any("trivet.db" in file for file in opened(helpers[0]))


def test_mirrored_and_sub_requests(start, upstream, path):
    nginx = start(
        upstream,
        location="mirror /mirror; auth_request /ask;",
        locations=f"location = /mirror {{ internal; proxy_pass {upstream.url}; }}"
        f" location = /ask {{ internal; proxy_pass {upstream.url}/ask;"
        " proxy_pass_request_body off; proxy_set_header Content-Length ''; }",
    )
    client = bunq.ready(nginx)
    upstream.plan(path, reply(TEXT, headers=[JSON]))
    for body in (b"", b"{}", b"x" * 50_000):
        answer = client.post(path, body)
        is_whole(answer, client, TEXT)
        answer = client.post(path, body, signature=client.sign(b"no"))
        bunq.assert_refused(answer, 400, reason="signature-wrong")


# ---- identity and credentials ------------------------------------------------


@pytest.mark.parametrize(
    "http", ["underscores_in_headers on;", "ignore_invalid_headers off;", "both"]
)
def test_identity_cannot_be_spoofed_with_lax_header_rules(start, upstream, path, http):
    if http == "both":
        http = "underscores_in_headers on; ignore_invalid_headers off;"
    nginx = start(upstream, http=http)
    client = bunq.ready(nginx)
    other = bunq.ready(nginx)
    forged = [
        (name, str(other.user["id"]))
        for name in (
            "Trivet_User_Id",
            "trivet_user_id",
            "TRIVET_USER_ID",
            "Trivet-User_Id",
            "Trivet.User.Id",
            "trivet.user-id",
            "Trivet!User!Id",
            "Trivet-User-Id",
            "Trivet_Anything",
            "trivet_",
            "Trivet-",
        )
    ]
    with bunq.Wire(nginx) as wire:
        headers = [*forged, *client.headers().items(), *forged]
        answer = wire.request("GET", path, headers).answer()
    is_whole(answer, client)
    request = upstream.last(path)
    found = [(n, v) for n, v in request.headers if n.lower().startswith("trivet")]
    assert len(found) == 5, found
    assert dict(found)["Trivet-User-Id"] == str(client.user["id"])
    # nor do lax names carry credentials
    headers = [(TOKEN.replace("-", "_"), client.session_token)]
    headers.append((SIGNATURE.replace("-", "_"), client.sign(b"")))
    with bunq.Wire(nginx) as wire:
        answer = wire.request("GET", path, headers).answer()
    bunq.assert_refused(answer, 401, reason="token-missing")


@pytest.mark.parametrize("is_on", [True, False])
def test_credentials_are_passed_if_asked_for(start, upstream, path, is_on):
    state = "on" if is_on else "off"
    nginx = start(upstream, location=f"trivet_pass_credentials {state};")
    client = bunq.ready(nginx)
    bunq.assert_admitted(client.post(path, b"{}"), client.server_key)
    request = upstream.last(path)
    wanted = [client.session_token] if is_on else []
    assert request.all(TOKEN) == wanted
    assert request.all(SIGNATURE) == ([client.sign(b"{}")] if is_on else [])
    assert request.all("Trivet-User-Id") == [str(client.user["id"])]


def test_request_id_does_not_split_the_answer(start, upstream, path):
    nginx = start(upstream, http="ignore_invalid_headers off;")
    client = bunq.ready(nginx)
    answer = client.get(path, headers={REQUEST_ID: "a\tb"})
    assert answer.status in (200, 400)
    if answer.status == 200:
        is_whole(answer, client)


# ---- what must not start -----------------------------------------------------


@pytest.mark.parametrize(
    "parts, word",
    [
        ({"location": "satisfy any;"}, "satisfy"),
        ({"location": "satisfy any; allow 127.0.0.1; deny all;"}, "satisfy"),
        ({"server": "satisfy any;"}, "satisfy"),
        ({"http": "satisfy any;"}, "satisfy"),
        ({"trivet": "trivet_sandbox on;"}, "trivet_store"),
        ({"trivet": TRIVET.replace("trivet_store", "# ")}, "trivet_store"),
        ({"trivet": TRIVET.replace("trivet_server_key", "# ")}, "trivet_server_key"),
        ({"trivet": TRIVET.replace("server.pem", "none.pem")}, "none.pem"),
        ({"trivet": TRIVET.replace("server.pem", "tls.crt")}, "tls.crt"),
        ({"trivet": TRIVET.replace("strict", "nonsense")}, "nonsense"),
        ({"trivet": TRIVET.replace("sandbox on", "sandbox maybe")}, "maybe"),
        ({"trivet": TRIVET.replace("{store}", "nonsense:x")}, "nonsense"),
        ({"trivet": TRIVET + "trivet_store sqlite:/x;"}, "duplicate"),
        ({"trivet": TRIVET + "trivet_profile strict;"}, "duplicate"),
        ({"location": "trivet_answer_limit nonsense;"}, "trivet_answer_limit"),
        ({"location": "trivet_answer_limit -1;"}, "trivet_answer_limit"),
        ({"location": "trivet_answer_buffer x;"}, "trivet_answer_buffer"),
        ({"location": "trivet_require_signature some;"}, "some"),
        ({"location": "trivet_store sqlite:/x;"}, "not allowed"),
        ({"location": "trivet_server_key /x;"}, "not allowed"),
        ({"location": "trivet_sandbox on;"}, "not allowed"),
        ({"http": "trivet_identity;"}, "not allowed"),
        ({"location": "trivet_profile;"}, "arguments"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:60],
)
def test_bad_configuration_is_refused(data, parts, word):
    status, said = Nginx(data, **parts).check()
    assert status != 0, said
    assert word in said
    assert "[emerg]" in said


def test_good_configuration_passes_the_check(data):
    status, said = Nginx(data).check()
    assert status == 0, said


def test_loose_server_key_is_refused_by_nginx_too(data):
    (data / "server.pem").chmod(0o644)
    status, said = Nginx(data).check()
    assert status != 0 and "server.pem" in said


def test_module_that_is_not_used_needs_nothing(data):
    nginx = Nginx(data, trivet="")
    nginx.target = "return 204; trivet_calls off; trivet_protect off;"
    text = nginx.command("-t")
    path = text[text.index("-c") + 1]
    with open(path) as file:
        content = file.read()
    for line in ("trivet_calls on;", "trivet_protect on;"):
        content = content.replace(line, "")
    assert "trivet_calls on" not in content
    with open(path, "w") as file:
        file.write(content)
    result = subprocess.run(
        text, capture_output=True, text=True, env=environment()
    )
    assert result.returncode == 0, result.stderr


# ---- life --------------------------------------------------------------------


def test_reload_loses_no_request_on_its_way(start, upstream, data):
    """A worker that is told to end waits for the pool thread of a request."""
    nginx = start(upstream)
    client = bunq.Client(nginx).install()
    secret = client.make_user()
    lock = sqlite3.connect(data / "trivet.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    answers = []
    registering = threading.Thread(
        target=lambda: answers.append(client.register(secret))
    )
    registering.start()
    time.sleep(0.3)
    before = nginx.nginx_workers()
    nginx.reload()
    assert wait_until(lambda: nginx.nginx_workers() - before)
    time.sleep(0.3)
    assert registering.is_alive()
    lock.execute("ROLLBACK")
    registering.join()

    assert answers, "the request was lost"
    assert answers[0].open().get("/v1/x").status == 200


def test_graceful_end_answers_what_is_under_way(start, upstream, path):
    nginx = start(upstream)
    client = bunq.ready(nginx)

    def slow(request, connection):
        time.sleep(0.7)
        connection.sendall(reply(TEXT, headers=[JSON]))
        return True

    upstream.plan(path, slow)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.get(path)))
    thread.start()
    time.sleep(0.2)
    nginx.process.send_signal(signal.SIGQUIT)
    thread.join()
    is_whole(answers[0], client, TEXT)
    assert nginx.process.wait(20) == 0


def test_reload_with_a_broken_key_keeps_the_old_configuration(start, data):
    nginx = start()
    nginx.may_crash = True  # nginx says [emerg] to it
    client = bunq.ready(nginx)
    (data / "server.pem").rename(data / "kept.pem")
    nginx.reload()
    assert wait_until(lambda: "server.pem" in nginx.log())
    assert client.is_alive()
    (data / "kept.pem").rename(data / "server.pem")


def test_two_server_keys_serve_old_and_new_installations(start, data):
    """The first one named signs for new installations; keys can rotate."""
    old_client = bunq.ready(start())
    with Gateway(data.parent / "other", makes_key=True):
        pass
    other = data.parent / "other/server.pem"
    line = f"trivet_server_key {other};\n    trivet_server_key {{data}}/server.pem;"
    trivet = TRIVET.replace("trivet_server_key {data}/server.pem;", line)
    nginx = start(trivet=trivet)
    moved = old_client.from_address(None)
    moved.gateway = nginx
    answer = moved.get("/v1/user")
    bunq.assert_admitted(answer, old_client.server_key)
    new_client = bunq.ready(nginx)
    numbers = [c.server_key.public_numbers() for c in (old_client, new_client)]
    assert numbers[0] != numbers[1]
    only_new = start(trivet=TRIVET.replace("{data}/server.pem", str(other)))
    moved.gateway = only_new
    answer = moved.get("/v1/user")
    bunq.assert_refused(answer, 503, reason="server-key-unavailable")


# ---- where requests are judged -----------------------------------------------

LARGE = "client_body_buffer_size 1m; client_max_body_size 1m;"
FEW = "thread_pool default threads=1 max_queue=0;"


def test_large_bodies_in_memory_do_not_occupy_the_event_loop(start, upstream):
    """While the pool's threads wait for the store, what is judged on the event
    loop passes, and what needs a thread finds none."""
    client = bunq.ready(start(upstream, location=LARGE))
    client.gateway = start(upstream, location=LARGE, top=FEW)
    upstream.plan("/v1/body", reply(TEXT, headers=[JSON]))
    small, large = b"x" * 64 * 1024, b"x" * (64 * 1024 + 1)
    for body in (small, large, b"x" * 1024 * 1024):
        is_whole(client.post("/v1/body", body=body), client, TEXT)

    def occupy():
        client.from_address(None).post_installation()

    threads = []
    statuses = set()
    end = time.monotonic() + 30
    lock = sqlite3.connect(client.gateway.data / "trivet.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        # Which of the two workers gets a connection is the kernel's to choose,
        # and who waits for the store gives up after a while.
        while 500 not in statuses and time.monotonic() < end:
            for _ in range(16):
                threads.append(threading.Thread(target=occupy))
                threads[-1].start()
            time.sleep(0.5)
            for _ in range(8):
                other = client.from_address(None)
                is_whole(other.post("/v1/body", body=small), client, TEXT)
                statuses.add(other.post("/v1/body", body=large).status)
    finally:
        lock.close()
        for thread in threads:
            thread.join()
    assert 500 in statuses
