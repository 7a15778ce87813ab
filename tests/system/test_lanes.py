# SPDX-License-Identifier: Apache-2.0
"""Several signatures at once: in lanes, by a library that is wrong, and without"""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bunq
from gateway import BUILD, TRIVET, Gateway, environment, run, wait_until
from http2 import Http2Wire
from metrics import metrics

STUB = BUILD / "tests/stub/libcrypto_mb.so.11"
UNPACKED = BUILD.parent / "crypto-mb/usr/lib/x86_64-linux-gnu"
AT_ONCE = "signatures: crypto_mb, up to eight at a time"
ONE_BY_ONE = "signatures: OpenSSL, one at a time"
NUM_STREAMS = 24


def flags():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return line.split()
    return []


needs_ifma = pytest.mark.skipif("avx512ifma" not in flags(), reason="no AVX-512 IFMA")


def library(folder):
    """The environment in which the library of that folder is found."""
    return {"LD_LIBRARY_PATH": str(folder)}


def stub(folder, mode):
    """A stub that is wrong in that way (tests/lanes/stub.c)."""
    made = folder / f"stub-{mode}"
    if not made.exists():  # it may be in use
        made.mkdir()
        shutil.copy(STUB, made)
        (made / f"{STUB.name}.mode").write_text(mode)
    return library(made)


def installed(env):
    done = subprocess.run(
        [TRIVET, "--version"], env=environment(**env), capture_output=True, text=True
    )
    return AT_ONCE in done.stdout


class Lanes(Gateway):
    def __init__(self, data, env, *options):
        super().__init__(data, "--metrics", *options)
        self.env = env


def says(gateway, words):
    """The first worker says it, but may begin after another one answers."""
    assert wait_until(lambda: words in gateway.log())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lanes")


