"""What the vault's statements share: dialects, times, batches."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

Item = TypeVar("Item")
Insert = postgresql.Insert | sqlite.Insert

BATCH_ROWS: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def insert_into(connection: AsyncConnection, table: Table) -> Insert:
    """Begin an INSERT that can say ON CONFLICT, in the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def table_of(model: type[SQLModel]) -> Table:
    """Give the table behind a SQLModel class."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return table


def microseconds(at: datetime) -> int:
    """Give an aware time as microseconds since the epoch."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces that fit one statement on every database."""
    for start in range(0, len(items), BATCH_ROWS):
        yield items[start : start + BATCH_ROWS]
