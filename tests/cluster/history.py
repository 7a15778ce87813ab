#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""history.py [--bound-ms N] [--limit-ms N] FILE - what clients saw, judged

FILE has a JSON object a line. A call has these:

    call      what was wanted (below)
    sent_us, received_us   when, by a clock that all clients share
    status    of the answer, or null: none came
    form      whether the answer has the form of the protocol, and is signed
              where it has to be
    by, via   who called, and where

A change is acknowledged (200), refused (4xx), or in doubt: a 5xx, or no answer.
What is in doubt may have been made or not, and nothing of it was shown. Each
call names what it is about, and when acknowledged also the ids that it brought:

    installation  key                            -> installation
    device        installation secret address description -> device
    session       installation secret address    -> session
    end           session
    revoke        secret
    permit, forbid  secret address
    use           session secret address

An `event` is what was done to the cluster; `storm` and `calm` are the time in
which gaps are measured. `found` rows are the store as it is at the end: what, and its columns. The last
of them is {"call": "found", "what": "all"}.
"""
import argparse
import json
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from operator import sub

CHANGES = ("installation", "device", "session", "end", "revoke", "permit", "forbid")
LIMIT_US = 20_000_000

# Faults, by name: what each means.
FAULTS = {
    "lost": "acknowledged, and not in the store",
    "uninvited": "in the store, though nobody made it, or it was refused",
    "late": "admitted though its end was acknowledged, beyond the bound",
    "refused": "refused though valid, and nobody had begun to end it",
    "shared": "a first use that more than one has made",
    "unused": "a first use that all were refused",
    "twice": "one id was given to two",
    "slow": "a call took longer than any may",
    "form": "an answer that is none of the protocol's",
    "broken": "the history itself is not whole",
}


@dataclass
class Fault:
    kind: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.text}"


@dataclass
class Report:
    faults: list = field(default_factory=list)
    acknowledged: int = 0
    in_doubt: int = 0
    lost: int = 0
    worst_revocation_us: int = 0  # admitted so long after it had ended
    gaps_us: list = field(default_factory=list)  # the worst of each storm:
    # without an acknowledged change
    worst_call_us: int = 0

    @property
    def worst_gap_us(self):
        return max(self.gaps_us, default=0)

    def line(self):
        return (f"acknowledged {self.acknowledged}, lost {self.lost},"
                f" in doubt {self.in_doubt},"
                f" worst revocation {self.worst_revocation_us / 1000:.0f} ms,"
                f" worst gap {self.worst_gap_us / 1000:.0f} ms,"
                f" longest call {self.worst_call_us / 1000:.0f} ms")


def is_acknowledged(row):
    return row["status"] == 200


def is_in_doubt(row):
    return row["status"] is None or row["status"] >= 500


def is_possible(row):
    return is_acknowledged(row) or is_in_doubt(row)


class Judge:
    def __init__(self, rows, bound_us=0, limit_us=LIMIT_US):
        self.bound_us = bound_us
        self.limit_us = limit_us
        self.report = Report()
        self.calls = defaultdict(list)
        self.found = defaultdict(list)
        for row in rows:
            if row["call"] == "found":
                self.found[row["what"]].append(row)
            else:
                self.calls[row["call"]].append(row)

    def fault(self, kind, text, *rows):
        assert kind in FAULTS
        said = " ".join(json.dumps(row, sort_keys=True) for row in rows[:3])
        self.report.faults.append(Fault(kind, f"{text} {said}".strip()))
        self.report.lost += kind == "lost"

    def judge(self):
        self._check_each_call()
        self._check_ids()
        self._check_first_uses()
        self._gather_endings()
        self._check_uses()
        if not self.found["all"]:
            self.fault("broken", "the store was not read to its end")
        else:
            self._check_installations()
            self._check_devices()
            self._check_sessions()
            self._check_keys()
            self._check_addresses()
        self._measure_gaps()
        return self.report

    # ---- each call for itself ----

    def _check_each_call(self):
        for name, rows in self.calls.items():
            for row in rows:
                if name == "event":
                    continue
                took = row["received_us"] - row["sent_us"]
                self.report.worst_call_us = max(self.report.worst_call_us, took)
                if took < 0:
                    self.fault("broken", "answered before it was sent", row)
                if took > self.limit_us:
                    self.fault("slow", f"{took // 1000} ms", row)
                if row["status"] is not None and not row["form"]:
                    self.fault("form", "", row)
                if row["status"] not in (None, 200, 400, 401, 403, 503):
                    self.fault("form", "an answer of that status", row)
                if name in CHANGES:
                    self.report.acknowledged += is_acknowledged(row)
                    self.report.in_doubt += is_in_doubt(row)

    def _acknowledged(self, name):
        return filter(is_acknowledged, self.calls[name])

    def _check_ids(self):
        for name in ("installation", "device", "session"):
            seen = {}
            for row in self._acknowledged(name):
                other = seen.setdefault(row[name], row)
                if other is not row:
                    self.fault("twice", f"{name} {row[name]}", other, row)

    # ---- first uses ----

    def _check_first_uses(self):
        """A key that was never used is bound to the address of its first use,
        and refuses all others, unless its owner permits them."""
        permitted = {(row["secret"], row["address"])
                     for row in self.calls["permit"] if is_possible(row)}
        by_secret = defaultdict(list)
        for row in self.calls["device"]:
            by_secret[row["secret"]].append(row)
        for secret, rows in by_secret.items():
            winners = [row for row in rows if is_acknowledged(row) and
                       (secret, row["address"]) not in permitted]
            if len({row["address"] for row in winners}) > 1:
                self.fault("shared", "", *winners)
            if not any(map(is_possible, rows)):
                self.fault("unused", "", *rows)

    # ---- what was ended, and what was used ----

    def _gather_endings(self):
        """ended_us: when it was known; begun_us: from when on it may have been.
        By what: ("session", id), ("secret", s), ("address", (s, a))."""
        self.ended_us, self.begun_us = {}, {}
        for row in self.calls["end"]:
            self._note_ending(("session", row["session"]), row)
        for row in self.calls["revoke"]:
            self._note_ending(("secret", row["secret"]), row)
        changed = defaultdict(list)
        for row in self.calls["permit"] + self.calls["forbid"]:
            changed[row["secret"], row["address"]].append(row)
        self.address_changes = changed

    def _note_ending(self, what, row):
        if is_possible(row):
            begun = self.begun_us.get(what, row["sent_us"])
            self.begun_us[what] = min(begun, row["sent_us"])
        if is_acknowledged(row):
            ended = self.ended_us.get(what, row["received_us"])
            self.ended_us[what] = min(ended, row["received_us"])

    def _address_states(self, secret, address, sent_us, received_us):
        """({what the address may be at such a use}, since when it is known)"""
        changes = [row for row in self.address_changes[secret, address]
                   if is_possible(row) and row["sent_us"] < received_us]
        settled = [row for row in changes if is_acknowledged(row)
                   and row["received_us"] < sent_us]
        if not settled:
            return {"first"} | {row["call"] for row in changes}, None
        last = max(settled, key=lambda row: row["received_us"])
        may_be = {row["call"] for row in changes if row is last
                  or is_in_doubt(row) or row["received_us"] > last["sent_us"]}
        return may_be, last["received_us"]

    def _check_uses(self):
        made = {row["session"]: row for row in self._acknowledged("session")}
        for row in self.calls["use"]:
            if not is_in_doubt(row):
                self._check_use(row, made.get(row["session"]))

    def _check_use(self, row, opened):
        whats = [("session", row["session"]), ("secret", row["secret"])]
        ended = [self.ended_us[what] for what in whats if what in self.ended_us]
        may_be, since_us = self._address_states(
            row["secret"], row["address"], row["sent_us"], row["received_us"])
        if may_be == {"forbid"}:
            ended.append(since_us)
        if is_acknowledged(row):
            self._check_late(row, ended)
            return
        is_begun = "forbid" in may_be or any(
            self.begun_us.get(what, row["received_us"]) < row["received_us"]
            for what in whats)
        if not is_begun and opened and opened["received_us"] < row["sent_us"]:
            self.fault("refused", "", opened, row)

    def _check_late(self, row, ended):
        if not ended:
            return
        late = row["sent_us"] - min(ended)
        if late > 0:
            self.report.worst_revocation_us = max(
                self.report.worst_revocation_us, late)
        if late > self.bound_us:
            self.fault("late", f"{late / 1000:.1f} ms", row)

    # ---- the store at the end ----

    def _compare(self, name, columns):
        """All that was acknowledged is there with these columns; of others with
        the same columns there are no more than are in doubt."""
        found = {row["id"]: row for row in self.found[name]}
        known = set()
        for row in self._acknowledged(name):
            known.add(row[name])
            there = found.get(row[name])
            if there is None or any(there[c] != row[c] for c in columns):
                self.fault("lost", f"{name} {row[name]}", row, there or {})
        may_be = Counter(tuple(row[c] for c in columns)
                         for row in self.calls[name] if is_in_doubt(row))
        for row in self.found[name]:
            if row["id"] in known:
                continue
            what = tuple(row[c] for c in columns)
            may_be[what] -= 1
            if may_be[what] < 0:
                self.fault("uninvited", name, row)

    def _check_installations(self):
        self._compare("installation", ["key"])

    def _check_devices(self):
        self._compare("device", ["installation", "secret", "description"])

    def _check_sessions(self):
        self._compare("session", ["installation", "secret"])
        for row in self.found["session"]:
            self._check_ending(("session", row["id"]), row["is_ended"], row)

    def _check_keys(self):
        for row in self.found["key"]:
            self._check_ending(("secret", row["secret"]), row["is_revoked"], row)
        there = {row["secret"] for row in self.found["key"]}
        for row in self._acknowledged("device"):
            if row["secret"] not in there:
                self.fault("lost", "an API key", row)

    def _check_ending(self, what, is_ended, row):
        if what in self.ended_us and not is_ended:
            self.fault("lost", f"the end of a {what[0]}", row)
        if is_ended and what not in self.begun_us:
            self.fault("uninvited", f"the end of a {what[0]}", row)

    def _check_addresses(self):
        active = {(row["secret"], row["address"]): bool(row["is_active"])
                  for row in self.found["address"]}
        used = {(row["secret"], row["address"]): row
                for row in self.calls["device"] if is_possible(row)}
        for what in set(active) | set(self.address_changes) | set(used):
            self._check_address(what, active.get(what), used.get(what))

    def _check_address(self, what, is_active, used):
        """is_active: None, it is not there. used: a device-server from there."""
        may_be, _ = self._address_states(*what, float("inf"), float("inf"))
        may_be_active = "permit" in may_be or (used and "first" in may_be)
        must_be = may_be == {"permit"} or (
            may_be == {"first"} and used and is_acknowledged(used))
        if is_active and not may_be_active:
            kind = "lost" if may_be == {"forbid"} else "uninvited"
            self.fault(kind, f"the address {what} is permitted")
        if must_be and not is_active:
            self.fault("lost", f"the address {what} is not permitted")

    # ---- figures ----

    def _measure_gaps(self):
        """Of each storm, from its beginning to its end."""
        times = sorted(row["received_us"] for name in CHANGES
                       for row in self._acknowledged(name))
        began = None
        for event in self.calls["event"]:
            if event["what"] == "storm":
                began = event["sent_us"]
            elif event["what"] == "calm" and began is not None:
                self._measure_gap(times, began, event["sent_us"])
                began = None

    def _measure_gap(self, times, began, ended):
        inside = times[bisect_left(times, began):bisect_left(times, ended)]
        steps = [began, *inside, ended]
        self.report.gaps_us.append(max(map(sub, steps[1:], steps)))


def judge(rows, **settings):
    return Judge(rows, **settings).judge()


def read(path):
    """A last line that was not written to its end is left out."""
    rows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                rows.append(json.loads(line))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file")
    parser.add_argument("--bound-ms", type=int, default=0)
    parser.add_argument("--limit-ms", type=int, default=LIMIT_US // 1000)
    given = parser.parse_args()
    report = judge(read(given.file), bound_us=given.bound_ms * 1000,
                   limit_us=given.limit_ms * 1000)
    for fault in report.faults:
        print(fault)
    print(report.line())
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
