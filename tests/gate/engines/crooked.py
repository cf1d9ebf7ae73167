"""A raw server in place of OPA that answers whatever it is told, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Crooked:
    """What it answers, after how long, and what it was asked.

    Attributes:
        head: status and further header lines, without Content-Length.
    """

    body: bytes = b"{}"
    head: str = "200 OK"
    delay_s: float = 0
    cut: bool = False
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            await self.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                self.asked.append(head + await reader.readexactly(length))
                await asyncio.sleep(self.delay_s)
                size = len(self.body) + (10 if self.cut else 0)
                kind = "" if "Content-Type" in self.head else "Content-Type: application/json\r\n"
                writer.write(f"HTTP/1.1 {self.head}\r\n{kind}Content-Length: {size}\r\n\r\n".encode() + self.body)
                await writer.drain()
                if self.cut:
                    break


@asynccontextmanager
async def crooked_server() -> AsyncIterator[Crooked]:
    crooked = Crooked()
    server = await asyncio.start_server(crooked.accept, "127.0.0.1", 0)
    crooked.port = server.sockets[0].getsockname()[1]
    try:
        yield crooked
    finally:
        server.close()
        for task in crooked.serving:
            task.cancel()
        await asyncio.gather(*crooked.serving)
