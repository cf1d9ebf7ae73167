"""The deployment's keys in the database, all wrapped by the root key.

Rules:
- missing deployment keys are made once: insert if absent, then read what is there, so that two processes that start
  together use the same keys;
- keys that were lost are never replaced in silence: with subject keys present and no key-encryption key, the vault
  refuses to start;
- retired keys are not loaded, so nothing opens under them;
- a ring in use takes over newer keys and lets retired ones go (`refresh_key_ring`): one small look, and the root key is
  asked only for what is new.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import KeyExhaustedError, KeyMissingError, UnknownSuiteError
from vault.header import Suite
from vault.keyring import KeyPurpose, KeyRing, KeyVersion
from vault.kms.protocol import RootKey
from vault.secret import SecretBytes
from vault.store.rows import insert_into, microseconds, table_of
from vault.suites import KEY_BYTES
from vault.tables import VaultKey, VaultSubjectKey
from vault.uses import USE_LIMIT

FIRST_VERSION: Final = 1
KEYS: Final = table_of(VaultKey)
_SUBJECT_KEYS: Final = table_of(VaultSubjectKey)


class KeyState(StrEnum):
    """What a deployment key may still do."""

    ACTIVE = "active"
    RETIRED = "retired"


class WrappedKey(NamedTuple):
    """One row of `vault_keys`.

    Attributes:
        uses: encryptions set aside so far; counted for key-encryption keys only.
    """

    purpose: KeyPurpose
    version: int
    suite: Suite
    state: KeyState
    wrapped: bytes
    uses: int
    created_us: int

    @property
    def place(self) -> KeyVersion:
        """Purpose and version."""
        return KeyVersion(self.purpose, self.version)


async def open_key_ring(
    connection: AsyncConnection,
    root: RootKey,
    *,
    now: datetime,
    suite: Suite = Suite.AES,
    entropy: Entropy = system_entropy,
) -> KeyRing:
    """Make the deployment's keys if this is the first start, and open them.

    `suite` is that of keys that are made now; keys that are there keep theirs.
    Raises: KeyMissingError: keys were lost; RootKeyError; TamperedError.
    """
    rows = await wrapped_keys(connection)
    present = {row.purpose for row in rows if row.state is KeyState.ACTIVE}
    missing = [purpose for purpose in KeyPurpose if purpose not in present]
    if missing:
        await _require_new(connection, missing, had={row.purpose for row in rows})
        for purpose in missing:
            place = KeyVersion(purpose, FIRST_VERSION)
            await insert_key(connection, root, place, suite=suite, now=now, entropy=entropy)
    return await load_key_ring(connection, root)


async def load_key_ring(connection: AsyncConnection, root: RootKey) -> KeyRing:
    """Open the deployment's keys, making none.

    Raises: KeyMissingError, RootKeyError, TamperedError.
    """
    rows = await wrapped_keys(connection, active=True)
    keys: dict[KeyPurpose, dict[int, SecretBytes]] = {}
    for row in rows:
        keys.setdefault(row.purpose, {})[row.version] = await unwrap_key(root, row)
    return KeyRing(keys, {row.place: row.suite for row in rows}, root)


async def refresh_key_ring(connection: AsyncConnection, ring: KeyRing) -> bool:
    """Bring a ring in use up to date; says whether anything had changed.

    A ring that stands alone (`root` is None) stays as it is.
    Raises: RootKeyError, TamperedError: a newer key cannot be opened; the ring is as it was.
    """
    root = ring.root
    if root is None:
        return False
    statement = select(KEYS.c.purpose, KEYS.c.version).where(KEYS.c.state == KeyState.ACTIVE)
    active = {(row.purpose, row.version) for row in await connection.execute(statement)}
    if active == ring.inventory:
        return False
    rows = await wrapped_keys(connection, active=True)
    keys: dict[KeyPurpose, dict[int, SecretBytes]] = {}
    for row in rows:
        known = ring.versions(row.purpose).get(row.version)
        keys.setdefault(row.purpose, {})[row.version] = known or await unwrap_key(root, row)
    ring.adopt(KeyRing(keys, {row.place: row.suite for row in rows}, root))
    return True


async def wrapped_keys(connection: AsyncConnection, *, active: bool = False, lock: bool = False) -> list[WrappedKey]:
    """Give the rows in order; with `lock` no other transaction changes them until this one ends."""
    statement = select(
        KEYS.c.purpose, KEYS.c.version, KEYS.c.suite, KEYS.c.state, KEYS.c.wrapped, KEYS.c.uses, KEYS.c.created_us
    ).order_by(KEYS.c.purpose, KEYS.c.version)
    if active:
        statement = statement.where(KEYS.c.state == KeyState.ACTIVE)
    if lock:
        statement = statement.with_for_update()
    return [_row(row) for row in await connection.execute(statement)]


async def insert_key(  # noqa: PLR0913  the parts of a row
    connection: AsyncConnection,
    root: RootKey,
    place: KeyVersion,
    *,
    suite: Suite,
    now: datetime,
    entropy: Entropy = system_entropy,
) -> None:
    """Make a version of a key, unless it is there.

    Raises: RootKeyError.
    """
    key = SecretBytes(draw(entropy, KEY_BYTES))
    row = {
        "purpose": place.purpose.value,
        "version": place.version,
        "suite": int(suite),
        "wrapped": await asyncio.to_thread(root.wrap, key, context(place)),
        "state": KeyState.ACTIVE.value,
        "uses": 0,
        "created_us": microseconds(now),
    }
    await connection.execute(insert_into(connection, KEYS).on_conflict_do_nothing(), [row])


async def set_aside_uses(connection: AsyncConnection, ring: KeyRing) -> None:
    """Note in the database what the ring's key-encryption key was used for, in blocks, before it is stored.

    Raises: KeyExhaustedError: the key has reached its limit.
    """
    count = ring.uses.due
    if not count:
        return
    noted = await connection.execute(
        update(KEYS)
        .where(
            KEYS.c.purpose == KeyPurpose.KEK.value,
            KEYS.c.version == ring.key_version,
            KEYS.c.uses <= USE_LIMIT - count,
        )
        .values(uses=KEYS.c.uses + count)
    )
    if noted.rowcount != 1:
        raise KeyExhaustedError(f"version {ring.key_version} of the key-encryption key")
    ring.uses.noted += count


async def unwrap_key(root: RootKey, row: WrappedKey) -> SecretBytes:
    """Open one row.

    Raises: RootKeyError, TamperedError.
    """
    return await asyncio.to_thread(root.unwrap, row.wrapped, context(row.place))


def context(place: KeyVersion) -> bytes:
    """Give what a wrapped key is bound to."""
    return bind("yumen/key", place.purpose.value, place.version)


async def _require_new(connection: AsyncConnection, missing: Sequence[KeyPurpose], *, had: set[KeyPurpose]) -> None:
    lost = [purpose for purpose in missing if purpose.is_original or purpose in had]
    if lost and (await connection.execute(select(_SUBJECT_KEYS.c.subject).limit(1))).first():
        raise KeyMissingError(f"{', '.join(lost)} key, though subjects have keys: restore vault_keys")


def _row(row: Row[*tuple[Any, ...]]) -> WrappedKey:
    if row.suite not in set(Suite):
        raise UnknownSuiteError(row.suite)
    return WrappedKey(
        KeyPurpose(row.purpose),
        row.version,
        Suite(row.suite),
        KeyState(row.state),
        row.wrapped,
        row.uses,
        row.created_us,
    )
