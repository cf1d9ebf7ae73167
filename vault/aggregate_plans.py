"""Differentially private aggregates as they are asked for: queries with public bounds, and what each costs.

Rules:
- bounds, units, categories and grids are part of the question: nothing about the answer's form is learnt from the data;
- numbers are counted in whole units, so that noise is drawn over integers and no floating-point remainder leaks
  (Mironov 2012);
- costs are integers, epsilon in millionths and delta in 10^-12, so that a budget adds up exactly.

Standard: epsilon-delta differential privacy (Dwork, Roth 2014), one row a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from vault.deid_errors import AggregatePlanError

MICRO: Final = 10**6
PICO: Final = 10**12
MOST_EPSILON: Final = 1000 * MICRO
MOST_DELTA: Final = PICO // 1000
MOST_QUERIES: Final = 50
MOST_CATEGORIES: Final = 200
MOST_STEPS: Final = 1000
MOST_UNITS: Final = 10**12
_MOST_DIGITS: Final = 20


class Query(StrEnum):
    """What can be asked."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    HISTOGRAM = "histogram"
    QUANTILE = "quantile"


class Noise(StrEnum):
    """What is added: discrete Laplace (delta 0), or discrete Gaussian."""

    LAPLACE = "laplace"
    GAUSSIAN = "gaussian"


_ALWAYS: Final = frozenset({"kind", "column", "epsilon", "delta", "noise"})
_BOUNDS: Final = frozenset({"lower", "upper", "unit"})
_OF_KIND: Final[Mapping[Query, frozenset[str]]] = {
    Query.COUNT: _ALWAYS,
    Query.SUM: _ALWAYS | _BOUNDS,
    Query.MEAN: _ALWAYS | _BOUNDS,
    Query.HISTOGRAM: _ALWAYS | {"categories"},
    Query.QUANTILE: _ALWAYS | _BOUNDS | {"at", "steps"},
}


@dataclass(frozen=True, slots=True)
class Cost:
    """A loss of privacy: epsilon in millionths, delta in 10^-12."""

    epsilon: int
    delta: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Both together (basic composition)."""
        return Cost(self.epsilon + other.epsilon, self.delta + other.delta)

    def fits(self, limit: "Cost") -> bool:
        """Whether it is within a limit."""
        return self.epsilon <= limit.epsilon and self.delta <= limit.delta

    def texts(self) -> dict[str, str]:
        """As people write it."""
        return {"epsilon": _text(self.epsilon, MICRO), "delta": _text(self.delta, PICO)}

    def said(self) -> str:
        """As it stands in a sentence; a delta of nothing is left out."""
        texts = self.texts()
        return f"epsilon {texts['epsilon']}" + (f", delta {texts['delta']}" if self.delta else "")


NOTHING: Final = Cost(0)


def short_of(cost: Cost, left: Cost) -> str:
    """The sentence of a refusal: what was asked for, and what there is."""
    return f"the aggregates cost {cost.said()}; left of the budget of this dataset and recipient is {left.said()}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One query.

    Attributes:
        column: what is summed up; None counts rows.
        lower, upper: bounds in whole units; values beyond count as the bound.
        categories: the values that are counted; all others are counted together.
        at: which quantile, in thousandths.
        steps: into how many steps the bounds are divided for a quantile.
    """

    kind: Query
    column: str | None
    cost: Cost
    noise: Noise = Noise.LAPLACE
    lower: int = 0
    upper: int = 0
    unit: Decimal = Decimal(1)
    categories: tuple[str, ...] = ()
    at: int = 500
    steps: int = 100

    @property
    def is_numeric(self) -> bool:
        """Whether it asks about numbers."""
        return self.kind in {Query.SUM, Query.MEAN, Query.QUANTILE}


def total(queries: Sequence[Asked]) -> Cost:
    """What queries cost together."""
    return sum((each.cost for each in queries), NOTHING)


def read_cost(document: Mapping[str, Any]) -> Cost:
    """Read epsilon, which must be there, and delta.

    Raises: AggregatePlanError.
    """
    problems: list[str] = []
    found = _cost(document, "", problems)
    if problems:
        raise AggregatePlanError(problems)
    return found


def read_queries(document: object) -> tuple[Asked, ...]:
    """Read queries from a parsed document.

    Shape: ``[{kind, column?, epsilon, delta?, noise?, lower?, upper?, unit?, categories?, at?, steps?}]``.
    Raises: AggregatePlanError.
    """
    if not isinstance(document, Sequence) or isinstance(document, str) or not 0 < len(document) <= MOST_QUERIES:
        raise AggregatePlanError([f"queries: a list of 1 to {MOST_QUERIES} queries is needed"])
    problems: list[str] = []
    found = [_query(entry, f"query {number + 1}: ", problems) for number, entry in enumerate(document)]
    if problems:
        raise AggregatePlanError(problems)
    return tuple(each for each in found if each is not None)


