# SPDX-License-Identifier: Apache-2.0
"""Context files: those of bunq's SDKs load in trivet, and trivet's in theirs.

The forms are those that the SDKs write: layout, spelling, line ends and final
newlines of the keys, local times.
"""

import base64
import datetime
import json
import secrets
import stat
import textwrap

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fake_server import sign


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def private_pem(key, form=serialization.PrivateFormat.PKCS8):
    return key.private_bytes(serialization.Encoding.PEM, form,
                             serialization.NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def one_line(pem):
    lines = pem.strip().split("\n")
    return f"{lines[0]}\n{''.join(lines[1:-1])}\n{lines[-1]}\n"


USER = {"id": 42, "display_name": "An Example", "session_timeout": 604800,
        "status": "ACTIVE", "alias": [{"type": "EMAIL", "value": "a@b.c"}]}


def content_of(key, server_key, **changes):
    """What all four have in common."""
    content = {
        "environment_type": "SANDBOX",
        "api_key": "sandbox_" + "ab" * 28,
        "installation_context": {
            "token": "cd" * 32,
            "private_key_client": private_pem(key),
            "public_key_client": public_pem(key),
            "public_key_server": public_pem(server_key)},
        "session_context": {
            "token": "ef" * 32,
            "expiry_time": "2031-07-14 18:30:00.000000",
            "user_id": 42}}
    content.update(changes)
    return content


def python_file(key, server_key):
    content = content_of(key, server_key, proxy_url="https://proxy.example:3")
    keys = content["installation_context"]
    for name in list(keys):
        keys[name] = keys[name].rstrip("\n")
    content["session_context"]["user_person"] = USER
    content["session_context"]["expiry_time"] = "2031-07-14 18:30:00.839717"
    return json.dumps(content, indent=4, sort_keys=True).encode()


def php_file(key, server_key):
    content = content_of(key, server_key, proxy_url=None)
    content["session_context"].update(
        userPerson=USER, userCompany=None, userApiKey=None,
        userPaymentServiceProvider=None)
    return json.dumps(content, indent=4).replace("/", "\\/").encode()


def java_file(key, server_key):
    content = content_of(key, server_key, proxy="https://proxy.example:3")
    keys = content["installation_context"]
    keys["private_key_client"] = one_line(keys["private_key_client"])
    content["session_context"]["user_person"] = USER
    content["session_context"]["expiry_time"] = "2031-07-14 18:30:00.000123"
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def csharp_file(key, server_key):
    content = content_of(key, server_key)
    content["session_context"]["user_company"] = USER
    return json.dumps(content, indent=2).replace("\n", "\r\n").encode()


def csharp_on_windows(key, server_key):
    content = content_of(key, server_key)
    keys = content["installation_context"]
    for name in list(keys):
        keys[name] = keys[name].replace("\n", "\r\n")
    content["session_context"]["user_company"] = USER
    return b"\xef\xbb\xbf" + json.dumps(content, indent=2).encode()


def pkcs1_file(key, server_key):
    content = content_of(key, server_key)
    content["installation_context"]["private_key_client"] = private_pem(
        key, serialization.PrivateFormat.TraditionalOpenSSL)
    content["session_context"]["user_api_key"] = {
        "id": 42, "requested_by_user": {"UserPerson": USER}}
    return json.dumps(content).encode()


def old_file(key, server_key):
    """Before 2020-09 there was no user object."""
    content = content_of(key, server_key)
    content["session_context"]["expiry_time"] = "2031-07-14 18:30:00"
    return json.dumps(content).encode()


FILES = [python_file, php_file, java_file, csharp_file, csharp_on_windows,
         pkcs1_file, old_file]


@pytest.mark.parametrize("make", FILES)
def test_files_of_the_sdks_load(trivet, server, key, make, tmp_path):
    file = tmp_path / "bunq.conf"
    file.write_bytes(make(key, server.protocol.key))
    file.chmod(0o644)  # as they leave it
    result = trivet("import", file)
    assert result.returncode == 0, result.stderr
    assert stat.S_IMODE(trivet.file.stat().st_mode) == 0o600

    status = json.loads(trivet("status", "--json",
                               env={"TZ": "Europe/Amsterdam"}).stdout)
    assert status["alive"] and status["registered"]
    assert status["user_id"] == 42
    assert trivet("sign", text="hello").stdout.strip() == sign(key, b"hello")
    assert trivet("verify", "-s", sign(server.protocol.key, b"x"),
                  text="x").returncode == 0

    # And they work: the server has known this installation all along.
    server.protocol.installations["cd" * 32] = key.public_key()
    server.protocol.sessions["ef" * 32] = "cd" * 32
    content = json.loads(trivet.file.read_text())
    content["trivet"]["base_url"] = server.url
    content.pop("proxy", None), content.pop("proxy_url", None)
    trivet.file.write_text(json.dumps(content))
    result = trivet("call", "GET", "user", "--ca", trivet.ca)
    assert result.returncode == 0, result.stderr
    assert server.protocol.count("/session-server") == 0


@pytest.mark.parametrize("make", FILES)
def test_a_file_of_an_sdk_is_used_in_place(trivet, server, key, make,
                                           tmp_path):
    file = tmp_path / "bunq.conf"
    file.write_bytes(make(key, server.protocol.key))
    file.chmod(0o600)
    result = trivet("status", "--context", file)
    assert result.returncode == 0, result.stderr


def test_local_times_of_the_sdks(trivet, server, key, tmp_path):
    file = tmp_path / "bunq.conf"
    file.write_bytes(python_file(key, server.protocol.key))
    file.chmod(0o600)
    for zone, expected in (("UTC", "2031-07-14 18:30:00 UTC"),
                           ("Europe/Amsterdam", "2031-07-14 16:30:00 UTC"),
                           ("America/New_York", "2031-07-14 22:30:00 UTC")):
        status = json.loads(trivet("status", "--json", "--context", file,
                                   env={"TZ": zone}).stdout)
        assert status["expires"] == expected


# ---- what trivet writes ----------------------------------------------------


def read_as_java(pem, word):
    """SecurityUtils: strips these exact strings, then decodes base64."""
    head, foot = f"-----BEGIN {word} KEY-----\n", f"\n-----END {word} KEY-----\n"
    assert pem.startswith(head) and pem.endswith(foot)
    return base64.b64decode(pem[len(head):-len(foot)].replace("\n", ""),
                            validate=True)


def check_for_the_sdks(content, zone_offset, user_key):
    assert content["environment_type"] in ("SANDBOX", "PRODUCTION")
    assert isinstance(content["api_key"], str)
    assert None not in content.values()

    keys = content["installation_context"]
    assert set(keys) == {"token", "private_key_client", "public_key_client",
                         "public_key_server"}
    serialization.load_der_private_key(
        read_as_java(keys["private_key_client"], "PRIVATE"), None)
    for name in ("public_key_client", "public_key_server"):
        serialization.load_der_public_key(read_as_java(keys[name], "PUBLIC"))
        assert max(map(len, keys[name].split("\n"))) == 64

    session = content["session_context"]
    local = datetime.datetime.strptime(  # as Python and, alike, PHP
        session["expiry_time"], "%Y-%m-%d %H:%M:%S.%f")
    assert local.microsecond == 0  # or Java adds up to 1000 s
    utc = datetime.datetime.strptime(
        content["trivet"]["session_expires"], "%Y-%m-%d %H:%M:%S.%f")
    assert abs((local - zone_offset - utc).total_seconds()) < 1
    assert isinstance(session["user_id"], int)
    snake, camel = user_key
    assert session[snake] == session[camel]
    user = session[snake]
    if snake == "user_api_key":
        user = next(iter(user["requested_by_user"].values()))
    assert user["session_timeout"] <= 2147483 and isinstance(user["id"], int)


@pytest.mark.parametrize("user_type,user_key", [
    ("UserPerson", ("user_person", "userPerson")),
    ("UserCompany", ("user_company", "userCompany")),
    ("UserApiKey", ("user_api_key", "userApiKey")),
    ("UserPaymentServiceProvider", ("user_payment_service_provider",
                                    "userPaymentServiceProvider")),
])
def test_trivets_files_follow_the_sdks_rules(trivet, server, tmp_path,
                                             user_type, user_key):
    server.protocol.user_type = user_type
    trivet.environment["TZ"] = "Asia/Kolkata"  # no summer time
    assert trivet.login(server).returncode == 0
    out = tmp_path / "bunq.conf"
    assert trivet("export", out).returncode == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for file in (trivet.file, out):
        check_for_the_sdks(json.loads(file.read_text()),
                           datetime.timedelta(hours=5, minutes=30), user_key)
    assert trivet("export", out).returncode == 9  # never over another


def test_both_spellings_of_a_proxy(trivet, server, key, tmp_path):
    for make in (python_file, java_file):
        file = tmp_path / make.__name__
        file.write_bytes(make(key, server.protocol.key))
        out = tmp_path / (make.__name__ + ".out")
        assert trivet("import", file, "--context", out).returncode == 0
        content = json.loads(out.read_text())
        assert content["proxy"] == content["proxy_url"] \
            == "https://proxy.example:3"


@pytest.mark.parametrize("text,words", [
    ("", "not a JSON object"),
    ("[]", "not a JSON object"),
    ("{}", "environment_type"),
    ('{"environment_type":"MOON"}', "environment_type"),
    ('{"environment_type":"SANDBOX","api_key":7}', "api_key"),
    ('{"environment_type":"SANDBOX","api_key":"a\\nb"}', "api_key"),
    ('{"environment_type":"SANDBOX","installation_context":{"token":"x"}}',
     "private_key_client"),
    ('{"environment_type":"SANDBOX","session_context":{"token":"x"}}',
     "expiry_time"),
    ('{"environment_type":"SANDBOX","trivet":{"version":99}}', "newer"),
])
def test_files_that_are_none(trivet, tmp_path, text, words):
    file = tmp_path / "file"
    file.write_text(text)
    file.chmod(0o600)
    result = trivet("status", "--context", file)
    assert result.returncode == 1 and words in result.stderr, result


def test_a_link_is_followed(logged_in, tmp_path):
    target = tmp_path / "real.json"
    logged_in.file.rename(target)
    logged_in.file.symlink_to(target)
    assert logged_in("logout").returncode == 0
    assert logged_in.file.is_symlink()
    assert "session_context" not in json.loads(target.read_text())
