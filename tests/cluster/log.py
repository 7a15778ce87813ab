# SPDX-License-Identifier: Apache-2.0
"""log.py - a history, written as it comes (history.py says what is in it)"""
import json
import threading
import time


def now_us():
    """The same for all processes of the machine."""
    return time.monotonic_ns() // 1000


class Log:
    """Lines of a history, written as they come, by any number of threads."""

    def __init__(self, path):
        self.path = path
        self.rows = []
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="utf-8", buffering=1)

    def add(self, row):
        with self.lock:
            self.rows.append(row)
            self.file.write(json.dumps(row) + "\n")

    def note(self, what):
        """Something that was done to the cluster."""
        now = now_us()
        self.add({"call": "event", "what": what, "sent_us": now,
                  "received_us": now})

    def close(self):
        self.file.close()
