"""Transactions behave alike on SQLite and PostgreSQL."""

from datetime import UTC
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from api.database import Database
from api.migrate import upgrade


async def test_a_transaction_commits_what_was_written(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("CREATE TABLE kept (value INTEGER)"))
        await tx.connection.execute(text("INSERT INTO kept VALUES (1)"))
    async with database.reading() as tx:
        assert (await tx.connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 1


async def test_a_raising_block_leaves_nothing_behind(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("CREATE TABLE kept (value INTEGER)"))

    async def write_and_fail() -> None:
        async with database.transaction() as tx:
            await tx.connection.execute(text("INSERT INTO kept VALUES (1)"))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await write_and_fail()
    async with database.reading() as tx:
        assert (await tx.connection.execute(text("SELECT count(*) FROM kept"))).scalar_one() == 0


async def test_the_instant_of_a_transaction_is_aware_utc(database: Database) -> None:
    async with database.reading() as tx:
        assert tx.now.tzinfo is UTC


async def test_sqlite_is_durable_and_guards_replace(tmp_path: object) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/d.db")
    async with database.reading() as tx:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
        found = {name: (await tx.connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in wanted}
    await database.close()
    assert found == wanted


async def test_a_guarded_connection_cannot_change_the_ledger(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/d.db"
    open_to_all = Database.open(url)
    await upgrade(open_to_all)
    await open_to_all.close()
    guarded = Database.open(url, guarded=True)
    forbidden = (
        "DELETE FROM ledger_entries",
        "DROP TRIGGER ledger_entries_no_delete",
        "UPDATE consent_events SET kind = 'x'",
    )
    for statement in forbidden:
        with pytest.raises(DatabaseError, match="not authorized"):
            async with guarded.transaction() as tx:
                await tx.connection.execute(text(statement))
    await guarded.close()
