# SPDX-License-Identifier: Apache-2.0
"""metrics.py - reads the counters"""
import re

import bunq

LINE = re.compile(r"(\w+)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)")

LOCATIONS = """
        location = /metrics { trivet_calls off; trivet_protect off; trivet_metrics; }
        location = /live { trivet_probe live; }
        location = /ready { trivet_probe ready; }
        location = /closed { trivet_protect on; trivet_metrics; }
"""


def fetch(gateway, path="/metrics", method="GET", source=None):
    session = bunq.make_session(gateway, source)
    try:
        return session.request(method, gateway.base + path, timeout=30)
    finally:
        session.close()


def parse(text):
    """{(name, labels): value}; fails on what is not Prometheus' text form."""
    found = {}
    types = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types and kind in ("counter", "gauge", "histogram")
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = LINE.fullmatch(line)
            assert match, line
            key = match[1], match[2] or ""
            assert key not in found, f"{key} came twice"
            base = re.sub("_(bucket|sum|count)$", "", match[1])
            assert match[1] in types or types[base] == "histogram", line
            found[key] = float(match[3])
    assert text.endswith("\n")
    return found


def metrics(gateway):
    answer = fetch(gateway)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return parse(answer.text)
