# SPDX-License-Identifier: Apache-2.0
"""A client that pins takes over what the gateway announces, and nothing else"""
import json

import pytest
from cryptography.hazmat.primitives import hashes

from announcements import BACKUP, OTHER, announce, answer, moment, signature, statement
from announcements import pin as pin_of_no_key
from fake_server import FakeServer, other_key


def own(trivet):
    return json.loads(trivet.file.read_text())["trivet"]


@pytest.fixture
def pinned(trivet, server):
    """Logged in to a server that announces nothing, its key pinned."""
    result = trivet.login(server, "--pin-on-first-use")
    assert result.returncode == 0, result.stderr
    trivet.forget_limits()
    return trivet


def test_the_first_key_is_pinned_before_anything_is_sent(pinned, server, certificate):
    assert own(pinned)["pins"] == [certificate[1]]
    assert own(pinned)["pin_mode"] == "enforce"
    assert pinned("pins", "check").returncode == 0


def test_no_backup_pin_is_told(trivet, server, certificate):
    result = trivet.login(server, "--pin-on-first-use")
    assert f"pinned:\n{certificate[1]}\n" in result.stdout
    assert "no backup pin" in result.stderr
    assert "no backup pin" not in trivet.login(
        server, "--context", "b", "--pin-on-first-use", "-q").stderr


def test_without_the_option_nothing_is_pinned(trivet, server):
    assert trivet.login(server).returncode == 0
    assert "pins" not in own(trivet)


def test_a_key_that_changed_since_is_refused(pinned, authority):
    other, _ = authority.make()
    server = FakeServer(other)
    try:
        url = own(pinned)["base_url"]
        text = pinned.file.read_text().replace(url, server.url)
        pinned.file.write_text(text)
        result = pinned("login", "--pin-on-first-use")
        assert pinned("call", "GET", "user").returncode == 6
        assert not server.protocol.calls, result
    finally:
        server.close()


def test_pins_that_are_there_stay(trivet, server):
    """A wrong one is no reason to pin another."""
    assert trivet.login(server).returncode == 0
    content = json.loads(trivet.file.read_text())
    content["trivet"]["pins"] = [OTHER]
    trivet.file.write_text(json.dumps(content))
    trivet("login", "--pin-on-first-use")
    assert trivet("call", "GET", "user").returncode == 6
    assert own(trivet)["pins"] == [OTHER]


def test_a_context_without_pins_gets_one_later(logged_in, server, certificate):
    assert logged_in("login", "--pin-on-first-use").returncode == 0
    assert own(logged_in)["pins"] == [certificate[1]]


def test_a_given_pin_is_the_backup(trivet, server, certificate):
    result = trivet.login(server, "--pin-on-first-use", "--pin", BACKUP,
                          "--pin-expires", "2099-01-01")
    assert result.returncode == 0, result.stderr
    assert own(trivet)["pins"] == [BACKUP + "@2099-01-01",
                                   certificate[1] + "@2099-01-01"]
    assert "no backup pin" not in result.stderr


@pytest.mark.parametrize("date", ["2099-1-1", "tomorrow", "2099-02-30", ""])
def test_a_wrong_date_is_refused_before_the_login(trivet, server, date):
    result = trivet.login(server, "--pin-on-first-use", "--pin-expires", date)
    assert result.returncode == 2 and not server.protocol.calls


# ---- taken over --------------------------------------------------------------


def test_announced_pins_take_the_place(pinned, server, certificate):
    server.protocol.announced = announce(
        server.protocol.key, [certificate[1], BACKUP + "@2099-01-01"])
    result = pinned("pins", "rotate")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == own(pinned)["pins"]
    assert own(pinned)["pins"] == [certificate[1], BACKUP + "@2099-01-01"]
    assert pinned("call", "GET", "user").returncode == 0


def test_a_login_asks_and_a_call_once_a_day(pinned, server, certificate):
    assert server.protocol.count("trivet/pins") == 1
    assert pinned("call", "GET", "user").returncode == 0
    assert server.protocol.count("trivet/pins") == 1
    content = json.loads(pinned.file.read_text())
    content["trivet"]["pins_asked"] = moment(days=-1, seconds=-1)
    pinned.file.write_text(json.dumps(content))
    server.protocol.announced = announce(
        server.protocol.key, [certificate[1], BACKUP])
    assert pinned("call", "GET", "user").returncode == 0
    assert own(pinned)["pins"] == [certificate[1], BACKUP]
    assert pinned("call", "GET", "user").returncode == 0
    assert server.protocol.count("trivet/pins") == 2


