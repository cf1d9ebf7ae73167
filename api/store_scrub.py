"""Making deleted bytes leave the database's own files: after an erasure, and when an operator asks.

Rules:
- SQLite: the service deletes with ``secure_delete``, so freed pages are zeroed; the write-ahead log still holds the
  pages as they were, until it is checkpointed and cut to nothing, which is done here; a reader can put that off, and
  then it is said so and tried again later;
- PostgreSQL: VACUUM lets the space of dead rows be used again and a rewrite (``full``) writes the tables anew without
  them; both need the tables' owner. What stands in the server's log of writes goes when the server recycles it.

docs/erasure.md says what is promised and what is not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.database import Database
from vault import SCRUBBED

TABLES = (*SCRUBBED, "gate_values", "consent_grants", "consent_events", "consent_subjects")
ATTEMPTS = 20
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What was done.

    Attributes:
        is_done: False: readers kept the log from being cut, or the tables belong to somebody else.
        method: ``checkpoint``, ``vacuum`` or ``rewrite``.
    """

    is_done: bool
    method: str


async def scrub(database: Database, *, full: bool = False, attempts: int = ATTEMPTS) -> Scrubbed:
    """Make what was deleted leave the files; ``full`` also rewrites them whole, which locks them meanwhile."""
    if database.is_sqlite:
        return await _scrub_sqlite(database, full=full, attempts=attempts)
    return await _scrub_postgres(database, full=full)


async def _scrub_sqlite(database: Database, *, full: bool, attempts: int) -> Scrubbed:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101  # an open connection has one
        if full:
            await driver.execute("VACUUM")
        await driver.execute("PRAGMA busy_timeout=100")
        try:
            for _ in range(attempts):
                async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    busy, _, _ = await cursor.fetchone()
                if not busy:
                    return Scrubbed(is_done=True, method="rewrite" if full else "checkpoint")
                await asyncio.sleep(PAUSE_S)
        finally:
            await driver.execute("PRAGMA busy_timeout=5000")
    return Scrubbed(is_done=False, method="checkpoint")


async def _scrub_postgres(database: Database, *, full: bool) -> Scrubbed:
    method = "rewrite" if full else "vacuum"
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        owned = await connection.execute(
            text("SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE relname = ANY(:names)"),
            {"names": list(TABLES)},
        )
        if not owned.scalar_one():
            return Scrubbed(is_done=False, method=method)
        await connection.execute(text("SET statement_timeout = 0"))
        try:
            for table in TABLES:
                await connection.execute(text(f"VACUUM {'(FULL)' if full else ''} {table}"))
            if full:
                await connection.execute(text("CHECKPOINT"))
        except DBAPIError:
            return Scrubbed(is_done=False, method=method)
        finally:
            await connection.execute(text("RESET statement_timeout"))
    return Scrubbed(is_done=True, method=method)
