# SPDX-License-Identifier: Apache-2.0
"""servers.py - what is measured: each server a process group on a core of its own

All have one worker on the server's core, the same certificate, keep-alive on
both sides, no access log, and the same API behind them, which runs on the
load's core and whose CPU time is not counted.
"""
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
BUILD = Path(os.environ.get("TRIVET_BUILD", ROOT / "build/release")).resolve()
sys.path.insert(0, str(ROOT / "tests/support"))
os.environ.setdefault("TRIVET_BUILD", str(BUILD))

import gateway as tested  # noqa: E402 (tests/support, for keys and store)
from gateway import environment, free_port, with_us  # noqa: E402

NGINX = BUILD / "nginx-root/usr/sbin/nginx"
MODULE = BUILD / "ngx_http_trivet_module.so"
# Where bench/fetch-lanes puts it; an installed one is found without.
LIBRARY = {
    "LD_LIBRARY_PATH": str(ROOT / "build/crypto-mb/usr/lib/x86_64-linux-gnu")
}
SIZES = {"0": 0, "1k": 1024, "64k": 65536, "1m": 1048576}

_cpus = sorted(os.sched_getaffinity(0))
SERVER_CPU = _cpus[0]
LOAD_CPUS = _cpus[1:] or _cpus


class Failed(Exception):
    pass


# ---- CPU time and memory -----------------------------------------------------


def cpu_ns(pid):
    """The CPU time of a process with all its threads, ended ones too."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def anonymous_kib(pid):
    """Memory that belongs to the process alone: neither files nor shared."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise Failed(f"no RssAnon of {pid}")


def children(pid):
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


# ---- a server ----------------------------------------------------------------


