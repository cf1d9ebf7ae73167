"""Answering auditors: every question walks an index in the order of the answer and stops at the end of the page.

How each question is answered:
1. about a subject or a grant: the subject's stream, in the order of its places (a grant belongs to one subject, found
   by the entry of its birth);
2. about an object (`about`), or a kind other than reads: the partial indexes, by instant;
3. about client, purpose, outcome, field, feature, or reads as such: the shapes that fit, each shape's entries by
   instant, merged; joined by the entries that are no reads, from their partial indexes;
4. about nothing but time: the index by instant.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    column,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnCollection
from sqlalchemy.sql.selectable import FromClause

from lineage.entries import Moment
from lineage.errors import EntryNotFoundError, FilterInvalidError
from lineage.kinds import Kind, Outcome
from lineage.queries import MAX_PAGE, FoundEntry, LedgerFilter, Page, read_cursor, write_cursor
from lineage.shapes import DENIED
from lineage.tables import LedgerEntry, LedgerShape, LedgerShapeField

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_SHAPES = LedgerShape.metadata.tables["ledger_shapes"]
_LINES = LedgerShapeField.metadata.tables["ledger_shape_fields"]
_COLUMNS = ("id", "seq", "at_us", "body", "digest", "mac")
_READS_ONLY = frozenset((Outcome.RELEASED, Outcome.PARTIAL, Outcome.DRY_RUN))
# Written out, not bound: a partial index is used only when the statement itself says so.
# Without the table's name, so that they can stand behind a table named with its index.
_BARE: dict[str, ColumnElement[Any]] = {each.name: column(each.name, each.type) for each in _ENTRIES.c}
_NO_READ = _BARE["kind"] != literal_column("'read'")

Condition: TypeAlias = ColumnElement[bool]
Columns: TypeAlias = "Mapping[str, ColumnElement[Any]] | ColumnCollection[str, Any]"


async def search(
    connection: AsyncConnection,
    tenant: str,
    asked: LedgerFilter,
    *,
    cursor: str | None = None,
    limit: int = 100,
) -> Page:
    """Answer a question, a page at a time.

    Raises: CursorInvalidError; FilterInvalidError: a limit out of 1..1000.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise FilterInvalidError(f"a page holds 1 to {MAX_PAGE} entries")
    stream = asked.subject
    if asked.grant is not None:
        stream = await _owner(connection, tenant, asked.grant)
        if stream is None or asked.subject not in (None, stream):
            return Page((), None)
    key = ("at_us", "id") if stream is None else ("seq",)
    after = None if cursor is None else read_cursor(tenant, asked, cursor, len(key))
    statement = _Statement(connection.dialect.name, tenant, asked, stream, key, after, limit + 1).build()
    rows = (await connection.execute(statement)).mappings().all()
    more = len(rows) > limit
    last = tuple(int(rows[limit - 1][name]) for name in key) if more else ()
    found = tuple(FoundEntry(row["id"], row["body"].encode(), row["digest"], row["mac"]) for row in rows[:limit])
    return Page(found, write_cursor(tenant, asked, last) if more else None)


async def find_entry(connection: AsyncConnection, tenant: str, entry: int) -> FoundEntry:
    """Return one entry of a tenant.

    Raises: EntryNotFoundError: there is none, or it is another tenant's.
    """
    columns = [_ENTRIES.c[name] for name in ("id", "body", "digest", "mac")]
    wanted = select(*columns).where(_ENTRIES.c.id == entry, _ENTRIES.c.tenant == tenant)
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        raise EntryNotFoundError(entry)
    return FoundEntry(row[0], row[1].encode(), row[2], row[3])


async def newest_about(connection: AsyncConnection, tenant: str, about: str) -> FoundEntry | None:
    """The newest entry about an object that tells of something done; None if there is none.

    Newest by number, which is drawn under the locks of who writes, and not by instant, which is read before them.
    """
    columns = [_ENTRIES.c[name] for name in ("id", "body", "digest", "mac")]
    table = _ENTRIES.c
    wanted = select(*columns).where(
        table.tenant == tenant, table.about == about, table.outcome == Outcome.DONE.value, table.kind != Kind.READ.value
    )
    row = (await connection.execute(wanted.order_by(table.id.desc()).limit(1))).one_or_none()
    return None if row is None else FoundEntry(row[0], row[1].encode(), row[2], row[3])


async def shape_documents(connection: AsyncConnection, tenant: str, shapes: Sequence[str]) -> dict[str, bytes]:
    """Return the canonical documents of shapes by digest; unknown ones are left out."""
    wanted = select(_SHAPES.c.shape, _SHAPES.c.body).where(_SHAPES.c.tenant == tenant, _SHAPES.c.shape.in_(shapes))
    return {shape: body.encode() for shape, body in await connection.execute(wanted)}


async def _owner(connection: AsyncConnection, tenant: str, grant: str) -> str | None:
    """The pseudonym of the subject who gave a grant."""
    born = (
        select(_ENTRIES.c.subject)
        .where(_ENTRIES.c.tenant == tenant, _ENTRIES.c.about == grant, _ENTRIES.c.subject.is_not(None))
        .order_by(_ENTRIES.c.at_us, _ENTRIES.c.id)
        .limit(1)
    )
    found: str | None = (await connection.execute(born)).scalar_one_or_none()
    return found


