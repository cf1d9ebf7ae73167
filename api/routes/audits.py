"""What the nightly audits found, for auditors.

Rules: an auditor sees the audits of the tenant, and those of the whole deployment; of the latter the rows that differ
only where the tenant is alone, or its auditors may see everybody's entries; that they looked is on record.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from api.access import Holds
from api.auditing.keeping import KeptAudit, kept_audits
from api.identity import Principal, Role
from api.routes.wire import Answer, CursorText, Shown, routes
from api.service import service_of
from api.usecases.explaining import instant
from api.usecases.tracing import note_question
from lineage import DEPLOYMENT, CursorInvalidError, holds_others

ROUTER = routes()
Auditor = Annotated[Principal, Depends(Holds(Role.AUDITOR))]


class DifferenceShown(Answer):
    """A row that is not as the ledger tells, and in what: a column, ``missing``, ``extra``, ``mac`` or ``history``."""

    table: str
    row: str
    what: str


class FaultShown(Answer):
    """A fault of the ledger itself."""

    entry: str | None
    code: str


class LedgerShown(Answer):
    """What the check of the ledger found."""

    sound: bool
    entries: int
    last_entry: str
    fault_count: int
    faults: list[FaultShown] | None


class AuditShown(Answer):
    """One audit. ``differences`` lists the first thousand; null where they may be of other tenants."""

    entry: str
    at: Shown
    scope: str
    agrees: bool
    subjects: int
    grants: int
    tokens: int
    registered: int
    difference_count: int
    differences: list[DifferenceShown] | None
    ledger: LedgerShown | None


class AuditPage(Answer):
    """Audits, newest first."""

    audits: list[AuditShown]
    next: str | None


@ROUTER.get("/v1/audits", tags=["ledger"], summary="See what the audits found")
async def listed(
    request: Request,
    caller: Auditor,
    cursor: CursorText | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """Answer the results of audits: the state of the deployment beside what its ledger tells."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        found = await kept_audits(tx.connection, caller.tenant, before=_before(cursor), limit=limit + 1)
        sees_all = caller.tenant in service.settings.transparency.auditors or not await holds_others(
            tx.connection, caller.tenant
        )
        page = found[:limit]
        await note_question(tx, service, caller, question={"of": "audits"}, found=len(page))
    shown = [_shown(each, whole=sees_all or not each.of_deployment) for each in page]
    return AuditPage(audits=shown, next=str(page[-1].entry) if len(found) > limit else None)


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise CursorInvalidError("the cursor is damaged")
    return int(cursor)


def _shown(each: KeptAudit, *, whole: bool) -> AuditShown:
    document: dict[str, Any] = dict(each.document)
    ledger = document.pop("ledger")
    if not whole:
        document["differences"] = None
    told = None
    if ledger is not None:
        faults = [{**fault, "entry": _text(fault["entry"])} for fault in ledger["faults"]] if whole else None
        told = {**ledger, "last_entry": str(ledger["last_entry"]), "faults": faults}
    scope = "deployment" if each.tenant == DEPLOYMENT else "tenant"
    head = {"entry": str(each.entry), "at": instant(each.at_us), "scope": scope, "agrees": each.agrees}
    return AuditShown.model_validate({**head, **document, "ledger": told})


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
