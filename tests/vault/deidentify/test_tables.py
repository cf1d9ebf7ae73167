"""Tables de-identified: what is asked for holds of what comes out, measured again in plain Python."""

import itertools
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.deidentify import oracle
from vault import DeidDataError, DeidImpossibleError, DeidPlanError, TokensRefusedError
from vault.deid_plans import DeidPlan, read_deid_plan
from vault.deidentify import Deidentified, deidentify
from vault.deidentify.classes import People
from vault.deidentify.ladders import make_column

JOBS = {"nurse": ["medical", "works"], "doctor": ["medical", "works"], "cook": ["kitchen", "works"], "none": ["-", "-"]}
QUASI = ("age", "region", "job")
COLUMNS: dict[str, dict[str, Any]] = {
    "name": {"role": "direct", "action": "drop"},
    "age": {"role": "quasi", "ladder": {"bins": [5, 10, 40]}},
    "region": {"role": "quasi", "ladder": {"prefixes": [4, 2]}},
    "job": {"role": "quasi", "ladder": {"hierarchy": JOBS}},
    "overdue": {"role": "sensitive"},
    "status": {"role": "sensitive"},
    "note": {"role": "plain"},
}


def plan(columns: dict[str, dict[str, Any]] | None = None, **asked: Any) -> DeidPlan:
    return read_deid_plan({"k": 3, "columns": columns or COLUMNS, **asked}, {"id_card_no": "resident_id"})


def table(people: list[tuple[Any, ...]]) -> pa.Table:
    """A table of (age, region, job, overdue, status)."""
    kinds = {"age": pa.int64(), "region": pa.string(), "job": pa.string(), "overdue": pa.int64(), "status": pa.string()}
    columns = {name: pa.array([row[place] for row in people], kind) for place, (name, kind) in enumerate(kinds.items())}
    names = pa.array([f"person {number}" for number in range(len(people))])
    return pa.table({"name": names, **columns, "note": pa.array(range(len(people)))})


