"""Scores as they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.identity import Principal
from api.routes.wire import Answer, Shown, TextShown
from api.usecases.explaining import RIGHTS, Explained, instant
from api.usecases.tracing import SeenScore
from lineage.graph import DecisionOutcome, Effect


class ScoreNamed(Answer):
    """A score that was recorded, and the decision on it if there is one."""

    score: str
    decision: str | None


class ScoresAnswer(Answer):
    """What was recorded, in the order sent; ``entries`` are those of the scores, then those of the decisions."""

    scores: list[ScoreNamed]
    entries: list[str]


class ReviewAnswer(Answer):
    """The ledger entry of a request for a review."""

    score: str
    entry: str


class NamedShown(Answer):
    """Something registered, and its title."""

    name: str
    title: TextShown


class FieldShown(Answer):
    """A catalogue field."""

    name: str
    zh: str
    en: str
    grade: int


class UsedShown(Answer):
    """A feature that fed the score: the form it was given in, who holds it, the fields it derives from."""

    name: str
    title: TextShown
    form: str
    source: str | None
    fields: list[FieldShown]


class FedShown(Answer):
    """A read that fed the score."""

    entry: str
    at: str
    grants: list[str]
    policy: str
    catalog: str
    features: list[UsedShown]


class ReasonTold(Answer):
    """A feature that mattered."""

    feature: str
    title: TextShown
    effect: Effect


class DecisionShown(Answer):
    """A decision on the score."""

    decision: str
    outcome: DecisionOutcome
    automated: bool
    at: Shown
    entry: str


class ScoreShown(Answer):
    """A score and all it rests on. ``value`` is shown to the person only; null once their key is gone."""

    score: str
    subject: str
    at: Shown
    entry: str
    model: str
    version: str
    client: NamedShown
    party: NamedShown
    purpose: NamedShown
    product: str
    automated: bool
    value: int | float | str | None
    text: TextShown
    rights: TextShown
    reasons: list[ReasonTold]
    decisions: list[DecisionShown]
    reads: list[FedShown]


class ScorePage(Answer):
    """A page of scores, newest first."""

    scores: list[ScoreShown]
    next: str | None


def shown_scores(scores: Sequence[SeenScore], caller: Principal) -> list[ScoreShown]:
    """Show scores: a person sees the value and their own reference, an auditor neither."""
    return [_shown(seen.explained, seen.value, caller.subject or seen.explained.score.subject) for seen in scores]


def _shown(explained: Explained, value: object, subject: str) -> ScoreShown:
    score = explained.score
    named = {
        name: {"name": getattr(score, name), "title": explained.names[name]} for name in ("client", "party", "purpose")
    }
    document: dict[str, Any] = {
        "score": score.id,
        "subject": subject,
        "at": instant(score.at_us),
        "entry": str(score.entry),
        "model": score.model,
        "version": score.version,
        **named,
        "product": score.product,
        "automated": score.automated,
        "value": value,
        "text": explained.text,
        "rights": RIGHTS,
        "reasons": [
            {"feature": each.feature, "title": _title(explained, each.feature), "effect": each.effect}
            for each in score.reasons
        ],
        "decisions": [
            {
                "decision": made.id,
                "outcome": made.outcome,
                "automated": made.automated,
                "at": instant(made.at_us),
                "entry": str(made.entry),
            }
            for made in explained.decisions
        ],
        "reads": [_fed(explained, number) for number in range(len(explained.reads))],
    }
    return ScoreShown.model_validate(document)


def _fed(explained: Explained, number: int) -> dict[str, Any]:
    read = explained.reads[number]
    body: dict[str, Any] = read.entry.document
    return {
        "entry": str(read.entry.id),
        "at": body["at"],
        "grants": [grant["id"] for grant in body["grants"]],
        "policy": body["policy"],
        "catalog": body["catalog"],
        "features": [
            {
                "name": use.feature,
                "title": _title(explained, use.feature),
                "form": use.form,
                "source": explained.sources[use.feature]["handler"],
                "fields": explained.sources[use.feature]["fields"],
            }
            for use in read.features
        ],
    }


def _title(explained: Explained, feature: str) -> dict[str, str]:
    source = explained.sources.get(feature, {"zh": feature, "en": feature})
    return {"zh": source["zh"], "en": source["en"]}
