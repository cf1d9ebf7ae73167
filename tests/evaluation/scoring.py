"""Counting: recall, precision and F1 of labelled sets, without any model of what is right but the labels."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Hits, misses and false alarms by kind."""

    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    def recall(self, kind: str) -> float:
        return _share(self.hits[kind], self.misses[kind])

    def precision(self, kind: str) -> float:
        return _share(self.hits[kind], self.alarms[kind])

    def f1(self, kind: str) -> float:
        hits = 2 * self.hits[kind]
        return hits / (hits + self.misses[kind] + self.alarms[kind]) if hits else 0.0

    def kinds(self) -> list[str]:
        return sorted({*self.hits, *self.misses})

    def macro_f1(self) -> float:
        """The mean over the kinds that have labels."""
        kinds = self.kinds()
        return sum(map(self.f1, kinds)) / len(kinds)

    def below(self, goal: float, leave: Iterable[str] = ()) -> list[str]:
        """Kinds whose recall or precision misses a goal."""
        return [
            kind
            for kind in self.kinds()
            if kind not in set(leave) and min(self.recall(kind), self.precision(kind)) < goal
        ]

    def label(self, truth: str, said: str) -> None:
        """Count one label."""
        if truth == said:
            self.hits[truth] += 1
        else:
            self.misses[truth] += 1
            self.alarms[said] += 1


def _share(good: int, bad: int) -> float:
    return good / (good + bad) if good + bad else 1.0


def counted(tally: Tally) -> Mapping[str, tuple[int, int, int]]:
    """(hits, misses, false alarms) by kind."""
    return {kind: (tally.hits[kind], tally.misses[kind], tally.alarms[kind]) for kind in tally.kinds()}