def test_who_has_no_pins_does_not_ask(logged_in, server):
    server.protocol.announced = announce(server.protocol.key, [OTHER, BACKUP])
    assert logged_in("call", "GET", "user").returncode == 0
    assert server.protocol.count("trivet/pins") == 0
    assert logged_in("pins", "rotate").returncode == 2


def test_pins_that_are_given_are_kept(trivet, server, certificate):
    server.protocol.announced = announce(
        server.protocol.key, [certificate[1], BACKUP])
    assert trivet.login(server, "--pin", certificate[1]).returncode == 0
    assert own(trivet)["pins"] == [certificate[1]]
    assert server.protocol.count("trivet/pins") == 0


def test_a_server_that_announces_nothing_is_no_error(pinned, server, certificate):
    result = pinned("pins", "rotate")
    assert result.returncode == 0 and "announces no pins" in result.stderr
    assert own(pinned)["pins"] == [certificate[1]]


def test_bunq_itself_is_not_asked(pinned, server, certificate):
    content = json.loads(pinned.file.read_text())
    content["environment_type"] = "SANDBOX"
    del content["trivet"]["base_url"]
    pinned.file.write_text(json.dumps(content))
    before = server.protocol.count("trivet/pins")
    result = pinned("pins", "rotate", "--timeout", "1s")
    assert result.returncode == 0 and "announces no pins" in result.stderr
    assert server.protocol.count("trivet/pins") == before


def test_in_report_mode_the_set_is_taken_over_as_well(pinned, server):
    assert pinned("pins", "learn", "--pin-mode", "report").returncode == 0
    server.protocol.announced = announce(server.protocol.key, [OTHER, BACKUP])
    assert pinned("pins", "rotate").returncode == 0
    assert own(pinned)["pins"] == [OTHER, BACKUP]
    assert own(pinned)["pin_mode"] == "report"
    result = pinned("call", "GET", "user")
    assert result.returncode == 0 and "is not pinned" in result.stderr


def test_another_process_reads_the_new_pins_again(pinned, server, certificate):
    """Its own are refused; the file has others by now."""
    content = json.loads(pinned.file.read_text())
    content["trivet"]["pins"] = [OTHER]
    pinned.file.write_text(json.dumps(content))
    assert pinned("call", "GET", "user").returncode == 6
    content["trivet"]["pins"] = [certificate[1]]
    pinned.file.write_text(json.dumps(content))
    assert pinned("call", "GET", "user").returncode == 0


# ---- refused -----------------------------------------------------------------


def spoiled(kind, key, pin):
    """The body of an announcement that is wrong in one way."""
    good = statement([pin, BACKUP])
    signed = signature(key, good)
    return {
        "unsigned": lambda: answer(good, None),
        "empty signature": lambda: answer(good, ""),
        "signature not base64": lambda: answer(good, "!" + signed[1:]),
        "signature cut": lambda: answer(good, signed[:-4]),
        "signature too long": lambda: answer(good, "A" * 2000),
        "another key": lambda: announce(other_key(), [pin, BACKUP]),
        "an answer's signature": lambda: answer(
            good, signature(key, good, hashes.SHA256)),
        "another algorithm": lambda: answer(good, signed, algorithm="none"),
        "changed": lambda: answer(good.replace(BACKUP, OTHER), signed),
        "a blank more": lambda: answer(good + " ", signed),
        "expired": lambda: announce(key, [pin, BACKUP], issued=moment(days=-2),
                                    expires=moment(days=-1)),
        "of a time to come": lambda: announce(
            key, [pin, BACKUP], issued=moment(days=2), expires=moment(days=3)),
        "ends before it begins": lambda: announce(
            key, [pin, BACKUP], issued=moment(days=2), expires=moment(days=1)),
        "no times": lambda: announce(key, [pin, BACKUP], issued=None),
        "times of another form": lambda: announce(
            key, [pin, BACKUP], issued="2026-01-01T00:00:00Z"),
        "no backup": lambda: announce(key, [pin]),
        "no pins": lambda: announce(key, []),
        "the same pin twice": lambda: announce(key, [pin, pin]),
        "a backup that has expired": lambda: announce(
            key, [pin, BACKUP + "@2020-01-01"]),
        "not the key that is shown": lambda: announce(key, [OTHER, BACKUP]),
        "a pin that is none": lambda: announce(key, [pin, "sha256/AAAA"]),
        "a pin that is a number": lambda: announce(key, [pin, 7]),
        "pins no list": lambda: announce(key, {"0": pin, "1": BACKUP}),
        "too many pins": lambda: announce(
            key, [pin] + [pin_of_no_key(n) for n in range(16)]),
        "another type": lambda: announce(key, [pin, BACKUP], type="pins"),
        "another version": lambda: announce(key, [pin, BACKUP], version=2),
        "no statement": lambda: answer(None, signed),
        "statement an object": lambda: answer(json.loads(good), signed),
        "statement no JSON": lambda: answer("x", signature(key, "x")),
        "statement a list": lambda: answer("[]", signature(key, "[]")),
        "statement with a member twice": lambda: (
            lambda text: answer(text, signature(key, text)))(
                good[:-1] + ', "pins": []}'),
        "statement huge": lambda: announce(key, [pin, BACKUP], more="x" * 9000),
        "nothing": lambda: b"",
        "no JSON": lambda: b"<html>",
        "cut": lambda: json.dumps(answer(good, signed)).encode()[:-9],
        "a list": lambda: [],
        "two elements": lambda: {
            "Response": answer(good, signed)["Response"] * 2},
        "a NUL behind": lambda: json.dumps(answer(good, signed)).encode() + b"\0",
        "huge": lambda: answer(good, signed, more="x" * 70000),
    }[kind]()


