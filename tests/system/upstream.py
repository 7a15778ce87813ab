# SPDX-License-Identifier: Apache-2.0
"""upstream.py - the API behind the gateway, with answers made to order

Answers are planned per path, as raw bytes of an HTTP answer or as a function
that is given the request and the socket. All requests are kept as they came.
"""
import socket
import socketserver
import threading

CHUNK = 64 * 1024


class Request:
    """A request line, header lines and body, byte for byte."""

    def __init__(self, line, headers, body):
        self.method, self.target, self.version = line.split(" ")
        self.headers = headers
        self.body = body

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def names(self):
        return [name.lower() for name, _ in self.headers]

    @property
    def path(self):
        return self.target.partition("?")[0]


def reply(body=b"", status="200 OK", headers=(), size=True):
    """The bytes of an answer; size=False leaves Content-Length out."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if size:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


JSON = ("Content-Type", "application/json")


def chunked(pieces, headers=(JSON,), end=b"0\r\n\r\n"):
    """An answer in chunks; end=b"" leaves it unfinished."""
    data = reply(headers=[*headers, ("Transfer-Encoding", "chunked")], size=False)
    for piece in pieces:
        data += b"%x\r\n%s\r\n" % (len(piece), piece)
    return data + end


def unsized(body, headers=(JSON,)):
    """An answer that ends where the connection does."""
    return closing(reply(body, headers=[*headers, ("Connection", "close")], size=False))


def closing(data):
    """Sends data and ends the connection."""

    def answer(request, connection):
        connection.sendall(data)
        return False

    return answer


class _Handler(socketserver.BaseRequestHandler):
    def read_line(self):
        line = self.file.readline(1 << 20)
        return line[:-2].decode("latin-1") if line.endswith(b"\r\n") else None

    def read_body(self, headers):
        fields = {name.lower(): value for name, value in headers}
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self.read_line(), 16)
                body += self.file.read(size)
                self.read_line()
                if size == 0:
                    return body
        return self.file.read(int(fields.get("content-length", "0")))

    def read_request(self):
        line = self.read_line()
        if not line:
            return None
        headers = []
        while True:
            field = self.read_line()
            if field is None:
                return None
            if field == "":
                break
            name, _, value = field.partition(":")
            headers.append((name, value.strip()))
        return Request(line, headers, self.read_body(headers))

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(60)
        self.file = self.request.makefile("rb")
        try:
            while True:
                request = self.read_request()
                if request is None:
                    return
                self.server.upstream.requests.append(request)
                if not self.answer(request):
                    return
        except OSError:
            pass  # the gateway went away, as some tests want it to

    def answer(self, request):
        """Whether the connection is to be kept."""
        plan = self.server.upstream.plans.get(request.path)
        if plan is None:
            plan = reply(b'{"Response":[]}', headers=[JSON])
        if callable(plan):
            return plan(request, self.request)
        self.request.sendall(plan)
        return True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True  # with a port that connections have just had
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


class _Server6(_Server):
    address_family = socket.AF_INET6


class Upstream:
    def __init__(self, host="127.0.0.1", port=0):
        self.plans = {}
        self.requests = []
        self.server = (_Server6 if ":" in host else _Server)((host, port), _Handler)
        self.server.upstream = self
        self.port = self.server.server_address[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True
        )
        self.thread.start()

    def plan(self, path, answer):
        self.plans[path] = answer

    def last(self, path):
        """The most recent request for path."""
        found = [r for r in list(self.requests) if r.path == path]
        assert found, f"no request for {path} has reached the API"
        return found[-1]

    def count(self, path):
        return sum(r.path == path for r in list(self.requests))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def start_two(first, second, tries=20):
    """Two at these addresses with one port: one that is free at both."""
    for _ in range(tries):
        one = Upstream(first)
        try:
            return one, Upstream(second, one.port)
        except OSError:
            one.close()
    raise AssertionError("no port is free at both addresses")
