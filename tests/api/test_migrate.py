"""The schema goes up and down, whole or not at all, and is the one the rooms' tables define."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from api import migrate, schema
from api.database import Database
from tests import postgres

ENTRY = (
    "INSERT INTO ledger_entries (tenant, stream, seq, kind, at_us, outcome, body, digest, mac) "
    "VALUES ('t', 'tenant/t', 1, 'done', 1, 'done', '{}', '', '')"
)
CATALOGUES = {
    "sqlite": (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name",
        "SELECT 'epoch', id, epoch FROM consent_epoch",
    ),
    "postgresql": (
        (
            "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, "
            "identity_generation FROM information_schema.columns WHERE table_schema = 'public' "
            "ORDER BY 1, ordinal_position"
        ),
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        (
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
        ),
        (
            "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled FROM pg_trigger "
            "WHERE NOT tgisinternal ORDER BY 1, 2"
        ),
        "SELECT proname, prosrc, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT 'epoch', id, epoch FROM consent_epoch",
    ),
}


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without a schema, on each supported engine."""
    if request.param == "sqlite":
        database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
        yield database
        await database.close()
        return
    dsn: str = request.getfixturevalue("postgres_dsn")
    name, url = await asyncio.to_thread(postgres.new_database, dsn)
    database = Database.open(url)
    yield database
    await database.close()
    await asyncio.to_thread(postgres.drop_database, dsn, name)


async def _described(database: Database, *, without_seed: bool = False) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    async with database.reading() as tx:
        for statement in CATALOGUES[tx.connection.dialect.name]:
            if without_seed and "consent_epoch" in statement:
                continue
            found += [tuple(map(_in_any_order, row)) for row in await tx.connection.execute(text(statement))]
    return [row for row in found if "alembic_version" not in str(row)]


def _in_any_order(value: object) -> object:
    """Lines of a statement sorted: SQLAlchemy writes a table's constraints in no fixed order.

    SQLite writes an added column behind the last one, on the same line.
    """
    if "\n" not in str(value):
        return value
    lines = [part for line in str(value).splitlines() for part in re.split(r",\s(?![^(]*\))", line)]
    return sorted(line.strip(" ,\t") for line in lines if line)


async def test_a_migrated_database_is_the_one_the_tables_define(empty: Database) -> None:
    await migrate.upgrade(empty)
    migrated = await _described(empty)
    await migrate.downgrade(empty, migrate.BASE)
    async with empty.transaction() as tx:
        await schema.create(tx.connection)
    assert migrated == await _described(empty)


async def test_alembic_finds_nothing_left_to_migrate(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.reading() as tx:
        left = await tx.connection.run_sync(
            lambda connection: compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata
            )
        )
    assert left == []


async def test_up_down_and_up_again_end_where_they_began(empty: Database) -> None:
    assert await migrate.current(empty) is None
    up = await migrate.upgrade(empty)
    first = await _described(empty)
    down = await migrate.downgrade(empty, migrate.BASE)
    assert await _described(empty, without_seed=True) == []
    again = await migrate.upgrade(empty)
    assert (up, down, again) == (
        migrate.Moved(None, migrate.head()),
        migrate.Moved(migrate.head(), None),
        migrate.Moved(None, migrate.head()),
    )
    assert await _described(empty) == first


async def test_a_migrated_database_is_left_as_it_is(empty: Database) -> None:
    await migrate.upgrade(empty)
    moved = await migrate.upgrade(empty)
    assert not moved.is_changed
    assert await migrate.current(empty) == migrate.head()


async def test_of_replicas_started_together_one_migrates(empty: Database) -> None:
    moves = await asyncio.gather(*(migrate.upgrade(empty) for _ in range(4)))
    assert sorted(moved.is_changed for moved in moves) == [False, False, False, True]


async def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    async with empty.transaction() as tx:
        await tx.connection.execute(text("CREATE TABLE gate_values (stranger INTEGER)"))
    before = await _described(empty, without_seed=True)
    with pytest.raises(DBAPIError, match="gate_values"):
        await migrate.upgrade(empty)
    assert await _described(empty, without_seed=True) == before
    assert await migrate.current(empty) is None


async def test_entries_of_the_ledger_are_not_dropped_unasked(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.transaction() as tx:
        await tx.connection.execute(text(ENTRY))
    with pytest.raises(migrate.LedgerLossError, match="destroy"):
        await migrate.downgrade(empty, migrate.BASE)
    assert await migrate.current(empty) == migrate.head()
    moved = await migrate.downgrade(empty, migrate.BASE, lose_ledger=True)
    assert moved.after is None


async def test_a_database_of_a_newer_release_is_refused(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.UnknownRevisionError, match="9999"):
        await migrate.upgrade(empty)


async def test_a_revision_nobody_wrote_is_refused(empty: Database) -> None:
    with pytest.raises(migrate.UnknownRevisionError):
        await migrate.upgrade(empty, "8888")
    assert await migrate.current(empty) is None
