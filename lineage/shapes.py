"""The shape of an answer: per feature its form or its reason codes, and the fields it derives from.

Rules:
- a shape holds no subject and no time, so that equal answers share one: an entry names it by digest, and questions
  about a field go through the few shapes instead of through every entry;
- a shape is recorded in the ledger (kind `shape.recorded`) before the first entry that names it: the ledger alone,
  without any other table, says which fields were released.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.canonical import canonical, digest
from lineage.content import ensure_content
from lineage.errors import EntryContentError
from lineage.kinds import Mode, Outcome

FORMS = ("flag", "bucket", "token", "masked", "plain")
DENIED = "denied"


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
    """One answer's outcome per feature.

    Attributes:
        tenant: whose feature views these are.
        digest: SHA-256 of the canonical document, hex.
        document: {feature: {"form", "fields"} or {"denied": [codes], "fields"}}.
        body: the canonical document.
        features: the part of a read entry: {feature: form or [codes]}.
        lines: (feature, field, form or 'denied') for the index.
    """

    tenant: str
    digest: str
    document: Mapping[str, Mapping[str, str | list[str]]]
    body: str
    features: Mapping[str, str | list[str]]
    lines: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, tenant: str, outcomes: Iterable[FeatureOutcome]) -> "Shape":
        """Make a shape from the outcome of each known feature.

        Raises: EntryContentError: an outcome both or neither released and denied, a twice named feature, free text.
        """
        document: dict[str, dict[str, str | list[str]]] = {}
        for outcome in outcomes:
            if outcome.name in document:
                raise EntryContentError(f"feature {outcome.name} stands twice in one answer")
            document[outcome.name] = _part(outcome)
        return cls.from_document(tenant, document)

    @classmethod
    def from_document(cls, tenant: str, document: Mapping[str, Mapping[str, str | list[str]]]) -> "Shape":
        """Make a shape from its document."""
        ensure_content(document, "shape")
        features: dict[str, str | list[str]] = {}
        lines: list[tuple[str, str, str]] = []
        for name in sorted(document):
            part = document[name]
            form = part.get("form")
            features[name] = form if isinstance(form, str) else list(part["denied"])
            # A feature without fields still gets a line, so that a question about it finds the shape.
            lines += [(name, field, str(form or DENIED)) for field in part["fields"] or ("",)]
        whole = {name: dict(part) for name, part in document.items()}
        return cls(tenant, digest(whole), whole, canonical(whole).decode(), features, tuple(lines))


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
        return {"denied": sorted(outcome.reasons), "fields": fields}
    raise EntryContentError(f"feature {outcome.name} must be either released or denied")
