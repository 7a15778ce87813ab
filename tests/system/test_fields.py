# SPDX-License-Identifier: Apache-2.0
"""The bodies of the calls: each field missing, null, of a wrong type, too long,
in a wrong encoding, twice; and bodies that are no JSON objects at all"""
import json

import pytest

import bunq

FIELDS = [
    ("installation", "client_public_key"),
    ("device-server", "description"),
    ("device-server", "secret"),
    ("session-server", "secret"),
]
CALLS = ["installation", "device-server", "session-server"]
CALL_LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def waiting(gateway):
    """Installed and registered; its installation token is used."""
    client = bunq.Client(gateway).install()
    return client.register(client.make_user())


@pytest.fixture(autouse=True, scope="module")
def no_worker_dies(gateway):
    before = gateway.nginx_workers()
    yield
    assert gateway.nginx_workers() == before


def right(client, call):
    body = {
        "installation": {"client_public_key": bunq.public_pem(client.key)},
        "device-server": {"description": "x", "secret": client.secret},
        "session-server": {"secret": client.secret},
    }[call]
    return dict(body)


def post(client, call, body, **kwargs):
    token = None if call == "installation" else client.installation_token
    return client.post(f"/v1/{call}", body, token=token, **kwargs)


def server_key(client, call):
    return None if call == "installation" else client.server_key


def refused(client, call, body, status, text, reason):
    answer = post(client, call, body)
    bunq.assert_refused(answer, status, text, reason, server_key(client, call))


# ---- a field -----------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_right_body_is_taken(waiting, call):
    bunq.assert_admitted(post(waiting, call, right(waiting, call)))


@pytest.mark.parametrize("call, field", FIELDS)
def test_missing_field(waiting, call, field):
    body = right(waiting, call)
    del body[field]
    refused(
        waiting, call, body, 400, f'Missing required field "{field}".', "field-missing"
    )


@pytest.mark.parametrize("call, field", FIELDS)
@pytest.mark.parametrize("value", [None, ""], ids=["null", "empty"])
def test_null_or_empty_field(waiting, call, field, value):
    body = right(waiting, call) | {field: value}
    refused(
        waiting, call, body, 400, f'Missing required field "{field}".', "field-missing"
    )


@pytest.mark.parametrize("call, field", [*FIELDS, ("device-server", "permitted_ips")])
@pytest.mark.parametrize(
    "value", [0, 5, -1, 1.5, 1e300, True, False, [], {}, ["x"], {"a": "b"}, "text"],
    ids=repr,
)
def test_wrong_type(waiting, call, field, value):
    if isinstance(value, list if field == "permitted_ips" else str):
        return
    body = right(waiting, call) | {field: value}
    refused(
        waiting, call, body, 400, f'Invalid value for field "{field}".', "field-invalid"
    )


@pytest.mark.parametrize("call, field", FIELDS)
def test_field_of_one_mebibyte(waiting, call, field):
    body = right(waiting, call) | {field: "x" * (1 << 20)}
    answer = post(waiting, call, body)
    bunq.assert_refused(
        answer, 413, "The request body is too large.", "body-too-large"
    )


@pytest.mark.parametrize("call, field", FIELDS)
def test_field_of_60_kib(waiting, call, field):
    body = right(waiting, call) | {field: "x" * 60_000}
    answer = post(waiting, call, body)
    bunq.assert_refused(answer, 400, reason="field-invalid")
    assert field in answer.error


def test_longest_description_and_one_byte_more(waiting):
    for text, is_good in (
        ("x" * 1024, True),
        ("x" * 1025, False),
        ("é" * 512, True),
        ("é" * 513, False),
    ):
        body = right(waiting, "device-server") | {"description": text}
        assert (post(waiting, "device-server", body).status == 200) is is_good


@pytest.mark.parametrize("call, field", FIELDS)
@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"\xe9",  # Latin-1
        b"\xc3",  # cut
        b"\xc0\xaf",  # overlong
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond Unicode
        b"\\ud800",  # half a pair, escaped
        b"\\u0000",
        b"\0",
        b"\n",
        b"\\x41",
    ],
    ids=lambda raw: raw.hex(),
)
def test_wrong_encoding(waiting, call, field, raw):
    text = json.dumps(right(waiting, call) | {field: "@"}).encode()
    body = text.replace(b'"@"', b'"a' + raw + b'b"')
    assert body != text
    refused(waiting, call, body, 400, "Invalid JSON.", "json-invalid")


@pytest.mark.parametrize(
    "text", ["héllo wörld", "日本語", "😀", 'a/b\\c"d', "\x7f", "\t"]
)
def test_any_unicode_in_a_description(gateway, waiting, text):
    body = right(waiting, "device-server") | {"description": text}
    for sent in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        answer = post(waiting, "device-server", sent.encode())
        bunq.assert_admitted(answer, waiting.server_key)
        number = answer.element("Id")["id"]
        found = [d for d in gateway.trivet("device", "list") if d["id"] == number]
        assert found[0]["description"] == text


