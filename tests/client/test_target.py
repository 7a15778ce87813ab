# SPDX-License-Identifier: Apache-2.0
"""A call goes below the context's URL; another server's URL is refused."""

import pytest


def send(logged_in, server, *paths):
    """What came at the server; None for what was refused as a wrong usage."""
    came = []
    for path in paths:
        server.protocol.calls.clear()
        result = logged_in("call", "GET", path, "--no-throttle")
        if result.returncode == 2:
            assert server.protocol.calls == [], path
            assert "a path below https://localhost" in result.stderr, result
            came.append(None)
        else:
            assert result.returncode == 0, (path, result)
            came.append(server.protocol.calls[-1][1])
    return came


def test_paths(logged_in, server):
    assert send(logged_in, server, "user", "/user", "/v1/user", "v1/user",
                "user?a=https://x.example/", "a/https:/b", "/user:1",
                "%2e%2e/x", "a%0d%0ab", "v1", "a//b") == [
        "/v1/user", "/v1/user", "/v1/user", "/v1/user",
        "/v1/user?a=https://x.example/", "/v1/a/https:/b", "/v1/user:1",
        "/v1/%2e%2e/x", "/v1/a%0d%0ab", "/v1/v1", "/v1/a//b"]


def test_urls_of_the_contexts_own_server(logged_in, server):
    port = server.port
    assert send(
        logged_in, server,
        f"https://localhost:{port}/v1/user", f"HTTPS://LOCALHOST:{port}/v1/user",
        f"//localhost:{port}/v1/user", f"https://localhost:{port}/v1/user?a=b",
    ) == ["/v1/user"] * 3 + ["/v1/user?a=b"]


FOREIGN = [
    "https://other.example/v1/user",
    "https://other.example:{port}/v1/user",
    "HTTPS://other.example/v1/user",
    "https://localhost/v1/user",  # another port
    "https://localhost:1/v1/user",
    "https://localhost:{port}0/v1/user",
    "http://localhost:{port}/v1/user",
    "ftp://localhost:{port}/v1/user",
    "https://localhost.other.example:{port}/v1/user",
    "https://localhost:{port}@other.example/v1/user",
    "https://other.example@localhost:{port}/v1/user",
    "https://user:word@localhost:{port}/v1/user",
    "https://other.example\\@localhost:{port}/v1/user",
    "https://localhost:{port}\\@other.example/v1/user",
    "https:\\\\other.example/v1/user",
    "\\\\other.example/v1/user",
    "/\\other.example/v1/user",
    "//other.example/v1/user",
    "///other.example/v1/user",
    "https:/x",
    "https:x",
    "https:",
    "https://",
    "https:///v1/user",
    "https://%6cocalhost:{port}/v1/user",
    "https://localh\u043est:{port}/v1/user",
    "https://localhost:{port}\u2044v1/user",
    "https://localhost.:{port}/v1/user",
    "https://[::1]:{port}/v1/user",
    "https://localhost:{port}/user",
    "https://localhost:{port}/v1user",
    "https://localhost:{port}/v2/user",
    "https://localhost:{port}",
    "https://localhost:{port}?/v1/user",
    "https://localhost:{port}/v1/user#part",
    "https://localhost:{port}/v1/a b",
    "https://localhost:{port}/v1/a\r\nX: y",
    "javascript:alert(1)", "user:1",
    " https://other.example/v1/user",
    "\thttps://other.example/v1/user",
    "us\u00e9r", "user\\x", "a b", "a\r\nb", "a\x7fb", "a#b",
]


def test_everything_else_is_refused(logged_in, server):
    paths = [path.format(port=server.port) for path in FOREIGN]
    for path, came in zip(paths, send(logged_in, server, *paths)):
        assert came is None, path


def test_print_curl_refuses_too(logged_in, server):
    result = logged_in("call", "GET", "https://other.example/v1/user",
                       "--print-curl")
    assert result.returncode == 2 and result.stdout == "", result
    result = logged_in("call", "GET", server.url + "/user", "--print-curl")
    assert f"'{server.url}/user'" in result.stdout, result


@pytest.mark.parametrize("url", [
    "https://localhost:1@other.example/v1", "https://localhost/v1#x",
    "https://localhost/v1?x", "https:/localhost/v1", "https://",
])
def test_base_urls(trivet, url):
    result = trivet("login", "--url", url, "--api-key-file", "-", text="x")
    assert result.returncode == 2, result
