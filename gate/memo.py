"""A bounded memory of decisions.

Rules:
- a key is the digest of the call's facts and the subject's facts themselves, nothing else: a decision is a pure
  function of them and the policy revision, and a new revision starts with an empty memory;
- only whole, valid engine answers are remembered, never a failure;
- the oldest half goes when the memory is full: no request pays for more than one sweep.
"""

from __future__ import annotations

from gate.engines import Answer
from gate.facts import SubjectFacts

MemoKey = tuple[str, SubjectFacts]


class DecisionMemo:
    """Remembers up to ``capacity`` answers; a capacity of 0 remembers none."""

    def __init__(self, capacity: int = 65_536) -> None:
        self._capacity = capacity
        self._answers: dict[MemoKey, Answer] = {}
        self._revision = ""

    @property
    def remembers(self) -> bool:
        """Whether anything is remembered at all."""
        return self._capacity > 0

    def turn_to(self, revision: str) -> bool:
        """Forget everything if the policy is not the one the answers came from; says whether it did."""
        if revision == self._revision:
            return False
        self._answers.clear()
        self._revision = revision
        return True

    def get(self, key: MemoKey) -> Answer | None:
        """The remembered answer, or None."""
        return self._answers.get(key)

    def put(self, key: MemoKey, answer: Answer) -> None:
        """Remember an answer."""
        if self._capacity == 0:
            return
        if len(self._answers) >= self._capacity:
            for stale in list(self._answers)[: self._capacity // 2]:
                del self._answers[stale]
        self._answers[key] = answer

    def __len__(self) -> int:
        return len(self._answers)
