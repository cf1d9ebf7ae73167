"""A sample of rows of bounded size, spread over all of a stream, the same in every run.

Every row is kept until the sample is full; then every other one is dropped and only every second row is taken from
there on, and so again (systematic sampling with a doubling step). Nothing is random, so a sample can be taken again. Of
a long text its beginning is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.classify.columns.neighbours import ColumnSample
from catalog.classify.errors import SourceRefusedError

MAX_COLUMNS: Final = 20_000
MAX_NAME: Final = 200
MAX_CELL: Final = 4096


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
            kept.append([short(cell) for cell in row])
            if len(kept) > size:
                kept = kept[::2]
                step *= 2
        seen += 1
    return kept, seen


def short(cell: object) -> object:
    """Cut a long text, so that a sample of long ones stays small; bytes are not read."""
    if isinstance(cell, str):
        return cell[:MAX_CELL]
    return None if isinstance(cell, bytes | bytearray | memoryview) else cell


def as_columns(
    source: str, header: Sequence[str], rows: Sequence[Sequence[object]], comments: Sequence[str] = ()
) -> tuple[ColumnSample, ...]:
    """Turn rows into columns, each with a name of its own; a row that is too short has no cell there.

    Raises: SourceRefusedError: more columns than are classified at once.
    """
    if len(header) > MAX_COLUMNS:
        raise SourceRefusedError(source, f"more than {MAX_COLUMNS} columns", f"超过 {MAX_COLUMNS} 列")
    told = list(comments) + [""] * (len(header) - len(comments))
    return tuple(
        ColumnSample(name, [row[place] if place < len(row) else None for row in rows], told[place])
        for place, name in enumerate(own_names(header))
    )


def own_names(header: Sequence[str]) -> list[str]:
    """Names of columns without blanks and doubles: a blank one is called by its place, a second `a` is `a (2)`."""
    cut = [name[:MAX_NAME] for name in header]
    taken, seen, counts = frozenset(cut), set[str](), dict[str, int]()
    found: list[str] = []
    for place, given in enumerate(cut, start=1):
        name = base = given or f"column_{place}"
        if base in seen or (not given and base in taken):
            number = counts.get(base, 1) + 1
            while f"{base} ({number})" in taken:
                number += 1
            counts[base] = number
            name = f"{base} ({number})"
        seen.add(name)
        found.append(name)
    return found
