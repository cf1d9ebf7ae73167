"""Writing sealed values: the only statements that change ``gate_values``.

Rules:
- a segment of a subject is replaced only by one observed at the same time or later (``store_values``), or after it was
  read and merged under the lock of its view (``put_segments``): an old value never comes to stand over a new one;
- segments of a view are merged by one writer at a time: SQLite has one anyway, PostgreSQL takes an advisory lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import delete, func, literal, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from consent import RowSealer
from consent.store.subjects import save_oldest, subjects
from gate.facts import instant, microseconds
from gate.tables import VALUES

Item = TypeVar("Item")
BATCH_ROWS = 500
_LOCK_SEED = 0x676174655F76  # "gate_v": keeps these advisory locks apart from others


class SealedSegment(NamedTuple):
    """One segment as stored.

    Attributes:
        observed_us: when the oldest value in it was observed, microseconds since 1970.
    """

    subject: str
    segment: str
    observed_us: int
    sealed: bytes


async def store_values(
    connection: AsyncConnection, tenant: str, sealed: Sequence[tuple[str, str, bytes]], observed: datetime
) -> None:
    """Store whole (subject, segment, sealed) rows of one tenant, all observed at one time."""
    observed_us = microseconds(observed)
    rows = [SealedSegment(subject, segment, observed_us, blob) for subject, segment, blob in sealed]
    await _upsert(connection, tenant, rows, only_newer=True)


async def put_segments(connection: AsyncConnection, tenant: str, rows: Sequence[SealedSegment]) -> None:
    """Write merged segments; the caller holds the lock of their view."""
    await _upsert(connection, tenant, rows, only_newer=False)


async def lock_view(connection: AsyncConnection, tenant: str, view: str) -> None:
    """Wait until no other transaction merges segments of this view, then keep others waiting until this one ends."""
    if connection.dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:view, :seed))")
        await connection.execute(statement, {"view": f"{tenant}/{view}", "seed": _LOCK_SEED})


async def read_segments(
    connection: AsyncConnection, tenant: str, refs: Sequence[str], segments: Sequence[str]
) -> list[SealedSegment]:
    """The stored segments of some subjects."""
    found: list[SealedSegment] = []
    table = VALUES.c
    for part in _parts(refs):
        statement = select(table.subject, table.segment, table.observed_us, table.sealed).where(
            table.tenant == tenant, table.subject.in_(part), table.segment.in_(segments)
        )
        found += [SealedSegment._make(row) for row in await connection.execute(statement)]
    return found


async def shred_values(
    connection: AsyncConnection, tenant: str, refs: Sequence[str]
) -> dict[str, list[tuple[str, bytes]]]:
    """Destroy every stored value of some subjects; answers (segment, sealed) by subject."""
    found: dict[str, list[tuple[str, bytes]]] = {ref: [] for ref in refs}
    table = VALUES.c
    for part in _parts(sorted(refs)):
        statement = delete(VALUES).where(table.tenant == tenant, table.subject.in_(part))
        for row in await connection.execute(statement.returning(table.subject, table.segment, table.sealed)):
            found[row.subject].append((row.segment, row.sealed))
    return found


async def stored_segments(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> dict[str, set[str]]:
    """The segments that some subjects have values in; opens nothing."""
    found: dict[str, set[str]] = {ref: set() for ref in refs}
    table = VALUES.c
    for part in _parts(sorted(refs)):
        statement = select(table.subject, table.segment).where(table.tenant == tenant, table.subject.in_(part))
        for row in await connection.execute(statement):
            found[row.subject].add(row.segment)
    return found


async def subjects_with_values(
    connection: AsyncConnection, tenant: str, segments: Sequence[str], *, limit: int
) -> list[str]:
    """The first subjects, by reference, that have a value in any of the segments; opens nothing."""
    table = VALUES.c
    wanted = select(table.subject).where(table.tenant == tenant, table.segment.in_(segments)).distinct()
    return list((await connection.execute(wanted.order_by(table.subject).limit(limit))).scalars())


async def page_of_values(
    connection: AsyncConnection, tenant: str, after: tuple[str, str], *, limit: int
) -> list[tuple[str, str, int]]:
    """(subject, segment, observed_us) of the next values behind a place, in the order of the table's key."""
    table = VALUES.c
    query = (
        select(table.subject, table.segment, table.observed_us)
        .where(table.tenant == tenant, tuple_(table.subject, table.segment) > tuple_(*map(literal, after)))
        .order_by(table.subject, table.segment)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in await connection.execute(query)]


async def remove_values(
    connection: AsyncConnection, tenant: str, segment: str, refs: Sequence[str], before_us: int
) -> set[str]:
    """Delete the values of one segment that were observed at or before a time; answers whose they were."""
    gone: set[str] = set()
    table = VALUES.c
    for part in _parts(sorted(refs)):
        old = (
            table.tenant == tenant,
            table.subject.in_(part),
            table.segment == segment,
            table.observed_us <= before_us,
        )
        rows = await connection.execute(delete(VALUES).where(*old).returning(table.subject))
        gone.update(rows.scalars())
    return gone


async def renew_oldest(connection: AsyncConnection, tenant: str, refs: Sequence[str], *, rows: RowSealer) -> None:
    """Work out the oldest value of subjects anew, after values were removed.

    The consent rows are locked before it is worked out: who stores an older value meanwhile has said so already, or
    says so afterwards.
    """
    await subjects(connection, tenant, refs, lock=True)
    await save_oldest(connection, tenant, await oldest_observed(connection, tenant, refs), rows=rows)


async def oldest_observed(connection: AsyncConnection, tenant: str, refs: Sequence[str]) -> dict[str, datetime | None]:
    """When the oldest stored value of each subject was observed, None for a subject without any."""
    found: dict[str, datetime | None] = dict.fromkeys(refs)
    table = VALUES.c
    for part in _parts(sorted(refs)):
        query = select(table.subject, func.min(table.observed_us)).where(
            table.tenant == tenant, table.subject.in_(part)
        )
        rows = await connection.execute(query.group_by(table.subject))
        found |= {row[0]: instant(row[1]) for row in rows}
    return found


async def _upsert(connection: AsyncConnection, tenant: str, rows: Sequence[SealedSegment], *, only_newer: bool) -> None:
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(VALUES)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "subject", "segment"],
        set_={"sealed": insert.excluded.sealed, "observed_us": insert.excluded.observed_us},
        where=VALUES.c.observed_us <= insert.excluded.observed_us if only_newer else None,
    )
    for part in _parts(rows):
        await connection.execute(statement, [{"tenant": tenant, **row._asdict()} for row in part])


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH_ROWS):
        yield items[start : start + BATCH_ROWS]
