# SPDX-License-Identifier: Apache-2.0
"""stores.py - where the gateways of the tests keep what they know

TRIVET_TEST_STORE=postgresql: each data directory has a database of its own in
one PostgreSQL, which starts with the first of them and ends with the tests.
Otherwise it is SQLite's, in the data directory.
"""
import atexit
import os
import subprocess
from pathlib import Path

IS_POSTGRES = os.environ.get("TRIVET_TEST_STORE", "").startswith("postgresql")

# Commands that have an option --store.
TAKES_STORE = {"audit", "clock", "device", "incident", "key", "prune", "server-key",
               "session", "store", "user"}

_server = []
_urls = {}
_TEMPLATE = "template_of_stores"


def _start(trivet):
    from postgres import Server

    server = Server()
    atexit.register(server.stop)
    server.sql(f"CREATE DATABASE {_TEMPLATE}")
    subprocess.run([trivet, "store", "migrate", server.url(_TEMPLATE)],
                   check=True, stdout=subprocess.DEVNULL)
    _server.append(server)


def _make(trivet):
    if not _server:
        _start(trivet)
    server = _server[0]
    server.number += 1
    name = f"store{server.number}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return server.url(name)


def options_for(trivet, data):
    """What names the store of a gateway with that data directory, which has
    none yet or has had this one."""
    if not IS_POSTGRES:
        return []
    key = str(Path(data).absolute())
    if key not in _urls:
        _urls[key] = _make(trivet)
    return ["--store", _urls[key]]


def with_store(args):
    """The arguments of an operator's command, with the store that its data
    directory has."""
    args = [str(arg) for arg in args]
    if args[:1] and args[0] in TAKES_STORE and "--data" in args[:-1] and "--store" not in args:
        url = _urls.get(str(Path(args[args.index("--data") + 1]).absolute()))
        if url is not None:
            args += ["--store", url]
    return args
