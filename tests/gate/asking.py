"""Ways to ask a gate, and gates put together from real parts with one part watched or disturbed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from api.gates import ColdPath, open_store
from consent import begin_change, end_change
from gate import Config, Gate, ReadCall, SubjectAnswer
from gate.deciding import Decider
from gate.engines import PolicyEngine
from gate.fetching import Fetcher
from gate.memo import DecisionMemo
from gate.recording import Recorder
from gate.situating import ConfigLoader, Situator
from gate.store import Gathered, HotStore, Record, Scope, Sealed
from tests.world import FEATURES, TENANT, World


def ask(*subjects: str, **changes: object) -> ReadCall:
    parts: dict[str, object] = {
        "tenant": TENANT,
        "client": "scoring",
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "subjects": subjects,
        "features": FEATURES,
    }
    return ReadCall(**(parts | changes))  # type: ignore[arg-type]


def reasons(answer: SubjectAnswer) -> set[str]:
    return {code for ruling in answer.rulings for code in ruling.reasons}


class WatchedStore:
    """The real store behind it, what it was asked, and something to happen before a step."""

    def __init__(self, inner: HotStore) -> None:
        self.inner = inner
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.before: dict[str, Callable[[], Awaitable[object]]] = {}

    def of(self, step: str) -> list[tuple[Any, ...]]:
        return [arguments for name, arguments in self.asked if name == step]

    async def _note(self, step: str, *arguments: Any) -> None:
        self.asked.append((step, arguments))
        if step in self.before:
            await self.before[step]()

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        await self._note("gather", wanted)
        return await self.inner.gather(wanted)

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        await self._note("heads", streams)
        return await self.inner.heads(streams)

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        await self._note("observed", tenant, refs, segments)
        return await self.inner.observed(tenant, refs, segments)

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        await self._note("births", tenant, refs)
        return await self.inner.births(tenant, refs)

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        await self._note("fetch", tenant, refs, segments)
        return await self.inner.fetch(tenant, refs, segments)

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        await self._note("record", epoch, records)
        return await self.inner.record(epoch, records)

    async def close(self) -> None:
        await self.inner.close()


@asynccontextmanager
async def watched_gate(
    url: str,
    lender: World,
    engine: PolicyEngine,
    *,
    memo: int = 1024,
    deadline_s: float = 1.0,
    load: ConfigLoader | None = None,
    shapes_per_day: int = 1000,
    groups_at_once: int = 1,
) -> AsyncIterator[tuple[Gate, WatchedStore]]:
    """A gate over a watched store; closed at the end."""
    store = WatchedStore(await open_store(url, lender.database.clock))
    cold = ColdPath(lender.database, lender.keys, shapes_per_day=shapes_per_day)
    gate = Gate(
        Situator(store, lender.keys, load or cold.config),
        Decider(engine, DecisionMemo(memo), deadline_s=deadline_s),
        Fetcher(store, lender.keys, tokens=cold.tokens, identifiers=cold.identifiers),
        Recorder(store, lender.keys, cold.keep),
        groups_at_once=groups_at_once,
    )
    try:
        yield gate, store
    finally:
        await gate.close()
        await store.close()


async def run_sql(lender: World, statement: str, **values: object) -> None:
    """Do something to the database that only its owner could."""
    async with lender.database.transaction() as tx:
        await tx.connection.execute(text(statement), values)


async def read_entries(lender: World) -> list[tuple[str, int, str, str]]:
    """(stream, seq, kind, outcome) of the whole ledger, in order."""
    async with lender.database.reading() as tx:
        found = await tx.connection.execute(text("SELECT stream, seq, kind, outcome FROM ledger_entries ORDER BY id"))
        return [(row[0], row[1], row[2], row[3]) for row in found]


async def count_reads(lender: World) -> int:
    return sum(kind == "read" for _, _, kind, _ in await read_entries(lender))


async def move_epoch(lender: World) -> None:
    """Change the configuration, to no effect but that it changed."""
    async with lender.database.transaction() as tx:
        await begin_change(tx.connection, lender.keys.rows)
        await end_change(tx.connection, lender.keys.rows)


async def configuration(lender: World) -> Config:
    return await ColdPath(lender.database, lender.keys).config()
