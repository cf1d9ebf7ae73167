"""The transparency log: how fast entries get in, how long they wait for a checkpoint, how long a verification takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import quantiles

from sqlalchemy import insert

from api import migrate
from api.database import Database
from lineage import Moment, append
from lineage.entries import leaf_digest
from lineage.log import FolderSource, Trust, verify
from lineage.log.folder import opened
from lineage.tables import LedgerEntry
from tests import postgres
from tests.bench.report import Table
from tests.lineage import world
from tests.lineage.log import logs
from tests.lineage.log.running import KEY, SIGNER, Watcher, running, sequencer

ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
STEP = 4096


async def measure(folder: Path, *, quick: bool) -> Table:
    """The table of the log: catch-up and delay on each database, verification of a whole log."""
    await asyncio.to_thread(folder.mkdir)
    with postgres.server(folder / "postgres") as dsn:
        _, url = await asyncio.to_thread(postgres.new_database, dsn)
        urls = {"SQLite": f"sqlite+aiosqlite:///{folder / 'log.db'}", "PostgreSQL": url}
        rows = await _sequenced(urls, folder, quick=quick)
    rows.append(await asyncio.to_thread(_verified, folder / "log-whole", 100_000 if quick else 1_000_000))
    return Table("The transparency log", ("what", "where", "entries", "figure"), rows)


async def _sequenced(urls: Mapping[str, str], folder: Path, *, quick: bool) -> list[tuple[str, ...]]:
    count, seconds = (20_000, 4.0) if quick else (100_000, 15.0)
    rows: list[tuple[str, ...]] = []
    for name, url in urls.items():
        rows += await _on(name, url, folder / f"log-{name}", (count, seconds))
    return rows


async def _on(name: str, url: str, folder: Path, amount: tuple[int, float]) -> list[tuple[str, ...]]:
    count, seconds = amount
    database = Database.open(url)
    await migrate.upgrade(database)
    await _fill(database, count)
    began = time.perf_counter()
    size = await sequencer(database, folder, batch=2048).lead(until_caught_up=True)
    speed = size / (time.perf_counter() - began)
    watcher, written = Watcher(), 0
    async with running(sequencer(database, folder, watcher, interval_s=0.025, idle_s=0.1)):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            async with database.transaction() as tx:
                await append(tx.connection, [world.party() for _ in range(10)], now=tx.now, mac=world.MAC)
            written += 10
            await asyncio.sleep(0.02)
        for _ in range(3000):
            if watcher.sizes[-1:] == [size + written]:
                break
            await asyncio.sleep(0.01)
    await database.close()
    p99_ms = quantiles(watcher.delays, n=100)[98] * 1000
    return [
        ("sequencer catching up", name, f"{size:,}", f"{speed:,.0f} entries/s"),
        ("commit to signed checkpoint, p99", name, f"{written:,} at {written / seconds:,.0f}/s", f"{p99_ms:.0f} ms"),
    ]


async def _fill(database: Database, count: int) -> None:
    """Store entries as the read path would, without measuring it."""
    moment = Moment.of(datetime.now(UTC))
    bodies = islice(logs.history(), count)
    for number, batch in enumerate(iter(lambda: list(islice(bodies, STEP)), [])):
        rows = [_row(number * STEP + place, body, moment) for place, body in enumerate(batch, 1)]
        async with database.transaction() as tx:
            await tx.connection.execute(insert(ENTRIES), rows)


def _row(number: int, body: bytes, moment: Moment) -> dict[str, object]:
    named = {"tenant": "bank", "stream": "bench", "seq": number, "kind": "read", "outcome": "released"}
    return {**named, "at_us": moment.us, "body": body.decode(), "digest": leaf_digest(body), "mac": b""}


def _verified(folder: Path, count: int) -> tuple[str, ...]:
    entries = logs.history(2000)
    with opened(folder, KEY) as writer:
        while writer.size < count:
            staged = writer.stage(list(islice(entries, min(STEP, count - writer.size))))
            writer.publish(staged, staged.head.signed(SIGNER))
    began = time.perf_counter()
    report = verify(FolderSource(folder), Trust(KEY))
    took = time.perf_counter() - began
    if not (report.is_sound and report.good == count):
        raise AssertionError(report)
    return ("verification, with replay of every release", "folder", f"{count:,}", f"{took:.1f} s")
