# SPDX-License-Identifier: Apache-2.0
"""The container: as its image says, without an engine (bubblewrap makes the same
limits: another user, a root that cannot be written, one volume, no capability)"""
import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from machine import RELEASE, ROOT, run

pytestmark = pytest.mark.long

CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")


class Image:
    """What the OCI layout says, and its root, unpacked."""

    def __init__(self, folder):
        self.layout = folder / "oci"
        manifest = self.blob(json.loads((self.layout / "index.json").read_text())["manifests"][0])
        self.config = json.loads(self.blob_path(manifest["config"]).read_text())["config"]
        self.root = folder / "root"
        self.root.mkdir()
        for layer in manifest["layers"]:
            run("tar", "-xf", self.blob_path(layer), "-C", self.root)

    def blob_path(self, descriptor):
        return self.layout / "blobs" / descriptor["digest"].replace(":", "/")

    def blob(self, descriptor):
        return json.loads(self.blob_path(descriptor).read_text())


@pytest.fixture(scope="module")
def image(packages):
    with tempfile.TemporaryDirectory(prefix="trivet-image") as name:
        folder = Path(name)
        folder.chmod(0o755)
        run(ROOT / "tools/build-image", RELEASE, folder)
        yield Image(folder)


@pytest.fixture
def volume():
    with tempfile.TemporaryDirectory(prefix="trivet-volume") as name:
        os.chown(name, 65532, 65532)
        yield Path(name)


class Container:
    def __init__(self, image, volume, *arguments):
        uid, gid = image.config["User"].split(":")
        place, = image.config["Volumes"]
        self.process = subprocess.Popen(
            ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
             "bwrap", "--unshare-all", "--uid", uid, "--gid", gid, "--cap-drop", "ALL",
             "--die-with-parent", "--new-session", "--clearenv",
             *(word for pair in image.config["Env"]
               for word in ("--setenv", *pair.split("=", 1))),
             "--ro-bind", image.root, "/", "--bind", volume, place,
             "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/",
             *image.config["Entrypoint"], *(arguments or image.config["Cmd"])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("next: "):
                break

    def __enter__(self):
        assert any(line.startswith("ready: ") for line in self.lines), self.lines
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def pid(self):
        """Of trivet serve: bwrap's child's child."""
        pid = self.process.pid
        for _ in range(2):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def inside(self, *command, **kwargs):
        """As an engine runs a health check: in all its namespaces."""
        return run("nsenter", "--target", self.pid(), "--user", "--setuid", "65532", "--setgid", "65532", "--mount",
                   "--pid", "--net", "--root", "--wd", *command, check=False, **kwargs)

    def net(self, *command):
        """Our own programs, on its network."""
        return run("nsenter", "--target", self.pid(), "--net", *command, check=False)


def health_check():
    words = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", CONTAINERFILE, flags=re.M).group(1)
    return json.loads(words)


def test_the_image_says_what_the_containerfile_says(image):
    def words(name):
        return json.loads(re.search(rf"^{name} (\[.*\])$", CONTAINERFILE, flags=re.M).group(1))

    assert image.config["Entrypoint"] == words("ENTRYPOINT")
    assert image.config["Cmd"] == words("CMD")
    assert f"\nUSER {image.config['User']}\n" in CONTAINERFILE
    assert list(image.config["Volumes"]) == ["/var/lib/trivet"]
    assert list(image.config["ExposedPorts"]) == ["8443/tcp"]
    assert not (image.root / "usr/bin/apt").exists()
    setuid = [path for path in image.root.rglob("*")
              if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o6000]
    print("setuid:", setuid)


def test_it_serves_within_its_limits(image, volume):
    before = sorted(path.stat().st_mtime_ns for path in image.root.rglob("*")
                    if not path.is_symlink())
    with Container(image, volume, "--sandbox") as container:
        assert container.inside(*health_check()).returncode == 0
        done = container.net("sh", ROOT / "examples/handshake.sh", "https://localhost:8443/v1",
                             volume / "ca.pem")
        assert "every answer's signature was right" in done.stdout, done
        status = Path(f"/proc/{container.pid()}/status").read_text()
        assert re.search(r"^CapBnd:\s0+$", status, flags=re.M), status
        assert re.search(r"^Uid:\s65532\s", status, flags=re.M), status
        done = container.inside("sh", "-c", "touch /etc/x /usr/x /x")
        assert "Read-only file system" in done.stderr
    assert before == sorted(path.stat().st_mtime_ns for path in image.root.rglob("*")
                            if not path.is_symlink())
    assert (volume / "trivet.db").stat().st_uid == 65532


def test_a_gateway_by_default_whose_store_stays(image, volume):
    command = ["trivet", "key", "create", "--user", "Alice", "--data", "/var/lib/trivet"]
    with Container(image, volume) as container:
        done = container.inside("/usr/bin/env", f"PATH={os.environ['PATH']}", *command)
        assert done.returncode == 0, done
        first = container.process.pid
    with Container(image, volume) as container:
        assert container.process.pid != first
        done = container.inside("/usr/bin/trivet", "key", "list", "--data", "/var/lib/trivet")
        assert "Alice" in done.stdout, done


def test_the_health_check_tells_when_it_does_not_answer(image, volume):
    with Container(image, volume) as container:
        workers = container.inside("/bin/sh", "-c",
                                   "for f in /proc/[0-9]*; do grep -l 'nginx: worker' $f/cmdline; done")
        pids = re.findall(r"/proc/(\d+)/", workers.stdout)
        assert pids, workers
        container.inside("/bin/sh", "-c", shlex.join(["kill", "-STOP", *pids]))
        time.sleep(0.1)
        assert container.inside(*health_check()).returncode != 0
        container.inside("/bin/sh", "-c", shlex.join(["kill", "-CONT", *pids]))
        assert container.inside(*health_check()).returncode == 0
