# SPDX-License-Identifier: Apache-2.0
"""A small server of the protocol, independent of trivet's own, that can be
told to misbehave.

It does the real cryptography with `cryptography` and real TLS with `ssl`. What
it does wrong is a queue of faults, each for a path (or any) and a number of
times.
"""
import base64
import contextlib
import dataclasses
import datetime
import functools
import http.server
import ipaddress
import itertools
import json
import re
import secrets
import socket
import ssl
import struct
import threading
import time
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

CREDENTIALS = "User credentials are incorrect. Incorrect API key or IP address."


# ---- certificates ----------------------------------------------------------


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA that makes TLS certificates, good and bad ones."""

    def __init__(self, folder, title="trivet test CA"):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name_of(title)
        now = datetime.datetime.utcnow()
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=2))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(True, 0), True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / f"{title.replace(' ', '-')}.pem"
        self.file.write_bytes(
            self.certificate.public_bytes(serialization.Encoding.PEM)
        )

    def make(self, names=("localhost",), ips=("127.0.0.1",), days=25):
        """The path of a PEM with certificate and key; days < 0: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        start = now - datetime.timedelta(days=1 if days > 0 else 20)
        alternatives = [x509.DNSName(n) for n in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(i)) for i in ips]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name_of(names[0] if names else "nobody"))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(alternatives), False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"server-{uuid.uuid4()}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path, pin_of(key.public_key())


def pin_of(public_key):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        public_key.public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )
    return "sha256/" + base64.b64encode(digest.finalize()).decode()


# ---- the protocol ----------------------------------------------------------


def sign(key, data):
    return base64.b64encode(
        key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    ).decode()


@functools.lru_cache
def made_key(number):
    return rsa.generate_private_key(65537, 2048)


def other_key():
    """Of somebody else."""
    return made_key(-1)


_numbers = itertools.cycle(range(4))


def server_key():
    """Making a key takes longer than most tests: four are used in turn, so
    that servers of one test have keys of their own."""
    return made_key(next(_numbers))


@dataclasses.dataclass
class Fault:
    kind: str
    path: str = ""  # a part of it
    times: int = 1  # -1: for ever
    arg: object = None


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes
    headers: list
    fault: Fault = None