KINDS = [
    "unsigned", "empty signature", "signature not base64", "signature cut",
    "signature too long", "another key", "an answer's signature",
    "another algorithm", "changed", "a blank more", "expired",
    "of a time to come", "ends before it begins", "no times",
    "times of another form", "no backup", "no pins", "the same pin twice",
    "a backup that has expired", "not the key that is shown",
    "a pin that is none", "a pin that is a number", "pins no list",
    "too many pins", "another type", "another version", "no statement",
    "statement an object", "statement no JSON", "statement a list",
    "statement with a member twice", "statement huge", "nothing", "no JSON",
    "cut", "a list", "two elements", "a NUL behind", "huge"]


def test_wrong_announcements_are_refused(pinned, server, certificate):
    for kind in KINDS:
        pinned.forget_limits()
        server.protocol.announced = spoiled(
            kind, server.protocol.key, certificate[1])
        result = pinned("pins", "rotate")
        assert result.returncode not in (0, 2), (kind, result)
        assert "announcement" in result.stderr, (kind, result)
        assert own(pinned)["pins"] == [certificate[1]], kind
    server.protocol.announced = announce(
        server.protocol.key, [certificate[1], BACKUP])
    pinned.forget_limits()
    assert pinned("pins", "rotate").returncode == 0
    assert own(pinned)["pins"] == [certificate[1], BACKUP]


def test_a_refused_announcement_fails_no_login(trivet, server, certificate):
    server.protocol.announced = announce(other_key(), [certificate[1], BACKUP])
    result = trivet.login(server, "--pin-on-first-use")
    assert result.returncode == 0
    assert "the pins stay as they are" in result.stderr
    assert own(trivet)["pins"] == [certificate[1]]


@pytest.mark.parametrize("fault", ["no-signature", "other-key", "wrong-signature",
                                   "502", "403"])
def test_an_answer_that_is_not_the_server_s_changes_nothing(
        pinned, server, certificate, fault):
    server.protocol.announced = announce(
        server.protocol.key, [certificate[1], BACKUP])
    server.protocol.misbehave(fault, "trivet/pins", -1)
    result = pinned("pins", "rotate")
    assert result.returncode == (0 if fault in ("502", "403") else 6), result
    assert own(pinned)["pins"] == [certificate[1]]


def test_an_older_announcement_is_refused(pinned, server, certificate):
    key = server.protocol.key
    old = announce(key, [certificate[1], OTHER], issued=moment(minutes=-5))
    new = announce(key, [certificate[1], BACKUP])
    server.protocol.announced = new
    assert pinned("pins", "rotate").returncode == 0
    pinned.forget_limits()
    server.protocol.announced = old
    result = pinned("pins", "rotate")
    assert result.returncode == 6 and "older" in result.stderr
    assert own(pinned)["pins"] == [certificate[1], BACKUP]
    pinned.forget_limits()
    server.protocol.announced = new  # the same again is no change
    assert pinned("pins", "rotate").returncode == 0
