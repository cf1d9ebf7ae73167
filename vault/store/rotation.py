"""Changing keys while they are in use: new versions, and what older ones made brought under them.

Rules:
- each step is small, in the caller's transaction, and leaves everything readable: it can stop anywhere, and a later run
  goes on with what is left, found by key version (no place of the job is kept that could be wrong);
- a version is retired when nothing is left under it, under a lock that writers respect (`insert_subject_keys`,
  `put_identifiers`);
- the newest version is never retired, and a purpose whose old output cannot be made anew keeps its versions.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vault.encoding import Entropy, system_entropy
from vault.errors import KeyInUseError, KeyMissingError, VaultError
from vault.header import Suite, header
from vault.identify import SealedIdentifier
from vault.keyring import KeyPurpose, KeyRing, KeyVersion
from vault.kms.protocol import RootKey
from vault.store.deployment import KEYS, KeyState, WrappedKey, context, insert_key, unwrap_key, wrapped_keys
from vault.store.identifiers import IDENTIFIERS, INDEX, insert_entries
from vault.store.keys import count_under, replace_wrapped, subject_keys, subjects_under
from vault.store.resealing import Pass
from vault.tables import MAX_DIGEST


async def add_version(  # noqa: PLR0913  the parts of a key
    connection: AsyncConnection,
    root: RootKey,
    purpose: KeyPurpose,
    *,
    suite: Suite,
    now: datetime,
    entropy: Entropy = system_entropy,
) -> KeyVersion:
    """Make the next version of a key; rings take it over when they are refreshed.

    Raises: RootKeyError, KeyMissingError: there is no version yet. KeyInUseError: it never has another one.
    """
    if not purpose.is_rotatable:
        raise KeyInUseError("the log's key is what others know the log by: another key begins another log")
    rows = [row for row in await wrapped_keys(connection, lock=True) if row.purpose is purpose]
    if not rows:
        raise KeyMissingError(f"{purpose} key")
    place = KeyVersion(purpose, rows[-1].version + 1)
    await insert_key(connection, root, place, suite=suite, now=now, entropy=entropy)
    return place


async def retire_version(connection: AsyncConnection, place: KeyVersion) -> None:
    """Let a version go: rings drop it when they are refreshed, and nothing opens under it any more.

    Raises: KeyMissingError: no such active version; KeyInUseError: it is the newest, or something still needs it.
    """
    rows = [row for row in await wrapped_keys(connection, active=True, lock=True) if row.purpose is place.purpose]
    if place.version not in {row.version for row in rows}:
        raise KeyMissingError(f"active version {place.version} of the {place.purpose} key")
    if not place.purpose.is_retirable:
        raise KeyInUseError(f"versions of the {place.purpose} key are kept: what they made is checked for ever")
    if place.version == rows[-1].version:
        raise KeyInUseError(f"version {place.version} of the {place.purpose} key is the newest: rotate first")
    left = await left_under(connection, rows, place)
    if left:
        raise KeyInUseError(f"version {place.version} of the {place.purpose} key is still needed: run a rewrap first")
    await connection.execute(
        update(KEYS)
        .where(KEYS.c.purpose == place.purpose.value, KEYS.c.version == place.version)
        .values(state=KeyState.RETIRED.value)
    )


async def left_under(connection: AsyncConnection, rows: Sequence[WrappedKey], place: KeyVersion) -> bool:
    """Say whether a rewrap has something left to do for a version."""
    if place.purpose is KeyPurpose.KEK:
        return await count_under(connection, place.version) > 0
    old = next(row for row in rows if row.place == place)
    newest = [row for row in rows if row.purpose is place.purpose][-1]
    for tenant, field in await index_places(connection):
        step = await _lacking(connection, (tenant, field), (old, newest), after=None, limit=1)
        if step:
            return True
    return False


async def rewrap_subjects(connection: AsyncConnection, ring: KeyRing, version: int, *, limit: int) -> Pass:
    """Wrap some subjects' keys anew that are under an older version of the key-encryption key.

    Raises: KeyExhaustedError, UnknownKeyError: the version is retired.
    """
    rows = await subjects_under(connection, version, limit=limit, lock=True)
    fresh, unreadable = [], 0
    for tenant, subject, wrapped in rows:
        try:
            fresh.append((tenant, subject, wrapped, ring.rewrap_subject_key(tenant, subject, wrapped)))
        except VaultError:
            unreadable += 1
    await replace_wrapped(connection, fresh, ring=ring)
    return Pass(len(rows), len(fresh), unreadable)


async def index_places(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Give every (tenant, field) that has index entries, jumping from one to the next."""
    found: list[tuple[str, str]] = []
    table = INDEX.c
    while True:
        statement = select(table.tenant, table.field).order_by(table.tenant, table.field).limit(1)
        if found:
            statement = statement.where(tuple_(table.tenant, table.field) > found[-1])
        row = (await connection.execute(statement)).first()
        if row is None:
            return found
        found.append((row.tenant, row.field))


async def reblind(
    connection: AsyncConnection,
    ring: KeyRing,
    place: tuple[str, str],
    *,
    after: tuple[object, ...] | None,
    limit: int,
) -> Pass:
    """Give some identifiers of a tenant's field their entries under the newest index version, beside the older ones."""
    tenant, field = place
    versions = sorted(ring.versions(KeyPurpose.INDEX))
    old, newest = (_head(ring, versions[0]), _head(ring, versions[-1]))
    rows = await _lacking_heads(connection, place, (old, newest), after=after, limit=limit)
    subjects = sorted({subject for _, subject, _ in rows})
    opened, unreadable = await _open(connection, ring, place, subjects)
    entries = []
    for _, subject, is_exclusive in rows:
        if subject in opened:
            first, *others = (
                ring.blind(tenant, field, opened[subject]),
                *ring.blind_also(tenant, field, opened[subject]),
            )
            entries.append(SealedIdentifier(subject, field, b"", first, is_exclusive, tuple(others)))
    await insert_entries(connection, tenant, entries)
    after = (rows[-1][0], rows[-1][1]) if rows else None
    return Pass(len(rows), len(entries), unreadable, after)


