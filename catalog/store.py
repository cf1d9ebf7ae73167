"""The catalogue in the database: saved whole under its revision, loaded only if intact.

The caller opens the transaction and tells the rest of the system that the configuration changed.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Table, desc, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from catalog.canonical import canonical
from catalog.catalogue import Catalog
from catalog.errors import CatalogDocumentError, RevisionNotFoundError
from catalog.tables import CatalogCurrent, CatalogRevision

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _table(model: type[SQLModel]) -> Table:
    found: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return found


REVISIONS = _table(CatalogRevision)
CURRENT = _table(CatalogCurrent)


async def save(connection: AsyncConnection, catalog: Catalog, now: datetime) -> str:
    """Keep a catalogue and put it in force; return its revision.

    Saving a revision that is already kept, or already in force, changes nothing about it.
    """
    now_us = (now - _EPOCH) // timedelta(microseconds=1)
    await keep(connection, catalog, now)
    current = {"revision": catalog.revision, "since_us": now_us}
    upsert = _insert(connection, CURRENT).values(id=1, **current)
    changed = CURRENT.c.revision != catalog.revision
    await connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=current, where=changed))
    return catalog.revision


async def keep(connection: AsyncConnection, catalog: Catalog, now: datetime) -> None:
    """Keep a catalogue without putting it in force, so that what was decided under it can be replayed."""
    now_us = (now - _EPOCH) // timedelta(microseconds=1)
    document = canonical(catalog.document()).decode()
    revision = {"revision": catalog.revision, "document": document, "created_us": now_us}
    await connection.execute(_insert(connection, REVISIONS).values(revision).on_conflict_do_nothing())


async def current(connection: AsyncConnection) -> Catalog | None:
    """Load the catalogue in force; None if none was ever saved.

    Raises: CatalogDocumentError: the stored document is damaged.
    """
    revision = await current_revision(connection)
    return None if revision is None else await load(connection, revision)


async def current_revision(connection: AsyncConnection) -> str | None:
    """Return the revision in force without loading it; None if none was ever saved."""
    found: str | None = (await connection.execute(select(CURRENT.c.revision))).scalar_one_or_none()
    return found


async def load(connection: AsyncConnection, revision: str) -> Catalog:
    """Load any revision that was ever saved.

    Raises: RevisionNotFoundError: it never was. CatalogDocumentError: its document is not the one it was saved with.
    """
    wanted = select(REVISIONS.c.document).where(REVISIONS.c.revision == revision)
    document: str | None = (await connection.execute(wanted)).scalar_one_or_none()
    if document is None:
        raise RevisionNotFoundError(revision)
    if hashlib.sha256(document.encode()).hexdigest() != revision:
        raise CatalogDocumentError("the stored catalogue does not match its revision")
    return Catalog.from_document(msgspec.json.decode(document))


async def revisions(connection: AsyncConnection) -> list[tuple[str, datetime]]:
    """List every revision with the time it was first saved, newest first."""
    wanted = select(REVISIONS.c.revision, REVISIONS.c.created_us)
    rows = await connection.execute(wanted.order_by(desc(REVISIONS.c.created_us), REVISIONS.c.revision))
    return [(row.revision, _EPOCH + timedelta(microseconds=row.created_us)) for row in rows]


def _insert(connection: AsyncConnection, table: Table) -> Any:
    """Return the dialect's INSERT, which knows ON CONFLICT on both databases."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
