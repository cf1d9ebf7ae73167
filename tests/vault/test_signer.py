"""The log's signing key: made once, wrapped, never shown, never rotated."""

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
    KeyInUseError,
    KeyPurpose,
    KeyRing,
    LogSigner,
    SecretBytes,
    Suite,
    insert_subject_key,
    open_key_ring,
)
from vault.store.rotation import add_version


@pytest.fixture
def root(tmp_path: Path) -> FileRootKey:
    return FileRootKey.open_or_create(tmp_path / "root.key")


async def start(database: Database, root: FileRootKey) -> KeyRing:
    async with database.transaction() as tx:
        return await open_key_ring(tx.connection, root, now=tx.now)


async def test_the_key_is_made_on_the_first_run_and_then_used(database: Database, root: FileRootKey) -> None:
    first, again = (await start(database, root)).log_signer, (await start(database, root)).log_signer
    assert first.public_key == again.public_key
    Ed25519PublicKey.from_public_bytes(first.public_key).verify(first.sign(b"text"), b"text")


async def test_processes_that_start_together_sign_with_one_key(database_url: str, root: FileRootKey) -> None:
    databases = [Database.open(database_url) for _ in range(4)]
    rings = await asyncio.gather(*(start(database, root) for database in databases))
    assert len({ring.log_signer.public_key for ring in rings}) == 1
    for database in databases:
        await database.close()


async def test_a_deployment_that_has_subjects_already_gets_its_log_key(database: Database, root: FileRootKey) -> None:
    ring = await start(database, root)
    async with database.transaction() as tx:
        await insert_subject_key(tx.connection, TENANT, SUBJECT, ring.new_subject_key(TENANT, SUBJECT)[1], tx.now)
        await tx.connection.execute(
            text("DELETE FROM vault_keys WHERE purpose = 'log'")
        )  # as an earlier release left it
    assert (await start(database, root)).mac(b"x") == ring.mac(b"x")


async def test_the_key_is_never_rotated_since_the_log_is_known_by_it(database: Database, root: FileRootKey) -> None:
    before = (await start(database, root)).log_signer.public_key
    async with database.transaction() as tx:
        with pytest.raises(KeyInUseError, match="begins another log"):
            await add_version(tx.connection, root, KeyPurpose.LOG, suite=Suite.AES, now=tx.now)
        await add_version(tx.connection, root, KeyPurpose.LEDGER, suite=Suite.AES, now=tx.now)
    assert (await start(database, root)).log_signer.public_key == before


def test_the_private_key_does_not_leave_the_object() -> None:
    signer = LogSigner(SecretBytes(bytes(range(32))))
    assert repr(signer) == "<LogSigner>"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never serialised"):
            leave(signer)
