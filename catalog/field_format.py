"""Fields as documents: the one format of files, the store and the revision.

`decode_field` reads what a person or the store wrote; `field_document` writes every key in
full, so that equal fields have equal documents.
"""

from collections.abc import Callable
from typing import TypeVar

from catalog.fields import (
    Field,
    IdentifierKind,
    LawfulBasis,
    MinorsRule,
    WrittenRule,
    field_problems,
    unknown_field,
)
from catalog.forms import ReleaseForm
from catalog.grades import GRADES, Gbt43697, Jrt0171, Nfra, PiplKind, SensitiveKind
from catalog.reading import UNNAMED, Choice, Part
from catalog.retention import Retention, RetentionCode

REQUIRED = (
    "name",
    "zh",
    "en",
    "pipl",
    "jrt0197",
    "jrt0171",
    "bases",
    "separate",
    "form",
    "derived_form",
    "retention",
    "source",
)
OPTIONAL = (
    "sensitive_kind",
    "gbt45574",
    "gbt43697",
    "nfra",
    "authentication",
    "written",
    "provided_form",
    "minors",
    "identifier",
    "systems",
    "note",
)
MAX_DAYS = 36_600

T = TypeVar("T")
D = TypeVar("D")


def decode_field(part: Part) -> Field:
    """Read one field, noting its faults; what could not be read has a stand-in."""
    before = part.faults.count
    keys = part.table(REQUIRED, OPTIONAL)
    if any(key not in keys for key in REQUIRED):
        return unknown_field(_read(keys, "name", Part.name, UNNAMED))
    field = Field(
        name=keys["name"].name(),
        zh=keys["zh"].text(),
        en=keys["en"].text(),
        pipl=keys["pipl"].choice(PiplKind),
        sensitive_kind=_read(keys, "sensitive_kind", _chooser(SensitiveKind), None),
        jrt0197=keys["jrt0197"].integer(GRADES.start, GRADES.stop - 1),
        jrt0171=keys["jrt0171"].choice(Jrt0171),
        gbt45574=_read(keys, "gbt45574", _chooser(SensitiveKind), None),
        gbt43697=_read(keys, "gbt43697", _chooser(Gbt43697), None),
        nfra=_read(keys, "nfra", _chooser(Nfra), None),
        authentication=_read(keys, "authentication", Part.truth, default=False),
        bases=tuple(sorted(keys["bases"].choices(LawfulBasis))),
        separate=keys["separate"].truth(),
        written_rule=_read(keys, "written", _chooser(WrittenRule), WrittenRule.NEVER),
        form=keys["form"].choice(ReleaseForm),
        derived_form=keys["derived_form"].choice(ReleaseForm),
        provided_form=_read(keys, "provided_form", _chooser(ReleaseForm), ReleaseForm.PLAIN),
        retention=_retention(keys["retention"]),
        minors=_read(keys, "minors", _chooser(MinorsRule), MinorsRule.GUARDIAN),
        identifier=_read(keys, "identifier", _chooser(IdentifierKind), None),
        systems=_read(keys, "systems", _names, ()),
        source=tuple(item.text() for item in keys["source"].items()),
        note=_read(keys, "note", Part.text, ""),
    )
    if part.faults.count > before:
        return field
    for key, problem in field_problems(field):
        part.at(key).fault(problem)
    return field


def field_document(field: Field) -> dict[str, object]:
    """Write a field with every key, lists that are sets in order."""
    return {
        "name": field.name,
        "zh": field.zh,
        "en": field.en,
        "pipl": field.pipl.value,
        "sensitive_kind": field.sensitive_kind,
        "jrt0197": field.jrt0197,
        "jrt0171": field.jrt0171.value,
        "gbt45574": field.gbt45574,
        "gbt43697": field.gbt43697,
        "nfra": field.nfra,
        "authentication": field.authentication,
        "bases": list(field.bases),
        "separate": field.separate,
        "written": field.written_rule.value,
        "form": field.form.value,
        "derived_form": field.derived_form.value,
        "provided_form": field.provided_form.value,
        "retention": {
            "code": field.retention.code.value,
            "days": field.retention.days,
            "hold_days": field.retention.hold_days,
        },
        "minors": field.minors.value,
        "identifier": field.identifier,
        "systems": list(field.systems),
        "source": list(field.source),
        "note": field.note or None,
    }


def _read(keys: dict[str, Part], key: str, reader: Callable[[Part], T], default: D) -> T | D:
    """Read an optional key."""
    return reader(keys[key]) if key in keys else default


def _chooser(kind: type[Choice]) -> Callable[[Part], Choice]:
    return lambda part: part.choice(kind)


def _names(part: Part) -> tuple[str, ...]:
    return tuple(sorted({item.name() for item in part.items()}))


def _retention(part: Part) -> Retention:
    """Read a retention: a code alone, or a mapping with the deployment's own numbers."""
    if isinstance(part.value, str):
        return Retention.by(part.choice(RetentionCode))
    keys = part.table(("code",), ("days", "hold_days"))
    if "code" not in keys:
        return Retention.by(RetentionCode.NONE)

    def days(limit: Part) -> int:
        return limit.integer(0, MAX_DAYS)

    return Retention.by(
        keys["code"].choice(RetentionCode),
        days=_read(keys, "days", days, None),
        hold_days=_read(keys, "hold_days", days, None),
    )
