"""Preview: a candidate policy decides recorded facts; what would come out otherwise, for whom.

Rules:
- what was recorded is compared with what the candidate would decide; a feature that the service itself withheld is
  left out, since no policy decided it;
- each facts document is decided once, in parts, so that memory holds one part and the changes;
- a change is a widening if more would leave than left: a release where there was none, or a milder form;
- how many reads and subjects a change is about is counted by the database, over the window asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog import ReleaseForm
from gate.engines import Answer, EmbeddedEngine
from gate.engines.bundle import Bundle
from gate.replaying.recorded import Outcome, outcome
from gate.replaying.replayer import decide_all
from gate.store_facts import find_facts
from lineage import Weight, Window, shape_documents, weigh, weigh_changes

PART = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What would come out otherwise.

    Attributes:
        before, after: a form, or the reasons of a denial joined by commas after "withheld".
        widens: whether more would leave.
    """

    tenant: str
    purpose: str
    client: str
    feature: str
    before: str
    after: str
    widens: bool

    @property
    def name(self) -> str:
        """A digest that stands for the change while counting."""
        return sha256(msgspec.json.encode(self)).hexdigest()


@dataclass(frozen=True, slots=True)
class Counted:
    """A change and how many reads and subjects it is about."""

    change: Change
    reads: int
    subjects: int


@dataclass(slots=True)
class Preview:
    """What a candidate would change.

    Attributes:
        reads, situations: how many were looked at; ``skipped`` could not be: facts missing, or no whole answer.
        changed_reads, changed_subjects: of all changes together.
        changes: widenings first, then by weight.
    """

    policy: str
    reads: int = 0
    situations: int = 0
    skipped: int = 0
    changed_reads: int = 0
    changed_subjects: int = 0
    changes: list[Counted] = field(default_factory=list)

    @property
    def widenings(self) -> list[Counted]:
        """The changes by which more would leave."""
        return [each for each in self.changes if each.change.widens]


async def preview(
    connection: AsyncConnection, candidate: Bundle, window: Window, *, progress: Progress | None = None
) -> Preview:
    """Run a candidate over the reads of a window; call it in a snapshot.

    Shape: ``progress`` is told how many situations are done, of how many.
    """
    engine = EmbeddedEngine(candidate)
    try:
        return await _preview(connection, engine, candidate, window, progress)
    finally:
        await engine.close()


async def _preview(
    connection: AsyncConnection, engine: EmbeddedEngine, candidate: Bundle, window: Window, progress: Progress | None
) -> Preview:
    host = frozenset(code for code, reason in candidate.reasons.items() if reason.by == "host")
    weights = await weigh(connection, window)
    by_facts: dict[str, list[Weight]] = {}
    for weight in weights:
        by_facts.setdefault(weight.facts, []).append(weight)
    result = Preview(candidate.revision, sum(weight.reads for weight in weights), len(by_facts))
    pairs: dict[Change, set[tuple[str, str]]] = {}
    digests = sorted(by_facts)
    for start in range(0, len(digests), PART):
        part = digests[start : start + PART]
        answers = await _answers(connection, engine, part)
        shapes = await _shapes(connection, [weight for each in part for weight in by_facts[each]])
        result.skipped += sum(answers.get(each) is None for each in part)
        for each in part:
            answer = answers.get(each)
            for weight in by_facts[each] if answer is not None else ():
                for change in _changes(weight, shapes.get((weight.tenant, weight.shape), {}), answer, host):
                    pairs.setdefault(change, set()).add((weight.shape, weight.facts))
        if progress is not None:
            progress(min(start + PART, len(digests)), len(digests))
    await _count(connection, window, pairs, result)
    return result


async def _answers(
    connection: AsyncConnection, engine: EmbeddedEngine, digests: Sequence[str]
) -> dict[str, Answer | None]:
    kept = {name: facts for name, facts in (await find_facts(connection, digests)).items() if facts is not None}
    return dict(zip(kept, await decide_all(engine, list(kept.values())), strict=True))


async def _shapes(connection: AsyncConnection, weights: Sequence[Weight]) -> dict[tuple[str, str], dict[str, Outcome]]:
    wanted: dict[str, set[str]] = {}
    for weight in weights:
        wanted.setdefault(weight.tenant, set()).add(weight.shape)
    found: dict[tuple[str, str], dict[str, Outcome]] = {}
    for tenant, shapes in wanted.items():
        for shape, document in (await shape_documents(connection, tenant, sorted(shapes))).items():
            parts = msgspec.json.decode(document)["features"]
            found[tenant, shape] = {n: outcome(part.get("form") or part["denied"]) for n, part in parts.items()}
    return found


def _changes(weight: Weight, before: dict[str, Outcome], answer: Answer | None, host: frozenset[str]) -> list[Change]:
    found: list[Change] = []
    for name, recorded in before.items():
        decided = None if answer is None else answer.features.get(name)
        if decided is None or (isinstance(recorded, tuple) and not host.isdisjoint(recorded)):
            continue
        after: Outcome = tuple(decided.reasons) if decided.reasons else decided.form
        if after != recorded:
            widens = _mildness(after) > _mildness(recorded)
            scope = (weight.tenant, weight.purpose, weight.client, name)
            found.append(Change(*scope, _text(recorded), _text(after), widens))
    return found


async def _count(
    connection: AsyncConnection, window: Window, pairs: dict[Change, set[tuple[str, str]]], result: Preview
) -> None:
    changes = [(change.name, *pair) for change, found in pairs.items() for pair in sorted(found)]
    counted = await weigh_changes(connection, window, changes) if changes else {}
    every = sorted({("all", *pair) for found in pairs.values() for pair in found})
    total = (await weigh_changes(connection, window, every)).get("all", (0, 0)) if every else (0, 0)
    result.changed_reads, result.changed_subjects = total
    rows = [Counted(change, *counted.get(change.name, (0, 0))) for change in pairs]
    result.changes = sorted(rows, key=lambda row: (not row.change.widens, -row.reads, row.change))


def _mildness(found: Outcome) -> int:
    """0 for withheld, up to plain."""
    return 0 if isinstance(found, tuple) else list(ReleaseForm).index(ReleaseForm(found))


def _text(found: Outcome) -> str:
    return found if isinstance(found, str) else f"withheld ({', '.join(found)})"
