"""Being forgotten: requests to erase, their answers, certificates, and the holds that stand against them (PIPL 47, 50).

Rules:
- a data subject asks in one request; where nothing stands against it the data is gone when the answer comes;
- where a hold or a statutory period may stand against it the data is only kept from then on, and an officer answers by
  a day that is told; a refusal has a reason in Chinese and English;
- a request that was carried out and a certificate name nobody: who has the id may see them.
"""

from __future__ import annotations

import os
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from api.access import Dpo, Holds
from api.identity import Principal, Role
from api.journal import LedgerJournal
from api.problems import ProblemError
from api.routes.granted import OnBehalf
from api.routes.wire import (
    KEYED,
    Answer,
    CertificateId,
    ErasureId,
    Evidence,
    HoldId,
    Limit,
    Nothing,
    Shown,
    SubjectRef,
    TextShown,
    When,
    routes,
)
from api.service import service_of
from api.store_scrub import scrub
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor, check_evidence, whom
from api.usecases.representing import note_evidence
from api.usecases.writing import Work, writing
from consent import (
    REFUSALS,
    Actor,
    ErasureNotFoundError,
    ErasureRequest,
    ErasureState,
    HoldBasis,
    HoldRequest,
    HoldStandsError,
    Keeper,
    Recorded,
    Refusal,
    SubjectId,
    find_subject,
)
from consent.store.keeping import erasures_in
from gate.erasing import ErasureDesk, Outcome, Reason, Result, read_certificate
from gate.erasing.desk import Act, erase_one

ROUTER = routes()
ASKERS = (Role.SUBJECT, Role.STEWARD, Role.DPO)
Asker = Annotated[Principal, Depends(Holds(*ASKERS))]
Watcher = Annotated[Principal, Depends(Holds(Role.SUBJECT, Role.DPO, Role.AUDITOR))]


class Decision(StrEnum):
    """What an officer decides about a request."""

    ERASE = "erase"
    REFUSE = "refuse"


class ErasureBody(OnBehalf):
    """Whom to erase; ``subject`` and ``evidence`` are for staff."""

    subject: SubjectRef | None = None


class DecisionBody(Body):
    """An officer's answer; a refusal needs its reason."""

    decision: Annotated[Decision, FROM_TEXT]
    reason: Annotated[Refusal, FROM_TEXT] | None = None


class HoldBody(Body):
    """What has to be kept, why and until when; ``then_erase`` restricts it now and erases it afterwards."""

    subject: SubjectRef
    basis: Annotated[HoldBasis, FROM_TEXT]
    reference: Evidence
    until: When
    then_erase: bool = False


class ErasureAnswer(Answer):
    """What came of a request: ``erased``, ``held`` until a hold ends, ``waiting`` for an officer, or ``refused``.

    ``tasks``: how many tell recipients to delete what they hold.
    """

    state: str
    request: str | None = None
    due: Shown | None = None
    certificate: str | None = None
    reason: str | None = None
    text: TextShown | None = None
    entry: str | None = None
    tasks: int | None = None


class ErasuresAnswer(Answer):
    """Requests in one state, those to be answered first before the others."""

    requests: list[ErasureAnswer]


class HoldAnswer(Answer):
    """A hold."""

    hold: str
    basis: HoldBasis
    until: Shown
    released: bool


class CertificateAnswer(Answer):
    """A certificate as it is handed out (docs/formats/erasure-certificate.md)."""

    certificate: str
    signature: str
    public_key: str


@ROUTER.post(
    "/v1/erasure-requests",
    tags=["erasure"],
    summary="Ask to be erased",
    response_model=ErasureAnswer,
    openapi_extra=KEYED,
)
async def ask(request: Request, caller: Asker, body: ErasureBody | None = None) -> Response:
    """Erase a person at once where nothing stands against it; else keep their data unused until that is decided."""
    given = body or ErasureBody()
    check_evidence(caller, given.evidence)
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        who, by = whom(caller, given.subject), actor(caller, *ASKERS)
        if given.evidence is not None:
            known = await find_subject(work.connection, who)
            await note_evidence(work, who, by, Recorded((), known.version, ()), given.evidence)
        return _answer(work, await _erase(work, who, by))


@ROUTER.get("/v1/erasure-requests", tags=["erasure"], summary="List requests to erase")
async def listed(
    request: Request, caller: Dpo, state: ErasureState = ErasureState.WAITING, limit: Limit = 50
) -> ErasuresAnswer:
    """Answer the requests in a state, the most urgent first."""
    async with service_of(request.app.state).database.reading() as tx:
        found = await erasures_in(tx.connection, caller.tenant, state, limit=limit)
    return ErasuresAnswer(requests=[_shown(each) for each in found])


@ROUTER.get("/v1/erasure-requests/{erasure}", tags=["erasure"], summary="See a request to erase")
async def seen(request: Request, erasure: ErasureId, caller: Watcher) -> ErasureAnswer:
    """Answer what became of a request."""
    service = service_of(request.app.state)
    keeper = Keeper(LedgerJournal(service.keyring.mac), rows=service.keyring.rows, entropy=os.urandom)
    async with service.database.reading() as tx:
        found = await keeper.find(tx.connection, caller.tenant, erasure)
    if caller.subject is not None and found.subject not in {None, caller.subject}:
        raise ErasureNotFoundError(erasure)
    return _shown(found)


