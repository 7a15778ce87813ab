# SPDX-License-Identifier: Apache-2.0
"""machine.py - whole Debian systems for tests: made once, booted in namespaces

A machine is a folder with a minimal Debian, and systemd running on it as the
first process of its own namespaces. It has loopback for a network, so that what
is installed in it comes from the folder /packages or from apt's cache.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOT = Path(__file__).with_name("boot")
OURS = "bookworm"
RELEASE = os.environ.get("TRIVET_RELEASE", OURS)

# What a server of today has, and what the tests use.
BASE = ("systemd,systemd-sysv,dbus,ca-certificates,curl,openssl,logrotate,"
        "util-linux,procps,iproute2")
IN_ROOT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
           "DEBIAN_FRONTEND": "noninteractive"}


def run(*command, check=True, timeout=600, **kwargs):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, **kwargs)
    assert not check or done.returncode == 0, (
        f"{command}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done


def make_base(release, folder, packages):
    """A minimal system with `packages` (files) and what they need in apt's cache."""
    shutil.rmtree(folder, ignore_errors=True)
    run("mmdebstrap", "--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io",
        f"--include={BASE}", "--skip=cleanup/apt",
        f"--customize-hook=mkdir -p $1/packages && cp {' '.join(map(str, packages))} $1/packages/",
        "--customize-hook=chroot $1 sh -c 'apt-get install -qy --install-recommends "
        "--download-only /packages/*.deb </dev/null'",
        release, folder)
    return folder


class Machine:
    """A copy of a base, for one test to change. Use it with `with`."""

    def __init__(self, base, folder):
        self.base = base
        self.folder = folder
        self.cgroup = Path("/sys/fs/cgroup")
        if (self.cgroup / "unified").is_dir():
            self.cgroup /= "unified"
        self.cgroup /= f"trivet-{os.getpid()}-{time.monotonic_ns()}"
        self.process = None
        self.pid = None

    def __enter__(self):
        self.cgroup.mkdir()
        # The shell joins the group first: it is the root of its namespace.
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --pid --fork '
             '--cgroup --uts --ipc --net --kill-child "$2" "$3" "$4"', "sh",
             self.cgroup, BOOT, self.base, self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.wait_booted()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.kill()
        self.process.wait()
        for _ in range(100):
            with contextlib.suppress(OSError):
                for group, _, _ in os.walk(self.cgroup, topdown=False):
                    os.rmdir(group)
                break
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_booted(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None, self.process.stderr.read()
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            self.pid = children.read_text().strip() or None
            if self.pid and self("systemctl", "is-system-running", check=False).stdout.strip() in (
                    "running", "degraded"):
                return
            time.sleep(0.1)
        raise AssertionError("systemd did not come up")

    def inside(self, *command):
        return ["nsenter", "--target", self.pid, "--mount", "--pid", "--net", "--cgroup",
                "--uts", "--ipc", "--root", "--wd", *command]

    def __call__(self, *command, **kwargs):
        """Runs a command in it, as root."""
        return run(*self.inside(*command), env=IN_ROOT, **kwargs)

    def sh(self, text, **kwargs):
        return self("sh", "-euc", text, **kwargs)

    def put(self, files, folder):
        """Copies files of ours to a folder of its own."""
        self("mkdir", "-p", folder)
        for file in files:
            with open(file, "rb") as source:
                subprocess.run(self.inside("sh", "-c", f'cat >"{folder}/{file.name}"'),
                               stdin=source, env=IN_ROOT, check=True)

    def install(self, *names):
        """Of /packages, without the network."""
        files = " ".join(f"/packages/{name}" for name in names)
        return self.sh(f"apt-get install -qy --no-install-recommends {files}")

    def journal(self, unit):
        return self("journalctl", "-u", unit, "--no-pager", check=False).stdout
