"""Feature values in small batches; files go through ``yumen load``.

Rules: a steward brings values of one view; all rows are stored, sealed and on record, or none is.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.access import Steward
from api.identity import Role
from api.problems import ProblemError
from api.routes.wire import KEYED, Answer, Name, SubjectRef, When, routes
from api.strictroute import Body
from api.usecases.acting import actor
from api.usecases.observing import Row, observe
from api.usecases.writing import writing
from gate.loading import GuardPolicy, ValueWriter

ROUTER = routes()
Cell = int | float | bool | str | None


class RowBody(Body):
    """What was observed of one data subject; null says that there is no value."""

    subject: SubjectRef
    observed_at: When
    values: Annotated[dict[Name, Cell], Field(min_length=1, max_length=1000)]


class ValuesBody(Body):
    """Rows of one feature view."""

    view: Name
    rows: Annotated[list[RowBody], Field(min_length=1)]


class HeldBack(Answer):
    """A value that was not stored: an identifier of a person in a field not declared for it."""

    pointer: str
    kind: str


class ValuesAnswer(Answer):
    """What was stored, and the ledger entry that says so; no entry where everything was stored before.

    ``held_back`` names the values that were not stored where the deployment's guard is ``quarantine``.
    """

    view: str
    rows: int
    subjects: int
    segments: int
    entry: str | None
    held_back: list[HeldBack]


@ROUTER.post(
    "/v1/values",
    tags=["subjects"],
    summary="Store feature values",
    response_model=ValuesAnswer,
    openapi_extra=KEYED,
)
async def store(request: Request, body: ValuesBody, caller: Steward) -> Response:
    """Store what was observed of data subjects; older observations never replace newer ones."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        limit = work.service.settings.limits.subjects
        if len(body.rows) > limit:
            raise ProblemError("request/too_many_rows", limit=limit)
        view = (await work.catalog()).view(work.tenant, body.view)
        writer = ValueWriter(work.service.keyring, view, actor(caller, Role.STEWARD))
        guard = GuardPolicy(work.service.settings.classify.guard)
        rows = [Row(row.subject, row.observed_at, row.values) for row in body.rows]
        done, held = await observe(work.connection, writer, rows, now=work.now, guard=guard)
        return work.answer(
            ValuesAnswer(
                view=view.name,
                rows=done.observations,
                subjects=done.subjects,
                segments=done.segments,
                entry=None if done.entry is None else str(done.entry),
                held_back=[HeldBack(**each) for each in held],
            )
        )
