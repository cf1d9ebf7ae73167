"""SQL over ``consent_registry`` and ``consent_epoch``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.instants import from_us, to_us
from consent.store import dialects
from consent.tables import EPOCH, REGISTRY


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a registered thing; ``body`` is its canonical JSON."""

    tenant: str
    kind: str
    name: str
    version: int
    epoch: int
    at: datetime
    body: str


async def bump_epoch(connection: AsyncConnection) -> int:
    """Raise the configuration epoch, keep its row locked until the transaction ends, and return it.

    Every change of what decides a read calls this: parties, clients, purposes, notices, catalogue, policy.
    """
    statement = dialects.insert(connection, EPOCH).values(id=1, epoch=1)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"epoch": EPOCH.c.epoch + 1})
    found: int = (await connection.execute(statement.returning(EPOCH.c.epoch))).scalar_one()
    return found


async def read_epoch(connection: AsyncConnection, *, share: bool = False) -> int:
    """The configuration epoch; with ``share`` it cannot change until the transaction ends."""
    query = select(EPOCH.c.epoch).where(EPOCH.c.id == 1)
    found = (await connection.execute(query.with_for_update(read=True) if share else query)).scalar_one_or_none()
    return found or 0


async def insert_document(connection: AsyncConnection, document: Document) -> None:
    """Append one version."""
    row = {
        "tenant": document.tenant,
        "kind": document.kind,
        "name": document.name,
        "version": document.version,
        "epoch": document.epoch,
        "at_us": to_us(document.at),
        "body": document.body,
    }
    await connection.execute(insert(REGISTRY).values(row))


async def current(
    connection: AsyncConnection, tenant: str, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Document]:
    """The newest versions of some (kind, name) of a tenant; absent ones are left out."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    same = [and_(REGISTRY.c.kind == kind, REGISTRY.c.name == name) for kind, name in pairs]
    rows = await connection.execute(_newest().where(REGISTRY.c.tenant == tenant, or_(*same)))
    return {(row.kind, row.name): _document(row) for row in rows}


async def every(connection: AsyncConnection) -> list[Document]:
    """The newest version of everything, of all tenants."""
    rows = await connection.execute(_newest().order_by(REGISTRY.c.tenant, REGISTRY.c.kind, REGISTRY.c.name))
    return [_document(row) for row in rows]


async def page(connection: AsyncConnection, tenant: str, kind: str, *, after: str, limit: int | None) -> list[Document]:
    """The newest versions of one kind in the order of names, from behind ``after``."""
    query = _newest().where(REGISTRY.c.tenant == tenant, REGISTRY.c.kind == kind, REGISTRY.c.name > after)
    rows = await connection.execute(query.order_by(REGISTRY.c.name).limit(limit))
    return [_document(row) for row in rows]


async def versions(connection: AsyncConnection, tenant: str, kind: str, name: str) -> list[Document]:
    """Every version of one thing, oldest first."""
    query = select(REGISTRY).where(REGISTRY.c.tenant == tenant, REGISTRY.c.kind == kind, REGISTRY.c.name == name)
    return [_document(row) for row in await connection.execute(query.order_by(REGISTRY.c.version))]


def _newest() -> Select[Any]:
    other = REGISTRY.alias()
    newest = (
        select(func.max(other.c.version))
        .where(other.c.tenant == REGISTRY.c.tenant, other.c.kind == REGISTRY.c.kind, other.c.name == REGISTRY.c.name)
        .scalar_subquery()
    )
    return select(REGISTRY).where(REGISTRY.c.version == newest)


def _document(row: Row[Any]) -> Document:
    return Document(row.tenant, row.kind, row.name, row.version, row.epoch, from_us(row.at_us), row.body)
