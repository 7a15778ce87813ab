# SPDX-License-Identifier: Apache-2.0
"""gateway.py - starts and ends `trivet serve`, and looks after what it leaves"""
import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import time
from pathlib import Path

import stores
from ports import free_port  # noqa: F401 (for those who import it from here)

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TRIVET_BUILD", ROOT / "build/release")).resolve()
TRIVET = BUILD / "trivet"
IS_SANITIZED = BUILD.name == "san"

START_S = 60
STOP_S = 20

# What must never be found in a log; and what may be when a test kills.
SANITIZER = r"AddressSanitizer|LeakSanitizer|runtime error:"
REPORT = re.compile(SANITIZER)
TROUBLE = re.compile(SANITIZER + r"|\[alert\]|\[emerg\]|exited on signal")


def environment(**more):
    """Ours, without what could lead a program astray."""
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env.update(more)
    return env


def run(*args, stdin=None, check=False, env=None, **kwargs):
    """The command trivet with these arguments, to its end."""
    result = subprocess.run(
        [str(TRIVET), *stores.with_store(args)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(**(env or {})),
        **kwargs,
    )
    assert result.returncode >= 0, f"ended by signal {-result.returncode}: {result}"
    assert TROUBLE.search(result.stderr) is None, result.stderr
    if check:
        assert result.returncode == 0, result
    return result


def with_us(*command):
    """A command that ends (SIGTERM) when the tests are killed. Not by a function
    between fork and exec: copying a large Python takes longer than all else."""
    return ["/usr/bin/setpriv", "--pdeathsig", "TERM", *map(str, command)]


# ---- processes ---------------------------------------------------------------


def _stat(pid):
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return {
        "name": text[text.index("(") + 1 : text.rindex(")")],
        "state": fields[0],
        "parent": int(fields[1]),
        "session": int(fields[3]),
    }


def _each_process():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                yield int(entry), _stat(entry)
            except (OSError, ValueError):
                pass


def processes_of_session(session):
    """The processes that were started by the one that leads the session."""
    return {
        pid
        for pid, stat in _each_process()
        if stat["session"] == session and stat["state"] != "Z"
    }


def processes_using(directory):
    """The processes that hold a file below directory."""
    prefix = str(Path(directory).resolve()) + "/"
    found = set()
    for pid, _ in _each_process():
        if pid == os.getpid():
            continue
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}").startswith(prefix):
                    found.add(pid)
                    break
        except OSError:
            pass
    return found


def listening_sockets(pids):
    """(address, port) of every TCP socket on which one of pids listens."""
    inodes = set()
    for pid in pids:
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                match = re.fullmatch(
                    r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}")
                )
                if match:
                    inodes.add(match[1])
        except OSError:
            pass
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, port = fields[1].split(":")
                found.add((address, int(port, 16)))
    return found


def close_all(gateways):
    """Closes every one, though one of them may complain."""
    with contextlib.ExitStack() as stack:
        for gateway in gateways:
            stack.callback(gateway.close)


def wait_until(condition, timeout_s=10, step_s=0.02):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(step_s)
    return condition()


# ---- the gateway -------------------------------------------------------------

_own_key = []  # what a gateway of these tests made for itself


def lend_key(data):
    """Gives a new data directory the server key of one before it: a gateway
    makes it as well by itself, but that takes as long as its start. Whether it
    was given."""
    if not _own_key or data.exists():
        return False
    data.mkdir(mode=0o700)
    path = data / "server.pem"
    path.touch(mode=0o600)
    path.write_bytes(_own_key[0])
    return True


def take_key_back(data):
    """A gateway that refused to start leaves nothing: neither do we."""
    if [path.name for path in data.iterdir()] == ["server.pem"]:
        (data / "server.pem").unlink()
        data.rmdir()


def keep_key(data):
    path = data / "server.pem"
    if not _own_key and path.exists():
        _own_key.append(path.read_bytes())


class NotReady(Exception):
    """serve ended before its line `ready`."""

    def __init__(self, returncode, stdout, stderr):
        super().__init__(f"status {returncode}\n{stdout}\n{stderr}")
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr


