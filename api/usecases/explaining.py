"""What a score rests on, told to the person it is about or to an auditor (PIPL 24, 48).

Rules:
- features, their sources, the versions of model, policy and catalogue, the grants, the reasons the model gave, the
  decisions; names come from the register and the catalogue as they are now;
- the value stands there for the person only;
- the sentence says in both languages whether automation decided alone, and what the person may ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from api.usecases.telling import CHINA, FORMS, Teller
from catalog import Catalog
from consent import BilingualText
from lineage.graph import (
    DecisionOutcome,
    Effect,
    FeedingRead,
    KnownDecision,
    KnownScore,
    decisions_of,
    feeding_reads,
)

RIGHTS: Final = BilingualText(
    "您有权要求说明这一自动化决策，并有权拒绝仅通过自动化决策的方式作出的决定：可请求人工复核"
    "（《个人信息保护法》第二十四条）。您也可以查阅、复制、更正您的信息，并可随时撤回同意（第十五、四十五、四十六条）。",
    "You may ask for this automated decision to be explained, and may refuse a decision made by automation alone: ask"
    " for a review by a person (PIPL 24). You may also look into, copy and correct your data, and withdraw your consent"
    " at any time (PIPL 15, 45, 46).",
)
OUTCOMES: Final = {
    DecisionOutcome.APPROVE: BilingualText("同意", "approved"),
    DecisionOutcome.LIMIT: BilingualText("限额同意", "approved in part"),
    DecisionOutcome.REFER: BilingualText("转人工", "handed to a person"),
    DecisionOutcome.DECLINE: BilingualText("拒绝", "declined"),
}
EFFECTS: Final = {
    Effect.RAISES: BilingualText("提高了评分", "raised the score"),
    Effect.LOWERS: BilingualText("降低了评分", "lowered the score"),
    Effect.NEUTRAL: BilingualText("未明显影响评分", "did not move the score"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Explained:
    """A score with all it rests on, in words and parts."""

    score: KnownScore
    text: BilingualText
    names: dict[str, BilingualText]
    reads: tuple[FeedingRead, ...]
    decisions: tuple[KnownDecision, ...]
    sources: dict[str, dict[str, Any]]


def instant(at_us: int) -> datetime:
    """The instant of a column."""
    return _EPOCH + timedelta(microseconds=at_us)


class Explainer:
    """Explains the scores of one tenant."""

    def __init__(self, connection: AsyncConnection, tenant: str, catalog: Catalog, teller: Teller) -> None:
        self._connection = connection
        self._tenant = tenant
        self._catalog = catalog
        self._teller = teller

    async def explain(self, score: KnownScore) -> Explained:
        """Explain one score: what fed it, in one indexed question."""
        reads = await feeding_reads(self._connection, self._tenant, score.id)
        decisions = (await decisions_of(self._connection, self._tenant, [score.id])).get(score.id, [])
        names = await self._teller.names(client=score.client, party=score.party, purpose=score.purpose)
        features = sorted({use.feature for read in reads for use in read.features})
        text = BilingualText(
            self._zh(score, names, features, decisions),
            self._en(score, names, features, decisions),
        )
        sources = {name: self._source(name) for name in features}
        return Explained(score, text, names, tuple(reads), tuple(decisions), sources)

    def _source(self, name: str) -> dict[str, Any]:
        """Where a feature comes from: its view's handler and its fields."""
        feature = self._catalog.feature(self._tenant, name)
        if feature is None:
            return {"zh": name, "en": name, "handler": None, "fields": []}
        handler = next((v.handler for v in self._catalog.views_of(self._tenant) if v.name == feature.view), None)
        fields = [
            {"name": field.name, "zh": field.zh, "en": field.en, "grade": field.grade} for field in feature.inputs
        ]
        return {"zh": feature.zh, "en": feature.en, "handler": handler, "fields": fields}

    def _title(self, name: str, language: str) -> str:
        return str(self._source(name)[language])

    def _zh(
        self,
        score: KnownScore,
        names: dict[str, BilingualText],
        features: Sequence[str],
        decisions: Sequence[KnownDecision],
    ) -> str:
        who = f"{names['party'].zh}的{names['client'].zh}"
        alone = "仅由自动化方式得出" if score.automated else "有人工参与"
        text = (
            f"{instant(score.at_us).astimezone(CHINA):%Y年%m月%d日 %H:%M}（北京时间），{who}为“{names['purpose'].zh}”"
        )
        text += f"用模型 {score.model}（版本 {score.version}）为您评分，{alone}。"
        text += f"所依据的信息：{'、'.join(self._title(name, 'zh') for name in features)}。"
        if score.reasons:
            told = (f"{self._title(each.feature, 'zh')}{EFFECTS[each.effect].zh}" for each in score.reasons)
            text += f"主要因素：{'；'.join(told)}。"
        for made in decisions:
            alone = "仅由自动化方式作出" if made.automated else "有人工参与"
            text += f"决定：{OUTCOMES[made.outcome].zh}（{alone}）。"
        return text

    def _en(
        self,
        score: KnownScore,
        names: dict[str, BilingualText],
        features: Sequence[str],
        decisions: Sequence[KnownDecision],
    ) -> str:
        who = f"{names['client'].en} of {names['party'].en}"
        alone = "by automation alone" if score.automated else "with a person taking part"
        text = f"On {instant(score.at_us).astimezone(CHINA):%d %B %Y at %H:%M} (Beijing time) {who} scored you for"
        text += f" “{names['purpose'].en}” with the model {score.model}, version {score.version}, {alone}."
        text += f" It rests on: {', '.join(self._title(name, 'en') for name in features)}."
        if score.reasons:
            told = (f"{self._title(each.feature, 'en')} {EFFECTS[each.effect].en}" for each in score.reasons)
            text += f" What mattered most: {'; '.join(told)}."
        for made in decisions:
            alone = "by automation alone" if made.automated else "with a person taking part"
            text += f" Decision: {OUTCOMES[made.outcome].en} ({alone})."
        return text


def form_title(form: str) -> BilingualText:
    """A release form in words."""
    return BilingualText(*FORMS[form])