class Protocol:
    """What is installed, registered and open; thread-safe by one lock."""

    def __init__(self, session_timeout=3600):
        self.lock = threading.RLock()
        self.key = server_key()
        self.other_key = other_key()
        self.installations = {}  # token -> client's public key
        self.sessions = {}  # token -> installation token
        self.calls = []  # (method, path)
        self.requests = []  # (method, path, headers, body)
        self.faults = []
        self.api_key = "sandbox_" + secrets.token_hex(28)
        self.session_timeout = session_timeout
        self.user_type = "UserPerson"
        self.user_name = "J\u00f8rgen Test"
        self.description = "a test"
        self.min_gap = 1e9  # seconds between session-server calls
        self.last_session = None
        self.ips = {}
        self.is_endless = False  # each page is followed by the first
        self.older_url = None  # of lists, in the place of the right one
        self.signs_installation = True
        self.headers = []  # more of them, on every answer
        self.connections = []  # the caller's port, for each request
        self.unread = []  # paths whose requests are cut off inside the body
        self.announced = None  # a trivet gateway: the body of trivet/pins

    def misbehave(self, kind, path="", times=1, arg=None):
        with self.lock:
            self.faults.append(Fault(kind, path, times, arg))

    def take_unread(self, path):
        with self.lock:
            for part in self.unread:
                if part in path:
                    self.unread.remove(part)
                    return True
        return False

    def count(self, path):
        return sum(1 for _, p in self.calls if p.endswith(path))

    def kill_sessions(self):
        with self.lock:
            self.sessions.clear()

    def take_fault(self, path):
        for fault in self.faults:
            if fault.path in path and fault.times != 0:
                fault.times -= 1
                return fault
        return None

    def public_pem(self):
        return (
            self.key.public_key()
            .public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
            .decode()
        )

    def answer(self, method, target, headers, body):
        with self.lock:
            self.calls.append((method, target))
            self.requests.append((method, target, dict(headers), body))
            fault = self.take_fault(target)
            kind = fault.kind if fault else ""
            known = headers.get("x-bunq-client-authentication") in (
                set(self.installations) | set(self.sessions))
            path, _, self.query = target.partition("?")
            if path.endswith("/installation"):
                known = self.signs_installation
            status, data = self.refuse(kind) or self.route(
                method, path, headers, body
            )
        raw = data if isinstance(data, bytes) else json.dumps(
            data, separators=(",", ":")).encode()
        out = [("Content-Type", "application/json"),
               ("X-Bunq-Client-Response-Id", str(uuid.uuid4())),
               *self.headers]
        if (known or kind.startswith("sign")) and status not in (429, 491) \
                and status < 500 and kind != "forced-401-unsigned":
            out.append(("X-Bunq-Server-Signature", sign(self.key, raw)))
        return self.spoil(Answer(status, raw, out, fault))

    REFUSALS = {
        "401": (401, "Insufficient authorisation."),
        "403": (403, "Insufficient authentication."),
        "429": (429, "Too many requests. You can do a maximum of 3 calls per "
                     "1 second to this endpoint."),
        "466": (466, "For this operation a request signature is required."),
        "490": (490, "User error."),
        "400-key": (400, CREDENTIALS),
    }

    def refuse(self, kind):
        if kind == "400-explained":
            body = error("The request signature is invalid.")
            body["Error"][0]["error_additional_parameter"] = EXPLAINED
            return 400, body
        if kind in self.REFUSALS:
            status, text = self.REFUSALS[kind]
            return status, error(text)
        if kind == "491":
            return 491, b"<html><body>Maintenance</body></html>"
        if kind == "502":
            return 502, b"<html><h1>502 Bad Gateway</h1></html>"
        if kind.startswith("redirect"):
            return 302, b""
        return None

    def spoil(self, answer):
        kind = answer.fault.kind if answer.fault else ""
        name = "X-Bunq-Server-Signature"
        if kind == "wrong-signature":
            answer.headers = [(n, sign(self.key, b"something else")
                               if n == name else v)
                              for n, v in answer.headers]
        elif kind in ("no-signature", "redirect-unsigned"):
            answer.headers = [h for h in answer.headers if h[0] != name]
        elif kind == "other-key":
            answer.headers = [(n, sign(self.other_key, answer.body)
                               if n == name else v)
                              for n, v in answer.headers]
        elif kind == "garbage-signature":
            answer.headers = [(n, "!!not base64!!" if n == name else v)
                              for n, v in answer.headers]
        elif kind == "short-signature":
            answer.headers = [(n, "AAAA" if n == name else v)
                              for n, v in answer.headers]
        elif kind == "changed-byte":
            middle = len(answer.body) // 2
            answer.body = (answer.body[:middle]
                           + bytes([answer.body[middle] ^ 1])
                           + answer.body[middle + 1:])
        elif kind == "lower-case":
            answer.headers = [(n.lower(), v) for n, v in answer.headers]
        elif kind == "odd-headers":
            answer.headers = [(n.upper(), "  " + v + " \t")
                              for n, v in answer.headers]
            answer.headers += [("X-Empty", ""), ("x-colon", "a: b: c"),
                               ("X-Bunq-Warning", '"beware"')]
        if kind.startswith("redirect"):
            answer.headers.append(("Location", answer.fault.arg or "/"))
        return answer

    def route(self, method, path, headers, body):
        path = re.sub(r"^/v1", "", path)
        token = headers.get("x-bunq-client-authentication")
        if (method, path) == ("POST", "/installation"):
            return self.install(json.loads(body))
        if method == "POST" and path.startswith("/sandbox-user-"):
            return ok([{"ApiKey": {"api_key": self.api_key}}])
        installation = token if token in self.installations else \
            self.sessions.get(token)
        if installation not in self.installations:
            return 403, error("Insufficient authentication.")
        signature = headers.get("x-bunq-client-signature", "")
        if not signature:
            return 466, error("For this operation a request signature is "
                              "required. Check the urls for more information.")
        try:
            self.installations[installation].verify(
                base64.b64decode(signature), body, padding.PKCS1v15(),
                hashes.SHA256())
        except (InvalidSignature, ValueError):
            return 400, error("The request signature is invalid.")
        if path == "/trivet/pins" and self.announced is not None:
            return 200, self.announced
        if path in ("/device-server", "/session-server") and method == "POST":
            return self.credential(path, token, json.loads(body))
        if path in ("/device-server", "/device"):
            return ok([{"DeviceServer": {
                "id": 7, "created": "2026-01-01 00:00:00.000000",
                "updated": "2026-01-01 00:00:00.000000", "ip": "127.0.0.1",
                "description": self.description, "status": "ACTIVE"}}])
        if token not in self.sessions:
            return 403, error("Insufficient authentication.")
        return self.session_call(method, path, token, headers, body)

    def install(self, body):
        key = serialization.load_pem_public_key(
            body["client_public_key"].encode())
        token = secrets.token_hex(32)
        self.installations[token] = key
        return ok([{"Id": {"id": len(self.installations)}},
                   {"Token": {"id": 1, "token": token}},
                   {"ServerPublicKey": {
                       "server_public_key": self.public_pem()}}])

    def credential(self, path, token, body):
        if token in self.sessions:
            return 400, error("Authentication token already has a user "
                              "session.")
        if body["secret"] != self.api_key:
            return 400, error(CREDENTIALS)
        if path == "/device-server":
            return ok([{"Id": {"id": 74539435}}])
        now = time.monotonic()
        if self.last_session is not None:
            self.min_gap = min(self.min_gap, now - self.last_session)
        self.last_session = now
        session = secrets.token_hex(32)
        self.sessions[session] = token
        return ok([{"Id": {"id": 5}}, {"Token": {"id": 5, "token": session}},
                   {self.user_type: self.user()}])

    def user(self):
        inner = {"id": 42, "display_name": self.user_name,
                 "status": "ACTIVE", "session_timeout": self.session_timeout}
        if self.user_type == "UserApiKey":
            return {"id": 99, "requested_by_user": {"UserPerson": inner},
                    "granted_by_user": {"UserPerson": inner}}
        return inner

    def session_call(self, method, path, token, headers, body):
        if method == "DELETE" and path.startswith("/session/"):
            del self.sessions[token]
            return ok([])
        if path in ("/user", "/user/42"):
            return ok([{self.user_type: self.user()}])
        if path == "/forbidden":
            return 403, error("You are not allowed to do this.")
        if path.startswith("/echo"):
            return 200, body
        if "/credential-password-ip" in path:
            return self.permitted_ip(method, path, body)
        return ok([{"Echo": {"method": method, "path": path,
                             "length": len(body)}}])

    def permitted_ip(self, method, path, body):
        if path.endswith("/credential-password-ip"):
            return ok([{"CredentialPasswordIp": {"id": 3, "status": "ACTIVE"}}])
        if method == "POST":
            number = len(self.ips) + 1
            self.ips[number] = dict(json.loads(body))
            self.ips[number].setdefault("status", "ACTIVE")
            return ok([{"Id": {"id": number}}])
        if method == "PUT":
            number = int(path.rsplit("/", 1)[1])
            self.ips[number].update(json.loads(body))
            return ok([{"Id": {"id": number}}])
        status, answer = paged(path, self.query, {
            n: {"PermittedIp": {"id": n, **ip}} for n, ip in self.ips.items()})
        if self.is_endless:
            answer["Pagination"]["older_url"] = f"/v1{path}?count=200"
        if self.older_url is not None:
            answer["Pagination"]["older_url"] = self.older_url
        return status, answer


