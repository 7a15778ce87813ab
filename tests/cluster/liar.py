# SPDX-License-Identifier: Apache-2.0
"""liar.py - faults that are planted between a gateway and its database

A Liar is a link that is honest, hasty or racy. Hasty: it answers a COMMIT as if
it were done, and passes it on a moment later: whoever is killed meanwhile has
told of a change that was never made. Racy: it takes the locks out of what
statements that writers decide by: two of them read the same, and each decides
that he is the first. (Of statements that are not prepared: prepare=off.)
"""
import asyncio
import re
import socket
import struct

from link import HOST, Link

SSL_REQUEST = 80877103
QUERY, PARSE = b"Q", b"P"
READY = b"Z"
IDLE = b"I"
LOCK = re.compile(rb"FOR (NO KEY )?UPDATE( OF \w+)?(?! SKIP)")
LATER_S = 0.2


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


async def read_message(reader):
    """(its kind, its body)"""
    kind = await reader.readexactly(1)
    size = struct.unpack("!I", await reader.readexactly(4))[0]
    return kind, await reader.readexactly(size - 4)


class _Talk:
    """One connection: PostgreSQL's messages, of which some are changed."""

    def __init__(self, link, client, server):
        self.link = link
        self.from_client, self.to_client = client
        self.from_server, self.to_server = server
        self.asked = asyncio.Queue()
        self.is_client_gone = False
        self.num_unwanted = 0  # answers that were given already

    async def run(self):
        await self._greet()
        ways = [asyncio.ensure_future(way) for way in
                (self._hear(), self._ask(), self._answer())]
        await asyncio.wait(ways[1:], return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _greet(self):
        """What comes first has no kind. TLS is refused by the server."""
        while True:
            size = await self.from_client.readexactly(4)
            body = await self.from_client.readexactly(
                struct.unpack("!I", size)[0] - 4)
            self.to_server.write(size + body)
            if struct.unpack("!I", body[:4])[0] != SSL_REQUEST:
                return
            self.to_client.write(await self.from_server.readexactly(1))

    async def _hear(self):
        """All that the client says, as it comes: so that its end is known."""
        try:
            while True:
                await self.asked.put(await read_message(self.from_client))
        except (OSError, asyncio.IncompleteReadError):
            self.is_client_gone = True
            await self.asked.put(None)

    async def _ask(self):
        while asked := await self.asked.get():
            kind, body = asked
            body = await self.link.twist(self, kind, body)
            self.to_server.write(message(kind, body))

    async def _answer(self):
        while True:
            kind, body = await read_message(self.from_server)
            if self.num_unwanted == 0:
                self.to_client.write(message(kind, body))
            elif kind == READY:
                self.num_unwanted -= 1


class Liar(Link):
    mode = "honest"

    async def _carry(self, near):
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = await asyncio.open_connection(sock=near)
        try:
            server = await asyncio.open_connection(HOST, self.target)
        except OSError:
            client[1].close()
            return
        try:
            await _Talk(self, client, server).run()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            client[1].close()
            server[1].close()

    async def twist(self, talk, kind, body):
        """What is asked in the place of that."""
        if self.mode == "racy" and kind in (QUERY, PARSE):
            return LOCK.sub(lambda lock: b" " * len(lock[0]), body)
        if self.mode == "hasty" and kind == QUERY and body == b"COMMIT\0":
            talk.num_unwanted += 1
            talk.to_client.write(message(b"C", body) + message(READY, IDLE))
            await asyncio.sleep(LATER_S)
            if talk.is_client_gone:
                raise ConnectionResetError("who has asked is dead")
        return body
