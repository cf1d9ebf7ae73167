"""Notices: what people are told before they consent (PIPL 17, 23, 30).

Rules: the data protection officer publishes them, version by version, and no version ever changes; staff and subjects
see all, a scoring service those of its purposes.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Dpo
from api.identity import Role
from api.routes.registered import Anybody, RegisteredAnswer
from api.routes.wire import KEYED, Answer, Cursor, Limit, Name, Text, TextShown, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor
from api.usecases.register import find_versions, listed
from api.usecases.writing import writing
from consent import Method, Notice, NoticeDraft, NoticeNotFoundError

ROUTER = routes()
Fields = Annotated[list[Name], Field(max_length=200)]
Contact = Annotated[str, Field(max_length=200)]


class RecipientBody(Body):
    """Another handler that receives data, with the items of PIPL 23."""

    party: Name
    name: Text
    contact: Contact
    purpose: Text
    method: Text
    fields: Fields


class NoticeBody(Body):
    """The next version of a purpose's notice."""

    name: Name
    purpose: Name
    handler: Name
    handler_name: Text
    handler_contact: Contact
    text: Text
    purpose_text: Text
    methods: Annotated[list[Annotated[Method, FROM_TEXT]], Field(max_length=len(Method))]
    method_text: Text
    fields: Fields
    retention: Text
    rights: Text
    separate: Fields = Field(default_factory=list)
    necessity: Text | None = None
    impact: Text | None = None
    recipients: Annotated[list[RecipientBody], Field(max_length=100)] = Field(default_factory=list)


class RecipientShown(Answer):
    """Another handler that receives data."""

    party: str
    name: TextShown
    contact: str
    purpose: TextShown
    method: TextShown
    fields: list[str]


class NoticeShown(Answer):
    """A published version of a notice; ``hash`` is over its whole content, ``material`` over what consent rests on."""

    name: str
    version: int
    hash: str
    material: str
    purpose: str
    handler: str
    handler_name: TextShown
    handler_contact: str
    text: TextShown
    purpose_text: TextShown
    methods: list[Method]
    method_text: TextShown
    fields: list[str]
    retention: TextShown
    rights: TextShown
    separate: list[str]
    necessity: TextShown | None
    impact: TextShown | None
    recipients: list[RecipientShown]

    @classmethod
    def of(cls, notice: Notice) -> NoticeShown:
        """Show a version."""
        content = msgspec.to_builtins(notice.content)
        return cls.model_validate(
            {**content, "version": notice.version, "hash": notice.hash, "material": notice.material}
        )


class PublishedAnswer(RegisteredAnswer):
    """A notice as published."""

    hash: str
    material: str


class Notices(Answer):
    """A page of notices, by name, each in its newest version."""

    notices: list[NoticeShown]
    next: str | None


class NoticeVersions(Answer):
    """Every version of a notice, oldest first."""

    versions: list[NoticeShown]


@ROUTER.post(
    "/v1/notices",
    tags=["register"],
    summary="Publish a notice",
    status_code=201,
    response_model=PublishedAnswer,
    openapi_extra=KEYED,
)
async def publish_notice(request: Request, body: NoticeBody, caller: Dpo) -> Response:
    """Publish the next version; consents to an older one go stale if purpose, method or kinds changed (PIPL 14)."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        draft = msgspec.convert({**body.model_dump(mode="json"), "tenant": work.tenant}, NoticeDraft)
        done = await work.registrar.publish_notice(
            work.connection, draft, await work.catalog(), by=actor(caller, Role.DPO), now=work.now
        )
        registered = RegisteredAnswer.of(done.registered).model_dump()
        notice = done.notice
        return work.answer(PublishedAnswer(**registered, hash=notice.hash, material=notice.material), status=201)


@ROUTER.get("/v1/notices", tags=["register"], summary="List notices")
async def list_notices(request: Request, caller: Anybody, cursor: Cursor = None, limit: Limit = 50) -> Notices:
    """List the notices the caller sees."""
    async with service_of(request.app.state).database.reading() as tx:
        page = await listed(tx.connection, caller, Notice, after=cursor, limit=limit)
    return Notices(notices=[NoticeShown.of(notice) for notice in page.items], next=page.after)


@ROUTER.get("/v1/notices/{name}", tags=["register"], summary="Look up a notice")
async def get_notice(
    request: Request,
    name: Name,
    caller: Anybody,
    version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> NoticeShown:
    """Answer a notice as it is now, or as it was shown in an older version."""
    async with service_of(request.app.state).database.reading() as tx:
        versions = await find_versions(tx.connection, caller, Notice, name)
    for notice in versions if version is not None else versions[-1:]:
        if version in {None, notice.version}:
            return NoticeShown.of(notice)
    raise NoticeNotFoundError(name)


@ROUTER.get("/v1/notices/{name}/versions", tags=["register"], summary="List the versions of a notice")
async def list_notice_versions(request: Request, name: Name, caller: Anybody) -> NoticeVersions:
    """Answer every version of a notice, oldest first."""
    async with service_of(request.app.state).database.reading() as tx:
        versions = await find_versions(tx.connection, caller, Notice, name)
    return NoticeVersions(versions=[NoticeShown.of(notice) for notice in versions])
