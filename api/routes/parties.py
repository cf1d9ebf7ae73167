"""Parties: handlers, recipients, processors, bureaus (PIPL 20-23).

Rules: a steward registers and changes them; staff see all, a scoring service the party it belongs to.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Request
from starlette.responses import Response

from api.access import Steward
from api.identity import Role
from api.routes.registered import Change, Insider, Region, RegisteredAnswer
from api.routes.wire import KEYED, Answer, Cursor, Limit, Name, Reference, Shown, Text, TextShown, When, left, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor
from api.usecases.register import change, find, find_versions, listed, made
from api.usecases.writing import writing
from consent import Party, PartyRole, TransferMechanism

ROUTER = routes()


class PartyBody(Body):
    """A party to register."""

    name: Name
    title: Text
    role: Annotated[PartyRole, FROM_TEXT]
    contact: Reference
    region: Region = "CN"
    contract_ends: When | None = None
    transfer: Annotated[TransferMechanism, FROM_TEXT] = TransferMechanism.NONE
    transfer_ref: Reference | None = None
    transfer_expires: When | None = None


class PartyChange(Change):
    """What changes of a party."""

    title: Text = left()
    role: Annotated[PartyRole, FROM_TEXT] = left()
    contact: Reference = left()
    region: Region = left()
    contract_ends: When | None = left()
    transfer: Annotated[TransferMechanism, FROM_TEXT] = left()
    transfer_ref: Reference | None = left()
    transfer_expires: When | None = left()


class PartyShown(Answer):
    """A party."""

    name: str
    title: TextShown
    role: PartyRole
    contact: str
    region: str
    contract_ends: Shown | None
    transfer: TransferMechanism
    transfer_ref: str | None
    transfer_expires: Shown | None


class Parties(Answer):
    """A page of parties, by name."""

    parties: list[PartyShown]
    next: str | None


class PartyVersions(Answer):
    """Every version of a party, oldest first."""

    versions: list[PartyShown]


@ROUTER.post(
    "/v1/parties",
    tags=["register"],
    summary="Register a party",
    status_code=201,
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def register_party(request: Request, body: PartyBody, caller: Steward) -> Response:
    """Register a handler, recipient, processor or bureau."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        party = made(Party, body, work.tenant)
        by = actor(caller, Role.STEWARD)
        done = await work.registrar.register_party(work.connection, party, by=by, now=work.now)
        return work.answer(RegisteredAnswer.of(done), status=201)


@ROUTER.patch(
    "/v1/parties/{name}",
    tags=["register"],
    summary="Change a party",
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def change_party(request: Request, name: Name, body: PartyChange, caller: Steward) -> Response:
    """Replace the named parts of a party; the versions before stay on record."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        update = partial(work.registrar.update_party, work.connection, by=actor(caller, Role.STEWARD), now=work.now)
        done = await change(work.connection, (work.tenant, Party, name), by=body, update=update)
        return work.answer(RegisteredAnswer.of(done))


@ROUTER.get("/v1/parties", tags=["register"], summary="List parties")
async def list_parties(request: Request, caller: Insider, cursor: Cursor = None, limit: Limit = 50) -> Parties:
    """List the parties the caller sees."""
    async with service_of(request.app.state).database.reading() as tx:
        page = await listed(tx.connection, caller, Party, after=cursor, limit=limit)
    return Parties(parties=[PartyShown.model_validate(party) for party in page.items], next=page.after)


@ROUTER.get("/v1/parties/{name}", tags=["register"], summary="Look up a party")
async def get_party(request: Request, name: Name, caller: Insider) -> PartyShown:
    """Answer a party as it is registered now."""
    async with service_of(request.app.state).database.reading() as tx:
        return PartyShown.model_validate(await find(tx.connection, caller, Party, name))


@ROUTER.get("/v1/parties/{name}/versions", tags=["register"], summary="List the versions of a party")
async def list_party_versions(request: Request, name: Name, caller: Insider) -> PartyVersions:
    """Answer every version of a party, oldest first."""
    async with service_of(request.app.state).database.reading() as tx:
        versions = await find_versions(tx.connection, caller, Party, name)
    return PartyVersions(versions=[PartyShown.model_validate(party) for party in versions])
