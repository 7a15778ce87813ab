# SPDX-License-Identifier: Apache-2.0
"""Fields that only a proxy may send: none of the man page's table gets through"""
import re
from pathlib import Path

import pytest

import bunq
from nginx import Nginx

PAGE = Path(__file__).resolve().parents[2] / "man/ngx_http_trivet_module.5"
FORGED = "forged.example"

# What `trivet serve` says to the API itself.
SET_BY_SERVE = {
    "x-real-ip": "127.0.0.1",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "localhost",
}

# From the field, whatever the page says.
KNOWN = """
    X-Real-IP Forwarded True-Client-IP X-Forwarded-Host X-Forwarded-Port X-Original-URL
    X-Rewrite-URL X-Forwarded-For X-Forwarded-Proto X-Forwarded-Server X-Forwarded-Prefix
    X-Forwarded-Path X-Forwarded-Ssl X-Forwarded-Scheme X-Forwarded-User X-Forwarded-By
    X-Forwarded X-Forward-For Forwarded-For Forwarded-Proto X-Client-IP X-Cluster-Client-IP
    CF-Connecting-IP CF-Connecting-IPv6 Fastly-Client-IP Fly-Client-IP X-Host X-Original-Host
    X-HTTP-Method-Override X-HTTP-Method X-Method-Override Front-End-Https X-ProxyUser-Ip
    Client-IP Via Proxy Remote-User X-Remote-User X-Remote-Addr X-Originating-IP
    X-Forwarded-Client-Cert SSL-Client-Verify Proxy-Client-IP WL-Proxy-Client-IP
    X-Original-URI X-Original-Forwarded-For X-Scheme X-Url-Scheme X-Script-Name
    X-Azure-ClientIP X-Appengine-User-IP X-Envoy-External-Address X-Envoy-Original-Path
    X-Accel-Mapping X-Sendfile-Type X-Forwarded-Protocol X-Real-Port X-HTTP-Host-Override
""".split()

# They sound alike, and are the caller's to send.
NEIGHBOURS = """
    X-Realm X-Client-Version X-Client X-Client-Id X-Request-Id X-Forwarder X-For Forward
    Viaduct Proxying Proxy-Mode X-Hostname X-Schema X-Original-Filename Client X-Https-Only
    X-Rewrite X-Http Trivets Accept-Language X-Remote Real X-Script Idempotency-Key
""".split()


def rows():
    section = PAGE.read_text().partition(".Sh HEADERS THAT ONLY A PROXY MAY SEND")[2]
    table = section.partition(".Bl ")[2].partition(".El")[0]
    return re.findall(r"^\.Li (\S+)", table, flags=re.M)


def names():
    """Each row of the page; one that ends with * in three ways."""
    found = list(KNOWN)
    for row in rows():
        stem = row.removesuffix("*")
        found += [stem] if stem == row else [stem.rstrip("-"), stem + "x", stem + "X-Y"]
    return sorted(set(found) - {"X-Remote", "X-Rewrite"})


def is_row(name):
    folded = re.sub("[^a-z0-9]", "-", name.lower())
    return any(
        folded.startswith(row.lower()[:-1]) if row.endswith("*") else folded == row.lower()
        for row in rows()
    )


NAMES = [name for name in names() if is_row(name)]


def send(gateway, client, path, headers):
    with bunq.Wire(gateway) as wire:
        answer = wire.request("GET", path, [*headers, *client.headers().items()]).answer()
    bunq.assert_admitted(answer, client.server_key)


def got(upstream, path):
    return {name.lower(): value for name, value in upstream.last(path).headers}


def assert_none_arrived(upstream, path, but=()):
    for name, value in upstream.last(path).headers:
        assert FORGED not in value, name
        if name.lower() not in but:
            assert not is_row(name), name


def spellings(name):
    return {name, name.lower(), name.upper(), name.swapcase()}


def test_the_page_has_what_is_known_from_the_field():
    assert len(rows()) > 60
    assert [name for name in KNOWN if not is_row(name)] == []
    assert [name for name in NEIGHBOURS if is_row(name)] == []


