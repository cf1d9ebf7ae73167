"""Entries' bodies by number, by place, and from a number on: for what is kept of the ledger outside the database."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.tables import LedgerEntry

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"].c
_AT_ONCE = 500


async def bodies(connection: AsyncConnection, numbers: Sequence[int]) -> list[bytes]:
    """The bodies of entries, in the order of their numbers."""
    found: list[bytes] = []
    for start in range(0, len(numbers), _AT_ONCE):
        part = sorted(numbers)[start : start + _AT_ONCE]
        rows = await connection.execute(select(_ENTRIES.body).where(_ENTRIES.id.in_(part)).order_by(_ENTRIES.id))
        found += [body.encode() for body in rows.scalars()]
    return found


async def bodies_after(
    connection: AsyncConnection, number: int, kinds: Sequence[str], *, limit: int
) -> list[tuple[int, bytes]]:
    """Number and body of the next entries of some kinds behind a number."""
    wanted = (
        select(_ENTRIES.id, _ENTRIES.body)
        .where(_ENTRIES.id > number, _ENTRIES.kind.in_(kinds))
        .order_by(_ENTRIES.id)
        .limit(limit)
    )
    return [(row.id, row.body.encode()) for row in await connection.execute(wanted)]


async def place_of(connection: AsyncConnection, stream: str, seq: int) -> tuple[int, bytes] | None:
    """Number and digest of the entry at a place of a stream; None if the place is not taken."""
    wanted = select(_ENTRIES.id, _ENTRIES.digest).where(_ENTRIES.stream == stream, _ENTRIES.seq == seq)
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else (row.id, bytes(row.digest))


async def last_number(connection: AsyncConnection) -> int:
    """The number of the newest entry, 0 for an empty ledger."""
    found: int | None = (await connection.execute(select(func.max(_ENTRIES.id)))).scalar_one()
    return found or 0
