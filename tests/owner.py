"""Whoever owns the database and changes it by hand, past every trigger."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table


def other(column: Any, value: Any) -> Any:
    """Another value of the column's type; of an enumeration a harmless-looking one."""
    if isinstance(column.type, LargeBinary):
        return bytes(len(value or b"")) or b"\0"
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, BigInteger | Integer):
        return (value or 0) + 7
    known = {
        "state": "paused",
        "form": "general",
        "max_form": "bucket",
        "fields": '["zhima_score"]',
        "age_band": "unknown",
        "held": "",
        "channel": "branch",
    }
    changed = known.get(column.name, f"{value}x" if value else "x")
    return changed if changed != value else f"{value}x"


class Owner:
    """Whoever owns the database: no trigger stops them."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def run(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement with ``$1``, ``$2`` … in a session without triggers."""
        if not self._url.startswith("sqlite"):
            connection = await asyncpg.connect(self._url.replace("+asyncpg", ""))
            try:
                await connection.execute("SET session_replication_role = replica")
                return [tuple(row) for row in await connection.fetch(statement, *values)]
            finally:
                await connection.close()
        return await asyncio.to_thread(self._on_sqlite, statement, values)

    def _on_sqlite(self, statement: str, values: Sequence[Any]) -> list[Any]:
        path = self._url.removeprefix("sqlite+aiosqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'consent_registry'"
            ).fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
            numbered = statement
            for place in range(len(values), 0, -1):
                numbered = numbered.replace(f"${place}", f"?{place}")
            return connection.execute(numbered, values).fetchall()

    async def change(self, column: Any, where: str) -> None:
        """Change one column of the one row that fits."""
        table = column.table.name
        [(before,)] = await self.run(f"SELECT {column.name} FROM {table} WHERE {where}")  # noqa: S608
        await self.run(f"UPDATE {table} SET {column.name} = $1 WHERE {where}", other(column, before))  # noqa: S608

    async def copy(self, table: Table, where: str) -> list[Any]:
        """Rows as they stand, to be put back later."""
        return await self.run(f"SELECT * FROM {table.name} WHERE {where}")  # noqa: S608

    async def put_back(self, table: Table, where: str, rows: Sequence[Any]) -> None:
        """Replace the rows that stand by copies."""
        await self.run(f"DELETE FROM {table.name} WHERE {where}")  # noqa: S608
        places = ", ".join(f"${number}" for number in range(1, len(table.c) + 1))
        names = ", ".join(column.name for column in table.c)
        for row in rows:
            await self.run(f"INSERT INTO {table.name} ({names}) VALUES ({places})", *row)  # noqa: S608
