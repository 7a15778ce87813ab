# SPDX-License-Identifier: Apache-2.0
"""own_net.py - a network and a /etc/hosts of one's own

OwnNet holds a process in new network and mount namespaces: a loopback that no
other process shares, on which any port is free, and a file in the place of
/etc/hosts that nobody else sees. The machine's own are not touched.
"""
import os
import shutil
import subprocess

UP = (
    'ip link set lo up && mount --bind "$1" /etc/hosts && echo up && exec sleep 600'
)


class OwnNet:
    """A context manager; inside(cwd) is what a command begins with to run there,
    in that working directory (another mount namespace would begin at /)."""

    def __init__(self, folder):
        self.hosts = folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n::1 localhost\n")
        self.holder = None

    @staticmethod
    def is_allowed():
        return all(map(shutil.which, ("unshare", "nsenter", "ip", "mount"))) and (
            subprocess.run(
                ["unshare", *OwnNet.flags(), "sh", "-c", "ip link set lo up"],
                capture_output=True, check=False,
            ).returncode == 0
        )

    @staticmethod
    def flags():
        return ["-n", "-m"] if os.geteuid() == 0 else ["-r", "-n", "-m"]

    def __enter__(self):
        self.holder = subprocess.Popen(
            ["unshare", *self.flags(), "sh", "-c", UP, "sh", self.hosts],
            stdout=subprocess.PIPE, text=True,
        )
        assert self.holder.stdout.readline() == "up\n"
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def inside(self, cwd):
        more = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.holder.pid), *more, "-n", "-m",
                f"--wd={cwd}"]
