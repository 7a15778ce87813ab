# SPDX-License-Identifier: Apache-2.0
"""For people: JSON on a terminal, whole lists, and how an API key is given"""
import json
import os
import pty
import re
import select
import signal
import termios
import time

import pytest

from fake_server import FakeServer
from terminal import on_a_terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(trivet, body, *arguments, env=None):
    """What a terminal shows of a body, without the steps of a login before."""
    return on_a_terminal(trivet, "call", "POST", "echo", "-d", "-", "--no-throttle", "-q",
                         *arguments, text=body.encode(), env=env).replace("\r\n", "\n")


# ---- JSON ---------------------------------------------------------------------


def test_json_is_indented_on_a_terminal(logged_in):
    body = ('{"a":12.50,"b":[1,{"c":[]},"x: {y}, [z]"],"d":{},"e":null,\n\n "f" : true ,'
            '"g":"\\"\\\\","h":-1.0E+2}')
    text = COLOUR.sub("", shown(logged_in, body))
    assert text == """{
  "a": 12.50,
  "b": [
    1,
    {
      "c": []
    },
    "x: {y}, [z]"
  ],
  "d": {},
  "e": null,
  "f": true,
  "g": "\\"\\\\",
  "h": -1.0E+2
}
"""
    assert json.loads(text) == json.loads(body)


@pytest.mark.parametrize("body", ["1", '"a"', "null", "[]", "{}", " [ ] ", '[[[[]]]]',
                                  '{"a":{"b":{"c":"d"}}}', '["\u00e9\U0001f600"]'])
def test_any_json_stays_the_same_json(logged_in, body):
    text = COLOUR.sub("", shown(logged_in, body))
    assert json.loads(text) == json.loads(body) and text.endswith("\n")


def test_names_and_texts_have_colours_of_their_own(logged_in):
    text = shown(logged_in, '{"a":"b","c":1}')
    colours = {piece: colour for colour, piece in
               re.findall(r'(\x1b\[[0-9;]+m)("?\w"?)\x1b\[0m', text)}
    assert len({colours['"a"'], colours['"b"'], colours["1"]}) == 3
    assert colours['"a"'] == colours['"c"']


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_none_are_wanted(logged_in, env):
    text = shown(logged_in, '{"a":1}', env=env)
    assert text == '{\n  "a": 1\n}\n'


def test_raw_and_pipes_have_it_as_it_came(logged_in):
    body = '{"a":1,"b":  [ ]}'
    assert shown(logged_in, body, "--raw") == body + "\n"
    assert logged_in("call", "POST", "echo", "-d", body).stdout == body


@pytest.mark.parametrize("body", ["<html>", '{"a":1', '{"a":1} x', "", "[1,]", "\x00"])
def test_what_is_no_json_is_shown_as_it_is(logged_in, body):
    text = shown(logged_in, body)
    assert "\x1b" not in text
    assert text.rstrip("\n") == body.replace("\x00", "\\u0000")


def test_nothing_in_json_controls_the_terminal(logged_in):
    hostile = "\u202e\u009b31m\u200b"
    text = COLOUR.sub("", shown(logged_in, json.dumps({hostile: hostile},
                                                     ensure_ascii=False)))
    assert not any(c in text for c in hostile if not c.isprintable())
    assert json.loads(text) == {hostile: hostile}


# ---- lists ---------------------------------------------------------------------


def test_all_pages_of_a_list(logged_in, server):
    server.protocol.ips = {n: {"ip": f"10.0.0.{n}", "status": "ACTIVE"}
                           for n in range(1, 26)}
    path = "user/42/credential-password-ip/3/ip"
    done = logged_in("call", "GET", path, "--paginate", "--no-throttle")
    assert done.returncode == 0, done
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(page["Response"]) for page in pages] == [10, 10, 5]
    found = [each["PermittedIp"]["id"] for page in pages for each in page["Response"]]
    assert found == list(range(25, 0, -1))
    once = logged_in("call", "GET", path, "--no-throttle")
    assert len(json.loads(once.stdout)["Response"]) == 10


def test_a_page_behind_that_fails_is_told(logged_in, server):
    server.protocol.ips = {n: {"ip": f"10.0.0.{n}", "status": "A"} for n in range(1, 26)}
    server.protocol.misbehave("490", "older_id")
    done = logged_in("call", "GET", "user/42/credential-password-ip/3/ip", "--paginate",
                     "--no-throttle")
    assert done.returncode == 4 and len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("older", [
    "{other}/user/42/x", "//{host}/v1/x", "/v2/x", "x", "", "/v1", 7, ["/v1/x"],
    "/v1/" + "x" * 4096])
def test_no_other_place_is_asked_for_a_page(logged_in, server, certificate, older):
    """What the server names has to be a path of its own; a token goes along."""
    other = FakeServer(certificate[0])
    server.protocol.ips = {1: {"ip": "10.0.0.1", "status": "ACTIVE"}}
    server.protocol.older_url = (
        older.format(other=other.url, host=f"localhost:{other.port}")
        if isinstance(older, str) else older)
    num = len(server.protocol.calls)
    done = logged_in("call", "GET", "user/42/credential-password-ip/3/ip", "--paginate")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1, done
    assert len(server.protocol.calls) == num + 1 and other.protocol.calls == []
    other.close()


