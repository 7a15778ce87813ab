# SPDX-License-Identifier: Apache-2.0
"""Every way that leads into a protected location is judged there, main request or
not: what nginx sends there by itself reaches nothing that its caller may not."""
import json
import os

import pytest

import bunq
from bunq import SIGNATURE, TOKEN
from classic import BASE, Classic, request_bytes
from gateway import wait_until
from nginx import TRIVET, Nginx
from upstream import JSON, reply

FORGED = {"Trivet-User-Id": "1", "trivet_user_id": "1", "Trivet-Session-Id": "1"}
PAGE = '<!--#include virtual="/v1/ssi" -->'


def ways(upstream):
    """Unprotected locations that send subrequests into /v1/."""
    back = f"proxy_pass {upstream.url};"
    return (
        f"location /asks/ {{ auth_request /v1/asked; {back} }}"
        f"location /mirrors/ {{ mirror /v1/mirrored; {back} }}"
        f"location /mirrors-bare/ {{ mirror /v1/mirrored; mirror_request_body off;"
        f" {back} }}"
        f"location /includes/ {{ ssi on; ssi_types *; {back} }}"
        f"location /adds/ {{ add_before_body /v1/before; addition_types *; {back} }}"
        f"location /tries/ {{ try_files /none /v1/tried; }}"
        "location /jumps/ { rewrite ^ /v1/jumped last; }"
        "location /errs/ { error_page 404 = /v1/erred; root /nonexistent; }"
        "location /named/ { error_page 404 = @named; root /nonexistent; }"
        f"location @named {{ trivet_protect on; rewrite ^ /v1/named break; {back} }}"
    )


# target, the path that the API must not see unless the caller may
WAYS = [
    ("/asks/x", "/v1/asked"),
    ("/mirrors/x", "/v1/mirrored"),
    ("/includes/x", "/v1/ssi"),
    ("/adds/x", "/v1/before"),
    ("/tries/x", "/v1/tried"),
    ("/jumps/x", "/v1/jumped"),
    ("/errs/x", "/v1/erred"),
    ("/named/x", "/v1/named"),
]


def has_come(upstream, target, count):
    """nginx answers before its mirrored request has gone out."""
    return wait_until(lambda: upstream.count(target) >= count, 5) and (
        upstream.count(target) == count
    )


@pytest.fixture(scope="module")
def around(tmp_path_factory, prepared, upstream):
    """One nginx with all ways, for the tests that change nothing in it."""
    import shutil

    place = tmp_path_factory.mktemp("around") / "data"
    shutil.copytree(prepared, place)
    upstream.plan("/includes/x", reply(PAGE.encode(), headers=[JSON]))
    nginx = Nginx(place, upstream, locations=ways(upstream)).start()
    yield nginx
    nginx.close()


@pytest.fixture(scope="module")
def known(around):
    return bunq.ready(around)


@pytest.fixture(scope="module")
def other(around):
    return bunq.ready(around)


@pytest.mark.parametrize("target, inner", WAYS)
def test_without_credentials_nothing_is_reached(around, upstream, target, inner):
    before = upstream.count(inner)
    client = bunq.Client(around)
    for token in (None, "0" * 64):
        client.get(target, token=token, signature=None, headers=FORGED)
        client.post(target, b"{}", token=token, signature=None, headers=FORGED)
    assert upstream.count(inner) == before


@pytest.mark.parametrize("target, inner", WAYS)
def test_with_wrong_credentials_nothing_is_reached(
    around, upstream, known, target, inner
):
    before = upstream.count(inner)
    known.get(target, signature=None)
    known.get(target, signature=known.sign(b"another"))
    known.get(target, token=known.installation_token)
    known.from_address("127.0.0.9").get(target)
    with bunq.Wire(around) as wire:
        twice = [*known.headers().items(), (TOKEN, known.session_token)]
        wire.request("GET", target, twice).answer()
    assert upstream.count(inner) == before


