# SPDX-License-Identifier: Apache-2.0
"""The harness of bench/ runs from end to end; no figure is judged."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TRIVET_BUILD", ROOT / "build/release")).resolve()

TARGET = re.compile(r"([\w-]+): (\d+\.\d\d) \(target (<=|>=) (\d+\.\d\d)\) (met|missed)")

pytestmark = [
    pytest.mark.long,  # it loads the machine, and waits for nobody
    pytest.mark.skipif(
        BUILD.name == "san", reason="what a sanitizer costs is nobody's question"
    ),
]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    result = subprocess.run(
        [ROOT / "bench/run", "--smoke", "--out", out],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "TRIVET_BUILD": str(BUILD)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, out


def test_every_scenario_has_figures(smoke):
    _, out = smoke
    rows = json.loads((out / "results.json").read_text())["rows"]
    for server in ("gateway", "lua", "go", "node", "njs"):
        for kind in ("GET fresh", "GET same", "POST fresh", "POST same"):
            assert f"{server} {kind} 1k" in rows
    found = {"plain GET same 1k", "rsa", "gateway contexts", "sessions 1000",
             "look-up among 1000", "postgres-1 GET fresh 1k, cached",
             "postgres-3 GET fresh 1k, asked", "postgres-1 GET same 1k, asked",
             "postgres-1 contexts", "postgres-1 contexts, synchronous"}  # fmt: skip
    assert found <= set(rows)
    for name, rounds in rows.items():
        for figures in rounds:
            assert all(value > 0 for value in figures.values()), (name, figures)


def test_each_target_is_one_line_for_a_reviewer(smoke):
    stdout, _ = smoke
    lines = [line for line in stdout.splitlines() if "(target" in line]
    assert len(lines) >= 12, stdout
    for name in ("fresh-best-peer", "fresh-best-peer-post", "same-best-peer",
                 "same-best-peer-post"):  # fmt: skip
        assert f"\nrate-{name}: " in stdout
    for line in lines:
        match = TARGET.fullmatch(line)
        assert match, line
        value, limit = float(match[2]), float(match[4])
        if value != limit:
            is_met = value < limit if match[3] == "<=" else value > limit
            assert match[5] == ("met" if is_met else "missed"), line


def test_the_plot_and_the_table_are_written(smoke):
    _, out = smoke
    assert (out / "performance.svg").read_text().rstrip().endswith("</svg>")
    assert "| gateway GET fresh 1k |" in (out / "results.md").read_text()
