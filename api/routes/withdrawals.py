"""Saying no: withdrawing consent, and refusing it (PIPL 15, 16).

Rules:
- withdrawing takes one request and no more than giving did; answered 2xx, it binds every read recorded from then on;
- a refusal is recorded like a consent; it takes nothing away that was agreed before;
- staff withdraw or refuse for a person only with evidence of their will.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from fastapi import Depends, Request
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from api.access import Holds
from api.identity import Principal, Role
from api.routes.granted import GrantAnswer, GrantShown, OnBehalf, WithdrawnAnswer
from api.routes.receipts import receipted
from api.routes.wire import KEYED, Digest, Evidence, GrantId, Name, SubjectRef, routes
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor, check_evidence, whom
from api.usecases.deleting import Ended, raise_after_withdrawal
from api.usecases.granting import Bounds, owner_of, refused_bounds, request_of, shown_notice
from api.usecases.representing import note_evidence
from api.usecases.writing import Work, binding
from consent import (
    Channel,
    ConsentForm,
    Kind,
    Scope,
    SubjectId,
    WithdrawAll,
    WithdrawField,
    WithdrawGrant,
    WithdrawPurpose,
    find_grant,
)

ROUTER = routes()
GIVERS = (Role.SUBJECT, Role.STEWARD)
Giver = Annotated[Principal, Depends(Holds(*GIVERS))]


class Reach(StrEnum):
    """How much is withdrawn."""

    ALL = "all"
    PURPOSE = "purpose"
    FIELD = "field"
    GRANT = "grant"


class WithdrawalBody(OnBehalf):
    """What is withdrawn. ``field`` may be narrowed to one ``purpose``; ``subject`` and ``evidence`` are for staff."""

    scope: Annotated[Reach, FROM_TEXT]
    purpose: Name | None = None
    field: Name | None = None
    grant: GrantId | None = None
    subject: SubjectRef | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        given = {name for name in ("purpose", "field", "grant") if getattr(self, name) is not None}
        needed = {self.scope.value} - {Reach.ALL.value}
        if not needed <= given:
            raise PydanticCustomError("missing", "is missing")
        if given - needed - ({"purpose"} if self.scope is Reach.FIELD else set()):
            raise PydanticCustomError("extra_forbidden", "has a member that does not belong to the scope")
        return self

    @property
    def meant(self) -> Scope:
        """The scope as consent knows it."""
        if self.scope is Reach.PURPOSE and self.purpose is not None:
            return WithdrawPurpose(self.purpose)
        if self.scope is Reach.FIELD and self.field is not None:
            return WithdrawField(self.field, self.purpose)
        if self.scope is Reach.GRANT and self.grant is not None:
            return WithdrawGrant(self.grant)
        return WithdrawAll()


class RefusalBody(Body):
    """A consent that was asked for and declined; without ``fields``, all that the notice asks for the recipient."""

    purpose: Name
    recipient: Name
    notice: Name
    notice_version: Annotated[int, Field(ge=1, le=1_000_000)]
    channel: Annotated[Channel, FROM_TEXT] = Channel.API
    fields: Annotated[list[Name], Field(min_length=1, max_length=200)] | None = None
    form: Annotated[ConsentForm, FROM_TEXT] = ConsentForm.GENERAL
    provision: bool = False
    subject: SubjectRef | None = None
    notice_hash: Digest | None = None
    evidence: Evidence | None = None


@ROUTER.post(
    "/v1/withdrawals",
    tags=["consent"],
    summary="Withdraw consent",
    response_model=WithdrawnAnswer,
    openapi_extra=KEYED,
)
@receipted
async def withdraw(request: Request, body: WithdrawalBody, caller: Giver) -> Response:
    """Withdraw everything, one purpose, one field or one grant."""
    check_evidence(caller, body.evidence)
    async with binding(request, caller) as work:
        if work.replay is not None:
            return work.replay
        if body.grant is not None and body.subject is None:
            who = await owner_of(work.connection, caller, body.grant)
        else:
            who = whom(caller, body.subject)
        return await _withdraw(work, who, body.meant, body.evidence)


@ROUTER.post(
    "/v1/grants/{grant}/withdraw",
    tags=["consent"],
    summary="Withdraw a grant",
    response_model=WithdrawnAnswer,
    openapi_extra=KEYED,
)
@receipted
async def withdraw_grant(request: Request, grant: GrantId, caller: Giver, body: OnBehalf | None = None) -> Response:
    """Withdraw one grant; the same as a withdrawal with the scope ``grant``."""
    evidence = None if body is None else body.evidence
    check_evidence(caller, evidence)
    async with binding(request, caller) as work:
        if work.replay is not None:
            return work.replay
        who = await owner_of(work.connection, caller, grant)
        return await _withdraw(work, who, WithdrawGrant(grant), evidence)


@ROUTER.post(
    "/v1/refusals",
    tags=["consent"],
    summary="Refuse consent",
    status_code=201,
    response_model=GrantAnswer,
    openapi_extra=KEYED,
)
@receipted
async def refuse(request: Request, body: RefusalBody, caller: Giver) -> Response:
    """Record that a person declined what a notice asks."""
    async with binding(request, caller) as work:
        if work.replay is not None:
            return work.replay
        whom(caller, body.subject)
        notice = await shown_notice(work.connection, work.tenant, body)
        bounds = refused_bounds(notice, body.recipient)
        if body.fields is not None:
            bounds = Bounds(body.fields, body.form, body.provision)
        asked = await request_of(work.connection, caller, body, notice, bounds)
        done = await work.consent.refuse(work.connection, asked, by=actor(caller, *GIVERS), now=work.now)
        refused = await find_grant(work.connection, asked.subject, done.grants[0])
        return work.answer(
            GrantAnswer(
                grant=GrantShown.of(refused, work.now, caller),
                consent_version=done.consent_version,
                entry=str(work.journal.entry_of(Kind.REFUSED, refused.state.id)),
                entries=[str(entry) for entry in done.entries],
            ),
            status=201,
        )


async def _withdraw(work: Work, who: SubjectId, scope: Scope, evidence: str | None) -> Response:
    by = actor(work.caller, *GIVERS)
    done = await work.consent.withdraw(work.connection, who, scope, by=by, now=work.now)
    entries = [*done.entries, *await note_evidence(work, who, by, done, evidence)]
    withdrawn, narrowed = work.journal.grants(Kind.WITHDRAWN), work.journal.grants(Kind.FIELD_WITHDRAWN)
    field = scope.field if isinstance(scope, WithdrawField) else None
    tasks = await raise_after_withdrawal(work, who, by, Ended(withdrawn, narrowed, field))
    return work.answer(
        WithdrawnAnswer(
            withdrawn=withdrawn,
            narrowed=narrowed,
            tasks=tasks,
            consent_version=done.consent_version,
            entries=[str(entry) for entry in entries],
        )
    )
