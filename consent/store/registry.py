"""SQL over ``consent_registry`` and ``consent_epoch``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.store import current_revision
from consent.errors import RowTamperedError
from consent.instants import from_us, to_us
from consent.rows import EPOCH as EPOCH_DOMAIN
from consent.rows import THING, RowSealer, epoch_row, thing_row
from consent.store import dialects
from consent.tables import EPOCH, REGISTRY, SEALS


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a registered thing.

    Attributes:
        body: its canonical JSON.
        mac: its code, None unless it is the current version and sealed.
    """

    tenant: str
    kind: str
    name: str
    version: int
    epoch: int
    at: datetime
    body: str
    mac: bytes | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """The epoch's row.

    Attributes:
        holds: whether it and the list of everything configured are as they were sealed.
        sealed: (tenant, kind, name, version) of everything configured.
    """

    epoch: int
    told: int
    holds: bool
    sealed: frozenset[tuple[str, str, str, int]] = frozenset()


async def begin_change(connection: AsyncConnection, rows: RowSealer) -> int:
    """Raise the configuration epoch, keep its row locked until the transaction ends, and return it.

    Every change of what decides a read calls this first: parties, clients, purposes, notices, catalogue, policy; and
    `end_change` last.
    Raises: RowTamperedError: what is configured is not what was: a change would seal it.
    """
    await connection.execute(select(EPOCH.c.id).where(EPOCH.c.id == 1).with_for_update())
    if not (await check_epoch(connection, rows)).holds:
        raise RowTamperedError("consent_epoch")
    statement = dialects.insert(connection, EPOCH).values(id=1, epoch=1, told=0)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"epoch": EPOCH.c.epoch + 1})
    found: int = (await connection.execute(statement.returning(EPOCH.c.epoch))).scalar_one()
    return found


async def read_epoch(connection: AsyncConnection, *, share: bool = False) -> int:
    """The configuration epoch; with ``share`` it cannot change until the transaction ends."""
    query = select(EPOCH.c.epoch).where(EPOCH.c.id == 1)
    found = (await connection.execute(query.with_for_update(read=True) if share else query)).scalar_one_or_none()
    return found or 0


async def end_change(connection: AsyncConnection, rows: RowSealer, told: int | None = None) -> None:
    """Seal the configuration as it stands at the end of a change; ``told`` is the ledger entry that tells of it."""
    if told is not None:
        await connection.execute(update(EPOCH).where(EPOCH.c.id == 1).values(told=told))
    row, content, _ = await _epoch_content(connection)
    if row is not None:
        mac = rows.seal(EPOCH_DOMAIN, content)
        await connection.execute(update(EPOCH).where(EPOCH.c.id == 1).values(mac=mac))


async def check_epoch(connection: AsyncConnection, rows: RowSealer) -> Epoch:
    """Read the epoch and check that everything configured is there, in the versions that were sealed.

    A configuration that was never changed holds nothing, and holds. Read it in one snapshot.
    """
    row, content, sealed = await _epoch_content(connection)
    if row is None:
        return Epoch(0, 0, holds=False)
    fresh = row["epoch"] == 0 and row["mac"] is None
    holds = fresh or rows.holds(EPOCH_DOMAIN, content, row["mac"])
    return Epoch(row["epoch"], row["told"], holds, sealed)


async def insert_document(connection: AsyncConnection, document: Document, rows: RowSealer) -> None:
    """Append a version of a registered thing and seal it; the caller holds the epoch's lock."""
    await connection.execute(insert(REGISTRY).values(_thing(document)))
    await seal_document(connection, document, rows)


async def seal_document(connection: AsyncConnection, document: Document, rows: RowSealer) -> None:
    """Put the code of a thing's current version beside it."""
    key = {"tenant": document.tenant, "kind": document.kind, "name": document.name}
    found = {"version": document.version, "mac": rows.seal(THING, thing_row(_thing(document)))}
    statement = dialects.insert(connection, SEALS).values(**key, **found)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=found))


def holds(document: Document, rows: RowSealer) -> bool:
    """Whether the row is as it was sealed, and in the version that was."""
    return rows.holds(THING, thing_row(_thing(document)), document.mac)


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
    sealed = and_(*(SEALS.c[name] == REGISTRY.c[name] for name in ("tenant", "kind", "name", "version")))
    joined = REGISTRY.outerjoin(SEALS, sealed)
    return select(REGISTRY, SEALS.c.mac).select_from(joined).where(REGISTRY.c.version == newest)


async def _epoch_content(
    connection: AsyncConnection,
) -> tuple[RowMapping | None, bytes, frozenset[tuple[str, str, str, int]]]:
    row = (await connection.execute(select(EPOCH).where(EPOCH.c.id == 1))).mappings().one_or_none()
    if row is None:
        return None, b"", frozenset()
    catalog = await current_revision(connection)
    columns = (SEALS.c.tenant, SEALS.c.kind, SEALS.c.name, SEALS.c.version, SEALS.c.mac)
    seals = sorted(tuple(seal) for seal in await connection.execute(select(*columns)))
    return row, epoch_row(row, catalog, seals), frozenset((seal[0], seal[1], seal[2], seal[3]) for seal in seals)


def _thing(document: Document) -> dict[str, Any]:
    return {
        "tenant": document.tenant,
        "kind": document.kind,
        "name": document.name,
        "version": document.version,
        "epoch": document.epoch,
        "at_us": to_us(document.at),
        "body": document.body,
    }


def _document(row: Row[Any]) -> Document:
    mac = getattr(row, "mac", None)
    return Document(row.tenant, row.kind, row.name, row.version, row.epoch, from_us(row.at_us), row.body, mac)
