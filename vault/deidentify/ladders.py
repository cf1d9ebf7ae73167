"""The levels of a quasi-identifier: which values of a column become one at each of them.

Rules:
- level 0 is the value as it is, the last level says nothing (`*`); an empty cell stays empty until then;
- each level is a function of the one below: rows that were alike stay alike;
- a cell that its ladder cannot read stops the run; how many there are is told, never what stands in them;
- work is done once for each different value of a column, not for each row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.bulk.columns import is_text
from vault.deid_errors import DeidDataError
from vault.deid_ladders import Ladder, Span, Step
from vault.deid_plans import QuasiColumn

NOTHING: Final = "*"
CHINA: Final = ZoneInfo("Asia/Shanghai")
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]+)?$"
_MONTHS: Final = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12, Span.DECADE: 120}
Labels = list[str | None]


@dataclass(frozen=True, slots=True)
class Column:
    """A quasi-identifier by codes.

    Attributes:
        codes: of each row, the number of its value.
        levels: of each level, the number of its label by the number of the value; finer to coarser.
        labels: of each level but the first, its labels.
        losses: of each level, how much of what the column tells is lost, by the number of the value: 0 to 1.
    """

    name: str
    codes: NDArray[Any]
    levels: tuple[NDArray[Any], ...]
    labels: tuple[Labels, ...]
    losses: tuple[NDArray[Any], ...]

    def size(self, level: int) -> int:
        """How many labels a level has."""
        return int(self.levels[level].max()) + 1 if len(self.levels[level]) else 1

    def generalised(self, level: int, codes: NDArray[Any]) -> Any:
        """The labels of a level above the first for rows with these codes, as an Arrow array."""
        return pa.array(self.labels[level], pa.string()).take(pa.array(self.levels[level][codes]))


def make_column(array: Any, plan: QuasiColumn) -> Column:
    """Prepare the levels of an Arrow array.

    Raises: DeidDataError: cells that the ladder cannot read.
    """
    codes, values = encoded(array)
    names, numbers = _labels_of(plan, values, codes)
    top = np.zeros(len(values), np.int64)
    levels = (np.arange(len(values), dtype=np.int64), *numbers, top)
    labels: tuple[Labels, ...] = ([], *names, [NOTHING])
    losses = tuple(_loss(level) for level in levels[:-1])
    return Column(plan.column, codes, levels, labels, (*losses, np.ones(len(values))))


def encoded(array: Any) -> tuple[NDArray[Any], Any]:
    """The number of each row's value, and the different values; an empty cell is a value, and NaN is empty."""
    flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(flat.type):
        flat = flat.dictionary_decode()
    if pa.types.is_floating(flat.type):
        flat = pc.if_else(pc.is_nan(flat), pa.scalar(None, flat.type), flat)
    made = flat.dictionary_encode(null_encoding="encode")
    return made.indices.to_numpy(zero_copy_only=False).astype(np.int64), made.dictionary


def as_numbers(array: Any, column: str) -> Any:
    """A column as an Arrow array of numbers; empty cells stay empty.

    Raises: DeidDataError: cells that are not numbers.
    """
    codes, values = encoded(array)
    numbers = pa.array(_Values(column, values, codes).numbers(), mask=np.asarray(values.is_null(), bool))
    return numbers.take(pa.array(codes))


def _loss(level: NDArray[Any]) -> NDArray[Any]:
    """By value, the share of the other values it can no longer be told from."""
    if len(level) < 2:
        return np.zeros(len(level))
    lost: NDArray[Any] = (np.bincount(level)[level] - 1) / (len(level) - 1)
    return lost


def _labels_of(plan: QuasiColumn, values: Any, codes: NDArray[Any]) -> tuple[list[Labels], list[NDArray[Any]]]:
    makers: dict[Step, Callable[[Ladder, _Values], list[Labels | _Keyed]]] = {
        Step.BINS: _bins,
        Step.CUTS: _cuts,
        Step.DATES: _dates,
        Step.PREFIXES: _prefixes,
        Step.HIERARCHY: _hierarchy,
    }
    if plan.ladder.kind is Step.NONE:
        return [], []
    made = makers[plan.ladder.kind](plan.ladder, _Values(plan.column, values, codes))
    named = [_numbered(each) for each in made]
    return [labels for labels, _ in named], [numbers for _, numbers in named]


@dataclass(frozen=True, slots=True)
class _Keyed:
    """Labels by key: one key for each value, one label for each different key."""

    keys: NDArray[Any]
    is_null: NDArray[Any]
    label: Callable[[int], str]


def _numbered(made: "Labels | _Keyed") -> tuple[Labels, NDArray[Any]]:
    """Different labels, and the number of each value's label."""
    if isinstance(made, list):
        numbers: dict[str | None, int] = {}
        codes = np.array([numbers.setdefault(label, len(numbers)) for label in made], np.int64)
        return list(numbers), codes
    found, codes = np.unique(made.keys[~made.is_null], return_inverse=True)
    labels: Labels = [made.label(int(key)) for key in found]
    numbered = np.full(len(made.keys), len(labels), np.int64)
    numbered[~made.is_null] = codes
    return ([*labels, None], numbered) if made.is_null.any() else (labels, numbered)


