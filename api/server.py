"""The HTTP server: uvicorn with the limits it lacks.

Rules:
- a connection must have sent its request's headers within ``header_timeout_s``, and they may not be longer than
  ``header_bytes``: the server's own parser waits and collects without end;
- a connection idle after an answer is closed after five seconds; above ``connections`` the server answers 503;
- at shutdown, requests under way get ten seconds;
- no ``Server`` header, no access log of the server's own (it writes paths and queries), no forwarded headers trusted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.options import LimitSettings
from api.settings import Settings

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

KEEP_ALIVE_S = 5
SHUTDOWN_S = 10
BACKLOG = 2048
CONTINUE = b"HTTP/1.1 100 "


class OnePiece:
    """The connection, for one answer: its head waits for what follows, so that both are one call to the system."""

    __slots__ = ("_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send a piece: the head of the answer with the next one, everything else at once."""
        if self._head is None and not data.startswith(CONTINUE):
            self._head = data
        elif self._head:
            self._transport.writelines((self._head, data))
            self._head = b""
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what was held back and close."""
        if self._head:
            self._transport.write(self._head)
        self._transport.close()


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose headers come too slowly or do not end."""

    limits: ClassVar[LimitSettings] = LimitSettings()
    _waiting: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn types it
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it while headers are not complete."""
        began_in_headers = self._in_headers
        super().data_received(data)
        if not self._in_headers:
            return
        if self._waiting is None:  # a request began and its headers did not come with it
            self._wait()
        if began_in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > self.limits.header_bytes:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Note that a request began."""
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0

    def on_headers_complete(self) -> None:
        """Note that the headers are there."""
        self._arrived()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Answer a request, its head and body in one piece."""
        cycle.transport = cast("asyncio.Transport", OnePiece(cycle.transport))
        super()._start_asgi_task(cycle, app)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.limits.header_timeout_s, self._give_up)

    def _arrived(self) -> None:
        self._in_headers = False
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def server_config(app: ASGIApp | str, settings: Settings, **changes: Any) -> uvicorn.Config:
    """The server's settings for ``app``; ``changes`` override single ones."""
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "http": type("Protocol", (GuardedProtocol,), {"limits": settings.limits}),
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": SHUTDOWN_S,
        "limit_concurrency": settings.limits.connections,
        "backlog": BACKLOG,
    }
    return uvicorn.Config(app, **{**options, **changes})
