"""What makes a classification fail a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any


class FailOn(StrEnum):
    """What may fail a run.

    new: a column that is not up for review; unreviewed: one that nobody confirmed yet; unknown: one that is not known
    well enough; leak: values of a higher kind inside; changed: another kind or grade than reviewed; grade4, grade5: a
    known column of that grade or higher.
    """

    NEW = "new"
    UNREVIEWED = "unreviewed"
    UNKNOWN = "unknown"
    LEAK = "leak"
    CHANGED = "changed"
    GRADE4 = "grade4"
    GRADE5 = "grade5"


def failures(document: Mapping[str, Any], wants: Collection[FailOn]) -> list[dict[str, str]]:
    """List what fails, by table and column."""
    drift = document.get("comparison", {})
    found = []
    for want in FailOn:
        if want not in wants:
            continue
        if want in {FailOn.NEW, FailOn.CHANGED}:
            listed = drift.get(want.value, [])
            found += [{"code": want.value, "table": each["table"], "column": each["column"]} for each in listed]
            continue
        for table in document["tables"]:
            hits = [column for column in table["columns"] if _fails(column, want)]
            found += [{"code": want.value, "table": table["name"], "column": column["name"]} for column in hits]
    return found


def _fails(column: Mapping[str, Any], want: FailOn) -> bool:
    match want:
        case FailOn.UNREVIEWED:
            return column["confirmed"] is None
        case FailOn.UNKNOWN:
            return not column["known"]
        case FailOn.LEAK:
            return bool(column["leaks"])
        case FailOn.GRADE4 | FailOn.GRADE5:
            return bool(column["known"]) and int(column["grade"]) >= int(want.value[-1])
        case FailOn.NEW | FailOn.CHANGED:
            return False
