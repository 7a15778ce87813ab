# SPDX-License-Identifier: Apache-2.0
"""fake_http2.py - the fake server over HTTP/2"""
import contextlib
import socket
import ssl
import threading


class Http2Server:
    """The same protocol over HTTP/2 alone (ALPN h2), by the h2 library."""

    def __init__(self, certificate, protocol):
        self.protocol = protocol
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.tls.set_alpn_protocols(["h2"])
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"https://localhost:{self.port}/v1"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.socket.close()

    def accept(self):
        while True:
            try:
                plain, _ = self.socket.accept()
                tls = self.tls.wrap_socket(plain, server_side=True)
            except OSError:
                return
            threading.Thread(
                target=self.serve, args=(tls,), daemon=True).start()

    def serve(self, tls):
        import h2.config
        import h2.connection
        import h2.events

        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False,
                                      header_encoding="utf-8"))
        connection.initiate_connection()
        tls.sendall(connection.data_to_send())
        streams = {}
        while True:
            data = tls.recv(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = (dict(event.headers), b"")
                elif isinstance(event, h2.events.DataReceived):
                    headers, body = streams[event.stream_id]
                    streams[event.stream_id] = (headers, body + event.data)
                    connection.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    if self.reply(connection, event.stream_id,
                                  *streams.pop(event.stream_id)):
                        tls.sendall(connection.data_to_send())
                        tls.close()
                        return
            with contextlib.suppress(OSError):  # it may have gone
                tls.sendall(connection.data_to_send())

    def reply(self, connection, stream, headers, body):
        answer = self.protocol.answer(
            headers[":method"], headers[":path"], headers, body)
        kind = answer.fault.kind if answer.fault else ""
        if kind == "refused-stream":
            connection.reset_stream(stream, error_code=7)
            return False
        if kind == "needs-1.1":
            connection.reset_stream(stream, error_code=13)
            return False
        if kind == "goaway":
            connection.close_connection(last_stream_id=0)
            return True
        if kind == "dropped":
            return True
        connection.send_headers(
            stream, [(":status", str(answer.status))]
            + [(n.lower(), v) for n, v in answer.headers])
        connection.send_data(stream, answer.body, end_stream=True)
        return False