@ROUTER.post(
    "/v1/erasure-requests/{erasure}/decision",
    tags=["erasure"],
    summary="Answer a request to erase",
    response_model=ErasureAnswer,
    openapi_extra=KEYED,
)
async def decide(request: Request, erasure: ErasureId, body: DecisionBody, caller: Dpo) -> Response:
    """Carry a request out, or refuse it with a reason; a hold that stands cannot be decided away."""
    if (body.reason is None) is (body.decision is Decision.REFUSE):
        raise ProblemError("request/reason_needed")
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        by, keeper = actor(caller, Role.DPO), Keeper(work.journal, rows=work.service.keyring.rows, entropy=os.urandom)
        found = await keeper.find(work.connection, work.tenant, erasure, lock=True)
        if body.reason is not None:
            await keeper.refuse(work.connection, found, body.reason, by=by, now=work.now)
            return work.answer(_shown(await keeper.find(work.connection, work.tenant, erasure)))
        if found.subject is None:
            return work.answer(_shown(found))
        done = await _erase(work, SubjectId(work.tenant, found.subject), by, decided=True)
        if done.outcome is Outcome.HELD:
            raise HoldStandsError("a hold stands against it")
        return _answer(work, done)


@ROUTER.post(
    "/v1/holds",
    tags=["erasure"],
    summary="Place a legal hold",
    status_code=201,
    response_model=HoldAnswer,
    openapi_extra=KEYED,
)
async def hold(request: Request, body: HoldBody, caller: Dpo) -> Response:
    """Keep a person from being erased until a day."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        asked = HoldRequest(
            subject=SubjectId(work.tenant, body.subject),
            basis=body.basis,
            reference=body.reference,
            until=body.until,
            then_erase=body.then_erase,
        )
        keeper = Keeper(work.journal, rows=work.service.keyring.rows, entropy=os.urandom)
        placed = await keeper.place(work.connection, asked, by=actor(caller, Role.DPO), now=work.now)
        shown = HoldAnswer(hold=placed.id, basis=placed.basis, until=placed.until, released=False)
        return work.answer(shown, status=201)


@ROUTER.post(
    "/v1/holds/{hold}/release",
    tags=["erasure"],
    summary="Lift a legal hold",
    response_model=HoldAnswer,
    openapi_extra=KEYED,
)
async def release(request: Request, hold: HoldId, caller: Dpo, body: Nothing | None = None) -> Response:
    """Lift a hold before its end."""
    del body  # nothing can be said in it
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        keeper = Keeper(work.journal, rows=work.service.keyring.rows, entropy=os.urandom)
        done = await keeper.release(work.connection, work.tenant, hold, by=actor(caller, Role.DPO), now=work.now)
        return work.answer(HoldAnswer(hold=done.id, basis=done.basis, until=done.until, released=True))


@ROUTER.get("/v1/erasure-certificates/{certificate}", tags=["erasure"], summary="See a certificate of erasure")
async def certificate(request: Request, certificate: CertificateId, caller: Watcher) -> CertificateAnswer:
    """Answer a certificate with its signature; it says what was destroyed, and of nobody."""
    service = service_of(request.app.state)
    async with service.database.reading() as tx:
        signed = await read_certificate(tx.connection, caller.tenant, certificate)
    return CertificateAnswer(**signed.file(service.keyring.certificate_keys[signed.document["key"]]))


async def _erase(work: Work, who: SubjectId, by: Actor, *, decided: bool = False) -> Result:
    desk = ErasureDesk(
        work.service.keyring,
        await work.catalog(),
        Keeper(work.journal, rows=work.service.keyring.rows, entropy=os.urandom),
        due=timedelta(days=work.service.settings.lineage.deletion_days),
    )
    act = Act(work.connection, work.tenant, by, work.now, Reason.REQUEST, decided)
    return await erase_one(desk, act, who)


def _answer(work: Work, done: Result) -> Response:
    answer = work.answer(_told(done))
    if done.outcome is Outcome.ERASED:  # the deleted bytes leave the files once the caller has the answer
        answer.background = BackgroundTask(scrub, work.service.database)
    return answer


def _told(done: Result) -> ErasureAnswer:
    if done.request is not None:
        return _shown(done.request)
    if done.outcome is Outcome.UNKNOWN:
        raise ProblemError("consent/subject_not_found")
    return ErasureAnswer(
        state="erased",
        certificate=None if done.certificate is None else done.certificate.id,
        entry=None if done.entry is None else str(done.entry),
        tasks=done.told if done.outcome is Outcome.ERASED else None,
    )


def _shown(request: ErasureRequest) -> ErasureAnswer:
    text = None if request.reason is None else REFUSALS[request.reason]
    return ErasureAnswer(
        state="erased" if request.state is ErasureState.DONE else request.state.value,
        request=request.id,
        due=request.due if request.is_open else None,
        certificate=request.certificate,
        reason=request.reason,
        text=None if text is None else TextShown(zh=text.zh, en=text.en),
    )
