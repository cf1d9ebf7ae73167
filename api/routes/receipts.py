"""Receipts: a proof that an entry is in the log, for auditors and for the person it is about.

Rules:
- an auditor gets one for any entry of the tenant, a data subject for their own; anybody else's counts as absent;
- a receipt says where an entry stands, not what it says: asking for one is no look at the entry, and not recorded;
- every consent given, refused or withdrawn is answered with its receipts unasked (``receipted``), if the log is quick
  enough; the log gets what is left of ``ANSWER_S`` since the request began, and a repetition under the same key gets
  them anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request
from starlette.responses import Response

from api.access import Holds
from api.identity import Principal, Role
from api.routes.wire import EntryId, routes
from api.service import service_of
from api.usecases.asking import check_visible
from lineage.log import LogNotReadyError

ROUTER = routes()
Asker = Annotated[Principal, Depends(Holds(Role.AUDITOR, Role.SUBJECT))]
Route = TypeVar("Route", bound=Callable[..., Awaitable[Response]])
OF_CONTENT = frozenset({"content-length", "content-type"})
TEXT = "text/plain; charset=utf-8"
SHOWN = 20
WAIT_S = 1.5
ANSWER_S = 2.0
LEAST_S = 0.05


@ROUTER.get(
    "/v1/entries/{entry}/receipt",
    tags=["log"],
    summary="Prove that an entry is in the log",
    response_class=Response,
    responses={200: {"content": {TEXT: {"schema": {"type": "string"}}}}},
)
async def receipt(request: Request, entry: EntryId, caller: Asker) -> Response:
    """Answer a receipt (c2sp.org/tlog-proof@v1), to be checked against the entry and the log's key."""
    service = service_of(request.app.state)
    async with service.database.reading() as tx:
        await check_visible(tx.connection, caller, int(entry))
    found = await service.log.receipts([int(entry)], wait_s=WAIT_S)
    if int(entry) not in found:
        raise LogNotReadyError("no checkpoint covers the entry yet")
    return Response(found[int(entry)], media_type=TEXT, headers={"Cache-Control": "private, no-cache"})


def receipted(route: Route) -> Route:
    """Add to a route's answer the receipts of the ``entries`` it names, once they are committed."""

    @wraps(route)
    async def answer(*, request: Request, **parts: Any) -> Response:
        end = time.monotonic() + ANSWER_S
        made = await route(request=request, **parts)
        document: dict[str, Any] = json.loads(bytes(made.body))
        entries: list[str] = document.get("entries", [])
        if not entries:
            return made
        within_s = min(WAIT_S, max(LEAST_S, end - time.monotonic()))
        named = [int(entry) for entry in entries[:SHOWN]]
        found = await service_of(request.app.state).log.receipts_or_none(named, within_s=within_s)
        document["receipts"] = [
            {"entry": entry, "receipt": found.get(int(entry)), "receipt_url": f"/v1/entries/{entry}/receipt"}
            for entry in entries
        ]
        kept = {name: value for name, value in made.headers.items() if name not in OF_CONTENT}
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return Response(content, made.status_code, kept, made.headers["content-type"])

    return cast("Route", answer)
