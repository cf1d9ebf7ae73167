"""The auditor's six questions on ledgers of 10^5, 10^6 and, with --long, 10^7 entries (`tests.bench.proof`).

The ledgers are made up in SQL, set by set, without the triggers that would refuse it; a subject has fifty reads
whatever the size, as in life. The follower's own code fills the tables of reach.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api import migrate
from api.database import Database
from lineage import Actor, FeatureOutcome, Kind, LedgerFilter, Mode, Role, Shape, ensure_shapes, outcome_of, search
from lineage.graph import (
    Cause,
    DeletionCause,
    Whom,
    feeding_reads,
    field_reach,
    fold,
    received,
    what_to_delete,
)
from tests import postgres
from tests.bench import paging, report

NOW = datetime(2026, 11, 23, tzinfo=UTC)
READS_EACH, SCORES_PER, WARM, ROUNDS = 50, 10, 3, 30
HEADS = ("database", "entries", "question", "p50 ms", "worst ms", "pages", "kB from disk")
LONG = 10_000_000
CLIENTS = ("limit_engine", "pricing", "collections", "partner_scoring")
FIELDS = ("credit_limit", "zhima_score", "repayment_record", "ecom_order_count", "payment_transactions")
NAME = {
    "postgresql": "'{prefix}' || lpad(translate(to_hex({number}), '0189', 'wxyz'), 26, 'g')",
    "sqlite": "'{prefix}' || substr('gggggggggggggggggggggggggg' || replace(replace(replace(replace("
    "printf('%x', {number}), '0', 'w'), '1', 'x'), '8', 'y'), '9', 'z'), -26)",
}
SERIES = {
    "postgresql": "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS s (n)",
    "sqlite": "(WITH RECURSIVE c (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM c WHERE n < :last) "
    "SELECT n FROM c) AS s",
}
FILL = """
INSERT INTO ledger_entries ({id}tenant, stream, seq, kind, at_us, client, party, purpose, subject, outcome, shape,
                            about, body, digest, mac) {overriding}
SELECT {number}'lender', {subject}, s.n / :people + 1, 'read', :start + s.n * 1000, h.client, h.party, 'credit_scoring',
       {subject}, 'released', h.shape, NULL,
       '{{"at":"2026-11-23T02:00:00.000000Z","catalog":"{digest}","features":{{"v:x":"bucket"}},"grants":[' ||
       '{{"id":"' || {grant} || '","version":1}}],"kind":"read","policy":"{digest}","product":"cash_loan",' ||
       '"shape":"' || h.shape || '"}}',
       {bytes}, {bytes}
FROM {series} JOIN bench_shapes AS h ON h.n = (s.n * 7 + s.n / :people) % :shapes
"""
SCORES = """
INSERT INTO lineage_scores SELECT 'lender', {score}, s.n, {subject}, 'limit_engine', 'lender', 'credit_scoring',
       'cash_loan', 'limit_model', '3.1', {true}, :start + s.n, '[]', {bytes} FROM {series}
