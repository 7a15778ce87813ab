# SPDX-License-Identifier: Apache-2.0
"""link.py - a TCP connection under control: silent, cut or slow

What is silent loses nothing and answers nothing: bytes wait on both sides, and
whoever connects is not answered either, since the queue of those that wait to
be accepted is full. So it is with packets that are dropped on their way.
"""
import asyncio
import socket
import struct
import threading

from process import pick_port

HOST = "127.0.0.1"
STEP = 65536


class _Loop:
    """The thread that carries for all links."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


_carrier = []


def carrier():
    if not _carrier:
        _carrier.append(_Loop())
    return _carrier[0]


class Link:
    """Listens on .port, and passes all on to the port `target`, as told."""

    def __init__(self, target):
        self.target = target
        self.port = pick_port()
        self.delay_s = 0.0
        self.ends = set()
        self.carrying = set()  # tasks, which nobody else holds
        self.fillers = []
        self.accepting = None
        self.do(self._open())

    @staticmethod
    def do(coroutine):
        return carrier().do(coroutine)

    def silence(self):
        self.do(self._silence())

    def cut(self):
        """All connections end, and none can be made."""
        self.do(self._cut())

    def slow(self, delay_s):
        """An answer comes that much later than it would."""
        self.delay_s = delay_s / 2

    def mend(self):
        self.do(self._mend())

    def num_connections(self):
        return len(self.ends) // 2

    def close(self):
        self.cut()

    # ---- in the loop ----

    async def _open(self):
        self.is_flowing = asyncio.Event()
        self.is_flowing.set()
        await self._listen()

    async def _listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((HOST, self.port))
        self.listener.setblocking(False)
        self._accept()

    def _accept(self):
        self.listener.listen(128)
        self.accepting = asyncio.ensure_future(self._serve())

    async def _serve(self):
        while True:
            near, _ = await asyncio.get_running_loop().sock_accept(self.listener)
            carrying = asyncio.ensure_future(self._carry(near))
            self.carrying.add(carrying)
            carrying.add_done_callback(self.carrying.discard)

    async def _carry(self, near):
        loop = asyncio.get_running_loop()
        far = socket.socket()
        both = {near, far}
        self.ends |= both
        for end in both:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await loop.sock_connect(far, (HOST, self.target))
            ways = [asyncio.ensure_future(self._pass_on(near, far)),
                    asyncio.ensure_future(self._pass_on(far, near))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        except OSError:
            pass
        finally:
            self.ends -= both
            for end in both:
                end.close()

    async def _pass_on(self, source, target):
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(source, STEP):
                await asyncio.sleep(self.delay_s)
                await self.is_flowing.wait()
                await loop.sock_sendall(target, data)
        except OSError:
            pass

    async def _silence(self):
        self.is_flowing.clear()
        self.accepting.cancel()
        self.listener.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((HOST, self.port))
            self.fillers.append(filler)

    async def _cut(self):
        self.accepting.cancel()
        self.listener.close()
        for end in self.ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RDWR) if end.fileno() >= 0 else None

    async def _mend(self):
        self.delay_s = 0.0
        for filler in self.fillers:
            filler.close()
        self.fillers = []
        if self.listener.fileno() < 0:
            await self._listen()
        elif self.accepting.cancelled() or self.accepting.cancelling():
            self._accept()
        self.is_flowing.set()
