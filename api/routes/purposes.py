"""Purposes: why data may be processed, on which basis, and how far that may ever go (PIPL 6, 13, 55).

Rules: the data protection officer registers, changes and retires them; staff and subjects see all, a scoring service
those it is registered for.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.access import Dpo
from api.identity import Role
from api.routes.registered import Anybody, Change, RegisteredAnswer
from api.routes.wire import KEYED, Answer, Cursor, Limit, Name, Reference, Shown, Text, TextShown, When, left, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor
from api.usecases.register import change, find, find_versions, listed, made
from api.usecases.writing import writing
from catalog import LawfulBasis, ReleaseForm
from consent import Method, OverrideName, Purpose, PurposeStatus

ROUTER = routes()


class CeilingBody(Body):
    """A field the purpose may reach, and why it is necessary."""

    field: Name
    necessity: Text | None = None


class OverrideBody(Body):
    """A named relaxation of the strict default, and where its approval is kept."""

    name: Annotated[OverrideName, FROM_TEXT]
    approved_by: Name
    reference: Reference


Ceiling = Annotated[list[CeilingBody], Field(max_length=200)]
Methods = Annotated[list[Annotated[Method, FROM_TEXT]], Field(min_length=1, max_length=len(Method))]
Overrides = Annotated[list[OverrideBody], Field(max_length=len(OverrideName))]
Days = Annotated[int, Field(ge=1, le=36_500)]


class PurposeBody(Body):
    """A purpose to register."""

    name: Name
    title: Text
    basis: Annotated[LawfulBasis, FROM_TEXT]
    ceiling: Ceiling
    methods: Methods
    max_form: Annotated[ReleaseForm, FROM_TEXT]
    basis_ref: Reference | None = None
    pipia: Reference | None = None
    pipia_expires: When | None = None
    automated: bool = False
    overrides: Overrides = Field(default_factory=list)
    max_grant_days: Days | None = None
    foreign_authority: bool = False
    reveals: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)


class PurposeChange(Change):
    """What changes of a purpose; a change of method, or a higher ``revision``, asks for a new notice (PIPL 14)."""

    title: Text = left()
    basis: Annotated[LawfulBasis, FROM_TEXT] = left()
    ceiling: Ceiling = left()
    methods: Methods = left()
    max_form: Annotated[ReleaseForm, FROM_TEXT] = left()
    basis_ref: Reference | None = left()
    pipia: Reference | None = left()
    pipia_expires: When | None = left()
    automated: bool = left()
    status: Annotated[PurposeStatus, FROM_TEXT] = left()
    overrides: Overrides = left()
    max_grant_days: Days | None = left()
    foreign_authority: bool = left()
    revision: Annotated[int, Field(ge=1, le=1_000_000)] = left()
    reveals: Annotated[list[Name], Field(max_length=100)] = left()


class CeilingShown(Answer):
    """A field of a ceiling."""

    field: str
    necessity: TextShown | None


class OverrideShown(Answer):
    """A relaxation."""

    name: OverrideName
    approved_by: str
    reference: str


class PurposeShown(Answer):
    """A purpose."""

    name: str
    title: TextShown
    basis: LawfulBasis
    basis_ref: str | None
    pipia: str | None
    pipia_expires: Shown | None
    ceiling: list[CeilingShown]
    methods: list[Method]
    max_form: ReleaseForm
    automated: bool
    status: PurposeStatus
    overrides: list[OverrideShown]
    max_grant_days: int | None
    foreign_authority: bool
    revision: int
    reveals: list[str]


class Purposes(Answer):
    """A page of purposes, by name."""

    purposes: list[PurposeShown]
    next: str | None


class PurposeVersions(Answer):
    """Every version of a purpose, oldest first."""

    versions: list[PurposeShown]


@ROUTER.post(
    "/v1/purposes",
    tags=["register"],
    summary="Register a purpose",
    status_code=201,
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def register_purpose(request: Request, body: PurposeBody, caller: Dpo) -> Response:
    """Register a purpose; reads need its assessment and its notice besides."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        purpose = made(Purpose, body, work.tenant)
        by = actor(caller, Role.DPO)
        done = await work.registrar.register_purpose(work.connection, purpose, by=by, now=work.now)
        return work.answer(RegisteredAnswer.of(done), status=201)


@ROUTER.patch(
    "/v1/purposes/{name}",
    tags=["register"],
    summary="Change a purpose",
    response_model=RegisteredAnswer,
    openapi_extra=KEYED,
)
async def change_purpose(request: Request, name: Name, body: PurposeChange, caller: Dpo) -> Response:
    """Replace the named parts of a purpose; the versions before stay on record."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        update = partial(work.registrar.update_purpose, work.connection, by=actor(caller, Role.DPO), now=work.now)
        done = await change(work.connection, (work.tenant, Purpose, name), by=body, update=update)
        return work.answer(RegisteredAnswer.of(done))


@ROUTER.get("/v1/purposes", tags=["register"], summary="List purposes")
async def list_purposes(request: Request, caller: Anybody, cursor: Cursor = None, limit: Limit = 50) -> Purposes:
    """List the purposes the caller sees."""
    async with service_of(request.app.state).database.reading() as tx:
        page = await listed(tx.connection, caller, Purpose, after=cursor, limit=limit)
    return Purposes(purposes=[PurposeShown.model_validate(purpose) for purpose in page.items], next=page.after)


@ROUTER.get("/v1/purposes/{name}", tags=["register"], summary="Look up a purpose")
async def get_purpose(request: Request, name: Name, caller: Anybody) -> PurposeShown:
    """Answer a purpose as it is registered now."""
    async with service_of(request.app.state).database.reading() as tx:
        return PurposeShown.model_validate(await find(tx.connection, caller, Purpose, name))


@ROUTER.get("/v1/purposes/{name}/versions", tags=["register"], summary="List the versions of a purpose")
async def list_purpose_versions(request: Request, name: Name, caller: Anybody) -> PurposeVersions:
    """Answer every version of a purpose, oldest first."""
    async with service_of(request.app.state).database.reading() as tx:
        versions = await find_versions(tx.connection, caller, Purpose, name)
    return PurposeVersions(versions=[PurposeShown.model_validate(purpose) for purpose in versions])