@pytest.mark.parametrize("spell", [str, str.lower, str.upper, str.swapcase])
def test_no_row_of_the_page_reaches_the_api(front, upstream, api_client, path, spell):
    some = [NAMES[i : i + 40] for i in range(0, len(NAMES), 40)]
    for part in some:
        send(front, api_client, path, [(spell(name), FORGED) for name in part])
        assert_none_arrived(upstream, path, SET_BY_SERVE.keys() | {"x-forwarded-port"})
        told = got(upstream, path)
        assert SET_BY_SERVE.items() <= told.items()
        assert told["x-forwarded-port"] == str(front.port)
    # twice, and around others
    twice = [(spell(name), FORGED) for name in KNOWN for _ in (1, 2)]
    send(front, api_client, path, [("X-A", "1"), *twice[:60], ("X-B", "2")])
    assert_none_arrived(upstream, path, SET_BY_SERVE.keys() | {"x-forwarded-port"})
    assert got(upstream, path)["x-a"] == "1" and got(upstream, path)["x-b"] == "2"


def test_what_sounds_alike_reaches_the_api(front, upstream, api_client, path):
    send(front, api_client, path, [(name, f"as sent: {name}") for name in NEIGHBOURS])
    told = got(upstream, path)
    for name in NEIGHBOURS:
        assert told[name.lower()] == f"as sent: {name}"


@pytest.fixture(scope="module")
def own(tmp_path_factory, upstream):
    """An nginx of one's own that lets any name through, and sets some."""
    from gateway import Gateway

    with Gateway(tmp_path_factory.mktemp("own") / "data") as gateway:
        pass
    passing = (
        "location /v1/passing/ { trivet_protect on; trivet_pass_forwarded on; "
        f"proxy_set_header X-Chain $proxy_add_x_forwarded_for; proxy_pass {upstream.url}; }}"
    )
    nginx = Nginx(
        gateway.data,
        upstream,
        http="underscores_in_headers on; ignore_invalid_headers off;",
        location="proxy_set_header X-Real-IP $remote_addr; "
        "proxy_set_header X-Chain $proxy_add_x_forwarded_for; "
        'proxy_set_header X-Kept "<$http_x_real_ip>";',
        locations=passing,
    )
    with nginx.start():
        yield nginx


@pytest.fixture(scope="module")
def own_client(own):
    return bunq.ready(own)


def odd(name):
    """Spellings that CGI and what came after it take for the same."""
    return {name.replace("-", "_"), name.replace("-", "."), name.replace("-", "_", 1)}


def test_no_spelling_gets_through_where_nginx_takes_any(own, upstream, own_client, path):
    found = sorted({spelling for name in NAMES for spelling in odd(name)} - set(NAMES))
    assert "X_Real_IP" in found
    for i in range(0, len(found), 60):
        send(own, own_client, path, [(name, FORGED) for name in found[i : i + 60]])
        assert_none_arrived(upstream, path, {"x-real-ip"})


def test_what_the_operator_sets_arrives(own, upstream, own_client, path):
    send(own, own_client, path, [("X-Real-IP", FORGED), ("X-Forwarded-For", FORGED)])
    told = got(upstream, path)
    assert told["x-real-ip"] == "127.0.0.1"
    assert told["x-chain"] == "127.0.0.1"
    assert told["x-kept"] == "<>"


def test_an_operator_may_pass_them(own, upstream, own_client):
    path = "/v1/passing/1"
    headers = [("X-Real-IP", "10.1.1.1"), ("X-Forwarded-For", "10.1.1.2"), ("Via", "x")]
    send(own, own_client, path, [*headers, ("Trivet-User-Id", "1")])
    told = got(upstream, path)
    assert told["x-real-ip"] == "10.1.1.1" and told["x-forwarded-for"] == "10.1.1.2"
    assert told["via"] == "x" and told["x-chain"] == "10.1.1.2, 127.0.0.1"
    assert told["trivet-user-id"] == str(own_client.user["id"])
