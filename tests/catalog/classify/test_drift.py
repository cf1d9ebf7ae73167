"""What changed since people reviewed it."""

from datetime import date

from catalog.classify.columns.neighbours import ColumnSample
from catalog.classify.drift import drift_document, drifts
from catalog.classify.results import classified, result_document, table_document
from catalog.classify.reviewing import Classed, ColumnPlace, ReviewedColumn
from catalog.classify.sources.sampling import TableSample
from tests.evaluation import numbers, words
from tests.evaluation.cells import rng_of

RNG = rng_of("drift")


def scan(**columns: list) -> dict:
    samples = tuple(ColumnSample(name, cells) for name, cells in columns.items())
    table = classified(TableSample("loans", samples, 40), date(2026, 11, 24))
    return result_document("warehouse", "now", [table_document(table)])


def known(column: str, kind: str, grade: int) -> dict[str, ReviewedColumn]:
    place = ColumnPlace("warehouse", "loans", column)
    return {place.id: ReviewedColumn(place, Classed(kind, grade), is_known=True, confirmed=Classed(kind, grade))}


def test_a_column_nobody_reviewed_is_new_and_one_that_went_is_gone() -> None:
    result = scan(sfzh=[numbers.resident_id(RNG) for _ in range(40)])
    found = drift_document(drifts("warehouse", result, known("khxm", "full_name", 3)))
    assert [each["column"] for each in found["new"]] == ["sfzh"]
    assert [each["column"] for each in found["gone"]] == ["khxm"]


def test_a_column_that_holds_something_else_now_is_changed() -> None:
    result = scan(nick=[numbers.mobile(RNG) for _ in range(40)])
    found = drifts("warehouse", result, known("nick", "label", 1))
    assert [(each.was, each.found) for each in found.changed] == [(Classed("label", 1), Classed("mobile_no", 3))]


def test_a_column_that_is_as_confirmed_is_no_drift() -> None:
    result = scan(khxm=[words.person(RNG) for _ in range(40)])
    found = drifts("warehouse", result, known("khxm", "full_name", 3))
    assert (found.new, found.changed, found.gone, found.leaks) == ((), (), (), ())


def test_an_id_number_in_a_remark_is_a_leak_whatever_the_remark_was_confirmed_to_be() -> None:
    remarks = ["已处理，资料齐全"] * 30 + [f"身份证{numbers.resident_id(RNG)}" for _ in range(10)]
    found = drifts("warehouse", scan(remark=remarks), known("remark", "free_text", 1))
    assert [(each.place.column, each.held) for each in found.leaks] == [("remark", ("resident_id",))]
    assert [each.place.column for each in found.changed] == ["remark"]
