"""What changed between what a person confirmed and what a scan finds now.

Rules enforced here:
- new: a column nobody reviewed; gone: a reviewed one that the scan no longer sees;
- changed: the scan is sure of another kind, or of a higher grade, than was confirmed, or than it found before;
- a table that could not be read is not gone;
- leaks: values of a higher kind inside a column, whatever it was confirmed to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.classify.reviewing import Classed, ColumnPlace, ReviewedColumn


@dataclass(frozen=True, slots=True)
class Drift:
    """A column that is not as it was.

    Attributes:
        was: what it was confirmed to be, or was found to be before; None for a new one.
        found: what it is found to be now; None for one that is gone.
        held: kinds of a higher grade that stand inside.
    """

    place: ColumnPlace
    was: Classed | None
    found: Classed | None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drifts:
    """All drift of one source, in the order of tables and columns."""

    new: tuple[Drift, ...]
    changed: tuple[Drift, ...]
    gone: tuple[Drift, ...]
    leaks: tuple[Drift, ...]
    seen: tuple[ReviewedColumn, ...]
    """Columns under review with what the scan found now."""


def drifts(source: str, result: Mapping[str, Any], known: Mapping[str, ReviewedColumn]) -> Drifts:
    """Compare a result document with the columns under review, by id."""
    new, changed, leaks, seen = [], [], [], []
    ids: set[str] = set()
    for table in result["tables"]:
        for column in table["columns"]:
            place = ColumnPlace(source, table["name"], column["name"])
            found = Classed(column["kind"], column["grade"] if column["known"] else column["kind_grade"])
            ids.add(place.id)
            before = known.get(place.id)
            if before is None:
                new.append(Drift(place, None, found))
            else:
                seen.append(ReviewedColumn(before.place, found, column["known"], version=before.version))
                if column["known"] and _is_other(before, found):
                    changed.append(Drift(place, before.confirmed or before.found, found))
            if column["leaks"]:
                held = tuple(leak["kind"] for leak in column["leaks"])
                leaks.append(Drift(place, None if before is None else before.confirmed, found, held))
    unread = {each["name"] for each in result["unread"]}
    away = [each for key, each in known.items() if key not in ids and each.place.table not in unread]
    gone = [Drift(each.place, each.confirmed or each.found, None) for each in away]
    gone.sort(key=lambda drift: (drift.place.table, drift.place.column))
    return Drifts(tuple(new), tuple(changed), tuple(gone), tuple(leaks), tuple(seen))


def _is_other(before: ReviewedColumn, found: Classed) -> bool:
    was = before.confirmed or before.found
    return found.grade > was.grade or (found.kind != was.kind and (before.is_known or before.confirmed is not None))


def with_reviews(source: str, result: Mapping[str, Any], known: Mapping[str, ReviewedColumn]) -> dict[str, Any]:
    """A result document whose columns say where their review stands and what people confirmed them to be.

    Shape: `review` is a state of `ReviewedColumn` or None; `confirmed` is a kind and a grade or None.
    """
    tables = [
        {
            **table,
            "columns": [
                {**column, **_review(known.get(ColumnPlace(source, table["name"], column["name"]).id))}
                for column in table["columns"]
            ],
        }
        for table in result["tables"]
    ]
    return {**result, "tables": tables}


def _review(column: ReviewedColumn | None) -> dict[str, Any]:
    if column is None:
        return {"review": None, "confirmed": None}
    confirmed = column.confirmed
    shown = None if confirmed is None else {"kind": confirmed.kind, "grade": confirmed.grade}
    return {"review": column.state.value, "confirmed": shown}


def drift_document(found: Drifts) -> dict[str, list[dict[str, Any]]]:
    """Write drift as plain data."""
    return {
        "new": [_document(each) for each in found.new],
        "changed": [_document(each) for each in found.changed],
        "gone": [_document(each) for each in found.gone],
        "leaks": [_document(each) for each in found.leaks],
    }


def _document(drift: Drift) -> dict[str, Any]:
    return {
        "id": drift.place.id,
        "table": drift.place.table,
        "column": drift.place.column,
        "was": None if drift.was is None else {"kind": drift.was.kind, "grade": drift.was.grade},
        "found": None if drift.found is None else {"kind": drift.found.kind, "grade": drift.found.grade},
        "held": list(drift.held),
    }