PEOPLE = st.lists(
    st.tuples(
        st.none() | st.integers(18, 60),
        st.none() | st.sampled_from(["110101", "110102", "110221", "310101", "3101"]),
        st.none() | st.sampled_from(sorted(JOBS)),
        st.integers(0, 3),
        st.none() | st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=60,
)
ASKED = st.fixed_dictionaries(
    {"k": st.integers(2, 6), "max_suppressed": st.sampled_from([0.0, 0.1, 0.3, 0.6])},
    optional={"l": st.integers(2, 3), "t": st.sampled_from([0.2, 0.4, 0.6])},
)


def made(people: list[tuple[Any, ...]], asked: dict[str, Any]) -> Deidentified | None:
    try:
        return deidentify(table(people), plan(**asked))
    except DeidImpossibleError:
        return None


@given(PEOPLE, ASKED)
@settings(max_examples=150, deadline=None)
def test_what_comes_out_is_k_anonymous_l_diverse_and_t_close(
    people: list[tuple[Any, ...]], asked: dict[str, Any]
) -> None:
    found = made(people, asked)
    if found is None:
        return
    rows = found.table.to_pylist()
    report = found.report.document()
    sizes = [len(members) for members in oracle.classes(rows, QUASI).values()]
    assert min(sizes) >= asked["k"]
    assert report["classes"] == {
        "count": len(sizes),
        "smallest": min(sizes),
        "largest": max(sizes),
        "average": pytest.approx(len(rows) / len(sizes), abs=1e-6),
    }
    order = sorted({row[3] for row in people})
    for name, values in (("overdue", order), ("status", None)):
        varied = oracle.diversity(rows, QUASI, name)
        far = oracle.closeness(rows, QUASI, name, values)
        assert report["l"]["measured"][name] == varied
        assert report["t"]["measured"][name] == pytest.approx(far, abs=2e-6)
        assert varied >= asked.get("l", 1)
        assert far <= asked.get("t", 1) + 1e-6


@given(PEOPLE, ASKED)
@settings(max_examples=100, deadline=None)
def test_rows_kept_and_rows_left_out_are_all_rows(people: list[tuple[Any, ...]], asked: dict[str, Any]) -> None:
    found = made(people, asked)
    if found is None:
        return
    report = found.report.document()
    assert report["kept"] + report["suppressed"] == report["rows"] == len(people)
    assert report["kept"] == found.table.num_rows
    assert report["suppressed"] <= asked["max_suppressed"] * len(people) + 1e-6
    numbers = found.table.column("note").to_pylist()
    assert numbers == sorted(set(numbers))
    assert all(
        (people[row["note"]][3], people[row["note"]][4]) == (row["overdue"], row["status"])
        for row in found.table.to_pylist()
    )


@given(PEOPLE, ASKED)
@settings(max_examples=100, deadline=None)
def test_generalisation_only_coarsens(people: list[tuple[Any, ...]], asked: dict[str, Any]) -> None:
    """Rows that were alike in a column are alike in the result, and every label stands for what it says."""
    found = made(people, asked)
    if found is None:
        return
    for name, place in (("age", 0), ("region", 1), ("job", 2)):
        labels: dict[Any, Any] = {}
        for row in found.table.to_pylist():
            before = people[row["note"]][place]
            assert labels.setdefault(before, row[name]) == row[name]
            assert stands_for(name, row[name], before), (name, row[name], before)


def stands_for(name: str, label: Any, value: Any) -> bool:
    if label in {"*", value}:
        return True
    if value is None or label is None:
        return False
    match name:
        case "age":
            low, high = label.strip("[)").split(",")
            return int(low) <= value < int(high)
        case "region":
            return len(label) == len(value) and bool(value.startswith(label.rstrip("*")))
        case _:
            return label in JOBS[value]


@given(PEOPLE, ASKED)
@settings(max_examples=100, deadline=None)
def test_the_risk_is_what_a_row_by_row_count_says(people: list[tuple[Any, ...]], asked: dict[str, Any]) -> None:
    found = made(people, {**asked, "risk_threshold": 0.25})
    if found is None:
        return
    risk = found.report.document()["risk"]
    highest, average, above = oracle.risks(found.table.to_pylist(), QUASI, 0.25)
    expected = {"highest": highest, "average": average, "above_threshold": above}
    assert risk["prosecutor"] == pytest.approx(expected, abs=1e-6)
    assert risk["journalist"] == risk["prosecutor"]
    assert risk["marketer"] == pytest.approx(average, abs=1e-6)
    assert found.report.degree == (3 if highest <= 0.25 else 2)


@given(PEOPLE, st.integers(2, 4), st.sampled_from([0.0, 0.2]), st.none() | st.sampled_from([0.3, 0.5]))
@settings(max_examples=60, deadline=None)
def test_no_other_combination_of_levels_loses_less(
    people: list[tuple[Any, ...]], k: int, spare: float, t: float | None
) -> None:
    """Every combination is tried by a plan that allows no other, and the least loss is the search's own."""
    asked = {"k": k, "max_suppressed": spare} | ({} if t is None else {"t": t})
    found = made(people, asked)
    losses = []
    for levels in itertools.product(range(5), range(4), range(4)):
        pinned = {name: {**COLUMNS[name], "from": level} for name, level in zip(QUASI, levels, strict=True)}
        least = _pinned(people, plan({**COLUMNS, **pinned}, **asked), levels)
        losses += [] if least is None else [least]
    assert (found is None) == (not losses)
    if found is not None:
        assert found.report.found.loss == pytest.approx(min(losses))


def _pinned(people: list[tuple[Any, ...]], asked: DeidPlan, levels: tuple[int, ...]) -> float | None:
    """The loss at exactly these levels, if they do; counted row by row by the classes of the product."""
    whole = table(people)
    columns = [make_column(whole.column(each.column), each) for each in asked.quasi]
    return People(columns, asked, {each.column: whole.column(each.column) for each in asked.sensitive}).loss(levels)


def test_a_population_lowers_the_journalists_risk_and_never_the_prosecutors() -> None:
    own = [(20, "110101", "cook", 0, "a"), (20, "110101", "cook", 1, "b"), (21, "110101", "cook", 2, "c")]
    wider = table(
        [*own, (22, "110102", "cook", 0, "a"), (24, "110101", "cook", 0, "a"), (55, "310101", "none", 0, "b")]
    )
    found = deidentify(table(own), plan(), population=wider)
    assert found.table.column("age").to_pylist() == ["[20,25)"] * 3
    risk = found.report.document()["risk"]
    assert risk["population"] == 6
    assert risk["prosecutor"]["highest"] == pytest.approx(1 / 3, abs=1e-6)
    assert risk["journalist"]["highest"] == pytest.approx(1 / 4, abs=1e-6)  # four of them live in 110101
    with pytest.raises(DeidDataError, match="fewer people"):
        deidentify(table(own), plan(), population=wider.slice(3))


def test_dates_climb_from_month_to_decade() -> None:
    columns = {"born": {"role": "quasi", "ladder": {"dates": ["month", "quarter", "year", "decade"]}}}
    texts = ["1990-02-14", "1990-03-01", "1990-11-30", "1999-01-01", "1990-01-31T23:59:59+08:00", None]
    labels = []
    for level in range(1, 6):
        pinned = {"born": {**columns["born"], "from": level}}
        found = deidentify(pa.table({"born": texts * 2}), plan(pinned, k=2))
        labels.append(found.table.column("born").to_pylist()[:6])
    assert labels == [
        ["1990-02", "1990-03", "1990-11", "1999-01", "1990-01", None],
        ["1990-Q1", "1990-Q1", "1990-Q4", "1999-Q1", "1990-Q1", None],
        ["1990", "1990", "1990", "1999", "1990", None],
        ["1990-1999"] * 5 + [None],
        ["*"] * 6,
    ]


def test_cuts_name_what_lies_outside_too() -> None:
    columns = {"rate": {"role": "quasi", "from": 1, "ladder": {"cuts": [[0.1, 0.2, 0.5], [0.2]]}}}
    found = deidentify(pa.table({"rate": [0.05, 0.1, 0.2, 0.7] * 2}), plan(columns, k=2))
    assert found.table.column("rate").to_pylist()[:4] == ["<0.1", "[0.1,0.2)", "[0.2,0.5)", ">=0.5"]


BAD_CELLS: list[tuple[dict[str, Any], list[Any], str]] = [
    ({"bins": [5]}, ["12", "x7", "1e5", None], "2 cells are not a number"),
    ({"bins": [5]}, [True, False], "2 cells are not a number"),
    ({"bins": [5]}, [1.0, float("inf")], "1 cells are too large a number"),
    ({"dates": ["year"]}, ["2020-02-30", "2020-02-28", None, "soon"], "2 cells are not a date"),
    ({"hierarchy": {"a": ["b"]}}, ["a", "c", "c", None], "2 cells are not in the hierarchy"),
    ({"prefixes": [2]}, [1.5, None], "1 cells are not a text"),
]


@pytest.mark.parametrize(("ladder", "cells", "said"), BAD_CELLS, ids=lambda part: part if isinstance(part, str) else "")
def test_cells_that_a_ladder_cannot_read_are_counted_and_not_repeated(
    ladder: dict[str, Any], cells: list[Any], said: str
) -> None:
    columns = {"it": {"role": "quasi", "ladder": ladder}}
    with pytest.raises(DeidDataError) as raised:
        deidentify(pa.table({"it": cells}), plan(columns, k=2))
    assert str(raised.value) == f"column `it`: {said}"


BAD_PLANS: list[tuple[dict[str, Any], str]] = [
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": [5, 12]}}}}, "each a multiple"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"cuts": [[1, 2], [3]]}}}}, "is part of the one before"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"dates": ["year", "month"]}}}}, "get coarser"),
    ({"columns": {"age": {"role": "quasi", "ladder": {"prefixes": [2, 4]}}}}, "shorter"),
    (
        {"columns": {"age": {"role": "quasi", "ladder": {"hierarchy": {"a": ["x", "y"], "b": ["x", "z"]}}}}},
        "has one label",
    ),
    ({"columns": {"age": {"role": "quasi", "ladder": {"bins": [5], "cuts": [[1]]}}}}, "of one kind"),
    ({"columns": {"age": {"role": "quasi", "from": 2}}}, "from is a level"),
    ({"columns": {"age": {"role": "quasi", "weight": 0}}}, "weight is a number"),
    ({"columns": {"age": {"role": "secret"}}}, "role is one of direct, quasi"),
    ({"columns": {"age": {"role": "direct", "action": "keep"}}}, "action is one of"),
    ({"columns": {"age": {"role": "direct", "action": "random", "field": "id_card_no"}}}, "action is one of"),
    ({"columns": {"age": {"role": "plain", "field": "shoe_size"}}}, "no such field"),
    ({"columns": {"age": {"role": "plain"}}}, "nothing to generalise"),
    ({"k": 1}, "k: an integer from 2"),
    ({"k": True}, "k: an integer from 2"),
    ({"max_suppressed": 1.5}, "max_suppressed: a number from 0 to 1"),
    ({"columns": {"age": {"role": "quasi"}}, "l": 2}, "there is none"),
    ({"one_row_per": "nobody"}, "names a column"),
    ({"n": 1}, "a plan has the members"),
]


@pytest.mark.parametrize(("change", "said"), BAD_PLANS, ids=[said for _, said in BAD_PLANS])
def test_a_plan_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DeidPlanError, match=said):
        read_deid_plan({"k": 3, "columns": COLUMNS, **change}, {"id_card_no": "resident_id"})


