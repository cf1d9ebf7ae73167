"""Every room's tables, gathered so that migrations and tests see one schema.

A room's ``tables.py`` defines SQLModel tables and may hold ``DDL``: per dialect, the statements (triggers) that belong
to them. Importing this module registers all tables on ``SQLModel.metadata``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

ROOMS = ("catalog", "vault", "consent", "lineage", "lineage.graph", "gate", "api")
MODULES = tuple(import_module(f"{room}.tables") for room in ROOMS if find_spec(f"{room}.tables"))


def ddl(dialect: str) -> tuple[str, ...]:
    """The triggers and functions of all rooms for ``dialect`` ("sqlite" or "postgresql"), in order."""
    return tuple(statement for module in MODULES for statement in getattr(module, "DDL", {}).get(dialect, ()))


async def create(connection: AsyncConnection) -> None:
    """Create every table, index and trigger on an empty database."""
    await connection.run_sync(SQLModel.metadata.create_all)
    for statement in ddl(connection.dialect.name):
        await connection.execute(text(statement))
