"""The subjects' keys in the database, wrapped by a key-encryption key.

Rules:
- a subject's stored key is never overwritten but by the same key, wrapped anew;
- nothing is stored under a key-encryption key that is retired, or is being retired: it would never open.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.errors import KeyExhaustedError, KeyMovedError
from vault.keyring import KeyPurpose, KeyRing, wrapping_version
from vault.store.deployment import KEYS, KeyState, set_aside_uses
from vault.store.rows import batches, insert_into, microseconds, table_of
from vault.tables import VaultSubjectKey
from vault.uses import MARK_LIMIT

_SUBJECT_KEYS: Final = table_of(VaultSubjectKey)


async def insert_subject_keys(
    connection: AsyncConnection,
    tenant: str,
    wrapped: Mapping[str, bytes],
    now: datetime,
    *,
    ring: KeyRing | None = None,
) -> dict[str, bytes]:
    """Store wrapped keys by subject and give what is stored now: an earlier writer's key stands.

    With the ring that made them, its uses are noted too, as they must be: a ring that nobody notes refuses at last.
    Raises: KeyMovedError: the key-encryption key was retired meanwhile; KeyExhaustedError.
    """
    if wrapped:
        await _require_active(connection, {wrapping_version(key) for key in wrapped.values()})
    if ring is not None:
        await set_aside_uses(connection, ring)
    created_us = microseconds(now)
    rows = [
        {
            "tenant": tenant,
            "subject": subject,
            "kek_version": wrapping_version(key),
            "wrapped": key,
            "created_us": created_us,
        }
        for subject, key in sorted(wrapped.items())
    ]
    statement = insert_into(connection, _SUBJECT_KEYS).on_conflict_do_nothing()
    for batch in batches(rows):
        await connection.execute(statement, batch)
    return await subject_keys(connection, tenant, sorted(wrapped))


async def insert_subject_key(  # noqa: PLR0913, PLR0917  one row, spelled out
    connection: AsyncConnection,
    tenant: str,
    subject: str,
    wrapped: bytes,
    now: datetime,
    ring: KeyRing | None = None,
) -> bytes:
    """Store one subject's wrapped keys and give what is stored now. Raises: as `insert_subject_keys`."""
    return (await insert_subject_keys(connection, tenant, {subject: wrapped}, now, ring=ring))[subject]


async def subject_keys(
    connection: AsyncConnection, tenant: str, subjects: Sequence[str], *, hold: bool = False
) -> dict[str, bytes]:
    """Give the wrapped keys by subject; a subject without keys (unknown or erased) is not in it.

    With `hold` an erasure of these subjects waits until the transaction ends: for who writes something under a key.
    """
    found: dict[str, bytes] = {}
    for batch in batches(sorted(subjects)):
        statement = select(_SUBJECT_KEYS.c.subject, _SUBJECT_KEYS.c.wrapped).where(
            _SUBJECT_KEYS.c.tenant == tenant, _SUBJECT_KEYS.c.subject.in_(batch)
        )
        if hold:
            statement = statement.order_by(_SUBJECT_KEYS.c.subject).with_for_update(read=True, key_share=True)
        found |= {row.subject: row.wrapped for row in await connection.execute(statement)}
    return found


async def subjects_under(
    connection: AsyncConnection, kek_version: int, *, limit: int, lock: bool = False
) -> list[tuple[str, str, bytes]]:
    """Give (tenant, subject, wrapped keys) of some subjects under a version of the key-encryption key.

    With `lock` they cannot change until the transaction ends; those that another transaction holds are left out.
    """
    table = _SUBJECT_KEYS.c
    statement = select(table.tenant, table.subject, table.wrapped).where(table.kek_version == kek_version).limit(limit)
    if lock:
        statement = statement.with_for_update(skip_locked=True)
    return [(row.tenant, row.subject, row.wrapped) for row in await connection.execute(statement)]


async def count_under(connection: AsyncConnection, kek_version: int) -> int:
    """Count the subjects under a version of the key-encryption key."""
    statement = select(func.count()).select_from(_SUBJECT_KEYS).where(_SUBJECT_KEYS.c.kek_version == kek_version)
    return int((await connection.execute(statement)).scalar_one())


async def replace_wrapped(
    connection: AsyncConnection, rows: Sequence[tuple[str, str, bytes, bytes]], *, ring: KeyRing
) -> None:
    """Put wrapped keys in the place of the ones they were made from: (tenant, subject, old, new).

    Raises: KeyExhaustedError.
    """
    await set_aside_uses(connection, ring)
    statement = (
        update(_SUBJECT_KEYS)
        .where(
            _SUBJECT_KEYS.c.tenant == bindparam("at_tenant"),
            _SUBJECT_KEYS.c.subject == bindparam("at_subject"),
            _SUBJECT_KEYS.c.wrapped == bindparam("old"),
        )
        .values(wrapped=bindparam("new"), kek_version=bindparam("version"))
    )
    values = [
        {"at_tenant": tenant, "at_subject": subject, "old": old, "new": new, "version": wrapping_version(new)}
        for tenant, subject, old, new in rows
    ]
    if values:
        await connection.execute(statement, values)


async def sealing_keys(connection: AsyncConnection, tenant: str, subjects: Sequence[str]) -> dict[str, bytes]:
    """Give the wrapped keys of subjects that something is to be sealed for; an erasure of them waits meanwhile.

    Raises: KeyExhaustedError: one has reached its limit of uses.
    """
    table = _SUBJECT_KEYS.c
    found: dict[str, bytes] = {}
    for batch in batches(sorted(subjects)):
        statement = (
            select(table.subject, table.wrapped, table.seal_marks)
            .where(table.tenant == tenant, table.subject.in_(batch))
            .order_by(table.subject)
            .with_for_update(read=True, key_share=True)
        )
        for row in await connection.execute(statement):
            if row.seal_marks >= MARK_LIMIT:
                raise KeyExhaustedError("the key of a data subject")
            found[row.subject] = row.wrapped
    return found


async def note_seals(connection: AsyncConnection, tenant: str, marked: Mapping[str, int]) -> None:
    """Note sealings that are to be noted (`vault.uses.marks`), by subject: seldom any."""
    table = _SUBJECT_KEYS.c
    for subject, count in sorted(marked.items()):
        if count:
            noted = update(_SUBJECT_KEYS).where(table.tenant == tenant, table.subject == subject)
            await connection.execute(noted.values(seal_marks=table.seal_marks + count))


async def _require_active(connection: AsyncConnection, versions: set[int]) -> None:
    """Hold the versions of the key-encryption key that are written under, so that none is retired meanwhile."""
    statement = (
        select(KEYS.c.version)
        .where(KEYS.c.purpose == KeyPurpose.KEK.value, KEYS.c.version.in_(versions), KEYS.c.state == KeyState.ACTIVE)
        .with_for_update(read=True)
    )
    held = {row.version for row in await connection.execute(statement)}
    present = held or (await connection.execute(select(KEYS.c.version).limit(1))).first()
    if present and held != versions:
        raise KeyMovedError
