"""The ledger: what happened, asked by auditors about their tenant and by data subjects about themselves.

Rules: see `api.usecases.asking`; pages follow by cursor; a question that names something in the wrong form is refused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import Holds
from api.identity import Principal, Role
from api.routes.wire import Answer, CursorText, EntryId, FeatureName, GrantId, Name, SubjectRef, When, routes
from api.service import service_of
from api.usecases.asking import PageAsked, ask, look_at
from lineage import FoundEntry, Kind, LedgerFilter, Outcome

ROUTER = routes()
Asker = Annotated[Principal, Depends(Holds(Role.AUDITOR, Role.SUBJECT))]


class Order(StrEnum):
    """Which entries come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Question(BaseModel):
    """What is asked; every part that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: SubjectRef | None = Field(None, description="Of auditors: about whom. A subject asks about themself.")
    client: Name | None = None
    purpose: Name | None = None
    field: Name | None = Field(None, description="Reads that asked for something derived from this field.")
    feature: FeatureName | None = None
    grant: GrantId | None = Field(None, description="What became of a grant, and every read that used it.")
    outcome: Outcome | None = None
    kind: Kind | None = None
    since: When | None = Field(None, alias="from", description="Not before.")
    until: When | None = Field(None, alias="to", description="Before.")
    order: Order = Order.NEWEST
    cursor: CursorText | None = Field(None, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)

    @property
    def asked(self) -> PageAsked:
        """The page that is asked for."""
        wanted = LedgerFilter(
            client=self.client,
            purpose=self.purpose,
            field=self.field,
            feature=self.feature,
            grant=self.grant,
            outcome=self.outcome,
            kind=self.kind,
            since=self.since,
            until=self.until,
            newest_first=self.order is Order.NEWEST,
        )
        return PageAsked(wanted, self.limit, self.cursor, self.subject)


class ActorShown(Answer):
    """Who acted."""

    role: str
    id: str


class EntryShown(Answer):
    """A ledger entry: its number, and its body as recorded; each kind has members of its own besides these."""

    model_config = ConfigDict(extra="allow")

    id: str
    v: int
    kind: Kind
    at: str
    tenant: str
    stream: str
    seq: int
    actor: ActorShown
    outcome: Outcome
    about: str | None
    client: str | None
    party: str | None
    purpose: str | None
    subject: str | None

    @classmethod
    def of(cls, found: FoundEntry) -> EntryShown:
        """Show an entry."""
        document: dict[str, Any] = found.document
        return cls.model_validate({**document, "id": str(found.id)})


class Entries(Answer):
    """A page of the ledger."""

    entries: list[EntryShown]
    next: str | None


@ROUTER.get("/v1/entries", tags=["ledger"], summary="Ask the ledger")
async def list_entries(request: Request, caller: Asker, question: Annotated[Question, Query()]) -> Entries:
    """Answer a question page by page; an auditor's question is itself recorded."""
    service = service_of(request.app.state)
    opened = service.database.transaction if caller.subject is None else service.database.reading
    async with opened() as tx:
        page = await ask(tx, caller, question.asked, mac=service.keyring.mac)
    return Entries(entries=[EntryShown.of(entry) for entry in page.entries], next=page.after)


@ROUTER.get("/v1/entries/{entry}", tags=["ledger"], summary="Look up a ledger entry")
async def get_entry(request: Request, entry: EntryId, caller: Asker) -> EntryShown:
    """Answer one entry; recorded when an auditor looks."""
    service = service_of(request.app.state)
    opened = service.database.transaction if caller.subject is None else service.database.reading
    async with opened() as tx:
        return EntryShown.of(await look_at(tx, caller, int(entry), mac=service.keyring.mac))