@pytest.mark.parametrize("call, field", [*FIELDS, ("device-server", "permitted_ips")])
@pytest.mark.parametrize("same", [True, False])
def test_field_given_twice(waiting, call, field, same):
    value = right(waiting, call).get(field, [])
    first = json.dumps(value if same else "other")
    rest = json.dumps(right(waiting, call) | {field: value})
    body = f'{{"{field}":{first},{rest[1:]}'.encode()
    refused(waiting, call, body, 400, "Invalid JSON.", "json-invalid")


@pytest.mark.parametrize("call, field", FIELDS)
def test_field_names_are_exact(waiting, call, field):
    for name in (field.upper(), field + " ", f"x{field}", field.title()):
        body = right(waiting, call)
        body[name] = body.pop(field)
        answer = post(waiting, call, body)
        bunq.assert_refused(answer, 400, reason="field-missing")


# ---- a body ------------------------------------------------------------------

NO_JSON = {
    "word": b"nonsense",
    "brace": b"{",
    "cut": b'{"secret":"x"',
    "single-quotes": b"{'secret':'x'}",
    "no-quotes": b"{secret:1}",
    "trailing-comma": b'{"secret":"x",}',
    "comment": b'{"secret":"x"} // x',
    "two": b'{"secret":"x"}{"secret":"x"}',
    "garbage-behind": b'{"secret":"x"} x',
    "nul-behind": b'{"secret":"x"}\0',
    "nan": b'{"secret":NaN}',
    "array": b'[{"secret":"x"}]',
    "empty-array": b"[]",
    "string": b'"secret"',
    "number": b"5",
    "null": b"null",
    "true": b"true",
    "form": b"secret=x&client_public_key=y",
    "xml": b"<secret>x</secret>",
    "bom": b'\xef\xbb\xbf{"secret":"x"}',
    "utf-16": '{"secret":"x"}'.encode("utf-16"),
    "utf-32": '{"secret":"x"}'.encode("utf-32-le"),
    "nul": b"\0",
    "binary": bytes(range(256)),
    "deep-arrays": b"[" * 60_000,
    "deep-objects": b'{"a":' * 10_000,
    "deep-inside": b'{"secret":"x","a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "huge-number": b'{"a":1' + b"0" * 5000 + b"}",
    "huge-exponent": b'{"a":1e999999}',
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", list(NO_JSON))
def test_no_json_object(waiting, call, kind):
    refused(waiting, call, NO_JSON[kind], 400, "Invalid JSON.", "json-invalid")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"", b"{}", b" {\n} "])
def test_empty_body_misses_the_first_field(waiting, call, body):
    first = next(f for c, f in FIELDS if c == call)
    refused(
        waiting, call, body, 400, f'Missing required field "{first}".', "field-missing"
    )


@pytest.mark.parametrize("call", CALLS)
def test_white_space_key_order_and_unknown_fields_do_not_matter(waiting, call):
    body = right(waiting, call)
    for text in (
        json.dumps(body, indent=4, sort_keys=True),
        json.dumps(body, indent="\t").replace("\n", "\r\n"),
        "\n\t " + json.dumps(dict(reversed(body.items()))) + " \r\n",
        json.dumps({"x": [1, {"y": None}], **body, "z": "é" * 1000}),
        json.dumps(body).replace("/", "\\/"),
        json.dumps(body, separators=(",", ":")),
    ):
        bunq.assert_admitted(post(waiting, call, text.encode()))


@pytest.mark.parametrize("call", CALLS)
def test_body_of_just_the_limit_and_one_byte_more(waiting, call):
    text = json.dumps(right(waiting, call)).encode()
    bunq.assert_admitted(post(waiting, call, text.ljust(CALL_LIMIT)))
    answer = post(waiting, call, text.ljust(CALL_LIMIT + 1))
    bunq.assert_refused(
        answer, 413, "The request body is too large.", "body-too-large"
    )


@pytest.mark.parametrize("call", CALLS)
def test_chunked_body_over_the_limit(waiting, call):
    text = json.dumps(right(waiting, call)).encode()
    bunq.assert_admitted(post(waiting, call, text, stream=iter([text[:9], text[9:]])))
    long = text.ljust(CALL_LIMIT + 1)
    try:
        answer = post(waiting, call, long, stream=iter([long[:9], long[9:]]))
    except OSError:  # refused before all was sent
        return
    bunq.assert_refused(answer, 413, reason="body-too-large")


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{", b"null", b"5"])
def test_delete_session_with_a_body_that_is_no_object(gateway, body):
    client = bunq.ready(gateway)
    answer = client.call("DELETE", "/v1/session/0", body)
    bunq.assert_refused(
        answer, 400, "Invalid JSON.", "json-invalid", client.server_key
    )
    assert client.is_alive()


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"x" * (CALL_LIMIT + 1)])
def test_sandbox_user_with_a_body_that_is_no_object(waiting, body):
    answer = waiting.post("/v1/sandbox-user-person", body, token=None)
    bunq.assert_refused(answer, 413 if len(body) > CALL_LIMIT else 400)


def test_nothing_in_a_body_is_taken_for_sql(gateway, waiting):
    for text in ("'; DROP TABLE session; --", "' OR '1'='1", "\\'; --", "%s%n%d"):
        assert waiting.post_session(text).reason == "key-unknown"
        body = right(waiting, "device-server") | {"description": text}
        bunq.assert_admitted(post(waiting, "device-server", body))
    waiting.open()
    assert waiting.is_alive()
