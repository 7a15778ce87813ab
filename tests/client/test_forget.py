# SPDX-License-Identifier: Apache-2.0
"""trivet forget: a context is removed from this machine, or nothing is."""

import fcntl
import json
import os
import time

from storm import storm


def left(trivet):
    return sorted(path.name for path in trivet.file.parent.iterdir())


def test_the_session_ends_and_all_files_go(logged_in, server):
    temp = logged_in.file.with_name("default.json.tmp")
    temp.write_text("left by a write that was broken off")
    result = logged_in("forget")
    assert result.returncode == 0, result
    assert server.protocol.calls[-1] == ("DELETE", "/v1/session/0")
    assert left(logged_in) == []
    assert "API key stays valid" in result.stdout
    assert "installation" in result.stdout and "the session" not in result.stdout
    again = logged_in("forget")
    assert again.returncode == 3 and "no context" in again.stderr


def test_what_was_in_the_file_is_overwritten(logged_in):
    """Who has the file open sees that nothing is left in it."""
    with logged_in.file.open("rb") as file:
        assert logged_in("forget", "--quiet").stdout == ""
        assert file.read() == b"" and os.fstat(file.fileno()).st_nlink == 0


def test_force_speaks_to_nobody(logged_in, server):
    server.protocol.calls.clear()
    server.close()
    result = logged_in("forget", "--force")
    assert result.returncode == 0, result
    assert "session, until 20" in result.stdout and left(logged_in) == []


def test_a_server_that_cannot_be_reached_loses_nothing(logged_in, server):
    before = logged_in.file.read_bytes()
    server.close()
    result = logged_in("forget", "--timeout", "2")
    assert result.returncode == 5, result
    assert "nothing was removed" in result.stderr
    assert "--force" in result.stderr
    assert logged_in.file.read_bytes() == before


def test_an_ended_session_needs_no_server(logged_in, server):
    content = json.loads(logged_in.file.read_text())
    content["trivet"]["session_expires"] = "2020-01-01 00:00:00.000000"
    logged_in.file.write_text(json.dumps(content))
    server.close()
    assert logged_in("forget").returncode == 0
    assert left(logged_in) == []


def test_a_file_that_is_no_context_needs_force(logged_in):
    for text in ("", "{", "[]", "\0" * 9):
        logged_in.file.write_text(text)
        logged_in.file.chmod(0o600)
        result = logged_in("forget")
        assert result.returncode in (1, 2), result
        assert "nothing was removed" in result.stderr
        assert logged_in.file.read_text() == text
        assert logged_in("forget", "--force").returncode == 0
        assert not logged_in.file.exists()


def test_one_context_of_several(logged_in, server):
    for name in ("work", "home"):
        logged_in("import", logged_in.file, "--context", name)
    assert logged_in("forget", "--context", "work", "--force").returncode == 0
    assert "work.json" not in left(logged_in)
    assert {"default.json", "home.json"} <= set(left(logged_in))
    file = logged_in.file.with_name("home.json")
    done = logged_in("forget", "--file", file, "--force")
    assert done.returncode == 0 and not file.exists(), done
    assert logged_in.file.exists()


def test_wrong_usage_removes_nothing(logged_in):
    for words in (["work"], ["--context", "default", "--file", logged_in.file],
                  ["--context", "../default"], ["--file", "default.json"]):
        result = logged_in("forget", "--force", *words)
        assert result.returncode in (2, 3), (words, result)
        assert logged_in.file.exists()


def test_what_is_not_one_file_of_ours_is_refused(logged_in, tmp_path):
    other = tmp_path / "second"
    os.link(logged_in.file, other)
    result = logged_in("forget", "--force")
    assert result.returncode == 2 and "second name" in result.stderr, result
    assert other.read_bytes()
    other.unlink()
    result = logged_in("forget", "--force", "--file", tmp_path)
    assert result.returncode == 2 and "plain file" in result.stderr, result


def test_a_link_goes_with_what_it_leads_to(logged_in, tmp_path):
    target = tmp_path / "elsewhere.json"
    logged_in.file.rename(target)
    logged_in.file.symlink_to(target)
    assert logged_in("forget", "--force").returncode == 0
    assert not target.exists() and not logged_in.file.is_symlink()


def test_who_waits_for_the_lock_takes_a_new_one(logged_in):
    """A lock that was removed keeps nobody away."""
    lock = logged_in.file.with_name("default.json.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = logged_in.start("forget", "--force")
        time.sleep(0.2)
        assert waiting.poll() is None and logged_in.file.exists()
        lock.unlink()
    _, errors = waiting.communicate(timeout=20)
    assert waiting.returncode == 0, errors
    assert left(logged_in) == []


def test_two_at_once(logged_in):
    results = storm(4, lambda _: logged_in("forget", "--force"))
    codes = sorted(result.returncode for result in results)
    assert codes[0] == 0 and set(codes) <= {0, 3, 8}, results
    assert not logged_in.file.exists()
