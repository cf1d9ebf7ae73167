"""Tables de-identified: what is asked for holds of what comes out, measured again in plain Python."""

import itertools
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.routes.people import resident_id
from tests.vault.deidentify import oracle
from tests.vault.support import ring
from vault import DeidDataError, DeidImpossibleError, DeidPlanError, TokensRefusedError
from vault.bulk_plans import Recipient
from vault.deid_plans import DeidPlan, read_deid_plan
from vault.deidentify import Deidentified, Tokens, deidentify
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


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("ns", "UTC")], ids=str)
def test_dates_of_parquet_are_read_as_they_are(kind: pa.DataType) -> None:
    columns = {"born": {"role": "quasi", "from": 1, "ladder": {"dates": ["month"]}}}
    born = pa.array([date(1990, 2, 14), date(1969, 12, 31), None] * 2, pa.date32()).cast(kind)
    found = deidentify(pa.table({"born": born}), plan(columns, k=2))
    assert found.table.column("born").to_pylist()[:3] == ["1990-02", "1969-12", None]


def test_progress_tells_how_many_combinations_are_settled() -> None:
    told: list[tuple[int, int | None]] = []
    people = [(20 + number, "110101", "cook", 0, "a") for number in range(9)]
    deidentify(table(people), plan(), on_progress=lambda done, total: told.append((done, total)))
    assert told
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {5 * 4 * 4}


def test_a_column_without_any_value_says_nothing() -> None:
    columns = {"it": {"role": "quasi", "ladder": {"bins": [5]}}}
    for kind in (pa.bool_(), pa.null(), pa.int64(), pa.string()):
        found = deidentify(pa.table({"it": pa.nulls(4, kind)}), plan(columns, k=2))
        assert (found.report.levels["it"], found.table.column("it").null_count) == (0, 4)


def test_an_instant_with_a_zone_counts_by_its_day_in_china() -> None:
    columns = {"born": {"role": "quasi", "from": 1, "ladder": {"dates": ["month"]}}}
    instants = [datetime(1990, 1, 31, 16, 30, tzinfo=UTC), datetime(1990, 1, 31, 15, 30, tzinfo=UTC)] * 2
    for born in (pa.array(instants, pa.timestamp("us", "UTC")), [each.isoformat() for each in instants]):
        found = deidentify(pa.table({"born": born}), plan(columns, k=2))
        assert found.table.column("born").to_pylist()[:2] == ["1990-02", "1990-01"]


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


def test_what_cannot_be_put_in_order_has_no_ordered_distance() -> None:
    columns = {**COLUMNS, "status": {"role": "sensitive", "distance": "ordered"}}
    with pytest.raises(DeidDataError, match="not a number"):
        deidentify(table([(20, "110101", "cook", 0, "a")] * 3), plan(columns))
    columns = {"age": {"role": "quasi"}, "flag": {"role": "sensitive", "distance": "ordered"}}
    with pytest.raises(DeidDataError, match="neither numbers nor dates"):
        deidentify(pa.table({"age": [1] * 3, "flag": [True] * 3}), plan(columns, t=0.5))
    many = pa.table({"age": [1] * 10_001, "flag": list(range(10_001))})
    with pytest.raises(DeidDataError, match="of more than 10000 values"):
        deidentify(many, plan(columns, t=0.5))


def test_a_sensitive_number_written_as_text_is_put_in_order() -> None:
    columns = {"age": {"role": "quasi"}, "late": {"role": "sensitive", "distance": "ordered"}}
    texts = pa.table({"age": [1, 1, 1, 2, 2, 2], "late": ["9", "10", "11", "9", "10", "11"]})
    numbers = texts.set_column(1, "late", pa.array([9, 10, 11] * 2))
    far = [deidentify(each, plan(columns, t=0.1)).report.closeness for each in (texts, numbers)]
    assert far[0] == far[1] == {"late": pytest.approx(0, abs=1e-9)}


def test_more_columns_than_a_number_has_room_for_are_told_apart() -> None:
    rows = 2000
    columns = {f"c{number}": {"role": "quasi"} for number in range(7)}
    whole = pa.table({name: [(row * (place + 3)) % rows for row in range(rows)] for place, name in enumerate(columns)})
    doubled = pa.concat_tables([whole, whole])
    found = deidentify(doubled, plan(columns, k=2))
    assert found.report.levels == dict.fromkeys(columns, 0)
    assert found.report.k == 2
    ladders = {f"c{number}": {"role": "quasi", "ladder": {"bins": [2, 4, 8, 16, 32, 64]}} for number in range(7)}
    with pytest.raises(DeidPlanError, match="the ladders have 2097152 combinations"):
        deidentify(doubled, plan(ladders, k=2))


def test_whatever_speaks_arrow_may_come_in_and_a_dictionary_is_read_as_its_values() -> None:
    whole = table([(20, "110101", "cook", number % 2, "a") for number in range(4)])
    coded = whole.set_column(3, "job", whole.column("job").dictionary_encode())
    asked = plan({**COLUMNS, "job": {**COLUMNS["job"], "from": 1}})
    given = (whole, coded, whole.to_batches()[0], coded.to_reader())
    found = [deidentify(each, asked).table.to_pylist() for each in given]
    assert all(rows == found[0] for rows in found)
    assert found[0][0]["job"] == "kitchen"


def test_tokens_stand_in_place_of_identifiers_and_faulty_ones_are_empty() -> None:
    columns = {**COLUMNS, "name": {"role": "direct", "action": "deterministic", "field": "id_card_no"}}
    whole = table([(20, "110101", "cook", 0, "a")] * 3)
    with_ids = whole.set_column(0, "name", pa.array([resident_id("19900214"), resident_id("19900215"), "nonsense"]))
    tokens = Tokens(ring(), Recipient("dawn", "scoring", "partner"))
    found = deidentify(with_ids, plan(columns), tokens=tokens)
    made = found.table.column("name").to_pylist()
    assert [each is None or each[:4] for each in made] == ["dtk_", "dtk_", True]
    assert found.report.document()["tokens"] == {"columns": ["name"], "refused": {"name": {"shape": 1}}}
    assert found.report.degree == 2


@pytest.mark.parametrize(
    ("population", "said"),
    [
        (pa.table({"age": [20]}), "of a population without this column"),
        (pa.table({"age": ["old"], "region": ["1"], "job": ["cook"]}), "of another type in the population"),
    ],
    ids=["column", "type"],
)
def test_a_population_that_does_not_fit_is_refused(population: pa.Table, said: str) -> None:
    with pytest.raises(DeidDataError, match=said):
        deidentify(table([(20, "110101", "cook", 0, "a")] * 3), plan(), population=population)


def test_a_row_of_nobody_stops_a_run_that_counts_people() -> None:
    whole = table([(20, "110101", "cook", 0, "a")] * 4)
    nobody = whole.set_column(0, "name", pa.array(["p", None, "q", None]))
    with pytest.raises(DeidDataError, match="2 cells are empty, so that nobody knows whose row it is"):
        deidentify(nobody, plan(one_row_per="name"))


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
    with pytest.raises(DeidImpossibleError):
        deidentify(pa.Table.from_batches([], table([]).schema), plan())


def test_the_report_holds_no_value_of_anybody() -> None:
    people = [(33, "110101", "cook", number % 3, "c4n4ry") for number in range(9)]
    found = deidentify(table(people), plan())
    said = str(found.report.document()) + repr(found) + repr(found.report)
    assert not [
        word for word in ("110101", "cook", "c4n4ry", "person 1") if word in said.replace(repr(found.report.plan), "")
    ]
