# SPDX-License-Identifier: Apache-2.0
"""moved.py - an nginx whose clock can be moved, by Debian's libfaketime

A file says by how much, and may change while it runs."""
import re
import sqlite3
import time
from pathlib import Path

import bunq
from nginx import Nginx

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

VARIABLES = [
    "LD_PRELOAD",
    "FAKETIME_TIMESTAMP_FILE",
    "FAKETIME_NO_CACHE",
    "FAKETIME_DONT_FAKE_MONOTONIC",
]
OUTSIDE = """
    trivet_store {store};
    trivet_server_key {data}/server.pem;
    trivet_profile strict;
"""
SANDBOX = OUTSIDE + """
    trivet_sandbox on;
    trivet_sandbox_state {data}/sandbox.state;
"""


class Moved(Nginx):
    """An nginx whose machine's clock can be moved: it must be told to leave the
    variables to its workers."""

    def __init__(self, data, trivet=SANDBOX):
        super().__init__(
            data,
            trivet=trivet,
            top="\n".join(f"env {name};" for name in VARIABLES),
            locations="location = /metrics { trivet_metrics; }",
        )
        self.shift = self.data.parent / f"{self.data.name}.shift"
        self.move(0)
        self.env = dict(
            zip(VARIABLES, [str(FAKETIME[0]), str(self.shift), "1", "1"])
        )

    def move(self, seconds):
        """The clock is so far from the true time, from now on."""
        new = self.shift.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.shift)

    def latest(self):
        """How far the latest time in the store is from the true time."""
        with sqlite3.connect(self.data / "trivet.db") as store:
            [us] = store.execute("SELECT latest_us FROM clock").fetchone()
        return us / 1e6 - time.time()

    def metrics(self):
        session = bunq.make_session(self)
        text = session.get(self.base + "/metrics").text
        session.close()
        return text

    def behind(self):
        [seconds] = re.findall(
            r"^trivet_clock_behind_seconds (\d+)$", self.metrics(), re.M
        )
        return int(seconds)