def test_a_column_that_nobody_thought_of_stops_the_run() -> None:
    given_table = table([(20, "110101", "cook", 0, "a")] * 3).append_column("remark", pa.array(["x"] * 3))
    with pytest.raises(DeidPlanError, match="column 8 is not in the plan: give it a role"):
        deidentify(given_table, plan())


def test_a_second_row_of_a_person_stops_the_run() -> None:
    whole = table([(20, "110101", "cook", 0, "a")] * 4)
    twice = whole.set_column(0, "name", pa.array(["p", "p", "q", "p"]))
    assert deidentify(whole, plan(one_row_per="name")).report.kept == 4
    with pytest.raises(DeidDataError, match="2 cells are a further row of the same person"):
        deidentify(twice, plan(one_row_per="name"))


def test_tokens_without_keys_are_refused() -> None:
    columns = {**COLUMNS, "name": {"role": "direct", "action": "deterministic", "field": "id_card_no"}}
    with pytest.raises(TokensRefusedError):
        deidentify(table([(20, "110101", "cook", 0, "a")] * 3), plan(columns))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_people_than_k_give_nothing(count: int) -> None:
    with pytest.raises(DeidImpossibleError):
        deidentify(table([(20, "110101", "cook", 0, "a")] * count), plan(max_suppressed=1.0))


