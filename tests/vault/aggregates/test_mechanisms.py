"""Noise: as much as the cost says, of the right shape, and nothing of anybody beyond the bounds.

The tests of distributions draw anew each time. By Hoeffding's inequality the share of draws in an event is farther than
``REACH`` from its probability in fewer than one run in a billion.
"""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault import AggregatePlanError
from vault.aggregate_plans import MICRO, PICO, Asked, Cost, Noise, Query, read_cost, read_queries, total
from vault.aggregates import answer
from vault.aggregates.mechanisms import _units

CATEGORIES = [f"c{number}" for number in range(199)]
DRAWS = 20 * (len(CATEGORIES) + 1)
REACH = math.sqrt(math.log(2e9 * 10) / (2 * DRAWS))


def asked(**members: Any) -> Asked:
    return read_queries([members])[0]


def draws(**cost: str) -> list[int]:
    """Noise alone: counts of categories that nobody is in."""
    query = asked(kind="histogram", column="x", categories=CATEGORIES, **cost)
    return [int(number) for _ in range(20) for number in answer(query, []).numbers]


def share(noise: list[int], event: Any) -> float:
    return sum(event(each) for each in noise) / len(noise)


@pytest.mark.parametrize("epsilon", ["0.25", "1", "2.5"])
def test_laplace_noise_is_distributed_as_epsilon_says(epsilon: str) -> None:
    """P(0) = (1-a)/(1+a) and P(|X| > t) = 2 a^(t+1) / (1+a), with a = exp(-epsilon) for a count."""
    noise = draws(epsilon=epsilon)
    a = math.exp(-float(epsilon))
    assert share(noise, lambda x: x == 0) == pytest.approx((1 - a) / (1 + a), abs=REACH)
    assert share(noise, lambda x: x > 0) == pytest.approx(a / (1 + a), abs=REACH)
    for t in (0, 1, 2, 5, 10):
        assert share(noise, lambda x, t=t: abs(x) > t) == pytest.approx(2 * a ** (t + 1) / (1 + a), abs=REACH)


def test_gaussian_noise_is_symmetric_and_as_wide_as_it_says() -> None:
    query = asked(
        kind="histogram", column="x", categories=CATEGORIES, epsilon="0.5", delta="0.000001", noise="gaussian"
    )
    noise = draws(epsilon="0.5", delta="0.000001", noise="gaussian")
    accuracy = float(answer(query, []).accuracy or 0)
    assert share(noise, lambda x: abs(x) <= accuracy) >= 0.95 - REACH
    assert share(noise, lambda x: x > 0) == pytest.approx(share(noise, lambda x: x < 0), abs=2 * REACH)
    wide = accuracy / 1.96  # the standard deviation, to a rounding of the accuracy
    within = math.erf(1 / math.sqrt(2))
    assert share(noise, lambda x: abs(x) <= wide) == pytest.approx(within, abs=REACH + 0.06)


def test_gaussian_noise_of_much_epsilon_is_narrow() -> None:
    found = answer(asked(kind="count", epsilon="400", delta="0.001", noise="gaussian"), [1] * 50)
    assert abs(found.numbers[0] - 50) <= 10


def test_gaussian_noise_is_as_wide_as_the_bounds() -> None:
    narrow, wide = (
        answer(asked(kind="sum", column="x", lower=0, upper=upper, epsilon="1", delta="0.00001", noise="gaussian"), [])
        for upper in (1, 10**6)
    )
    assert narrow.accuracy is not None
    assert wide.accuracy is not None
    assert wide.accuracy / narrow.accuracy == pytest.approx(10**6, rel=0.2)  # accuracies are whole numbers


def test_less_epsilon_is_more_noise_and_wider_bounds_are_more_noise() -> None:
    widths = [answer(asked(kind="count", epsilon=epsilon), []).accuracy for epsilon in ("2", "0.5", "0.1")]
    assert None not in widths
    assert widths == sorted(widths)  # type: ignore[type-var]  # none is None
    sums = [
        answer(asked(kind="sum", column="x", lower=0, upper=upper, epsilon="1"), []).accuracy for upper in (1, 9, 99)
    ]
    assert sums == sorted(sums)  # type: ignore[type-var]  # as above


def test_with_much_epsilon_answers_are_near_the_truth() -> None:
    values = [*range(101), None, 1000, -1000, float("nan"), "text", True]
    count = answer(asked(kind="count", epsilon="50"), values).numbers[0]
    assert abs(count - 106) <= 2  # everything but None
    summed = answer(asked(kind="sum", column="x", lower=0, upper=100, epsilon="50"), values)
    assert abs(summed.numbers[0] - (5050 + 100)) <= 100
    mean = answer(asked(kind="mean", column="x", lower=0, upper=100, epsilon="50"), values).numbers[0]
    assert abs(mean - Decimal(5150) / 103) <= 2
    median = answer(asked(kind="quantile", column="x", lower=0, upper=100, at="0.5", steps=100, epsilon="50"), values)
    assert abs(median.numbers[0] - 50) <= 3
    found = answer(
        asked(kind="histogram", column="x", categories=["a", "true", "7"], epsilon="50"), ["a", "a", True, 7, 8]
    )
    assert all(abs(number - wanted) <= 2 for number, wanted in zip(found.numbers, (2, 1, 1, 1), strict=True))


