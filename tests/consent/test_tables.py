"""What the database itself refuses."""

import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from consent import Party, list_events, list_versions
from tests.consent.world import ON_SQLITE, World, subject

EVENT = """INTO consent_events (tenant, subject, seq, kind, at_us, body)
    SELECT tenant, subject, seq, kind, 0, '{}' FROM consent_events WHERE true"""
PARTY = """INTO consent_registry (tenant, kind, name, version, epoch, at_us, body)
    SELECT tenant, kind, name, version, 0, 0, '{}' FROM consent_registry WHERE true"""
UPSERT = f"INSERT {EVENT} ON CONFLICT (tenant, subject, seq) DO UPDATE SET body = '{{}}'"
BOTH = [
    "UPDATE consent_events SET body = '{}'",
    "DELETE FROM consent_events",
    "UPDATE consent_registry SET epoch = 0",
    "DELETE FROM consent_registry",
]
SQLITE = [
    f"INSERT OR REPLACE {EVENT}",
    f"REPLACE {PARTY}",
    "UPDATE OR REPLACE consent_events SET seq = 1",
    UPSERT,
]
POSTGRES = [
    "TRUNCATE consent_events",
    "TRUNCATE consent_registry",
    UPSERT,
]


async def history(world: World) -> list[object]:
    return [await world.ask(list_events, subject(0)), await world.ask(list_versions, "group", Party, "lender")]


async def test_history_cannot_be_changed_by_sql(world: World) -> None:
    await world.give()
    before = await history(world)
    for statement in [*BOTH, *(SQLITE if world.database.is_sqlite else POSTGRES)]:
        with pytest.raises(DBAPIError, match="append-only"):
            async with world.database.transaction() as tx:
                await tx.connection.execute(text(statement))
    assert await history(world) == before


@ON_SQLITE
@pytest.mark.parametrize("statement", [*BOTH, *SQLITE])
async def test_history_holds_on_a_bare_sqlite_connection(world: World, statement: str) -> None:
    await world.give()
    bare = sqlite3.connect(world.database.engine.url.database or "")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        bare.execute(statement)
    bare.close()


@ON_SQLITE
async def test_facts_find_grants_by_the_partial_index(world: World) -> None:
    where = "tenant = 't' AND subject = 's' AND purpose = 'p' AND recipient = 'r' AND is_current"
    async with world.database.reading() as tx:
        plan = await tx.connection.execute(text(f"EXPLAIN QUERY PLAN SELECT id FROM consent_grants WHERE {where}"))  # noqa: S608  # constants
        assert "USING INDEX consent_grants_current" in str(plan.all())
