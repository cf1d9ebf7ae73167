"""What differs between the two databases, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

CHUNK = 500
Item = TypeVar("Item")
Insert = postgresql.Insert | sqlite.Insert


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut a sequence so that one statement's parameters stay far below either database's limit."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def insert(connection: AsyncConnection, table: Table) -> Insert:
    """An INSERT that knows ON CONFLICT, in the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
