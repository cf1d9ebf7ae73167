"""The mechanisms: from queries and one value a person to answers with noise.

Rules:
- the caller gives each person's value at most once; the answer hides whether any one person is there at all
  (neighbours differ by one row, added or removed);
- the scale of the noise is the least, to a millionth, for which OpenDP's own privacy map stays within the cost;
- values are clamped into their bounds and counted in whole units before they reach a mechanism;
- what is made of a noisy number afterwards (a mean, a bound) costs nothing more.

This is the only place that imports OpenDP.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import opendp.prelude as dp

from vault.aggregate_plans import MICRO, PICO, Asked, Cost, Noise, Query, category
from vault.deid_errors import AggregatePlanError

CONFIDENCE: Final = 0.05
INTEGER: Final = "i64"  # OpenDP's own choice for Python's integers is 32 bits, which sums would fill
LEAST_SCALE: Final = 2.0**-20
MOST_SCALE: Final = 2.0**80
PRECISION: Final = 1e-6
_MEAN_DIGITS: Final = Decimal("0.0001")
Measurement = Any
Make = Callable[[float], Measurement]

dp.enable_features("contrib")  # OpenDP's name for what is not formally proved yet; all of its constructors are


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer.

    Attributes:
        numbers: one, or of a histogram one for each category and one for all other values.
        accuracy: with 95 in 100 each number is at most this far from the truth; None where that depends on the data.
    """

    numbers: tuple[Decimal, ...]
    accuracy: Decimal | None


def answer(query: Asked, values: Iterable[Any]) -> Answered:
    """Answer a query about values, one a person; None is no value, and so is what is no number where one is asked.

    Raises: AggregatePlanError: OpenDP cannot make it within the cost.
    """
    match query.kind:
        case Query.COUNT:
            return _count(query, values)
        case Query.HISTOGRAM:
            return _histogram(query, values)
        case Query.SUM:
            return _sum(query, _units(query, values))
        case Query.MEAN:
            return _mean(query, _units(query, values))
        case Query.QUANTILE:
            return _quantile(query, _units(query, values))


def _units(query: Asked, values: Iterable[Any]) -> list[int]:
    """Numbers in whole units, within the bounds."""
    found = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != value:  # noqa: PLR0124  NaN
            continue
        if value >= query.upper * query.unit:
            found.append(query.upper)
        elif value <= query.lower * query.unit:
            found.append(query.lower)
        else:
            units = (Decimal(str(value)) / query.unit).to_integral_value(ROUND_HALF_EVEN)
            found.append(min(query.upper, max(query.lower, int(units))))
    return found


def _integers() -> tuple[Any, Any]:
    return dp.vector_domain(dp.atom_domain(T=INTEGER)), dp.symmetric_distance()


def _count(query: Asked, values: Iterable[Any]) -> Answered:
    rows = [1 for value in values if value is not None]
    made = _measured(query.noise, query.cost, lambda: _integers() >> dp.t.then_count(TO=INTEGER))
    return Answered((Decimal(made.draw(rows)),), made.accuracy)


def _histogram(query: Asked, values: Iterable[Any]) -> Answered:
    texts = [category(value) for value in values if value is not None]
    space = dp.vector_domain(dp.atom_domain(T=str)), dp.symmetric_distance()
    metric = f"{'L1' if query.noise is Noise.LAPLACE else 'L2'}Distance<{INTEGER}>"
    categories = list(query.categories)
    made = _measured(
        query.noise,
        query.cost,
        lambda: (
            space >> dp.t.then_count_by_categories(categories=categories, null_category=True, MO=metric, TOA=INTEGER)
        ),
    )
    return Answered(tuple(Decimal(number) for number in made.draw(texts)), made.accuracy)


def _sum(query: Asked, units: Sequence[int]) -> Answered:
    made = _summed(query.noise, query.cost, query.lower, query.upper)
    return Answered((made.draw(units) * query.unit,), _times(made.accuracy, query.unit))


