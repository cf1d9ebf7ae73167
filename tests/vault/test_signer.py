"""The log's signing key: made once, wrapped, never shown, apart from the keys of subjects."""

import asyncio
import copy
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from api.database import Database
from tests.vault.support import SUBJECT, TENANT
from vault import (
    FileRootKey,
    KeyMissingError,
    LogSigner,
    SecretBytes,
    TamperedError,
    WrongRootKeyError,
    insert_subject_key,
    load_log_signer,
    open_key_ring,
    open_log_signer,
)


@pytest.fixture
def root(tmp_path: Path) -> FileRootKey:
    return FileRootKey.open_or_create(tmp_path / "root.key")


async def start(database: Database, root: FileRootKey) -> LogSigner:
    async with database.transaction() as tx:
        return await open_log_signer(tx.connection, root, now=tx.now)


async def test_the_key_is_made_on_the_first_run_and_then_used(database: Database, root: FileRootKey) -> None:
    async with database.transaction() as tx:
        with pytest.raises(KeyMissingError, match="log key"):
            await load_log_signer(tx.connection, root)
    first = await start(database, root)
    again = await start(database, root)
    async with database.reading() as tx:
        loaded = await load_log_signer(tx.connection, root)
    assert first.public_key == again.public_key == loaded.public_key
    Ed25519PublicKey.from_public_bytes(first.public_key).verify(first.sign(b"text"), b"text")


async def test_processes_that_start_together_sign_with_one_key(database_url: str, root: FileRootKey) -> None:
    databases = [Database.open(database_url) for _ in range(4)]
    signers = await asyncio.gather(*(start(database, root) for database in databases))
    assert len({signer.public_key for signer in signers}) == 1
    for database in databases:
        await database.close()


async def test_a_deployment_that_has_subjects_already_gets_its_log_key(database: Database, root: FileRootKey) -> None:
    async with database.transaction() as tx:
        ring = await open_key_ring(tx.connection, root, now=tx.now)
        await insert_subject_key(tx.connection, TENANT, SUBJECT, ring.new_subject_key(TENANT, SUBJECT)[1], tx.now)
    await start(database, root)
    async with database.transaction() as tx:
        assert (await open_key_ring(tx.connection, root, now=tx.now)).mac(b"x") == ring.mac(b"x")


async def test_another_root_or_a_key_put_in_its_place_opens_nothing(
    database: Database, root: FileRootKey, tmp_path: Path
) -> None:
    async with database.transaction() as tx:
        await open_key_ring(tx.connection, root, now=tx.now)
    await start(database, root)
    other = FileRootKey.open_or_create(tmp_path / "other" / "root.key")
    with pytest.raises(WrongRootKeyError):
        await start(database, other)
    async with database.transaction() as tx:
        kek = "(SELECT wrapped FROM vault_keys WHERE purpose = 'kek')"
        await tx.connection.execute(text(f"UPDATE vault_keys SET wrapped = {kek} WHERE purpose = 'log'"))  # noqa: S608
    with pytest.raises(TamperedError):
        await start(database, root)


async def test_the_private_key_is_not_in_the_database_and_does_not_leave_the_object(
    database: Database, root: FileRootKey
) -> None:
    seed = bytes(range(32))
    async with database.transaction() as tx:
        signer = await open_log_signer(tx.connection, root, now=tx.now, entropy=lambda count: seed[:count])
        stored = (await tx.connection.execute(text("SELECT wrapped FROM vault_keys"))).scalar_one()
    assert seed not in bytes(stored)
    assert repr(signer) == "<LogSigner>"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never serialised"):
            leave(signer)
    assert LogSigner(SecretBytes(seed)).public_key == signer.public_key
