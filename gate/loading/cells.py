"""Reading cells: text (CSV) and typed values (Parquet, JSON) as values of a feature's type.

Rules:
- a text is a literal of the type or refused: no spaces, thousands separators, exponents, "yes" or "TRUE";
- a typed value is of the type or refused; two gentle readings for what table tools write: a whole float is an
  integer, a decimal is a number;
- integers and numbers have at most 15 digits before the point, so that JSON carries them exactly;
- texts have at most 1,000 characters, no control characters, and are UTF-8;
- an instant is RFC 3339 with a time zone, or a date, which is its beginning in China; a bare local time is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from catalog.shapes import Scalar, ValueType, parse_literal
from gate.facts import EPOCH, microseconds
from gate.registering.ages import CHINA

MAX_TEXT: Final = 1000
MAX_NUMBER: Final = 10**15
_UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

Reader = Callable[[object], Scalar]
"""Gives a value of one type. Raises: CellRefusal."""


class CellFault(StrEnum):
    """What may be wrong with a row or one of its cells."""

    MALFORMED = "malformed"
    COLUMNS = "columns"
    NOT_INTEGER = "not_integer"
    NOT_NUMBER = "not_number"
    NOT_BOOLEAN = "not_boolean"
    NOT_DATE = "not_date"
    NOT_STRING = "not_string"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    NOT_INSTANT = "not_instant"
    IN_FUTURE = "in_future"
    IDENTIFIER = "identifier"
    HELD_BACK = "held_back"
    SUBJECT_MISSING = "subject_missing"
    SUBJECT_MALFORMED = "subject_malformed"
    SUBJECT_UNKNOWN = "subject_unknown"
    SUBJECT_AMBIGUOUS = "subject_ambiguous"
    SUBJECT_UNREADABLE = "subject_unreadable"


class CellRefusal(ValueError):  # noqa: N818 - never leaves this package: it becomes a line of the report
    """A cell that is not what its column holds; says which fault, never the cell."""

    def __init__(self, fault: CellFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


_TYPE_FAULTS: Final = {
    ValueType.INTEGER: CellFault.NOT_INTEGER,
    ValueType.NUMBER: CellFault.NOT_NUMBER,
    ValueType.BOOLEAN: CellFault.NOT_BOOLEAN,
    ValueType.DATE: CellFault.NOT_DATE,
    ValueType.STRING: CellFault.NOT_STRING,
}


def reader(kind: ValueType, *, is_text: bool) -> Reader:
    """The reader of a column of one type; "" and None are not for it: they are no value."""
    if kind is ValueType.STRING:
        return _string
    fault = _TYPE_FAULTS[kind]

    def read_text(cell: object) -> Scalar:
        try:
            return parse_literal(str(cell), kind)
        except ValueError:
            raise CellRefusal(fault) from None

    def read_typed(cell: object) -> Scalar:
        if isinstance(cell, str) and kind is ValueType.DATE:
            return read_text(cell)
        value = _typed(cell, kind)
        if value is None:
            raise CellRefusal(fault)
        return value

    return read_text if is_text else read_typed


def instant_us(cell: object) -> int:
    """Microseconds since 1970 of an instant or date, as text or typed.

    Raises: CellRefusal: it is neither, or before 1970.
    """
    try:
        at = _instant(cell)
    except (ValueError, OverflowError):
        raise CellRefusal(CellFault.NOT_INSTANT) from None
    if at < EPOCH:
        raise CellRefusal(CellFault.NOT_INSTANT)
    return microseconds(at)


def _instant(cell: object) -> datetime:
    if isinstance(cell, str):
        if _INSTANT.fullmatch(cell):
            return datetime.fromisoformat(cell.upper()).astimezone(UTC)
        if _DATE.fullmatch(cell):
            cell = date.fromisoformat(cell)
    if isinstance(cell, datetime):
        if cell.utcoffset() is not None:
            return cell.astimezone(UTC)
    elif isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=CHINA).astimezone(UTC)
    raise ValueError


def _string(cell: object) -> Scalar:
    if not isinstance(cell, str):
        raise CellRefusal(CellFault.NOT_STRING)
    if len(cell) > MAX_TEXT:
        raise CellRefusal(CellFault.TOO_LONG)
    if _UNFIT.search(cell):
        raise CellRefusal(CellFault.CHARACTERS)
    return cell


def _typed(cell: object, kind: ValueType) -> Scalar:
    """The cell as a value of the type, None if it is not one."""
    match cell:
        case bool():
            return cell if kind is ValueType.BOOLEAN else None
        case datetime():
            return None
        case date():
            return cell.isoformat() if kind is ValueType.DATE else None
        case int() | float() | Decimal():
            return _numeric(cell, kind) if kind in (ValueType.INTEGER, ValueType.NUMBER) else None
        case _:
            return None


def _numeric(cell: float | Decimal, kind: ValueType) -> Scalar:
    if not math.isfinite(cell) or not -MAX_NUMBER < cell < MAX_NUMBER:
        return None
    if kind is ValueType.INTEGER:
        return int(cell) if cell == int(cell) else None
    return cell if isinstance(cell, int) else float(cell)
