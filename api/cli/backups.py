"""Trying a backup from the command line: a SQLite file, or a dump of PostgreSQL.

Rules: the backup is never written to, nor opened as a database itself; of a dump, only the person's rows leave it, into
a scratch database that goes with the command. A dump is read where no event loop is under way: Ctrl-C ends it at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from api.cli.dumps import STEP_BYTES, BackupKind, Row, kind_of, read_person
from api.cli.faults import CommandError
from api.cli.language import both, told
from api.cli.parts import opened_database, opened_parts, run
from api.cli.terminal import Terminal
from api.database import Database
from api.roots import open_root_key
from api.settings import Settings
from api.store_dump import fill
from gate.erasing import CertificateNotFoundError
from gate.erasing.backups import try_backup
from lineage import Kind, LedgerFilter, search

Rows = Sequence[tuple[str, Row]]


class Asked(NamedTuple):
    """Which backup is tried for whom: the tenant, the certificate of the erasure, the file."""

    tenant: str
    certificate: str
    backup: Path


def tried_backup(term: Terminal, settings: Settings, asked: Asked) -> dict[str, Any]:
    """Try a backup; gives the signed answer.

    Raises: CommandError: the file cannot be tried; CertificateNotFoundError.
    """
    kind = kind_of(asked.backup)
    pseudonym = run(_pseudonym(settings, asked))
    with term.progress() as bar:
        size = asked.backup.stat().st_size
        task = bar.add_task(asked.backup.name, total=3 * size if kind is BackupKind.PLAIN else None)
        digest = _digest(asked.backup, lambda read_b: bar.update(task, advance=read_b))
        rows: Rows | None = None
        if kind is not BackupKind.SQLITE:
            rows = read_person(asked.backup, asked.tenant, pseudonym, lambda read_b: bar.update(task, advance=read_b))
    return run(_tried(settings, asked, digest, pseudonym, rows))


def _digest(backup: Path, advance: Any) -> str:
    digest = hashlib.sha256()
    with backup.open("rb") as stream:
        while piece := stream.read(STEP_BYTES):
            digest.update(piece)
            advance(len(piece))
    return digest.hexdigest()


async def _pseudonym(settings: Settings, asked: Asked) -> str:
    """Whom a certificate is of, as the ledger names them. Raises: CertificateNotFoundError."""
    async with opened_database(settings, writing=False) as database, database.reading() as tx:
        sought = LedgerFilter(about=asked.certificate, kind=Kind.SUBJECT_ERASED)
        page = await search(tx.connection, asked.tenant, sought)
    if not page.entries:
        raise CertificateNotFoundError("no such certificate")
    return str(page.entries[0].document["subject"])


async def _tried(settings: Settings, asked: Asked, digest: str, pseudonym: str, rows: Rows | None) -> dict[str, Any]:
    async with opened_parts(settings, writing=False) as parts:
        root = await asyncio.to_thread(open_root_key, settings)
        async with parts.database.reading() as tx:
            now = tx.now
        async with _opened(asked.backup, rows) as database, database.reading() as tx:
            trial = await try_backup(tx.connection, root, asked.tenant, pseudonym)
        return trial.signed(parts.keys, asked.certificate, digest, now)


@asynccontextmanager
async def _opened(backup: Path, rows: Rows | None) -> AsyncIterator[Database]:
    """A copy of the backup, since opening a database writes to it; of a dump, a database of its rows."""
    with tempfile.TemporaryDirectory(prefix="yumen-backup-") as folder:
        copy = Path(folder) / "backup.db"
        if rows is None:
            await asyncio.to_thread(_copy, backup, copy)
        database = Database.open(f"sqlite+aiosqlite:///{copy}")
        try:
            if rows is not None:
                await _fill(database, rows)
            yield database
        finally:
            await database.close()


async def _fill(database: Database, rows: Rows) -> None:
    try:
        async with database.transaction() as tx:
            await fill(tx.connection, rows)
    except ValueError:
        text = both(
            "--backup: its rows are not of this release's shape; migrate a restored copy and try that",
            "--backup：其中的行与本版本不符；请恢复副本并迁移后再试",
        )
        raise CommandError(told(text)) from None


def _copy(backup: Path, copy: Path) -> None:
    """Copy a database file with the log of writes beside it, if there is one."""
    shutil.copyfile(backup, copy)
    log = backup.with_name(f"{backup.name}-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
