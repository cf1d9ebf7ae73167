"""What the columns of a table say of one another.

Rows are compared side by side and only counted: a date equal to the birth date inside the row's ID number, a code that
follows the sex inside it. So a birth date is found under any name, and a gender written 1 and 2.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from catalog.classify.columns.deciding import decide
from catalog.classify.columns.evidence import Verdict
from catalog.classify.columns.profile import profile, text_of
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.normal import compact

ENOUGH: Final = 8
SHARE: Final = 0.95
IDS: Final = frozenset(
    {"id_card_no", "hmt_residence_permit", "foreigner_permit", "driver_licence_no", "social_security_no"}
)
DATES: Final = frozenset({"timestamp", "account_registered_at", "order_no", "free_text", "birth_date"})
CODES: Final = frozenset({"flag", "category_code", "quantity", "status_code", "label", "gender"})


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnSample:
    """A column as it was sampled: its name, cells in the rows' order, and its comment where the source has one."""

    name: str
    cells: Sequence[object] = dataclasses.field(repr=False)
    comment: str = ""


def classify_table(columns: Sequence[ColumnSample], today: date) -> dict[str, Verdict]:
    """Classify the columns of one table together. Shape: cells of one place in all columns are of one row."""
    found = {
        column.name: decide(
            profile(column.cells, today),
            [column.name, column.comment] if column.comment else [column.name],
            today_year=today.year,
        )
        for column in columns
    }
    ids = [column for column in columns if found[column.name].kind in IDS]
    if ids:
        for column in columns:
            found[column.name] = _beside(found[column.name], column, ids[0])
    return found


def _beside(verdict: Verdict, column: ColumnSample, ids: ColumnSample) -> Verdict:
    if verdict.kind in DATES and verdict.basis != "name and values":
        return _linked(verdict, "birth_date", _birth_pairs(column, ids))
    if (
        verdict.kind in CODES
        and verdict.kind != "gender"
        and verdict.basis != "name and values"
        and verdict.evidence.distinct <= 3
    ):
        return _linked(verdict, "gender", _sex_pairs(column, ids))
    return verdict


def _linked(verdict: Verdict, kind: str, counts: tuple[int, int]) -> Verdict:
    agreeing, compared = counts
    if compared < ENOUGH or agreeing / compared < SHARE:
        return verdict
    evidence = dataclasses.replace(verdict.evidence, neighbours={kind: agreeing})
    return Verdict(kind, Likelihood.VERY_LIKELY, "neighbours", evidence)


def _pairs(column: ColumnSample, ids: ColumnSample) -> list[tuple[str, str]]:
    both = zip(column.cells, ids.cells, strict=False)
    pairs = [(text_of(cell), compact(text_of(number))) for cell, number in both]
    return [(cell, number) for cell, number in pairs if cell and len(number) == 18]


def _birth_pairs(column: ColumnSample, ids: ColumnSample) -> tuple[int, int]:
    pairs = _pairs(column, ids)
    agreeing = sum(_digits(cell) == number[6:14] for cell, number in pairs)
    return agreeing, len(pairs)


def _sex_pairs(column: ColumnSample, ids: ColumnSample) -> tuple[int, int]:
    """How many rows follow the commonest pairing of a code with odd and even sequence numbers."""
    pairs = [(cell, number[16] in "13579") for cell, number in _pairs(column, ids) if number[16].isdecimal()]
    codes = sorted({cell for cell, _ in pairs})
    if len(codes) < 2:
        return 0, len(pairs)
    male: Mapping[str, float] = {
        code: sum(odd for cell, odd in pairs if cell == code) / sum(cell == code for cell, _ in pairs) for code in codes
    }
    if len({share > MALE for share in male.values()}) < 2:
        return 0, len(pairs)
    return sum((male[cell] > MALE) == odd for cell, odd in pairs), len(pairs)


MALE: Final = 0.5


def _digits(cell: str) -> str:
    head = cell[:10]
    for sign in "年月-/.":
        head = head.replace(sign, " ")
    return "".join(part.zfill(2) for part in head.replace("日", "").split()) if " " in head else head[:8]
