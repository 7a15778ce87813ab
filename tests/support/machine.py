# SPDX-License-Identifier: Apache-2.0
"""machine.py - a machine of a test's own, for what an operator does as root

A process in new namespaces (mounts, network, processes) with a layer of its own
over the folders that an installation writes to: the machine's own files are
read, and none of them is changed. All that was started in it ends with it.
"""
import os
import shutil
import subprocess

WRITTEN = ("/etc", "/usr", "/var", "/run", "/root")

START = """
set -e
mount -t tmpfs tmpfs "$1"
shift
ip link set lo up
for folder; do
    layer=$layers$folder
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay \
        -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" "$folder"
done
mount -t proc proc /proc
echo up
exec sleep 3600
"""


class Machine:
    """A context manager. Needs root."""

    def __init__(self, folder, cwd):
        self.layers = folder / "layers"
        self.layers.mkdir()
        self.cwd = cwd
        self.holder = None

    @staticmethod
    def is_allowed(folder):
        """Whether this kernel and this user may make one."""
        if os.geteuid() != 0 or not all(
            map(shutil.which, ("unshare", "nsenter", "ip", "mount"))
        ):
            return False
        try:
            with Machine(folder, "/"):
                return True
        except AssertionError:
            return False

    def __enter__(self):
        self.holder = subprocess.Popen(
            ["unshare", "-mnpf", "--kill-child", "sh", "-c", START, "sh",
             self.layers, *WRITTEN],
            stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "layers": str(self.layers)},
        )
        if self.holder.stdout.readline() != "up\n":
            self.__exit__()
            raise AssertionError("no machine of one's own can be made here")
        (self.init,) = subprocess.run(
            ["pgrep", "-P", str(self.holder.pid)], capture_output=True, text=True,
            check=True).stdout.split()
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def inside(self):
        """What a command begins with to run there."""
        return ["nsenter", "-t", self.init, "-m", "-n", "-p", f"--wd={self.cwd}"]

    def run(self, script, env=None, check=True, timeout=120):
        """A script of bash, to its first failure; what it said."""
        done = subprocess.run(
            [*self.inside(), "bash", "-euo", "pipefail", "-c", script],
            capture_output=True, text=True, check=False, timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "HOME": "/root", "LANG": "C.UTF-8", **(env or {})},
        )
        assert not check or done.returncode == 0, (
            f"{script}\n{done.returncode}\n{done.stdout}{done.stderr}")
        return done
