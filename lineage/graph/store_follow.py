"""Followers of the ledger: a position, and what is folded into the graph's tables up to it.

Rules:
- one follower of a name works at a time, by the lock on its row; another that comes finds nothing to do;
- a batch and the new position commit together: a follower that was killed goes on where it stopped, and nothing counts
  twice;
- on PostgreSQL numbers become visible out of their order, so a follower goes only as far as nobody can still be writing
  below: it notes the highest number, then who holds a writer's lock on the ledger, and waits until those have ended. A
  writer takes that lock before it draws a number, so this misses none, and nobody waits for the follower;
- looking needs no lock and takes the time; noting is short, and notes nothing if the position has moved since the look:
  where writers exclude each other, as on SQLite, a read waits for the noting at most;
- nothing here runs on the path of a read.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.entries import Moment
from lineage.graph.store_scores import ENTRIES, table, upsert
from lineage.graph.tables import Follower

REACH: Final = "reach"
EMITTED: Final = "openlineage"
BATCH: Final = 5_000
ROWS: Final = 2_000  # of people reached, noted in one transaction
WAITS: Final = 100
WAIT_S: Final = 0.01
_FOLLOWERS = table(Follower)

_HOLDERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'ledger_entries'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted
"""
# What a range of entries released for the first time: subject, field and recipient, each once, with its first entry;
# is_first tells those whose field nobody had received before. A subject that is read often is looked up once.
_FRESH = text(
    """
WITH seen AS (
  SELECT tenant, subject, party, shape, min(id) AS entry FROM ledger_entries
  WHERE id > :after AND id <= :last AND kind = 'read' AND outcome IN ('released', 'partial')
    AND subject IS NOT NULL AND party IS NOT NULL
  GROUP BY tenant, subject, party, shape
)
SELECT s.tenant, s.subject, l.field, s.party, min(s.entry) AS entry,
       NOT EXISTS (SELECT 1 FROM lineage_reach AS k
                   WHERE k.tenant = s.tenant AND k.subject = s.subject AND k.field = l.field) AS is_first
FROM seen AS s
JOIN ledger_shape_fields AS l ON l.tenant = s.tenant AND l.shape = s.shape
WHERE l.outcome <> 'denied' AND l.field <> ''
  AND NOT EXISTS (SELECT 1 FROM lineage_reach AS k WHERE k.tenant = s.tenant AND k.subject = s.subject
                  AND k.field = l.field AND k.party = s.party)
GROUP BY s.tenant, s.subject, l.field, s.party
ORDER BY entry
"""
)
_NOTE = text(
    "INSERT INTO lineage_reach (tenant, subject, field, party, entry) "
    "VALUES (:tenant, :subject, :field, :party, :entry) ON CONFLICT (tenant, subject, field, party) DO NOTHING"
)
_COUNT = text(
    "INSERT INTO lineage_reach_counts (tenant, field, party, subjects) VALUES (:tenant, :field, :party, :subjects) "
    "ON CONFLICT (tenant, field, party) DO UPDATE SET subjects = lineage_reach_counts.subjects + excluded.subjects"
)
_COUNTED = ("tenant", "field", "party", "subjects")


