"""What a ledger says of itself, for tests: places, kinds, and the verdict of the published check."""

from __future__ import annotations

from collections import Counter

import msgspec
from sqlalchemy import text

from api.auditing.running import audit
from api.database import Database
from gate.replaying import Replayer, Verdict, recorded
from lineage import Window, check, read_page
from vault import KeyRing


async def read_rows(database: Database) -> list[tuple[int, str, int, str]]:
    """(id, stream, seq, kind) of every entry, in order."""
    async with database.reading() as tx:
        found = await tx.connection.execute(text("SELECT id, stream, seq, kind FROM ledger_entries ORDER BY id"))
        return [(row[0], row[1], row[2], row[3]) for row in found]


async def assert_whole(database: Database) -> Counter[str]:
    """Check that no stream has a hole or a double; returns how many entries of each kind there are."""
    places: dict[str, list[int]] = {}
    kinds: Counter[str] = Counter()
    for _, stream, seq, kind in await read_rows(database):
        places.setdefault(stream, []).append(seq)
        kinds[kind] += 1
    broken = {name: found for name, found in places.items() if found != list(range(1, len(found) + 1))}
    assert broken == {}
    return kinds


async def assert_justified(database: Database, keys: KeyRing) -> int:
    """Check that the ledger alone justifies every release in it; returns how many reads it holds."""
    async with database.reading() as tx:
        report = await check(tx.connection, check_mac=keys.check_mac)
    assert report.faults == ()
    return report.reads


async def assert_replayed(database: Database, replayer: Replayer) -> int:
    """Every read comes out again as it was recorded; returns how many there are."""
    count, after = 0, (0, 0)
    async with database.snapshot() as tx:
        while page := await read_page(tx.connection, Window(), after=after):
            after = page[-1][:2]
            found = await replayer.replay(
                tx.connection, [recorded(row[1], msgspec.json.decode(row[2])) for row in page]
            )
            assert {each.verdict for each in found} == {Verdict.SAME}
            count += len(found)
    return count


async def assert_agrees(database: Database, keys: KeyRing) -> int:
    """The whole state is what the ledger tells; returns how many subjects there are."""
    async with database.snapshot() as tx:
        report = await audit(tx.connection, keys)
    assert report.differences == []
    return report.subjects
