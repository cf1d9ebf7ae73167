"""Replay: a recorded decision is made again from its facts, by the policy of its time, and must come out the same.

Rules:
- facts and policies are checked against their digests before they are used; what is missing or was exchanged is
  flagged, never guessed;
- each distinct situation is decided once, however many entries it has;
- what the service itself withheld (a key that was gone, an engine that was down, a tampered row) is not the policy's
  doing: such a feature is shown as withheld by the service, and no release may stand against it;
- policies run in the embedded engine, whichever engine decided then: both run the same revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gate.engines import Answer, EmbeddedEngine
from gate.engines.bundle import bundle_of
from gate.errors import BundleError
from gate.replaying.kept import InDatabase, Kept
from gate.replaying.recorded import Outcome, RecordedRead, outcome
from gate.store_facts import Situation

DEADLINE_S = 30.0
SITUATIONS_KEPT = 65_536
ENGINES_KEPT = 4


class Verdict(StrEnum):
    """How a replay ended; wire names are append-only."""

    SAME = "same"
    DIFFERENT = "different"
    NO_FACTS = "no_facts"
    FACTS_MISSING = "facts_missing"
    FACTS_TAMPERED = "facts_tampered"
    POLICY_MISSING = "policy_missing"
    POLICY_TAMPERED = "policy_tampered"
    CATALOG_MISSING = "catalog_missing"
    SHAPE_DIFFERS = "shape_differs"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ReplayedFeature:
    """One feature then and now.

    Attributes:
        before, after: a form, or the reasons of a denial; ``after`` is None where nothing could be decided.
        by_host: whether the service itself withheld it then.
    """

    name: str
    before: Outcome
    after: Outcome | None
    by_host: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the recorded outcome stands."""
        return self.by_host or self.before == self.after


@dataclass(frozen=True, slots=True)
class Replayed:
    """A read, decided again."""

    read: RecordedRead
    verdict: Verdict
    features: tuple[ReplayedFeature, ...]


Found = Answer | Verdict


