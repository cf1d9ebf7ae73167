"""Sealed identifiers and the blind index over them.

Rules:
- the store sees ciphertext and keyed digests only, never an identifier;
- a subject has one value per field; a new value replaces the sealed one and its index entry together;
- an exclusive identifier has one owner per tenant: the second claimant is refused by the database;
- while index keys are rotated every writer writes the entries of every active version, or is told that the keys moved:
  so each version is complete once it was caught up, and none misses what is written meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.errors import IdentifierTakenError, KeyMovedError
from vault.header import HEADER_BYTES, Suite, header
from vault.identify import SealedIdentifier
from vault.keyring import KeyPurpose
from vault.store.deployment import KEYS, KeyState
from vault.store.rows import batches, insert_into, microseconds, table_of
from vault.tables import VaultIdentifier, VaultIndexEntry

IDENTIFIERS: Final = table_of(VaultIdentifier)
INDEX: Final = table_of(VaultIndexEntry)


async def put_identifiers(
    connection: AsyncConnection, tenant: str, rows: Sequence[SealedIdentifier], now: datetime
) -> None:
    """Store identifiers and their index entries, replacing a subject's earlier values.

    Raises: IdentifierTakenError: an exclusive identifier belongs to another subject; KeyMovedError: the index keys
        were rotated; roll back.
    """
    await _require_current(connection, rows)
    ordered = sorted(rows, key=lambda row: (row.subject, row.field))
    for batch in batches(ordered):
        await _put_sealed(connection, tenant, batch, now)
        await _put_index(connection, tenant, batch)


async def identifiers(
    connection: AsyncConnection, tenant: str, subjects: Sequence[str], fields: Sequence[str]
) -> dict[tuple[str, str], bytes]:
    """Give sealed identifiers by (subject, field); what is not stored is not in it."""
    table = IDENTIFIERS.c
    found: dict[tuple[str, str], bytes] = {}
    for batch in batches(subjects):
        statement = select(table.subject, table.field, table.sealed).where(
            table.tenant == tenant, table.subject.in_(batch), table.field.in_(fields)
        )
        for subject, field, sealed in await connection.execute(statement):
            found[subject, field] = sealed
    return found


async def stored_fields(connection: AsyncConnection, tenant: str, subjects: Sequence[str]) -> dict[str, set[str]]:
    """Give the fields that identifiers are stored of, by subject; opens nothing."""
    table = IDENTIFIERS.c
    found: dict[str, set[str]] = {subject: set() for subject in subjects}
    for batch in batches(subjects):
        statement = select(table.subject, table.field).where(table.tenant == tenant, table.subject.in_(batch))
        for subject, field in await connection.execute(statement):
            found[subject].add(field)
    return found


async def find_by_index(
    connection: AsyncConnection, tenant: str, field: str, digests: Sequence[bytes]
) -> dict[bytes, tuple[str, ...]]:
    """Give the subjects of each blind index value, in order; a value nobody has is not in it."""
    table = INDEX.c
    found: dict[bytes, tuple[str, ...]] = {}
    for batch in batches(digests):
        statement = (
            select(table.digest, table.subject)
            .where(table.tenant == tenant, table.field == field, table.digest.in_(batch))
            .order_by(table.digest, table.subject)
        )
        for digest, subject in await connection.execute(statement):
            found[digest] = (*found.get(digest, ()), subject)
    return found


async def _put_sealed(
    connection: AsyncConnection, tenant: str, rows: Sequence[SealedIdentifier], now: datetime
) -> None:
    insert = insert_into(connection, IDENTIFIERS)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "subject", "field"],
        set_={"sealed": insert.excluded.sealed, "updated_us": insert.excluded.updated_us},
    )
    updated_us = microseconds(now)
    values = [
        {"tenant": tenant, "subject": row.subject, "field": row.field, "sealed": row.sealed, "updated_us": updated_us}
        for row in rows
    ]
    await connection.execute(statement, values)


async def _put_index(connection: AsyncConnection, tenant: str, rows: Sequence[SealedIdentifier]) -> None:
    table = INDEX.c
    for field, group in _by_field(rows).items():  # field by field: neither database looks pairs up in an index
        subjects = [row.subject for row in group]
        replaced = delete(INDEX).where(table.tenant == tenant, table.subject.in_(subjects), table.field == field)
        await connection.execute(replaced)
    await insert_entries(connection, tenant, rows)
    await _require_owners(connection, tenant, rows)


async def insert_entries(connection: AsyncConnection, tenant: str, rows: Sequence[SealedIdentifier]) -> None:
    """Put identifiers into the index; what is there already stays."""
    values = [
        {
            "tenant": tenant,
            "field": row.field,
            "digest": digest,
            "subject": row.subject,
            "is_exclusive": row.is_exclusive,
        }
        for row in sorted(rows, key=lambda row: (row.field, row.digests))
        for digest in row.digests
    ]
    if values:
        await connection.execute(insert_into(connection, INDEX).on_conflict_do_nothing(), values)


async def _require_owners(connection: AsyncConnection, tenant: str, rows: Sequence[SealedIdentifier]) -> None:
    table = INDEX.c
    claimed = [row for row in rows if row.digest and row.is_exclusive]
    for field, group in _by_field(claimed).items():
        statement = select(table.digest, table.subject).where(
            table.tenant == tenant,
            table.is_exclusive,
            table.field == field,
            table.digest.in_([digest for row in group for digest in row.digests]),
        )
        owners = {row.digest: row.subject for row in await connection.execute(statement)}
        if any(owners.get(digest) != row.subject for row in group for digest in row.digests):
            raise IdentifierTakenError(field)


async def _require_current(connection: AsyncConnection, rows: Sequence[SealedIdentifier]) -> None:
    """Hold the active index versions, and see that the rows have an entry under each of them."""
    indexed = [row for row in rows if row.digest is not None]
    if not indexed:
        return
    statement = (
        select(KEYS.c.suite, KEYS.c.version)
        .where(KEYS.c.purpose == KeyPurpose.INDEX.value, KEYS.c.state == KeyState.ACTIVE)
        .with_for_update(read=True)
    )
    active = {header(row.version, Suite(row.suite)) for row in await connection.execute(statement)}
    if any(not active <= {digest[:HEADER_BYTES] for digest in row.digests} for row in indexed):
        raise KeyMovedError


def _by_field(rows: Sequence[SealedIdentifier]) -> dict[str, list[SealedIdentifier]]:
    grouped: dict[str, list[SealedIdentifier]] = {}
    for row in sorted(rows, key=lambda row: row.field):
        grouped.setdefault(row.field, []).append(row)
    return grouped