async def count_lacking(connection: AsyncConnection, ring: KeyRing, place: tuple[str, str]) -> int:
    """Count the entries of a tenant's field that `reblind` has to write; 0 while one index version is in use."""
    versions = sorted(ring.versions(KeyPurpose.INDEX))
    if len(versions) == 1:
        return 0
    lacking = _lack(place, (_head(ring, versions[0]), _head(ring, versions[-1])))
    return int((await connection.execute(select(func.count()).select_from(INDEX).where(*lacking))).scalar_one())


async def count_swept(connection: AsyncConnection, place: tuple[str, str], row: WrappedKey) -> int:
    """Count the entries that `sweep_index` has to delete of a retired version."""
    statement = select(func.count()).select_from(INDEX).where(*_made_by(place, row))
    return int((await connection.execute(statement)).scalar_one())


async def sweep_index(connection: AsyncConnection, place: tuple[str, str], row: WrappedKey, *, limit: int) -> int:
    """Delete some of the entries that a retired index version made for a tenant's field; says how many."""
    table = INDEX.c
    here = (table.tenant == place[0], table.field == place[1])
    found = select(table.digest).where(*_made_by(place, row)).limit(limit)
    digests = [each.digest for each in await connection.execute(found)]
    if not digests:
        return 0
    return (await connection.execute(delete(INDEX).where(*here, table.digest.in_(digests)))).rowcount


async def wrap_by(connection: AsyncConnection, row: WrappedKey, source: RootKey, target: RootKey) -> bool:
    """Bring one wrapped key under another root key, or a newer version of the same; says whether it was written.

    Raises: RootKeyError, TamperedError: nothing is changed then.
    """
    key = await unwrap_key(source, row)
    moved = row._replace(wrapped=target.wrap(key, context(row.place)))
    if await unwrap_key(target, moved) != key:
        raise KeyMissingError("the new root key does not give back what it wraps")
    done = await connection.execute(
        update(KEYS)
        .where(KEYS.c.purpose == row.purpose.value, KEYS.c.version == row.version, KEYS.c.wrapped == row.wrapped)
        .values(wrapped=moved.wrapped)
    )
    return done.rowcount == 1


async def _open(
    connection: AsyncConnection, ring: KeyRing, place: tuple[str, str], subjects: Sequence[str]
) -> tuple[dict[str, str], int]:
    """Open the identifiers of a field, held until the transaction ends; and count those that do not open."""
    tenant, field = place
    table = IDENTIFIERS.c
    statement = (
        select(table.subject, table.sealed)
        .where(table.tenant == tenant, table.subject.in_(subjects), table.field == field)
        .with_for_update()
    )
    wrapped = await subject_keys(connection, tenant, subjects)
    opened: dict[str, str] = {}
    for subject, sealed in await connection.execute(statement):
        try:
            key = ring.open_subject_key(tenant, subject, wrapped.get(subject, b""))
            opened[subject] = key.open(sealed, field).decode()
        except VaultError:
            continue
    return opened, len(subjects) - len(opened)


def _head(ring: KeyRing, version: int) -> bytes:
    return header(version, ring.suite_of(KeyPurpose.INDEX, version))


async def _lacking(
    connection: AsyncConnection,
    place: tuple[str, str],
    versions: tuple[WrappedKey, WrappedKey],
    *,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[tuple[bytes, str, bool]]:
    old, newest = (header(row.version, row.suite) for row in versions)
    return await _lacking_heads(connection, place, (old, newest), after=after, limit=limit)


async def _lacking_heads(
    connection: AsyncConnection,
    place: tuple[str, str],
    heads: tuple[bytes, bytes],
    *,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[tuple[bytes, str, bool]]:
    """Entries of the old head whose subject has none of the new one: (digest, subject, exclusive), in order."""
    table = INDEX.c
    statement = (
        select(table.digest, table.subject, table.is_exclusive)
        .where(*_lack(place, heads))
        .order_by(table.digest, table.subject)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(table.digest, table.subject) > after)
    return [(row.digest, row.subject, row.is_exclusive) for row in await connection.execute(statement)]


def _lack(place: tuple[str, str], heads: tuple[bytes, bytes]) -> tuple[ColumnElement[bool], ...]:
    """Conditions: entries of the old head whose subject has none of the new one."""
    tenant, field = place
    old, newest = heads
    table, other = INDEX.c, INDEX.alias()
    has_newer = exists().where(
        other.c.tenant == tenant,
        other.c.subject == table.subject,
        other.c.field == field,
        other.c.digest.between(newest, newest + MAX_DIGEST),
    )
    return (table.tenant == tenant, table.field == field, table.digest.between(old, old + MAX_DIGEST), ~has_newer)


def _made_by(place: tuple[str, str], row: WrappedKey) -> tuple[ColumnElement[bool], ...]:
    """Conditions: entries of a tenant's field that an index version made."""
    head = header(row.version, row.suite)
    table = INDEX.c
    return (table.tenant == place[0], table.field == place[1], table.digest.between(head, head + MAX_DIGEST))
