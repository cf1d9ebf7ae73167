"""From what a column is to how it is graded: every regime with its source, and tables by what stands in them together.

Rules enforced here:
- a kind that is a field of the catalogue has that field's grade; another personal kind has the one stated for it;
  whatever has neither is of the highest grade until someone confirms what it is (PIPL 51(2));
- a table is graded at least as its highest column (JR/T 0197-2020: a set is graded as its highest part);
- what stands together counts together (GB/T 45574-2025: combined general data may become sensitive; JR/T 0171-2020:
  combined C2 data may rise; GB/T 37964-2019: quasi-identifiers);
- much of it counts for more: from 100,000 people on, and again from 1,000,000 (PIPL 40 and the rules on its
  thresholds).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from catalog.classify.columns.kinds import column_kinds
from catalog.classify.values.rules import DATA
from catalog.fields import Field
from catalog.grades import (
    UNKNOWN_GRADE,
    Classification,
    GradePart,
    Jrt0171,
    PiplKind,
    SensitiveKind,
    grade_parts,
)
from catalog.loading import builtin_fields

UNKNOWN: Final = GradePart(
    "none", "unclassified", UNKNOWN_GRADE, "PIPL 51(2): what is not classified is handled as the highest grade"
)
NOT_PERSONAL: Final = GradePart("JR/T 0197", "1", 1, "not personal by itself; JR/T 0197-2020 level 1 to be confirmed")
MANY: Final = 100_000
VERY_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class KindGrade:
    """How one kind is graded.

    Attributes:
        parts: what each regime says, with its source; the grade is the highest.
        sources: rows of the catalogue or of data/columns.yaml it rests on.
        group: its group in the personal-information annex of GB/T 43697-2024.
    """

    kind: str
    grade: int
    parts: tuple[GradePart, ...]
    sources: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class TableGrade:
    """A table's grade and the rules that made it; rules are codes of data/aggregation.yaml."""

    grade: int
    rules: tuple[str, ...]


def grade_of(kind: str, fields: Mapping[str, Field] | None = None) -> KindGrade:
    """Grade a kind. Shape: `fields` are the deployment's, by name; of a field it lacks the shipped one counts.

    A kind nobody knows is of the highest grade.
    """
    known = column_kinds().get(kind)
    if known is None:
        return KindGrade(kind, UNKNOWN_GRADE, (UNKNOWN,), ("PIPL 51(2)",), "-")
    name = known.field or kind
    field = (fields or {}).get(name) or shipped_fields().get(name)
    group = _groups().get(kind, "-")
    if field is not None:
        return KindGrade(kind, field.grade, field.grade_parts, field.source, group)
    stated = _stated().get(kind)
    if stated is None:
        return KindGrade(kind, NOT_PERSONAL.grade, (NOT_PERSONAL,), (), group)
    given, sources = stated
    parts = grade_parts(given)
    return KindGrade(kind, max(part.grade for part in parts), parts, sources, group)


def table_grade(kinds: Collection[str], rows: int | None, fields: Mapping[str, Field] | None = None) -> TableGrade:
    """Grade a table by its columns' kinds and how many rows it has (None: unknown)."""
    known = column_kinds()
    grades = [grade_of(kind, fields).grade for kind in kinds]
    grade = max(grades, default=1)
    rules = ["highest_column"]
    present = frozenset(kinds)
    for code, rule in _combinations().items():
        if _holds(rule, present):
            raised = max(grade, int(rule["grade"]))
            rules.append(code)
            grade = raised
    personal = any(known[kind].is_personal for kind in present if kind in known)
    if personal and rows is not None and rows >= MANY:
        rules.append("very_many_people" if rows >= VERY_MANY else "many_people")
        grade = min(UNKNOWN_GRADE, max(grade, 4 if rows < VERY_MANY else 5))
    return TableGrade(grade, tuple(rules))


def _holds(rule: Mapping[str, Any], present: frozenset[str]) -> bool:
    """Whether at least `least` of a rule's groups are met; a group is met by any of its kinds."""
    met = sum(not present.isdisjoint(group) for group in rule["groups"])
    return met >= int(rule["least"])


@cache
def shipped_fields() -> Mapping[str, Field]:
    """The fields Yumen comes with, by name."""
    return {field.name: field for field in builtin_fields()}


@cache
def _combinations() -> Mapping[str, Mapping[str, Any]]:
    return {code: rule for code, rule in _document("aggregation.yaml").items() if "groups" in rule}


def rule_texts() -> Mapping[str, tuple[str, str, str]]:
    """Return (zh, en, source) of every aggregation rule by its code."""
    return {code: (rule["zh"], rule["en"], rule["source"]) for code, rule in _document("aggregation.yaml").items()}


@cache
def _groups() -> Mapping[str, str]:
    return {kind: group for group, kinds in _document("groups.yaml").items() for kind in kinds}


@cache
def _stated() -> Mapping[str, tuple[Classification, tuple[str, ...]]]:
    found = {}
    for kind, parts in _document("columns.yaml").items():
        if "grade" in parts:
            found[kind] = _classification(parts["grade"]), tuple(parts["grade"]["source"])
    return found


def _classification(given: Mapping[str, Any]) -> Classification:
    sensitive, gbt = given.get("sensitive_kind"), given.get("gbt45574")
    return Classification(
        pipl=PiplKind(given["pipl"]),
        jrt0197=given["jrt0197"],
        jrt0171=Jrt0171(given["jrt0171"]),
        sensitive_kind=None if sensitive is None else SensitiveKind(sensitive),
        gbt45574=None if gbt is None else SensitiveKind(gbt),
        authentication=given.get("authentication", False),
    )


@cache
def _document(name: str) -> Mapping[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return document
