"""One database, SQLite or PostgreSQL, behind the same transactions.

Rules:
- SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on disk before it answers; recursive triggers are on,
  since ``INSERT OR REPLACE`` would otherwise slip past the append-only triggers.
- SQLite overwrites what is deleted (``secure_delete``): an erased key does not stay in a free page of the file.
- A writing transaction on SQLite begins IMMEDIATE, so two writers queue instead of failing half-way.
- PostgreSQL sessions carry lock, statement and idle-in-transaction limits: a frozen replica cannot hold locks for long.
- The service's SQLite connections carry the ledger's authorizer (PostgreSQL has roles for that).
- Time inside a transaction is the database's (PostgreSQL) or the process clock's (SQLite, same machine), never the
  caller's.
- Errors and echoed statements never show parameters: they hold what people are not to read.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from lineage import authorize

Clock = Callable[[], datetime]

POSTGRES_LIMITS = {
    "lock_timeout": "2000",
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "5000",
    "timezone": "UTC",
    "application_name": "yumen",
}
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=5000",
)


def utc_now() -> datetime:
    """The process clock, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction and the instant it works at.

    Attributes:
        connection: the connection to run statements on; the transaction commits when the block ends.
        now: the database's clock when the transaction began, aware UTC.
    """

    connection: AsyncConnection
    now: datetime


class Session:
    """One connection, and one transaction after another on it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that only reads."""
        return self._begun(writing=False)

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes; commits when the block ends."""
        return self._begun(writing=True)

    def alone(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """On SQLite each statement is a transaction of its own, and others wait no longer than it takes.

        Between the statements of a transaction that writes stand turns of a loop that may be busy.
        """
        return self._begun(writing=None)

    @asynccontextmanager
    async def _begun(self, *, writing: bool | None) -> AsyncIterator[AsyncConnection]:
        connection = await self._connection.execution_options(yumen_writing=writing)
        async with connection.begin():
            yield connection


class Database:
    """Opens transactions on one database URL (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``)."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @classmethod
    def open(
        cls, url: str, *, clock: Clock = utc_now, pool_size: int = 5, echo: bool = False, guarded: bool = False
    ) -> Database:
        """Make the engine for ``url``; connects lazily, so a database that is down is found at first use.

        ``guarded`` connections of SQLite refuse to change append-only tables and the schema: for all but migrations.
        """
        logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # at DEBUG it writes parameters
        options: dict[str, Any] = {"hide_parameters": True, "echo": echo}
        if make_url(url).get_backend_name() == "sqlite":
            engine = create_async_engine(url, **options)
            _prepare_sqlite(engine, guarded=guarded)
        else:
            session = {"server_settings": POSTGRES_LIMITS, "timeout": 3}
            options |= {"pool_size": pool_size, "pool_pre_ping": True, "pool_timeout": 5, "connect_args": session}
            engine = create_async_engine(url, **options)
        return cls(engine, clock)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self._engine.dialect.name == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The engine, for migrations."""
        return self._engine

    @property
    def clock(self) -> Clock:
        """The clock SQLite transactions use."""
        return self._clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a writing transaction; commits when the block ends, rolls back when it raises."""
        async with self._connect(writing=True) as connection, connection.begin():
            yield Transaction(connection, await self._now(connection))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a reading transaction: one snapshot on SQLite, READ COMMITTED on PostgreSQL."""
        async with self._connect(writing=False) as connection, connection.begin():
            yield Transaction(connection, await self._now(connection))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """Open a reading transaction whose statements all see one state, on PostgreSQL too."""
        async with self._connect(writing=False) as connection:
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                yield Transaction(connection, await self._now(connection))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Open a connection of one's own, for work that must not change connections: a lock lives on it."""
        async with self._engine.connect() as connection:
            try:
                yield Session(connection)
            finally:
                await connection.invalidate()

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _connect(self, *, writing: bool) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        try:
            await connection.start()
        except OSError as fault:  # a socket that is not there is a database that is not there
            raise ConnectionError("the database cannot be reached") from fault
        try:
            yield await connection.execution_options(yumen_writing=writing)
        finally:
            await connection.close()

    async def _now(self, connection: AsyncConnection) -> datetime:
        if self.is_sqlite:
            return self._clock()
        found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return found.astimezone(UTC)


def _prepare_sqlite(engine: AsyncEngine, *, guarded: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _configure(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.execute("SELECT value FROM json_each('[]')")  # set up before the authorizer, which would refuse it
        cursor.close()
        if guarded:
            dbapi.run_async(lambda raw: raw.set_authorizer(authorize))

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        writing = connection.get_execution_options().get("yumen_writing", True)
        if writing is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
