"""Finding personal data in a text: every recogniser, then one kind for each place.

Rules enforced here:
- a text longer than 100,000 characters is refused, not cut: what was not looked at cannot be called free of personal data;
- a deadline that passes between two recognisers ends the scan as incomplete; an incomplete scan is graded highest;
- where findings overlap the likelier stays, then the more specific kind, then the longer;
- the answer holds places, never what stands there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from catalog.classify.errors import TextTooLongError
from catalog.classify.values.finding import Finding
from catalog.classify.values.normal import MAX_TEXT, halved, without_names
from catalog.classify.values.person import names
from catalog.classify.values.place import addresses
from catalog.classify.values.rules import recognisers


@dataclass(frozen=True, slots=True)
class Scan:
    """What a text holds; `is_complete` is False if time ran out, and then it may hold more."""

    findings: tuple[Finding, ...]
    is_complete: bool = True


def scan(
    text: str, today: date, *, kinds: Collection[str] | None = None, is_late: Callable[[], bool] = lambda: False
) -> Scan:
    """Find personal data in a text.

    Shape: `kinds` limits the search; `is_late` is asked between recognisers.
    Raises: TextTooLongError.
    """
    if len(text) > MAX_TEXT:
        raise TextTooLongError(MAX_TEXT)
    plain = halved(text)
    found: list[Finding] = []
    for run in _runs(plain, today, kinds):
        if is_late():
            return Scan(tuple(settled(found)), is_complete=False)
        found += run
    return Scan(tuple(settled(found)))


def _runs(text: str, today: date, kinds: Collection[str] | None) -> Iterator[Iterable[Finding]]:
    bare = without_names(text)
    for rule in recognisers().rules:
        if kinds is None or rule.kind in kinds:
            yield rule.findings(text, today, bare=bare)
    if kinds is None or "postal_address" in kinds:
        yield addresses(text)
    if kinds is None or "person_name" in kinds:
        yield names(text)


def settled(found: Iterable[Finding]) -> list[Finding]:
    """Keep one finding for each place, in the order of the text."""
    ranks = recognisers().ranks
    best = sorted(found, key=lambda one: (one.likelihood, ranks[one.kind], one.length), reverse=True)
    kept: list[Finding] = []
    taken: set[int] = set()
    for one in best:
        span = range(one.start, one.end)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
