"""Grants: consents given, looked up, paused and resumed (PIPL 13-15, 23, 29, 31).

Rules:
- a data subject gives for themself; a steward for a person only with evidence of their will, and stands in the ledger
  as the one who did;
- a subject sees and changes their own grants only; staff see those of their tenant, auditors without the reference of
  the person;
- every write answers the consent version and the ledger entries it made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Holds
from api.identity import Principal, Role
from api.routes.granted import GrantAnswer, GrantHistory, GrantShown, MovedAnswer, OnBehalf, Step
from api.routes.receipts import receipted
from api.routes.wire import (
    KEYED,
    Answer,
    Cursor,
    Digest,
    Evidence,
    GrantId,
    Guardian,
    Limit,
    Name,
    SubjectRef,
    When,
    routes,
)
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor, check_evidence, whom
from api.usecases.granting import Bounds, owner_of, request_of, shown_notice, visible_grant
from api.usecases.paging import scan
from api.usecases.representing import note_evidence
from api.usecases.writing import binding
from catalog import ReleaseForm
from consent import Channel, ConsentForm, Grant, Kind, Page, State, find_grant, list_events, list_grants

ROUTER = routes()
GIVERS = (Role.SUBJECT, Role.STEWARD)
Giver = Annotated[Principal, Depends(Holds(*GIVERS))]
Seer = Annotated[Principal, Depends(Holds(Role.SUBJECT, Role.STEWARD, Role.DPO, Role.AUDITOR))]


class GrantBody(Body):
    """A consent as it was given; ``subject`` is for staff."""

    purpose: Name
    recipient: Name
    notice: Name
    notice_version: Annotated[int, Field(ge=1, le=1_000_000)]
    fields: Annotated[list[Name], Field(min_length=1, max_length=200)]
    form: Annotated[ConsentForm, FROM_TEXT]
    channel: Annotated[Channel, FROM_TEXT]
    subject: SubjectRef | None = None
    notice_hash: Digest | None = None
    provision: bool = False
    max_form: Annotated[ReleaseForm, FROM_TEXT] | None = None
    guardian: Guardian | None = None
    evidence: Evidence | None = None
    starts_at: When | None = None
    expires_at: When | None = None


class Grants(Answer):
    """A page of a subject's grants, by id."""

    grants: list[GrantShown]
    next: str | None


@ROUTER.post(
    "/v1/grants",
    tags=["consent"],
    summary="Give consent",
    status_code=201,
    response_model=GrantAnswer,
    openapi_extra=KEYED,
)
@receipted
async def give(request: Request, body: GrantBody, caller: Giver) -> Response:
    """Record a consent; it takes the place of open ones it covers."""
    async with binding(request, caller) as work:
        if work.replay is not None:
            return work.replay
        whom(caller, body.subject)
        notice = await shown_notice(work.connection, work.tenant, body)
        bounds = Bounds(
            body.fields, body.form, body.provision, body.max_form, body.guardian, body.starts_at, body.expires_at
        )
        asked = await request_of(work.connection, caller, body, notice, bounds)
        done = await work.consent.give(work.connection, asked, by=actor(caller, *GIVERS), now=work.now)
        given = await find_grant(work.connection, asked.subject, done.grants[0])
        return work.answer(
            GrantAnswer(
                grant=GrantShown.of(given, work.now, caller),
                consent_version=done.consent_version,
                entry=str(work.journal.entry_of(Kind.GIVEN, given.state.id)),
                entries=[str(entry) for entry in done.entries],
            ),
            status=201,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which grants are asked for."""

    subject: str | None
    purpose: str | None
    state: State | None
    cursor: str | None
    limit: int

    def fits(self, grant: Grant, now: datetime) -> bool:
        """Whether a grant is one of them."""
        return self.purpose in {None, grant.state.purpose} and self.state in {None, grant.state.state_at(now)}


def wanted(
    *,
    subject: SubjectRef | None = None,
    purpose: Name | None = None,
    state: State | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Wanted:
    """Read the query."""
    return Wanted(subject, purpose, state, cursor, limit)


@ROUTER.get("/v1/grants", tags=["consent"], summary="List grants")
async def list_all(request: Request, caller: Seer, asked: Annotated[Wanted, Depends(wanted)]) -> Grants:
    """List a subject's grants in every state, refusals included."""
    who = whom(caller, asked.subject)
    async with service_of(request.app.state).database.reading() as tx:

        async def read(after: str, count: int) -> Page[Grant]:
            return await list_grants(tx.connection, who, after=after, limit=count)

        page = await scan(
            read,
            lambda grant: asked.fits(grant, tx.now),
            lambda grant: grant.state.id,
            after=asked.cursor,
            limit=asked.limit,
        )
    return Grants(grants=[GrantShown.of(grant, tx.now, caller) for grant in page.items], next=page.after)


@ROUTER.get("/v1/grants/{grant}", tags=["consent"], summary="Look up a grant")
async def get(request: Request, grant: GrantId, caller: Seer) -> GrantHistory:
    """Answer a grant with everything that happened to it."""
    async with service_of(request.app.state).database.reading() as tx:
        found = await visible_grant(tx.connection, caller, grant)
        events = await list_events(tx.connection, found.subject, grant=grant, limit=500)
    shown = GrantShown.of(found, tx.now, caller).model_dump()
    return GrantHistory(**shown, history=[Step.of(event) for event in events.items])


@ROUTER.post(
    "/v1/grants/{grant}/pause",
    tags=["consent"],
    summary="Pause a grant",
    response_model=MovedAnswer,
    openapi_extra=KEYED,
)
async def pause(request: Request, grant: GrantId, caller: Giver, body: OnBehalf | None = None) -> Response:
    """Suspend a live grant until it is resumed."""
    return await _move(request, grant, caller, body, Kind.PAUSED)


@ROUTER.post(
    "/v1/grants/{grant}/resume",
    tags=["consent"],
    summary="Resume a grant",
    response_model=MovedAnswer,
    openapi_extra=KEYED,
)
async def resume(request: Request, grant: GrantId, caller: Giver, body: OnBehalf | None = None) -> Response:
    """Let a paused grant live again."""
    return await _move(request, grant, caller, body, Kind.RESUMED)


async def _move(request: Request, grant: str, caller: Principal, body: OnBehalf | None, kind: Kind) -> Response:
    evidence = None if body is None else body.evidence
    check_evidence(caller, evidence)
    async with binding(request, caller) as work:
        if work.replay is not None:
            return work.replay
        who = await owner_of(work.connection, caller, grant)
        by = actor(caller, *GIVERS)
        move = work.consent.pause if kind is Kind.PAUSED else work.consent.resume
        done = await move(work.connection, who, grant, by=by, now=work.now)
        entries = [*done.entries, *await note_evidence(work, who, by, done, evidence)]
        found = await find_grant(work.connection, who, grant)
        return work.answer(
            MovedAnswer(
                grant=GrantShown.of(found, work.now, caller),
                consent_version=done.consent_version,
                entries=[str(entry) for entry in entries],
            )
        )
