# SPDX-License-Identifier: Apache-2.0
"""docs/ci.md: the shell parts of both jobs, run as they stand there"""
import contextlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from gateway import TRIVET, environment, processes_using, wait_until
from own_net import OwnNet

PAGE = (Path(__file__).resolve().parents[2] / "docs/ci.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(
    not OwnNet.is_allowed(), reason="no namespaces here")


def block(heading, language):
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.search(rf"^```{language}\n(.*?)^```", section, flags=re.M | re.S)[1]


def github():
    text = block("GitHub Actions", "yaml")
    return [line.strip() for line in text.partition("run: |\n")[2].splitlines()]


def gitlab():
    return re.findall(r"^    - (.*)$", block("GitLab", "yaml"), flags=re.M)


def run_job(script, folder):
    """bash ends at the first line that fails, as both services do."""
    with OwnNet(folder) as net:
        job = subprocess.Popen(
            [*net.inside(folder), "bash", "-euo", "pipefail", "-c", "\n".join(script)],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(PATH=f"{TRIVET.parent}:{os.environ['PATH']}"),
            start_new_session=True,
        )
        try:
            said, complained = job.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGTERM)
            assert wait_until(lambda: not processes_using(folder), 20)
    return job.returncode, said, complained


@pytest.fixture
def checkout(tmp_path):
    content = re.search(r"^```json\n(.*?)^```", PAGE, flags=re.M | re.S)[1]
    json.loads(content)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/users.json").write_text(content)
    return tmp_path


def test_both_say_the_same():
    assert github() == gitlab() and len(github()) == 4
    for heading in ("GitHub Actions", "GitLab"):
        assert 9 <= len(block(heading, "yaml").splitlines()) <= 11


@pytest.mark.parametrize("job", [github, gitlab])
def test_the_job_passes(job, checkout):
    status, said, complained = run_job(job(), checkout)
    assert status == 0, (said, complained)
    assert re.search(r"sandbox_[0-9a-f]{56}", said)
    assert "reset: no users" in complained


def test_the_job_fails_with_a_wrong_file(checkout):
    (checkout / "ci/users.json").write_text("{")
    script = [line.replace("60s", "1s") for line in github()]
    status, _, complained = run_job(script, checkout)
    assert status == 5 and "no gateway within 1s" in complained, complained
    assert "users.json: line 1" in (checkout / "sandbox.log").read_text()
