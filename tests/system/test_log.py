# SPDX-License-Identifier: Apache-2.0
"""What a request leaves in the log, and to which trace it belongs"""
import json
import re
import time
from pathlib import Path

import pytest

import bunq
from bunq import Wire
from gateway import Gateway, run, wait_until
from serving import print_config
from upstream import JSON, reply

ROOT = Path(__file__).resolve().parents[2]
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def lines(gateway):
    path = gateway.data / "log/access.log"
    return path.read_bytes().splitlines() if path.exists() else []


def entries(gateway, number):
    """All of the log, once it has so many lines; each is JSON."""
    assert wait_until(lambda: len(lines(gateway)) >= number), lines(gateway)
    return [json.loads(line.decode("utf-8")) for line in lines(gateway)]


def last(gateway, count):
    return entries(gateway, count)[-1]


@pytest.fixture(scope="module")
def logged(tmp_path_factory, upstream):
    data = tmp_path_factory.mktemp("logged") / "data"
    options = ("--log-format", "json", "--upstream", upstream.url, "--sandbox")
    with Gateway(data, *options) as started:
        yield started


@pytest.fixture(scope="module")
def client(logged):
    return bunq.ready(logged)


def call(logged, work):
    """What one request left."""
    before = len(lines(logged))
    work()
    return last(logged, before + 1)


# ---- JSON --------------------------------------------------------------------


def test_an_admitted_call(logged, client, upstream):
    upstream.plan("/v1/payment", reply(b'{"Response":[]}', headers=[JSON]))
    body = b'{"amount":1}'
    found = call(logged, lambda: client.post("/v1/payment?secret=1", body))
    assert found["status"] == "200" and found["method"] == "POST"
    assert found["path"] == "/v1/payment" and "secret" not in json.dumps(found)
    assert (found["verdict"], found["reason"]) == ("admitted", "")
    assert found["user_id"] == str(client.user["id"])
    assert found["session_id"] == str(client.session_id)
    assert found["device_id"] == str(client.device_id)
    assert found["installation_id"] == str(client.installation_id)
    assert re.fullmatch(r"\d+", found["api_key_id"])
    assert found["upstream"] == upstream.url.removeprefix("http://")
    assert found["upstream_status"] == "200" and float(found["upstream_seconds"]) >= 0
    assert found["answer_bytes"] == 15 and found["request_bytes"] > len(body)
    assert 0 <= found["seconds"] < 60 and found["address"] == "127.0.0.1"
    assert re.fullmatch(r"[0-9a-f]{32}", found["request_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", found["time"])


def test_a_refusal_and_an_own_call(logged, client):
    found = call(logged, lambda: client.get("/v1/payment", token="0" * 64))
    assert (found["verdict"], found["reason"]) == ("refused", "token-unknown")
    assert found["status"] == "401" and found["user_id"] == "" == found["upstream"]
    found = call(logged, lambda: client.get("/v1/payment", signature="AAAA"))
    assert found["verdict"] == "refused" and found["session_id"] != ""
    found = call(logged, lambda: client.get("/v1/user"))
    assert (found["verdict"], found["upstream"]) == ("admitted", "")
    found = call(logged, lambda: client.get("/elsewhere"))
    assert found["status"] in ("401", "404") and found["verdict"] != "admitted"


@pytest.mark.parametrize("path, told", [
    ('/v1/"x\\', "/v1/%22x%5C"),
    ("/v1/\xff\xfe", "/v1/%FF%FE"),
    ("/v1/%22%0a", "/v1/%22%0a"),
    ("/v1/" + "y" * 3000, "/v1/" + "y" * 1020),
])
def test_no_path_breaks_a_line(logged, path, told):
    def send():
        with Wire(logged) as wire:
            wire.send(f"GET {path}?q=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
            wire.answer()

    assert call(logged, send)["path"] == told


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01garbage\r\n\r\n", b"GET /v1/user\r\n", b"GET\x00/ HTTP/1.1\r\n\r\n",
    b"GET /v1/user HTTP/1.1\r\nHost: a\"b\r\n\r\n",
])
def test_no_request_breaks_a_line(logged, data):
    def send():
        with Wire(logged) as wire:
            wire.send(data)
            wire.socket.settimeout(5)
            try:
                while wire.socket.recv(4096):
                    pass
            except OSError:
                pass

    before = len(lines(logged))
    send()
    time.sleep(0.2)
    entries(logged, before)


def test_text_is_the_default_and_another_word_is_refused(serve, tmp_path):
    gateway = serve()
    bunq.ready(gateway)
    form = re.compile(rb'.*"POST /v1/session-server HTTP/1.1" 200 \d+ user=.* reason=-')
    assert wait_until(lambda: any(map(form.fullmatch, lines(gateway)))), lines(gateway)
    said = run("serve", "--log-format", "xml", "--data", tmp_path / "no")
    assert said.returncode == 2 and 'neither "text" nor "json"' in said.stderr


def test_the_example_has_the_same_form(tmp_path):
    form = re.compile(r"^    log_format trivet escape=json\n.*?;\n", re.M | re.S)
    served = form.search(print_config(tmp_path, "--log-format", "json")).group()
    example = (ROOT / "examples/nginx.conf").read_text(encoding="utf-8")
    assert form.search(example).group() == served


# ---- traces ------------------------------------------------------------------


def passed_on(upstream, path="/v1/traced"):
    seen = upstream.last(path)
    return seen.all("traceparent"), seen.all("tracestate")


def test_a_trace_is_passed_on_and_told(logged, client, upstream):
    headers = {"traceparent": PARENT, "tracestate": "a=1,b=2"}
    found = call(logged, lambda: client.get("/v1/traced", headers=headers))
    assert found["trace_id"] == TRACE
    assert passed_on(upstream) == ([PARENT], ["a=1,b=2"])
    # of a refusal, too
    found = call(logged, lambda: client.get("/v1/user", token="0" * 64, headers=headers))
    assert (found["trace_id"], found["verdict"]) == (TRACE, "refused")


@pytest.mark.parametrize("value", [
    None, "", "nonsense", PARENT.upper(), PARENT + "-x", PARENT.replace(TRACE, "0" * 32)])
def test_what_is_no_trace_is_neither(logged, client, upstream, value):
    headers = {"tracestate": "a=1"}
    if value is not None:
        headers["Traceparent"] = value
    found = call(logged, lambda: client.get("/v1/traced", headers=headers))
    assert found["trace_id"] == "" and found["status"] == "200"
    assert passed_on(upstream) == ([], [])


def test_two_traces_are_none(logged, client, upstream):
    def send():
        with Wire(logged) as wire:
            fields = [*client.headers().items(), ("traceparent", PARENT),
                      ("TraceParent", PARENT), ("tracestate", "a=1")]
            assert wire.request("GET", "/v1/traced", fields).answer().status == 200

    assert call(logged, send)["trace_id"] == ""
    assert passed_on(upstream) == ([], [])
