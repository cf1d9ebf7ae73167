"""Histories of operations, and the check that reads saw consent as it was.

The order of consent changes of a subject is known (their consent versions), so a read is right exactly if some state it
may have seen explains its answer: one that was begun before the read ended and not yet replaced when the read began.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Change:
    """A consent change: answered with its version; ``gives`` says what holds after it."""

    subject: str
    version: int
    gives: bool
    began: float
    ended: float


@dataclass(frozen=True)
class Look:
    """A read, and whether it released."""

    subject: str
    released: bool
    began: float
    ended: float


@dataclass
class History:
    changes: list[Change] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    contended: int = 0

    def wrong_looks(self) -> list[Look]:
        """The reads that no state they may have seen explains."""
        by_subject: dict[str, list[Change]] = {}
        for change in sorted(self.changes, key=lambda each: each.version):
            by_subject.setdefault(change.subject, []).append(change)
        return [look for look in self.looks if look.released not in possible(look, by_subject.get(look.subject, []))]


def possible(look: Look, changes: Sequence[Change]) -> set[bool]:
    """What a read may have answered: before any change nothing is given."""
    states: set[bool] = set()
    for place in range(-1, len(changes)):
        begun = place < 0 or changes[place].began <= look.ended
        replaced = place + 1 < len(changes) and changes[place + 1].ended < look.began
        if begun and not replaced:
            states.add(place >= 0 and changes[place].gives)
    return states


async def timed(work: Awaitable[Result]) -> tuple[Result, float, float]:
    """A result with the instants before and after."""
    began = time.perf_counter()
    result = await work
    return result, began, time.perf_counter()