def test_the_report_holds_no_value_of_anybody() -> None:
    people = [(33, "110101", "cook", number % 3, "c4n4ry") for number in range(9)]
    found = deidentify(table(people), plan())
    said = str(found.report.document()) + repr(found) + repr(found.report)
    assert not [
        word for word in ("110101", "cook", "c4n4ry", "person 1") if word in said.replace(repr(found.report.plan), "")
    ]


SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
ODD = st.recursive(SINGLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SINGLE, inner, max_size=3))
LADDERS = st.dictionaries(
    st.sampled_from(["bins", "cuts", "dates", "prefixes", "hierarchy", "origin", "otherwise"]), ODD
)
ROLES = ["direct", "quasi", "sensitive", "plain"]
ENTRIES = st.dictionaries(
    st.sampled_from(["role", "action", "field", "ladder", "from", "weight", "distance"]),
    ODD | LADDERS | st.sampled_from([*ROLES, "drop", "deterministic", "id_card_no", "ordered"]),
)


MEMBERS = st.dictionaries(st.sampled_from(["k", "l", "t", "max_suppressed", "one_row_per"]), ODD)


@given(MEMBERS, st.dictionaries(SINGLE, ENTRIES, max_size=3))
@settings(max_examples=300, deadline=None)
def test_whatever_a_plan_says_is_read_or_refused_and_never_breaks(asked: dict[str, Any], columns: Any) -> None:
    try:
        found = read_deid_plan({**asked, "columns": columns}, {"id_card_no": "resident_id"})
    except DeidPlanError as error:
        assert error.problems  # noqa: PT017  either end is fine
    else:
        assert found.quasi
        assert len(found.digest()) == 64
