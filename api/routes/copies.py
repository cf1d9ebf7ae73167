"""``POST /v1/me/copies``: everything held about the caller, as one document (PIPL 45; GB/T 35273-2020 8.1, 8.6).

Rules: for the data subject alone, and with a second factor, since it holds identifiers and values in clear; every copy
is on record before it is answered, and takes no Idempotency-Key.
"""

from __future__ import annotations

from fastapi import Request

from api.access import SecondFactor, Subject
from api.routes.granted import GrantShown
from api.routes.wire import Answer, Shown, TextShown, routes
from api.service import service_of
from api.strictroute import Body
from api.usecases.acting import whom
from api.usecases.copying import Copy, copy_for
from catalog import Catalog
from vault import refresh_key_ring

ROUTER = routes()
FORMAT = "yumen-copy-v1"


class CopyBody(Body):
    """Nothing to choose: a copy is of everything."""


class FieldShown(Answer):
    """An identifier: the catalogued field, its title, and the value in clear."""

    field: str
    title: TextShown
    value: str


class ValueShown(Answer):
    """A stored value: the feature, its title, the fields it is made of, when it was observed."""

    feature: str
    title: TextShown
    fields: list[str]
    observed_at: Shown
    value: int | float | bool | str


class ReceivedShown(Answer):
    """What a party received, and the scores it made of it."""

    party: str
    fields: list[str]
    features: list[str]
    scores: list[str]


class CopyShown(Answer):
    """The copy. ``unreadable`` names what is stored and could not be opened; ``entry`` is the record of the copy."""

    format: str = FORMAT
    made_at: Shown
    entry: str
    subject: str
    identifiers: list[FieldShown]
    values: list[ValueShown]
    unreadable: list[str]
    grants: list[GrantShown]
    received: list[ReceivedShown]


@ROUTER.post("/v1/me/copies", tags=["subjects"], summary="A copy of everything held about me")
async def make(request: Request, caller: Subject, _factor: SecondFactor, _body: CopyBody | None = None) -> CopyShown:
    """Answer the caller's own data in clear, their grants, and what each party received; in the ledger first."""
    service, who = service_of(request.app.state), whom(caller, None)
    async with service.database.transaction() as tx:
        await refresh_key_ring(tx.connection, service.keyring)
        catalog = await service.catalogs.current(tx.connection)
        copy = await copy_for(tx.connection, service.keyring, catalog, who=who, now=tx.now)
        grants = [GrantShown.of(grant, tx.now, caller) for grant in copy.grants]
    return _shown(copy, catalog, who.ref, grants)


def _shown(copy: Copy, catalog: Catalog, ref: str, grants: list[GrantShown]) -> CopyShown:
    return CopyShown(
        made_at=copy.made,
        entry=str(copy.entry),
        subject=ref,
        identifiers=[
            FieldShown(field=each.name, title=_title(catalog, each.name), value=each.value)
            for each in copy.data.identifiers
        ],
        values=[
            ValueShown(
                feature=each.feature.full_name,
                title=TextShown(zh=each.feature.zh, en=each.feature.en),
                fields=sorted(each.feature.fields),
                observed_at=each.observed,
                value=each.value,
            )
            for each in copy.data.values
        ],
        unreadable=list(copy.data.unreadable),
        grants=grants,
        received=[
            ReceivedShown(
                party=each.party, fields=list(each.fields), features=list(each.features), scores=list(each.scores)
            )
            for each in copy.received
        ],
    )


def _title(catalog: Catalog, name: str) -> TextShown:
    field = catalog.field(name)
    return TextShown(zh=field.zh, en=field.en)
