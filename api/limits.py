"""What a request may cost before anyone looks at it.

Rules:
- a body longer than its route allows is refused at once if its length is announced, else when it has come that far;
- a body that stops coming is given up after ``body_timeout_s``;
- headers above ``header_bytes`` are refused, and so is a path or query with NUL or with bytes that are not UTF-8;
- a refused body closes the connection: nobody reads the rest.
"""

from __future__ import annotations

import asyncio
import functools
import types
from collections.abc import Awaitable, Collection, Generator
from typing import Any, TypeVar, cast
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.options import LimitSettings
from api.problems import ProblemError, problem_response

CLOSE = {"Connection": "close"}
Result = TypeVar("Result")


class Limits:
    """ASGI middleware; ``batch_paths`` are the paths whose bodies may be as long as a batch."""

    def __init__(self, app: ASGIApp, *, limits: LimitSettings, batch_paths: Collection[str]) -> None:
        self._app = app
        self._limits = limits
        self._batch_paths = frozenset(batch_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer the problem it has."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.batch_body_bytes if scope["path"] in self._batch_paths else self._limits.body_bytes
        fault = self._fault(scope, limit)
        if fault is not None:
            await problem_response(scope, fault, headers=CLOSE)(scope, receive, send)
            return
        await self._app(scope, _Metered(receive, limit, self._limits.body_timeout_s), send)

    def _fault(self, scope: Scope, limit: int) -> str | None:
        size = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            if name == b"content-length" and (not value.isdigit() or int(value[:20]) > limit):
                return "request/too_large"
        if size > self._limits.header_bytes:
            return "request/headers_too_large"
        if "\0" in scope["path"] or "\ufffd" in scope["path"] or not _is_clean(scope["query_string"]):
            return "request/not_utf8"
        return None


class _Metered:
    """``receive`` that counts the body and does not wait for ever."""

    def __init__(self, receive: Receive, limit: int, timeout_s: int) -> None:
        self._receive = receive
        self._left = limit
        self._timeout_s: int | None = timeout_s

    async def __call__(self) -> Message:
        try:
            message = await within(self._timeout_s, self._receive())
        except TimeoutError:
            raise ProblemError("request/timeout", headers=CLOSE) from None
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise ProblemError("request/too_large", headers=CLOSE)
            if not message.get("more_body", False):
                self._timeout_s = None  # what follows is only the wait for a disconnect
        return message


async def within(seconds: float | None, work: Awaitable[Result]) -> Result:
    """Await ``work`` for at most so long. Raises: TimeoutError.

    What is there at once is answered without setting a timer, which would cost more than the receiving.
    """
    steps = work.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as done:
        return cast("Result", done.value)
    async with asyncio.timeout(seconds):
        return await _resume(steps, waits_for)


@types.coroutine
def _resume(steps: Generator[Any, Any, Result], waits_for: Any) -> Generator[Any, Any, Result]:
    """Go on with what has begun, as ``await`` would have (PEP 380)."""
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001  a cancellation belongs to the work as well
            step = functools.partial(steps.throw, error)
        else:
            step = functools.partial(steps.send, sent)
        try:
            waits_for = step()
        except StopIteration as done:
            return cast("Result", done.value)


def _is_clean(query: bytes) -> bool:
    if b"%" not in query:
        return query.isascii()
    try:
        return "\0" not in unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError:
        return False
