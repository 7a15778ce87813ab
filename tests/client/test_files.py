# SPDX-License-Identifier: Apache-2.0
"""Context files: those of bunq's SDKs load in trivet, and trivet's in theirs.

The forms are those that the SDKs write: layout, spelling, line ends and final
newlines of the keys, local times.
"""

import base64
import datetime
import json
import stat

import pytest
from cryptography.hazmat.primitives import serialization

from fake_server import made_key, sign


@pytest.fixture(scope="module")
def key():
    return made_key("client")


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
    for zone, expected in (("UTC", "2031-07-14T18:30:00.000000Z"),
                           ("Europe/Amsterdam", "2031-07-14T16:30:00.000000Z"),
                           ("America/New_York", "2031-07-14T22:30:00.000000Z")):
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


WRONG_VALUES = [7, -1, True, [], {}, "\u0000", 1e300]


@pytest.mark.parametrize("path,values", [
    ("session_context", [None]),
    ("installation_context", [None]),
    ("trivet.pins", [None, []]),
    ("trivet.pin_mode", [None, "report"]),
    ("trivet.device_id", [None, 5]),
    ("trivet.signing", [None, "full", "body"]),
    ("trivet.session_expires", [None]),
    ("proxy", [None]), ("trivet.ca_file", [None]),
])
def test_fields_that_may_be_null(logged_in, path, values):
    for value in values:
        content = json.loads(logged_in.file.read_text())
        put(content, path, value)
        file = logged_in.folder / "other.json"
        file.write_text(json.dumps(content))
        file.chmod(0o600)
        result = logged_in("status", "--context", file)
        assert result.returncode in (0, 3), (path, value, result)


def put(content, path, value):
    *folders, name = path.split(".")
    for folder in folders:
        content = content[folder]
    content[name] = value


@pytest.mark.parametrize("path", [
    "environment_type", "api_key", "installation_context",
    "installation_context.token", "installation_context.private_key_client",
    "session_context", "session_context.token", "trivet", "trivet.version",
    "trivet.base_url", "trivet.ca_file", "trivet.session_expires",
    "trivet.pin_mode", "trivet.pins", "trivet.signing", "proxy",
])
def test_fields_of_a_wrong_kind(logged_in, path):
    content = json.loads(logged_in.file.read_text())
    file = logged_in.folder / "other.json"
    for value in WRONG_VALUES:
        if (path, value) in (("trivet.pins", []),
                             ("installation_context", {}),
                             ("session_context", {}), ("trivet", {})):
            continue
        changed = json.loads(json.dumps(content))
        put(changed, path, value)
        file.write_text(json.dumps(changed))
        file.chmod(0o600)
        result = logged_in("status", "--context", file)
        assert result.returncode == 1, (path, value, result)
        assert "context file" in result.stderr, (path, value, result)


@pytest.mark.parametrize("value", [-1, "5", 1.5, [], True])
def test_a_device_id_of_a_wrong_kind(logged_in, value):
    content = json.loads(logged_in.file.read_text())
    content["trivet"]["device_id"] = value
    logged_in.file.write_text(json.dumps(content))
    result = logged_in("status")
    assert result.returncode == 1 and "device_id" in result.stderr, result


@pytest.mark.parametrize("url", ["http://localhost/v1", "https://", "x",
                                 "https://a@b/v1", "https://a/v1#b",
                                 "https://a\\b/v1", "https:///v1"])
def test_a_base_url_that_is_none(logged_in, url):
    content = json.loads(logged_in.file.read_text())
    content["trivet"]["base_url"] = url
    logged_in.file.write_text(json.dumps(content))
    assert logged_in("status").returncode == 1


def test_a_name_twice_is_refused(logged_in):
    text = logged_in.file.read_text()
    logged_in.file.write_text(
        text.replace('"api_key"', '"api_key": "sandbox_other", "api_key"'))
    assert logged_in("status").returncode == 1


# ---- import ----------------------------------------------------------------


