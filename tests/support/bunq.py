# SPDX-License-Identifier: Apache-2.0
"""bunq.py - the other side of the wire, made without any of the project's code

Client takes the three steps and signs and verifies with `cryptography`, over
`requests`; anything about one of its requests can be changed. Wire is a bare TLS
connection for what no HTTP library would send.
"""
import base64
import json
import re
import socket
import ssl
import time
import uuid
from datetime import datetime, timezone

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from requests.adapters import HTTPAdapter

TOKEN = "X-Bunq-Client-Authentication"
SIGNATURE = "X-Bunq-Client-Signature"
REQUEST_ID = "X-Bunq-Client-Request-Id"
RESPONSE_ID = "X-Bunq-Client-Response-Id"
SERVER_SIGNATURE = "X-Bunq-Server-Signature"
REASON = "X-Trivet-Reason"

CREDENTIALS = "User credentials are incorrect. Incorrect API key or IP address."
AUTHENTICATION = "Insufficient authentication."
AUTHORISATION = "Insufficient authorisation."
UNSIGNED = (
    "For this operation a request signature is required. "
    "Check the urls for more information."
)
WRONG_SIGNATURE = "The request signature is invalid."

# Answered by the built-in API, and so is anything below it: who is calling.
ECHO = "/v1/echo"

TIMEOUT_S = 30
DEFAULT = object()  # "do what an honest client does"


# ---- keys and signatures -----------------------------------------------------

_keys = {}


def key(number=0, bits=2048):
    """A private key; the same one for the same number, so that few are made."""
    if (number, bits) not in _keys:
        _keys[number, bits] = rsa.generate_private_key(65537, bits)
    return _keys[number, bits]


def public_pem(private_key):
    return (
        private_key.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )


def sign_raw(private_key, data):
    return private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def sign(private_key, data):
    return base64.b64encode(sign_raw(private_key, data)).decode()


