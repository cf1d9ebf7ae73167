"""The ledger can be added to and read, by trigger, by role and by authorizer, and nothing else."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from api import schema
from api.database import Database
from lineage import append, authorize, ensure_shapes, guard, roles
from tests.lineage import world
from tests.lineage.world import MAC, NOW


async def _fill(database: Database) -> None:
    async with database.transaction() as tx:
        await append(tx.connection, [world.party(), world.given(world.subject(1))], now=NOW, mac=MAC)
        await ensure_shapes(tx.connection, [world.shape()], now=NOW, mac=MAC)


CHANGES = [
    "UPDATE ledger_entries SET outcome = 'done' WHERE id = 1",
    "UPDATE ledger_entries SET outcome = 'done' WHERE id = 99",
    "DELETE FROM ledger_entries",
    "UPDATE ledger_shapes SET body = '{}'",
    "DELETE FROM ledger_shapes",
    "UPDATE ledger_shape_fields SET outcome = 'denied'",
    "DELETE FROM ledger_shape_fields WHERE field = 'overdue_days'",
]
COPY = "tenant, stream, {seq}, kind, at_us, client, party, purpose, subject, outcome, shape, about, '{{}}', digest, mac"
COLUMNS = COPY.replace("{seq}", "seq").replace("'{{}}'", "body")


def _replace(verb: str, values: str, tail: str = "") -> str:
    source = f"SELECT {values} FROM ledger_entries WHERE id = 1 {tail}"  # noqa: S608 - test
    return f"{verb} INTO ledger_entries (id, {COLUMNS}) {source}"


@pytest.mark.parametrize("statement", CHANGES)
async def test_nothing_is_updated_or_deleted(database: Database, statement: str) -> None:
    await _fill(database)
    if "id = 99" in statement and database.is_sqlite:
        return  # a row trigger has no row to refuse here
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.connection.execute(text(statement))


@pytest.mark.parametrize("pragma", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        _replace("INSERT OR REPLACE", "1, " + COPY.format(seq="seq + 1")),
        _replace("REPLACE", "1, " + COPY.format(seq="seq + 9")),
        _replace("INSERT OR REPLACE", "NULL, " + COPY.format(seq="seq")),
        _replace("INSERT OR REPLACE", "7, " + COPY.format(seq="seq")),
        _replace("INSERT OR REPLACE", "-1, " + COPY.format(seq="seq + 2")),
        _replace("INSERT", "NULL, " + COPY.format(seq="seq + 5")),
        _replace("INSERT", "1, " + COPY.format(seq="seq"), "ON CONFLICT (id) DO UPDATE SET body = excluded.body"),
        "INSERT OR REPLACE INTO ledger_shapes SELECT tenant, shape, client, purpose, outcome, '{}' FROM ledger_shapes",
        "REPLACE INTO ledger_shape_fields SELECT tenant, shape, feature, field, 'denied' FROM ledger_shape_fields",
        "UPDATE OR REPLACE ledger_entries SET id = 1 WHERE id = 2",
    ],
    ids=["id", "id_gap", "place", "place_id", "minus_one", "hole", "upsert", "shape", "line", "update_or_replace"],
)
def test_sqlite_replaces_nothing_even_with_recursive_triggers_off(
    sqlite_file: Path, pragma: str, statement: str
) -> None:
    with closing(sqlite3.connect(sqlite_file)) as raw:
        raw.execute(f"PRAGMA recursive_triggers={pragma}")
        before = raw.execute("SELECT * FROM ledger_entries ORDER BY id").fetchall()
        shapes = raw.execute("SELECT * FROM ledger_shapes, ledger_shape_fields").fetchall()
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
        assert raw.execute("SELECT * FROM ledger_entries ORDER BY id").fetchall() == before
        assert raw.execute("SELECT * FROM ledger_shapes, ledger_shape_fields").fetchall() == shapes


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A SQLite database with the schema and a few entries."""
    path = tmp_path / "ledger.db"

    async def make() -> None:
        database = Database.open(f"sqlite+aiosqlite:///{path}")
        async with database.transaction() as tx:
            await schema.create(tx.connection)
        await _fill(database)
        await database.close()

    asyncio.run(make())
    return path


