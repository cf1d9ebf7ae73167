"""How many pages of a database a question looks at, and how much of that came from the disk.

Rules:
- SQLite reads each page that is not in its own small cache with one call to the system: calls are counted;
- PostgreSQL counts its buffers itself;
- what came from the disk, the system says of the process that read it (Linux only; elsewhere nothing is said).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database

BUFFERS = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"


@dataclass(slots=True)
class Disk:
    """What was read meanwhile: calls, and bytes that came from the disk; None where the system does not say."""

    calls: int | None = None
    read: int | None = None


@contextmanager
def disk(process: int) -> Iterator[Disk]:
    """Count while the block runs what a process reads."""
    before = _io(process)
    counted = Disk()
    yield counted
    after = _io(process)
    if before and after:
        counted.calls = after["syscr"] - before["syscr"]
        counted.read = after["read_bytes"] - before["read_bytes"]


async def reader(connection: AsyncConnection) -> int:
    """The process that reads the database for a connection."""
    if connection.dialect.name == "sqlite":
        return os.getpid()
    return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def buffers(database: Database) -> int | None:
    """All buffers that PostgreSQL has looked at in this database so far; None on SQLite."""
    if database.is_sqlite:
        return None
    async with database.reading() as tx:
        await tx.connection.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.reading() as tx:
        await tx.connection.execute(text("SELECT pg_stat_force_next_flush()"))
        return int((await tx.connection.execute(text(BUFFERS))).scalar_one())


def _io(process: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{process}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}