@pytest.fixture(scope="module")
def right(folder):
    """The stub, which computes as OpenSSL."""
    with Lanes(folder / "right", stub(folder, "right")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def real():
    """Where Intel's library is."""
    for env in ({}, library(UNPACKED)):
        if installed(env):
            return env
    return pytest.skip("no crypto_mb here")


def counted(gateway, name="trivet_signatures_total"):
    """{(way, lanes): number}"""
    found = {}
    for (metric, labels), value in metrics(gateway).items():
        if metric == name:
            way, lanes = (part.split('"')[1] for part in labels.split(","))
            found[way, int(lanes)] = value
    return found


def grown(after, before):
    return {
        key: value - before.get(key, 0)
        for key, value in after.items()
        if value != before.get(key, 0)
    }


def answers_at_once(gateway, client, paths, bodies=None, headers=None):
    """Of streams of one connection that come in one piece. bodies: they are
    POSTs; headers: of each, in place of the client's own."""
    method = "POST" if bodies else "GET"
    bodies = bodies or [b""] * len(paths)
    headers = headers or [client.headers(body) for body in bodies]
    with Http2Wire(gateway) as wire:
        send, wire.flush = wire.flush, lambda: None
        streams = []
        for path, body, fields in zip(paths, bodies, headers):
            stream = wire.start(method, path, list(fields.items()), end=not body)
            if body:
                wire.data(stream, body, end=True)
            streams.append(stream)
        wire.flush = send
        wire.flush()
        return collect(wire, streams)


def collect(wire, streams):
    import h2.events

    found = {stream: [None, [], b""] for stream in streams}
    open_ones = set(streams)
    while open_ones:
        data = wire.wire.socket.recv(65536)
        assert data, "the connection ended"
        for event in wire.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                headers = [
                    tuple(t if isinstance(t, str) else t.decode("latin-1") for t in field)
                    for field in event.headers
                ]
                found[event.stream_id][:2] = int(dict(headers)[":status"]), headers
            elif isinstance(event, h2.events.DataReceived):
                found[event.stream_id][2] += event.data
                wire.h2.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            elif isinstance(event, h2.events.StreamEnded):
                open_ones.discard(event.stream_id)
        wire.flush()
    return [bunq.Answer(*found[stream]) for stream in streams]


def paths_of(name, count=NUM_STREAMS):
    return [f"{bunq.ECHO}/lanes/{name}/{i}" for i in range(count)]


def assert_right(client, paths, answers):
    for path, answer in zip(paths, answers):
        bunq.assert_admitted(answer, client.server_key)
        (identity,) = json.loads(answer.body)["Response"]
        assert identity["Identity"]["path"] == path


# ---- in lanes ----------------------------------------------------------------


@needs_ifma
def test_what_waits_together_is_signed_together(right):
    assert AT_ONCE in right.lines
    says(right, "signatures by crypto_mb, up to eight at a time")
    client = bunq.ready(right)
    before = counted(right)
    paths = paths_of("together")
    assert_right(client, paths, answers_at_once(right, client, paths))
    now = grown(counted(right), before)
    assert sum(now.values()) == NUM_STREAMS
    assert now["crypto_mb", 8] >= 8, now
    assert metrics(right)["trivet_signing_queue_seconds_count", ""] >= NUM_STREAMS


VERIFICATIONS = "trivet_verifications_total"


@needs_ifma
def test_what_waits_together_is_verified_together(right):
    client = bunq.ready(right)
    before = counted(right, VERIFICATIONS)
    paths = paths_of("verified")
    bodies = [f'{{"number": "together {i}"}}'.encode() for i in range(len(paths))]
    assert_right(client, paths, answers_at_once(right, client, paths, bodies))
    now = grown(counted(right, VERIFICATIONS), before)
    assert sum(now.values()) == NUM_STREAMS
    assert now["crypto_mb", 8] >= 8, now


@needs_ifma
def test_a_wrong_signature_among_others_is_refused_alone(right):
    client = bunq.ready(right)
    paths = paths_of("refused")
    bodies = [f'{{"number": "wrong {i}"}}'.encode() for i in range(len(paths))]
    headers = [client.headers(body) for body in bodies]
    for i in (0, 9):
        headers[i] = client.headers(b"other bytes")
    headers[17] = client.headers(bodies[17], signature="AAAA")
    answers = answers_at_once(right, client, paths, bodies, headers)
    for i, (path, answer) in enumerate(zip(paths, answers)):
        if i in (0, 9, 17):
            assert answer.status in (400, 401), answer
            assert answer.is_signed_by(client.server_key)
        else:
            assert_right(client, [path], [answer])


@needs_ifma
def test_one_alone_is_verified_by_openssl(right):
    client = bunq.ready(right)
    before = counted(right, VERIFICATIONS)
    for i, path in enumerate(paths_of("alone", 3)):
        answer = client.post(path, f'{{"alone": {i}}}'.encode())
        bunq.assert_admitted(answer, client.server_key)
    assert grown(counted(right, VERIFICATIONS), before) == {("openssl", 1): 3}


@needs_ifma
def test_one_alone_is_signed_by_openssl(right):
    client = bunq.ready(right)
    before = counted(right)
    for path in paths_of("alone", 3):
        bunq.assert_admitted(client.get(path), client.server_key)
    assert grown(counted(right), before) == {("openssl", 1): 3}


@needs_ifma
def test_what_is_remembered_does_not_wait(right):
    client = bunq.ready(right)
    paths = paths_of("same")
    assert_right(client, paths, answers_at_once(right, client, paths))
    before = counted(right), metrics(right)["trivet_signing_queue_seconds_count", ""]
    assert_right(client, paths, answers_at_once(right, client, paths))
    assert grown(counted(right), before[0]) == {}
    assert metrics(right)["trivet_signing_queue_seconds_count", ""] == before[1]


@needs_ifma
def test_refusals_and_heads_and_calls_are_signed_too(right):
    client = bunq.ready(right)
    answer = client.get("/v1/user/999999")
    assert answer.status in (403, 404)
    assert answer.is_signed_by(client.server_key)
    head = client.call("HEAD", f"{bunq.ECHO}/lanes/head")
    assert head.status == 200
    bunq.assert_admitted(client.post(f"{bunq.ECHO}/lanes/post", b"{}"), client.server_key)


@needs_ifma
def test_who_goes_away_while_waiting_is_forgotten(right):
    """And takes nobody with him: the others of the batch are answered."""
    client = bunq.ready(right)
    for number in range(5):
        wire = Http2Wire(right)
        send, wire.flush = wire.flush, lambda: None
        for path in paths_of(f"gone{number}"):
            wire.start("GET", path, list(client.headers().items()))
        wire.flush = send
        wire.flush()
        wire.wire.close()
        paths = paths_of(f"stays{number}", 6)
        assert_right(client, paths, answers_at_once(right, client, paths))


@needs_ifma
def test_intel_s_library(folder, real):
    with Lanes(folder / "real", real) as gateway:
        assert AT_ONCE in gateway.lines
        client = bunq.ready(gateway)
        paths = paths_of("real")
        assert_right(client, paths, answers_at_once(gateway, client, paths))
        assert counted(gateway)["crypto_mb", 8] >= 8
        assert metrics(gateway)["trivet_wrong_lanes_total", ""] == 0


# ---- wrong -------------------------------------------------------------------


class Wrong(Lanes):
    def check_logs(self):
        """It has alerts, as it should."""


@needs_ifma
def test_a_wrong_lane_is_signed_again_and_three_turn_lanes_off(folder):
    with Wrong(folder / "wrong", stub(folder, "later")) as gateway:
        client = bunq.ready(gateway)
        paths = paths_of("wrong", 48)
        assert_right(client, paths, answers_at_once(gateway, client, paths))
        assert_right(client, paths_of("off"), answers_at_once(
            gateway, client, paths_of("off")))  # fmt: skip
        log = gateway.log()
        workers = len(gateway.nginx_workers())
        assert "crypto_mb made 1 wrong signatures" in log
        assert log.count("one at a time, from now on") in range(1, workers + 1)
        wrong = metrics(gateway)["trivet_wrong_lanes_total", ""]
        assert 3 <= wrong <= 3 * workers


@needs_ifma
@pytest.mark.parametrize("mode, reason", [
    ("8", "crypto_mb gives other signatures than OpenSSL in 8 lanes"),
    ("unable", "crypto_mb does not work on this processor"),
])  # fmt: skip
def test_a_library_that_fails_the_check_is_not_used(folder, mode, reason):
    with Lanes(folder / f"check{mode}", stub(folder, mode)) as gateway:
        assert f"{ONE_BY_ONE} ({reason})" in gateway.lines
        client = bunq.ready(gateway)
        paths = paths_of("check")
        assert_right(client, paths, answers_at_once(gateway, client, paths))
        assert set(counted(gateway)) == {("openssl", 1)}


# ---- without -----------------------------------------------------------------


def test_lanes_off(folder):
    with Lanes(folder / "off", stub(folder, "right"), "--lanes", "off") as gateway:
        assert f"{ONE_BY_ONE} (--lanes off)" in gateway.lines
        says(gateway, "one at a time (trivet_lanes off)")
        client = bunq.ready(gateway)
        paths = paths_of("off")
        assert_right(client, paths, answers_at_once(gateway, client, paths))
        assert set(counted(gateway)) == {("openssl", 1)}


def test_lanes_is_auto_or_off(folder):
    done = run("serve", "--data", folder / "none", "--lanes", "on")
    assert done.returncode == 2 and "auto and off are known" in done.stderr
    assert not os.path.exists(folder / "none")


def test_version_says_how_it_would_sign():
    for word in ("--version", "version"):
        lines = run(word, check=True).stdout.splitlines()
        assert len(lines) == 2 and lines[1].startswith("signatures: ")