"""
FED = "INSERT INTO lineage_score_reads SELECT 'lender', {score}, s.n * 10 + :offset FROM {series}"


@dataclass(frozen=True, slots=True)
class Sized:
    """A ledger: its database, how many entries and people it has."""

    name: str
    database: Database
    entries: int

    @property
    def people(self) -> int:
        return self.entries // READS_EACH

    def named(self, prefix: str, number: int) -> str:
        return prefix + f"{number:x}".translate(str.maketrans("0189", "wxyz")).rjust(26, "g")


async def measure(folder: Path, options: argparse.Namespace) -> report.Table:
    """The table: every question on every database and size asked for."""
    rows: list[tuple[object, ...]] = []
    with ExitStack() as stack:
        for name, make in _urls(folder, stack, options.database).items():
            sizes = [int(size) for size in options.sizes.split(",")]
            if options.long and options.long_on in {None, name.lower(), name.lower().removesuffix("ql")}:
                sizes.append(LONG)
            for size in sizes:
                ledger = Sized(name, Database.open(await asyncio.to_thread(make, size)), size)
                rows += await _measured(ledger)
                await ledger.database.close()
    return report.Table("The auditor's six questions", HEADS, rows)


async def _measured(ledger: Sized) -> list[tuple[object, ...]]:
    await migrate.upgrade(ledger.database)
    began = time.perf_counter()
    await _fill(ledger)
    built = time.perf_counter() - began
    began = time.perf_counter()
    await _follow(ledger)
    followed = ledger.entries / (time.perf_counter() - began)
    sys.stderr.write(f"{ledger.name} {ledger.entries}: built in {built:.0f} s, followed at {followed:,.0f} entries/s\n")
    chance = random.Random(7)  # noqa: S311 - a bench
    rows: list[tuple[object, ...]] = []
    for name, ask in QUESTIONS.items():
        for _ in range(WARM):
            await _asked(ledger, name, ask, chance.randrange(ledger.people))
        before = await paging.buffers(ledger.database)
        answers = [await _asked(ledger, name, ask, chance.randrange(ledger.people)) for _ in range(ROUNDS)]
        after = await paging.buffers(ledger.database)
        times = [spent * 1000 for spent, _ in answers]
        rows.append(
            (
                ledger.name,
                f"{ledger.entries:,}",
                name,
                f"{median(times):.2f}",
                f"{max(times):.2f}",
                _each(
                    [counted.calls for _, counted in answers] if before is None or after is None else [after - before]
                ),
                _each([counted.read for _, counted in answers], 1024),
            )
        )
    return rows


async def _asked(ledger: Sized, name: str, ask: Ask, who: int) -> tuple[float, paging.Disk]:
    """Seconds that a question took, and what was read for it."""
    async with ledger.database.reading() as tx:
        process = await paging.reader(tx.connection)
        with paging.disk(process) as counted:
            began = time.perf_counter()
            found = await ask(tx.connection, ledger, who)
            spent = time.perf_counter() - began
    if not found:
        raise SystemExit(f"{name}: nothing was found")
    return spent, counted


def _each(counts: Sequence[int | None], unit: int = 1) -> str:
    """What a question came to, of counts over all rounds."""
    known = [count for count in counts if count is not None]
    return f"{sum(known) / ROUNDS / unit:.0f}" if known else "-"


async def _fed(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    return await feeding_reads(connection, "lender", ledger.named("sc_", who))


async def _who_read(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    asked = LedgerFilter(subject=ledger.named("ps_", who), kind=Kind.READ)
    return (await search(connection, "lender", asked, limit=50)).entries


async def _grant(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    return await received(connection, "lender", ledger.named("ps_", who), grant=ledger.named("gr_", who))


async def _field(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    found = await field_reach(connection, "lender", FIELDS[who % len(FIELDS)])
    return found.subjects == ledger.people and found.models


async def _client(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    since = NOW + timedelta(milliseconds=ledger.entries * (who % 80) / 100)
    asked = LedgerFilter(client=CLIENTS[who % 4], kind=Kind.READ, since=since, until=since + timedelta(hours=1))
    return (await search(connection, "lender", asked, limit=50)).entries


async def _deletion(connection: AsyncConnection, ledger: Sized, who: int) -> object:
    grant = ledger.named("gr_", who)
    whom = Whom("lender", ledger.named("ps_", who), "sub_" + "a" * 26)
    cause = DeletionCause(Cause.WITHDRAWAL, Actor(Role.SYSTEM, "bench"), about=grant, grant=grant)
    return await what_to_delete(connection, whom, cause)


Ask = Callable[[AsyncConnection, Sized, int], Awaitable[object]]
QUESTIONS: dict[str, Ask] = {
    "what fed this score": _fed,
    "who read this person (50 of them)": _who_read,
    "what a grant was used for": _grant,
    "what a field reaches, with people": _field,
    "a client's reads in an hour (50 of them)": _client,
    "what to delete after a withdrawal": _deletion,
}


async def _fill(ledger: Sized) -> None:
    async with ledger.database.transaction() as tx:
        dialect = tx.connection.dialect.name
        for statement in _without_triggers(dialect):
            await tx.connection.execute(text(statement))
        shapes = _shapes()
        await ensure_shapes(tx.connection, shapes, now=NOW, mac=lambda _: b"\x00" * 32)
        await tx.connection.execute(text("DELETE FROM ledger_entries"))  # numbers from one on
        await tx.connection.execute(text("CREATE TABLE bench_shapes (n BIGINT, shape TEXT, client TEXT, party TEXT)"))
        for number, shape in enumerate(shapes):
            party = "partner" if shape.client.startswith("partner") else "lender"
            row = {"n": number, "shape": shape.digest, "client": shape.client, "party": party}
            await tx.connection.execute(text("INSERT INTO bench_shapes VALUES (:n, :shape, :client, :party)"), row)
            fed = {"shape": shape.digest}
            await tx.connection.execute(
                text("INSERT INTO lineage_model_shapes VALUES ('lender', :shape, 'limit_model', '3.1')"), fed
            )
    for first in range(0, ledger.entries, 500_000):
        async with ledger.database.transaction() as tx:
            await _rows(tx.connection, ledger, first, min(first + 500_000, ledger.entries) - 1, len(shapes))
    if not ledger.database.is_sqlite:
        async with ledger.database.transaction() as tx:
            await tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
            await tx.connection.execute(text("ANALYZE"))


async def _rows(connection: AsyncConnection, ledger: Sized, first: int, last: int, shapes: int) -> None:
    dialect = connection.dialect.name
    lite = dialect == "sqlite"
    if not lite:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
    parts = {
        "id": "id, ",
        "overriding": "" if lite else "OVERRIDING SYSTEM VALUE",
        "number": "s.n + 1, ",
        "subject": NAME[dialect].format(prefix="ps_", number="s.n % :people"),
        "grant": NAME[dialect].format(prefix="gr_", number="s.n % :people"),
        "score": NAME[dialect].format(prefix="sc_", number="s.n"),
        "series": SERIES[dialect],
        "bytes": "zeroblob(32)" if lite else "decode(repeat('00', 32), 'hex')",
        "digest": "1" * 64,
        "true": "1" if lite else "true",
    }
    span = {
        "first": first,
        "last": last,
        "start": int(NOW.timestamp() * 1e6),
        "people": ledger.people,
        "shapes": shapes,
    }
    await connection.execute(text(_escaped(FILL.format(**parts))), span)
    scores = {**span, "first": first // SCORES_PER, "last": (last + 1) // SCORES_PER - 1}
    await connection.execute(text(SCORES.format(**parts)), _used(SCORES.format(**parts), scores))
    for offset in (1, 2, 3):
        await connection.execute(text(FED.format(**parts)), _used(FED.format(**parts), {**scores, "offset": offset}))


def _escaped(statement: str) -> str:
    """Colons of the JSON inside are not parameters."""
    return statement.replace('":', '"\\:').replace("v:x", "v\\:x").replace("T02:00:00", "T02\\:00\\:00")


def _used(statement: str, given: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in given.items() if f":{name}" in statement}


async def _follow(ledger: Sized) -> None:
    while True:
        async with ledger.database.transaction() as tx:
            if not ledger.database.is_sqlite:
                await tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
            if (await fold(tx.connection, now=NOW, batch=50_000)).is_idle:
                return


def _shapes() -> list[Shape]:
    made = []
    for client in CLIENTS:
        for number in range(1, len(FIELDS) + 1):
            outcomes = [
                FeatureOutcome(
                    f"v:{field}",
                    (field,),
                    "bucket" if place < number else None,
                    () if place < number else ("NO_GRANT",),
                )
                for place, field in enumerate(FIELDS)
            ]
            shape = Shape.of("lender", outcomes)
            made.append(shape.bound(client, "credit_scoring", outcome_of(shape.features, 0, Mode.RELEASE)))
    return made


def _without_triggers(dialect: str) -> list[str]:
    if dialect == "postgresql":
        return ["ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only"]
    names = ("ledger_entries_no_update", "ledger_entries_no_delete", "ledger_entries_next")
    return [f"DROP TRIGGER {name}" for name in names]


def _urls(folder: Path, stack: ExitStack, wanted: str | None) -> dict[str, Callable[[int], str]]:
    found: dict[str, Callable[[int], str]] = {}
    if wanted in (None, "sqlite"):
        found["SQLite"] = lambda size: f"sqlite+aiosqlite:///{folder / f'{size}.db'}"
    if wanted in (None, "postgres"):
        dsn = stack.enter_context(postgres.server(folder / "questions"))
        found["PostgreSQL"] = lambda _: postgres.new_database(dsn)[1]
    return found
