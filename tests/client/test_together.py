# SPDX-License-Identifier: Apache-2.0
"""Many threads and processes on one context; processes that are killed."""

import json
import signal
import subprocess
import time

import pytest

from gateway import BUILD, ROOT
from storm import storm

TOOL = BUILD / "tests" / "client_tool"
IS_SAN = "san" in BUILD.name


def tool(trivet, *arguments, timeout=300):
    return subprocess.run([str(TOOL), *map(str, arguments)],
                          env=trivet.environment, timeout=timeout,
                          capture_output=True, text=True)


def test_16_threads_and_16_processes_open_one_session(logged_in, server):
    server.protocol.kill_sessions()

    def work(number):
        if number == 0:
            return tool(logged_in, "threads", logged_in.file, 16, "user")
        return logged_in("call", "GET", "user", "--no-throttle")

    for result in storm(17, work):
        assert result.returncode == 0, result.stderr
    assert server.protocol.count("/session-server") == 2  # one at login
    assert server.protocol.count("/user") >= 32


def test_16_processes_that_begin_together_log_in_once(trivet, server):
    for result in storm(16, lambda _: trivet.login(server)):
        assert result.returncode == 0, result.stderr
    for path in ("/installation", "/device-server", "/session-server"):
        assert server.protocol.count(path) == 1, path


def test_a_context_goes_through_fork(logged_in, server):
    result = tool(logged_in, "fork", logged_in.file, 8, "user")
    assert result.returncode == 0, result.stderr
    assert server.protocol.count("/session-server") == 1


def test_fork_with_a_dead_session(logged_in, server):
    server.protocol.misbehave("401", "user", times=1)
    result = tool(logged_in, "fork", logged_in.file, 8, "user")
    assert result.returncode == 0, result.stderr
    assert server.protocol.count("/session-server") == 2


def test_a_session_dies_while_a_handle_is_open(logged_in, server):
    process = subprocess.Popen([str(TOOL), "twice", str(logged_in.file), "1",
                                "user"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "first\n"
    server.protocol.kill_sessions()
    assert process.wait(30) == 0
    assert server.protocol.count("/session-server") == 2


def test_a_session_of_another_process_is_taken_over(logged_in, server):
    process = subprocess.Popen([str(TOOL), "twice", str(logged_in.file), "2",
                                "user"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "first\n"
    server.protocol.kill_sessions()
    assert logged_in("call", "GET", "user", "--no-throttle").returncode == 0
    assert process.wait(30) == 0
    assert server.protocol.count("/session-server") == 2


def test_the_throttle_is_shared_by_processes(logged_in, server):
    started = time.monotonic()
    results = storm(7, lambda _: logged_in("call", "GET", "user"))
    assert all(r.returncode == 0 for r in results)
    assert time.monotonic() - started > 6  # 3 at once, 3 after 3 s, 1 after 6


@pytest.mark.parametrize(
    "rounds", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_rounds_do_not_leak(logged_in, server, rounds):
    result = tool(logged_in, "rounds", logged_in.file, rounds, "user",
                  timeout=600)
    assert result.returncode == 0, result.stderr
    if not IS_SAN:  # ASan keeps freed memory; its leak check is better
        assert int(result.stdout) < 512, result.stdout


# ---- kill -9 ---------------------------------------------------------------


def is_whole(file):
    """Absent, or a file that can be gone on from."""
    if not file.exists():
        return True
    content = json.loads(file.read_text())
    return "environment_type" in content and "trivet" in content


@pytest.mark.parametrize("step", ["installation", "device-server",
                                  "session-server"])
def test_killed_while_it_waits_for_a_step(trivet, server, step):
    server.protocol.misbehave("slow", step, arg=3)
    process = trivet.start("login", "--url", server.url, "--ca", trivet.ca,
                           "--api-key-file", "-", stdin=subprocess.PIPE)
    process.stdin.write(server.protocol.api_key)
    process.stdin.close()
    deadline = time.monotonic() + 20
    while server.protocol.count("/" + step) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_whole(trivet.file)
    trivet.forget_limits()
    result = trivet.login(server)
    assert result.returncode == 0, result.stderr
    assert trivet("call", "GET", "user").returncode == 0
    # Nothing is done again but the step that was cut off.
    for path in ("installation", "device-server", "session-server"):
        assert server.protocol.count("/" + path) == 1 + (path == step)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.3])
def test_killed_at_some_time(trivet, server, delay):
    process = trivet.start("login", "--url", server.url, "--ca", trivet.ca,
                           "--api-key-file", "-", stdin=subprocess.PIPE)
    process.stdin.write(server.protocol.api_key)
    process.stdin.close()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_whole(trivet.file)
    trivet.forget_limits()
    assert trivet.login(server).returncode == 0


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "kill_at.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library),
                    str(ROOT / "tests" / "client" / "kill_at.c"), "-ldl"],
                   check=True)
    return library


@pytest.mark.skipif(IS_SAN, reason="the sanitizer must be loaded first")
@pytest.mark.parametrize("what", ["write", "fsync", "rename"])
def test_killed_inside_of_every_write(trivet, server, killer, what):
    seen = set()
    for number in range(1, 20):
        environment = {"LD_PRELOAD": str(killer),
                       "KILL_AT": f"{what}:{number}"}
        trivet.forget_limits()
        before = trivet.file.read_text() if trivet.file.exists() else None
        result = trivet.login(server, env=environment)
        if result.returncode == 0:
            break
        assert result.returncode == -signal.SIGKILL
        assert is_whole(trivet.file)
        now = trivet.file.read_text() if trivet.file.exists() else None
        seen.add(now is not None)
        if what != "fsync":
            assert now == before or number > 1
        # From the start again, for the next number.
        trivet.forget_limits()
        assert trivet.login(server).returncode == 0
        leftovers = [p.name for p in trivet.file.parent.iterdir()
                     if p.name.endswith(".tmp")]
        assert leftovers == []
        trivet.file.unlink()
    else:
        pytest.fail("login never came through")
    assert number > 4  # four steps were written
