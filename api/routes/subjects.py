"""Data subjects: registered, looked up, shown masked to themselves, revealed to staff.

Rules:
- people enter with their identifiers and are a reference from then on; no answer but the two below holds an identifier;
- looking a person up by an identifier and seeing identifiers in clear need a second factor (PIPL 51); a reveal names
  its reason and few fields, and takes no Idempotency-Key: every one is on record;
- a subject sees their own identifiers, masked; anybody else's count as absent.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Holds, SecondFactor, Steward
from api.database import Transaction
from api.identity import Principal, Role
from api.problems import ProblemError
from api.problems.faults import place
from api.routes.wire import KEYED, Answer, Name, SubjectRef, routes
from api.service import Service, service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor, ledger_actor, whom
from api.usecases.identities import Identities, RevealReason
from api.usecases.writing import writing
from consent import AgeBand
from gate.errors import PersonRefusedError
from gate.registering import NewPerson, SubjectDesk
from vault import refresh_key_ring

ROUTER = routes()
MOST_REVEALED = 5
Finder = Annotated[Principal, Depends(Holds(Role.STEWARD, Role.DPO))]
Revealer = Annotated[Principal, Depends(Holds(Role.DPO, Role.OPERATOR))]
Seer = Annotated[Principal, Depends(Holds(Role.SUBJECT, Role.STEWARD))]
Value = Annotated[str, Field(min_length=1, max_length=512)]


class PersonBody(Body):
    """A person by their identifiers: catalogue field -> value as written."""

    identifiers: Annotated[dict[Name, Value], Field(min_length=1, max_length=30)]
    birth_date: Annotated[str, Field(min_length=8, max_length=32)] | None = None


class LookupBody(Body):
    """An identifier to look for."""

    field: Name
    value: Value


class RevealBody(Body):
    """Which identifiers are needed, and for what."""

    fields: Annotated[list[Name], Field(min_length=1, max_length=50)]
    reason: Annotated[RevealReason, FROM_TEXT]


class SubjectAnswer(Answer):
    """A person as they are known from now on; ``created`` is false if they were known before."""

    subject: str
    age_band: AgeBand
    created: bool


class FoundAnswer(Answer):
    """The people who have the identifier."""

    subjects: list[str]


class MaskedAnswer(Answer):
    """Masked identifiers by field."""

    identifiers: dict[str, str]


class RevealedAnswer(Answer):
    """Identifiers in clear by field, and the ledger entry that says who saw them."""

    identifiers: dict[str, str]
    entry: str


@ROUTER.post(
    "/v1/subjects",
    tags=["subjects"],
    summary="Register a person",
    status_code=201,
    response_model=SubjectAnswer,
    responses={200: {"model": SubjectAnswer, "description": "The person was known before."}},
    openapi_extra=KEYED,
)
async def register(request: Request, body: PersonBody, caller: Steward) -> Response:
    """Register a person by their identifiers; the same ID number is always the same data subject."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        desk = SubjectDesk(work.service.keyring, await work.catalog(), work.consent)
        person = NewPerson(body.identifiers, body.birth_date)
        by = actor(caller, Role.STEWARD)
        try:
            (done,) = await desk.register(work.connection, work.tenant, [person], by=by, now=work.now)
        except PersonRefusedError as refused:
            raise ProblemError("gate/person_refused", errors=_places(refused)) from None
        shown = SubjectAnswer(subject=done.ref, age_band=done.age_band, created=done.created)
        return work.answer(shown, status=201 if done.created else 200)


@ROUTER.post("/v1/subjects/lookup", tags=["subjects"], summary="Look a person up by an identifier")
async def look_up(request: Request, body: LookupBody, caller: Finder, _factor: SecondFactor) -> FoundAnswer:
    """Answer the references of the people who have an identifier, however it is written; recorded for each of them."""
    service = service_of(request.app.state)
    by = ledger_actor(caller, Role.STEWARD, Role.DPO)
    async with service.database.transaction() as tx:
        found = await (await _identities(service, tx)).look_up(caller.tenant, body.field, body.value, by)
    return FoundAnswer(subjects=found)


@ROUTER.post("/v1/subjects/{subject}/reveal", tags=["subjects"], summary="See identifiers in clear")
async def reveal(
    request: Request, subject: SubjectRef, body: RevealBody, caller: Revealer, _factor: SecondFactor
) -> RevealedAnswer:
    """Answer identifiers of a person in clear; in the ledger before it is answered."""
    if len(body.fields) > MOST_REVEALED:
        raise ProblemError("request/too_many_fields", limit=MOST_REVEALED)
    if len(set(body.fields)) != len(body.fields):
        raise ProblemError("request/repeated", pointer="#/fields")
    service = service_of(request.app.state)
    by = ledger_actor(caller, Role.DPO, Role.OPERATOR)
    async with service.database.transaction() as tx:
        shown, entry = await (await _identities(service, tx)).reveal(
            whom(caller, subject), body.fields, body.reason, by
        )
    return RevealedAnswer(identifiers=shown, entry=str(entry))


@ROUTER.get("/v1/subjects/{subject}/identifiers", tags=["subjects"], summary="See identifiers masked")
async def masked(request: Request, subject: SubjectRef, caller: Seer) -> MaskedAnswer:
    """Answer a person's identifiers, masked; recorded when it is staff who look."""
    service, who = service_of(request.app.state), whom(caller, subject)
    if caller.subject is not None:
        async with service.database.reading() as tx:
            return MaskedAnswer(identifiers=await (await _identities(service, tx)).masked(who))
    by = ledger_actor(caller, Role.STEWARD)
    async with service.database.transaction() as tx:
        shown = await (await _identities(service, tx)).masked_for(who, by)
    return MaskedAnswer(identifiers=shown)


async def _identities(service: Service, tx: Transaction) -> Identities:
    await refresh_key_ring(tx.connection, service.keyring)
    catalog = await service.catalogs.current(tx.connection)
    return Identities(tx.connection, service.keyring, catalog, tx.now)


def _places(refused: PersonRefusedError) -> list[dict[str, object]]:
    """The faults of a person; a field that is not catalogued is called by its place only."""
    pointers = [
        ("/identifiers" if name == "field" else f"/identifiers/{name}", fault) for name, fault in refused.faults
    ]
    return [place(pointer, fault) for pointer, fault in pointers]