def test_decimals_are_counted_in_units() -> None:
    found = answer(asked(kind="sum", column="x", lower="0", upper="1", unit="0.01", epsilon="90"), [0.25, 0.5, 0.125])
    assert found.numbers[0] == found.numbers[0].quantize(Decimal("0.01"))
    assert abs(found.numbers[0] - Decimal("0.87")) <= Decimal("0.2")


@given(st.lists(st.integers(-(10**9), 10**9) | st.floats() | st.none() | st.text() | st.booleans(), max_size=30))
@settings(max_examples=200, deadline=None)
def test_nobody_counts_for_more_than_the_bounds(values: list[Any]) -> None:
    query = asked(kind="sum", column="x", lower="-5.5", upper="7.25", unit="0.25", epsilon="1")
    units = _units(query, values)
    assert all(query.lower <= unit <= query.upper for unit in units)
    assert len(units) <= len(values)
    for place in range(len(values)):  # taking one person away takes their one number away, and changes no other
        fewer = _units(query, values[:place] + values[place + 1 :])
        assert sorted(fewer + _units(query, [values[place]])) == sorted(units)


def test_a_mean_stays_within_its_bounds_even_of_nobody() -> None:
    query = asked(kind="mean", column="x", lower=10, upper=20, epsilon="0.01")
    assert all(10 <= answer(query, []).numbers[0] <= 20 for _ in range(20))


@given(st.lists(st.tuples(st.integers(1, 100 * MICRO), st.integers(0, PICO // 1000)), min_size=1, max_size=20))
def test_costs_add_up_exactly(costs: list[tuple[int, int]]) -> None:
    queries = [Asked(Query.COUNT, None, Cost(*cost), Noise.LAPLACE) for cost in costs]
    assert total(queries) == Cost(sum(epsilon for epsilon, _ in costs), sum(delta for _, delta in costs))
    texts = Cost(*costs[0]).texts()
    assert read_cost(texts) == Cost(*costs[0])


SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = SINGLE | st.lists(st.text(max_size=3), max_size=3)
MEMBERS = ("kind", "column", "epsilon", "delta", "noise", "lower", "upper", "unit", "categories", "at", "steps")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(MEMBERS), VALUES | st.sampled_from(["count", "sum", "quantile", "0.5", 1, "x"])
        ),
        max_size=4,
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_is_read_or_refused_and_never_breaks(document: list[dict[str, Any]]) -> None:
    try:
        found = read_queries(document)
    except AggregatePlanError as error:
        assert error.problems  # noqa: PT017  either end is fine
    else:
        assert all(each.cost.epsilon > 0 for each in found)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "median", "epsilon": "1"}, "kind is one of"),
    ({"kind": "count", "epsilon": "0"}, "epsilon is above 0"),
    ({"kind": "count", "epsilon": "0.0000001"}, "six decimals"),
    ({"kind": "count", "epsilon": "nan"}, "epsilon is above 0"),
    ({"kind": "count", "epsilon": "1", "delta": "0.5"}, "delta is from 0"),
    ({"kind": "count", "epsilon": "1", "delta": "0.0001"}, "laplace noise costs no delta"),
    ({"kind": "count", "epsilon": "1", "noise": "gaussian"}, "gaussian noise needs a delta"),
    ({"kind": "count", "epsilon": "1", "lower": 0}, "count has the members"),
    ({"kind": "sum", "epsilon": "1", "lower": 0, "upper": 1}, "column is needed"),
    ({"kind": "sum", "column": "x", "epsilon": "1", "lower": 1, "upper": 1}, "the lower one first"),
    ({"kind": "sum", "column": "x", "epsilon": "1", "lower": 0, "upper": 1, "unit": "0.3"}, "divides lower and upper"),
    ({"kind": "sum", "column": "x", "epsilon": "1", "lower": 0, "upper": 10**9, "unit": "0.0001"}, "units"),
    ({"kind": "histogram", "column": "x", "epsilon": "1"}, "categories is a list"),
    ({"kind": "histogram", "column": "x", "epsilon": "1", "categories": ["1", 1]}, "named twice"),
    ({"kind": "quantile", "column": "x", "epsilon": "1", "lower": 0, "upper": 1, "at": "1.5"}, "at is from 0 to 1"),
    ({"kind": "quantile", "column": "x", "epsilon": "1", "lower": 0, "upper": 1, "steps": 1}, "steps is an integer"),
]


@pytest.mark.parametrize(("members", "said"), BAD, ids=[said for _, said in BAD])
def test_a_query_that_makes_no_sense_is_refused(members: dict[str, Any], said: str) -> None:
    with pytest.raises(AggregatePlanError, match=said):
        read_queries([members])


def test_a_cost_that_no_noise_keeps_to_is_refused() -> None:
    query = asked(kind="sum", column="x", lower=-(10**9), upper=10**9, unit="0.001", epsilon="0.000001")
    with pytest.raises(AggregatePlanError, match="no noise keeps to this cost"):
        answer(Asked(query.kind, "x", Cost(0), query.noise, query.lower, query.upper, query.unit), [])
