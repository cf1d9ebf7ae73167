"""Classification of what a caller sends, and the columns under review.

Rules:
- what is sent to be classified is neither kept nor logged; the answer holds kinds, places and counts, never a value;
- a text that could not be scanned whole is answered as of the highest grade, or not at all, never as free of personal
  data;
- a steward or a DPO decides about columns; what lowers a grade takes two of them.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from api.access import Holds
from api.identity import Principal, Role
from api.problems import ProblemError
from api.routes.wire import KEYED, Answer, Cursor, Limit, Shown, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import actor
from api.usecases.catalogs import Authority
from api.usecases.classifying import classified_columns, classified_text
from api.usecases.columns import decide
from api.usecases.writing import writing
from catalog.classify.reviewing import Action, Classed, Review, ReviewedColumn, State
from catalog.classify.store_reviews import find_column, history_of, page_of
from catalog.classify.values.normal import MAX_TEXT

ROUTER = routes()
DECISIONS = (Action.CONFIRM, Action.OVERRIDE, Action.APPROVE, Action.REFUSE)
Reviewer = Annotated[Principal, Depends(Holds(Role.STEWARD, Role.DPO))]
Cell = int | float | bool | str | None
COLUMN = r"^col_[a-z2-7]{26}$"


def _is_decision(action: Action) -> Action:
    if action not in DECISIONS:
        raise ValueError
    return action


ColumnId = Annotated[str, Field(pattern=COLUMN)]
Decision = Annotated[Action, FROM_TEXT, AfterValidator(_is_decision)]


class ColumnBody(Body):
    """A column: its name, a comment where there is one, and a sample of its cells."""

    name: str = Field(max_length=200)
    comment: str = Field(default="", max_length=400)
    cells: Annotated[list[Cell], Field(max_length=10_000)]


class ClassifyBody(Body):
    """What to classify: a text, or columns of one table whose cells stand row by row."""

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    mask: bool = False
    columns: Annotated[list[ColumnBody], Field(min_length=1, max_length=200)] | None = None


class FindingShown(Answer):
    """A place of a text: from its `start`th character to before its `end`th."""

    kind: str
    zh: str
    en: str
    start: int
    end: int
    likelihood: str
    score: int
    grade: int
    reasons_zh: list[str]
    reasons_en: list[str]


class ColumnFound(Answer):
    """What a column is taken for; `known` is false where the grade is the highest for want of certainty."""

    name: str
    kind: str
    zh: str
    en: str
    personal: bool
    field: str | None
    likelihood: str
    basis: str
    known: bool
    protected: bool
    grade: int
    grades: list[dict[str, Any]]
    leaks: list[dict[str, Any]]
    evidence: dict[str, Any]


class ClassifyAnswer(Answer):
    """What was found: of a text its places, of columns their kinds; `grade` is of the whole."""

    grade: int
    complete: bool
    findings: list[FindingShown] | None
    masked: str | None
    columns: list[ColumnFound] | None
    rules: list[str] | None


class ClassedShown(Answer):
    """A kind and a grade."""

    kind: str
    grade: int


class ColumnShown(Answer):
    """A column under review; `grade` is the one it is handled by: the highest until someone confirms."""

    id: str
    source: str
    table: str
    column: str
    state: State
    grade: int
    found: ClassedShown
    known: bool
    confirmed: ClassedShown | None
    asked: ClassedShown | None
    version: int

    @classmethod
    def of(cls, column: ReviewedColumn) -> ColumnShown:
        """Show a column."""
        return cls(
            id=column.place.id,
            source=column.place.source,
            table=column.place.table,
            column=column.place.column,
            state=column.state,
            grade=column.grade,
            found=_classed(column.found),
            known=column.is_known,
            confirmed=None if column.confirmed is None else _classed(column.confirmed),
            asked=None if column.asked is None else _classed(column.asked),
            version=column.version,
        )


class EventShown(Answer):
    """One decision about a column."""

    version: int
    at: Shown
    action: Action
    by: str
    kind: str
    grade: int
    reason: str


class ColumnWhole(ColumnShown):
    """A column and its history, oldest first."""

    history: list[EventShown]


class ColumnsShown(Answer):
    """A page of columns under review."""

    columns: list[ColumnShown]
    next: str | None


class ReviewBody(Body):
    """A decision: confirm what was found, override it by another kind or grade, approve or refuse an asked lowering."""

    action: Decision
    reason: str = Field(min_length=4, max_length=400)
    version: int = Field(ge=1, le=2**31 - 1)
    kind: Annotated[str, Field(max_length=63)] | None = None
    grade: Annotated[int, Field(ge=1, le=5)] | None = None


@ROUTER.post("/v1/classify", tags=["catalogue"], summary="Classify a text or columns")
async def classify(request: Request, body: ClassifyBody, _caller: Reviewer) -> ClassifyAnswer:
    """Find and grade personal data in what was sent; nothing of it is kept."""
    service = service_of(request.app.state)
    if (body.text is None) == (body.columns is None):
        raise ProblemError("request/classify_one")
    if body.text is not None:
        return ClassifyAnswer.model_validate(await classified_text(service, body.text, mask=body.mask))
    columns = [column.model_dump() for column in body.columns or ()]
    return ClassifyAnswer.model_validate(await classified_columns(service, columns))


@ROUTER.get("/v1/catalogue/columns", tags=["catalogue"], summary="List columns under review")
async def list_columns(
    request: Request, caller: Reviewer, *, state: State | None = None, cursor: Cursor = None, limit: Limit = 50
) -> ColumnsShown:
    """List the tenant's columns that scans found."""
    async with service_of(request.app.state).database.reading() as tx:
        found = await page_of(tx.connection, caller.tenant, state=state, after=cursor or "", limit=limit + 1)
    shown = [ColumnShown.of(each) for each in found[:limit]]
    return ColumnsShown(columns=shown, next=shown[-1].id if len(found) > limit else None)


@ROUTER.get("/v1/catalogue/columns/{column}", tags=["catalogue"], summary="Look up a column under review")
async def get_column(request: Request, column: ColumnId, caller: Reviewer) -> ColumnWhole:
    """Answer a column with its history."""
    async with service_of(request.app.state).database.reading() as tx:
        found = await find_column(tx.connection, caller.tenant, column)
        history = await history_of(tx.connection, caller.tenant, column)
    events = [
        EventShown(
            version=each.event.version,
            at=each.at,
            action=each.event.action,
            by=each.event.by,
            kind=each.event.kind,
            grade=each.event.grade,
            reason=each.event.reason,
        )
        for each in history
    ]
    return ColumnWhole(**ColumnShown.of(found).model_dump(), history=events)


@ROUTER.post(
    "/v1/catalogue/columns/{column}/reviews",
    tags=["catalogue"],
    summary="Decide about a column",
    response_model=ColumnShown,
    openapi_extra=KEYED,
)
async def review(request: Request, column: ColumnId, body: ReviewBody, caller: Reviewer) -> Response:
    """Confirm, override, approve or refuse; what lowers a grade waits for a second person."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        by = actor(caller, Role.STEWARD, Role.DPO)
        wanted = Review(
            action=body.action, by=by.id, reason=body.reason, version=body.version, kind=body.kind, grade=body.grade
        )
        authority = Authority(by, work.now, work.service.keyring.mac, work.service.keyring.rows)
        after, _ = await decide(work.connection, work.tenant, column, wanted, authority)
        return work.answer(ColumnShown.of(after))


def _classed(classed: Classed) -> ClassedShown:
    return ClassedShown(kind=classed.kind, grade=classed.grade)
