"""What a thief of the database learns without the root key: nothing that a dictionary would find."""

import hashlib
import zlib
from base64 import b32encode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.database import Database
from tests.vault.support import SUBJECT, TENANT
from vault import (
    FileRootKey,
    TokenScope,
    canonical_form,
    check_character,
    insert_subject_key,
    issue_tokens,
    open_key_ring,
    put_identifiers,
    read_identifier,
    seal_identifier,
)

CANARIES = {
    "id_card_no": ("resident_id", "11000019900307001X"),
    "mobile_no": ("mobile", "13800138000"),
    "bank_card_no": ("bank_card", "6200000000000005"),
    "email": ("email", "canary@example.com"),
    "full_name": ("name", "金丝雀"),
    "home_address": ("address", "浙江省杭州市西湖区金丝雀路1号"),
    "birth_date": ("birth_date", "1990-03-07"),
}
TABLES = ("vault_keys", "vault_subject_keys", "vault_identifiers", "vault_index", "vault_tokens")


@pytest.fixture
async def loot(database: Database, tmp_path: Path) -> bytes:
    """Every row of the vault, with one registered person, as bytes; on SQLite the files as well."""
    root = FileRootKey.open_or_create(tmp_path / "secrets" / "root.key")
    async with database.transaction() as tx:
        ring = await open_key_ring(tx.connection, root, now=tx.now)
        key, wrapped = ring.new_subject_key(TENANT, SUBJECT)
        await insert_subject_key(tx.connection, TENANT, SUBJECT, wrapped, tx.now)
        rows = [seal_identifier(ring, key, read_identifier(f, kind, v)) for f, (kind, v) in CANARIES.items()]
        await put_identifiers(tx.connection, TENANT, rows, tx.now)
        for field in CANARIES:
            scope = TokenScope(TENANT, "credit_limit", "dawn_bank", field)
            await issue_tokens(tx.connection, scope, [SUBJECT], now=tx.now, rows=ring.rows)
    stolen = b""
    async with database.reading() as tx:
        for table in TABLES:
            for row in await tx.connection.execute(text(f"SELECT * FROM {table}")):  # noqa: S608
                stolen += b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row) + b"\n"
    return stolen + files_of(tmp_path)


def files_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("yumen.db*")))


def traces(value: str) -> Iterator[bytes]:
    """The forms in which a careless store would leave a value."""
    for content in (value.encode(), value.encode("utf-16-le"), value.encode("gb18030")):
        yield content
        yield b64encode(content).rstrip(b"=")
        yield content.hex().encode()
        for salt in (b"", TENANT.encode(), SUBJECT.encode()):
            for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
                digest = hashlib.new(name, salt + content).digest()
                yield from (digest[:16], digest.hex()[:32].encode(), b64encode(digest)[:20], b32encode(digest)[:20])
        yield b"%08x" % zlib.crc32(content)


async def test_no_identifier_and_no_bare_hash_of_one_is_in_the_database(loot: bytes) -> None:
    assert loot.count(b"\n") >= 3 + 1 + 7 + 4 + 7
    for kind, value in CANARIES.values():
        for written in {value, canonical_form(kind, value).reveal()}:
            assert not [trace for trace in traces(written) if trace in loot]


async def test_a_dictionary_of_every_order_number_finds_nobody(loot: bytes) -> None:
    """With region and birth date known only a thousand numbers are left: a bare hash would be plaintext."""
    body = CANARIES["id_card_no"][1][:14]
    guesses = [f"{body}{order:03}" for order in range(1000)]
    numbers = [guess + check_character(guess) for guess in guesses]
    assert CANARIES["id_card_no"][1] in numbers
    assert not [n for n in numbers if hashlib.sha256(n.encode()).digest() in loot or n.encode() in loot]
