"""What the ledger costs a read: the same reads with and without the record, turn by turn in one run.

Three gates on one database: the service's; one whose store inserts nothing; one that does not even make the entry.
The last two release values that stand in no ledger: they exist here only.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median

from api.database import Database
from api.gates import ColdPath, open_store
from gate import Gate
from gate.deciding import Decider
from gate.engines import EmbeddedEngine
from gate.fetching import Fetcher, Item
from gate.memo import DecisionMemo
from gate.recording import Recorder
from gate.situating import Situated, Situator
from gate.store import Gathered, HotStore, Record, Scope, Sealed
from tests.bench.figures import figures
from tests.bench.in_process import Case
from tests.bench.report import Table
from tests.bench.worlds import Measured
from vault import FileRootKey, KeyRing, load_key_ring

MEMO = 65_536
CASES = ((1, 1500), (10, 600), (100, 150))


class Unrecorded:
    """The real store, but for what it is told to record: that is answered, and inserted nowhere."""

    def __init__(self, inner: HotStore) -> None:
        self._inner = inner
        self._numbers = itertools.count(1)

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        return await self._inner.gather(wanted)

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await self._inner.heads(streams)

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        return await self._inner.observed(tenant, refs, segments)

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        return await self._inner.births(tenant, refs)

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        return await self._inner.fetch(tenant, refs, segments)

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        del epoch
        return {(record.row[1], record.row[2]): next(self._numbers) for record in records}

    async def close(self) -> None:
        await self._inner.close()


class NoRecorder(Recorder):
    """Makes no entry at all."""

    async def record(self, situated: Situated, items: Sequence[Item], policy: str) -> dict[Item, int]:
        del situated, policy
        return dict.fromkeys(items, 0)


GATES = ("recorded", "entry made, not inserted", "no entry")


@asynccontextmanager
async def gates(measured: Measured) -> AsyncIterator[dict[str, Gate]]:
    """The three gates."""
    async with AsyncExitStack() as stack:
        database = Database.open(measured.url)
        stack.push_async_callback(database.close)
        async with database.reading() as tx:
            keys = await load_key_ring(tx.connection, FileRootKey.open(measured.folder / "root.key"))
        found: dict[str, Gate] = {}
        for name in GATES:
            real = await open_store(measured.url, database.clock)
            store: HotStore = real if name == "recorded" else Unrecorded(real)
            found[name] = _gate(store, database, keys, makes_entries=name != "no entry")
            stack.push_async_callback(store.close)
            stack.push_async_callback(found[name].close)
        yield found


def _gate(store: HotStore, database: Database, keys: KeyRing, *, makes_entries: bool) -> Gate:
    cold = ColdPath(database, keys)
    kind = Recorder if makes_entries else NoRecorder
    return Gate(
        Situator(store, keys, cold.config),
        Decider(EmbeddedEngine(), DecisionMemo(MEMO), deadline_s=10),
        Fetcher(store, keys, tokens=cold.tokens, identifiers=cold.identifiers),
        kind(store, keys, cold.keep),
    )


async def measure(databases: Mapping[str, Measured], *, quick: bool) -> Table:
    """The table: the same call through each gate in turn, so that a busy moment meets all of them."""
    rows: list[tuple[object, ...]] = []
    for name, measured in databases.items():
        for subjects, rounds in CASES:
            case = Case(subjects, 10, MEMO, rounds // 5 if quick else rounds)
            times: dict[str, list[float]] = {each: [] for each in GATES}
            async with gates(measured) as running:
                for call in case.calls(measured):
                    for kind, gate in running.items():
                        began = time.perf_counter()
                        await gate.read(call)
                        times[kind].append(time.perf_counter() - began)
                        await asyncio.sleep(0)
            whole = median(times["recorded"][3:])
            for kind, spent in times.items():
                found = figures(spent[3:], sum(spent[3:]))
                share = "" if kind == "recorded" else f"{(1 - median(spent[3:]) / whole) * 100:.0f} %"
                rows.append((name, f"{subjects} x 10", kind, *found.row()[:2], share))
    head = ("database", "subjects x features", "gate", "p50 ms", "p99 ms", "the rest is the ledger's")
    return Table("What the ledger costs a read, memo on, call by call in turn", head, rows)
