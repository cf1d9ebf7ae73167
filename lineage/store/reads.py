"""Recorded reads for replay and preview: rows in the order of an index, and one aggregate over a window.

The digest of the facts stands in the body only, where it is canonical and so found by its member's name: a column for
it would be written with every read and asked for by nobody but an auditor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, column, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from lineage.kinds import Kind
from lineage.tables import LedgerEntry

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_MEMBER = '"facts":"'
_DIGEST_CHARACTERS = 64
PAIRS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS change, json_extract(value, '$[1]') AS shape, "
    "json_extract(value, '$[2]') AS facts FROM json_each(:pairs)",
    "postgresql": 'SELECT (p ->> 0) COLLATE "C" AS change, (p ->> 1) COLLATE "C" AS shape, '
    '(p ->> 2) COLLATE "C" AS facts FROM jsonb_array_elements(CAST(:pairs AS jsonb)) AS p',
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which reads are meant: of a tenant, from an instant on, before another; microseconds since 1970."""

    tenant: str | None = None
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """How many reads had one shape of answer on the same facts."""

    tenant: str
    client: str
    purpose: str
    shape: str
    facts: str
    reads: int


async def read_page(
    connection: AsyncConnection, window: Window, *, after: tuple[int, int] = (0, 0), limit: int = 1000
) -> list[tuple[int, int, str]]:
    """(microseconds, id, body) of the next reads behind ``after``, which is a pair of the first two."""
    ids = _ENTRIES.c
    key = (ids.id,) if window.tenant is None else (ids.at_us, ids.id)
    behind = tuple_(*key) > tuple_(*(after[1:] if window.tenant is None else after))
    wanted = select(ids.at_us, ids.id, ids.body).where(behind, *_inside(window)).order_by(*key).limit(limit)
    return [(row.at_us, row.id, row.body) for row in await connection.execute(wanted)]


async def count_reads(connection: AsyncConnection, window: Window) -> int:
    """How many reads a replay will see, for a progress bar."""
    found: int = (
        await connection.execute(select(func.count()).select_from(_ENTRIES).where(*_inside(window)))
    ).scalar_one()
    return found


async def last_id(connection: AsyncConnection) -> int:
    """The id of the newest entry, 0 if there is none."""
    return (await connection.execute(select(func.max(_ENTRIES.c.id)))).scalar_one() or 0


async def read_from(connection: AsyncConnection, window: Window, place: int) -> tuple[int, int, str] | None:
    """The first read whose id is not below ``place``; one descent of the primary key."""
    ids = _ENTRIES.c
    wanted = select(ids.at_us, ids.id, ids.body).where(ids.id >= place, *_inside(window)).order_by(ids.id).limit(1)
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else (row.at_us, row.id, row.body)


async def weigh(connection: AsyncConnection, window: Window) -> list[Weight]:
    """How often each shape of answer was given on each facts document: one aggregate over the window."""
    ids = _ENTRIES.c
    names = (ids.tenant, ids.client, ids.purpose, ids.shape)
    facts = _facts(connection).label("facts")
    wanted = select(*names, facts, func.count().label("reads")).where(*_inside(window), _names_facts(connection))
    rows = await connection.execute(wanted.group_by(*names, facts).order_by(*names, facts))
    return [
        Weight(row.tenant, row.client or "", row.purpose or "", row.shape or "", row.facts, row.reads) for row in rows
    ]


async def weigh_changes(
    connection: AsyncConnection, window: Window, changes: Sequence[tuple[str, str, str]]
) -> Mapping[str, tuple[int, int]]:
    """(reads, subjects) of each change; ``changes`` are (name of the change, shape, facts)."""
    ids = _ENTRIES.c
    pairs = _pairs(connection, changes)
    joined = _ENTRIES.join(pairs, (pairs.c.shape == ids.shape) & (pairs.c.facts == _facts(connection)))
    subjects = func.count(func.distinct(ids.subject))
    wanted = select(pairs.c.change, func.count(), subjects).select_from(joined).where(*_inside(window))
    rows = await connection.execute(wanted.group_by(pairs.c.change))
    return {change: (reads, people) for change, reads, people in rows}


def _pairs(connection: AsyncConnection, changes: Sequence[tuple[str, str, str]]) -> CTE:
    """The changes as a table; one parameter, however many they are."""
    statement = text(PAIRS[connection.dialect.name]).bindparams(
        pairs=canonical([list(each) for each in changes]).decode()
    )
    return statement.columns(column("change", Text), column("shape", Text), column("facts", Text)).cte("changes")


def _inside(window: Window) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_ENTRIES.c.kind == Kind.READ.value]
    if window.tenant is not None:
        found.append(_ENTRIES.c.tenant == window.tenant)
    if window.since_us is not None:
        found.append(_ENTRIES.c.at_us >= window.since_us)
    if window.until_us is not None:
        found.append(_ENTRIES.c.at_us < window.until_us)
    return found


def _place(connection: AsyncConnection) -> ColumnElement[int]:
    find: Any = func.strpos if connection.dialect.name == "postgresql" else func.instr
    place: ColumnElement[int] = find(_ENTRIES.c.body, _MEMBER)
    return place


def _facts(connection: AsyncConnection) -> ColumnElement[str]:
    start = _place(connection) + len(_MEMBER)
    return func.substr(_ENTRIES.c.body, start, _DIGEST_CHARACTERS)


def _names_facts(connection: AsyncConnection) -> ColumnElement[bool]:
    return _place(connection) > 0
