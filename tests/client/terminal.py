# SPDX-License-Identifier: Apache-2.0
"""terminal.py - the command on a terminal"""
import os
import pty
import subprocess


def on_a_terminal(trivet, *arguments, text=b"", env=None):
    """What the command shows on one; it reads text from a pipe."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        trivet.command(*arguments), stdin=subprocess.PIPE, stdout=slave,
        stderr=slave, env={**trivet.environment, "TERM": "xterm", **(env or {})})
    os.close(slave)
    process.stdin.write(text)
    process.stdin.close()
    shown = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(master)
    process.wait()
    return shown.decode()
