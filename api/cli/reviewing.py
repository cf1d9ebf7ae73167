"""Reviewing columns at the command line: the list, and one decision at a time."""

from __future__ import annotations

from typing import Any

from api.cli.acting import BY
from api.cli.parts import opened_database, opened_parts
from api.settings import Settings
from api.usecases.catalogs import Authority
from api.usecases.columns import decide
from catalog.classify.columns.kinds import column_kinds
from catalog.classify.reviewing import Action, Review, ReviewedColumn, State
from catalog.classify.store_reviews import find_column, history_of, page_of
from consent import Tenant, find_current

PAGE = 500


async def listed(settings: Settings, tenant: str, state: State | None) -> list[dict[str, Any]]:
    """All columns of a tenant under review, or those of one state. Raises: TenantNotFoundError."""
    found: list[dict[str, Any]] = []
    async with opened_database(settings, writing=False) as database, database.reading() as tx:
        await find_current(tx.connection, tenant, Tenant, tenant)
        after = ""
        while page := await page_of(tx.connection, tenant, state=state, after=after, limit=PAGE):
            found += [column_document(each) for each in page]
            after = page[-1].place.id
    return sorted(found, key=lambda each: (each["source"], each["table"], each["column"]))


async def shown(settings: Settings, tenant: str, column: str) -> dict[str, Any]:
    """One column with its history."""
    async with opened_database(settings, writing=False) as database, database.reading() as tx:
        found = await find_column(tx.connection, tenant, column)
        events = await history_of(tx.connection, tenant, column)
    history = [
        {
            "version": each.event.version,
            "at": each.at.isoformat(),
            "action": each.event.action.value,
            "by": each.event.by,
            "kind": each.event.kind,
            "grade": each.event.grade,
            "reason": each.event.reason,
        }
        for each in events
    ]
    return {**column_document(found), "history": history}


async def decided(settings: Settings, tenant: str, column: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Confirm or override a column in the operator's name; what lowers a grade waits for a second person."""
    async with opened_parts(settings, writing=True) as parts, parts.database.transaction() as tx:
        before = await find_column(tx.connection, tenant, column)
        action = Action.OVERRIDE if wanted["kind"] or wanted["grade"] else Action.CONFIRM
        kind = wanted["kind"] or (before.confirmed or before.found).kind
        review = Review(
            action=action,
            by=BY.id,
            reason=wanted["reason"],
            version=before.version,
            kind=kind if action is Action.OVERRIDE else None,
            grade=wanted["grade"],
        )
        after, event = await decide(
            tx.connection, tenant, column, review, Authority(BY, tx.now, parts.keys.mac, parts.keys.rows)
        )
        return {**column_document(after), "action": event.action.value}


def column_document(column: ReviewedColumn) -> dict[str, Any]:
    """A column for programs."""
    kind = column_kinds().get((column.confirmed or column.found).kind)
    return {
        "id": column.place.id,
        "source": column.place.source,
        "table": column.place.table,
        "column": column.place.column,
        "state": column.state.value,
        "grade": column.grade,
        "zh": "" if kind is None else kind.zh,
        "en": "" if kind is None else kind.en,
        "found": {"kind": column.found.kind, "grade": column.found.grade, "known": column.is_known},
        "confirmed": None
        if column.confirmed is None
        else {"kind": column.confirmed.kind, "grade": column.confirmed.grade},
        "asked": None
        if column.asked is None
        else {"kind": column.asked.kind, "grade": column.asked.grade, "by": column.asked_by},
        "version": column.version,
    }
