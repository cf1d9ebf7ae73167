"""The outermost layer: request id, access log, metrics, security headers, and the answer to what nobody caught.

Rules:
- every request gets an id of our own; it is the ``instance`` of its problem and stands in the log;
- what is logged and counted is the route's template, never the path;
- a fault nobody caught is answered with a problem that says nothing, and logged without its message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.identity import Principal
from api.logs import ACCESS, AccessRecord
from api.metrics import Metrics

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
]
NO_STORE = (b"cache-control", b"no-store")
DOCS_POLICY = b"default-src 'self' https://cdn.jsdelivr.net 'unsafe-inline'; img-src data: https://fastapi.tiangolo.com"
DOCS_PATHS = frozenset({"/docs", "/redoc"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ID_BYTES, IDS_DRAWN = 16, 256
Guard = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]


class Observed:
    """ASGI middleware; ``guard`` runs the application and answers what it lets through."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, new_id: Callable[[], str], guard: Guard) -> None:
        self._app = app
        self._metrics = metrics
        self._new_id = new_id
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = self._new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        outgoing = Outgoing(send, request_id.encode(), docs=scope["path"] in DOCS_PATHS)
        try:
            await self._guard(self._app, scope, receive, outgoing)
        finally:
            self._note(scope, outgoing.status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "-")
        method = scope["method"] if scope["method"] in METHODS else "-"
        self._metrics.request(method, route, status, seconds=seconds)
        if not ACCESS.isEnabledFor(logging.INFO):
            return
        state = scope["state"]
        caller: Principal | None = state.get("principal")
        fields = {
            "request_id": state["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "duration_us": int(seconds * 1_000_000),
            "tenant": caller.tenant if caller else None,
            "roles": sorted(caller.roles) if caller else None,
            "caller": (caller.client or caller.staff) if caller else None,
            "problem": state.get("problem"),
        }
        ACCESS.handle(AccessRecord({name: value for name, value in fields.items() if value is not None}))


class RequestIds:
    """Makes request ids: 128 random bits each, drawn many at a time."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._ids: list[str] = []

    def __call__(self) -> str:
        """The next id."""
        if not self._ids:
            drawn = self._random(ID_BYTES * IDS_DRAWN)
            self._ids = [drawn[start : start + ID_BYTES].hex() for start in range(0, len(drawn), ID_BYTES)]
        return self._ids.pop()


class Outgoing:
    """``send`` that adds headers and remembers the status."""

    def __init__(self, send: Send, request_id: bytes, *, docs: bool) -> None:
        self._send = send
        self._added = [(b"x-request-id", request_id), *HEADERS]
        if docs:
            self._added[2] = (b"content-security-policy", DOCS_POLICY)
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send a message on; headers join the start of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *self._added]
            for name, _ in headers:
                if name == b"cache-control":
                    break
            else:
                headers.append(NO_STORE)
            message = {**message, "headers": headers}
        await self._send(message)
