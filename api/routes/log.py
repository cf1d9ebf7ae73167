"""The transparency log, as auditors fetch it: checkpoint, tiles, entry bundles, proofs, key (C2SP tlog-tiles).

Rules:
- the prefix is ``/v1/log``; only what the newest checkpoint covers is served, by paths in their one spelling;
- a checkpoint is asked for anew each time (``no-cache`` with an ETag); tiles and bundles never change;
- bundles hold entries of every tenant: they go to an auditor if all entries are their tenant's, or if the operator
  named the tenant (``transparency.auditors``); hashes and proofs say nothing and go to every auditor;
- the public key is for everybody who may hold a receipt.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from api.access import Auditor, Caller
from api.identity import Principal
from api.problems import ProblemError
from api.routes.wire import Answer, routes
from api.service import Service, service_of
from lineage import holds_others
from lineage.log import LogNotFoundError, TileMalformedError, TilePlace

ROUTER = routes()
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"
FRESH = "private, no-cache"
FOR_EVER = "private, max-age=31536000, immutable"
MAX_SIZE = 2**63 - 1
NOT_MODIFIED: dict[str, Any] = {"description": "The caller's copy is still right."}
Size = Annotated[int, Query(ge=0, le=MAX_SIZE)]


class LogKey(Answer):
    """The log's name and the key that verifies its checkpoints; witnesses whose cosignatures it carries."""

    origin: str
    key: str
    witnesses: list[str]


class GrowthProof(Answer):
    """The hashes that show that the log of ``new`` entries begins with the log of ``old`` ones; base64."""

    old: int
    new: int
    old_root: str
    new_root: str
    proof: list[str]


@ROUTER.get("/v1/log/key", tags=["log"], summary="The key that verifies the log")
async def key(request: Request, caller: Caller) -> LogKey:
    """Answer the verifier key, to be kept apart from the log."""
    del caller
    service = service_of(request.app.state)
    witnesses = [each.key for each in service.settings.transparency.witnesses]
    return LogKey(origin=service.log.key.name, key=service.log.key.text, witnesses=witnesses)


@ROUTER.get(
    "/v1/log/checkpoint",
    tags=["log"],
    summary="The newest checkpoint",
    response_class=Response,
    responses={200: {"content": {TEXT: {"schema": {"type": "string"}}}}, 304: NOT_MODIFIED},
)
async def checkpoint(request: Request, caller: Auditor) -> Response:
    """Answer the signed head of the log, as a note."""
    del caller
    _, data = await asyncio.to_thread(service_of(request.app.state).log.reader.head)
    return _kept(request, data, TEXT, FRESH)


@ROUTER.get(
    "/v1/log/tile/{path:path}",
    tags=["log"],
    summary="A tile of hashes, or a bundle of entries",
    response_class=Response,
    responses={200: {"content": {BINARY: {"schema": {"type": "string", "format": "binary"}}}}, 304: NOT_MODIFIED},
)
async def tile(request: Request, path: str, caller: Auditor) -> Response:
    """Answer ``<level>/<index>`` or ``entries/<index>``, each with ``.p/<width>`` where it is not full."""
    service = service_of(request.app.state)
    try:
        place = TilePlace.parse(f"tile/{path}")
    except TileMalformedError:
        raise LogNotFoundError("the log has no such piece") from None
    if place.level is None:
        await _check_entries(service, caller)
    return _kept(request, await asyncio.to_thread(_fetch, service, place), BINARY, FOR_EVER)


@ROUTER.get("/v1/log/proof", tags=["log"], summary="Prove that the log only grew")
async def proof(request: Request, caller: Auditor, old: Size, new: Size | None = None) -> GrowthProof:
    """Answer the consistency proof between two sizes; ``new`` left out is the newest checkpoint's."""
    del caller
    reader = service_of(request.app.state).log.reader
    end, hashes = await asyncio.to_thread(reader.consistency, old, new)
    roots = [_text(await asyncio.to_thread(reader.root, size)) for size in (old, end)]
    return GrowthProof(old=old, new=end, old_root=roots[0], new_root=roots[1], proof=[_text(each) for each in hashes])


def _fetch(service: Service, place: TilePlace) -> bytes:
    """The bytes of a piece that the newest checkpoint covers. Raises: LogNotFoundError."""
    reader = service.log.reader
    size = reader.head()[0].size
    level = place.level or 0
    if level >= 8 or (place.index * 256 + place.width) << 8 * level > size:
        raise LogNotFoundError("the log has no such piece")
    return reader.source.fetch(place.path)


async def _check_entries(service: Service, caller: Principal) -> None:
    """Raise ProblemError log/other_tenants unless the caller may see every entry."""
    if caller.tenant in service.settings.transparency.auditors:
        return
    async with service.database.reading() as tx:
        if await holds_others(tx.connection, caller.tenant):
            raise ProblemError("log/other_tenants")


def _kept(request: Request, data: bytes, media_type: str, caching: str) -> Response:
    """The bytes with their ETag, or 304 if the caller has them."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": caching, "Vary": "Authorization"}
    asked = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in asked:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
