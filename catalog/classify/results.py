"""The result of classifying: columns and tables as plain data, the one form of reports, state files and the store.

Shape: `document` is JSON of counts, codes and names; no cell ever stands in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from catalog.classify.columns.evidence import Evidence, Verdict
from catalog.classify.columns.kinds import column_kinds
from catalog.classify.columns.neighbours import classify_table
from catalog.classify.grading import KindGrade, grade_of, table_grade
from catalog.classify.sources.sampling import TableSample
from catalog.classify.values.likelihood import Likelihood
from catalog.fields import Field
from catalog.grades import UNKNOWN_GRADE

FORMAT: Final = 1
SURE: Final = Likelihood.LIKELY
LEAK_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class ColumnResult:
    """One column classified and graded.

    Attributes:
        graded: the kind's grade and what each regime says.
        grade: the kind's, raised by what stands inside; the highest where the kind is not known well enough (`is_known`
            False).
        leaks: kinds of a higher grade inside its cells, with how many cells of how many.
    """

    name: str
    verdict: Verdict
    graded: KindGrade
    grade: int
    is_known: bool
    leaks: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class TableResult:
    """One table: its columns, its grade and the rules that made it."""

    name: str
    rows: int | None
    columns: tuple[ColumnResult, ...]
    grade: int
    rules: tuple[str, ...]
    is_headless: bool = False


def classified(sample: TableSample, today: date, fields: Mapping[str, Field] | None = None) -> TableResult:
    """Classify and grade one table."""
    verdicts = classify_table(sample.columns, today)
    columns = tuple(_column(name, verdict, fields) for name, verdict in verdicts.items())
    found = table_grade([each.verdict.kind for each in columns if each.is_known], sample.rows, fields)
    grade = max([found.grade, *(each.grade for each in columns)])
    return TableResult(sample.name, sample.rows, columns, grade, found.rules, sample.is_headless)


def _column(name: str, verdict: Verdict, fields: Mapping[str, Field] | None) -> ColumnResult:
    known = verdict.likelihood >= SURE
    graded = grade_of(verdict.kind, fields)
    held = [(leak, value_grade(leak.kind, fields).grade) for leak in verdict.evidence.leaks]
    above = [
        (leak, grade) for leak, grade in held if leak.of and leak.cells / leak.of >= LEAK_SHARE and grade > graded.grade
    ]
    raised = max([graded.grade, *(grade for _, grade in above)])
    leaks = tuple((leak.kind, leak.cells, leak.of) for leak, _ in above)
    return ColumnResult(name, verdict, graded, raised if known else UNKNOWN_GRADE, known, leaks)


def value_grade(value_kind: str, fields: Mapping[str, Field] | None = None) -> KindGrade:
    """Grade what a recogniser found in a text."""
    return grade_of(VALUE_KINDS.get(value_kind, value_kind), fields)


VALUE_KINDS: Final[Mapping[str, str]] = {
    "resident_id": "id_card_no",
    "resident_id_15": "id_card_no",
    "foreigner_permit_old": "foreigner_permit",
    "passport": "passport_no",
    "taiwan_permit": "exit_permit",
    "organisation_code": "social_credit_code",
    "bank_card": "bank_card_no",
    "mobile": "mobile_no",
    "landline": "landline_no",
    "ipv4": "login_ip",
    "ipv6": "login_ip",
    "mac": "mac_address",
    "advertising_id": "oaid",
    "plate": "plate_no",
    "driver_file_no": "driver_licence_no",
    "officer_card": "officer_card_no",
    "social_security_card": "social_security_no",
    "wechat_openid": "wechat_id",
    "qq": "qq_no",
    "one_time_code": "second_factor_code",
    "password": "login_password",
    "coordinates": "precise_location",
    "property_certificate": "collateral_asset",
    "postal_address": "home_address",
    "person_name": "full_name",
}
"""What a recogniser calls a value, and what a column of such values is called, where they differ."""


def table_document(table: TableResult) -> dict[str, Any]:
    """Write a table's result."""
    return {
        "name": table.name,
        "rows": table.rows,
        "headless": table.is_headless,
        "grade": table.grade,
        "rules": list(table.rules),
        "columns": [column_document(each) for each in table.columns],
    }


def column_document(column: ColumnResult) -> dict[str, Any]:
    """Write a column's result."""
    verdict = column.verdict
    kind = column_kinds()[verdict.kind]
    graded = column.graded
    return {
        "name": column.name,
        "kind": verdict.kind,
        "zh": kind.zh,
        "en": kind.en,
        "personal": kind.is_personal,
        "field": kind.field,
        "likelihood": verdict.likelihood.word,
        "basis": verdict.basis,
        "protected": verdict.is_protected,
        "known": column.is_known,
        "grade": column.grade,
        "kind_grade": graded.grade,
        "grades": [
            {"regime": part.regime, "given": part.given, "grade": part.grade, "source": part.source}
            for part in graded.parts
        ],
        "group": graded.group,
        "leaks": [{"kind": kind, "cells": cells, "of": of} for kind, cells, of in column.leaks],
        "evidence": evidence_document(verdict.evidence),
    }


def evidence_document(evidence: Evidence) -> dict[str, Any]:
    """Write the counts of one column; rates in thousandths."""
    return {
        "rows": evidence.rows,
        "filled": evidence.filled,
        "distinct": evidence.distinct,
        "forms": [
            {
                "form": each.form,
                "matched": each.matched,
                "rate": round(each.rate * 1000),
                "low": round(each.low * 1000),
                "high": round(each.high * 1000),
                "checked": each.checked,
                "passed": each.passed,
                "chance": None if each.chance is None else round(each.chance * 1000),
            }
            for each in evidence.forms
        ],
        "names": [
            {"kind": each.kind, "score": round(each.score * 1000), "language": each.language} for each in evidence.names
        ],
        "conflicts": [{"code": each.code, "about": each.about} for each in evidence.conflicts],
        "neighbours": dict(evidence.neighbours),
    }


def result_document(
    source: str, at: str, tables: Sequence[Mapping[str, Any]], unread: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Write a whole result. Shape: `at` is RFC 3339; `unread` are names of tables with why each could not be read."""
    columns = [column for table in tables for column in table["columns"]]
    return {
        "v": FORMAT,
        "source": source,
        "at": at,
        "summary": {
            "tables": len(tables),
            "columns": len(columns),
            "personal": sum(column["personal"] and column["known"] for column in columns),
            "unknown": sum(not column["known"] for column in columns),
            "leaks": sum(bool(column["leaks"]) for column in columns),
            "grades": {str(grade): sum(column["grade"] == grade for column in columns) for grade in range(1, 6)},
        },
        "tables": sorted(tables, key=lambda table: table["name"]),
        "unread": [dict(each) for each in unread],
    }