def test_import_keeps_what_it_was_given(trivet, server, key, certificate,
                                        tmp_path):
    file = tmp_path / "bunq.conf"
    file.write_bytes(python_file(key, server.protocol.key))
    result = trivet("import", file, "--url", server.url, "--ca", trivet.ca,
                    "--pin", certificate[1], "--pin-mode", "report",
                    "--proxy", "http://127.0.0.1:9")
    assert result.returncode == 0, result
    content = json.loads(trivet.file.read_text())
    assert content["trivet"]["base_url"] == server.url
    assert content["trivet"]["ca_file"] == str(trivet.ca)
    assert content["trivet"]["pins"] == [certificate[1]]
    assert content["trivet"]["pin_mode"] == "report"
    assert content["proxy"] == content["proxy_url"] == "http://127.0.0.1:9"

    other = tmp_path / "other.json"
    assert trivet("import", file, "--env", "sandbox", "--context",
                  other).returncode == 0
    assert "bunq.com" in json.loads(other.read_text())["trivet"]["base_url"]
    for arguments in (["--url", "http://x/v1"], ["--pin", "x"],
                      ["--env", "moon"], ["--env", "production"],
                      ["--url", server.url, "--env", "sandbox"]):
        result = trivet("import", file, "--context", tmp_path / "none",
                        *arguments)
        assert result.returncode in (2, 9), (arguments, result)
        assert not (tmp_path / "none").exists()


def other_public(key, server_key):
    return public_pem(server_key)


@pytest.mark.parametrize("make", [python_file, java_file, pkcs1_file])
@pytest.mark.parametrize("public", [
    other_public, lambda *_: "no key", lambda *_: 7, lambda *_: ""])
def test_two_halves_that_are_no_pair(trivet, server, key, make, public,
                                     tmp_path):
    content = json.loads(make(key, server.protocol.key))
    content["installation_context"]["public_key_client"] = public(
        key, server.protocol.key)
    file = tmp_path / "bunq.conf"
    file.write_text(json.dumps(content))
    file.chmod(0o600)
    for arguments in (["import", file], ["status", "--context", file]):
        result = trivet(*arguments)
        assert result.returncode == 1, result
        assert "public_key_client" in result.stderr
    assert not trivet.file.exists()


def test_two_halves_of_trivets_own_file(logged_in, server, tmp_path):
    content = json.loads(logged_in.file.read_text())
    content["installation_context"]["public_key_client"] = public_pem(
        server.protocol.key)
    file = tmp_path / "own.json"
    file.write_text(json.dumps(content))
    result = logged_in("import", file, "--context", tmp_path / "copy")
    assert result.returncode == 1 and "public_key_client" in result.stderr


@pytest.mark.parametrize("change", [
    lambda c: c.update(session_context=None),
    lambda c: c["session_context"].update(token=None, expiry_time=None),
    lambda c: c["installation_context"].update(public_key_client=None),
])
def test_what_sdks_write_as_null(trivet, server, key, change, tmp_path):
    content = json.loads(python_file(key, server.protocol.key))
    change(content)
    file = tmp_path / "bunq.conf"
    file.write_text(json.dumps(content))
    result = trivet("import", file)
    assert result.returncode == 0, result
    assert trivet("status").returncode in (0, 3)


def test_a_damaged_key_is_told_and_never_dropped(logged_in, tmp_path):
    content = json.loads(logged_in.file.read_text())
    keys = content["installation_context"]
    keys["private_key_client"] = keys["private_key_client"].replace("M", "N")
    text = json.dumps(content)
    logged_in.file.write_text(text)
    result = logged_in("call", "GET", "user")
    assert result.returncode == 1 and "private key" in result.stderr, result
    result = logged_in("import", logged_in.file, "--context",
                       tmp_path / "copy")
    assert result.returncode == 1 and "private key" in result.stderr, result
    assert not (tmp_path / "copy").exists()
    assert logged_in.file.read_text() == text


def test_a_link_is_followed(logged_in, tmp_path):
    target = tmp_path / "real.json"
    logged_in.file.rename(target)
    logged_in.file.symlink_to(target)
    assert logged_in("logout").returncode == 0
    assert logged_in.file.is_symlink()
    assert "session_context" not in json.loads(target.read_text())
