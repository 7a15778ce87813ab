# SPDX-License-Identifier: Apache-2.0
"""ports.py - ports for servers that cannot choose their own

A port that was free a moment ago may be another's when it is used: another
test's, or that of a connection, to which the system gives any port of its range.
So ports are taken below that range, and each has a lock that lasts as long as
the process.
"""
import random
import socket

LOWEST = 10000
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"

_locks = {}


def _highest():
    with open(RANGE, encoding="ascii") as file:
        given_out = int(file.read().split()[0])
    return given_out if given_out > 2 * LOWEST else 65000


def _lock(port):
    """Whether it is ours now. The name goes with the process, and is one of the
    network namespace, as ports are."""
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0trivet-test-port-{port}")
    except OSError:
        lock.close()
        return False
    _locks[port] = lock
    return True


def _is_bindable(port, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host="127.0.0.1"):
    """A port that nobody has, and that nobody else is given by this function
    while this process runs."""
    chooser, highest = random.SystemRandom(), _highest()
    for _ in range(1000):
        port = chooser.randrange(LOWEST, highest)
        if not _lock(port):
            continue
        if _is_bindable(port, host) and _is_bindable(port, ""):
            return port
        _locks.pop(port).close()
    raise OSError("no port is free")
