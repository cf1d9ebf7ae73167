"""A sample of rows of bounded size, spread over all of a stream, the same in every run.

Every row is kept until the sample is full; then every other one is dropped and only every second row is taken from
there on, and so again (systematic sampling with a doubling step). Nothing is random, so a sample can be taken again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.classify.columns.neighbours import ColumnSample

MAX_COLUMNS: Final = 2000


@dataclass(frozen=True, slots=True)
class TableSample:
    """A table's columns with a sample of cells each.

    Attributes:
        rows: how many rows the table has; None where only an estimate exists or reading stopped before its end.
        is_headless: whether the first row looked like data, so that columns are called by their place.
    """

    name: str
    columns: tuple[ColumnSample, ...] = field(repr=False)
    rows: int | None
    is_headless: bool = False


def sampled(rows: Iterable[Sequence[object]], size: int) -> tuple[list[Sequence[object]], int]:
    """Take a sample of at most `size` rows; returns it and how many rows went by."""
    kept: list[Sequence[object]] = []
    step, seen = 1, 0
    for row in rows:
        if seen % step == 0:
            kept.append(row)
            if len(kept) > size:
                kept = kept[::2]
                step *= 2
        seen += 1
    return kept, seen


def as_columns(
    header: Sequence[str], rows: Sequence[Sequence[object]], comments: Sequence[str] = ()
) -> tuple[ColumnSample, ...]:
    """Turn rows into columns; a row that is too short has no cell there."""
    told = list(comments) + [""] * (len(header) - len(comments))
    return tuple(
        ColumnSample(name, [row[place] if place < len(row) else None for row in rows], told[place])
        for place, name in enumerate(header[:MAX_COLUMNS])
    )
