"""``fence=drain``: an answer that comes only after the reads in flight have theirs.

Rules:
- a read that is recorded after a withdrawal's commit never releases under it, fence or no fence; the fence is for those
  recorded before, whose answers may still be on their way when the withdrawal is answered;
- it waits for the reads that this replica had begun; those of other replicas are recorded before the commit, and only
  the writing of their answers may still be under way: no replica can see another's sockets;
- fence or no fence, an answer is there within ``FENCED_S`` of the request: the reads get what is left of it, then the
  answer is 503, and the withdrawal, which is in effect, can be asked for again under its Idempotency-Key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, Literal, TypeVar, cast

from fastapi import Query, Request
from starlette.responses import Response

from api.problems import ProblemError
from api.service import service_of

FENCED_S = 2.0
LEAST_S = 0.05
Fence = Annotated[
    Literal["drain"] | None, Query(description="`drain`: answer only after the reads this replica had begun.")
]
Route = TypeVar("Route", bound=Callable[..., Awaitable[Response]])


def fenced(route: Route) -> Route:
    """Let a route's answer wait for the reads in flight if its ``fence`` says so.

    Raises: ProblemError: service/busy: the reads took too long; what the route did stands.
    """

    @wraps(route)
    async def answer(*, request: Request, **parts: Any) -> Response:
        end = asyncio.get_running_loop().time() + FENCED_S
        made = await route(request=request, **parts)
        if parts.get("fence") is not None:
            try:
                async with asyncio.timeout(max(LEAST_S, end - asyncio.get_running_loop().time())):
                    await service_of(request.app.state).gate.drain()
            except TimeoutError:
                raise ProblemError("service/busy") from None
        return made

    return cast("Route", answer)