FORBIDDEN = [
    *CHANGES,
    "DROP TABLE ledger_entries",
    "DROP TRIGGER ledger_entries_no_delete",
    "DROP INDEX ledger_entries_at",
    "ALTER TABLE ledger_entries RENAME TO gone",
    "ALTER TABLE ledger_entries ADD COLUMN more TEXT",
    "CREATE TRIGGER mine BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TEMP TRIGGER mine BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(IGNORE); END",
    "PRAGMA writable_schema=ON",
    "PRAGMA recursive_triggers=OFF",
    "PRAGMA synchronous=OFF",
    "UPDATE sqlite_sequence SET seq = 0",
    "DELETE FROM sqlite_master WHERE type = 'trigger'",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_guarded_sqlite_connection_refuses_what_is_not_adding(sqlite_file: Path, statement: str) -> None:
    with closing(sqlite3.connect(sqlite_file)) as raw:
        guard(raw)
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited|may not be modified"):
            raw.execute(statement)


async def test_a_guarded_connection_adds_reads_and_changes_other_tables(sqlite_file: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{sqlite_file}")

    @event.listens_for(database.engine.sync_engine, "connect")
    def _guard(dbapi: Any, _record: object) -> None:
        dbapi.run_async(lambda raw: raw.set_authorizer(authorize))

    async with database.transaction() as tx:
        await append(tx.connection, [world.party(), world.party()], now=NOW, mac=MAC)
        await ensure_shapes(tx.connection, [world.shape("flag")], now=NOW, mac=MAC)
        await tx.connection.execute(text("UPDATE consent_epoch SET epoch = epoch"))
        assert (await tx.connection.execute(text("SELECT count(*) FROM ledger_entries"))).scalar_one() == 6
    with pytest.raises(DBAPIError, match="not authorized"):
        async with database.transaction() as tx:
            await tx.connection.execute(text("DROP TRIGGER ledger_entries_no_delete"))
    await database.close()


@pytest.fixture
async def postgres_roles(new_postgres: Callable[[], str], request: pytest.FixtureRequest) -> str:
    url = await asyncio.to_thread(new_postgres)
    database = Database.open(url)
    await _fill(database)
    for _ in range(2):  # harmless a second time
        async with database.transaction() as tx:
            for statement in roles():
                await tx.connection.execute(text(statement))
    await database.close()
    return url.replace("postgresql+asyncpg://", "postgresql://")


@pytest.mark.parametrize(
    "statement",
    [
        *CHANGES,
        "TRUNCATE ledger_entries",
        "TRUNCATE ledger_shapes CASCADE",
        "DROP TABLE ledger_entries",
        "DROP TRIGGER ledger_entries_append_only ON ledger_entries",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only",
        "ALTER TABLE ledger_entries ADD COLUMN more text",
        "CREATE TRIGGER mine BEFORE INSERT ON ledger_entries EXECUTE FUNCTION ledger_append_only()",
        "CREATE RULE mine AS ON INSERT TO ledger_entries DO INSTEAD NOTHING",
        "DROP FUNCTION ledger_append_only CASCADE",
        "CREATE TABLE mine (id int)",
        "SET session_replication_role = replica",
        "SET ROLE yumen_migrator",
    ],
)
async def test_the_api_role_can_only_add_and_read(postgres_roles: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres_roles)
    try:
        await connection.execute("SET SESSION AUTHORIZATION yumen_api")
        assert await connection.fetchval("SELECT count(*) FROM ledger_entries") == 3
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_api_role_appends(postgres_roles: str) -> None:
    database = Database.open(postgres_roles.replace("postgresql://", "postgresql+asyncpg://"))
    async with database.transaction() as tx:
        await tx.connection.execute(text("SET LOCAL ROLE yumen_api"))
        await append(tx.connection, [world.party()], now=NOW, mac=MAC)
        await ensure_shapes(tx.connection, [world.shape("flag")], now=NOW, mac=MAC)
        await tx.connection.execute(text("UPDATE consent_epoch SET epoch = epoch"))
        assert (await tx.connection.execute(text("SELECT count(*) FROM ledger_entries"))).scalar_one() == 5
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE ledger_entries",
        "INSERT INTO ledger_shapes SELECT * FROM ledger_shapes ON CONFLICT (tenant, shape) DO UPDATE SET body = '{}'",
        "SET session_replication_role = replica; DELETE FROM ledger_entries",
        "MERGE INTO ledger_shapes s USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
    ],
    ids=["truncate", "upsert", "replica", "merge"],
)
async def test_even_the_owner_is_stopped_by_the_triggers(postgres_roles: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres_roles)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    finally:
        await connection.close()
