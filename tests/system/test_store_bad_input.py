# SPDX-License-Identifier: Apache-2.0
"""A gateway whose store in PostgreSQL is none says so in one line: at nginx -t
what the URL tells by itself, at its start what only the database can tell"""
import re
import subprocess

import pytest

import bunq
from gateway import free_port, run, wait_until
from gateways import make_role, make_store, make_template, own_nginx
from postgres import Server, find_binaries

pytestmark = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL's server is not installed")

SECRET = "geheim"


class TlsServer(Server):
    """On a port of loopback, too, with a certificate that it has made."""

    def __init__(self):
        self.port = free_port()
        super().__init__()

    @property
    def settings(self):
        return (*Server.settings, "listen_addresses=127.0.0.1",
                f"port={self.port}", "ssl=on",
                f"ssl_cert_file={self.folder}/tls.crt",
                f"ssl_key_file={self.folder}/tls.key")

    def start(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
             "/CN=other", "-keyout", f"{self.folder}/tls.key", "-out",
             f"{self.folder}/tls.crt"],
            check=True, capture_output=True, **self.rights)
        super().start()

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        return subprocess.run(
            [f"{self.binaries}/pg_isready", "-q", "-h", self.folder, "-p",
             str(self.port)], cwd="/").returncode == 0

    def url(self, name="postgres", user="trivet"):
        return f"postgresql://{user}@/{name}?host={self.folder}&port={self.port}"

    def over_tls(self, url, ca):
        """The same, over TLS and with what a certificate is judged by."""
        name = re.search(r"@/(\w+)", url)[1]
        return (f"postgresql://trivet@127.0.0.1:{self.port}/{name}"
                f"?sslmode=verify-full&sslrootcert={ca}")


@pytest.fixture(scope="module")
def server():
    made = TlsServer()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template") / "data")


def serve(folder, url):
    """Its status, and the one line that it says (beside what it says to root)."""
    done = run("serve", "--data", folder / "served", "--store", url)
    [line] = [line for line in done.stderr.splitlines() if "as root" not in line]
    return done.returncode, line


# ---- nginx -t ----------------------------------------------------------------


@pytest.mark.parametrize("url, word", [
    ("mysql://trivet@/x", "not a store URL"),
    ("postgresql://[db1/x", "cannot be read"),
    ("postgresql://trivet@/x?no_such_thing=1", "cannot be read"),
    ("postgresql://trivet@db1", "names no database"),
    (f"postgresql://trivet:{SECRET}@db1/x", "password"),
    (f"postgresql://db1/x?password={SECRET}", "password"),
    ("postgresql://db1/x?deadline_ms=5", "deadline_ms"),
    ("postgresql://db1/x?prepare=maybe", "prepare"),
    ("postgresql://db1/x?connect_timeout=0", "connect_timeout"),
    ("postgresql://db1/x?target_session_attrs=any", "writable"),
])
def test_a_url_is_refused_by_nginx_t_and_by_serve(template, tmp_path, url, word):
    status, text = own_nginx(template, tmp_path, url).check()
    assert status != 0
    lines = [line for line in text.splitlines() if "trivet_store" in line]
    assert len(lines) == 1 and word in lines[0], text
    returncode, line = serve(tmp_path, url)
    assert returncode == 2 and word in line
    assert SECRET not in text + line


def test_a_url_that_can_be_one_passes_nginx_t(template, tmp_path):
    """It is not asked: a database may be down while nginx is reloaded."""
    url = "postgresql://trivet@192.0.2.1,192.0.2.2/x?deadline_ms=500&prepare=off"
    status, text = own_nginx(template, tmp_path, url).check()
    assert status == 0, text


# ---- at the start ------------------------------------------------------------


def make_once(server, name, rights):
    if not server.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
        server.sql(f"CREATE ROLE {name} {rights}")


def an_unknown_role(server, url, folder):
    return url.replace("trivet@", "nobody-there@"), "nobody-there"


def no_such_database(server, url, folder):
    return server.url("none"), "none"


def nobody_there(server, url, folder):
    return f"postgresql://trivet@127.0.0.1:{free_port()}/x", "refused"


def a_wrong_password(server, url, folder):
    make_once(server, "careful", "LOGIN SUPERUSER PASSWORD 'richtig'")
    server.ask_for_password("careful")
    (folder / "pgpass").write_text(f"*:*:*:careful:{SECRET}\n")
    (folder / "pgpass").chmod(0o600)
    return (url.replace("trivet@", "careful@")
            + f"&passfile={folder}/pgpass"), "password authentication failed"


def a_certificate_of_others(server, url, folder):
    ca = folder / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
         "/CN=stranger", "-keyout", folder / "ca.key", "-out", ca],
        check=True, capture_output=True)
    return server.over_tls(url, ca), "certificate verify failed"


def a_certificate_of_another_name(server, url, folder):
    return server.over_tls(url, f"{server.folder}/tls.crt"), "does not match"


def no_rights(server, url, folder):
    make_once(server, "poor", "LOGIN")
    return url.replace("trivet@", "poor@"), "trivet store roles"


def a_later_schema(server, url, folder):
    server.sql("UPDATE schema_version SET version = version + 1", url)
    return url, "later one"


def an_earlier_schema(server, url, folder):
    server.sql("UPDATE schema_version SET version = version - 1", url)
    return url, "trivet store migrate"


def tables_of_others(server, url, folder):
    other = server.make_database()
    server.sql("CREATE TABLE invoices (id INT)", other)
    return other, "trivet store migrate"


KINDS = [an_unknown_role, no_such_database, nobody_there, a_wrong_password,
         a_certificate_of_others, a_certificate_of_another_name, no_rights,
         a_later_schema, an_earlier_schema, tables_of_others]


def complaints(gateway):
    return [line for line in gateway.log().splitlines() if "trivet: no session" in line]


@pytest.mark.parametrize("spoil", KINDS)
def test_a_database_is_refused_at_the_start(server, template, tmp_path, spoil):
    url, word = spoil(server, make_store(server), tmp_path)
    with own_nginx(template, tmp_path, url) as gateway:
        assert wait_until(lambda: complaints(gateway), 20)
        answer = bunq.Client(gateway).post_installation()
        assert answer.status == 503
        lines = complaints(gateway)
        assert len(lines) == 1 and word in lines[0], lines
        assert SECRET not in gateway.log()


@pytest.mark.parametrize("spoil", KINDS)
def test_serve_refuses_it_with_one_line(server, tmp_path, spoil):
    url, word = spoil(server, make_store(server), tmp_path)
    returncode, line = serve(tmp_path, url)
    assert returncode in (1, 2) and word in line
    assert SECRET not in line


def test_a_good_one_is_told_by_nothing(server, template, tmp_path):
    url = make_role(server, make_store(server), "gateway1")
    with own_nginx(template, tmp_path, url) as gateway:
        assert bunq.ready(gateway).is_alive()
        assert not complaints(gateway)
