"""A decision made ready to carry out: which segments to fetch, how to shape each value, what to write down.

Rules:
- a ruling belongs to one call and one subject situation, and is shared by every subject in that situation;
- only released features have a part; a denied one has no segment here and is never fetched;
- an engine failure is a ruling too: everything withheld, with the code of the failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from catalog import Feature, ReleaseForm
from consent import TokenRule
from gate.engines import Answer
from gate.facts import Call, SubjectFacts, facts_digest
from gate.reads import FeatureRuling, Mode, Outcome
from lineage import EntryTemplate, FeatureOutcome, Shape
from vault import TokenSpec, mask

Shaper = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One released feature with a stored value.

    Attributes:
        place: index among the asked features.
        segment, name: where the value stands: the segment's id, the feature's short name in it.
        shape: turns the stored value into the released one.
    """

    place: int
    segment: str
    name: str
    shape: Shaper


@dataclass(frozen=True)
class ComputedToken:
    """A feature released as a token that is computed of its value."""

    place: int
    field: str
    of: str
    rule: TokenRule

    @cached_property
    def spec(self) -> TokenSpec:
        """The kind of token. Raises: TokenSpecError: the field's kind changed since the client was registered."""
        return TokenSpec(self.rule.kind, self.of, self.rule.keep)


@dataclass(frozen=True)
class Ruling:
    """What was decided for a call and a subject situation.

    Attributes:
        features: per asked feature, in the order asked.
        parts: the released features that have stored values.
        tokens: (place, field) of the features released as random tokens.
        computed: the features released as tokens of their values.
        templates: entry templates by mode and policy revision, made at first use.
        used: positions of the grants that justify the release.
    """

    call: Call
    facts: SubjectFacts
    features: tuple[FeatureRuling, ...]
    parts: tuple[Part, ...] = ()
    tokens: tuple[tuple[int, str], ...] = ()
    computed: tuple[ComputedToken, ...] = ()
    used: tuple[int, ...] = ()
    templates: dict[tuple[Mode, str], EntryTemplate] = field(default_factory=dict, compare=False)

    @cached_property
    def plan(self) -> tuple[tuple[str, tuple[tuple[str, int, Shaper], ...]], ...]:
        """Per segment to fetch: the name, place and shaper of each value to take from it."""
        segments: dict[str, list[tuple[str, int, Shaper]]] = {}
        for part in self.parts:
            segments.setdefault(part.segment, []).append((part.name, part.place, part.shape))
        return tuple((segment, tuple(parts)) for segment, parts in segments.items())

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The segments to fetch, each once."""
        return tuple(segment for segment, _ in self.plan)

    @cached_property
    def facts_digest(self) -> str:
        """The digest of the facts document this was decided on."""
        return facts_digest(self.call, self.facts)

    @cached_property
    def unknown_features(self) -> int:
        """How many asked names are no features of the catalogue."""
        return len(self.features) - len(self.call.features)

    @cached_property
    def releases(self) -> bool:
        """Whether anything may leave."""
        return any(feature.released for feature in self.features)

    @cached_property
    def outcome(self) -> Outcome:
        """How a read under this ruling ends, unless it only explains."""
        if not self.releases:
            return Outcome.denied
        return Outcome.released if all(feature.released for feature in self.features) else Outcome.partial

    @cached_property
    def nothing(self) -> tuple[None, ...]:
        """The values of a read that releases none."""
        return (None,) * len(self.features)

    @cached_property
    def shape(self) -> Shape:
        """The outcome per known feature, as the ledger keeps it."""
        return Shape.of(self.call.key.tenant, map(self._outcome, self._known()))

    def refused(self, code: str) -> Ruling:
        """The same ruling with a reason of the host's own in place of every release."""
        features = (_refused(ruled.name, code) if ruled.released else ruled for ruled in self.features)
        return Ruling(self.call, self.facts, tuple(features))

    def _known(self) -> Sequence[FeatureRuling]:
        return [feature for feature in self.features if feature.name in self.call.features]

    def _outcome(self, feature: FeatureRuling) -> FeatureOutcome:
        fields = tuple(self.call.features[feature.name].fields)
        if feature.released:
            return FeatureOutcome(feature.name, fields, form=feature.form)
        return FeatureOutcome(feature.name, fields, reasons=feature.reasons)


def ruling_of(call: Call, facts: SubjectFacts, answer: Answer) -> Ruling:
    """Make a ruling of an engine's validated answer."""
    features = tuple(
        FeatureRuling(name, decided.form, tuple(decided.reasons), tuple(decided.obligations))
        for name in call.key.features
        for decided in (answer.features[name],)
    )
    parts: list[Part] = []
    tokens: list[tuple[int, str]] = []
    computed: list[ComputedToken] = []
    for place, ruled in enumerate(features):
        if not ruled.released:
            continue
        feature = call.features[ruled.name]
        if ruled.form == ReleaseForm.TOKEN.value:
            name = feature.fields[0]
            rule = call.tokens.get(name)
            if rule is None:
                tokens.append((place, name))
                continue
            parts.append(Part(place, feature.segment, feature.name, feature.shaper(ReleaseForm.PLAIN)))
            computed.append(ComputedToken(place, name, str(feature.identifier), rule))
        else:
            parts.append(Part(place, feature.segment, feature.name, _shaper(feature, ruled.form)))
    used = sorted({position for decided in answer.features.values() for position in decided.grants})
    return Ruling(call, facts, features, tuple(parts), tuple(tokens), tuple(computed), tuple(used))


def refusal(call: Call, facts: SubjectFacts, code: str) -> Ruling:
    """Deny everything for a reason of the host's own."""
    return Ruling(call, facts, tuple(_refused(name, code) for name in call.key.features))


def _refused(name: str, code: str) -> FeatureRuling:
    return FeatureRuling(name, ReleaseForm.WITHHELD.value, (code,))


def _shaper(feature: Feature, form: str) -> Shaper:
    if form != ReleaseForm.MASKED.value:
        return feature.shaper(ReleaseForm(form))
    kind = feature.shapes.mask or str(feature.identifier)

    def masked(value: Any) -> Any:
        return None if value is None else mask(kind, value)

    return masked