class Gateway:
    """`trivet serve` on a data directory. A context manager: it is started on
    entry, and its end is checked: no process left, no alarm in its logs."""

    may_crash = False  # set by tests that kill
    env = {}  # more of the environment, of serve and of the commands

    def __init__(
        self,
        data,
        *options,
        port=0,
        host=None,
        cwd=None,
        data_option=None,
        rate_limits="off",
        makes_key=False,
    ):
        """rate_limits: None leaves the option out; tests call fast. makes_key:
        its server key is one of its own, which takes a while."""
        self.data = Path(data)
        self.data_option = data_option or data
        self.options = [str(option) for option in options]
        if rate_limits is not None:
            self.options += ["--rate-limits", rate_limits]
        self.wanted_port = port
        self.makes_key = makes_key
        self.wanted_host = host
        self.cwd = cwd
        self.ca = self.data / "ca.pem"
        self.process = None
        self.returncode = None
        self.lines = []

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    @property
    def url(self):
        """The URL of the API, as `ready` says it."""
        return f"https://{self.ready_host}:{self.port}/v1"

    @property
    def base(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    def spawn(self):
        args = ["serve", "--port", self.wanted_port, "--data", self.data_option]
        args += self.options
        if "--store" not in self.options:
            args += stores.options_for(TRIVET, self.data)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        own_key = self.makes_key or "--server-key" in self.options
        self.has_lent_key = not own_key and lend_key(self.data)
        self.stderr_path = self.data.parent / f"{self.data.name}.stderr"
        with open(self.stderr_path, "ab") as stderr:
            self.stderr_from = stderr.tell()
            self.process = subprocess.Popen(
                with_us(TRIVET, *args),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(**self.env),
                cwd=self.cwd,
                start_new_session=True,
            )
        return self

    def start(self):
        return self.spawn().await_ready()

    def await_ready(self):
        self.lines = self.read_lines()
        keep_key(self.data)
        ready = [line for line in self.lines if line.startswith("ready: ")]
        assert len(ready) == 1, self.lines
        match = re.fullmatch(r"ready: https://(.+):(\d+)/v1", ready[0])
        assert match, ready[0]
        self.ready_host = match[1]
        self.port = int(match[2])
        self.host = self.wanted_host or "127.0.0.1"
        return self

    def read_lines(self):
        """The lines up to `next: `; NotReady when they do not come."""
        lines = []
        rest = b""
        end = time.monotonic() + START_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < end:
                if not selector.select(timeout=0.5):
                    continue
                data = os.read(self.process.stdout.fileno(), 65536)
                if data == b"":
                    break
                *whole, rest = (rest + data).split(b"\n")
                lines += [line.decode() for line in whole]
                if any(line.startswith("next: ") for line in lines):
                    return lines
        try:
            returncode = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill_all()
            returncode = self.process.wait(STOP_S)
        if self.has_lent_key:
            take_key_back(self.data)
        raise NotReady(returncode, "\n".join(lines), self.stderr())

    def stderr(self):
        """What this start has written there."""
        return self.stderr_path.read_bytes()[self.stderr_from :].decode()

    def processes(self):
        return processes_of_session(self.process.pid)

    def nginx_master(self):
        """The child of serve that has children of its own, or is alone."""
        serve = self.process.pid
        parents = {
            pid: stat["parent"]
            for pid, stat in _each_process()
            if stat["session"] == serve and stat["state"] != "Z"
        }
        children = [pid for pid, parent in parents.items() if parent == serve]
        masters = [pid for pid in children if pid in parents.values()]
        if masters:
            return masters[0]
        if children:
            return children[0]
        return self.process.pid  # serve became nginx

    def nginx_workers(self):
        master = self.nginx_master()
        found = set()
        for pid in self.processes():
            try:
                if _stat(pid)["parent"] == master and pid != master:
                    found.add(pid)
            except OSError:
                pass
        return found

    def stop(self, number=signal.SIGTERM):
        """Asks serve to end; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.returncode = self.process.wait(STOP_S)
        self.process.stdout.close()
        return self.returncode

    def kill_all(self):
        """kill -9 of serve, nginx and all its workers, until none is left: a
        master may start a worker while the others die."""
        while pids := self.processes():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def is_gone(self, timeout_s=10):
        """Whether no process is left; waits for it."""
        return wait_until(
            lambda: not self.processes() and not processes_using(self.data),
            timeout_s,
        )

    def close(self, check=True):
        if self.process is None:
            return
        try:
            if self.process.poll() is None:
                self.stop()
            is_gone = self.is_gone()
        finally:
            self.kill_all()
            self.process.wait(STOP_S)
        if check:
            assert is_gone, f"left behind: {processes_using(self.data)}"
            self.check_logs()

    def check_logs(self):
        """Fails on an alarm in the logs, or a report of a sanitizer."""
        reports = [path.read_text() for path in self.data.glob("**/san.*")]
        assert not reports, "\n".join(reports)
        alarm = REPORT if self.may_crash else TROUBLE
        for text in (self.log(), self.stderr()):
            match = alarm.search(text)
            if match:
                raise AssertionError(text[max(0, match.start() - 500) :][:8000])

    def log(self, name="error.log"):
        path = self.data / "log" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def trivet(self, *args, stdin=None):
        """An operator's command on this data directory; its JSON."""
        result = run(
            *args, "--data", self.data, "--json", stdin=stdin, env=self.env
        )
        assert result.returncode == 0, result
        return json.loads(result.stdout) if result.stdout.strip() else None

    def is_answering(self):
        import bunq

        session = bunq.make_session(self)
        try:
            answer = session.get(self.base + "/v1/user", timeout=10)
            return answer.status_code == 401
        finally:
            session.close()
