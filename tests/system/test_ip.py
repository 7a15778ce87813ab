# SPDX-License-Identifier: Apache-2.0
"""From where an API key may be used. All of 127.0.0.0/8 is this machine."""

import json

import pytest

import bunq
from bunq import AUTHENTICATION, CREDENTIALS
from gateway import Gateway, run
from storm import storm

HOME, SECOND, THIRD, FOURTH = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"


def may_open(client, source):
    answer = client.from_address(source).post_session()
    if answer.status == 200:
        return True
    bunq.assert_refused(
        answer, 400, CREDENTIALS, "ip-not-permitted", client.server_key
    )
    return False


def may_call(client, source):
    answer = client.from_address(source).get("/v1/user")
    if answer.status == 200:
        return True
    bunq.assert_refused(
        answer, 403, AUTHENTICATION, "ip-not-permitted", client.server_key
    )
    return False


def audit_rows(gateway):
    result = run("audit", "--json", "--data", gateway.data, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def registered(gateway, source=HOME, **kwargs):
    client = bunq.Client(gateway, source).install()
    return client.register(client.make_user(), **kwargs)


# ---- binding -----------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [bunq.DEFAULT, None, []], ids=["absent", "null", "[]"]
)
def test_without_permitted_ips_the_callers_address_is_bound(gateway, given):
    client = registered(gateway, permitted_ips=given)
    assert may_open(client, HOME)
    assert not may_open(client, SECOND)
    client.open()
    assert may_call(client, HOME)
    assert not may_call(client, SECOND)
    assert may_call(client, HOME)  # the refusal has changed nothing


def test_permitted_ips_are_bound_as_given(gateway):
    client = registered(gateway, permitted_ips=[HOME, SECOND]).open()
    for source in (HOME, SECOND):
        assert may_open(client, source) and may_call(client, source)
    for source in (THIRD, "127.0.0.1"):
        assert not may_open(client, source) and not may_call(client, source)


def test_permitted_ips_without_the_caller_lock_the_caller_out(gateway):
    client = registered(gateway, permitted_ips=[SECOND])
    assert not may_open(client, HOME)
    away = client.from_address(SECOND).open()
    assert may_call(away, SECOND)
    assert not may_call(away, HOME)


@pytest.mark.parametrize(
    "given", [["*"], [HOME, "*"], ["*", SECOND], ["*", "*"], ["192.0.2.1", "*"]]
)
def test_wildcard_frees_the_key(gateway, given):
    client = registered(gateway, permitted_ips=given).open()
    for source in (HOME, SECOND, THIRD, "127.0.0.1"):
        assert may_open(client, source) and may_call(client, source)


def test_every_kind_of_call_is_bound(gateway):
    client = registered(gateway).open()
    away = client.from_address(SECOND)
    for method, path in (
        ("GET", "/v1/user"),
        ("GET", f"/v1/user/{client.user['id']}"),
        ("DELETE", "/v1/session/0"),
        ("GET", "/v1/echo/anything"),
        ("POST", "/v1/echo/anything"),
    ):
        answer = away.call(method, path)
        bunq.assert_refused(
            answer, 403, AUTHENTICATION, "ip-not-permitted", client.server_key
        )
    assert may_call(client, HOME)


# ---- the installation's own address ------------------------------------------


def test_registration_comes_from_where_the_installation_was_made(gateway):
    client = bunq.Client(gateway, HOME).install()
    secret = client.make_user()
    answer = client.from_address(SECOND).post_device(secret)
    bunq.assert_refused(
        answer, 400, CREDENTIALS, "ip-not-permitted", client.server_key
    )
    client.register(secret)  # the refusal has bound nothing
    assert may_open(client, HOME)


@pytest.mark.parametrize("given", [[HOME, SECOND], [SECOND], ["*"]])
def test_or_from_an_address_that_a_device_of_it_permits(gateway, given):
    client = registered(gateway, permitted_ips=given)
    secret = client.make_user()
    away = client.from_address(SECOND).register(secret)
    assert may_open(away, SECOND)
    assert not may_open(away, HOME)
    third = client.from_address(THIRD).post_device(client.make_user())
    if given == ["*"]:
        assert third.status == 200
    else:
        assert third.reason == "ip-not-permitted"


# ---- a key that is bound -----------------------------------------------------


def test_bound_key_is_registered_again_from_a_permitted_address(gateway):
    first = registered(gateway, permitted_ips=[HOME, SECOND])
    for source in (HOME, SECOND):
        again = bunq.Client(gateway, source, key_number=1).install()
        again.register(first.secret).open()
        # it stays bound as it was: to both
        assert may_call(again, HOME) and may_call(again, SECOND)
        assert not may_call(again, THIRD)


