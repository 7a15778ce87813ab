# SPDX-License-Identifier: Apache-2.0
"""What is no plain request and answer: other protocols on the connection, streams
without an end, browsers' preflights"""
import itertools

import pytest

import bunq
from bunq import SERVER_SIGNATURE, TOKEN
from nginx import Nginx
from upstream import JSON, closing, reply

numbers = itertools.count()
PASSES = (
    "proxy_set_header Upgrade $http_upgrade;"
    " proxy_set_header Connection $http_connection;"
)
FIXED = (
    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
)


def switching(protocol):
    """101, then every byte is sent back."""

    def answer(request, connection):
        lines = ["HTTP/1.1 101 Switching Protocols", "Connection: upgrade"]
        lines += [f"Upgrade: {protocol}"] if protocol else []
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        connection.settimeout(5)
        while True:
            data = connection.recv(4096)
            if not data:
                return False
            connection.sendall(b"echo:" + data)

    return answer


def ask(nginx, client, path, fields):
    wire = bunq.Wire(nginx)
    wire.request("GET", path, [*client.headers().items(), *fields])
    return wire


def upgrade(*protocols, connection="Upgrade"):
    return [("Connection", connection), *(("Upgrade", p) for p in protocols)]


def status_of(wire):
    return wire.line()


@pytest.fixture(scope="module")
def socketed(tmp_path_factory, prepared, upstream):
    import shutil

    place = tmp_path_factory.mktemp("upgrades") / "data"
    shutil.copytree(prepared, place)
    nginx = Nginx(
        place,
        upstream,
        location=f"{PASSES} trivet_upgrade websocket;",
        locations="location /none/ { trivet_protect on;"
        f" {FIXED} proxy_pass {upstream.url}; }}"
        f" location /fixed/ {{ trivet_protect on; trivet_upgrade websocket; {FIXED}"
        f" proxy_pass {upstream.url}; }}"
        " location /off/ { trivet_protect on; trivet_upgrade off;"
        f" {PASSES} proxy_pass {upstream.url}; }}"
        " location /asks/ { auth_request /v1/socket;"
        f" proxy_pass {upstream.url}; }}",
    ).start()
    yield nginx
    nginx.close()


@pytest.fixture(scope="module")
def known(socketed):
    return bunq.ready(socketed)


@pytest.mark.parametrize("spelled", ["websocket", "WebSocket", "WEBSOCKET"])
def test_the_named_protocol_passes(socketed, known, upstream, path, spelled):
    upstream.plan(path, switching("websocket"))
    with ask(socketed, known, path, upgrade(spelled)) as wire:
        assert wire.line().startswith("HTTP/1.1 101")
        while wire.line():
            pass
        wire.send(b"hello")
        assert wire.exactly(10) == b"echo:hello"
    request = upstream.last(path)
    assert request.all("Upgrade") == [spelled]
    assert [c.lower() for c in request.all("Connection")] == ["upgrade"]
    assert request.all("Trivet-User-Id") == [str(known.user["id"])]


ODD = [
    upgrade("h2c"),
    upgrade("H2C", connection="Upgrade, HTTP2-Settings"),
    upgrade("websocket, h2c"),
    upgrade("h2c, websocket"),
    upgrade("h2c,websocket"),
    upgrade("websocket", "h2c"),
    upgrade("h2c", "websocket"),
    upgrade("websocket", "websocket"),
    upgrade("websocket/13"),
    upgrade("websocket;h2c"),
    upgrade("websocke"),
    upgrade("TLS/1.2"),
    upgrade("HTTP/2.0"),
    upgrade(""),
]


@pytest.mark.parametrize("place", ["/v1/odd", "/none/odd", "/fixed/odd", "/off/odd"])
@pytest.mark.parametrize("fields", ODD, ids=lambda f: str(f)[25:70])
def test_no_other_protocol_reaches_the_api(socketed, known, upstream, place, fields):
    upstream.plan(place, reply(b"plain", headers=[JSON]))
    fields = [*fields, ("HTTP2-Settings", "AAMAAABkAAQAAP__")]
    with ask(socketed, known, place, fields) as wire:
        answer = wire.answer()
    bunq.assert_admitted(answer, known.server_key)
    request = upstream.last(place)
    assert not request.all("Upgrade") and not request.all("HTTP2-Settings")
    assert request.all("Connection") in ([], ["upgrade"], ["close"])
    assert request.all("Trivet-User-Id") == [str(known.user["id"])]


@pytest.mark.parametrize("place", ["/none/", "/off/"])
def test_without_a_name_websockets_do_not_pass(socketed, known, upstream, place):
    target = place + "ws"
    upstream.plan(target, switching("websocket"))
    with ask(socketed, known, target, upgrade("websocket")) as wire:
        answer = wire.answer()
    bunq.assert_refused(answer, 502)
    assert not upstream.last(target).all("Upgrade")


@pytest.mark.parametrize(
    "asked, given",
    [
        ("websocket", "h2c"),
        ("websocket", "websocket, h2c"),
        ("websocket", None),
        ("h2c", "h2c"),
        ("h2c", "websocket"),
        (None, "websocket"),
        (None, "h2c"),
    ],
)
@pytest.mark.parametrize("place", ["/v1/", "/fixed/"])
def test_a_101_that_was_not_asked_for_makes_no_tunnel(
    socketed, known, upstream, place, asked, given
):
    target = f"{place}switch/{next(numbers)}"
    upstream.plan(target, switching(given))
    fields = upgrade(asked) if asked else []
    with ask(socketed, known, target, fields) as wire:
        answer = wire.answer()
        bunq.assert_refused(answer, 502)
        wire.request("GET", "/v1/behind", [("Trivet-User-Id", "1")])
        try:
            bunq.assert_refused(wire.answer(), 401)  # a request like any other
        except (OSError, bunq.Truncated):
            pass
    assert not upstream.count("/v1/behind")


