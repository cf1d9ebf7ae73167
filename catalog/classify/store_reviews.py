"""Columns under review in the database; the caller opens the transaction and tells the ledger.

Questions asked, each by an index: the columns of a source (unique place), a page of all or of one state (id), one
column and its history (key).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from catalog.classify.errors import ColumnNotFoundError, ReviewStaleError
from catalog.classify.reviewing import Action, Classed, ColumnPlace, Event, ReviewedColumn, State
from catalog.tables import CatalogColumn, CatalogColumnEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH = 500


def _table(model: type[SQLModel]) -> Table:
    found: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return found


COLUMNS = _table(CatalogColumn)
EVENTS = _table(CatalogColumnEvent)


class Dated(NamedTuple):
    """An event and when it happened."""

    at: datetime
    event: Event


async def columns_of(connection: AsyncConnection, tenant: str, source: str) -> Mapping[str, ReviewedColumn]:
    """Load every column of a source, by id."""
    wanted = select(COLUMNS).where(COLUMNS.c.tenant == tenant, COLUMNS.c.source == source)
    return {row.id: _column(row) for row in await connection.execute(wanted)}


async def page_of(
    connection: AsyncConnection, tenant: str, *, state: State | None, after: str, limit: int
) -> Sequence[ReviewedColumn]:
    """Load a page of columns, by id, those after one id."""
    wanted = select(COLUMNS).where(COLUMNS.c.tenant == tenant, COLUMNS.c.id > after)
    if state is not None:
        wanted = wanted.where(COLUMNS.c.state == state.value)
    return [_column(row) for row in await connection.execute(wanted.order_by(COLUMNS.c.id).limit(limit))]


async def find_column(connection: AsyncConnection, tenant: str, column: str) -> ReviewedColumn:
    """Load one column. Raises: ColumnNotFoundError."""
    wanted = select(COLUMNS).where(COLUMNS.c.tenant == tenant, COLUMNS.c.id == column)
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        raise ColumnNotFoundError(column)
    return _column(row)


async def history_of(connection: AsyncConnection, tenant: str, column: str) -> Sequence[Dated]:
    """Load a column's events, oldest first."""
    wanted = select(EVENTS).where(EVENTS.c.tenant == tenant, EVENTS.c.id == column).order_by(EVENTS.c.version)
    return [
        Dated(
            _EPOCH + timedelta(microseconds=row.at_us),
            Event(row.version, Action(row.action), row.actor, row.kind, row.grade, row.reason),
        )
        for row in await connection.execute(wanted)
    ]


async def add_columns(
    connection: AsyncConnection, tenant: str, new: Sequence[tuple[ReviewedColumn, Event]], now: datetime
) -> None:
    """Store new columns with their first events."""
    at_us = _microseconds(now)
    for start in range(0, len(new), BATCH):
        part = new[start : start + BATCH]
        await connection.execute(insert(COLUMNS), [_row(tenant, column, at_us) for column, _ in part])
        await connection.execute(insert(EVENTS), [_event(tenant, column, event, at_us) for column, event in part])


async def note_seen(connection: AsyncConnection, tenant: str, seen: Iterable[ReviewedColumn], now: datetime) -> None:
    """Store what a scan found now of columns that were known; what a person confirmed stays."""
    for column in seen:
        await connection.execute(
            update(COLUMNS)
            .where(COLUMNS.c.tenant == tenant, COLUMNS.c.id == column.place.id)
            .values(
                found_kind=column.found.kind,
                found_grade=column.found.grade,
                found_known=column.is_known,
                seen_us=_microseconds(now),
            )
        )


async def save_review(
    connection: AsyncConnection, tenant: str, done: tuple[ReviewedColumn, Event], now: datetime
) -> None:
    """Store a decision. Raises: ReviewStaleError: another one came first."""
    column, event = done
    at_us = _microseconds(now)
    row = _row(tenant, column, at_us)
    del row["seen_us"]
    changed = await connection.execute(
        update(COLUMNS)
        .where(COLUMNS.c.tenant == tenant, COLUMNS.c.id == column.place.id, COLUMNS.c.version == column.version - 1)
        .values(row)
    )
    if changed.rowcount != 1:
        raise ReviewStaleError(column.version)
    await connection.execute(insert(EVENTS), [_event(tenant, column, event, at_us)])


def _row(tenant: str, column: ReviewedColumn, at_us: int) -> dict[str, Any]:
    confirmed, asked = column.confirmed, column.asked
    return {
        "tenant": tenant,
        "id": column.place.id,
        "source": column.place.source,
        "table_name": column.place.table,
        "column_name": column.place.column,
        "state": column.state.value,
        "grade": column.grade,
        "found_kind": column.found.kind,
        "found_grade": column.found.grade,
        "found_known": column.is_known,
        "kind": None if confirmed is None else confirmed.kind,
        "confirmed_grade": None if confirmed is None else confirmed.grade,
        "asked_kind": None if asked is None else asked.kind,
        "asked_grade": None if asked is None else asked.grade,
        "asked_by": column.asked_by,
        "version": column.version,
        "seen_us": at_us,
    }


def _event(tenant: str, column: ReviewedColumn, event: Event, at_us: int) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": column.place.id,
        "version": event.version,
        "at_us": at_us,
        "action": event.action.value,
        "actor": event.by,
        "kind": event.kind,
        "grade": event.grade,
        "reason": event.reason,
    }


def _column(row: Row[Any]) -> ReviewedColumn:
    return ReviewedColumn(
        ColumnPlace(row.source, row.table_name, row.column_name),
        Classed(row.found_kind, row.found_grade),
        bool(row.found_known),
        None if row.kind is None else Classed(row.kind, row.confirmed_grade),
        None if row.asked_kind is None else Classed(row.asked_kind, row.asked_grade),
        row.asked_by,
        row.version,
    )


def _microseconds(now: datetime) -> int:
    return (now - _EPOCH) // timedelta(microseconds=1)
