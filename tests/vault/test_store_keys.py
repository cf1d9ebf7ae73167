"""Deployment and subject keys in the database."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from api.database import Database
from tests.vault.support import OTHER, SUBJECT, TENANT
from vault import (
    FileRootKey,
    KeyMissingError,
    KeyRing,
    KeyState,
    TamperedError,
    UnknownKeyError,
    WrongRootKeyError,
    insert_subject_key,
    insert_subject_keys,
    load_key_ring,
    open_key_ring,
    subject_keys,
)
from vault.store.rows import table_of
from vault.tables import VaultKey, VaultSubjectKey

KEYS = table_of(VaultKey)


@pytest.fixture
def root(tmp_path: Path) -> FileRootKey:
    return FileRootKey.open_or_create(tmp_path / "root.key")


async def start(database: Database, root: FileRootKey) -> KeyRing:
    async with database.transaction() as tx:
        return await open_key_ring(tx.connection, root, now=tx.now)


async def test_the_first_start_makes_keys_and_later_starts_use_them(database: Database, root: FileRootKey) -> None:
    first = await start(database, root)
    second = await start(database, root)
    async with database.reading() as tx:
        third = await load_key_ring(tx.connection, root)
        kept = (await tx.connection.execute(text("SELECT purpose, version, state FROM vault_keys"))).all()
    _, wrapped = first.new_subject_key(TENANT, SUBJECT)
    for ring in (second, third):
        assert ring.open_subject_key(TENANT, SUBJECT, wrapped).key_id == 1
        assert ring.blind(TENANT, "email", "a@example.com") == first.blind(TENANT, "email", "a@example.com")
        assert ring.mac(b"entry") == first.mac(b"entry")
    assert sorted(tuple(row) for row in kept) == [
        ("certificate", 1, "active"),
        ("index", 1, "active"),
        ("kek", 1, "active"),
        ("ledger", 1, "active"),
        ("log", 1, "active"),
        ("names", 1, "active"),
        ("row", 1, "active"),
        ("token", 1, "active"),
    ]


async def test_processes_that_start_together_use_the_same_keys(database_url: str, root: FileRootKey) -> None:
    databases = [Database.open(database_url) for _ in range(4)]
    rings = await asyncio.gather(*(start(database, root) for database in databases))
    assert len({ring.mac(b"entry") for ring in rings}) == 1
    assert len({ring.blind(TENANT, "email", "a@example.com") for ring in rings}) == 1
    _, wrapped = rings[0].new_subject_key(TENANT, SUBJECT)
    assert all(ring.open_subject_key(TENANT, SUBJECT, wrapped).key_id == 1 for ring in rings)
    for database in databases:
        await database.close()


async def test_loading_makes_no_keys(database: Database, root: FileRootKey) -> None:
    async with database.transaction() as tx:
        with pytest.raises(KeyMissingError):
            await load_key_ring(tx.connection, root)
        assert (await tx.connection.execute(text("SELECT count(*) FROM vault_keys"))).scalar_one() == 0


async def test_lost_deployment_keys_are_not_replaced_in_silence(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    _, wrapped = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now)
        await tx.connection.execute(delete(KEYS).where(KEYS.c.purpose == "kek"))
    with pytest.raises(KeyMissingError, match="restore vault_keys"):
        await start(database, root)


async def test_another_root_key_is_refused_and_changes_nothing(
    database: Database, root: FileRootKey, tmp_path: Path
) -> None:
    before = await start(database, root)
    other = FileRootKey.open_or_create(tmp_path / "other" / "root.key")
    with pytest.raises(WrongRootKeyError):
        await start(database, other)
    assert (await start(database, root)).mac(b"entry") == before.mac(b"entry")


async def test_a_key_put_in_anothers_place_does_not_open(database: Database, root: FileRootKey) -> None:
    await start(database, root)
    async with database.transaction() as tx:
        kek = "(SELECT wrapped FROM vault_keys WHERE purpose = 'kek')"
        swapped = f"UPDATE vault_keys SET wrapped = {kek} WHERE purpose = 'index'"  # noqa: S608
        await tx.connection.execute(text(swapped))
    with pytest.raises(TamperedError):
        await start(database, root)


async def test_a_retired_key_opens_nothing_more(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    _, wrapped = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        copied = (
            "INSERT INTO vault_keys (purpose, version, wrapped, state, created_us) "
            "SELECT purpose, 2, wrapped, state, created_us FROM vault_keys WHERE purpose = 'kek'"
        )
        await tx.connection.execute(text(copied))
        await tx.connection.execute(
            update(KEYS).where(KEYS.c.purpose == "kek", KEYS.c.version == 1).values(state=KeyState.RETIRED)
        )
    with pytest.raises(TamperedError):
        await start(database, root)  # version 1's bytes do not open as version 2
    async with database.transaction() as tx:
        await tx.connection.execute(delete(KEYS).where(KEYS.c.version == 2))
    with pytest.raises(KeyMissingError):
        await start(database, root)
    with pytest.raises(UnknownKeyError):
        ring.open_subject_key(TENANT, SUBJECT, wrapped[:5] + b"\x02" + wrapped[6:])


async def test_subject_keys_are_stored_by_tenant_and_missing_ones_are_absent(
    database: Database, root: FileRootKey
) -> None:
    ring = await start(database, root)
    _, wrapped = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now)
    async with database.reading() as tx:
        assert await subject_keys(tx.connection, TENANT, [SUBJECT, OTHER]) == {SUBJECT: wrapped}
        assert await subject_keys(tx.connection, "dusk_group", [SUBJECT]) == {}
        assert await subject_keys(tx.connection, TENANT, []) == {}


async def test_a_stored_subject_key_is_never_overwritten(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    _, first = ring.new_subject_key(TENANT, SUBJECT)
    _, second = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        assert await insert_subject_key(tx.connection, TENANT, SUBJECT, first, tx.now) == first
        assert await insert_subject_key(tx.connection, TENANT, SUBJECT, second, tx.now) == first


async def test_thousands_of_subject_keys_are_stored_and_read_in_batches(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    wrapped = {f"sub_{number:026}": ring.new_subject_key(TENANT, f"sub_{number:026}")[1] for number in range(2500)}
    async with database.transaction() as tx:
        assert await insert_subject_keys(tx.connection, TENANT, wrapped, tx.now) == wrapped
        versions = (await tx.connection.execute(table_of(VaultSubjectKey).select())).all()
    assert {row.kek_version for row in versions} == {1}


async def test_a_deployment_older_than_token_keys_gets_one(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    _, wrapped = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now)
        await tx.connection.execute(delete(KEYS).where(KEYS.c.purpose == "token"))
    assert (await start(database, root)).tokens.versions == (1,)


async def test_a_retired_token_key_is_not_replaced_in_silence(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    _, wrapped = ring.new_subject_key(TENANT, SUBJECT)
    async with database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now)
        await tx.connection.execute(update(KEYS).where(KEYS.c.purpose == "token").values(state=KeyState.RETIRED))
    with pytest.raises(KeyMissingError, match="token key"):
        await start(database, root)
