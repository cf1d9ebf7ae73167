"""Merging: a later value wins, an older one never does, and what a row does not say stays."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gate.loading.merging import OBSERVED, Segment
from tests.gate.loading.world import load, opened, register, values_of, write
from tests.gate.people import made_up
from tests.world import World

NAMES = ("a", "b", "c")
OBSERVATIONS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(-5, 5) | st.text(max_size=3), min_size=1),
    ),
    max_size=6,
)


def stored(segment: Segment, names: frozenset[str] = frozenset(NAMES)) -> Segment:
    """What comes back after being written and read again."""
    at_us, plain = segment.closed(names)
    return Segment.opened(plain, at_us)


@given(OBSERVATIONS)
def test_each_value_is_the_latest_that_was_observed(observations: list[tuple[int, dict[str, Any]]]) -> None:
    segment = Segment()
    expected: dict[str, tuple[int, Any]] = {}
    for at_us, values in observations:
        segment.merge(at_us, values)
        segment = stored(segment)
        for name, value in values.items():
            if at_us >= expected.get(name, (at_us, None))[0]:
                expected[name] = (at_us, value)
    assert segment.values == {name: value for name, (_, value) in expected.items()}
    assert segment.times == {name: at_us for name, (at_us, _) in expected.items()}


@given(OBSERVATIONS, st.randoms(use_true_random=False))
def test_the_order_of_loading_does_not_matter(observations: list[tuple[int, dict[str, Any]]], random: Any) -> None:
    distinct = [(place, values) for place, (_, values) in enumerate(observations)]
    shuffled = distinct[:]
    random.shuffle(shuffled)
    results = []
    for order in (distinct, shuffled):
        segment = Segment()
        for at_us, values in order:
            segment.merge(at_us, values)
        results.append((segment.values, segment.times))
    assert results[0] == results[1]


@given(OBSERVATIONS.filter(bool))
def test_a_segment_is_as_old_as_its_oldest_value(observations: list[tuple[int, dict[str, Any]]]) -> None:
    segment = Segment()
    for at_us, values in observations:
        segment.merge(at_us, values)
    known = [segment.times[name] for name, value in segment.values.items() if value is not None]
    assert segment.closed(frozenset(NAMES))[0] == min(known or segment.times.values())


def test_times_stand_in_the_segment_only_where_they_differ() -> None:
    segment = Segment()
    segment.merge(5, {"a": 1, "b": 2})
    assert segment.closed(frozenset(NAMES)) == (5, b'{"a":1,"b":2}')
    segment.merge(9, {"b": 3})
    assert json.loads(segment.closed(frozenset(NAMES))[1]) == {"a": 1, "b": 3, OBSERVED: {"b": 9}}


def test_replacing_drops_the_rest_unless_it_is_newer() -> None:
    segment = Segment()
    segment.merge(5, {"a": 1, "b": 2})
    segment.replace(4, {"a": 9})
    assert segment.values == {"a": 1, "b": 2}
    segment.replace(6, {"a": 9})
    assert segment.values == {"a": 9}


def test_features_the_view_has_lost_are_dropped() -> None:
    segment = Segment()
    segment.merge(5, {"a": 1, "c": 2})
    assert stored(segment, frozenset("ab")).values == {"a": 1}


HEADER = ("id_card_no", "observed_at", "orders", "limit")


async def test_rows_of_one_subject_merge_by_time_within_and_across_files(lender: World, tmp_path: Any) -> None:
    [subject] = await register(lender, [1])
    who = made_up(1).id_card_no
    rows = [(who, "2026-03-05", "5", ""), (who, "2026-03-01", "1", "100"), (who, "2026-03-03", "3", "")]
    summary = await load(lender, write(tmp_path / "one.csv", rows, HEADER))
    assert (summary.rows_done, summary.rows_rejected) == (3, 0)
    assert await values_of(lender, subject.ref) == {"orders": 5, "limit": 100}
    await load(lender, write(tmp_path / "two.csv", [(who, "2026-03-04", "4", "400")], HEADER))
    assert await values_of(lender, subject.ref) == {"orders": 5, "limit": 400}
    await load(lender, write(tmp_path / "three.csv", [(who, "2026-03-06", "", "6")], HEADER), replace=True)
    assert await values_of(lender, subject.ref) == {"orders": None, "limit": 6}


async def test_a_merged_segment_keeps_the_age_of_its_oldest_value(lender: World, tmp_path: Any) -> None:
    """Retention: a value must not live longer for having been stored beside a younger one."""
    [subject] = await register(lender, [1])
    who = made_up(1).id_card_no
    await load(lender, write(tmp_path / "one.csv", [(who, "2026-03-01", "1", "")], HEADER))
    before = await opened(lender)
    await load(lender, write(tmp_path / "two.csv", [(who, "2026-03-09", "", "9")], HEADER))
    segments = {name: at for name, at in (await opened(lender))[subject.ref].items() if "/" in name}
    orders = lender.catalog.feature("lender", "behaviour:orders")
    assert orders is not None
    assert segments[orders.segment] == before[subject.ref][orders.segment]