@pytest.mark.parametrize("target, inner", WAYS)
def test_with_right_credentials_it_is_reached_as_who_calls(
    around, upstream, known, other, target, inner
):
    for client in (known, other):
        before = upstream.count(inner)
        answer = client.get(target, headers=FORGED)
        assert answer.status == 200, answer
        assert has_come(upstream, inner, before + 1)
        request = upstream.last(inner)
        assert request.all("Trivet-User-Id") == [str(client.user["id"])]
        assert request.all("Trivet-Session-Id") == [str(client.session_id)]
        assert not request.all("trivet_user_id")
        assert not request.all(TOKEN) and not request.all(SIGNATURE)


def test_auth_request_judges_the_main_request(around, upstream, known):
    """Its answer is the verdict; what else is in the unprotected location is
    reached by those who passed."""
    upstream.plan("/asks/x", reply(b"inner", headers=[JSON]))
    seen = upstream.count("/asks/x")
    anybody = bunq.Client(around)
    assert anybody.get("/asks/x", token=None).status == 401
    assert anybody.get("/asks/x", token="0" * 64).status == 401
    assert known.get("/asks/x", signature=None).status == 403
    assert known.get("/asks/x", signature=known.sign(b"x")).status == 403
    assert known.get("/asks/x", token=known.installation_token).status == 403
    assert known.from_address("127.0.0.9").get("/asks/x").status == 403
    assert upstream.count("/asks/x") == seen
    assert known.get("/asks/x").body == b"inner"


