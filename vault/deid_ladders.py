"""Ladders of ever coarser values, read from a plan.

Rules: each step only coarsens the one below it, which is checked when the plan is read; the last level of every ladder
says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any


class Step(StrEnum):
    """The kinds of ladders."""

    BINS = "bins"
    CUTS = "cuts"
    DATES = "dates"
    PREFIXES = "prefixes"
    HIERARCHY = "hierarchy"
    NONE = "none"


class Span(StrEnum):
    """What a date is coarsened to, finest first."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    DECADE = "decade"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps between a value as it is and nothing.

    Attributes:
        steps: widths, lists of edges, spans, lengths; of a hierarchy, the number of labels above a value.
        labels: of a hierarchy, the labels above each value, finest first.
        otherwise: of a hierarchy, the labels above a value that it does not name.
    """

    kind: Step = Step.NONE
    steps: tuple[Any, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    otherwise: tuple[str, ...] = ()
    origin: int = 0

    @property
    def height(self) -> int:
        """The number of the last level, which says nothing; level 0 is the value as it is."""
        return (self.steps[0] if self.kind is Step.HIERARCHY else len(self.steps)) + 1


def read_ladder(given: object) -> Ladder:
    """Read a ladder. Raises: ValueError."""
    if not isinstance(given, Mapping):
        raise ValueError("a ladder is a table of one kind: bins, cuts, dates, prefixes or hierarchy")  # noqa: TRY004  read as a problem of the plan
    extra = {"bins": {"origin"}, "hierarchy": {"otherwise"}}
    kinds = [str(name) for name in given if name in set(Step) - {Step.NONE}]
    if not given:
        return Ladder()
    if len(kinds) != 1 or not set(given) <= {kinds[0]} | extra.get(kinds[0], set()):
        raise ValueError("a ladder is a table of one kind: bins, cuts, dates, prefixes or hierarchy")
    kind, steps = Step(kinds[0]), given[kinds[0]]
    if kind is Step.HIERARCHY:
        return _hierarchy(steps, given.get("otherwise"))
    if not isinstance(steps, list | tuple) or not steps:
        raise ValueError(f"{kind} is a list of steps, finest first")
    readers = {Step.BINS: _bins, Step.CUTS: _cuts, Step.DATES: _dates, Step.PREFIXES: _prefixes}
    origin = given.get("origin", 0)
    if type(origin) is not int:
        raise ValueError("origin is an integer")
    return Ladder(kind, readers[kind](list(steps)), origin=origin)


def _bins(steps: list[Any]) -> tuple[int, ...]:
    if not all(type(width) is int and width > 0 for width in steps) or any(
        coarse <= fine or coarse % fine for fine, coarse in pairwise(steps)
    ):
        raise ValueError("bins are integer widths, each a multiple of the one before")
    return tuple(steps)


def _cuts(steps: list[Any]) -> tuple[tuple[float, ...], ...]:
    read = []
    for edges in steps:
        whole = isinstance(edges, list | tuple) and edges
        if not whole or not all(isinstance(edge, int | float) and type(edge) is not bool for edge in edges):
            raise ValueError("cuts are lists of edges")
        if any(high <= low for low, high in pairwise(edges)):
            raise ValueError("edges ascend")
        read.append(tuple(edges))
    if any(not set(coarse) < set(fine) for fine, coarse in pairwise(read)):
        raise ValueError("each list of edges is part of the one before")
    return tuple(read)


def _dates(steps: list[Any]) -> tuple[Span, ...]:
    if any(not isinstance(step, str) or step not in set(Span) for step in steps):
        raise ValueError(f"dates are steps of {', '.join(Span)}")
    order = [list(Span).index(Span(step)) for step in steps]
    if order != sorted(set(order)):
        raise ValueError("dates get coarser from step to step")
    return tuple(Span(step) for step in steps)


def _prefixes(steps: list[Any]) -> tuple[int, ...]:
    if not all(type(length) is int and length > 0 for length in steps) or any(
        coarse >= fine for fine, coarse in pairwise(steps)
    ):
        raise ValueError("prefixes are lengths, each shorter than the one before")
    return tuple(steps)


def _hierarchy(values: object, otherwise: object) -> Ladder:
    if not isinstance(values, Mapping) or not values:
        raise ValueError("a hierarchy is a table of values, each with the labels above it")
    labels = {str(value): _labels(above) for value, above in values.items()}
    others = () if otherwise is None else _labels(otherwise)
    heights = {len(above) for above in (*labels.values(), *([others] if others else []))}
    if len(heights) != 1:
        raise ValueError("every value of a hierarchy has equally many labels above it")
    for level in range(heights.copy().pop() - 1):
        above_of: dict[str, str] = {}
        for above in (*labels.values(), *([others] if others else [])):
            if above_of.setdefault(above[level], above[level + 1]) != above[level + 1]:
                raise ValueError("a label of a hierarchy has one label above it")
    return Ladder(Step.HIERARCHY, (heights.pop(),), labels=labels, otherwise=others)


def _labels(above: object) -> tuple[str, ...]:
    given = [above] if isinstance(above, str) else above
    if not isinstance(given, list | tuple) or not given or not all(isinstance(label, str) and label for label in given):
        raise ValueError("labels are texts, finest first")
    return tuple(given)
