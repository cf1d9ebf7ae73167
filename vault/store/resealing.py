"""Sealing values anew in the deployment's suite, a few at a time, while they are read and written.

Rules:
- a table is walked in the order of its key; a later run walks again and finds what is left by the suite in each header;
- a value that somebody writes meanwhile is theirs: it is replaced only while it is still what was opened.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Table, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import Entropy, system_entropy
from vault.errors import VaultError
from vault.keyring import KeyRing
from vault.store.keys import note_seals, subject_keys
from vault.uses import marked


class Place(NamedTuple):
    """Where a sealed value stands: tenant, subject, and the field or segment."""

    tenant: str
    subject: str
    name: str


class Pass(NamedTuple):
    """What one step did.

    Attributes:
        seen: rows looked at; 0 when nothing is left.
        changed: rows written.
        unreadable: rows that do not open, left as they were.
        after: where the next step goes on.
    """

    seen: int = 0
    changed: int = 0
    unreadable: int = 0
    after: tuple[object, ...] | None = None


async def count_stale(connection: AsyncConnection, ring: KeyRing, values: Table) -> int:
    """Count the values whose header names another suite than the one that seals."""
    is_stale = func.substr(values.c.sealed, 2, 1) != bytes((ring.suite,))
    return int((await connection.execute(select(func.count()).select_from(values).where(is_stale))).scalar_one())


async def reseal(  # noqa: PLR0913  a place to go on from
    connection: AsyncConnection,
    ring: KeyRing,
    values: Table,
    *,
    after: tuple[object, ...] | None,
    limit: int,
    entropy: Entropy = system_entropy,
) -> Pass:
    """Seal values of the other suite anew, from one place on; a value that changed meanwhile is left as it is.

    Shape: the table's primary key is tenant, subject and the name that the value is bound to.
    """
    columns = list(values.primary_key.columns)
    statement = select(*columns, values.c.sealed).order_by(*columns).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(*columns) > after)
    rows = [(Place(*row[:3]), row[3]) for row in await connection.execute(statement)]
    stale = [(place, sealed) for place, sealed in rows if sealed[1:2] != bytes((ring.suite,))]
    fresh, unreadable = await _reseal(connection, ring, stale, entropy)
    for place, old, new in fresh:
        same = [column == part for column, part in zip(columns, place, strict=True)]
        await connection.execute(update(values).where(*same, values.c.sealed == old).values(sealed=new))
    last = tuple(rows[-1][0]) if rows else None
    return Pass(len(rows), len(fresh), unreadable, last)


async def _reseal(
    connection: AsyncConnection, ring: KeyRing, stale: Sequence[tuple[Place, bytes]], entropy: Entropy
) -> tuple[list[tuple[Place, bytes, bytes]], int]:
    fresh: list[tuple[Place, bytes, bytes]] = []
    unreadable = 0
    for tenant in sorted({place.tenant for place, _ in stale}):
        mine = [(place, sealed) for place, sealed in stale if place.tenant == tenant]
        wrapped = await subject_keys(connection, tenant, sorted({place.subject for place, _ in mine}))
        made: list[tuple[str, bytes]] = []
        for place, sealed in mine:
            try:
                key = ring.open_subject_key(tenant, place.subject, wrapped.get(place.subject, b""))
                if key.suite is ring.suite:
                    new = key.seal(key.open(sealed, place.name), place.name, entropy)
                    made.append((place.subject, new))
                    fresh.append((place, sealed, new))
            except VaultError:
                unreadable += 1
        await note_seals(connection, tenant, marked(made))
    return fresh, unreadable
