# SPDX-License-Identifier: Apache-2.0
"""tools/fetch-nginx: what apt offers is fetched, anew when it is another, else kept"""
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/fetch-nginx"

APT_CACHE = """#!/bin/sh
[ -s {apt}/version ] || exit 100
echo "nginx-dev:"
echo "  Candidate: $(cat {apt}/version)"
"""

# "apt-get download -q nginx=V nginx-dev=V": packages of that version, or none
APT_GET = """#!/bin/sh
[ -e {apt}/offline ] && {{ echo "E: Failed to fetch" >&2; exit 100; }}
echo "$@" >>{apt}/downloads
[ -e {apt}/broken ] && {{ echo rubbish >nginx.deb; exit 0; }}
version=$(cat {apt}/version)
for name in nginx nginx-dev; do
    tree=$(mktemp -d {apt}/tree.XXXXXX)
    chmod 755 "$tree"
    mkdir "$tree/DEBIAN"
    printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\n' $name "$version" \\
        >"$tree/DEBIAN/control"
    printf 'Maintainer: A B <a@b.example>\\nDescription: x\\n' >>"$tree/DEBIAN/control"
    if [ $name = nginx ]; then
        mkdir -p "$tree/usr/sbin"
        printf '#!/bin/sh\\necho %s\\n' "$version" >"$tree/usr/sbin/nginx"
        chmod 755 "$tree/usr/sbin/nginx"
        touch -d 2020-01-01 "$tree/usr/sbin/nginx"
    else
        mkdir -p "$tree/usr/share/nginx/src"
        echo "$version" >"$tree/usr/share/nginx/src/conf_flags"
    fi
    dpkg-deb -Znone -b "$tree" "$name.deb" >/dev/null
done
"""


class Apt:
    def __init__(self, directory):
        self.directory = directory
        self.root = directory / "build/nginx-root"
        self.path = directory / "bin"
        self.path.mkdir()
        for name, text in (("apt-cache", APT_CACHE), ("apt-get", APT_GET)):
            (self.path / name).write_text(text.format(apt=directory))
            (self.path / name).chmod(0o755)

    def offer(self, version):
        (self.directory / "version").write_text(version)

    def fetch(self):
        env = dict(os.environ, PATH=f"{self.path}:{os.environ['PATH']}")
        return subprocess.run(
            [TOOL, self.root], env=env, capture_output=True, text=True, timeout=60
        )

    def downloads(self):
        file = self.directory / "downloads"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def has(self):
        """The version of the nginx and of the headers that are there."""
        nginx = subprocess.run(
            [self.root / "usr/sbin/nginx"], capture_output=True, text=True, check=True
        ).stdout.strip()
        headers = (self.root / "usr/share/nginx/src/conf_flags").read_text().strip()
        assert nginx == headers
        return nginx


@pytest.fixture
def apt(tmp_path):
    return Apt(tmp_path)


def test_the_same_version_is_fetched_once(apt):
    apt.offer("1.22.1-9")
    for _ in range(3):
        result = apt.fetch()
        assert (result.returncode, result.stderr) == (0, "")
    assert apt.has() == "1.22.1-9"
    assert apt.downloads() == 1


def test_another_version_takes_its_place_and_the_module_is_built_anew(apt):
    apt.offer("1.22.1-9")
    assert apt.fetch().returncode == 0
    before = (apt.root / "usr/sbin/nginx").stat().st_mtime
    (apt.root / "usr/share/nginx/src/gone").touch()
    apt.offer("1.22.1-9+deb12u1")
    result = apt.fetch()
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert "1.22.1-9+deb12u1" in result.stderr
    assert apt.has() == "1.22.1-9+deb12u1"
    assert not (apt.root / "usr/share/nginx/src/gone").exists()
    # make goes by the time of this file: not the one in the package
    assert (apt.root / "usr/sbin/nginx").stat().st_mtime > before
    assert sorted(p.name for p in apt.root.parent.iterdir()) == ["nginx-root"]


@pytest.mark.parametrize("trouble", ["no lists", "none", "offline", "broken"])
def test_what_is_there_is_kept_when_nothing_else_can_be_had(apt, trouble):
    apt.offer("1.22.1-9")
    assert apt.fetch().returncode == 0
    apt.offer({"no lists": "", "none": "(none)"}.get(trouble, "1.22.1-10"))
    (apt.directory / trouble).touch()
    result = apt.fetch()
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert "keeping nginx 1.22.1-9" in result.stderr
    assert apt.has() == "1.22.1-9"
    assert sorted(p.name for p in apt.root.parent.iterdir()) == ["nginx-root"]


@pytest.mark.parametrize("trouble", ["no lists", "none", "offline", "broken"])
def test_a_first_time_without_apt_fails(apt, trouble):
    apt.offer({"no lists": "", "none": "(none)"}.get(trouble, "1.22.1-9"))
    (apt.directory / trouble).touch()
    result = apt.fetch()
    assert result.returncode == 1
    assert "fetch-nginx: " in result.stderr
    assert not apt.root.exists()


def test_one_of_an_unknown_version_is_fetched_anew(apt):
    apt.offer("1.22.1-9")
    assert apt.fetch().returncode == 0
    (apt.root / "version").unlink()
    assert apt.fetch().returncode == 0
    assert apt.downloads() == 2
    assert apt.has() == "1.22.1-9"


def test_run_asks_each_time_and_the_module_goes_by_it():
    run = (ROOT / "run").read_text()
    assert run.index("tools/fetch-nginx build/nginx-root") < run.index("tools/build")
    rules = (ROOT / "mk/nginx.mk").read_text()
    makefile = rules[rules.index("$(NGINX_TREE)/objs/Makefile:") :]
    assert "$(NGINX_ROOT)/usr/sbin/nginx" in makefile[: makefile.index("@echo")]
