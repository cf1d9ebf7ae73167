"""What was done to the ledger's tables after a checkpoint was signed shows against it, also what no gap shows."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.database import Database
from lineage import append, audit_log, check
from lineage.log import LogReader
from tests.lineage import world
from tests.lineage.log.running import KEY, catch_up, write


@pytest.fixture
async def open_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database whose owner took the triggers away."""
    database = Database.open(f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'open.db')}")
    async with database.transaction() as tx:
        for table in ("ledger_entries", "ledger_leaves"):
            for verb in ("update", "delete"):
                await tx.connection.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
        await tx.connection.execute(text("DROP TRIGGER ledger_leaves_next"))
        drafts = [world.given(world.subject(number), number) for number in range(300)]
        await append(tx.connection, drafts, now=tx.now, mac=world.MAC)
    await catch_up(database, tmp_path / "log")
    yield database
    await database.close()


async def codes(database: Database, folder: Path) -> list[tuple[str, int | None, int | None]]:
    head, _ = LogReader(folder, KEY).head()
    async with database.reading() as tx:
        found = await audit_log(tx.connection, head)
    return [(fault.code.value, fault.n, fault.entry) for fault in found.faults]


async def change(database: Database, statement: str) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text(statement))


async def test_an_untouched_ledger_is_what_the_log_covers(database: Database, tmp_path: Path) -> None:
    await write(database, 300)
    await catch_up(database, tmp_path / "log")
    await write(database, 5)  # waits for the sequencer, and is no fault
    assert await codes(database, tmp_path / "log") == []


async def test_the_end_of_a_stream_that_was_cut_off_shows(open_database: Database, tmp_path: Path) -> None:
    await change(open_database, "DELETE FROM ledger_entries WHERE id = 300")
    async with open_database.reading() as tx:
        assert (await check(tx.connection)).is_sound  # the streams have no gap
    assert await codes(open_database, tmp_path / "log") == [
        ("log/entry_missing", 299, 300),
        ("log/root", None, None),
    ]


async def test_a_tail_cut_off_with_its_places_shows(open_database: Database, tmp_path: Path) -> None:
    await change(open_database, "DELETE FROM ledger_entries WHERE id > 290")
    await change(open_database, "DELETE FROM ledger_leaves WHERE entry > 290")
    assert await codes(open_database, tmp_path / "log") == [("log/place_missing", 290, None), ("log/root", None, None)]


async def test_an_entry_rewritten_with_its_digest_shows(open_database: Database, tmp_path: Path) -> None:
    await change(open_database, "UPDATE ledger_entries SET digest = zeroblob(32) WHERE id = 7")
    assert await codes(open_database, tmp_path / "log") == [("log/root", None, None)]


async def test_places_exchanged_or_taken_out_show(open_database: Database, tmp_path: Path) -> None:
    await change(open_database, "UPDATE ledger_leaves SET entry = 1000 WHERE n = 3")
    assert await codes(open_database, tmp_path / "log") == [
        ("log/entry_missing", 3, 1000),
        ("log/root", None, None),
    ]


async def test_an_entry_that_was_passed_over_shows(open_database: Database, tmp_path: Path) -> None:
    await change(open_database, "DELETE FROM ledger_leaves WHERE n = 10")
    await change(open_database, "UPDATE ledger_entries SET at_us = 1 WHERE id = 11")
    found = await codes(open_database, tmp_path / "log")
    assert found == [("log/place_missing", 10, None), ("log/root", None, None), ("log/not_logged", None, 11)]
