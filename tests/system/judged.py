# SPDX-License-Identifier: Apache-2.0
"""judged.py - a small gateway for bench/judge.py to judge, honest as it stands

It answers for the API behind it, too. Each rule is a method, so that a test can
take one away.
"""
import json
import os
import ssl
import threading
import uuid
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization

import bunq

Client = namedtuple("Client", "kind address key")
STEPS = ("/v1/device-server", "/v1/session-server")


class Peer:
    """A context manager."""

    name = "peer"

    def __init__(self, data):
        self.ca = data / "ca.pem"
        pem = (data / "server.pem").read_bytes()
        self.key = serialization.load_pem_private_key(pem, None)
        self.clients = {}  # by token
        self.remembered = {}  # for those that remember
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(data / "tls.crt", data / "tls.key")
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def base(self):
        return f"https://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # ---- the rules

    def find(self, token):
        return self.clients.get(token)

    def has_kind(self, client, kind):
        return client.kind == kind

    def has_address(self, client, address):
        return client.address == address

    def is_signed(self, client, body, signature):
        return signature is not None and bunq.fits(client.key, signature, body)

    def sign(self, body, status):
        return bunq.sign(self.key, body)

    def api(self, path):
        start = uuid.uuid4().hex if "/fresh/" in path else "x" * 32
        return (start + "x" * 992).encode()

    def response_id(self, body):
        return str(uuid.uuid4())

    # ---- one request

    def sessions(self):
        return [client for client in self.clients.values() if client.kind == "session"]

    def answer(self, request, body):
        """Status and body."""
        if request.path == "/v1/installation":
            return 200, self._install(json.loads(body), request.client_address[0])
        kind = "installation" if request.path in STEPS else "session"
        client = self.find(request.headers.get(bunq.TOKEN))
        signature = request.headers.get(bunq.SIGNATURE)
        if (
            client is None
            or not self.has_kind(client, kind)
            or not self.has_address(client, request.client_address[0])
            or not self.is_signed(client, body, signature)
        ):
            return 401, self._json("Error", [{"error_description": "no"}])
        if request.path in STEPS:
            return 200, self._step(client, request.path)
        return 200, self.api(request.path)

    def _install(self, message, address):
        key = serialization.load_pem_public_key(message["client_public_key"].encode())
        token = self._token(Client("installation", address, key))
        public = {"server_public_key": bunq.public_pem(self.key)}
        return self._json("Response", [{"Id": {"id": 1}}, token, {"ServerPublicKey": public}])

    def _step(self, client, path):
        elements = [{"Id": {"id": 1}}]
        if path == "/v1/session-server":
            elements += [self._token(client._replace(kind="session")), {"UserPerson": {}}]
        return self._json("Response", elements)

    def _token(self, client):
        token = os.urandom(32).hex()
        self.clients[token] = client
        return {"Token": {"id": 1, "token": token}}

    @staticmethod
    def _json(name, elements):
        return json.dumps({name: elements}).encode()

    def _handler(self):
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, text = peer.answer(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                for name, value in (
                    (bunq.RESPONSE_ID, peer.response_id(text)),
                    (bunq.SERVER_SIGNATURE, peer.sign(text, status)),
                ):
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)
                self.wfile.flush()

            do_POST = do_GET

            def log_message(self, *_):
                pass

        return Handler
