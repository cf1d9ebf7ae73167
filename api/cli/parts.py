"""The service's parts, opened for one command.

Rules:
- a command that only looks never makes anything: no data folder, no database, no key;
- a command that writes brings the schema up to date first, in development; in production it refuses an old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

from api import migrate
from api.auditing.sealing import seal_if_never
from api.auditing.store import was_registered
from api.cli.faults import CommandError
from api.cli.language import both, told
from api.cli.revisions import way
from api.cli.terminal import Terminal
from api.database import Database
from api.options import Mode, RootProvider
from api.roots import open_root_key, suite_of
from api.service import open_database
from api.settings import Settings, load_settings
from consent import TenantNotFoundError
from lineage import Actor as LedgerActor
from lineage import Role
from vault import KeyRing, RootKey, open_key_ring

Answer = TypeVar("Answer")
NOTHING_THERE = both(
    "there is no database yet; run: yumen migrate (or yumen serve, in development)",
    "还没有数据库；请运行：yumen migrate（开发时也可运行 yumen serve）",
)
OLD_SCHEMA = both(
    "the database's schema is at {found}, this release needs {needed}; run: yumen migrate",
    "数据库结构为 {found}，本版本需要 {needed}；请运行：yumen migrate",
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What most commands need."""

    settings: Settings
    database: Database
    keys: KeyRing


def run(task: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(task)


def settings_of(term: Terminal) -> Settings:
    """The settings, checked. Raises: SettingsError."""
    return load_settings(term.config)


@asynccontextmanager
async def opened_database(settings: Settings, *, writing: bool, tenant: str | None = None) -> AsyncIterator[Database]:
    """The database with a schema of this release; closed when the block ends.

    Raises:
        CommandError: there is none, or its schema is another one.
        TenantNotFoundError: a tenant is given and nobody registered it.
    """
    if not writing and not is_there(settings):
        raise CommandError(told(NOTHING_THERE))
    database = open_database(settings)
    try:
        await ensure_schema(database, may_migrate=writing and settings.mode is Mode.DEVELOPMENT)
        if tenant is not None:
            await _ensure_tenant(database, tenant)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def opened_parts(
    settings: Settings, *, writing: bool, tenant: str | None = None, root: RootKey | None = None
) -> AsyncIterator[Parts]:
    """The database and the keys, by the root key of the settings or another one.

    Raises: as `opened_database`.
    """
    async with opened_database(settings, writing=writing, tenant=tenant) as database:
        is_file = settings.kms.provider is RootProvider.FILE
        if root is None and not writing and is_file and not settings.root_key_file.exists():
            raise CommandError(told(both("the root key's file is not there", "根密钥文件不存在")))
        if root is None:
            root = await asyncio.to_thread(open_root_key, settings)
        async with database.transaction() as tx:
            keys = await open_key_ring(tx.connection, root, now=tx.now, suite=suite_of(settings))
        if writing and settings.mode is Mode.DEVELOPMENT:
            await seal_if_never(database, keys, by=LedgerActor(Role.SYSTEM, "upgrade"))
        yield Parts(settings, database, keys)


async def _ensure_tenant(database: Database, tenant: str) -> None:
    """Refuse a tenant that was never registered: a misspelt one would look sound, and empty.

    Raises: TenantNotFoundError.
    """
    async with database.reading() as tx:
        if not await was_registered(tx.connection, tenant):
            raise TenantNotFoundError(tenant)


def is_there(settings: Settings) -> bool:
    """Whether the database can be looked at without making it: an embedded one's file exists."""
    url = make_url(settings.database)
    return url.get_backend_name() != "sqlite" or (url.database is not None and Path(url.database).is_file())


async def ensure_schema(database: Database, *, may_migrate: bool) -> migrate.Moved:
    """Make sure that the schema is this release's. Raises: CommandError."""
    found, needed = await migrate.current(database), migrate.head()
    if found == needed:
        return migrate.Moved(found, found)
    way(found, migrate.HEAD)  # a schema this release does not know is not touched
    if not may_migrate:
        raise CommandError(told(OLD_SCHEMA).format(found=found or "-", needed=needed))
    return await migrate.upgrade(database)
