"""Entries for an export, streamed in the order of their numbers, each by way of an index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from lineage.entries import Moment
from lineage.kinds import Kind
from lineage.queries import FoundEntry
from lineage.tables import LedgerEntry

EVERY = 2_000
# What a release relies on beside the subject's own stream: without these nobody could judge it.
RELIED_ON = (
    Kind.TENANT_REGISTERED,
    Kind.TENANT_UPDATED,
    Kind.PARTY_REGISTERED,
    Kind.PARTY_UPDATED,
    Kind.CLIENT_REGISTERED,
    Kind.CLIENT_UPDATED,
    Kind.PURPOSE_REGISTERED,
    Kind.PURPOSE_UPDATED,
    Kind.NOTICE_PUBLISHED,
    Kind.VIEW_LOADED,
    Kind.SHAPE_RECORDED,
)


def _table(model: type[SQLModel]) -> Table:
    found: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return found


_ENTRIES = _table(LedgerEntry)
_COLUMNS = tuple(_ENTRIES.c[name] for name in ("id", "body", "digest", "mac"))


@dataclass(frozen=True, slots=True)
class Period:
    """From (inclusive) and to (exclusive), aware."""

    since: datetime
    until: datetime


async def of_subject(connection: AsyncConnection, tenant: str, subject: str) -> AsyncIterator[FoundEntry]:
    """A subject's whole stream, and what of the tenant's the reads in it rely on."""
    own = _ENTRIES.c.stream == subject
    relied = and_(_ENTRIES.c.stream == f"tenant/{tenant}", _ENTRIES.c.kind.in_([kind.value for kind in RELIED_ON]))
    wanted = select(*_COLUMNS).where(_ENTRIES.c.tenant == tenant, or_(own, relied)).order_by(_ENTRIES.c.id)
    async for entry in _streamed(connection, wanted):
        yield entry


async def of_period(
    connection: AsyncConnection, tenant: str, period: Period, *, by_number: bool = False
) -> AsyncIterator[FoundEntry]:
    """Every entry of a tenant in a time, by instant and number, or by number alone.

    Within a stream only numbers follow the places: an entry may carry an earlier instant than the one before it.
    """
    order = (_ENTRIES.c.id,) if by_number else (_ENTRIES.c.at_us, _ENTRIES.c.id)
    wanted = (
        select(*_COLUMNS)
        .where(
            _ENTRIES.c.tenant == tenant,
            _ENTRIES.c.at_us >= Moment.of(period.since).us,
            _ENTRIES.c.at_us < Moment.of(period.until).us,
        )
        .order_by(*order)
    )
    async for entry in _streamed(connection, wanted):
        yield entry


async def of_numbers(connection: AsyncConnection, tenant: str, numbers: Sequence[int]) -> list[FoundEntry]:
    """Some entries by number."""
    wanted = select(*_COLUMNS).where(_ENTRIES.c.tenant == tenant, _ENTRIES.c.id.in_(numbers)).order_by(_ENTRIES.c.id)
    return [entry async for entry in _streamed(connection, wanted)]


async def _streamed(connection: AsyncConnection, wanted: Select[Any]) -> AsyncIterator[FoundEntry]:
    result = await connection.stream(wanted, execution_options={"yield_per": EVERY})
    async for rows in result.partitions():
        for row in rows:
            yield FoundEntry(row[0], row[1].encode(), row[2], row[3])