class Server:
    """A process that listens on self.port. A context manager."""

    cpus = [SERVER_CPU]
    has_master = False
    tls = True
    env = LIBRARY

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host = "127.0.0.1"
        self.port = free_port()
        self.process = None

    @property
    def base(self):
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        log = open(self.folder / f"{self.name}.stderr", "wb")
        with log:
            self.process = subprocess.Popen(
                with_us("taskset", "-c", ",".join(map(str, self.cpus)), *self.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(**self.env),
                start_new_session=True,
            )
        self.wait_until_listening()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def are_workers_there(self):
        return not self.has_master or len(self.workers) == self.num_workers

    def trouble(self):
        texts = []
        for path in (self.folder / f"{self.name}.stderr", self.folder / "error.log"):
            if path.exists():
                texts.append(path.read_text(errors="replace")[-2000:])
        return "\n".join(texts)

    def wait_until_listening(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 1).close()
                if self.are_workers_there():
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise Failed(f"{self.name} does not start:\n{self.trouble()}")

    @property
    def workers(self):
        """The processes whose CPU time counts."""
        if not self.has_master:
            return [self.process.pid]
        return children(self.process.pid)

    @property
    def worker(self):
        """The only one."""
        (worker,) = self.workers
        return worker


NGINX_CONF = """
{modules}
daemon off;
user {user};
worker_processes {workers};
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{threads}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 100000000;
    client_max_body_size 16m;
    client_body_buffer_size 64k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port} {ssl};
        {server}
    }}
}}
"""

# Debian's defaults would make each proxied connection a new one.
PROXY = """
    upstream api {{
        server 127.0.0.1:{api};
        keepalive 128;
        keepalive_requests 100000000;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"""

TLS = """
        ssl_certificate {data}/tls.crt;
        ssl_certificate_key {data}/tls.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:2m;
"""


class Nginx(Server):
    """Debian's nginx."""

    has_master = True
    num_workers = 1
    modules = ()
    http = ""
    locations = ""

    def __init__(self, name, folder, data=None):
        super().__init__(name, Path(folder) / name)
        self.data = data
        self.tls = data is not None
        self.ca = self.tls and data / "ca.pem"

    def parts(self):
        return {}

    def threads(self):
        """As `trivet serve` wrote it for its own nginx."""
        if self.data is None:
            return ""
        written = (self.data / "nginx.conf").read_text()
        return re.search(r"^thread_pool .*;$", written, flags=re.M)[0]

    def command(self):
        parts = {"folder": self.folder, "data": self.data, **self.parts()}
        server = (TLS if self.tls else "") + self.locations
        text = NGINX_CONF.format(
            workers=self.num_workers,
            threads=self.threads(),
            modules="\n".join(f"load_module {path};" for path in self.modules),
            user=pwd.getpwuid(os.getuid()).pw_name,
            port=self.port,
            ssl="ssl http2" if self.tls else "",
            folder=self.folder,
            http=self.http.format(**parts),
            server=server.format(**parts),
        )
        if os.getuid() != 0:
            text = text.replace("\nuser ", "\n#user ")
        conf = self.folder / "nginx.conf"
        conf.write_text(text)
        return [NGINX, "-p", self.folder, "-c", conf, "-e", self.folder / "error.log"]


class Api(Nginx):
    """The API behind: /v1/same/SIZE and /v1/fresh/SIZE, where the first 32 bytes
    never repeat. Small ones are a text, so that the API costs next to nothing:
    it shares the load's core, and slow answers would keep the server idle."""

    cpus = LOAD_CPUS

    def __init__(self, folder):
        super().__init__("api", folder)
        self.locations = "default_type application/json;\n"
        for size, length in SIZES.items():
            for kind, start in (("same", "x" * 32), ("fresh", "${{request_id}}")):
                sets, pad = self.pad(length - 32)
                text = f"{start}{pad}" if length else ""
                self.locations += (
                    f"location = /v1/{kind}/{size} {{{{"
                    f' {sets} return 200 "{text}"; }}}}\n'
                )

    @staticmethod
    def pad(length):
        """nginx takes no text of more than 4 KiB: $p0 to $p20 are 1, 2, 4, ...
        bytes."""
        if length <= 2048:
            return "", "x" * length
        sets = "set $p0 x;"
        for power in range(1, length.bit_length()):
            sets += f' set $p{power} "$p{power - 1}$p{power - 1}";'
        powers = [n for n in range(length.bit_length()) if length >> n & 1]
        return sets, "".join(f"${{{{p{n}}}}}" for n in powers)


class Plain(Nginx):
    """The floor: TLS and proxying, nothing else."""

    http = PROXY
    locations = "location / {{ proxy_pass http://api; }}"

    def __init__(self, folder, data, api):
        super().__init__("plain", folder, data)
        self.api = api

    def parts(self):
        return {"api": self.api.port}


class Gateway(Plain):
    modules = (MODULE,)
    http = (
        PROXY
        + """
    trivet_store {store};
    trivet_server_key {data}/server.pem;
    trivet_profile strict;
    trivet_sandbox on;
    trivet_lanes {lanes};
"""
    )
    lanes = "off"
    locations = """
        location /v1/ {{
            trivet_calls on;
            trivet_protect on;
            proxy_pass http://api;
        }}
"""

    def __init__(self, folder, data, api, name="gateway"):
        super().__init__(folder, data, api)
        self.name = name
        self.store = f"sqlite:{data}/trivet.db"
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)

    def parts(self):
        return {**super().parts(), "lanes": self.lanes, "store": self.store}


class Workers(Gateway):
    """The same on the same store, with several workers on all cores, so that they
    run at the same time."""

    cpus = sorted({SERVER_CPU, *LOAD_CPUS})

    def __init__(self, folder, data, api, count):
        super().__init__(folder, data, api, f"workers-{count}")
        self.num_workers = count


class Lanes(Gateway):
    """The same on the same store, but with several signatures at once."""

    lanes = "auto"

    def __init__(self, folder, data, api):
        super().__init__(folder, data, api, "lanes")


def have_lanes():
    """Whether this machine can: with the installed library, or the unpacked."""
    said = subprocess.run(
        [BUILD / "trivet", "--version"], capture_output=True, text=True,
        env=environment(**LIBRARY),
    ).stdout  # fmt: skip
    return "signatures: crypto_mb" in said


def make_data(folder):
    """A data directory with keys, certificates and an empty store."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tested.Gateway(folder):
        pass
    return folder
