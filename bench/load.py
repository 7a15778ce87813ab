# SPDX-License-Identifier: Apache-2.0
"""load.py - wrk against a server, and what a run brought"""
import json
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from servers import BENCH, LOAD_CPUS, Failed, cpu_ns, environment

CONNECTIONS = 32
CONTEXT_CLIENTS = 16
PACED_CLIENTS = 64


def write_records(path, records):
    with open(path, "wb") as file:
        for record in records:
            file.write(b"%d\n" % len(record))
            file.write(record)
    return path


def raw(method, path, body=b"", **headers):
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _wait_until_ready(process):
    """wrk catches SIGINT once its threads are at work."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        caught = re.search(r"^SigCgt:\s*(\w+)", status.read_text(), flags=re.M)
        if caught and int(caught[1], 16) >> (signal.SIGINT - 1) & 1:
            return
        time.sleep(0.005)


def _interrupt(process):
    """Once is not enough when it comes just before wrk goes to sleep."""
    for _ in range(100):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=0.3)[0]
        except subprocess.TimeoutExpired:
            pass
    raise Failed("wrk does not end")


def _wrk(server, script, seconds, clients, threads, *args):
    """wrk is interrupted, because it takes whole seconds only."""
    command = ["taskset", "-c", ",".join(map(str, LOAD_CPUS))]
    command += ["wrk", "-t", threads, "-c", clients, "-d", "600s"]
    command += ["--timeout", "20s", "-s", BENCH / "wrk" / script, server.base]
    command += ["--", BENCH / "wrk", *args]
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    try:
        _wait_until_ready(process)
        time.sleep(seconds)
        output = _interrupt(process)
    finally:
        if process.poll() is None:
            process.kill()
    for line in output.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise Failed(f"{server.name}: wrk: {output}\n{server.trouble()}")


def run(server, script, seconds, clients, threads, *args):
    """One round. Adds the server's CPU time; any refusal is a failure."""
    for longer in (1, 3, 9):  # on a busy machine, a short round may see no answer
        before = sum(map(cpu_ns, server.workers))
        result = _wrk(server, script, seconds * longer, clients, threads, *args)
        result["cpu_us"] = (sum(map(cpu_ns, server.workers)) - before) / 1000
        if result["requests"]:
            break
    if result["refused"] or result["broken"] or not result["requests"]:
        raise Failed(f"{server.name} {script} {args}: {result}\n{server.trouble()}")
    return result


def calls(server, records, seconds, first=0, clients=CONNECTIONS):
    """As fast as it can. Per request: CPU, and how many in a second."""
    result = run(server, "calls.lua", seconds, clients, 1, records, first)
    return {
        "cpu_us": result["cpu_us"] / result["requests"],
        "per_s": result["requests"] / result["seconds"],
        "p50_us": result["p50_us"],
        "p99_us": result["p99_us"],
    }


def calls_of_all(servers, records, seconds):
    """As calls(), of several servers at once: a file of records for each."""
    clients = CONNECTIONS // len(servers)
    with ThreadPoolExecutor(len(servers)) as threads:
        results = list(threads.map(
            lambda server, path: run(server, "calls.lua", seconds, clients, 1, path, 0),
            servers, records))  # fmt: skip
    requests = sum(result["requests"] for result in results)
    return requests, {
        "cpu_us": sum(result["cpu_us"] for result in results) / requests,
        "per_s": sum(r["requests"] / r["seconds"] for r in results),
        "p50_us": max(result["p50_us"] for result in results),
        "p99_us": max(result["p99_us"] for result in results),
    }


@contextmanager
def under_load(server, records):
    """Meanwhile all connections of another wrk ask for these."""
    thread = Thread(target=_endless, args=(server, records, stop := Event()))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _endless(server, records, stop):
    while not stop.is_set():
        _wrk(server, "calls.lua", 0.5, CONNECTIONS, 1, records, 0)


def contexts(server, records, seconds):
    """Whole contexts: three steps, one after another, of many clients."""
    return counted_contexts(server, records, seconds)[1]


def counted_contexts(server, records, seconds):
    """How many, and the same."""
    n = CONTEXT_CLIENTS
    result = run(server, "contexts.lua", seconds, n, n, records)
    # steps, so that a context that is half open counts as what it is
    opened = result["requests"] / 3
    return opened, {
        "cpu_us": result["cpu_us"] / opened,
        "per_s": opened / result["seconds"],
        "p50_us": result["p50_us"],
        "p99_us": result["p99_us"],
    }


def paced(server, records, seconds, rate, arrivals):
    """At a fixed rate, after a second in which all connect."""
    n = PACED_CLIENTS
    args = (records, rate, n, arrivals, time.monotonic() + 1)
    result = run(server, "paced.lua", seconds + 1, n, n, *args)
    return {
        "cpu_us": result["cpu_us"] / result["requests"],
        "per_s": rate,
        "p50_us": result["paced_p50_us"],
        "p99_us": result["paced_p99_us"],
        "max_us": result["paced_max_us"],
        "sent": result["paced"] / (rate * seconds),
    }
