"""Idempotency-Key on writes (draft-ietf-httpapi-idempotency-key-header).

Rules:
- the key counts per tenant, caller, method and path; its row is written in the same transaction as the write, so either
  both are there or neither is;
- the same key with the same request answers what was answered before, with ``Idempotent-Replayed: true``;
- the same key with another request (query or body) is refused with 422, as the draft says;
- two at once: the second waits for the first, and then replays it or, if the first failed, does the work itself;
- refusals and faults are not kept: their transaction rolls back, and trying again is the point of the key;
- only answers without personal data may be kept, since they stand in the table as they are.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.database import Transaction
from api.identity import Principal
from api.problems import ProblemError
from api.store import KeptAnswer, claim_key, keep_answer

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
KEY = re.compile(r'[\x21\x23-\x7e]{1,128}|"[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}"')
Mac = Callable[[bytes], bytes]


@dataclass(slots=True)
class Slot:
    """Where a route puts its answer, and finds the one given before.

    ``replay`` is set when the work was done by an earlier request: answer it and do nothing.
    """

    replay: Response | None = None
    kept: tuple[int, str] | None = field(default=None, repr=False)

    def answer(self, body: Any, *, status: int = 200) -> Response:
        """Make the JSON answer of the work just done, and keep it under the key."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        self.kept = (status, text)
        return Response(text, status_code=status, media_type="application/json")


@asynccontextmanager
async def idempotent(
    request: Request, tx: Transaction, principal: Principal, *, mac: Mac, life: timedelta
) -> AsyncIterator[Slot]:
    """Do a write once for each Idempotency-Key; without the header, simply do it.

    Use inside the write's transaction: ``async with db.transaction() as tx, idempotent(...) as slot``.
    Raises: ProblemError: request/key_malformed, request/key_reused.
    """
    name = retry_key(request)
    if name is None:
        yield Slot()
        return
    key = mac(_joined("key", principal.id, request.method, request.url.path, name))
    digest = mac(_joined("request", request.url.query) + await request.body())
    now_us = int(tx.now.timestamp() * 1_000_000)
    expires_us = now_us + int(life.total_seconds()) * 1_000_000
    before = await claim_key(tx.connection, principal.tenant, key, request=digest, now_us=now_us, expires_us=expires_us)
    if before is not None:
        yield Slot(replay=_replayed(before, digest))
        return
    slot = Slot()
    yield slot
    if slot.kept is None:
        raise RuntimeError("a write under an Idempotency-Key ended without an answer to keep")
    await keep_answer(tx.connection, principal.tenant, key, status=slot.kept[0], body=slot.kept[1])


def retry_key(request: Request) -> str | None:
    """The key of a request; None without one. Raises: ProblemError: request/key_malformed."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) != 1 or KEY.fullmatch(given[0]) is None:
        raise ProblemError("request/key_malformed")
    return given[0].strip('"')


def _joined(*parts: str) -> bytes:
    """The parts with their lengths, so that no two lists of parts are one text."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _replayed(before: KeptAnswer, digest: bytes) -> Response:
    if not hmac.compare_digest(before.request, digest):
        raise ProblemError("request/key_reused")
    return Response(
        before.body,
        status_code=before.status,
        headers={REPLAYED: "true"},
        media_type="application/json",
    )
