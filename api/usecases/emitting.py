"""Reads told to an OpenLineage server, in the background or by command.

Rules: off unless a URL is set; a range is told before the position moves, so a failure tells it again under the same
run id; nothing waits for the server but the teller itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from api.database import Database
from lineage.graph import (
    EMITTED,
    advance,
    claim,
    events,
    position,
    reads_between,
    released_features,
    settled,
)

SPAN = 100_000
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """An OpenLineage endpoint: its whole URL and, if it asks for one, its token."""

    url: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A range that was told: how many events, and the last entry they hold."""

    events: int
    last: int


async def next_events(database: Database, *, span: int = SPAN) -> tuple[list[dict[str, Any]], int]:
    """The events of the next range, and where it ends."""
    async with database.reading() as tx:
        after = await position(tx.connection, EMITTED)
        last = min(await settled(tx.connection), after + span)
        if last <= after:
            return [], after
        reads = await reads_between(tx.connection, after, last)
        features: dict[tuple[str, str], list[tuple[str, Sequence[str]]]] = {}
        for tenant in sorted({each.tenant for each in reads}):
            shapes = sorted({each.shape for each in reads if each.tenant == tenant})
            for shape, uses in (await released_features(tx.connection, tenant, shapes)).items():
                features[tenant, shape] = [(use.feature, use.fields) for use in uses]
        return events(reads, features), last


async def emit(database: Database, server: Server, http: httpx.AsyncClient) -> Told:
    """Tell the next range. Raises: httpx.HTTPError: the server did not take an event; nothing moved."""
    found, last = await next_events(database)
    headers = {} if server.token is None else {"Authorization": f"Bearer {server.token}"}
    for event in found:
        answer = await http.post(server.url, json=event, headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
    async with database.transaction() as tx:
        before = await claim(tx.connection, EMITTED, now=tx.now)
        if before is not None and before < last:
            await advance(tx.connection, EMITTED, last, now=tx.now)
    return Told(len(found), last)


async def emit_all(database: Database, server: Server, http: httpx.AsyncClient) -> Told:
    """Tell every range up to the ledger's end. Raises: as `emit`."""
    total, before = 0, -1
    while True:
        done = await emit(database, server, http)
        total += done.events
        if done.last == before:
            return Told(total, done.last)
        before = done.last
