"""Ids that were passed over: drawn from the sequence, but not committed when a higher id was seen.

Rules enforced here:
- such an id is looked for again in every step until it comes, or until no transaction can bring it any more;
- that is so when every transaction that was under way after the gap was seen has ended: none of the numbers and none
  of the virtual numbers noted then is left. The virtual ones are needed since a transaction draws an id an instant
  before it has a number of its own;
- and one more step has looked after that was known.

Cost: a sequence loses an id for each transaction that fails, so there are few; ranges, not single ids, are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lineage.store.leaves import InFlight


@dataclass(frozen=True, slots=True)
class Gap:
    """Ids from `first` to `last` that have not come; `noted` is what was under way after it was seen."""

    first: int
    last: int
    noted: InFlight | None = None
    is_ripe: bool = False


class Gaps:
    """What is missing below the highest id seen."""

    def __init__(self, high: int = 0, missing: Iterable[tuple[int, int]] = ()) -> None:
        self.high = high
        self._gaps = [Gap(first, last) for first, last in missing]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The ranges to look for, ascending."""
        return [(gap.first, gap.last) for gap in self._gaps]

    @property
    def low(self) -> int:
        """The id up to which nothing is missing."""
        return self._gaps[0].first - 1 if self._gaps else self.high

    def take(self, ids: Iterable[int], *, is_whole: bool) -> None:
        """Note what a step found, ascending; `is_whole`: it looked everywhere, not only for a first few."""
        found = list(ids)
        late = {number for number in found if number <= self.high}
        # What a whole look did not find in a ripe gap will never come.
        waiting = [gap for gap in self._gaps if not (gap.is_ripe and is_whole)]
        self._gaps = [part for gap in waiting for part in _without(gap, late)]
        for number in found:
            if number > self.high:
                if number > self.high + 1:
                    self._gaps.append(Gap(self.high + 1, number - 1))
                self.high = number

    def look(self, now: InFlight) -> None:
        """Note what is under way: new gaps remember it, old ones whose transactions have all ended become ripe."""
        self._gaps = [_looked(gap, now) for gap in self._gaps]


def _looked(gap: Gap, now: InFlight) -> Gap:
    if gap.noted is None:
        return replace(gap, noted=now)
    has_ended = now.lowest >= gap.noted.following and not gap.noted.virtual & now.virtual
    return replace(gap, is_ripe=True) if has_ended else gap


def _without(gap: Gap, ids: set[int]) -> Iterable[Gap]:
    first = gap.first
    for number in sorted(number for number in ids if gap.first <= number <= gap.last):
        if number > first:
            yield replace(gap, first=first, last=number - 1)
        first = number + 1
    if first <= gap.last:
        yield replace(gap, first=first)
