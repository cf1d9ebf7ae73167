"""The query log of 征信业管理条例 22: who asked, when, for what, why; one line for each read, refused ones as well.

Rules: rows come from the ledger alone; people stand in them by pseudonym; a cell never begins with a character that a
spreadsheet would take for a formula.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import json

from lineage.kinds import Kind
from lineage.queries import FoundEntry

COLUMNS = (
    "entry",
    "at",
    "party",
    "client",
    "actor_role",
    "actor",
    "subject",
    "outcome",
    "mode",
    "released",
    "denied",
    "purpose",
    "product",
    "basis",
    "grants",
    "policy",
    "digest",
)
_FORMULA = ("=", "+", "-", "@")


class Format(StrEnum):
    """How the log is written."""

    CSV = "csv"
    JSONL = "jsonl"


def row_of(entry: FoundEntry) -> Mapping[str, Any] | None:
    """A read as a row; None for any other entry."""
    body: Mapping[str, Any] = entry.document
    if body["kind"] != Kind.READ:
        return None
    features: Mapping[str, Any] = body["features"]
    return {
        "entry": entry.id,
        "at": body["at"],
        "party": body["party"],
        "client": body["client"],
        "actor_role": body["actor"]["role"],
        "actor": body["actor"]["id"],
        "subject": body["subject"],
        "outcome": body["outcome"],
        "mode": body["mode"],
        "released": {name: form for name, form in sorted(features.items()) if isinstance(form, str)},
        "denied": {name: codes for name, codes in sorted(features.items()) if not isinstance(codes, str)},
        "purpose": body["purpose"],
        "product": body["product"],
        "basis": body["basis"],
        "grants": [grant["id"] for grant in body["grants"]],
        "policy": body["policy"],
        "digest": entry.digest.hex(),
    }


def written(rows: Iterable[Mapping[str, Any]], form: Format) -> Iterator[str]:
    """The lines of rows in a format; see `heading` for what stands above them."""
    for row in rows:
        if form is Format.JSONL:
            yield json.encode(row).decode() + "\n"
        else:
            yield _csv([_cell(row[name]) for name in COLUMNS])


def heading(form: Format) -> str:
    """What stands above the rows: the columns of CSV."""
    return _csv(COLUMNS) if form is Format.CSV else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        text = " ".join(f"{name}={_joined(part)}" for name, part in value.items())
    else:
        text = _joined(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _joined(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _csv(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
