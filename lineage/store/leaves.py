"""The places of entries in the transparency log: giving them, in order, and reading them back.

Rules enforced here:
- places follow each other from 0; within one step entries get theirs by id;
- on PostgreSQL an id is drawn before its transaction commits, so ids become visible out of order. For what shares a
  lock (a subject, the configuration) ids follow commits, and what one snapshot shows is whole up to any entry it
  shows. So a step takes, in one statement and one snapshot, the ids above the highest seen and those passed over
  before (`lineage.log.gaps`), and no step can give an entry a place before one it follows;
- on SQLite there is one writer: what is visible is whole, and giving places twice gives the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.tables import LedgerEntry, LedgerLeaf, LedgerLog

LOCK = 0x796C6F67  # "ylog": the advisory lock of whoever writes the log
_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_LEAVES = LedgerLeaf.metadata.tables["ledger_leaves"]
_LOG = LedgerLog.metadata.tables["ledger_log"]

_ASSIGN = {
    "postgresql": text(
        "WITH late AS (SELECT e.id FROM unnest(CAST(:first AS bigint[]), CAST(:last AS bigint[])) AS g(first, last) "
        "JOIN ledger_entries e ON e.id BETWEEN g.first AND g.last ORDER BY e.id LIMIT :most), "
        "fresh AS (SELECT id FROM ledger_entries WHERE id > :high ORDER BY id LIMIT :most), "
        "found AS (SELECT id FROM (SELECT id FROM late UNION ALL SELECT id FROM fresh) AS x ORDER BY id LIMIT :most) "
        "INSERT INTO ledger_leaves (n, entry) SELECT :size + row_number() OVER (ORDER BY id) - 1, id FROM found "
        "RETURNING entry"
    ),
    "sqlite": text(
        "INSERT INTO ledger_leaves (n, entry) SELECT :size + row_number() OVER (ORDER BY id) - 1, id "
        "FROM (SELECT id FROM ledger_entries WHERE id > :high ORDER BY id LIMIT :most) ORDER BY id RETURNING entry"
    ),
}
_HEAD = {
    "postgresql": text(
        "SELECT (SELECT n + 1 FROM ledger_leaves ORDER BY n DESC LIMIT 1), (SELECT max(entry) FROM ledger_leaves)"
    ),
    "sqlite": text("SELECT (SELECT max(n) + 1 FROM ledger_leaves), (SELECT max(entry) FROM ledger_leaves)"),
}
_PASSED_OVER = text(
    "SELECT before + 1, entry - 1 FROM (SELECT entry, lag(entry, 1, CAST(:low AS bigint)) OVER (ORDER BY entry) "
    "AS before FROM ledger_leaves WHERE entry > :low) AS each WHERE entry > before + 1 ORDER BY 1"
)
# A transaction without a number of its own yet still holds the lock of its virtual one.
_IN_FLIGHT = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), "
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint), "
    "array(SELECT virtualxid FROM pg_locks WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND granted "
    "AND pid <> pg_backend_pid())"
)
_NEXT_ENTRY = text("SELECT at_us FROM ledger_entries WHERE id > :entry ORDER BY id LIMIT 1")
# A tenant's name begins with a letter, behind "*".
_OTHERS = (
    text("SELECT 1 FROM ledger_entries WHERE tenant > '*' AND tenant < :tenant LIMIT 1"),
    text("SELECT 1 FROM ledger_entries WHERE tenant > :tenant LIMIT 1"),
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the log of a database was begun under, and up to which id nothing is missing any more."""

    origin: str
    key: str
    low: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """The transactions under way: the lowest number not ended, the next to be given, and the virtual ones."""

    lowest: int
    following: int
    virtual: frozenset[str]


@dataclass(frozen=True, slots=True)
class LeafRow:
    """An entry at its place."""

    n: int
    entry: int
    at_us: int
    body: bytes
    digest: bytes


async def try_lead(connection: AsyncConnection) -> bool:
    """Take the lock of whoever writes the log, for as long as the connection lives; SQLite has the folder's lock."""
    if connection.dialect.name != "postgresql":
        return True
    statement = text("SELECT pg_try_advisory_lock(:lock)")
    return bool((await connection.execute(statement, {"lock": LOCK})).scalar_one())


async def limit_idleness(connection: AsyncConnection, seconds: float) -> bool:
    """Let the database end this session, with its lock, if nothing comes for so long: who stands still leads no more.

    Says whether the database keeps such locks at all; before version 14 PostgreSQL does not limit idleness.
    """
    if connection.dialect.name != "postgresql":
        return False
    statement = text("SELECT set_config(name, :limit, false) FROM pg_settings WHERE name = 'idle_session_timeout'")
    await connection.execute(statement, {"limit": str(int(seconds * 1000))})
    return True


