"""The deployment's keys and the subjects' keys in the database, all wrapped.

Rules:
- missing deployment keys are made once: insert if absent, then read what is there, so that two
  processes that start together use the same keys;
- keys that were lost are never replaced in silence: with subject keys present and no key-encryption
  key, the vault refuses to start; a row key is made anew, since rows sealed under a lost one hold no longer;
- a subject's stored key is never overwritten;
- retired keys are not loaded, so nothing opens under them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import KeyMissingError
from vault.keyring import KeyPurpose, KeyRing, wrapping_version
from vault.roots import RootKey
from vault.secret import SecretBytes
from vault.store.rows import batches, insert_into, microseconds, table_of
from vault.subject_key import KEY_BYTES
from vault.tables import VaultKey, VaultSubjectKey

FIRST_VERSION: Final = 1
_KEYS: Final = table_of(VaultKey)
_SUBJECT_KEYS: Final = table_of(VaultSubjectKey)


class KeyState(StrEnum):
    """What a deployment key may still do."""

    ACTIVE = "active"
    RETIRED = "retired"


async def open_key_ring(
    connection: AsyncConnection,
    root: RootKey,
    *,
    now: datetime,
    entropy: Entropy = system_entropy,
) -> KeyRing:
    """Make the deployment's keys if this is the first start, and open them.

    Raises: KeyMissingError: keys were lost; RootKeyError; TamperedError.
    """
    present = {purpose for purpose, _, _ in await _wrapped_keys(connection)}
    missing = [purpose for purpose in KeyPurpose if purpose not in present]
    if missing:
        await _make_keys(connection, root, missing, now, entropy)
    return await load_key_ring(connection, root)


async def load_key_ring(connection: AsyncConnection, root: RootKey) -> KeyRing:
    """Open the deployment's keys, making none.

    Raises: KeyMissingError, RootKeyError, TamperedError.
    """
    keys: dict[KeyPurpose, dict[int, SecretBytes]] = {}
    for purpose, version, wrapped in await _wrapped_keys(connection):
        key = await asyncio.to_thread(root.unwrap, wrapped, _context(purpose, version))
        keys.setdefault(purpose, {})[version] = key
    return KeyRing(keys)


async def insert_subject_keys(
    connection: AsyncConnection, tenant: str, wrapped: Mapping[str, bytes], now: datetime
) -> dict[str, bytes]:
    """Store wrapped keys by subject and give what is stored now: an earlier writer's key stands."""
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


async def insert_subject_key(
    connection: AsyncConnection, tenant: str, subject: str, wrapped: bytes, now: datetime
) -> bytes:
    """Store one subject's wrapped keys and give what is stored now."""
    return (await insert_subject_keys(connection, tenant, {subject: wrapped}, now))[subject]


async def subject_keys(connection: AsyncConnection, tenant: str, subjects: Sequence[str]) -> dict[str, bytes]:
    """Give the wrapped keys by subject; a subject without keys (unknown or erased) is not in it."""
    found: dict[str, bytes] = {}
    for batch in batches(subjects):
        statement = select(_SUBJECT_KEYS.c.subject, _SUBJECT_KEYS.c.wrapped).where(
            _SUBJECT_KEYS.c.tenant == tenant, _SUBJECT_KEYS.c.subject.in_(batch)
        )
        found |= {row.subject: row.wrapped for row in await connection.execute(statement)}
    return found


async def _wrapped_keys(connection: AsyncConnection) -> list[tuple[KeyPurpose, int, bytes]]:
    statement = select(_KEYS.c.purpose, _KEYS.c.version, _KEYS.c.wrapped).where(_KEYS.c.state == KeyState.ACTIVE)
    return [(KeyPurpose(row.purpose), row.version, row.wrapped) for row in await connection.execute(statement)]


async def _make_keys(
    connection: AsyncConnection,
    root: RootKey,
    missing: Sequence[KeyPurpose],
    now: datetime,
    entropy: Entropy,
) -> None:
    lost = [purpose for purpose in missing if purpose is not KeyPurpose.ROW]
    if lost and (await connection.execute(select(_SUBJECT_KEYS.c.subject).limit(1))).first():
        raise KeyMissingError(f"{', '.join(lost)} key, though subjects have keys: restore vault_keys")
    rows = []
    for purpose in missing:
        key = SecretBytes(draw(entropy, KEY_BYTES))
        wrapped = await asyncio.to_thread(root.wrap, key, _context(purpose, FIRST_VERSION))
        rows.append(
            {
                "purpose": purpose.value,
                "version": FIRST_VERSION,
                "wrapped": wrapped,
                "state": KeyState.ACTIVE.value,
                "created_us": microseconds(now),
            }
        )
    await connection.execute(insert_into(connection, _KEYS).on_conflict_do_nothing(), rows)


def _context(purpose: KeyPurpose, version: int) -> bytes:
    return bind("yumen/key", purpose.value, version)