def _mean(query: Asked, units: Sequence[int]) -> Answered:
    """Half of the cost for the sum of differences from the middle of the bounds, half for the count."""
    half, rest = Cost(query.cost.epsilon // 2, query.cost.delta // 2), query.cost
    other = Cost(rest.epsilon - half.epsilon, rest.delta - half.delta)
    middle = (query.lower + query.upper) // 2
    summed = _summed(query.noise, half, query.lower - middle, query.upper - middle)
    counted = _measured(query.noise, other, lambda: _integers() >> dp.t.then_count(TO=INTEGER))
    rows = max(1, counted.draw(units))
    mean = middle + Decimal(summed.draw([each - middle for each in units])) / rows
    inside = min(Decimal(query.upper), max(Decimal(query.lower), mean))
    return Answered((inside.quantize(_MEAN_DIGITS) * query.unit,), None)


def _quantile(query: Asked, units: Sequence[int]) -> Answered:
    width = query.upper - query.lower
    grid = sorted({query.lower + width * step // query.steps for step in range(query.steps + 1)})

    def make(scale: float) -> Measurement:
        return dp.m.make_private_quantile(
            *_integers(), dp.max_divergence(), candidates=grid, alpha=query.at / 1000, scale=scale
        )

    measurement, _ = _calibrated(make, query.cost, Noise.LAPLACE)
    return Answered((Decimal(measurement(list(units))) * query.unit,), None)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A mechanism within its cost."""

    measurement: Measurement
    accuracy: Decimal

    def draw(self, rows: Sequence[Any]) -> Any:
        """Draw the noise once."""
        return self.measurement(list(rows))


def _summed(noise: Noise, cost: Cost, lower: int, upper: int) -> _Measured:
    return _measured(noise, cost, lambda: _integers() >> dp.t.then_clamp((lower, upper)) >> dp.t.then_sum())  # type: ignore[no-untyped-call]  # OpenDP left this one without types


def _measured(noise: Noise, cost: Cost, statistic: Callable[[], Any]) -> _Measured:
    def make(scale: float) -> Measurement:
        added = dp.m.then_laplace(scale=scale) if noise is Noise.LAPLACE else dp.m.then_gaussian(scale=scale)
        made = statistic() >> added
        if noise is Noise.LAPLACE:
            return made
        return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(made), cost.delta / PICO)

    measurement, scale = _calibrated(make, cost, noise)
    reach = (
        dp.discrete_laplacian_scale_to_accuracy if noise is Noise.LAPLACE else dp.discrete_gaussian_scale_to_accuracy
    )
    return _Measured(measurement, Decimal(str(round(reach(scale, CONFIDENCE), 3))))


def _calibrated(make: Make, cost: Cost, noise: Noise) -> tuple[Measurement, float]:
    """The mechanism with the least noise within a cost, and its scale.

    Raises: AggregatePlanError: none is, of any scale.
    """
    epsilon, delta = cost.epsilon / MICRO, cost.delta / PICO

    def is_within(scale: float) -> bool:
        try:
            mapped = make(scale).map(1)
        except dp.OpenDPException:  # as far too small a scale does, instead of telling its privacy
            return False
        spent, failing = (mapped, 0.0) if noise is Noise.LAPLACE else mapped
        return bool(spent <= epsilon and failing <= delta)

    high = 1.0
    while not is_within(high):
        high *= 2
        if high > MOST_SCALE:
            raise AggregatePlanError(["no noise keeps to this cost with these bounds"])
    low = 0.0
    while high - low > high * PRECISION and high > LEAST_SCALE:
        middle = (low + high) / 2
        low, high = (low, middle) if is_within(middle) else (middle, high)
    return make(high), high


def _times(accuracy: Decimal | None, unit: Decimal) -> Decimal | None:
    return None if accuracy is None else accuracy * unit
