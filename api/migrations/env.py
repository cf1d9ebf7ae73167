"""Where Alembic runs the revisions: on the connection api.migrate hands over, inside its transaction.

The ``alembic`` command (to draft a new revision) has no such connection and is told a database instead:
``alembic -x url=sqlite+aiosqlite:///draft.db revision --autogenerate -m "..."``.
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from api import schema
from api.database import Database

METADATA = SQLModel.metadata
assert schema.MODULES  # noqa: S101  imported for the tables it registers


def run(connection: Connection) -> None:
    """Run the revisions asked for on an open connection; a transaction that is open already stays the caller's."""
    context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_on(url: str) -> None:
    """Run the revisions asked for on the database at ``url``."""
    database = Database.open(url)
    async with database.transaction() as tx:
        await tx.connection.run_sync(run)
    await database.close()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_on(context.get_x_argument(as_dictionary=True)["url"]))
