# SPDX-License-Identifier: Apache-2.0
"""serving.py - starts of trivet serve that are refused, and its configuration"""
import pytest

from gateway import Gateway, NotReady, processes_using, run


def refuse(tmp_path, *options, port=0, num_lines=1):
    """Starts what must not start: one clear line, a status, nothing running."""
    gateway = Gateway(tmp_path / "data", *options, port=port)
    with pytest.raises(NotReady) as refusal:
        gateway.start()
    assert_one_clear_line(refusal.value, num_lines)
    assert "ready:" not in refusal.value.stdout
    assert not gateway.processes()
    assert not processes_using(tmp_path)
    return refusal.value


def assert_one_clear_line(refusal, num_lines=1):
    lines = [
        line
        for line in refusal.stderr.splitlines()
        if line.strip()
        and "running as root" not in line
        and not line.startswith("making the server's RSA key")
    ]
    assert refusal.returncode > 0, refusal
    assert 1 <= len(lines) <= num_lines, refusal.stderr
    assert len(lines[0]) < 400, lines
    assert lines[0].startswith("trivet"), lines


def print_config(tmp_path, *options):
    done = run("serve", "--print-config", "--data", tmp_path / "none", *options)
    assert done.returncode == 0, done
    assert not (tmp_path / "none").exists()
    return done.stdout
