"""How fast recorded decisions are made again: in batches with each situation once, beside one by one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import msgspec

from api.database import Database
from api.gates import GateOptions, open_gate
from gate import ReadCall
from gate.engines import EmbeddedEngine, load_bundle
from gate.replaying import RecordedRead, Replayer, Verdict, recorded
from gate.replaying.previewing import preview
from lineage import Window, read_page
from tests.bench.report import Table
from tests.bench.worlds import FEATURES, Measured
from vault import FileRootKey, load_key_ring

AT_ONCE, PAGE, ALONE, KINDS = 100, 1000, 300, 50


async def measure(measured: Measured, name: str, *, quick: bool) -> Table:
    """The table for one database."""
    database = Database.open(measured.url)
    await _read(database, measured, 3_000 if quick else 50_000)
    async with database.snapshot() as tx:
        reads, after = [], (0, 0)
        while page := await read_page(tx.connection, Window(), after=after, limit=PAGE):
            after = page[-1][:2]
            reads += [recorded(row[1], msgspec.json.decode(row[2])) for row in page]
        situations = len({(read.policy, read.facts) for read in reads})
        batched = await _replayed(tx.connection, reads, PAGE)
        alone = await _replayed(tx.connection, random.Random(3).sample(reads, ALONE), 1)  # noqa: S311  a bench
        began = time.perf_counter()
        found = await preview(tx.connection, load_bundle(), Window())
        previewed = found.reads / (time.perf_counter() - began)
    await database.close()
    rows = [
        ("replay, pages of 1,000, each situation once", name, f"{len(reads):,}", situations, f"{batched:,.0f}"),
        ("replay, read by read, nothing remembered", name, f"{ALONE:,}", "", f"{alone:,.0f}"),
        ("policy preview, counting included", name, f"{found.reads:,}", found.situations, f"{previewed:,.0f}"),
    ]
    return Table("Recorded decisions made again", ("what", "database", "reads", "situations", "reads/s"), rows)


async def _replayed(connection: object, reads: Sequence[RecordedRead], size: int) -> float:
    """Reads a second; of single ones the replayer forgets answers in between."""
    replayer = Replayer()
    began = time.perf_counter()
    for start in range(0, len(reads), size):
        if size == 1:
            replayer._answers.clear()
        for each in await replayer.replay(connection, reads[start : start + size]):  # type: ignore[arg-type]
            if each.verdict is not Verdict.SAME:
                raise AssertionError(each)
    took = time.perf_counter() - began
    await replayer.close()
    return len(reads) / took


async def _read(database: Database, measured: Measured, count: int) -> None:
    """Reads of many people with many lists of features."""
    async with database.reading() as tx:
        keys = await load_key_ring(tx.connection, FileRootKey.open(measured.folder / "root.key"))
    engine = EmbeddedEngine()
    gate, store = await open_gate(measured.url, database, keys, engine, GateOptions(deadline_s=10))
    chance, names = random.Random(5), measured.names(FEATURES)  # noqa: S311  a bench
    lists = [tuple(chance.sample(names, 10)) for _ in range(KINDS)]
    try:
        for turn in range(count // AT_ONCE):
            refs = tuple(chance.sample(measured.refs, AT_ONCE))
            await gate.read(ReadCall("lender", "scoring", "credit_scoring", "cash_loan", refs, lists[turn % KINDS]))
            await asyncio.sleep(0)
    finally:
        await gate.close()
        await store.close()
        await engine.close()
