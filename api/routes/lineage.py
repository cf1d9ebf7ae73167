"""The lineage graph's questions: what a field reaches, what a grant was used for, what is to be deleted when it ends.

Rules: auditors and the data protection officer ask, and every question is on record; answers name people by pseudonym;
counts say up to which ledger entry they hold.

Law: PIPL 47, 54, 55; 征信业管理条例 22.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.access import Holds, Steward
from api.identity import Principal, Role
from api.routes.wire import Answer, GrantId, Name, Nothing, pattern, routes
from api.service import service_of
from api.usecases.catalogs import FieldNotFoundError
from api.usecases.graphing import remove_node, use_of_grant
from api.usecases.tracing import note_question
from lineage.graph import ToDelete, field_reach

ROUTER = routes()
Asker = Annotated[Principal, Depends(Holds(Role.AUDITOR, Role.DPO))]
ColumnId = Annotated[str, *pattern("^co_[a-z2-7]{26}$")]


class ClientShown(Answer):
    """A client and the purpose it got the field for."""

    client: str
    purpose: str


class ModelShown(Answer):
    """A model that was fed with the field."""

    model: str
    version: str


class RecipientShown(Answer):
    """A party, and how many distinct people's field it got."""

    party: str
    subjects: int


class ReachShown(Answer):
    """All that a field reaches. ``subjects`` counts each person once; counts hold up to the entry ``upto``."""

    field: str
    features: list[str]
    released: list[str]
    clients: list[ClientShown]
    models: list[ModelShown]
    recipients: list[RecipientShown]
    subjects: int
    upto: str


class ColumnShown(Answer):
    """A column of a dataset outside."""

    node: str
    label: str


class UseShown(Answer):
    """What one party received under a grant, and what it has to delete when the grant ends."""

    party: str
    fields: list[str]
    features: list[str]
    scores: list[str]
    columns: list[ColumnShown]

    @classmethod
    def of(cls, found: ToDelete) -> UseShown:
        """Show what a party received."""
        got = found.received
        columns = [ColumnShown(node=node, label=label) for node, label in found.columns]
        return cls(
            party=got.party,
            fields=list(got.fields),
            features=list(got.features),
            scores=list(got.scores),
            columns=columns,
        )


class GrantUse(Answer):
    """Everything a grant was used for; its entries are `GET /v1/entries?grant=`."""

    grant: str
    subject: str
    received: list[UseShown]


class RemovedShown(Answer):
    """A column that was removed; what derives from it keeps its grade."""

    node: str
    label: str
    entry: str


@ROUTER.get("/v1/lineage/fields/{name}", tags=["lineage"], summary="What a field reaches")
async def reach(request: Request, name: Name, caller: Asker) -> ReachShown:
    """Answer the features, clients, models and recipients a field reaches, and how many people's."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        catalog = await service.catalogs.current(tx.connection)
        found = await field_reach(tx.connection, caller.tenant, name)
        if name not in catalog.fields and not found.features:
            raise FieldNotFoundError(name)
        await note_question(tx, service, caller, question={"of": "field", "field": name}, found=found.subjects)
    return ReachShown(
        field=name,
        features=list(found.features),
        released=list(found.released),
        clients=[ClientShown(client=client, purpose=purpose) for client, purpose in found.clients],
        models=[ModelShown(model=model, version=version) for model, version in found.models],
        recipients=[RecipientShown(party=party, subjects=subjects) for party, subjects in found.recipients],
        subjects=found.subjects,
        upto=str(found.upto),
    )


@ROUTER.get("/v1/lineage/grants/{grant}", tags=["lineage"], summary="What a grant was used for")
async def use(request: Request, grant: GrantId, caller: Asker) -> GrantUse:
    """Answer who received what under a grant, which is what has to be deleted when it is withdrawn."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        subject, found = await use_of_grant(tx.connection, caller.tenant, grant)
        await note_question(tx, service, caller, question={"of": "grant", "grant": grant}, found=len(found))
    return GrantUse(grant=grant, subject=subject, received=[UseShown.of(each) for each in found])


@ROUTER.post("/v1/lineage/columns/{column}/remove", tags=["lineage"], summary="Remove a column from the graph")
async def remove(request: Request, column: ColumnId, caller: Steward, body: Nothing | None = None) -> RemovedShown:
    """Mark a column as gone. Nothing that derives from it is graded lower for it."""
    del body
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        label, entry = await remove_node(tx, service, caller, column)
    return RemovedShown(node=column, label=label, entry=str(entry))
