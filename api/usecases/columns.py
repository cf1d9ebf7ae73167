"""Columns under review: proposed by scans, decided by people, every step on record.

Rules:
- state, history and ledger entry commit together;
- the ledger holds counts, kinds, grades and opaque ids; names of tables and columns and reasons stand in the
  catalogue's own tables only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.usecases.catalogs import Authority, Catalogs
from catalog import Catalog, digest
from catalog.classify.columns.kinds import column_kinds
from catalog.classify.drift import Drifts
from catalog.classify.grading import grade_of
from catalog.classify.reviewing import ColumnPlace, Event, Review, ReviewedColumn, proposed, reviewed
from catalog.classify.store_reviews import add_columns, find_column, note_seen, save_review
from consent import Purpose, PurposeStatus, list_current
from lineage import Actor as LedgerActor
from lineage import EntryDraft, Kind, Role, append, fields_released

PAGE = 500


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan of one source.

    Attributes:
        result: the result document.
        found: what is not as it was.
        propose: whether its new columns are put up for review.
        vain: what `collected_in_vain` says of the tenant.
    """

    tenant: str
    source: str
    result: Mapping[str, Any]
    found: Drifts
    propose: bool
    vain: Mapping[str, Sequence[Any]]

    def is_sure(self, place: ColumnPlace) -> bool:
        """Whether a column is known well enough."""
        return any(
            column["known"]
            for table in self.result["tables"]
            if table["name"] == place.table
            for column in table["columns"]
            if column["name"] == place.column
        )


async def note_scan(connection: AsyncConnection, scanned: Scanned, authority: Authority) -> list[int]:
    """Record a scan of a source, and put its new columns up for review if it says so."""
    found, result = scanned.found, scanned.result
    await note_seen(connection, scanned.tenant, found.seen, authority.now)
    if scanned.propose:
        new = [
            proposed(each.place, each.found, is_known=scanned.is_sure(each.place), by=authority.by.id)
            for each in found.new
            if each.found is not None
        ]
        await add_columns(connection, scanned.tenant, new, authority.now)
    counts = {name: result["summary"][name] for name in ("tables", "columns", "personal", "unknown", "leaks")}
    counts["unread"] = len(result["unread"])
    changes = {"new": len(found.new), "changed": len(found.changed), "gone": len(found.gone)}
    vain = {name: len(listed) for name, listed in scanned.vain.items()}
    parts = {**counts, **changes, **vain, "result": digest({"tables": result["tables"]})}
    draft = _draft(Kind.COLUMNS_SCANNED, scanned.tenant, authority, scanned.source, parts)
    return await append(connection, [draft], now=authority.now, mac=authority.mac)


async def decide(
    connection: AsyncConnection, tenant: str, column: str, review: Review, authority: Authority
) -> tuple[ReviewedColumn, Event]:
    """Apply a person's decision about a column; a kind without a grade has that of the catalogue in force.

    Raises: ColumnNotFoundError; ReviewError.
    """
    before = await find_column(connection, tenant, column)
    if review.kind in column_kinds() and review.grade is None:
        fields = (await Catalogs().current(connection)).fields
        review = dataclasses.replace(review, grade=grade_of(str(review.kind), fields).grade)
    done = reviewed(before, review, authority.now.date())
    await save_review(connection, tenant, done, authority.now)
    after, event = done
    parts = {
        "action": event.action.value,
        "column_kind": event.kind,
        "grade": event.grade,
        "handled_as": after.grade,
        "version": after.version,
    }
    await append(
        connection,
        [_draft(Kind.COLUMN_REVIEWED, tenant, authority, column, parts)],
        now=authority.now,
        mac=authority.mac,
    )
    return done


async def collected_in_vain(connection: AsyncConnection, tenant: str, catalog: Catalog) -> dict[str, Any]:
    """Fields that no read ever released, and features no active purpose covers (PIPL 6: no more than needed)."""
    views = catalog.views_of(tenant)
    features = [feature for view in views for feature in view.features]
    held = {field for feature in features for field in feature.fields}
    released = await fields_released(connection, tenant)
    purposes = [purpose async for purpose in _purposes(connection, tenant) if purpose.status is PurposeStatus.ACTIVE]
    beyond = [
        {"feature": feature.full_name, "purpose": purpose.name, "fields": sorted(set(feature.fields) - purpose.fields)}
        for purpose in purposes
        for feature in features
        if purpose.fields & set(feature.fields) and not set(feature.fields) <= purpose.fields
    ]
    return {"never_read": sorted(held - released), "beyond_ceiling": beyond}


async def _purposes(connection: AsyncConnection, tenant: str) -> AsyncIterator[Purpose]:
    after: str | None = ""
    while after is not None:
        page = await list_current(connection, tenant, Purpose, after=after, limit=PAGE)
        for purpose in page.items:
            yield purpose
        after = page.after


def _draft(kind: Kind, tenant: str, authority: Authority, about: str, parts: Mapping[str, int | str]) -> EntryDraft:
    actor = LedgerActor(Role(authority.by.role), authority.by.id)
    return EntryDraft(kind, tenant, actor, about=about, parts=parts)
