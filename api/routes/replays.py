"""Deciding a recorded read again, for auditors.

Rules: the auditor's look is itself on record; another tenant's entry counts as absent; what is no read cannot be
replayed; a decision that does not come out as recorded is an answer, not an error.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from api.access import Holds
from api.identity import Principal, Role
from api.problems import ProblemError
from api.routes.wire import Answer, EntryId, routes
from api.service import service_of
from api.usecases.asking import look_at
from api.usecases.replays import shown
from gate.replaying import Verdict, recorded
from lineage import Kind

ROUTER = routes()
Auditor = Annotated[Principal, Depends(Holds(Role.AUDITOR))]


class ReasonShown(Answer):
    """A reason, in both languages."""

    code: str
    zh: str
    en: str


class OutcomeShown(Answer):
    """A form; or ``withheld`` and why."""

    form: str
    reasons: list[ReasonShown]


class FeatureShown(Answer):
    """A feature as recorded and as it comes out now."""

    agrees: bool
    withheld_by_service: bool
    recorded: OutcomeShown
    replayed: OutcomeShown | None


class ReplayShown(Answer):
    """A read, decided again from the facts and the policy kept with it."""

    entry: str
    verdict: Verdict
    policy: str
    catalog: str
    facts: str | None
    features: dict[str, FeatureShown]


@ROUTER.get("/v1/entries/{entry}/replay", tags=["ledger"], summary="Decide a recorded read again")
async def replay(request: Request, entry: EntryId, caller: Auditor) -> ReplayShown:
    """Answer what the policy of that time decides on the facts of that time, beside what was recorded."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        found = await look_at(tx, caller, int(entry), mac=service.keyring.mac)
        body: dict[str, Any] = found.document
        if body["kind"] != Kind.READ:
            raise ProblemError("lineage/not_a_read")
    async with service.database.reading() as tx:
        [replayed] = await service.replayer.replay(tx.connection, [recorded(found.id, body)])
    return ReplayShown.model_validate(shown(replayed, service.reasons))