def fits(public_key, signature, data):
    """Whether the base64 text `signature` is the public key's over `data`."""
    if re.fullmatch(r"[A-Za-z0-9+/]{342}==", signature) is None:
        return False
    try:
        public_key.verify(
            base64.b64decode(signature, validate=True),
            data,
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except InvalidSignature:
        return False
    return True


# ---- answers -----------------------------------------------------------------


class Answer:
    """A status, header lines as they came, and the exact body bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"

    def all(self, name):
        return [value for header, value in self.headers if header == name.lower()]

    def header(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {self}"
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def response(self):
        return self.json["Response"]

    @property
    def types(self):
        """The type names of the elements, in their order."""
        assert all(len(element) == 1 for element in self.response)
        return [next(iter(element)) for element in self.response]

    def element(self, name):
        found = [element[name] for element in self.response if name in element]
        assert len(found) == 1, f"{name}: {self}"
        return found[0]

    @property
    def error(self):
        return self.json["Error"][0]["error_description"]

    @property
    def reason(self):
        return self.header(REASON)

    @property
    def signature(self):
        return self.header(SERVER_SIGNATURE)

    def is_signed_by(self, public_key):
        return self.signature is not None and fits(
            public_key, self.signature, self.body
        )


def from_requests(response):
    return Answer(
        response.status_code, list(response.raw.headers.items()), response.content
    )


def assert_response_id(answer):
    value = answer.header(RESPONSE_ID)
    assert value is not None, answer
    assert uuid.UUID(value).version == 4, value
    assert str(uuid.UUID(value)) == value, value


def assert_own_form(answer):
    """What every answer that the gateway itself writes has."""
    assert_response_id(answer)
    assert answer.header("Content-Type") == "application/json", answer
    assert answer.header("Content-Encoding") is None, answer


def assert_error_form(answer):
    assert_own_form(answer)
    assert list(answer.json) == ["Error"], answer
    assert len(answer.json["Error"]) >= 1, answer
    for error in answer.json["Error"]:
        for field in ("error_description", "error_description_translated"):
            assert isinstance(error[field], str) and error[field], answer


def assert_admitted(answer, server_key=None):
    assert answer.status == 200, answer
    assert answer.reason is None, answer
    assert_response_id(answer)
    if server_key is not None:
        assert answer.is_signed_by(server_key), answer


def assert_refused(answer, status, text=None, reason=None, server_key=None):
    """server_key: the refusal is signed by it; False: it is not signed."""
    assert answer.status == status, answer
    assert_error_form(answer)
    if text is not None:
        assert answer.error == text, answer
    if reason is not None:
        assert answer.reason == reason, answer
    if server_key is False:
        assert answer.signature is None, answer
    elif server_key is not None:
        assert answer.is_signed_by(server_key), answer


def parse_time(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", text), text
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f")
    return moment.replace(tzinfo=timezone.utc).timestamp()


def assert_now(text):
    assert abs(parse_time(text) - time.time()) < 60, text


def parse_listed(text):
    """A moment as trivet's own JSON has it: RFC 3339, in UTC."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text), text
    return parse_time(text[:10] + " " + text[11:-1])


def assert_listed_now(text):
    assert abs(parse_listed(text) - time.time()) < 60, text


# ---- the client --------------------------------------------------------------


class SourceAdapter(HTTPAdapter):
    """Speaks from one of the many addresses that the loopback network has."""

    def __init__(self, source):
        self.source = source
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        kwargs["source_address"] = (self.source, 0)
        super().init_poolmanager(*args, **kwargs)


def make_session(gateway, source=None):
    session = requests.Session()
    session.trust_env = False
    session.verify = str(gateway.ca)
    if source is not None:
        session.mount("https://", SourceAdapter(source))
    return session


class Client:
    """One installation, and what was opened with it."""

    def __init__(self, gateway, source=None, key_number=0, private_key=None):
        self.gateway = gateway
        self.source = source
        self.key = private_key or key(key_number)
        self.http = make_session(gateway, source)
        self.installation_id = None
        self.installation_token = None
        self.server_key = None
        self.secret = None
        self.device_id = None
        self.session_id = None
        self.session_token = None
        self.user = None

    def close(self):
        self.http.close()

    @property
    def token(self):
        return self.session_token or self.installation_token

    def from_address(self, source):
        """The same context, used from another address."""
        other = Client(self.gateway, source, private_key=self.key)
        for name in (
            "installation_id",
            "installation_token",
            "server_key",
            "secret",
            "device_id",
            "session_id",
            "session_token",
            "user",
        ):
            setattr(other, name, getattr(self, name))
        return other

    def sign(self, data):
        return sign(self.key, data)

    def headers(self, body=b"", token=DEFAULT, signature=DEFAULT):
        """The headers of an honest call; None leaves one out."""
        headers = {}
        if token is DEFAULT:
            token = self.token
        if token is not None:
            headers[TOKEN] = token
        if signature is DEFAULT:
            signature = None if token is None else self.sign(body)
        if signature is not None:
            headers[SIGNATURE] = signature
        return headers

    def call(
        self,
        method,
        path,
        body=b"",
        *,
        token=DEFAULT,
        signature=DEFAULT,
        headers=None,
        stream=None,
    ):
        """body: bytes, or what is to be JSON. stream: an iterable that is sent
        chunked in place of body, which is then only signed."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = self.headers(body, token, signature)
        sent.update(headers or {})
        response = self.http.request(
            method,
            self.gateway.base + path,
            data=stream if stream is not None else body,
            headers=sent,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        return from_requests(response)

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def post(self, path, body=b"", **kwargs):
        return self.call("POST", path, body, **kwargs)

    # the three steps; each returns the answer and keeps what it brought

    def post_installation(self, pem=None, **kwargs):
        body = {"client_public_key": pem or public_pem(self.key)}
        kwargs.setdefault("token", None)
        answer = self.post("/v1/installation", body, **kwargs)
        if answer.status == 200:
            self.installation_id = answer.element("Id")["id"]
            self.installation_token = answer.element("Token")["token"]
            self.server_key = serialization.load_pem_public_key(
                answer.element("ServerPublicKey")["server_public_key"].encode()
            )
        return answer

    def post_device(self, secret=None, permitted_ips=DEFAULT, **kwargs):
        body = {"description": "a test", "secret": secret or self.secret}
        if permitted_ips is not DEFAULT:
            body["permitted_ips"] = permitted_ips
        kwargs.setdefault("token", self.installation_token)
        answer = self.post("/v1/device-server", body, **kwargs)
        if answer.status == 200:
            self.secret = body["secret"]
            self.device_id = answer.element("Id")["id"]
        return answer

    def post_session(self, secret=None, **kwargs):
        body = {"secret": secret or self.secret}
        kwargs.setdefault("token", self.installation_token)
        answer = self.post("/v1/session-server", body, **kwargs)
        if answer.status == 200:
            self.session_id = answer.element("Id")["id"]
            self.session_token = answer.element("Token")["token"]
            self.user = next(iter(answer.response[2].values()))
        return answer

    # the same, sure to succeed

    def install(self, **kwargs):
        assert_admitted(self.post_installation(**kwargs))
        return self

    def register(self, *args, **kwargs):
        assert_admitted(self.post_device(*args, **kwargs), self.server_key)
        return self

    def open(self, *args, **kwargs):
        assert_admitted(self.post_session(*args, **kwargs), self.server_key)
        return self

    def make_user(self, kind="person"):
        """A sandbox user; gives the API key of it."""
        answer = self.post(f"/v1/sandbox-user-{kind}", token=None)
        assert_admitted(answer)
        return answer.element("ApiKey")["api_key"]

    def is_alive(self):
        """Whether the session is admitted; any other refusal is a failure."""
        answer = self.get("/v1/user")
        if answer.status == 200:
            assert answer.is_signed_by(self.server_key)
            return True
        assert answer.status in (401, 403), answer
        return False


def ready(gateway, source=None, secret=None, key_number=0, **kwargs):
    """A client that has taken the three steps."""
    client = Client(gateway, source, key_number)
    secret = secret or client.make_user()
    return client.install().register(secret, **kwargs).open()


# ---- the bare wire -----------------------------------------------------------


class Truncated(Exception):
    """The connection ended inside an answer, or before one."""


class Wire:
    """A TLS connection on which any bytes can be sent."""

    def __init__(self, gateway, source=None, alpn=("http/1.1",), preface=b""):
        """preface: bytes that go before TLS, such as a PROXY line."""
        raw = socket.create_connection(
            (gateway.host, gateway.port),
            timeout=TIMEOUT_S,
            source_address=(source, 0) if source else None,
        )
        raw.sendall(preface)
        context = ssl.create_default_context(cafile=str(gateway.ca))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def request(self, method, target, headers=(), body=b"", host="localhost"):
        """One request of exactly these header lines, behind Host."""
        lines = [f"{method} {target} HTTP/1.1"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in headers]
        if body and not any(n.lower() == "transfer-encoding" for n, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return self.send(head.encode("latin-1") + body)

    def line(self):
        line = self.file.readline(70000)
        if not line.endswith(b"\n"):
            raise Truncated(line)
        assert line.endswith(b"\r\n"), line
        return line[:-2].decode("latin-1")

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) != size:
            raise Truncated(f"{len(data)} bytes of {size}")
        return data

    def answer(self, method="GET"):
        """The next answer; interim ones (100) are left out."""
        while True:
            status = self.line()
            match = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", status)
            assert match, status
            headers = []
            while True:
                line = self.line()
                if line == "":
                    break
                name, separator, value = line.partition(":")
                assert separator and name and name == name.strip(), line
                headers.append((name, value.strip()))
            if int(match[1]) >= 200:
                break
        answer = Answer(int(match[1]), headers, b"")
        answer.body = self.body(method, answer)
        return answer

    def body(self, method, answer):
        if method == "HEAD" or answer.status in (204, 304):
            return b""
        if answer.header("Transfer-Encoding") is not None:
            assert answer.header("Transfer-Encoding") == "chunked", answer
            assert answer.header("Content-Length") is None, answer
            body = b""
            while True:
                size = int(self.line().split(";")[0], 16)
                if size == 0:
                    break
                body += self.exactly(size)
                assert self.line() == ""
            while self.line() != "":
                pass
            return body
        if answer.header("Content-Length") is not None:
            return self.exactly(int(answer.header("Content-Length")))
        return self.file.read()

    def is_closed(self):
        """Whether the other side has ended the connection (waits for it)."""
        try:
            return self.file.read(1) == b""
        except OSError:
            return True

