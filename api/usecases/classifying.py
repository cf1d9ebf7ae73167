"""Classifying what a caller sent: by the scanning process, graded by the catalogue in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.service import Service
from catalog import UNKNOWN_GRADE, Field
from catalog.classify.grading import shipped_fields
from catalog.classify.results import value_grade
from catalog.classify.values.rules import recognisers
from catalog.field_format import field_document


async def classified_text(service: Service, text: str, *, mask: bool) -> dict[str, Any]:
    """Find personal data in a text; what was not scanned whole has the highest grade.

    Raises: TextTooLongError; ScanFailedError; PartMissingError.
    """
    fields, today = await _grounds(service)
    answer = await service.scanner.text(text, today)
    findings = [_finding(each, fields) for each in answer["findings"]]
    grade = max((each["grade"] for each in findings), default=1)
    return {
        "grade": grade if answer["complete"] else UNKNOWN_GRADE,
        "complete": answer["complete"],
        "findings": findings,
        "masked": masked(text, findings) if mask and answer["complete"] else None,
        "columns": None,
        "rules": None,
    }


async def classified_columns(service: Service, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """Classify columns of one table. Raises: ScanFailedError."""
    fields, today = await _grounds(service)
    shipped = shipped_fields()
    own = [field_document(field) for name, field in fields.items() if shipped.get(name) != field]
    answer = await service.scanner.columns(columns, today, own)
    return {**answer, "complete": True, "findings": None, "masked": None}


def masked(text: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """Put the kind of each finding in its place: `[mobile]`."""
    parts, place = [], 0
    for each in findings:
        parts += [text[place : each["start"]], f"[{each['kind']}]"]
        place = each["end"]
    return "".join((*parts, text[place:]))


async def _grounds(service: Service) -> tuple[Mapping[str, Field], str]:
    async with service.database.reading() as tx:
        catalog = await service.catalogs.current(tx.connection)
        return catalog.fields, tx.now.date().isoformat()


def _finding(given: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    known = recognisers()
    title = known.kinds.get(given["kind"])
    reasons = [known.reasons[code] for code in given["reasons"]]
    return {
        **given,
        "zh": "" if title is None else title.zh,
        "en": "" if title is None else title.en,
        "grade": value_grade(given["kind"], fields).grade,
        "reasons_zh": [reason.zh for reason in reasons],
        "reasons_en": [reason.en for reason in reasons],
    }
