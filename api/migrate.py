"""Bring a database to a revision of the schema, up or down, once at a time.

Rules:
- a change of schema runs whole in one transaction, or not at all, on SQLite and PostgreSQL alike;
- it runs under a lock: of several replicas started together one migrates, the others wait and find it done;
- going down drops what the newer schema held; where that would destroy entries of the ledger it is refused unless the
  caller says that they may go.

The migrations themselves stand in api/migrations/versions; each is written out in full and never edited once released.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database

SCRIPTS = Path(__file__).resolve().parent / "migrations"
LOCK = 0x79756D656E  # "yumen": the advisory lock every migrating process takes
BASE = "base"
HEAD = "head"


class MigrationError(Exception):
    """Root of what a migration refuses."""

    code: ClassVar[str] = "migrate/error"


class UnknownRevisionError(MigrationError):
    """The database, or the caller, names a revision this release does not have."""

    code: ClassVar[str] = "migrate/unknown_revision"


class LedgerLossError(MigrationError):
    """Going down would destroy entries of the ledger, and the caller did not say that they may go."""

    code: ClassVar[str] = "migrate/ledger_loss"


@dataclass(frozen=True, slots=True)
class Moved:
    """From which revision to which a database went; None is an empty database."""

    before: str | None
    after: str | None

    @property
    def is_changed(self) -> bool:
        """Whether anything ran."""
        return self.before != self.after


def head() -> str:
    """The newest revision of this release."""
    newest = ScriptDirectory(str(SCRIPTS)).get_current_head()
    if newest is None:
        raise UnknownRevisionError("this release holds no migrations")
    return newest


async def current(database: Database) -> str | None:
    """The revision the database is at, or None if it has no schema yet."""
    async with database.reading() as tx:
        return await tx.connection.run_sync(_revision)


async def upgrade(database: Database, revision: str = HEAD) -> Moved:
    """Bring the database up to ``revision``; nothing happens if it is there. Raises: UnknownRevisionError."""
    async with database.transaction() as tx:
        await _lock(tx.connection)
        return await tx.connection.run_sync(_up, revision)


async def downgrade(database: Database, revision: str, *, lose_ledger: bool = False) -> Moved:
    """Bring the database down to ``revision`` ("base" empties it).

    Raises: UnknownRevisionError; LedgerLossError if the ledger has entries that would go and ``lose_ledger`` is false.
    """
    async with database.transaction() as tx:
        await _lock(tx.connection)
        if revision == BASE and not lose_ledger and await tx.connection.run_sync(_has_entries):
            raise LedgerLossError("the ledger holds entries: going down to base would destroy them")
        return await tx.connection.run_sync(_down, revision)


async def _lock(connection: AsyncConnection) -> None:
    """Wait for other migrations. SQLite's writing transaction is such a lock already."""
    if connection.dialect.name == "postgresql":
        # Another replica's migration may take longer than a request ever should.
        for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(text(f"SET LOCAL {limit} = '600s'"))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _up(connection: Connection, revision: str) -> Moved:
    before = _revision(connection)
    try:
        command.upgrade(_config(connection), revision)
    except CommandError as error:
        raise UnknownRevisionError(str(error)) from error
    return Moved(before, _revision(connection))


def _down(connection: Connection, revision: str) -> Moved:
    before = _revision(connection)
    try:
        command.downgrade(_config(connection), revision)
    except CommandError as error:
        raise UnknownRevisionError(str(error)) from error
    return Moved(before, _revision(connection))


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _has_entries(connection: Connection) -> bool:
    if not inspect(connection).has_table("ledger_entries"):
        return False
    return connection.execute(text("SELECT 1 FROM ledger_entries LIMIT 1")).first() is not None
