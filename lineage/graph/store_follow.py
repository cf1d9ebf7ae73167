"""Followers of the ledger: a position, and what is folded into the graph's tables up to it.

Rules:
- one follower of a name works at a time, by the lock on its row; another that comes finds nothing to do;
- a batch and the new position commit together: a follower that was killed goes on where it stopped, and nothing counts
  twice;
- on PostgreSQL numbers become visible out of their order, so a follower goes only as far as nobody can still be writing
  below: it notes the highest number, then who holds a writer's lock on the ledger, and waits until those have ended. A
  writer takes that lock before it draws a number, so this misses none, and nobody waits for the follower;
- nothing here runs on the path of a read.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.entries import Moment
from lineage.graph.store_scores import ENTRIES, table, upsert
from lineage.graph.tables import Follower

REACH: Final = "reach"
EMITTED: Final = "openlineage"
BATCH: Final = 5_000
WAITS: Final = 100
WAIT_S: Final = 0.01
_FOLLOWERS = table(Follower)

_HOLDERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'ledger_entries'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted
"""
# What a range of entries released: subject, field and recipient, each once, with its first entry.
_RELEASED = """
SELECT e.tenant AS tenant, e.subject AS subject, l.field AS field, e.party AS party, min(e.id) AS entry
FROM ledger_entries AS e
JOIN ledger_shape_fields AS l ON l.tenant = e.tenant AND l.shape = e.shape
WHERE e.id > :after AND e.id <= :last AND e.kind = 'read' AND e.outcome IN ('released', 'partial')
  AND e.subject IS NOT NULL AND e.party IS NOT NULL AND l.outcome <> 'denied' AND l.field <> ''
GROUP BY e.tenant, e.subject, l.field, e.party
"""
# Counted before they are inserted: what is new is told from what is known by the table itself.
COUNT: Final = f"""
WITH fresh AS (
  SELECT r.tenant, r.subject, r.field, r.party FROM ({_RELEASED}) AS r
  WHERE NOT EXISTS (SELECT 1 FROM lineage_reach AS k WHERE k.tenant = r.tenant AND k.subject = r.subject
                    AND k.field = r.field AND k.party = r.party)
), people AS (
  SELECT DISTINCT f.tenant, f.subject, f.field FROM fresh AS f
  WHERE NOT EXISTS (SELECT 1 FROM lineage_reach AS k WHERE k.tenant = f.tenant AND k.subject = f.subject
                    AND k.field = f.field)
), counted AS (
  SELECT tenant, field, party, count(*) AS subjects FROM fresh GROUP BY tenant, field, party
  UNION ALL SELECT tenant, field, '', count(*) FROM people GROUP BY tenant, field
)
INSERT INTO lineage_reach_counts (tenant, field, party, subjects)
SELECT tenant, field, party, subjects FROM counted WHERE true
ON CONFLICT (tenant, field, party) DO UPDATE SET subjects = lineage_reach_counts.subjects + excluded.subjects
"""  # noqa: S608 - constants of this module
NOTE: Final = f"""
INSERT INTO lineage_reach (tenant, subject, field, party, entry)
SELECT tenant, subject, field, party, entry FROM ({_RELEASED}) AS r WHERE true
ON CONFLICT (tenant, subject, field, party) DO NOTHING
"""  # noqa: S608 - constants of this module


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


async def is_behind(connection: AsyncConnection, name: str = REACH) -> bool:
    """Whether the ledger holds entries a follower has not folded; reads two keys, locks nothing."""
    last: int = (await connection.execute(select(func.max(ENTRIES.c.id)))).scalar_one_or_none() or 0
    return last > await position(connection, name)


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


async def fold(connection: AsyncConnection, *, now: datetime, batch: int = BATCH) -> Folded:
    """Fold the next entries into the tables of reach, in the caller's transaction."""
    after = await claim(connection, REACH, now=now)
    if after is None:
        return Folded(0, 0)
    last = min(await settled(connection), after + batch)
    if last <= after:
        return Folded(after, after)
    span = {"after": after, "last": last}
    await connection.execute(text(COUNT), span)
    await connection.execute(text(NOTE), span)
    await advance(connection, REACH, last, now=now)
    return Folded(after, last)
