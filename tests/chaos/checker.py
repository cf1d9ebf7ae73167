"""Decides whether a history can be explained by one register per subject, and whether the ledger agrees with it.

A subject's consent is a register: giving sets it, withdrawing clears it, a read sees it. A history is linearizable if
every operation can be given one instant between its beginning and its end so that each read sees what the last write
before it left (Herlihy and Wing). Operations on different subjects do not constrain one another, so each subject is
decided alone. The search is Wing and Gong's with Lowe's memory of configurations already tried.

Rules:
- a write without an answer may have happened at any later instant, or never;
- a read without an answer says nothing;
- ``stale`` counts reads that released although a withdrawal had been answered before they began and nothing was given
  since: the plainest wrong, told apart from the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.history import Act, History, Operation


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the checker needs of an entry: its id, kind, subject and outcome."""

    id: int
    kind: str
    subject: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong; a run is right if everything is empty or zero."""

    stale: int
    not_linearizable: tuple[str, ...]
    lost: int
    doubled: int
    contradicted: int

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.stale or self.not_linearizable or self.lost or self.doubled or self.contradicted)


def judge(history: History, ledger: Sequence[LedgerEntry], pseudonyms: Mapping[str, str]) -> Verdict:
    """Judge a history against itself and against the ledger; ``pseudonyms`` names subjects as the ledger does."""
    by_subject = history.by_subject()
    return Verdict(
        stale=sum(map(count_stale, by_subject.values())),
        not_linearizable=tuple(who for who, found in sorted(by_subject.items()) if not is_linearizable(found)),
        **_compare(history, ledger, pseudonyms),
    )


def count_stale(operations: Sequence[Operation]) -> int:
    """Reads that released under a consent whose withdrawal had been answered before they began."""
    return sum(_is_stale(read, operations) for read in operations if read.released is True)


def _is_stale(read: Operation, operations: Sequence[Operation]) -> bool:
    """Whether some withdrawal was answered before the read began, and no consent can have taken effect after it."""
    gives = [each for each in operations if each.act is Act.give and each.began < read.ended]
    withdrawn = (each for each in operations if each.act is Act.withdraw and each.ended < read.began)
    return any(all(give.ended < withdrawal.began for give in gives) for withdrawal in withdrawn)


def is_linearizable(operations: Sequence[Operation]) -> bool:
    """Whether one register, empty at first, explains the operations of one subject."""
    told = [each for each in operations if each.answered or each.act is not Act.read]
    must = sum(1 << place for place, each in enumerate(told) if each.answered)
    tried: set[tuple[int, bool]] = set()
    open_ways: list[tuple[int, bool]] = [(0, False)]
    while open_ways:
        done, given = open_ways.pop()
        if done & must == must:
            return True
        if (done, given) in tried:
            continue
        tried.add((done, given))
        open_ways += _steps(told, done, given=given)
    return False


def _steps(told: Sequence[Operation], done: int, *, given: bool) -> list[tuple[int, bool]]:
    """The configurations one operation further: those may be next that began before every other open one ended."""
    first_end = min((each.ended for place, each in enumerate(told) if not done >> place & 1), default=0.0)
    found: list[tuple[int, bool]] = []
    for place, each in enumerate(told):
        if each.began > first_end:
            break
        if done >> place & 1:
            continue
        if each.act is Act.read:
            if each.released is given:
                return [(done | 1 << place, given)]  # a read that fits changes nothing: taking it now loses no way
            continue
        found.append((done | 1 << place, each.act is Act.give))
    return found


def _compare(history: History, ledger: Sequence[LedgerEntry], pseudonyms: Mapping[str, str]) -> dict[str, int]:
    """What was answered but is not in the ledger, is there twice, or says something else."""
    entries = {entry.id: entry for entry in ledger}
    named = Counter(entry for operation in history.operations for entry in operation.entries)
    lost = doubled = contradicted = 0
    for operation in history.operations:
        for number in operation.entries:
            entry = entries.get(number)
            lost += entry is None
            contradicted += entry is not None and not _agrees(operation, entry, pseudonyms)
    doubled += sum(count - 1 for count in named.values())
    doubled += sum(_too_many(found, ledger, pseudonyms[who]) for who, found in history.by_subject().items())
    return {"lost": lost, "doubled": doubled, "contradicted": contradicted}


def _agrees(operation: Operation, entry: LedgerEntry, pseudonyms: Mapping[str, str]) -> bool:
    if entry.subject != pseudonyms[operation.subject]:
        return False
    if operation.act is not Act.read:
        return entry.kind.startswith("consent.")
    return entry.kind == "read" and (entry.outcome == "released") is operation.released


def _too_many(operations: Sequence[Operation], ledger: Sequence[LedgerEntry], pseudonym: str) -> int:
    """How many more consents the ledger holds than were sent."""
    sent = sum(each.act is Act.give for each in operations)
    return max(0, sum(entry.kind == "consent.given" and entry.subject == pseudonym for entry in ledger) - sent)