# As the sandbox has it; control characters are another server's.
EXPLAINED = [{"url_together_post": "https://x.example/"}, 7,
             {"mistake": "bom", "explanation": "Sent\x1b[1m with one.\n"},
             {"explanation": "Not this one."}]


def paged(path, query, elements):
    """A page of elements by their ids, newest first, as bunq gives it."""
    query = dict(part.split("=") for part in query.split("&") if part)
    count = int(query.get("count", 10))
    ids = sorted(elements, reverse=True)
    if "older_id" in query:
        ids = [n for n in ids if n < int(query["older_id"])]
    older = None
    if len(ids) > count:
        ids = ids[:count]
        older = f"/v1{path}?count={count}&older_id={ids[-1]}"
    status, answer = ok([elements[n] for n in ids])
    answer["Pagination"] = {"future_url": None, "newer_url": None,
                            "older_url": older}
    return status, answer


def ok(elements):
    return 200, {"Response": elements}


def error(text):
    return {"Error": [{"error_description": text,
                       "error_description_translated": text}]}


# ---- HTTP/1.1 --------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reset(self, _read=b""):
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def serve(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.protocol.connections.append(self.client_address[1])
        if self.server.protocol.take_unread(self.path):
            self.reset(self.rfile.read(length // 2))
            return
        body = self.rfile.read(length)
        headers = {k.lower(): v for k, v in self.headers.items()}
        answer = self.server.protocol.answer(
            self.command, self.path, headers, body)
        kind = answer.fault.kind if answer.fault else ""
        if kind == "slow":
            time.sleep(answer.fault.arg)
        if kind == "dropped":
            self.reset()
            return
        if kind in ("closed", "last"):  # in order, and without a word
            if kind == "last":  # and nobody listens any more
                self.server.shutdown()
                self.server.server_close()
            self.close_connection = True
            return
        # Not send_response: it adds headers, and is told what to do.
        lines = [f"HTTP/1.1 {answer.status} X"]
        lines += [f"{n}: {v}" for n, v in answer.headers]
        sent = answer.body
        if kind == "chunked":
            lines.append("Transfer-Encoding: chunked")
            sent = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in
                            [answer.body[:7], answer.body[7:]] if p)
            sent += b"0\r\n\r\n"
        elif kind == "endless":
            self.close_connection = True
        else:
            lines.append(f"Content-Length: {len(answer.body)}")
        if kind == "half-head":
            lines, sent = lines[:2], b""
            self.wfile.write("\r\n".join(lines).encode("latin-1"))
            self.close_connection = True
            return
        if kind == "closes-after":
            self.close_connection = True  # and did not say so
        if kind in ("truncated", "endless"):
            sent = sent[:len(sent) // 2]
            self.close_connection = True
        if kind == "truncated-quietly":
            lines = [l for l in lines if not l.startswith("Content-Length")]
            lines.append("Connection: close")
            sent = sent[:len(sent) // 2]
            self.close_connection = True
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        with contextlib.suppress(OSError):
            self.wfile.write(head + sent)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = serve


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass

    def finish_request(self, request, client_address):
        request.settimeout(20)
        tls = self.tls.wrap_socket(request, server_side=True)
        self.RequestHandlerClass(tls, client_address, self)
        with contextlib.suppress(OSError):
            tls.close()


class FakeServer:
    """A running server; `protocol` is the state to look at and spoil."""

    def __init__(self, certificate, protocol=None):
        self.protocol = protocol or Protocol()
        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.server.protocol = self.protocol
        self.server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.tls.load_cert_chain(certificate)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}/v1"
        threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True
        ).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Proxy:
    """A proxy that knows CONNECT alone."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.connects = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # or accept() goes on
        self.socket.close()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.connects.append(target)
        host, port = target.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n"
                       b"Via: a proxy\r\n\r\n")
        threading.Thread(target=self.copy, args=(server, client),
                         daemon=True).start()
        self.copy(client, server)

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
