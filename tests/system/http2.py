# SPDX-License-Identifier: Apache-2.0
"""http2.py - HTTP/2 frame by frame, by the h2 library"""
import h2.config
import h2.connection

import bunq


class Http2Wire:
    """HTTP/2 with frames of our own choosing."""

    def __init__(self, gateway):
        self.wire = bunq.Wire(gateway, alpn=("h2",))
        assert self.wire.socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def flush(self):
        self.wire.send(self.h2.data_to_send())

    def start(self, method, target, headers=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        pseudo = [
            (":method", method),
            (":path", target),
            (":scheme", "https"),
            (":authority", "localhost"),
        ]
        lower = [(n.lower(), v) for n, v in headers]
        self.h2.send_headers(stream, pseudo + lower, end_stream=end)
        self.flush()
        return stream

    def data(self, stream, data, end=False):
        for start in range(0, len(data), 16384):
            self.h2.send_data(stream, data[start : start + 16384])
        if end:
            self.h2.end_stream(stream)
        self.flush()

    def answer(self, stream):
        """The answer on stream; None when it was reset or all is over."""
        status, headers, body = None, [], b""
        while True:
            try:
                data = self.wire.socket.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                if isinstance(event, h2.events.ConnectionTerminated):
                    return None
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    headers = [
                        (
                            n if isinstance(n, str) else n.decode("latin-1"),
                            v if isinstance(v, str) else v.decode("latin-1"),
                        )
                        for n, v in event.headers
                    ]
                    status = int(dict(headers)[":status"])
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    self.flush()
                    return bunq.Answer(status, headers, body)
                elif isinstance(event, h2.events.StreamReset):
                    return None
            self.flush()
