# SPDX-License-Identifier: Apache-2.0
"""signing_proxy.py - `trivet proxy` before the gateway that is measured"""
import shutil
import signal
import subprocess

from servers import BUILD, LOAD_CPUS, Failed, children, environment, with_us


class SigningProxy:
    """On the load's cores, as the library that it is compared with. A context
    manager."""

    name = "proxy"

    def __init__(self, context, folder):
        self.command = [
            "taskset", "-c", ",".join(map(str, LOAD_CPUS)), BUILD / "trivet", "proxy",
            "-c", context, "--listen", "127.0.0.1:0", "--limits", "off",
            "--data", folder,
        ]  # fmt: skip
        self.folder = folder

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process = subprocess.Popen(
            with_us(*self.command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment(),
        )  # fmt: skip
        said = ""
        for line in self.process.stdout:
            said += line
            if line.startswith("ready: "):
                self.base = line.split()[1].removesuffix("/v1")
                self.workers = self.find_workers()
                return self
        raise Failed(f"trivet proxy: {said}")

    def find_workers(self):
        masters = children(self.process.pid)
        return [worker for master in masters for worker in children(master)]

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.process.stdout.close()

    def trouble(self):
        log = self.folder / "log/error.log"
        return log.read_text()[-2000:] if log.exists() else ""