async def stop_leading(connection: AsyncConnection) -> None:
    """Give the lock back."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


async def pin(connection: AsyncConnection, origin: str, key: str) -> Pinned:
    """What the log was begun under; on the first run that is this."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"id": 1, "origin": origin, "key": key, "low": 0}
    await connection.execute(dialect.insert(_LOG).values(row).on_conflict_do_nothing())
    found = await pinned(connection)
    return found if found is not None else Pinned(origin, key, 0)


async def pinned(connection: AsyncConnection) -> Pinned | None:
    """What the log was begun under; None before its first run."""
    row = (await connection.execute(select(_LOG.c.origin, _LOG.c.key, _LOG.c.low))).one_or_none()
    return None if row is None else Pinned(*row)


async def pinned_key(connection: AsyncConnection) -> str | None:
    """The verifier key the log was begun under; None before its first run."""
    found = await pinned(connection)
    return None if found is None else found.key


async def raise_low(connection: AsyncConnection, low: int) -> None:
    """Note that nothing below an id is missing any more."""
    await connection.execute(update(_LOG).where(_LOG.c.low < low).values(low=low))


async def head(connection: AsyncConnection) -> tuple[int, int]:
    """How many places were given, and the highest id that has one."""
    size, high = (await connection.execute(_HEAD[connection.dialect.name])).one()
    return size or 0, high or 0


async def passed_over(connection: AsyncConnection, low: int) -> list[tuple[int, int]]:
    """The ranges of ids above `low` without a place though a higher one has it."""
    return [(first, last) for first, last in await connection.execute(_PASSED_OVER, {"low": low})]


async def assign(
    connection: AsyncConnection, *, size: int, high: int, late: Sequence[tuple[int, int]], most: int
) -> list[int]:
    """Give the next places, from `size` on, to committed entries that have none; returns their ids, ascending."""
    given: dict[str, Any] = {"size": size, "high": high, "most": most}
    if connection.dialect.name == "postgresql":
        given |= {"first": [first for first, _ in late], "last": [last for _, last in late]}
    found = await connection.execute(_ASSIGN[connection.dialect.name], given)
    return sorted(found.scalars())


async def is_behind(connection: AsyncConnection, high: int) -> bool:
    """Whether there are entries above an id, without writing anything."""
    statement = select(_ENTRIES.c.id).where(_ENTRIES.c.id > high).limit(1)
    return (await connection.execute(statement)).first() is not None


async def in_flight(connection: AsyncConnection) -> InFlight:
    """The transactions under way on this PostgreSQL server."""
    lowest, following, virtual = (await connection.execute(_IN_FLIGHT)).one()
    return InFlight(lowest, following, frozenset(virtual))


async def leaves(connection: AsyncConnection, start: int, most: int) -> list[LeafRow]:
    """Entries by place, from `start` on; an entry that is gone ends the list."""
    wanted = (
        select(_LEAVES.c.n, _LEAVES.c.entry, _ENTRIES.c.at_us, _ENTRIES.c.body, _ENTRIES.c.digest)
        .select_from(_LEAVES.outerjoin(_ENTRIES, _ENTRIES.c.id == _LEAVES.c.entry))
        .where(_LEAVES.c.n >= start, _LEAVES.c.n < start + most)
        .order_by(_LEAVES.c.n)
    )
    found: list[LeafRow] = []
    for n, entry, at_us, body, digest in await connection.execute(wanted):
        if body is None or n != start + len(found):
            break
        found.append(LeafRow(n, entry, at_us, body.encode(), digest))
    return found


async def places(connection: AsyncConnection, entries: Iterable[int]) -> dict[int, int]:
    """The places of entries by id; an entry without one is left out."""
    statement = select(_LEAVES.c.entry, _LEAVES.c.n).where(_LEAVES.c.entry.in_(list(entries)))
    return {row.entry: row.n for row in await connection.execute(statement)}


async def waiting_since(connection: AsyncConnection, size: int) -> int | None:
    """The instant (microseconds since 1970) of the oldest entry behind a log of this size; None if there is none."""
    last = (await connection.execute(select(_LEAVES.c.entry).where(_LEAVES.c.n == size - 1))).scalar_one_or_none()
    found: int | None = (await connection.execute(_NEXT_ENTRY, {"entry": last or 0})).scalar_one_or_none()
    return found


async def holds_others(connection: AsyncConnection, tenant: str) -> bool:
    """Whether the ledger holds entries of another tenant than this one and the deployment."""
    for statement in _OTHERS:
        if (await connection.execute(statement, {"tenant": tenant})).first() is not None:
            return True
    return False