def test_bound_key_is_not_registered_from_elsewhere(gateway):
    first = registered(gateway)
    for given in (bunq.DEFAULT, [HOME], [SECOND], ["*"]):
        other = bunq.Client(gateway, SECOND).install()
        answer = other.post_device(first.secret, permitted_ips=given)
        bunq.assert_refused(answer, 400, CREDENTIALS, server_key=other.server_key)
        assert answer.reason == "ip-not-permitted"
        assert not may_open(first, SECOND)


@pytest.mark.parametrize("given", [[], [HOME], [SECOND], [SECOND, HOME]])
def test_later_list_may_name_permitted_addresses(gateway, given):
    client = registered(gateway, permitted_ips=[HOME, SECOND])
    client.register(permitted_ips=given)
    assert may_open(client, HOME) and may_open(client, SECOND)


@pytest.mark.parametrize(
    "given", [[THIRD], [HOME, THIRD], [THIRD, "*"], ["*", HOME, THIRD], ["::", "*"]]
)
def test_later_list_may_not_name_others(gateway, given):
    client = registered(gateway, permitted_ips=[HOME, SECOND])
    answer = client.post_device(permitted_ips=given)
    bunq.assert_refused(
        answer, 400, reason="permitted-ips-fixed", server_key=client.server_key
    )
    assert "permitted IP" in answer.error
    assert may_open(client, HOME)
    assert not may_open(client, THIRD)


@pytest.mark.parametrize("given", [["*"], [HOME, "*"], ["*", SECOND, HOME]])
def test_later_wildcard_frees_the_key(gateway, given):
    client = registered(gateway, permitted_ips=[HOME, SECOND]).open()
    assert not may_call(client, THIRD)
    stranger = bunq.Client(gateway, THIRD).install()
    answer = stranger.post_device(client.secret, permitted_ips=given)
    bunq.assert_refused(answer, 400, CREDENTIALS, "ip-not-permitted")
    assert not may_call(client, THIRD)

    client.register(permitted_ips=given)
    assert may_call(client, THIRD)  # with the session that it had
    assert may_open(client, FOURTH) and may_open(client, HOME)
    stranger.register(client.secret).open()
    freed = [row for row in audit_rows(gateway) if row["event"] == "key-freed"]
    assert freed[-1]["address"] == HOME and freed[-1]["actor"] == "gateway"


@pytest.mark.parametrize("given", [["*"], [HOME, "*"]])
def test_later_wildcard_of_a_wrong_signature_frees_nothing(gateway, given):
    client = registered(gateway)
    answer = client.post_device(permitted_ips=given, signature=client.sign(b"x"))
    bunq.assert_refused(answer, 400, bunq.WRONG_SIGNATURE)
    assert not may_open(client, SECOND)


@pytest.mark.parametrize("given", [[], [THIRD], ["*"], [HOME, "*"]])
def test_freed_key_stays_free(gateway, given):
    client = registered(gateway, permitted_ips=["*"])
    client.register(permitted_ips=given)
    assert may_open(client, HOME) and may_open(client, FOURTH)


def test_only_one_of_many_first_registrations_binds(gateway):
    """They race from many addresses; the key ends up with one of them."""
    sources = [f"127.0.1.{n}" for n in range(1, 9)]
    clients = [bunq.Client(gateway, source).install() for source in sources]
    secret = clients[0].make_user()
    found = storm(len(clients), lambda n: clients[n].post_device(secret))
    answers = dict(zip(sources, found))
    winners = [source for source in sources if answers[source].status == 200]
    assert len(winners) == 1, answers
    for source in sources:
        if source not in winners:
            assert answers[source].reason == "ip-not-permitted", answers[source]
    winner = next(c for c in clients if c.source == winners[0])
    for source in sources:
        assert may_open(winner, source) == (source == winner.source)


def test_operator_frees_a_key_and_takes_it_back(gateway):
    client = registered(gateway).open()
    key = [
        k for k in gateway.trivet("key", "list") if k["user_id"] == client.user["id"]
    ][0]
    gateway.trivet("key", "allow-all-ips", key["id"], "on")
    assert may_open(client, SECOND) and may_call(client, SECOND)
    gateway.trivet("key", "allow-all-ips", key["id"], "off")
    assert may_open(client, HOME) and may_call(client, HOME)
    assert not may_open(client, SECOND) and not may_call(client, SECOND)


def test_operator_frees_a_key_before_it_is_bound(gateway):
    key = gateway.trivet("key", "create")
    gateway.trivet("key", "allow-all-ips", key["id"], "on")
    client = bunq.Client(gateway, HOME).install().register(key["secret"])
    assert may_open(client, HOME) and may_open(client, SECOND)


