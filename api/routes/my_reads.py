"""``GET /v1/me/reads``: who read me, in plain words (PIPL 44, 45, 48; 征信业管理条例 22).

Rules: a data subject sees their own reads only, the refused ones as well, newest first.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request

from api.access import Subject
from api.routes.reasons import ReasonShown
from api.routes.wire import Answer, Cursor, Limit, TextShown, routes
from api.service import service_of
from api.usecases.asking import PageAsked, ask
from api.usecases.telling import Teller, ToldRead
from lineage import FoundEntry, Kind, LedgerFilter, Mode, Outcome

ROUTER = routes()


class NamedShown(Answer):
    """Something registered, and its title."""

    name: str | None
    title: TextShown


class ToldShown(Answer):
    """One feature: the form it was given in, or why it was refused."""

    name: str
    title: TextShown
    form: str | None
    reasons: list[str]


class ReadShown(Answer):
    """One read: the sentence in both languages, and its parts."""

    entry: str
    at: str
    zh: str
    en: str
    outcome: Outcome
    mode: Mode
    client: NamedShown
    party: NamedShown
    purpose: NamedShown
    product: str
    basis: str | None
    grants: list[str]
    features: list[ToldShown]
    unknown_features: int

    @classmethod
    def of(cls, found: FoundEntry, told: ToldRead) -> ReadShown:
        """Show a read."""
        body: dict[str, Any] = found.document
        return cls(
            entry=str(found.id),
            at=body["at"],
            zh=told.text.zh,
            en=told.text.en,
            outcome=Outcome(body["outcome"]),
            mode=Mode(body["mode"]),
            client=_named(body["client"], told.client),
            party=_named(body["party"], told.party),
            purpose=_named(body["purpose"], told.purpose),
            product=body["product"],
            basis=body["basis"],
            grants=[grant["id"] for grant in body["grants"]],
            features=[ToldShown.model_validate(feature) for feature in told.features],
            unknown_features=body["unknown_features"],
        )


class MyReads(Answer):
    """A page of the caller's reads, newest first; ``reasons`` explains the codes that occur."""

    reads: list[ReadShown]
    reasons: dict[str, ReasonShown]
    next: str | None


@ROUTER.get("/v1/me/reads", tags=["ledger"], summary="Who read me")
async def my_reads(request: Request, caller: Subject, cursor: Cursor = None, limit: Limit = 50) -> MyReads:
    """Tell who asked for the caller's data, when, for what, and what they were given."""
    service = service_of(request.app.state)
    async with service.database.reading() as tx:
        asked = PageAsked(LedgerFilter(kind=Kind.READ), limit, cursor)
        page = await ask(tx, caller, asked, mac=service.keyring.mac)
        catalog = await service.catalogs.current(tx.connection)
        teller = Teller(tx.connection, caller.tenant, catalog, service.reasons)
        reads = [ReadShown.of(entry, await teller.tell(entry.document)) for entry in page.entries]
    codes = sorted({code for read in reads for feature in read.features for code in feature.reasons})
    reasons = {code: ReasonShown.model_validate(service.reasons[code]) for code in codes if code in service.reasons}
    return MyReads(reads=reads, reasons=reasons, next=page.after)


def _named(name: str | None, title: object) -> NamedShown:
    return NamedShown(name=name, title=TextShown.model_validate(title))
