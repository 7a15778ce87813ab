# SPDX-License-Identifier: Apache-2.0
"""gateways.py - several gateways on one database, and clients that use them all"""
import contextlib
import itertools
import shutil
import subprocess
import threading
import time

import bunq
from gateway import Gateway, run, wait_until
from metrics import LOCATIONS, metrics
from nginx import Nginx

# How long what was taken away may still be admitted.
BOUND_S = 1.0
REFUSED = (400, 401, 403, 466)  # 466: a signature

sources = (f"127.0.{n // 250 + 20}.{n % 250 + 1}" for n in itertools.count())


def make_store(server):
    url = server.make_database()
    run("store", "migrate", url, check=True)
    return url


def start_three(stack, url, folder, *options, **more):
    """Three gateways on one store, with one server key."""
    one = stack.enter_context(
        Gateway(folder / "one", "--store", url, "--metrics", *options, **more))
    return [one] + [
        stack.enter_context(
            Gateway(folder / name, "--store", url, "--metrics", "--server-key",
                    one.data / "server.pem", *options, **more))
        for name in ("two", "three")]


class Trio:
    def __init__(self, server, url, gateways):
        self.server = server
        self.url = url
        self.gateways = gateways

    def sql(self, text):
        return self.server.sql(text, self.url)

    def trivet(self, *args):
        return run(*args, "--store", self.url, check=True)


NAMES = ("installation_id", "installation_token", "server_key", "secret",
         "device_id", "session_id", "session_token", "user")


def at(client, gateway):
    """The same context, through another gateway."""
    other = bunq.Client(gateway, client.source, private_key=client.key)
    for name in NAMES:
        setattr(other, name, getattr(client, name))
    return other


def is_admitted(client):
    """A call of the API behind: those can be admitted from memory."""
    answer = client.get(bunq.ECHO)
    assert answer.status in (200, *REFUSED, 503), answer
    return answer.status == 200


def hits(gateway):
    return metrics(gateway)["trivet_store_cache_hits_total", ""]


def is_remembered(client):
    """Whether the next call is admitted from memory."""
    before = hits(client.gateway)
    assert is_admitted(client)
    return hits(client.gateway) > before


def warm(client):
    """Until its gateway remembers it."""
    assert wait_until(lambda: is_remembered(client), 10)


def refused_after(clients, acknowledged):
    """Until all are refused; the latest moment, in seconds after the change,
    at which a call was sent that was admitted."""
    worst = 0.0
    for client in clients:
        deadline = time.monotonic() + 30
        while True:
            sent = time.monotonic()
            answer = client.get(bunq.ECHO)
            if answer.status != 200:
                assert answer.status in REFUSED, answer
                break
            worst = max(worst, sent - acknowledged)
            assert time.monotonic() < deadline, "it is never refused"
    return worst


@contextlib.contextmanager
def holding(server, url, statements):
    """A transaction that ran these and is open meanwhile; then rolled back."""
    process = subprocess.Popen(
        [f"{server.binaries}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
         url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd="/")
    try:
        process.stdin.write(f"BEGIN; {statements};\n\\echo held\n")
        process.stdin.flush()
        for line in process.stdout:
            if line == "held\n":
                break
        yield process
    finally:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write("ROLLBACK;\n")
            process.stdin.close()
        process.wait(20)
        process.stdout.close()


OWN = """
    trivet_store {url};
    trivet_server_key {data}/server.pem;
    trivet_profile strict;
    trivet_sandbox on;
    {more}
"""


def make_role(server, url, name):
    """A URL of the store for a role with a gateway's rights and no more."""
    text = run("store", "roles", check=True).stdout
    if server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'trivet_gateway'"):
        text = "\n".join(line for line in text.split("\n")
                         if not line.startswith("CREATE ROLE"))
    server.sql(text, url)
    server.sql(f"CREATE ROLE {name} LOGIN IN ROLE trivet_gateway")
    return url.replace("trivet@", f"{name}@")


def make_template(folder):
    """A data directory as serve makes it."""
    with Gateway(folder):
        pass
    return folder


def own_nginx(template, folder, url, more="", name="own", kind=Nginx):
    """An nginx with a configuration of its own, on the store at url."""
    data = folder / name
    shutil.copytree(template, data)
    text = OWN.replace("{url}", f'"{url}"').replace("{more}", more)
    if kind is not Nginx:
        return kind(data, trivet=text)
    return kind(data, trivet=text, locations=LOCATIONS)


def together(*calls):
    """Their answers; they are sent at the same time."""
    barrier = threading.Barrier(len(calls))
    answers = [None] * len(calls)

    def one(number, call):
        barrier.wait()
        answers[number] = call()

    threads = [threading.Thread(target=one, args=pair)
               for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def registered(gateway, source):
    client = bunq.Client(gateway, source)
    return client.install().register(client.make_user())
