"""Equivalence classes: people who share a combination of quasi-identifiers, and what may be learnt of them.

Rules:
- people are counted by combination once; every further question is about combinations, not rows;
- a class with fewer than k people, fewer than l values of a sensitive column, or a distribution farther than t from
  that of all who are left, is left out whole;
- leaving out changes the distribution of those left, so t is asked again until nothing changes.

Standard: k-anonymity (Sweeney 2002), distinct l-diversity (Machanavajjhala 2007), t-closeness with the earth mover's
distance (Li 2007).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.bulk.columns import is_text
from vault.deid_errors import DeidDataError
from vault.deid_plans import DeidPlan, Distance, SensitiveColumn
from vault.deidentify.ladders import Column, as_numbers, encoded

MOST_ORDERED: Final = 10_000
SLACK: Final = 1e-9
_DENSE: Final = 1 << 22
_ROOM: Final = 1 << 62
Levels = tuple[int, ...]
Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A sensitive column by combination.

    Attributes:
        place, value, count: how many people of a combination have a value; one triple for each pair there is.
        is_ordered: whether values are numbered in their order, and far apart if their numbers are.
    """

    name: str
    place: Numbers
    value: Numbers
    count: Numbers
    values: int
    is_ordered: bool


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes at one combination of levels.

    Attributes:
        of: the class of each combination of values.
        sizes: people in each class.
        left: which classes stay.
    """

    of: Numbers
    sizes: Numbers
    left: NDArray[Any]

    @property
    def suppressed(self) -> int:
        """People in classes that are left out."""
        return int(self.sizes[~self.left].sum())


class People:
    """The people of a table by combination of quasi-identifiers.

    Attributes:
        rows: how many people there are.
        place_of: the combination of each row.
        counts: people of each combination.
    """

    def __init__(self, columns: Sequence[Column], plan: DeidPlan, sensitive: Mapping[str, Any]) -> None:
        """``sensitive``: the Arrow arrays of the sensitive columns.

        Raises: DeidDataError.
        """
        self.columns = tuple(columns)
        self.plan = plan
        self.rows = len(columns[0].codes)
        keys = keyed([column.levels[0][column.codes] for column in columns], [column.size(0) for column in columns])
        found, first, self.place_of = np.unique(keys, return_index=True, return_inverse=True)
        self.codes = [column.codes[first] for column in columns]
        self.counts = np.bincount(self.place_of, minlength=len(found))
        self.sensitive = tuple(self._sensitive(each, sensitive[each.column]) for each in plan.sensitive)
        self.spare = int(plan.max_suppressed * self.rows + SLACK)

    def at(self, levels: Levels) -> Numbers:
        """The class of each combination, numbered without gaps."""
        parts = [column.levels[level][codes] for column, level, codes in self._with(levels)]
        return numbered(keyed(parts, [column.size(level) for column, level, _ in self._with(levels)]))

    def holds(self, levels: Levels) -> bool:
        """Whether k and l hold once at most so many rows are left out as may be; true of all coarser levels then."""
        classes = self._large(levels)
        return classes.suppressed <= self.spare

    def classes(self, levels: Levels) -> Classes | None:
        """The classes in which k, l and t hold; None if too many rows would have to be left out, or all."""
        found = self._large(levels)
        while True:  # every turn leaves out a class more, or is the last
            if found.suppressed > self.spare or not found.left.any():
                return None
            far = self._far(found)
            if not far.any():
                return found
            found = Classes(found.of, found.sizes, found.left & ~far)

    def loss(self, levels: Levels) -> float | None:
        """What a combination of levels loses, 0 to 1: rows left out lose everything. None if it does not do."""
        found = self.classes(levels)
        return None if found is None else self.lost(levels, found)

    def lost(self, levels: Levels, classes: Classes) -> float:
        """What is lost with these classes left."""
        lost: Numbers = sum(self._lost(levels), np.zeros(len(self.counts)))
        kept = np.where(classes.left[classes.of], lost, 1.0)
        return float(kept @ self.counts) / self.rows

    def floors(self) -> list[list[float]]:
        """By column and level, what it loses at least: as if no row were left out."""
        return [
            [float(weight * (lost[codes] @ self.counts) / self.rows) for lost in column.losses]
            for column, codes, weight in zip(self.columns, self.codes, self._weights(), strict=True)
        ]

    def diversity(self, classes: Classes) -> dict[str, int]:
        """By sensitive column, the fewest values in any class that is left."""
        return {each.name: int(self._values(classes, each)[classes.left].min()) for each in self.sensitive}

    def closeness(self, classes: Classes) -> dict[str, float]:
        """By sensitive column, the farthest that any class that is left is from all who are left."""
        return {each.name: float(self._distances(classes, each)[classes.left].max()) for each in self.sensitive}

    def _with(self, levels: Levels) -> list[tuple[Column, int, Numbers]]:
        return list(zip(self.columns, levels, self.codes, strict=True))

    def _weights(self) -> list[float]:
        whole = sum(each.weight for each in self.plan.quasi)
        return [each.weight / whole for each in self.plan.quasi]

    def _lost(self, levels: Levels) -> list[Numbers]:
        weights = self._weights()
        return [
            weight * column.losses[level][codes]
            for (column, level, codes), weight in zip(self._with(levels), weights, strict=True)
        ]

    def _large(self, levels: Levels) -> Classes:
        """The classes in which k and l hold."""
        of = self.at(levels)
        sizes = np.bincount(of, weights=self.counts).astype(np.int64)
        left = sizes >= self.plan.k
        found = Classes(of, sizes, left)
        if self.plan.l is not None:
            for each in self.sensitive:
                left = left & (self._values(found, each) >= self.plan.l)
        return Classes(of, sizes, left)

    def _far(self, classes: Classes) -> NDArray[Any]:
        """Which classes that are left are farther than t from all who are left."""
        far: NDArray[Any] = np.zeros(len(classes.sizes), bool)
        if self.plan.t is None:
            return far
        for each in self.sensitive:
            far |= self._distances(classes, each) > self.plan.t + SLACK
        found: NDArray[Any] = far & classes.left
        return found

    def _values(self, classes: Classes, each: Sensitive) -> Numbers:
        """How many different values each class has."""
        pairs = np.unique(classes.of[each.place] * each.values + each.value)
        varied: Numbers = np.bincount(pairs // each.values, minlength=len(classes.sizes))
        return varied

    def _distances(self, classes: Classes, each: Sensitive) -> Numbers:
        """How far the distribution of each class is from that of all who are left."""
        of = classes.of[each.place]
        kept = classes.left[of]
        whole = np.bincount(each.value[kept], weights=each.count[kept], minlength=each.values)
        whole = whole / whole.sum()
        keys, inverse = np.unique(of * each.values + each.value, return_inverse=True)
        share = np.bincount(inverse, weights=each.count) / classes.sizes[keys // each.values]
        if each.is_ordered:
            return _ordered(keys // each.values, keys % each.values, share, whole=whole, classes=len(classes.sizes))
        wanted = whole[keys % each.values]
        beyond = np.bincount(keys // each.values, weights=np.abs(share - wanted) - wanted, minlength=len(classes.sizes))
        return (beyond + 1.0) / 2

    def _sensitive(self, plan: SensitiveColumn, array: Any) -> Sensitive:
        if plan.distance is Distance.ORDERED and is_text(array.type):
            array = as_numbers(array, plan.column)
        codes, values = encoded(array)
        count = max(1, len(values))
        can_order = len(values) > 0 and _has_order(values.type)
        is_ordered = plan.distance is Distance.ORDERED or (plan.distance is None and can_order)
        if is_ordered and not can_order:
            raise DeidDataError(plan.column, "not in an order: neither numbers nor dates", self.rows)
        if is_ordered and self.plan.t is not None and count > MOST_ORDERED:
            raise DeidDataError(plan.column, f"of more than {MOST_ORDERED} values", count)
        if is_ordered:
            codes = _ranks(values)[codes]
        pairs, counts = np.unique(self.place_of * count + codes, return_counts=True)
        return Sensitive(plan.column, pairs // count, pairs % count, counts, count, is_ordered)


def keyed(parts: Sequence[Numbers], sizes: Sequence[int]) -> Numbers:
    """One number for each combination of the parts; equal combinations have equal numbers, others different ones."""
    key: Numbers = np.zeros(len(parts[0]), np.int64)
    room = 1
    for part, size in zip(parts, sizes, strict=True):
        if room * size >= _ROOM:
            key = numbered(key)
            room = int(key.max()) + 1
        key = key * size + part
        room *= size
    return key


def numbered(keys: Numbers) -> Numbers:
    """The keys numbered without gaps, by a table where it is small, else by hashing."""
    if len(keys) and int(keys.max()) < 4 * len(keys) + 1024:
        there = np.zeros(int(keys.max()) + 1, bool)
        there[keys] = True
        numbers: Numbers = (np.cumsum(there) - 1)[keys]
        return numbers
    found: Numbers = pa.array(keys).dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


def _has_order(kind: Any) -> bool:
    of = pa.types
    return bool(of.is_integer(kind) or of.is_floating(kind) or of.is_decimal(kind) or of.is_temporal(kind))


def _ranks(values: Any) -> Numbers:
    """The place of each value in the order of all; an empty cell comes first."""
    order = pc.array_sort_indices(values, null_placement="at_start").to_numpy()
    ranks = np.empty(len(values), np.int64)
    ranks[order] = np.arange(len(values))
    return ranks


def _ordered(of: Numbers, value: Numbers, share: Numbers, *, whole: Numbers, classes: int) -> Numbers:
    """The ordered distance: what must be moved how far, over the farthest there is; classes in pieces that fit."""
    values = len(whole)
    distances = np.zeros(classes)
    if values < 2:
        return distances
    piece = max(1, _DENSE // values)
    starts = np.searchsorted(of, np.arange(0, classes + piece, piece))
    for number, (begin, end) in enumerate(pairwise(starts)):
        first = number * piece
        dense = np.zeros((min(piece, classes - first), values))
        dense[of[begin:end] - first, value[begin:end]] = share[begin:end]
        distances[first : first + len(dense)] = np.abs(np.cumsum(dense - whole, axis=1)).sum(axis=1) / (values - 1)
    return distances
