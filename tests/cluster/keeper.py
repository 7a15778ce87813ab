# SPDX-License-Identifier: Apache-2.0
"""keeper.py COMMAND... - runs a command and answers for all that is below it

What is started below it stays below it: a daemon's parent is the keeper once
its own is gone. SIGTERM, and the end of whoever started the keeper: all are
asked to end, and killed when they do not. SIGUSR1: all are killed at once, as
a machine ends that has no current any more.
"""
import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 10


def parents():
    """The parent of each process that has not ended."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry)] = int(fields[1])
    return found


def below(top):
    """All processes below that one."""
    tree = parents()
    found = {top}
    while more := {pid for pid, of in tree.items() if of in found} - found:
        found |= more
    return found - {top}


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def kill_all():
    while pids := below(os.getpid()):
        send(pids, signal.SIGKILL)
        time.sleep(0.005)
        reap()


def end(number, _):
    signal.signal(number, signal.SIG_IGN)
    if number != signal.SIGUSR1:
        send(child, signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while below(os.getpid()) and time.monotonic() < until:
            time.sleep(0.02)
            reap()
    kill_all()
    os._exit(0)


child = []  # the command's process, once it is there


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, end)
    child.append(subprocess.Popen(sys.argv[1:]).pid)
    while True:
        pid, status = os.wait()
        if [pid] == child:
            kill_all()
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