def test_a_connection_header_takes_no_identity_out(socketed, known, upstream, path):
    for connection in ("close, Trivet-User-Id", "Trivet-User-Id", "keep-alive, te"):
        fields = [("Connection", connection), ("Keep-Alive", "timeout=9")]
        with ask(socketed, known, path, fields) as wire:
            bunq.assert_admitted(wire.answer(), known.server_key)
        request = upstream.last(path)
        assert "trivet" not in "".join(request.all("Connection")).lower()
        assert not request.all("Keep-Alive")


def test_a_subrequest_changes_no_protocol(socketed, known, upstream):
    upstream.plan("/v1/socket", reply(b"ok"))
    with ask(socketed, known, "/asks/x", upgrade("websocket")) as wire:
        assert wire.answer().status == 200
    assert not upstream.last("/v1/socket").all("Upgrade")


@pytest.mark.parametrize("name", ["h2c", "websocket h2c", "TLS/1.0", "HTTP/2.0"])
def test_protocols_that_carry_requests_cannot_be_named(
    data, upstream, name
):
    status, said = Nginx(data, upstream, location=f"trivet_upgrade {name};").check()
    assert status != 0 and "trivet_upgrade" in said


# ---- streams -------------------------------------------------------------------


STREAMS = [
    "text/event-stream",
    "text/event-stream; charset=utf-8",
    "Text/Event-Stream;charset=UTF-8",
    "multipart/x-mixed-replace; boundary=x",
]


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_without_an_end_is_refused_at_once(
    socketed, known, upstream, path, kind
):
    def stream(request, connection):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n"
        connection.sendall(head.encode() + b"data: 1\n\n")
        connection.recv(1)  # goes on until the gateway has enough of it
        return False

    upstream.plan(path, stream)
    answer = known.get(path)
    bunq.assert_refused(answer, 502, reason="upstream-endless")


def test_answers_with_an_end_pass(socketed, known, upstream, path):
    for kind in ("text/event-streams", "text/plain", "multipart/mixed; boundary=x"):
        upstream.plan(path, closing(reply(b"data: 1\n\n", headers=[("Content-Type", kind)])))
        bunq.assert_admitted(known.get(path), known.server_key)
    upstream.plan(path, reply(headers=[("Content-Type", STREAMS[0])]))
    head = known.call("HEAD", path)
    assert head.status == 200


# ---- preflights ------------------------------------------------------------------

PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-bunq-client-signature",
}
ALLOWED = [("Access-Control-Allow-Origin", "https://app.example")]


@pytest.fixture
def crossing(start, upstream):
    return start(
        upstream,
        location="trivet_preflight pass;",
        locations=f"location /shut/ {{ trivet_protect on; proxy_pass {upstream.url}; }}",
    )


def options(nginx, target, fields=PREFLIGHT, **kwargs):
    client = bunq.Client(nginx)
    kwargs.setdefault("token", None)
    return client.call("OPTIONS", target, headers=fields, **kwargs)


def test_a_preflight_passes_as_nobody_s(crossing, upstream):
    forged = {**PREFLIGHT, "Trivet-User-Id": "1", "trivet_user_id": "1"}
    for target in ("/v1/payment", "/v1/user", "/v1/session-server"):
        upstream.plan(target, reply(status="204 No Content", headers=ALLOWED, size=False))
        answer = options(crossing, target, forged)
        assert answer.status == 204, answer
        assert answer.header("Access-Control-Allow-Origin") == "https://app.example"
        assert answer.header(SERVER_SIGNATURE) is None
        request = upstream.last(target)
        assert request.method == "OPTIONS"
        assert not [n for n in request.names() if n.startswith("trivet")]
        answer = options(crossing, target, forged, token="0" * 64)
        assert answer.status == 204
        assert not upstream.last(target).all(TOKEN)


@pytest.mark.parametrize("left_out", ["Origin", "Access-Control-Request-Method"])
def test_other_options_requests_are_judged(crossing, upstream, path, left_out):
    fields = {n: v for n, v in PREFLIGHT.items() if n != left_out}
    bunq.assert_refused(options(crossing, path, fields), 401)
    assert upstream.count(path) == 0


def test_what_is_no_preflight_is_judged(crossing, upstream, path):
    bunq.assert_refused(options(crossing, path, body=b"a body"), 401)
    bunq.assert_refused(options(crossing, "/shut/x"), 401)
    client = bunq.Client(crossing)
    for method in ("GET", "POST", "DELETE", "PATCH"):
        answer = client.call(method, path, token=None, headers=PREFLIGHT)
        bunq.assert_refused(answer, 401)
    with bunq.Wire(crossing) as wire:
        fields = [*PREFLIGHT.items(), ("Origin", "https://other.example")]
        bunq.assert_refused(wire.request("OPTIONS", path, fields).answer(), 401)
    assert upstream.count(path) == 0 and upstream.count("/shut/x") == 0


def test_refuse_is_the_default(socketed, upstream, path):
    bunq.assert_refused(options(socketed, path), 401, reason="token-missing")
    assert upstream.count(path) == 0


def test_a_preflight_gives_no_subrequest_a_right(start, upstream):
    nginx = start(
        upstream,
        location="trivet_preflight pass; mirror /inner/x;",
        locations=f"location /inner/ {{ trivet_protect on; proxy_pass {upstream.url}; }}",
    )
    assert options(nginx, "/v1/x").status == 200
    assert options(nginx, "/v1/x").status == 200
    assert upstream.count("/inner/x") == 0
