"""A TCP proxy between a replica and PostgreSQL that can lose answers.

While it swallows, what the replica sends still arrives and is done; what PostgreSQL answers is thrown away and the
connection is cut a moment later: a COMMIT took effect and nobody was told.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

CHUNK_B = 65_536
CUT_AFTER_S = 0.05


class Proxy:
    """Listens on a loopback port and forwards to the server's Unix socket in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._socket = next(path for path in folder.iterdir() if path.name.startswith(".s.PGSQL.") and path.is_socket())
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._swallow = asyncio.Event()
        self.swallowed_b = 0

    @classmethod
    async def open(cls, folder: Path) -> Proxy:
        """Start listening."""
        made = cls(folder)
        made._server = await asyncio.start_server(made._accept, "127.0.0.1", 0)
        return made

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def lose_answers(self, seconds: float) -> None:
        """Throw answers away and cut their connections, for some time."""
        self._swallow.set()
        await asyncio.sleep(seconds)
        self._swallow.clear()

    async def close(self) -> None:
        """Cut everything."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            writer.close()
            return
        self._open |= {writer, up_writer}
        try:
            await asyncio.gather(self._forward(reader, up_writer), self._answer(up_reader, writer, up_writer))
        finally:
            for each in (writer, up_writer):
                each.close()
                self._open.discard(each)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while sent := await reader.read(CHUNK_B):
                writer.write(sent)
                await writer.drain()
        writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up_writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while answer := await reader.read(CHUNK_B):
                if self._swallow.is_set():
                    self.swallowed_b += len(answer)
                    await asyncio.sleep(CUT_AFTER_S)  # what is on its way to the server still gets there
                    up_writer.close()
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()
