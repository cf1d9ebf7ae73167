"""What was erased leaves the database's files: the wrapped key, sealed values, tokens, digests, as bytes on disk."""

import base64
import hashlib
import re
import zlib
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from api.store_scrub import Scrubbed, scrub
from examples.people import resident_id
from gate import Gate
from tests.gate.asking import ask
from tests.gate.erasing.world import DPO, Office, register
from tests.gate.people import born, desk_of
from tests.world import TENANT, World

STORED = (
    ("vault_subject_keys", "wrapped"),
    ("vault_identifiers", "sealed"),
    ("gate_values", "sealed"),
    ("vault_index", "digest"),
    ("vault_tokens", "token"),
)


async def database_folder(world: World) -> Path:
    if world.database.is_sqlite:
        return Path(str(world.database.engine.url.database)).parent
    async with world.database.reading() as tx:
        return Path((await tx.connection.execute(text("SHOW data_directory"))).scalar_one())


async def files_with(world: World, *needles: bytes) -> set[str]:
    """The files of the database that hold one of the byte strings; PostgreSQL's log of writes is named as one."""
    folder = await database_folder(world)
    found = set()
    for path in folder.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except OSError:  # the server's own temporary files come and go
            continue
        if any(needle in content for needle in needles):
            found.add("pg_wal" if "pg_wal" in path.parts else path.name)
    return found


async def secrets_of(world: World, ref: str) -> list[bytes]:
    """The wrapped key, sealed identifiers and values, digests and tokens of a person, as stored."""
    async with world.database.reading() as tx:
        found: list[bytes] = []
        for table, column in STORED:
            rows = await tx.connection.execute(
                text(f"SELECT {column} FROM {table} WHERE tenant = :tenant AND subject = :ref"),  # noqa: S608  # named here
                {"tenant": TENANT, "ref": ref},
            )
            found += [value.encode() if isinstance(value, str) else bytes(value) for value in rows.scalars()]
        return found


async def test_the_destroyed_key_leaves_the_database_s_files(office: Office, lender: World, person: str) -> None:
    other = await register(lender, 2)
    gone, kept = await secrets_of(lender, person), await secrets_of(lender, other)
    if not lender.database.is_sqlite:
        async with lender.database.transaction() as tx:
            await tx.connection.execute(text("CHECKPOINT"))
    assert await files_with(lender, gone[0])
    await office.erase(person)
    done = await scrub(lender.database, full=not lender.database.is_sqlite)
    assert done == Scrubbed(is_done=True, method="checkpoint" if lender.database.is_sqlite else "rewrite")
    assert await files_with(lender, *gone) <= {"pg_wal"}
    assert await files_with(lender, *kept) - {"pg_wal"}
    assert await office.faults() == []


async def test_a_reader_puts_the_scrubbing_off_and_it_is_said(office: Office, lender: World, person: str) -> None:
    if not lender.database.is_sqlite:
        done = await scrub(lender.database)
        assert done == Scrubbed(is_done=True, method="vacuum")
        return
    async with lender.database.reading() as tx:
        await tx.connection.execute(text("SELECT count(*) FROM vault_subject_keys"))
        await office.erase(person)
        assert await scrub(lender.database, attempts=2) == Scrubbed(is_done=False, method="checkpoint")
    assert (await scrub(lender.database)).is_done


WAYS = ("sha256", "sha1", "md5")
GUESSES = 100_000


def guesses() -> list[str]:
    """10^5 resident IDs a thief would try: every birthday of decades, a few serials of each."""
    first = date(1960, 1, 1)
    return [resident_id(first + timedelta(days=number // 5), number % 5 + 1, "m") for number in range(GUESSES)]


class Loot:
    """Stolen bytes, ready to be looked through for a hundred thousand hashes."""

    def __init__(self, stolen: bytes) -> None:
        self._eight = {stolen[place : place + 8] for place in range(len(stolen) - 7)}
        self._sixteen = {stolen[place : place + 16] for place in range(len(stolen) - 15)}
        self._sums = {word.lower() for word in re.findall(rb"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?![0-9a-fA-F])", stolen)}

    def tells(self, identifier: str) -> bool:
        """Whether a bare hash of the identifier is in it: raw, hex or base64; CRC-32 as hex."""
        content = identifier.encode()
        for way in WAYS:
            digest = hashlib.new(way, content).digest()
            text_forms = (digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(digest))
            if digest[:8] in self._eight or any(form[:16] in self._sixteen for form in text_forms):
                return True
        return b"%08x" % zlib.crc32(content) in self._sums


async def steal(world: World) -> bytes:
    """Every row of every table, as a dump would hold them, with bytes as they are."""
    stolen: list[bytes] = []
    async with world.database.reading() as tx:
        for table in SQLModel.metadata.sorted_tables:
            for row in await tx.connection.execute(table.select()):
                stolen += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"|".join(stolen)


async def test_a_dictionary_of_a_hundred_thousand_finds_nobody(office: Office, lender: World, gate: Gate) -> None:
    numbers = guesses()
    victims = [date(1960, 1, 1) + timedelta(days=days) for days in (9_000, 9_001)]
    async with lender.database.transaction() as tx:
        people = [born(victim) for victim in victims]
        kept, gone = await desk_of(lender).register(tx.connection, TENANT, people, by=DPO, now=tx.now)
    assert {people[0].identifiers["id_card_no"], people[1].identifiers["id_card_no"]} <= set(numbers)
    await gate.read(ask(kept.ref, gone.ref))
    await office.erase(gone.ref)
    stolen = await steal(lender)
    loot = Loot(stolen)
    assert [number for number in numbers if loot.tells(number)] == []
    planted = Loot(stolen + b"|" + hashlib.md5(numbers[77].encode()).hexdigest().encode())  # noqa: S324  # as a careless store would
    assert [number for number in numbers if planted.tells(number)] == [numbers[77]]