@pytest.mark.parametrize("target", ["/v1//{host}/x", "/v1/@{host}/x", "/v1/../../{host}"])
def test_a_path_below_is_the_servers_own(logged_in, server, certificate, target):
    other = FakeServer(certificate[0])
    server.protocol.ips = {1: {"ip": "10.0.0.1", "status": "ACTIVE"}}
    server.protocol.older_url = target.format(host=f"localhost:{other.port}")
    logged_in("call", "GET", "user/42/credential-password-ip/3/ip", "--paginate",
              "--no-throttle")
    assert other.protocol.calls == []
    other.close()


def test_a_page_that_is_its_own_next_one_is_the_last(logged_in, server):
    server.protocol.ips = {1: {"ip": "10.0.0.1", "status": "ACTIVE"}}
    server.protocol.is_endless = True
    path = "user/42/credential-password-ip/3/ip"
    num = len(server.protocol.calls)
    done = logged_in("call", "GET", path, "--paginate", "--no-throttle")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, done
    assert len(server.protocol.calls) == num + 2


def test_pages_on_a_terminal(logged_in, server):
    server.protocol.ips = {n: {"ip": f"10.0.0.{n}", "status": "A"} for n in range(1, 26)}
    text = on_a_terminal(logged_in, "call", "GET", "user/42/credential-password-ip/3/ip",
                         "--paginate", "--no-throttle", "-q")
    assert "\x1b[" in text and len(re.findall(r"(?m)^  .*\"Response\"", text)) == 3, text


def test_one_thing_has_no_pages(logged_in):
    done = logged_in("call", "GET", "user", "--paginate")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1


def test_pages_are_of_a_get(logged_in):
    assert logged_in("call", "POST", "echo", "--paginate").returncode == 2


# ---- an API key ------------------------------------------------------------------


def login(trivet, server, *arguments, **kwargs):
    return trivet("login", "--url", server.url, "--ca", trivet.ca, *arguments, **kwargs)


def test_a_key_of_a_program(trivet, server, tmp_path):
    (tmp_path / "key").write_text(server.protocol.api_key + "\nnot this\n")
    done = login(trivet, server, "--api-key-command", f"cat '{tmp_path}/key'")
    assert done.returncode == 0, done
    assert server.protocol.count("/session-server") == 1


@pytest.mark.parametrize("command,words", [
    ("exit 3", "has failed"), ("true", "printed no API key"), ("echo", "printed no"),
    ("nosuchprogram", "has failed"), ("head -c 600 /dev/zero | tr '\\0' x", "printed no"),
    ("echo key; exit 1", "has failed"), ("kill -9 $$", "has failed")])
def test_a_program_without_a_key(trivet, server, command, words):
    done = login(trivet, server, "--api-key-command", command)
    assert done.returncode == 1 and words in done.stderr, done
    assert server.protocol.calls == [] and not trivet.file.exists()


def test_one_source_is_enough(trivet, server):
    for other in (["--api-key-file", "x"], ["--new-sandbox-user"]):
        done = login(trivet, server, "--api-key-command", "true", *other)
        assert done.returncode == 2 and "one source" in done.stderr


class Terminal:
    """A login on a terminal of its own, which somebody types at."""

    def __init__(self, trivet, server, *arguments):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.closerange(3, 1024)
            command = trivet.command("login", "--url", server.url, "--ca", trivet.ca,
                                     *arguments)
            os.execve(command[0], command, {**trivet.environment, "TERM": "xterm"})

    def until(self, text):
        end = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self.fd], [], [], 0.2)[0]:
                self.shown += os.read(self.fd, 4096)

    def type(self, text):
        os.write(self.fd, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                break
            if not data:
                break
            self.shown += data
        self.echoed = self.echoes()
        os.close(self.fd)
        return os.waitpid(self.pid, 0)[1]


@pytest.mark.parametrize("arguments", [[], ["--api-key-file", "-"]])
def test_a_key_that_is_typed_is_not_shown(trivet, server, arguments):
    terminal = Terminal(trivet, server, *arguments)
    terminal.until(b"API key")
    terminal.type(server.protocol.api_key + "\n")
    assert terminal.end() == 0, terminal.shown
    assert b"logged in" in terminal.shown
    assert server.protocol.api_key.encode() not in terminal.shown
    assert b"sandbox_" not in terminal.shown.replace(b"sandbox_user", b"")


def test_nothing_typed_is_no_key(trivet, server):
    terminal = Terminal(trivet, server)
    terminal.until(b"API key")
    terminal.type("\n")
    assert os.waitstatus_to_exitcode(terminal.end()) == 2
    assert b"no API key was given" in terminal.shown
    assert server.protocol.calls == []


def test_a_signal_leaves_the_terminal_as_it_was(trivet, server):
    terminal = Terminal(trivet, server)
    assert terminal.echoes()
    terminal.until(b"API key")
    assert not terminal.echoes()
    terminal.type("sandbox_secret\x03")  # Ctrl-C
    assert os.waitstatus_to_exitcode(terminal.end()) == -signal.SIGINT
    assert terminal.echoed
    assert b"secret" not in terminal.shown
    assert server.protocol.calls == []


def test_a_kept_key_is_not_asked_for(logged_in, server):
    terminal = Terminal(logged_in, server)
    assert terminal.end() == 0, terminal.shown
    assert b"API key" not in terminal.shown


def test_without_a_terminal_nobody_is_asked(trivet, server):
    done = login(trivet, server, text="")
    assert done.returncode == 8 and "no API key" in done.stderr, done