class Reached(NamedTuple):
    """A field of a subject that a party received for the first time; is_first if nobody had received it before."""

    tenant: str
    subject: str
    field: str
    party: str
    entry: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found after a position, up to an entry; in the order of the entries."""

    after: int
    last: int
    rows: tuple[Reached, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether nothing was left to look at."""
        return self.after == self.last

    def slices(self, most: int = ROWS) -> Iterator["Seen"]:
        """The same in parts that follow each other, of about so many rows: an entry is never divided."""
        after, start = self.after, 0
        for place in range(most, len(self.rows), most):
            last = self.rows[place].entry - 1
            end = bisect_right(self.rows, last, key=lambda row: row.entry)
            if last > after:
                yield Seen(after, last, self.rows[start:end])
                after, start = last, end
        yield Seen(after, self.last, self.rows[start:])

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How many subjects more, by tenant, field and party; party '' counts each subject once over all."""
        found = Counter((row.tenant, row.field, row.party) for row in self.rows)
        found.update((row.tenant, row.field, "") for row in self.rows if row.is_first)
        return found


@dataclass(frozen=True, slots=True)
class Folded:
    """What a turn did: from which entry to which; equal when there was nothing to do."""

    after: int
    last: int

    @property
    def is_idle(self) -> bool:
        """Whether nothing was left to fold."""
        return self.after == self.last


async def position(connection: AsyncConnection, name: str = REACH) -> int:
    """The last entry a follower has folded; 0 before the first."""
    found = await connection.execute(select(_FOLLOWERS.c.entry).where(_FOLLOWERS.c.name == name))
    return found.scalar_one_or_none() or 0


async def settled(connection: AsyncConnection) -> int:
    """The highest number below which no entry can appear any more; 0 for an empty ledger, or if writers do not end.

    Use in a transaction of READ COMMITTED that wrote nothing to the ledger itself.
    """
    last: int = (await connection.execute(select(func.max(ENTRIES.c.id)))).scalar_one_or_none() or 0
    if connection.dialect.name == "sqlite" or not last:
        return last
    writing = set((await connection.execute(text(_HOLDERS))).scalars())
    for _ in range(WAITS):
        if not writing:
            return last
        await asyncio.sleep(WAIT_S)
        writing &= set((await connection.execute(text(_HOLDERS))).scalars())
    return 0


async def claim(connection: AsyncConnection, name: str, *, now: datetime) -> int | None:
    """Lock a follower's position until the transaction ends; None if another holds it."""
    first = upsert(connection, _FOLLOWERS).values(name=name, entry=0, at_us=Moment.of(now).us).on_conflict_do_nothing()
    if (await connection.execute(select(_FOLLOWERS.c.name).where(_FOLLOWERS.c.name == name))).first() is None:
        await connection.execute(first)
    wanted = select(_FOLLOWERS.c.entry).where(_FOLLOWERS.c.name == name).with_for_update(skip_locked=True)
    found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def advance(connection: AsyncConnection, name: str, entry: int, *, now: datetime) -> None:
    """Move a claimed position."""
    moved = update(_FOLLOWERS).where(_FOLLOWERS.c.name == name).values(entry=entry, at_us=Moment.of(now).us)
    await connection.execute(moved)


async def look(connection: AsyncConnection, after: int, *, batch: int = BATCH) -> Seen:
    """Find what the next entries released for the first time."""
    last = min(await settled(connection), after + batch)
    if last <= after:
        return Seen(after, after)
    people: set[tuple[str, str, str]] = set()
    rows: list[Reached] = []
    for tenant, subject, field, party, entry, is_first in await connection.execute(
        _FRESH, {"after": after, "last": last}
    ):
        who = (tenant, subject, field)
        rows.append(Reached(*who, party, entry, bool(is_first) and who not in people))
        people.add(who)
    return Seen(after, last, tuple(rows))


async def note(connection: AsyncConnection, seen: Seen, *, now: datetime) -> Folded:
    """Write down what a look found, in the caller's transaction; nothing if another follower was there before."""
    if await claim(connection, REACH, now=now) != seen.after:
        return Folded(0, 0)
    return await _write(connection, seen, now)


async def _write(connection: AsyncConnection, seen: Seen, now: datetime) -> Folded:
    """Write down what a look found, the position being claimed."""
    if seen.rows:
        await connection.execute(_NOTE, [dict(zip(Reached._fields, row, strict=True)) for row in seen.rows])
        counts = [dict(zip(_COUNTED, (*key, count), strict=True)) for key, count in sorted(seen.counts().items())]
        await connection.execute(_COUNT, counts)
    await advance(connection, REACH, seen.last, now=now)
    return Folded(seen.after, seen.last)


async def fold(connection: AsyncConnection, *, now: datetime, batch: int = BATCH) -> Folded:
    """Fold the next entries into the tables of reach, in the caller's transaction, holding the position."""
    after = await claim(connection, REACH, now=now)
    if after is None:
        return Folded(0, 0)
    return await _write(connection, await look(connection, after, batch=batch), now)
