"""The shape of an answer: who asked for what, and per feature its form or its reason codes, and its fields.

Rules:
- a shape holds no subject and no time, so that equal answers share one: an entry names it by digest, and questions
  about a client, purpose, outcome, feature or field go through the few shapes instead of through every entry;
- a shape is recorded in the ledger (kind `shape.recorded`) before the first entry that names it: the ledger alone,
  without any other table, says which fields were released.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeAlias

from catalog.canonical import canonical
from lineage.content import Json, ensure_content
from lineage.errors import EntryContentError
from lineage.kinds import Mode, Outcome

FORMS = ("flag", "bucket", "token", "masked", "plain")
DENIED = "denied"
Parts: TypeAlias = Mapping[str, Mapping[str, "str | list[str]"]]


@dataclass(frozen=True, slots=True)
class FeatureOutcome:
    """What became of one feature.

    Attributes:
        name: full name `view:feature`.
        fields: the catalogue fields it derives from; empty for an unclassified one.
        form: the release form, or None when denied.
        reasons: reason codes; empty exactly when released.
    """

    name: str
    fields: tuple[str, ...]
    form: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One answer's outcome per feature; `of` makes it, `bound` says who had asked and gives it its digest.

    Attributes:
        tenant: whose feature views these are.
        parts: {feature: {"form", "fields"} or {"denied": [codes], "fields"}}.
        client, purpose, outcome: what was asked and how it ended; empty until bound.
        digest: SHA-256 of the canonical document, hex; empty until bound.
    """

    tenant: str
    parts: Parts
    client: str = ""
    purpose: str = ""
    outcome: str = ""
    digest: str = ""

    @classmethod
    def of(cls, tenant: str, outcomes: Iterable[FeatureOutcome]) -> "Shape":
        """Make a shape from the outcome of each known feature.

        Raises: EntryContentError: an outcome both or neither released and denied, a twice named feature, free text.
        """
        parts: dict[str, dict[str, str | list[str]]] = {}
        for outcome in outcomes:
            if outcome.name in parts:
                raise EntryContentError(f"feature {outcome.name} stands twice in one answer")
            parts[outcome.name] = _part(outcome)
        ensure_content(parts, "shape")
        return cls(tenant, parts)

    def bound(self, client: str, purpose: str, outcome: Outcome) -> "Shape":
        """Return the same shape as the answer to this client and purpose."""
        ensure_content([client, purpose], "shape")
        made = replace(self, client=client, purpose=purpose, outcome=outcome.value)
        return replace(made, digest=sha256(canonical(made.document)).hexdigest())

    @property
    def document(self) -> dict[str, Json]:
        """The JSON document the digest is taken over, once it is canonical."""
        return {"client": self.client, "features": self.parts, "outcome": self.outcome, "purpose": self.purpose}

    @property
    def features(self) -> dict[str, str | list[str]]:
        """The part of a read entry: {feature: form or [codes]}."""
        return {name: part.get("form") or part[DENIED] for name, part in self.parts.items()}

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """(feature, field, form or 'denied') for the index; a feature without fields has one, with an empty field."""
        return [
            (name, field, str(part.get("form", DENIED)))
            for name, part in sorted(self.parts.items())
            for field in part["fields"] or ("",)
        ]


def outcome_of(features: Mapping[str, object], unknown_features: int, mode: Mode) -> Outcome:
    """Say how a read ended, from what became of its features."""
    if mode is Mode.DRY_RUN:
        return Outcome.DRY_RUN
    released = sum(isinstance(outcome, str) for outcome in features.values())
    if released == 0:
        return Outcome.DENIED
    return Outcome.RELEASED if released == len(features) and not unknown_features else Outcome.PARTIAL


def _part(outcome: FeatureOutcome) -> dict[str, str | list[str]]:
    fields = sorted(outcome.fields)
    if outcome.form is not None and not outcome.reasons:
        if outcome.form not in FORMS:
            raise EntryContentError(f"{outcome.form} is not a form that releases anything")
        return {"form": outcome.form, "fields": fields}
    if outcome.form is None and outcome.reasons:
        return {DENIED: sorted(outcome.reasons), "fields": fields}
    raise EntryContentError(f"feature {outcome.name} must be either released or denied")
