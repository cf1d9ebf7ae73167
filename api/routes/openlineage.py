"""OpenLineage's own path: pipelines tell what derives from what (docs/formats/openlineage.md).

Rules: a steward's or operator's token is the API key; an event only adds to the graph, and what it adds is on record.

Standard: OpenLineage 1.x.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from api.access import Holds
from api.identity import Principal, Role
from api.routes.wire import Answer, routes
from api.service import service_of
from api.strictroute import Body, Instant
from api.usecases.graphing import take_event

ROUTER = routes()
Teller = Annotated[Principal, Depends(Holds(Role.STEWARD, Role.OPERATOR))]


class EventBody(Body):
    """A RunEvent, JobEvent or DatasetEvent; what stands inside is checked by the reader of events."""

    eventTime: Instant  # noqa: N815  OpenLineage's own name
    producer: str
    schemaURL: str  # noqa: N815  OpenLineage's own name
    eventType: str | None = None  # noqa: N815  OpenLineage's own name
    run: dict[str, Any] | None = None
    job: dict[str, Any] | None = None
    dataset: dict[str, Any] | None = None
    inputs: list[dict[str, Any]] | None = None
    outputs: list[dict[str, Any]] | None = None


class TakenAnswer(Answer):
    """What an event told, how much of it was new, and the ledger entry of that."""

    columns: int
    edges: int
    new_columns: int
    new_edges: int
    entry: str | None


@ROUTER.post("/api/v1/lineage", tags=["lineage"], summary="Take an OpenLineage event", status_code=201)
async def take(request: Request, body: EventBody, caller: Teller) -> TakenAnswer:
    """Add the columns and edges an event tells of."""
    event = body.model_dump(exclude_none=True)
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        taken = await take_event(tx, service, caller, event)
    return TakenAnswer(
        columns=taken.columns,
        edges=taken.edges,
        new_columns=taken.saved.nodes,
        new_edges=taken.saved.edges,
        entry=None if taken.entry is None else str(taken.entry),
    )
