"""What clients saw: every operation with the instants it began and ended, and how it came out.

Instants are seconds of the monotonic clock of the driver's process, which all clients share.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf


class Act(StrEnum):
    """What a client did."""

    give = "give"
    withdraw = "withdraw"
    read = "read"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one subject.

    Attributes:
        began: when it was first sent.
        ended: when its answer came; infinite if none ever did (a write may still take effect at any time).
        released: for an answered read, whether values were released; None otherwise.
        entries: the ledger entries its answer named.
        tries: how often it was sent (a write is sent again under its Idempotency-Key).
    """

    act: Act
    subject: str
    began: float
    ended: float = inf
    released: bool | None = None
    entries: tuple[int, ...] = ()
    tries: int = 1

    @property
    def answered(self) -> bool:
        """Whether an answer came."""
        return self.ended != inf


@dataclass(frozen=True, slots=True)
class Request:
    """One request to withdraw, good or refused, and the replica it went to."""

    replica: int
    began: float
    ended: float


@dataclass
class History:
    """All operations of a run, how requests failed on the way, and the single requests to withdraw."""

    operations: list[Operation] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)

    def by_subject(self) -> dict[str, list[Operation]]:
        """The operations of each subject, in the order they began."""
        found: dict[str, list[Operation]] = {}
        for operation in sorted(self.operations, key=lambda each: each.began):
            found.setdefault(operation.subject, []).append(operation)
        return found
