# SPDX-License-Identifier: Apache-2.0
"""bench/report.py compares with the best peer, and says what was missed."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import report  # noqa: E402

PEERS = ("lua", "go", "node", "njs")
LIMITS = {
    "rate-fresh-best-peer": ("gateway GET fresh 1k", 1.05),
    "rate-fresh-best-peer-post": ("gateway POST fresh 1k", 1.05),
    "rate-fresh-best-peer-lanes": ("lanes GET fresh 1k", 1.60),
    "rate-fresh-best-peer-lanes-post": ("lanes POST fresh 1k", 1.60),
    "rate-same-best-peer": ("gateway GET same 1k", 1.50),
    "rate-same-best-peer-post": ("gateway POST same 1k", 1.50),
}


def rows(**rates):
    """Two rounds of each call; a server's rate is the same in all of them."""
    return {
        f"{server} {method} {kind} 1k": [{"per_s": rate, "cpu_us": 1e6 / rate}] * 2
        for server, rate in rates.items()
        for method in ("GET", "POST")
        for kind in ("fresh", "same")
    }


def found(made):
    return {target.name: target for target in report.targets(report.Figures(made))}


@pytest.mark.parametrize("best", PEERS)
def test_any_of_the_four_may_be_the_best(best):
    peers = {peer: 1000 if peer == best else 10 for peer in PEERS}
    targets = found(rows(gateway=2000, lanes=3000, **peers))
    for name in LIMITS:
        assert targets[name].value == (3 if "lanes" in name else 2), name


def test_the_best_of_each_round_counts():
    made = rows(gateway=2000, **dict.fromkeys(PEERS, 10))
    made["lua GET same 1k"] = [{"per_s": 1000}, {"per_s": 10}]
    made["go GET same 1k"] = [{"per_s": 10}, {"per_s": 500}]
    target = found(made)["rate-same-best-peer"]
    assert (target.low, target.high) == (2, 4)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("more, word", [(0.01, "met"), (-0.01, "missed")])
def test_what_is_missed_is_printed_as_missed(name, more, word):
    scenario, limit = LIMITS[name]
    made = rows(gateway=1000, lanes=1000, **dict.fromkeys(PEERS, 1000))
    made[scenario] = [{"per_s": 1000 * (limit + more), "cpu_us": 1}] * 2
    line = str(found(made)[name])
    assert line == f"{name}: {limit + more:.2f} (target >= {limit:.2f}) {word}"


RSA = {"rsa": [{"sign_us": 280, "verify_us": 20}] * 2}  # s + v: 300


def cpu(name, us, **more):
    return {name: [{"cpu_us": us, "per_s": 1e6 / us, **more}] * 2}


@pytest.mark.parametrize("us, line", [
    (1210, "cpu-fresh-64k: 1.10 (target <= 1.10) met"),
    (1221, "cpu-fresh-64k: 1.11 (target <= 1.10) missed"),
])
def test_a_large_answer_is_passed_on_digested_and_signed(us, line):
    made = {
        **RSA, **cpu("openssl SHA-256 of 64k", 300), **cpu("plain GET same 64k", 500),
        **cpu("gateway GET fresh 64k", us),
    }  # fmt: skip
    assert str(found(made)["cpu-fresh-64k"]) == line
    row = {row[0]: row for row in report.table(report.Figures(made))}
    assert row["gateway GET fresh 64k"][1].endswith("x (s + v + plain + SHA-256)")


@pytest.mark.parametrize("us, word", [(1900, "met"), (1901, "missed")])
def test_a_late_answer_may_be_three_signatures_later_than_plain(us, word):
    made = {
        **RSA, **cpu("plain at that rate, evenly", 30, p99_us=1000),
        **cpu("gateway at 70 %, evenly", 400, p99_us=us),
    }  # fmt: skip
    assert str(found(made)["p99-at-70-percent"]).endswith(word)


@pytest.mark.parametrize("us, word", [(420, "met"), (425, "missed")])
def test_eight_workers_against_one(us, word):
    made = {**cpu("workers-1 GET fresh 1k", 400), **cpu("workers-8 GET fresh 1k", us)}
    assert str(found(made)["cpu-workers-8"]).endswith(word)
    del made["workers-1 GET fresh 1k"]
    assert "cpu-workers-8" not in found(made)


@pytest.mark.parametrize("missing", PEERS)
def test_three_peers_are_not_four(missing):
    rates = {peer: 1000 for peer in PEERS if peer != missing}
    assert not LIMITS.keys() & found(rows(gateway=1000, lanes=1000, **rates)).keys()


def test_without_lanes_there_is_no_line_for_them():
    names = found(rows(gateway=1000, **dict.fromkeys(PEERS, 1000))).keys()
    assert {name for name in LIMITS if "lanes" not in name} == LIMITS.keys() & names
