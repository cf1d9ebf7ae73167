"""Samples from a database that SQLAlchemy reaches: its tables, their columns and comments, some rows of each.

Rules enforced here:
- nothing is written, and on PostgreSQL the transaction says so; names come from the database's own catalogue and are
  quoted by SQLAlchemy;
- of a large PostgreSQL table pages are sampled (TABLESAMPLE SYSTEM), so that the first rows do not stand for all;
- binary columns are listed and never read; of long texts the beginning is asked for.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, column, func, inspect, select, table, tablesample, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import Enum, LargeBinary, String

from catalog.classify.sources.sampling import MAX_CELL, TableSample, as_columns, short

DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
LARGE: Final = 20


@dataclass(frozen=True, slots=True)
class TableName:
    """A table by schema and name; schema None for the default one."""

    schema: str | None
    name: str

    @property
    def shown(self) -> str:
        """The name as people write it."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    """Open a database for looking at. Raises: sqlalchemy.exc.ArgumentError: no such URL or driver."""
    head, colon, rest = url.partition(":")
    engine = create_async_engine(f"{DRIVERS.get(head, head)}{colon}{rest}", pool_pre_ping=True)
    try:
        yield engine
    finally:
        await engine.dispose()


async def tables_of(engine: AsyncEngine, schemas: Sequence[str]) -> list[TableName]:
    """List tables and views of the schemas, or of the default one, by name."""
    async with engine.connect() as connection:
        return await connection.run_sync(_listed, schemas)


def _listed(connection: Any, schemas: Sequence[str]) -> list[TableName]:
    found = inspect(connection)
    wanted: Sequence[str | None] = schemas or [None]
    return [
        TableName(schema, name)
        for schema in wanted
        for name in sorted({*found.get_table_names(schema), *found.get_view_names(schema)})
    ]


async def read_table(engine: AsyncEngine, name: TableName, *, size: int) -> TableSample:
    """Sample one table."""
    async with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET TRANSACTION READ ONLY"))
        columns = await connection.run_sync(_columns, name)
        readable = [each for each in columns if not isinstance(each["type"], LargeBinary)]
        rows, total = await _rows(connection, name, readable, size)
    places = {each["name"]: place for place, each in enumerate(readable)}
    cells = [[short(row[places[each["name"]]]) if each["name"] in places else None for each in columns] for row in rows]
    header = [str(each["name"]) for each in columns]
    comments = [str(each.get("comment") or "") for each in columns]
    return TableSample(name.shown, as_columns(name.shown, header, cells, comments), total)


def _columns(connection: Any, name: TableName) -> list[dict[str, Any]]:
    return [dict(each) for each in inspect(connection).get_columns(name.name, name.schema)]


async def _rows(
    connection: AsyncConnection, name: TableName, columns: Sequence[Mapping[str, Any]], size: int
) -> tuple[Sequence[Sequence[object]], int | None]:
    found = table(name.name, *(column(each["name"]) for each in columns), schema=name.schema)
    if not columns:
        return [], None
    plain = select(*_cells(found, columns)).select_from(found).limit(size)
    if connection.dialect.name != "postgresql":
        total = (await connection.execute(select(func.count()).select_from(found))).scalar_one()
        return await _spread(connection, plain, size, total), total
    estimate = await _estimate(connection, name)
    share = min(100.0, size * LARGE / 4 * 100 / estimate) if estimate > size * LARGE else 100.0
    if share < 100:
        real = Table(name.name, MetaData(), *(Column(each["name"]) for each in columns), schema=name.schema)
        part = tablesample(real, func.system(share))
        wanted = select(*_cells(part, columns)).select_from(part).limit(size)
        rows = [tuple(row) for row in await connection.execute(wanted)]
        if len(rows) >= size // 2:
            return rows, estimate
    rows = [tuple(row) for row in await connection.execute(plain)]
    return rows, max(estimate, len(rows))


def _cells(source: Any, columns: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What is asked of each column: of texts their beginning, so that long ones stay where they are."""
    return [
        func.substr(source.c[each["name"]], 1, MAX_CELL)
        if isinstance(each["type"], String) and not isinstance(each["type"], Enum)
        else source.c[each["name"]]
        for each in columns
    ]


async def _spread(connection: AsyncConnection, plain: Any, size: int, total: int) -> Sequence[Sequence[object]]:
    """Every so-many-th row of a SQLite table, by its row id; the first rows of what has none (a view)."""
    step = max(total // size, 1)
    if step > 1 and connection.dialect.name == "sqlite":
        try:
            rows = [tuple(row) for row in await connection.execute(plain.where(column("rowid") % step == 0))]
        except OperationalError:  # a view, or a table WITHOUT ROWID
            rows = []
        if len(rows) >= size // 2:
            return rows
    return [tuple(row) for row in await connection.execute(plain)]


async def _estimate(connection: AsyncConnection, name: TableName) -> int:
    """How many rows PostgreSQL thinks a table has; 0 where it does not know."""
    wanted = text(
        "SELECT coalesce(max(c.reltuples), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relname = :name AND n.nspname = coalesce(CAST(:schema AS text), current_schema())"
    )
    found = (await connection.execute(wanted, {"name": name.name, "schema": name.schema})).scalar_one()
    return max(int(found), 0)