@pytest.mark.parametrize("size", [0, 2, 9_000, 300_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_auth_request_judges_the_body_that_was_signed(
    around, upstream, known, size, is_chunked
):
    body = b"x" * size
    stream = (lambda: iter([body])) if is_chunked and body else (lambda: None)
    answer = known.post("/asks/x", body, stream=stream())
    assert answer.status == 200, answer
    assert upstream.last("/asks/x").body == body
    answer = known.post("/asks/x", body, stream=stream(), signature=known.sign(b"y"))
    assert answer.status == 403, answer
    if body:
        answer = known.post(
            "/asks/x", body, stream=stream(), signature=known.sign(b"")
        )
        assert answer.status == 403, answer


def test_auth_request_tells_who_it_is(start, upstream):
    nginx = start(
        upstream,
        locations="location /asks/ { auth_request /v1/asked;"
        " auth_request_set $who $trivet_user_id; proxy_set_header Who $who;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    assert client.get("/asks/who").status == 200
    assert upstream.last("/asks/who").all("Who") == [str(client.user["id"])]
    count = upstream.count("/asks/who")
    assert client.get("/asks/who", signature=None).status == 403
    assert upstream.count("/asks/who") == count


@pytest.mark.parametrize("is_protected", [False, True])
def test_auth_request_to_a_call_of_ours(start, upstream, is_protected):
    """GET /v1/user answers whether there is a session; a call that changes
    something is not made by a subrequest."""
    state = "on" if is_protected else "off"
    nginx = start(
        upstream,
        locations="location /asks/ { auth_request /v1/user;"
        f" trivet_protect {state}; proxy_pass {upstream.url}; }}"
        f" location /ends/ {{ mirror /v1/session/0; proxy_pass {upstream.url}; }}"
        f" location /makes/ {{ mirror /v1/sandbox-user-person;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    assert client.get("/asks/x").status == 200
    assert client.post("/asks/x", b"{}").status == 200
    assert bunq.Client(nginx).get("/asks/x", token=None).status == 401
    assert client.get("/asks/x", signature=None).status in (403, 466)
    assert upstream.count("/v1/user") == 0
    users = len(nginx.trivet("user", "list"))
    client.call("DELETE", "/ends/x")
    client.post("/makes/x")
    assert client.is_alive()
    assert len(nginx.trivet("user", "list")) == users
    assert upstream.count("/v1/session/0") == 0


@pytest.mark.parametrize("size", [0, 2, 70_000])
def test_a_mirrored_body_is_the_one_that_was_signed(around, upstream, known, size):
    body = b"y" * size
    before = upstream.count("/v1/mirrored")
    known.post("/mirrors/x", body)
    assert has_come(upstream, "/v1/mirrored", before + 1)
    assert upstream.last("/v1/mirrored").body == body
    known.post("/mirrors/x", body, signature=known.sign(body + b"!"))
    assert upstream.count("/v1/mirrored") == before + 1


def test_a_body_that_was_not_read_is_not_an_empty_one(around, upstream, known):
    """Mirrored requests come late, those of other tests too: told apart by what
    their caller sent."""

    def mirrored(mark):
        return [r for r in list(upstream.requests) if r.all("Mark") == [mark]
                and r.path == "/v1/mirrored"]

    signature = known.sign(b"")
    known.post("/mirrors-bare/x", b"x", signature=signature, headers={"Mark": "a"})
    known.get("/mirrors-bare/x", headers={"Mark": "b"})
    assert wait_until(lambda: mirrored("b"), 5)
    assert not mirrored("a")


# ---- from one protected location into another ----------------------------------


def test_a_subrequest_of_an_admitted_request_has_its_identity(
    start, upstream, path
):
    nginx = start(
        upstream,
        location="mirror /v1/copy; auth_request /inner/asked; ssi on; ssi_types *;",
        locations="location /inner/ { internal; trivet_protect on;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    upstream.plan(path, reply(b'<!--#include virtual="/inner/part" -->'))
    upstream.plan("/inner/part", reply(b"the part"))
    before = upstream.count("/v1/copy")
    answer = client.post(path, b"{}", headers=FORGED)
    bunq.assert_admitted(answer, client.server_key)
    assert answer.body == b"the part"
    for inner in ("/inner/asked", "/inner/part"):
        user = upstream.last(inner).all("Trivet-User-Id")
        assert user == [str(client.user["id"])]
    bunq.assert_refused(
        client.post(path, b"{}", signature=None), 466, reason="signature-missing"
    )
    assert has_come(upstream, "/v1/copy", before + 1)
    assert upstream.last("/v1/copy").all("Trivet-User-Id") == [str(client.user["id"])]
    assert client.get("/inner/asked").status == 404  # internal stays internal


def test_the_stronger_rule_of_the_inner_location_holds(
    start, upstream, path
):
    """The outer location wants no signature, the inner one does."""
    nginx = start(
        upstream,
        http="",
        location="trivet_profile current; mirror /strong/x;",
        locations="location /strong/ { internal; trivet_protect on;"
        " trivet_profile current; trivet_require_signature all;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    before = upstream.count("/strong/x")
    assert client.get(path, signature=None).status == 200
    assert client.get(path, signature=client.sign(b"wrong")).status == 200
    assert upstream.count("/strong/x") == before
    assert client.get(path).status == 200
    assert has_come(upstream, "/strong/x", before + 1)
    assert client.post(path, b"body").status == 200
    assert has_come(upstream, "/strong/x", before + 2)


def test_classic_subrequests_are_judged_by_the_whole_request(
    start, upstream
):
    """The full signature is over the main request's method, target and header."""
    nginx = start(
        upstream,
        locations="location /asks/ { auth_request /v1/asked;"
        f" proxy_pass {upstream.url}; }}",
        trivet=TRIVET.replace("strict", "classic"),
    )
    client = Classic(nginx)
    secret = client.make_user()
    client.install().register(secret).open()
    headers = {TOKEN: client.session_token, **BASE}

    def sign(target):
        return client.sign(request_bytes("GET", target, headers, b""))

    for target, status in (("/asks/y", 200), ("/v1/asked", 403)):
        change = {**headers, SIGNATURE: sign(target)}
        answer = client.get("/asks/y", change=change)
        assert answer.status == status, answer


def test_many_subrequests_of_one_caller(start, upstream):
    """Each is judged; a request id that is used once is not used up by them."""
    nginx = start(
        upstream,
        location="trivet_profile strict request-id=per-device;",
        locations=f"location /page/ {{ ssi on; ssi_types *;"
        f" proxy_pass {upstream.url}; }}",
    )
    client = bunq.ready(nginx)
    page = '<!--#include virtual="/v1/part" -->'
    upstream.plan("/page/x", reply((page * 20).encode()))
    upstream.plan("/v1/part", reply(b"<part>"))
    answer = client.get("/page/x")
    assert answer.body == b"<part>" * 20
    answer = client.get("/page/x", signature=client.sign(b"no"))
    assert b"<part>" not in answer.body
    assert answer.body.count(b'"Error":') == 20


def test_callers_who_leave_while_a_subrequest_is_judged(around, upstream, known):
    workers = around.nginx_workers()
    for _ in range(20):
        wire = bunq.Wire(around)
        wire.request("GET", "/asks/x", list(known.headers().items()))
        wire.close()
    assert known.get("/asks/x").status == 200
    assert around.nginx_workers() == workers


# ---- what answers by itself ------------------------------------------------------

# directives that answer GET ...?a=b in the rewrite phase, and with what
ANSWERS = {
    "return 200 x;": 200,
    "return 204;": 204,
    "return 301 https://elsewhere.example/;": 301,
    "return https://elsewhere.example/;": 302,
    "rewrite ^ /elsewhere redirect;": 302,
    "rewrite ^ /elsewhere permanent;": 301,
    "rewrite ^ https://elsewhere.example/;": 302,
    "rewrite ^(.*)$ $scheme://elsewhere.example$1;": 302,
    "if ($arg_a) { return 200 x; }": 200,
    "if ($arg_a = b) { set $c 1; rewrite ^ /elsewhere redirect; }": 302,
    "set $a 2; if ($a) { rewrite ^/x /y; } if ($a = 2) { return 307 /x; }": 307,
}

HARMLESS = [
    "return 404;",
    "if ($request_method = TRACE) { return 405; }",
    "if ($arg_a) { return 403 no; }",
    "rewrite ^/v1/old/(.*)$ /v1/$1 last;",
    "rewrite ^/v1/old/(.*)$ /v1/$1 break;",
    "set $a 1; if ($a) { set $b 2; }",
    "return 444;",
]


@pytest.mark.parametrize("text, status", ANSWERS.items())
def test_a_location_that_answers_early_asks_before(
    start, upstream, text, status
):
    nginx = start(
        upstream,
        locations=f"location /early/ {{ trivet_protect on; {text}"
        f" proxy_pass {upstream.url}; }}"
        f" location /asks/ {{ auth_request /early/x; proxy_pass {upstream.url}; }}"
        f" location /shows/ {{ ssi on; ssi_types *; proxy_pass {upstream.url}; }}",
    )
    upstream.plan("/shows/x", reply(b'<!--#include virtual="/early/x?a=b" -->'))
    client = bunq.ready(nginx)
    anybody = bunq.Client(nginx)
    target = "/early/x?a=b"
    bunq.assert_refused(anybody.get(target, token=None), 401, reason="token-missing")
    bunq.assert_refused(client.get(target, signature=None), 466)
    bunq.assert_refused(anybody.get(target, token="0" * 64), 401)
    answer = client.post(target, b"{}", signature=client.sign(b""))
    bunq.assert_refused(answer, 400, reason="signature-wrong")
    assert anybody.get("/asks/x", token=None).status == 401
    assert b'"Error"' in anybody.get("/shows/x", token=None).body
    for answer in (client.get(target), client.post(target, b"{}")):
        assert answer.status == status, answer
        assert answer.is_signed_by(client.server_key)


@pytest.mark.parametrize("text", ANSWERS)
def test_a_server_that_answers_before_its_locations_does_not_start(
    data, upstream, text
):
    status, said = Nginx(data, upstream, server=text).check()
    assert status != 0, said
    assert "[emerg]" in said and "trivet_protect" in said


@pytest.mark.parametrize("place", ["location", "server"])
@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_refuses_or_rewrites_starts(
    data, upstream, text, place
):
    status, said = Nginx(data, upstream, **{place: text}).check()
    assert status == 0, said


def test_unprotected_locations_may_answer(start, upstream):
    nginx = start(
        upstream,
        locations="location /open { return 200 open; }"
        " location /calls { trivet_calls on; return 301 /open; }",
    )
    anybody = bunq.Client(nginx)
    assert anybody.get("/open", token=None).body == b"open"
    assert anybody.get("/calls", token=None).status == 301


def test_a_slash_is_not_added_for_strangers(start, upstream):
    nginx = start(upstream)
    answer = bunq.Client(nginx).get("/v1", token=None)
    bunq.assert_refused(answer, 401, reason="token-missing")
    assert answer.header("Location") is None


CONTENT = {
    "empty_gif": "empty_gif;",
    "stub_status": "stub_status;",
    "autoindex": "root {data}; autoindex on;",
    "index": "alias {data}/; index ca.pem;",
    "identity": "trivet_identity;",
    "dav": "root {data}; dav_methods PUT DELETE;",
    "proxy": "proxy_pass {url};",
    "proxy-in-if": "if ($uri) {{ proxy_pass {url}; }}",
    "proxy-in-limit-except": "limit_except PUT {{ allow all; }} proxy_pass {url};",
    "try-files": "root {data}; try_files $uri /none =404;",
    "nested": "location /content/ {{ proxy_pass {url}; }}",
    "by-pattern": 'location ~ "content" {{ proxy_pass {url}; }}',
}


@pytest.mark.parametrize("text", CONTENT.values(), ids=CONTENT.keys())
def test_all_kinds_of_content_are_judged(start, upstream, data, text):
    (data / "content").mkdir()
    (data / "content/file").write_text("a file")
    os.chmod(data, 0o755)
    text = text.format(data=data, url=upstream.url)
    nginx = start(
        upstream,
        locations=f"location /content/ {{ trivet_protect on; {text} }}"
        " location /asks/ { auth_request /content/file; proxy_pass "
        f"{upstream.url}; }}"
        f" location /shows/ {{ ssi on; ssi_types *; proxy_pass {upstream.url}; }}",
    )
    upstream.plan("/shows/x", reply(b'<!--#include virtual="/content/file" -->'))
    client = bunq.ready(nginx)
    anybody = bunq.Client(nginx)
    before = upstream.count("/content/file")
    for target in ("/content/file", "/content/"):
        bunq.assert_refused(anybody.get(target, token=None), 401)
        bunq.assert_refused(client.get(target, signature=None), 466)
        answer = client.call("PUT", target, b"x", signature=client.sign(b"y"))
        bunq.assert_refused(answer, 400)
    assert anybody.get("/asks/x", token=None).status == 401
    shown = anybody.get("/shows/x", token=None).body
    assert json.loads(shown)["Error"], shown
    assert upstream.count("/content/file") == before
    assert (data / "content/file").read_text() == "a file"
    answer = client.get("/content/file")
    assert answer.status in (200, 404), answer
    assert answer.is_signed_by(client.server_key)
    os.chmod(data, 0o700)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_both_versions_of_http(around, upstream, known, version):
    """HTTP/2's requests have no request line of their own."""
    import subprocess

    def curl(target, *options, signature=None):
        headers = known.headers(b"a=b")
        if signature is not None:
            headers[SIGNATURE] = signature
        fields = [x for n, v in headers.items() for x in ("-H", f"{n}: {v}")]
        command = ["curl", "-sS", "--cacert", str(around.ca), "-o", "/dev/null"]
        command += ["-w", "%{http_code} %{http_version}", f"--http{version}"]
        command += ["--data-binary", "a=b", *fields, *options]
        command.append(f"https://localhost:{around.port}{target}")
        command += ["--connect-to", f"localhost:{around.port}:127.0.0.1:"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said
        status, spoken = said.stdout.split()
        assert spoken == version
        return int(status)

    for target in ("/asks/x", "/jumps/x", "/v1/direct"):
        assert curl(target) == 200
        assert curl(target, signature=known.sign(b"")) in (400, 403)
