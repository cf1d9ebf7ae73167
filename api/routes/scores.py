"""Scores and credit decisions: reported by scoring services, explained to people, traced by auditors.

Rules:
- a client reports up to a thousand scores at once, each with the ledger entries of the reads it rests on; all are
  recorded or none is;
- values are sealed: no answer but the person's own shows one;
- a person sees their own scores with an explanation, and may ask for a review by a person; somebody else's count
  as absent;
- an auditor sees a tenant's scores by pseudonym, without values, and every question is on record.

Law: PIPL 24, 45, 48.
"""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import Depends, Query, Request
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from api.access import Holds, Scorer, Subject
from api.identity import Principal, Role
from api.problems import ProblemError
from api.problems.faults import place
from api.problems.validation import SHOWN_ERRORS
from api.routes.scores_shown import ReviewAnswer, ScorePage, ScoresAnswer, ScoreShown, shown_scores
from api.routes.wire import KEYED, CursorText, EntryId, FeatureName, Name, Nothing, SubjectRef, pattern, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.scoring import DecisionAsked, ScoreAsked, report_decisions, report_scores
from api.usecases.tracing import ScoresAsked, ask_review, find_visible, list_visible
from api.usecases.writing import writing
from lineage.errors import ReadUnusableError
from lineage.graph import MAX_READS, MAX_REASONS, Batch, DecisionOutcome, Effect, Reported, ScoreReason

ROUTER = routes()
Watcher = Annotated[Principal, Depends(Holds(Role.AUDITOR, Role.SUBJECT))]
ScoreId = Annotated[str, *pattern("^sc_[a-z2-7]{26}$")]
Version = Annotated[str, *pattern("^(?!.*[0-9]{5})[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class ReasonBody(Body):
    """A feature that mattered; the most important stands first."""

    feature: FeatureName
    effect: Annotated[Effect, FROM_TEXT]


class DecisionBody(Body):
    """What was decided, and whether without any person (PIPL 24)."""

    decision: Annotated[DecisionOutcome, FROM_TEXT]
    automated: bool

    @property
    def asked(self) -> DecisionAsked:
        """The decision that is reported."""
        return DecisionAsked(self.decision, self.automated)


class ScoreBody(Body):
    """One score and what it rests on."""

    subject: SubjectRef
    model: Name
    version: Version
    purpose: Name
    product: Name
    automated: bool
    value: int | float | Text
    reads: Annotated[list[EntryId], Field(min_length=1, max_length=MAX_READS)]
    reasons: Annotated[list[ReasonBody], Field(default_factory=list, max_length=MAX_REASONS)]
    decision: DecisionBody | None = None

    @model_validator(mode="after")
    def _reads_are_named_once(self) -> Self:
        if len(set(self.reads)) != len(self.reads):
            raise PydanticCustomError("repeated", "must not be repeated")
        return self

    @property
    def asked(self) -> ScoreAsked:
        """The score that is reported."""
        return ScoreAsked(
            subject=self.subject,
            model=self.model,
            version=self.version,
            purpose=self.purpose,
            product=self.product,
            automated=self.automated,
            reads=tuple(int(entry) for entry in self.reads),
            reasons=tuple(ScoreReason(reason.feature, reason.effect) for reason in self.reasons),
            value=self.value,
            decision=None if self.decision is None else self.decision.asked,
        )


class ScoresBody(Body):
    """A batch of scores."""

    scores: Annotated[list[ScoreBody], Field(min_length=1)]


class LaterBody(DecisionBody):
    """A decision on a score that was reported before."""

    score: ScoreId


class DecisionsBody(Body):
    """A batch of decisions, at most one for each score."""

    decisions: Annotated[list[LaterBody], Field(min_length=1)]

    @model_validator(mode="after")
    def _scores_are_named_once(self) -> Self:
        if len({each.score for each in self.decisions}) != len(self.decisions):
            raise PydanticCustomError("repeated", "must not be repeated")
        return self


@ROUTER.post(
    "/v1/scores",
    tags=["lineage"],
    summary="Report scores",
    status_code=201,
    response_model=ScoresAnswer,
    openapi_extra=KEYED,
)
async def report(request: Request, body: ScoresBody, caller: Scorer) -> Response:
    """Record scores, the reads they rest on, and the decisions made at once."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        _check_size(request, len(body.scores))
        try:
            batch, done = await report_scores(work, [score.asked for score in body.scores])
        except ReadUnusableError as error:
            places = [place(f"/scores/{score}/reads/{read}", "read_unusable") for score, read in error.places]
            raise ProblemError("lineage/read_unusable", errors=places[:SHOWN_ERRORS]) from None
        return work.answer(_answered(batch, done), status=201)


@ROUTER.post(
    "/v1/decisions",
    tags=["lineage"],
    summary="Report credit decisions",
    status_code=201,
    response_model=ScoresAnswer,
    openapi_extra=KEYED,
)
async def decide(request: Request, body: DecisionsBody, caller: Scorer) -> Response:
    """Record decisions on scores that were reported before."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        _check_size(request, len(body.decisions))
        batch, done = await report_decisions(work, {each.score: each.asked for each in body.decisions})
        return work.answer(_answered(batch, done), status=201)


@ROUTER.get("/v1/scores", tags=["lineage"], summary="List scores")
async def list_all(  # noqa: PLR0913, PLR0917  parts of a query
    request: Request,
    caller: Watcher,
    subject: SubjectRef | None = None,
    model: Name | None = None,
    client: Name | None = None,
    cursor: CursorText | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ScorePage:
    """A subject's own scores, or for an auditor those of a `subject`, a `model` or a `client`; newest first."""
    service = service_of(request.app.state)
    asked = ScoresAsked(subject, model, client, cursor, limit)
    async with service.database.transaction() as tx:
        page = await list_visible(tx, service, caller, asked)
    return ScorePage(scores=shown_scores(page.scores, caller), next=page.after)


@ROUTER.get("/v1/scores/{score}", tags=["lineage"], summary="What fed a score")
async def get(request: Request, score: ScoreId, caller: Watcher) -> ScoreShown:
    """Explain a score: reads, features, fields, grants, versions, reasons, decisions."""
    service = service_of(request.app.state)
    async with service.database.transaction() as tx:
        page = await find_visible(tx, service, caller, score)
    return shown_scores(page.scores, caller)[0]


@ROUTER.post(
    "/v1/scores/{score}/review",
    tags=["lineage"],
    summary="Ask for a review by a person",
    status_code=201,
    response_model=ReviewAnswer,
    openapi_extra=KEYED,
)
async def review(request: Request, score: ScoreId, caller: Subject, body: Nothing | None = None) -> Response:
    """Refuse a decision by automation alone (PIPL 24(3)); the request is on record."""
    del body
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        entry = await ask_review(work, score)
        return work.answer(ReviewAnswer(score=score, entry=str(entry)), status=201)


def _check_size(request: Request, count: int) -> None:
    limit = service_of(request.app.state).settings.limits.subjects
    if count > limit:
        raise ProblemError("request/too_many_rows", limit=limit)


def _answered(batch: Batch, done: Reported) -> ScoresAnswer:
    decided = {decision.score: decision.id for decision in batch.decisions}
    scores = [score.id for score in batch.scores] or [decision.score for decision in batch.decisions]
    return ScoresAnswer.model_validate(
        {
            "scores": [{"score": score, "decision": decided.get(score)} for score in scores],
            "entries": [str(entry) for entry in (*done.scores, *done.decisions)],
        }
    )