class Replayer:
    """Decides recorded reads again; keeps engines and answers between calls.

    Attributes:
        needs_shapes: whether a shape that is not kept is a fault of its own.
    """

    def __init__(self, *, needs_shapes: bool = True) -> None:
        self._needs_shapes = needs_shapes
        self._engines: dict[str, EmbeddedEngine] = {}
        self._host_codes: dict[str, frozenset[str]] = {}
        self._answers: dict[tuple[str, str], Found] = {}
        self._shapes: dict[tuple[str, str], Mapping[str, Outcome] | None] = {}
        self._catalogs: frozenset[str] = frozenset()

    async def replay(self, connection: AsyncConnection, reads: Sequence[RecordedRead]) -> list[Replayed]:
        """Decide reads again, in order, from what the database keeps."""
        return await self.replay_from(InDatabase(connection), reads)

    async def replay_from(self, kept: Kept, reads: Sequence[RecordedRead]) -> list[Replayed]:
        """Decide reads again, in order; every distinct situation once, those of one policy in one batch."""
        if len(self._answers) > SITUATIONS_KEPT:
            self._answers.clear()
            self._shapes.clear()
        await self._load_shapes(kept, reads)
        if not {read.catalog for read in reads} <= self._catalogs:
            self._catalogs = await kept.catalogs()
        for policy in dict.fromkeys(read.policy for read in reads):
            wanted = {read.facts for read in reads if read.policy == policy and read.facts is not None}
            await self._decide(kept, policy, [each for each in wanted if (policy, each) not in self._answers])
        done: dict[tuple[object, ...], tuple[Verdict, tuple[ReplayedFeature, ...]]] = {}
        found: list[Replayed] = []
        for read in reads:
            key = read.situation
            if key not in done:
                done[key] = self._judge(read)
            found.append(Replayed(read, *done[key]))
        return found

    async def close(self) -> None:
        """Let go of the engines."""
        for engine in self._engines.values():
            await engine.close()
        self._engines.clear()

    async def _load_shapes(self, kept: Kept, reads: Iterable[RecordedRead]) -> None:
        missing: dict[str, set[str]] = {}
        for read in reads:
            if (read.tenant, read.shape) not in self._shapes:
                missing.setdefault(read.tenant, set()).add(read.shape)
        for tenant, shapes in missing.items():
            documents = await kept.shapes(tenant, sorted(shapes))
            for shape in shapes:
                self._shapes[tenant, shape] = _features(documents[shape]) if shape in documents else None

    async def _decide(self, kept: Kept, policy: str, wanted: Sequence[str]) -> None:
        if not wanted:
            return
        engine = await self._engine(kept, policy)
        if isinstance(engine, Verdict):
            self._answers.update({(policy, each): engine for each in wanted})
            return
        found = await kept.facts(wanted)
        sound = {name: facts for name, facts in found.items() if facts is not None}
        for each in wanted:
            if each not in sound:
                self._answers[policy, each] = Verdict.FACTS_TAMPERED if each in found else Verdict.FACTS_MISSING
        answers = await decide_all(engine, list(sound.values()))
        for name, answer in zip(sound, answers, strict=True):
            self._answers[policy, name] = Verdict.UNDECIDED if answer is None else answer

    async def _engine(self, kept: Kept, policy: str) -> EmbeddedEngine | Verdict:
        held = self._engines.get(policy)
        if held is not None:
            return held
        found = await kept.policy(policy)
        if found is None:
            return Verdict.POLICY_MISSING
        try:
            bundle = bundle_of(found.module, found.data, found.revision)
            engine = EmbeddedEngine(bundle)
        except BundleError:
            return Verdict.POLICY_TAMPERED
        if len(self._engines) >= ENGINES_KEPT:
            await self._engines.pop(next(iter(self._engines))).close()
        self._engines[policy] = engine
        self._host_codes[policy] = frozenset(code for code, reason in bundle.reasons.items() if reason.by == "host")
        return engine

    def _judge(self, read: RecordedRead) -> tuple[Verdict, tuple[ReplayedFeature, ...]]:
        found = Verdict.NO_FACTS if read.facts is None else self._answers[read.policy, read.facts]
        if isinstance(found, Verdict):
            host = self._host_codes.get(read.policy, frozenset())
            features = tuple(_feature(name, before, None, host) for name, before in sorted(read.features.items()))
            unasked = found in {Verdict.UNDECIDED, Verdict.NO_FACTS} and all(each.by_host for each in features)
            return (Verdict.SAME if unasked else found), features
        return self._compare(read, found)

    def _compare(self, read: RecordedRead, answer: Answer) -> tuple[Verdict, tuple[ReplayedFeature, ...]]:
        host = self._host_codes[read.policy]
        features = tuple(_feature(name, before, answer, host) for name, before in sorted(read.features.items()))
        by_host = any(each.by_host for each in features)
        used = {place for decided in answer.features.values() for place in decided.grants}
        shape = self._shapes[read.tenant, read.shape]
        if shape != read.features and (shape is not None or self._needs_shapes):
            return Verdict.SHAPE_DIFFERS, features
        if read.catalog not in self._catalogs:
            return Verdict.CATALOG_MISSING, features
        same = (
            all(each.agrees for each in features)
            and len(answer.features.keys() - read.features.keys()) == read.unknown
            and (by_host or len(used) == read.grants)
        )
        return (Verdict.SAME if same else Verdict.DIFFERENT), features


async def decide_all(engine: EmbeddedEngine, situations: Sequence[Situation]) -> list[Answer | None]:
    """Decide situations in one batch; each call is sent once."""
    calls = {each.call_digest: each.call for each in situations}
    place = {name: index for index, name in enumerate(calls)}
    requests = [{"call": place[each.call_digest], "subject": each.subject} for each in situations]
    return await engine.decide(list(calls.values()), requests, deadline_s=DEADLINE_S) if requests else []


def _feature(name: str, before: Outcome, answer: Answer | None, host: frozenset[str]) -> ReplayedFeature:
    decided = None if answer is None else answer.features.get(name)
    after: Outcome | None = None
    if decided is not None:
        after = tuple(decided.reasons) if decided.reasons else decided.form
    by_host = isinstance(before, tuple) and not host.isdisjoint(before)
    return ReplayedFeature(name, before, after, by_host)


def _features(document: bytes) -> Mapping[str, Outcome]:
    parts = msgspec.json.decode(document)["features"]
    return {name: outcome(part.get("form") or part["denied"]) for name, part in parts.items()}