# ---- how an address is written -----------------------------------------------


@pytest.mark.parametrize(
    "entry", [f"::ffff:{HOME}", f"::FFFF:{HOME}", "::ffff:7f00:2", HOME]
)
def test_mapped_address_is_the_ipv4_address(gateway, entry):
    client = registered(gateway, permitted_ips=[entry])
    assert may_open(client, HOME)
    assert not may_open(client, SECOND)


def test_ipv6_addresses_are_bound_too(tmp_path):
    with Gateway(tmp_path / "data", "--listen", "::1", host="::1") as gateway:
        client = bunq.ready(gateway)
        assert client.is_alive()
        for entries, expected in (
            (["::1"], True),
            (["0:0:0:0:0:0:0:1"], True),
            (["0000:0000:0000:0000:0000:0000:0000:0001"], True),
            (["::0.0.0.1"], True),
            (["2001:db8::1"], False),
            (["127.0.0.1"], False),
            (["::ffff:127.0.0.1"], False),
            (["2001:DB8::1", "::1"], True),
            (["*"], True),
        ):
            other = registered(gateway, None, permitted_ips=entries)
            assert (other.post_session().status == 200) is expected, entries
        device = gateway.trivet("device", "list")
        assert any("::1" in str(d) for d in device)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "nonsense",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4\n",
        "1.2.3.4/32",
        "1.2.3.0/24",
        "1.2.3.4:443",
        "1.2.3.*",
        "**",
        " *",
        "[::1]",
        "::1%lo",
        "fe80::1%1",
        ":::",
        "12345::",
        "0x7f.0.0.1",
        "2130706433",
        "x" * 5000,
        "١.٢.٣.٤",
        5,
        None,
        True,
        {},
        ["1.2.3.4"],
    ],
    ids=lambda entry: repr(entry)[:20],
)
@pytest.mark.parametrize("beside", [False, True])
def test_bad_entry_refuses_the_whole_list(gateway, entry, beside):
    client = bunq.Client(gateway, HOME).install()
    secret = client.make_user()
    given = [HOME, entry] if beside else [entry]
    answer = client.post_device(secret, permitted_ips=given)
    bunq.assert_refused(
        answer,
        400,
        'Invalid value for field "permitted_ips".',
        server_key=client.server_key,
    )
    assert answer.reason in ("permitted-ip-invalid", "field-invalid")
    assert client.post_session(secret).reason == "key-not-registered"


def test_longest_list(gateway):
    client = bunq.Client(gateway, HOME).install()
    secret = client.make_user()
    many = [f"10.0.{n // 250}.{n % 250}" for n in range(255)]
    answer = client.post_device(secret, permitted_ips=[*many, HOME, "10.9.9.9"])
    assert answer.reason == "permitted-ip-invalid", answer
    # the same address twice is one
    client.register(secret, permitted_ips=[*many, *many, HOME])
    assert may_open(client, HOME)
    assert not may_open(client, SECOND)


# ---- what the caller says of itself ------------------------------------------

FORGED = [
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Forwarded",
    "Forwarded-For",
    "X-Cluster-Client-IP",
    "Client-IP",
    "Via",
]


@pytest.mark.parametrize("name", FORGED)
def test_forged_address_changes_nothing(gateway, name):
    client = registered(gateway).open()
    away = client.from_address(SECOND)
    for value in (HOME, f"{HOME}, {HOME}", f"for={HOME}", f"{SECOND}, {HOME}"):
        answer = away.get("/v1/user", headers={name: value})
        bunq.assert_refused(answer, 403, reason="ip-not-permitted")
        answer = away.post_session(headers={name: value})
        bunq.assert_refused(answer, 400, reason="ip-not-permitted")
    answer = client.get("/v1/user", headers={name: SECOND})
    bunq.assert_admitted(answer, client.server_key)


def test_forged_address_is_not_bound(gateway):
    headers = {name: SECOND for name in FORGED}
    client = bunq.Client(gateway, HOME)
    client.install(headers=headers)
    client.register(client.make_user(), headers=headers)
    assert may_open(client, HOME)
    assert not may_open(client, SECOND)


def test_proxy_protocol_is_not_believed_by_default(gateway):
    import socket

    with socket.create_connection((gateway.host, gateway.port), timeout=10) as raw:
        raw.sendall(b"PROXY TCP4 127.0.0.2 127.0.0.1 1 2\r\n")
        raw.settimeout(10)
        answer = raw.recv(4096)  # no TLS greeting: an error, or just the end
        assert answer == b"" or answer[:1] != b"\x16"
