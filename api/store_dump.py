"""A small database of the rows that were read out of a dump, so that they are tried as a whole backup is.

Rules: the tables are made as this release has them; columns of the dump that it does not have are left out, and those
that only it has take their defaults, as a migration would give them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.tables import SUBJECTS
from gate.tables import VALUES
from vault.store.deployment import KEYS
from vault.store.identifiers import IDENTIFIERS
from vault.store.rows import table_of
from vault.tables import VaultSubjectKey

TABLES: Mapping[str, Table] = {
    table.name: table for table in (SUBJECTS, VALUES, KEYS, IDENTIFIERS, table_of(VaultSubjectKey))
}


async def fill(connection: AsyncConnection, rows: Iterable[tuple[str, Mapping[str, str | None]]]) -> None:
    """Make the tables and write rows as COPY gave them, each with its table's name.

    Raises: ValueError: a column is missing, or a value is not of its column's type.
    """
    for table in TABLES.values():
        await connection.run_sync(table.create)
    for name, row in rows:
        table = TABLES[name]
        if missing := [column.name for column in table.columns if column.name not in row and _is_needed(column)]:
            raise ValueError(missing[0])
        values = {column.name: _typed(column, row[column.name]) for column in table.columns if column.name in row}
        await connection.execute(insert(table), values)


def _is_needed(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None


def _typed(column: Column[Any], text: str | None) -> Any:
    if text is None:
        return None
    if isinstance(column.type, LargeBinary):
        if not text.startswith("\\x"):
            raise ValueError(column.name)
        return bytes.fromhex(text[2:])
    if isinstance(column.type, Boolean):
        return text == "t"
    return int(text) if isinstance(column.type, Integer) else text
