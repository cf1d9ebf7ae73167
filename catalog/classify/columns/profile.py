"""Counting what a sample of a column holds; nothing of a value stays but counts.

Rules enforced here:
- a cell is looked at in half-width form without blanks around it; equal cells are tested once and counted as often as
  they stand;
- a form is tried on the first 60 different cells; only forms that some of them have are tried on the rest;
- personal data inside long cells (an ID number in a remark) is counted by scanning a part of them like a text.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Final

from catalog.classify.columns.forms import Form, class_of, forms
from catalog.classify.columns.intervals import wilson
from catalog.classify.values.dates import is_day
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.normal import MAX_TEXT, halved
from catalog.classify.values.scanning import scan

PROBE: Final = 60
LONG: Final = 8
EXACT: Final = 1e15
SCANNED: Final = 200
LINE: Final = 4096
"""As much of a cell as samples keep of it."""
_MIDNIGHT: Final = re.compile(r"[T ]00:00(?::00(?:\.0{1,9})?)?\Z")
_MAYBE: Final = re.compile(r"[0-9]{4}|@|[一-龥].{2}")


@dataclass(frozen=True, slots=True)
class FormCount:
    """How many cells have a form; of those with a check digit, how many pass it."""

    form: Form
    matched: int
    passed: int
    failed: int

    @property
    def checked(self) -> int:
        """How many were put to a check digit."""
        return self.passed + self.failed


@dataclass(frozen=True, slots=True)
class Profile:
    """What a sample holds, as counts.

    Attributes:
        rows: cells sampled; filled: those that hold something; distinct: different ones among the filled.
        forms: by name, only those that some cell has.
        spread: bits of entropy of the first three signs of cells of one form (identifiers of people are spread widely,
            serial numbers narrowly).
        years: (lowest, median, highest) year of dates, None without dates.
        embedded: kind -> how many longer cells hold such a value inside; of `scanned` cells.
    """

    rows: int
    filled: int
    distinct: int
    forms: Mapping[str, FormCount]
    spread: float
    years: tuple[int, int, int] | None
    embedded: Mapping[str, int]
    scanned: int

    def rate(self, form: str) -> float:
        """The share of filled cells that have a form."""
        found = self.forms.get(form)
        return found.matched / self.filled if found and self.filled else 0.0

    def interval(self, form: str) -> tuple[float, float]:
        """The 95 % interval of that share."""
        found = self.forms.get(form)
        return wilson(found.matched if found else 0, self.filled)


def profile(cells: Iterable[object], today: date) -> Profile:
    """Count what a sample of cells holds. Shape: cells of any type; None and "" are empty."""
    rows = 0
    counts: Counter[str] = Counter()
    for cell in cells:
        rows += 1
        text = text_of(cell)
        if text:
            counts[text] += 1
    counted = _counted(counts, today)
    embedded, scanned = _embedded(counts, today)
    return Profile(
        rows=rows,
        filled=counts.total(),
        distinct=len(counts),
        forms=counted,
        spread=_spread(counts),
        years=_years(counts),
        embedded=embedded,
        scanned=scanned,
    )


def text_of(cell: object) -> str:
    """Return a cell as half-width text without blanks around it; "" for what holds nothing."""
    found = cell
    match cell:
        case None | bytes():
            found = ""
        case str():
            found = halved(cell).strip()
        case bool():
            found = int(cell)
        case float() if not math.isfinite(cell):
            found = ""
        case float() if cell.is_integer() and abs(cell) < EXACT:
            found = int(cell)
        case datetime():
            found = cell.isoformat(sep=" ")
    return str(found)


def _counted(counts: Counter[str], today: date) -> dict[str, FormCount]:
    groups: dict[str, list[str]] = {}
    for text in counts:
        groups.setdefault(class_of(text), []).append(text)
    tried = {kind: _likely(texts[:PROBE], kind, today) for kind, texts in groups.items()}
    found: dict[str, list[int]] = {}
    for kind, texts in groups.items():
        for form in tried[kind]:
            _count(form, texts, counts, today, found.setdefault(form.name, [0, 0, 0, 0]))
    known = forms()
    return {
        name: FormCount(known[name], sum(hits[1:]), hits[2], hits[3]) for name, hits in found.items() if any(hits[1:])
    }


def _likely(texts: Sequence[str], kind: str, today: date) -> list[Form]:
    """The forms that some of these cells have."""
    return [form for form in forms().values() if kind in form.classes and _has_any(form, texts, today)]


def _has_any(form: Form, texts: Sequence[str], today: date) -> bool:
    low, high, test = form.low, form.high, form.test
    return any(low <= len(text) <= high and test(text, today) for text in texts)


def _count(form: Form, texts: Sequence[str], counts: Counter[str], today: date, found: list[int]) -> None:
    low, high, test = form.low, form.high, form.test
    for text in texts:
        if low <= len(text) <= high:
            found[test(text, today)] += counts[text]


def _spread(counts: Counter[str]) -> float:
    """Entropy in bits of the first three signs."""
    heads: Counter[str] = Counter()
    for text in counts:
        heads[text[:3]] += 1
    total = heads.total()
    return -sum(n / total * math.log2(n / total) for n in heads.values()) if total else 0.0


def _years(counts: Counter[str]) -> tuple[int, int, int] | None:
    found = sorted(year for text in counts for year in _year(text))
    return (found[0], found[len(found) // 2], found[-1]) if found else None


def _year(text: str) -> Iterator[int]:
    text = _MIDNIGHT.sub("", text)
    if text[:4].isdecimal() and text[:2] in {"19", "20"} and 8 <= len(text) <= 11:
        digits = "".join(part.zfill(2) for part in _parts(text))
        if len(digits) == 8 and is_day(digits):
            yield int(text[:4])


def _parts(text: str) -> list[str]:
    for sign in "年月-/.":
        text = text.replace(sign, " ")
    return text.replace("日", "").split()


def _embedded(counts: Counter[str], today: date) -> tuple[dict[str, int], int]:
    """Count cells that hold identifiers among other words; they are scanned as one text, a line each."""
    longer = [text for text in counts if len(text) >= LONG and not text.isdecimal() and _MAYBE.search(text)][:SCANNED]
    found: set[tuple[str, int]] = set()
    for lines in _pages(longer):
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        for one in scan("\n".join(lines), today).findings:
            place = bisect_right(starts, one.start) - 1
            if one.likelihood >= Likelihood.LIKELY and one.length < len(lines[place]):
                found.add((one.kind, starts[place]))
    return dict(Counter(kind for kind, _ in found)), len(longer)


def _pages(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines in pages that one scan takes."""
    page: list[str] = []
    size = 0
    for line in lines:
        short = line.replace("\n", " ")[:LINE]
        if size + len(short) >= MAX_TEXT:
            yield page
            page, size = [], 0
        page.append(short)
        size += len(short) + 1
    if page:
        yield page