class _Statement:
    """The statement that answers one page of one question."""

    def __init__(  # noqa: PLR0913, PLR0917 - one place makes it, from the parts of one call
        self,
        dialect: str,
        tenant: str,
        asked: LedgerFilter,
        stream: str | None,
        key: tuple[str, ...],
        after: tuple[int, ...] | None,
        limit: int,
    ) -> None:
        self._dialect = dialect
        self._tenant = tenant
        self._asked = asked
        self._stream = stream
        self._key = key
        self._after = after
        self._limit = limit

    def build(self) -> Select[Any]:
        asked = self._asked
        if self._stream is not None:
            conditions = [_ENTRIES.c.stream == self._stream, *self._shape_exists(), *self._all(_ENTRIES.c)]
            return self._page(select().select_from(_ENTRIES), _ENTRIES.c, conditions)
        by_shape = asked.field or asked.feature
        if not by_shape and asked.about is not None:
            return self._walk("about")
        if not by_shape and asked.kind not in (None, Kind.READ):
            return self._walk("kind", _NO_READ)
        if by_shape or asked.client or asked.purpose or asked.outcome or asked.kind:
            return self._merged()
        return self._walk("at")

    def _merged(self) -> Select[Any]:
        asked = self._asked
        branches = [self._reads()]
        if not (asked.field or asked.feature or asked.kind is Kind.READ or asked.outcome in _READS_ONLY):
            branches.append(
                self._walk("client" if asked.client else "purpose" if asked.purpose else "outcome", _NO_READ)
            )
        if len(branches) == 1:
            return branches[0]
        both = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
        return select(both).order_by(*self._order(both.c)).limit(self._limit)

    def _reads(self) -> Select[Any]:
        """Reads of the shapes that fit: the first of each shape in the order asked, then the first of all."""
        shapes = select(_SHAPES.c.shape).where(*self._shape_conditions(_SHAPES)).subquery("fitting")
        conditions = [_BARE["tenant"] == self._tenant, _BARE["shape"] == shapes.c.shape]
        if self._asked.about is not None:
            conditions.append(_BARE["about"] == self._asked.about)
        if self._asked.kind not in (None, Kind.READ):
            conditions.append(_BARE["kind"] == self._asked.kind)
        first = self._page(select().select_from(self._source("shape")), _BARE, conditions)
        if self._dialect == "postgresql":
            each = first.lateral("each")
            joined = select(*(each.c[name] for name in _COLUMNS)).select_from(shapes.join(each, true()))
            return joined.order_by(*self._order(each.c)).limit(self._limit)
        found = _ENTRIES.alias("f")
        ids = first.with_only_columns(_BARE["id"]).correlate(shapes)
        joined = select(*(found.c[name] for name in _COLUMNS)).select_from(shapes.join(found, found.c.id.in_(ids)))
        return joined.order_by(*self._order(found.c)).limit(self._limit)

    def _walk(self, index: str, *conditions: Condition) -> Select[Any]:
        """The entries in the order of an index."""
        return self._page(select().select_from(self._source(index)), _BARE, [*conditions, *self._all(_BARE)])

    def _source(self, index: str) -> TextClause:
        """The table; SQLite is told the index, as it keeps no statistics and would walk a year to find a kind."""
        return text("ledger_entries" + (f" INDEXED BY ledger_entries_{index}" if self._dialect == "sqlite" else ""))

    def _page(self, wanted: Select[Any], columns: Columns, conditions: Sequence[Condition]) -> Select[Any]:
        wanted = wanted.add_columns(*(columns[name] for name in _COLUMNS)).where(*conditions, *self._window(columns))
        return wanted.order_by(*self._order(columns)).limit(self._limit)

    def _all(self, columns: Columns) -> list[Condition]:
        """The conditions on the columns of an entry."""
        asked = self._asked
        found: list[Condition] = [columns["tenant"] == self._tenant]
        for name in ("client", "purpose", "outcome", "kind", "about"):
            value = getattr(asked, name)
            if value is not None:
                found.append(columns[name] == str(value))
        if asked.grant is not None:
            found.append(self._inside(columns["body"], f'"{asked.grant}"') > 0)
        return found

    def _window(self, columns: Columns) -> list[Condition]:
        """The conditions on time, and the place where the page before ended."""
        found: list[Condition] = []
        if self._asked.since is not None:
            found.append(columns["at_us"] >= Moment.of(self._asked.since).us)
        if self._asked.until is not None:
            found.append(columns["at_us"] < Moment.of(self._asked.until).us)
        if self._after is not None:
            here = tuple_(*(columns[name] for name in self._key))
            there = tuple_(*self._after)
            found.append(here < there if self._asked.newest_first else here > there)
        return found

    def _order(self, columns: Columns) -> list[ColumnElement[Any]]:
        newest_first = self._asked.newest_first
        return [columns[name].desc() if newest_first else columns[name].asc() for name in self._key]

    def _shape_conditions(self, shapes: FromClause) -> list[Condition]:
        asked = self._asked
        found: list[Condition] = [shapes.c.tenant == self._tenant]
        for name in ("client", "purpose", "outcome"):
            value = getattr(asked, name)
            if value is not None:
                found.append(shapes.c[name] == str(value))
        if asked.field or asked.feature:
            found.append(exists().where(*self._line_conditions(shapes.c.shape)))
        return found

    def _shape_exists(self) -> list[Condition]:
        if not (self._asked.field or self._asked.feature):
            return []
        return [exists().where(*self._line_conditions(_ENTRIES.c.shape))]

    def _line_conditions(self, shape: ColumnElement[str]) -> list[Condition]:
        asked = self._asked
        found: list[Condition] = [_LINES.c.tenant == self._tenant, _LINES.c.shape == shape]
        if asked.field:
            found.append(_LINES.c.field == asked.field)
        if asked.feature:
            found.append(_LINES.c.feature == asked.feature)
        if asked.released_only:
            found.append(_LINES.c.outcome != DENIED)
        return found

    def _inside(self, body: ColumnElement[str], part: str) -> ColumnElement[int]:
        return (func.strpos if self._dialect == "postgresql" else func.instr)(body, part)
