"""Step 4: each distinct situation is decided once, in one engine call for the whole group.

Rules:
- a memo answers what was decided before under the same policy revision;
- what the engine does not answer in time, in form and in full is denied with POLICY_UNAVAILABLE and never remembered;
- what it cannot answer together is asked again call by call, so that one call's facts deny no other call;
- rulings are kept as long as their call: a new configuration makes new calls, and so new rulings.
"""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

from gate.engines import Answer, EngineError, PolicyEngine
from gate.facts import Call, SubjectFacts
from gate.memo import DecisionMemo
from gate.ruling import Ruling, refusal, ruling_of

POLICY_UNAVAILABLE = "POLICY_UNAVAILABLE"
RULINGS_KEPT = 65_536
GRACE_S = 0.25

Situation = tuple[Call, SubjectFacts]


class Decider:
    """Turns situations into rulings."""

    def __init__(self, engine: PolicyEngine, memo: DecisionMemo, *, deadline_s: float) -> None:
        self._engine = engine
        self._memo = memo
        self._deadline_s = deadline_s
        self._rulings: dict[Situation, Ruling] = {}

    @property
    def revision(self) -> str:
        """The revision of the policy that decides."""
        return self._engine.revision

    async def rule(self, situations: Iterable[Situation]) -> Mapping[Situation, Ruling]:
        """Give a ruling for every situation; each distinct one is decided at most once."""
        if self._memo.turn_to(self._engine.revision) or len(self._rulings) > RULINGS_KEPT:
            self.forget()
        rulings = self._rulings if self._memo.remembers else {}
        questions: dict[Situation, None] = {}
        failed: dict[Situation, Ruling] = {}
        for situation in situations:
            if situation not in rulings:
                questions[situation] = None
        unanswered = [question for question in questions if not self._recall(question, rulings)]
        if unanswered:
            failed = await self._ask(unanswered, rulings)
        return ChainMap(failed, rulings) if failed else rulings

    def forget(self) -> None:
        """Drop rulings of calls that a new configuration replaced; decisions stay remembered by their facts."""
        self._rulings = {}

    def _recall(self, question: Situation, rulings: dict[Situation, Ruling]) -> bool:
        call, facts = question
        answer = self._memo.get((call.digest, facts))
        if answer is not None:
            rulings[question] = ruling_of(call, facts, answer)
        return answer is not None

    async def _ask(self, questions: Sequence[Situation], rulings: dict[Situation, Ruling]) -> dict[Situation, Ruling]:
        """Ask the engine once; returns the refusals of what it did not answer, which are not to be remembered."""
        failed: dict[Situation, Ruling] = {}
        for question, answer in zip(questions, await self._answers(questions), strict=True):
            call, facts = question
            if answer is None:
                failed[question] = refusal(call, facts, POLICY_UNAVAILABLE)
                continue
            self._memo.put((call.digest, facts), answer)
            rulings[question] = ruling_of(call, facts, answer)
        return failed

    async def _answers(self, questions: Sequence[Situation]) -> Sequence[Answer | None]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline_s
        answers = await self._ask_engine(questions, self._deadline_s)
        if answers is not None:
            return answers
        by_call: dict[Call, list[int]] = {}
        for index, (call, _) in enumerate(questions):
            by_call.setdefault(call, []).append(index)
        found: list[Answer | None] = [None] * len(questions)
        for places in by_call.values() if len(by_call) > 1 else ():
            left_s = end - loop.time()
            answers = await self._ask_engine([questions[place] for place in places], left_s) if left_s > 0 else None
            for place, answer in zip(places, answers or (), strict=False):
                found[place] = answer
        return found

    async def _ask_engine(self, questions: Sequence[Situation], deadline_s: float) -> list[Answer | None] | None:
        """Ask once; None if there is no answer to use."""
        calls = list(dict.fromkeys(call for call, _ in questions))
        place = {call: index for index, call in enumerate(calls)}
        requests = [{"call": place[call], "subject": facts.document()} for call, facts in questions]
        try:
            async with asyncio.timeout(deadline_s + GRACE_S):  # the deadline is the engine's to keep; this one is ours
                answers = await self._engine.decide([c.document for c in calls], requests, deadline_s=deadline_s)
        except (EngineError, TimeoutError):
            return None
        return answers if len(answers) == len(questions) else None