def _query(entry: object, place: str, problems: list[str]) -> Asked | None:
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(kind, str) or kind not in set(Query):
        problems.append(f"{place}kind is one of {', '.join(Query)}")
        return None
    query = Query(kind)
    given = {str(name): value for name, value in entry.items() if value is not None}
    if not set(given) <= _OF_KIND[query]:
        problems.append(f"{place}{query} has the members {', '.join(sorted(_OF_KIND[query]))}")
        return None
    before = len(problems)
    cost = _cost(given, place, problems)
    noise = _noise(given, query, cost, place=place, problems=problems)
    column = None if given.get("column") is None else str(given["column"])
    if column is None and query is not Query.COUNT:
        problems.append(f"{place}column is needed")
    more: dict[str, Any] = {}
    if "lower" in _OF_KIND[query]:
        more |= _bounds(given, place, problems)
    if query is Query.HISTOGRAM:
        more |= _categories(given, place, problems)
    if query is Query.QUANTILE:
        more |= _quantile(given, place, problems)
    return Asked(query, column, cost, noise, **more) if len(problems) == before else None


def _cost(given: Mapping[str, Any], place: str, problems: list[str]) -> Cost:
    epsilon, delta = (_decimal(given.get(name, 0)) for name in ("epsilon", "delta"))
    micro, pico = (None if each is None else each * scale for each, scale in ((epsilon, MICRO), (delta, PICO)))
    if micro is None or micro != int(micro) or not 0 < micro <= MOST_EPSILON:
        problems.append(f"{place}epsilon is above 0, at most {MOST_EPSILON // MICRO}, with six decimals at most")
        micro = Decimal(1)
    if pico is None or pico != int(pico) or not 0 <= pico <= MOST_DELTA:
        problems.append(f"{place}delta is from 0 to 0.001, with twelve decimals at most")
        pico = Decimal(0)
    return Cost(int(micro), int(pico))


def _noise(given: Mapping[str, Any], query: Query, cost: Cost, *, place: str, problems: list[str]) -> Noise:
    noise = given.get("noise", Noise.LAPLACE)
    if not isinstance(noise, str) or noise not in set(Noise):
        problems.append(f"{place}noise is one of {', '.join(Noise)}")
    elif noise == Noise.GAUSSIAN and (not cost.delta or query is Query.QUANTILE):
        problems.append(f"{place}gaussian noise needs a delta, and is not for quantiles")
    elif noise == Noise.LAPLACE and cost.delta:
        problems.append(f"{place}laplace noise costs no delta")
    else:
        return Noise(noise)
    return Noise.LAPLACE


def _bounds(given: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    lower, upper = _decimal(given.get("lower")), _decimal(given.get("upper"))
    unit = _decimal(given.get("unit", 1))
    if lower is None or upper is None or lower >= upper:
        problems.append(f"{place}lower and upper are numbers, the lower one first")
    elif unit is None or unit <= 0 or lower % unit or upper % unit:
        problems.append(f"{place}unit is a number above 0 that divides lower and upper")
    elif max(abs(lower), abs(upper)) / unit > MOST_UNITS:
        problems.append(f"{place}bounds are at most {MOST_UNITS} units")
    else:
        return {"lower": int(lower / unit), "upper": int(upper / unit), "unit": unit}
    return {}


def _categories(given: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    found = given.get("categories")
    fits = isinstance(found, list | tuple) and 0 < len(found) <= MOST_CATEGORIES
    if not fits or not all(isinstance(each, str | int) for each in found or ()):
        problems.append(f"{place}categories is a list of 1 to {MOST_CATEGORIES} values")
        return {}
    texts = tuple(category(each) for each in found or ())
    if len(set(texts)) != len(texts):
        problems.append(f"{place}a category is named twice")
    return {"categories": texts}


def _quantile(given: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    at, steps = _decimal(given.get("at", "0.5")), given.get("steps", 100)
    if at is None or not 0 <= at <= 1 or at * 1000 != int(at * 1000):
        problems.append(f"{place}at is from 0 to 1, with three decimals at most")
        return {}
    if type(steps) is not int or not 2 <= steps <= MOST_STEPS:
        problems.append(f"{place}steps is an integer from 2 to {MOST_STEPS}")
        return {}
    return {"at": int(at * 1000), "steps": steps}


def category(value: object) -> str:
    """A value as a category."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decimal(value: object) -> Decimal | None:
    """A number as it was written; None if it is none, or longer than any that makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > _MOST_DIGITS:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= _MOST_DIGITS else None


def _text(count: int, scale: int) -> str:
    text = f"{Decimal(count) / scale:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
