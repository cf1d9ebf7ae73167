"""The only statements of the command line: roles and counts."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from api import schema
from lineage import roles

COUNTED = {
    "subjects": "consent_subjects",
    "grants": "consent_grants",
    "values": "gate_values",
    "entries": "ledger_entries",
}


async def make_roles(connection: AsyncConnection) -> None:
    """Make the roles of the service and of migrations and give them their rights (PostgreSQL)."""
    for statement in roles():
        await connection.execute(text(statement))


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many rows the main tables hold, by what they stand for."""
    tables = {name: SQLModel.metadata.tables[table] for name, table in COUNTED.items()}
    assert schema.MODULES  # noqa: S101  imported so that the tables are there
    found: dict[str, int] = {}
    for name, table in tables.items():
        found[name] = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    return found
