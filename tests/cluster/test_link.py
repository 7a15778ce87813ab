# SPDX-License-Identifier: Apache-2.0
"""A link does what the runs need of it"""
import socket
import threading
import time

import pytest

from link import HOST, Link


@pytest.fixture
def echo():
    """A server that sends back what it gets; its port."""
    listener = socket.create_server((HOST, 0))

    def answer(end):
        with end:
            while data := end.recv(4096):
                end.sendall(data)

    def serve():
        while True:
            try:
                end = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=answer, args=(end,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def link(echo):
    made = Link(echo)
    yield made
    made.close()


def connect(link, timeout_s=2):
    return socket.create_connection((HOST, link.port), timeout=timeout_s)


def ask(end):
    end.sendall(b"x")
    return end.recv(1)


def is_over(end):
    try:
        return ask(end) == b""
    except ConnectionError:
        return True


def test_passes_on(link):
    with connect(link) as end:
        assert ask(end) == b"x"


def test_silence_answers_nothing_and_loses_nothing(link):
    with connect(link, 0.3) as end:
        assert ask(end) == b"x"
        link.silence()
        with pytest.raises(TimeoutError):
            ask(end)
        with pytest.raises(TimeoutError):
            connect(link, 0.3)
        link.mend()
        assert end.recv(1) == b"x"
    with connect(link) as end:
        assert ask(end) == b"x"


def test_a_cut_is_seen_at_once(link):
    with connect(link) as end:
        assert ask(end) == b"x"
        link.cut()
        assert is_over(end)
        with pytest.raises(OSError):
            connect(link)
        link.mend()
    with connect(link) as end:
        assert ask(end) == b"x"


def test_slow(link):
    with connect(link) as end:
        link.slow(0.4)
        began = time.monotonic()
        assert ask(end) == b"x"
        assert time.monotonic() - began >= 0.4