@dataclass(frozen=True, slots=True)
class _Values:
    """The different values of a column."""

    column: str
    values: Any
    codes: NDArray[Any]

    @property
    def is_null(self) -> NDArray[Any]:
        return np.asarray(self.values.is_null())

    def refuse(self, wrong: Sequence[bool] | NDArray[Any], fault: str) -> None:
        """Stop if some values are wrong, counting their rows."""
        flags = np.asarray(wrong, bool)
        if flags.any():
            raise DeidDataError(self.column, fault, int(flags[self.codes].sum()))

    def numbers(self) -> NDArray[Any]:
        """As numbers; empty ones as 0."""
        kind = self.values.type
        if is_text(kind):
            right = pc.match_substring_regex(self.values, _NUMBER).fill_null(fill_value=True)
            self.refuse(~np.asarray(right), "not a number")
        elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            self.refuse(~self.is_null, "not a number")
            return np.zeros(len(self.values))
        found: NDArray[Any] = self.values.cast(pa.float64(), safe=False).fill_null(0.0).to_numpy(zero_copy_only=False)
        self.refuse(~np.isfinite(found) | (np.abs(found) > 2**53), "too large a number")
        return found

    def months(self) -> NDArray[Any]:
        """As months since 1970; empty ones as 0."""
        kind = self.values.type
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            days = _in_china(self.values).cast(pa.date32(), safe=False).cast(pa.int32()).fill_null(0)
            whole = days.to_numpy(zero_copy_only=False).astype("M8[D]")
        else:
            read = [_day(text) for text in self.texts("not a date")]
            self.refuse([day is None for day in read] & ~self.is_null, "not a date")
            whole = np.array([day or date(1970, 1, 1) for day in read], "M8[D]")
        found: NDArray[Any] = whole.astype("M8[M]").astype(np.int64)
        return found

    def texts(self, fault: str = "not a text") -> Labels:
        """As texts; integers are written out."""
        kind = self.values.type
        if not (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind) or pa.types.is_boolean(kind)):
            self.refuse(~self.is_null, fault)
        found: Labels = self.values.cast(pa.string()).to_pylist()
        return found


def _in_china(values: Any) -> Any:
    """Instants with a zone as the time in China, others as they are."""
    if not pa.types.is_timestamp(values.type) or values.type.tz is None:
        return values
    return pc.local_timestamp(values.cast(pa.timestamp(values.type.unit, CHINA.key)))


def _day(text: str | None) -> date | None:
    """A date written YYYY-MM-DD, or the date of an instant, in China if it has a zone."""
    if text is None:
        return None
    try:
        if len(text) == len("YYYY-MM-DD"):
            return date.fromisoformat(text)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is None else at.astimezone(CHINA)).date()
    except (ValueError, OverflowError):
        return None


def _bins(ladder: Ladder, given: _Values) -> list[Labels | _Keyed]:
    numbers, is_null = given.numbers(), given.is_null
    finest = ladder.steps[0]
    base = np.floor((numbers - ladder.origin) / finest).astype(np.int64)

    def step(width: int) -> _Keyed:
        def label(key: int) -> str:
            low = key * width + ladder.origin
            return f"[{low},{low + width})"

        return _Keyed(base // (width // finest), is_null, label)

    return [step(width) for width in ladder.steps]


def _cuts(ladder: Ladder, given: _Values) -> list[Labels | _Keyed]:
    numbers, is_null = given.numbers(), given.is_null

    def step(edges: tuple[float, ...]) -> _Keyed:
        def label(key: int) -> str:
            if key == 0:
                return f"<{edges[0]}"
            return f">={edges[-1]}" if key == len(edges) else f"[{edges[key - 1]},{edges[key]})"

        return _Keyed(np.searchsorted(np.array(edges), numbers, side="right"), is_null, label)

    return [step(edges) for edges in ladder.steps]


def _dates(ladder: Ladder, given: _Values) -> list[Labels | _Keyed]:
    months, is_null = given.months(), given.is_null
    since_0 = months + 1970 * 12

    def step(span: Span) -> _Keyed:
        def label(key: int) -> str:
            year, month = divmod(key * _MONTHS[span], 12)
            match span:
                case Span.MONTH:
                    return f"{year:04d}-{month + 1:02d}"
                case Span.QUARTER:
                    return f"{year:04d}-Q{month // 3 + 1}"
                case Span.YEAR:
                    return f"{year:04d}"
                case Span.DECADE:
                    return f"{year:04d}-{year + 9:04d}"

        return _Keyed(since_0 // _MONTHS[span], is_null, label)

    return [step(span) for span in ladder.steps]


def _prefixes(ladder: Ladder, given: _Values) -> list[Labels | _Keyed]:
    texts = given.texts()
    return [
        [None if text is None else text[:length] + NOTHING * (len(text) - length) for text in texts]
        for length in ladder.steps
    ]


def _hierarchy(ladder: Ladder, given: _Values) -> list[Labels | _Keyed]:
    texts = given.texts()
    above = [() if text is None else ladder.labels.get(text, ladder.otherwise) for text in texts]
    given.refuse(
        [not labels and text is not None for labels, text in zip(above, texts, strict=True)], "not in the hierarchy"
    )
    return [[labels[level] if labels else None for labels in above] for level in range(ladder.height - 1)]
