"""Columns: what fools a classifier that counts hits, and must not fool this one."""

import dataclasses
from datetime import date

import pytest

from catalog import Catalog
from catalog.classify.columns.deciding import decide
from catalog.classify.columns.evidence import Verdict
from catalog.classify.columns.intervals import wilson
from catalog.classify.columns.neighbours import ColumnSample, classify_table
from catalog.classify.columns.profile import profile
from catalog.classify.grading import grade_of
from catalog.classify.results import classified, table_document
from catalog.classify.sources.sampling import MAX_CELL, TableSample
from catalog.classify.values.likelihood import Likelihood
from tests.evaluation import numbers, words
from tests.evaluation.cells import rng_of

TODAY = date(2026, 11, 24)
RNG = rng_of("columns")


def said(cells: list[object], name: str = "f1") -> Verdict:
    return decide(profile(cells, TODAY), [name], today_year=TODAY.year)


def test_one_number_in_a_thousand_rows_does_not_name_a_column() -> None:
    cells: list[object] = ["正常处理，无需人工干预"] * 999 + [numbers.resident_id(RNG)]
    assert said(cells).kind == "free_text"


def test_order_numbers_that_look_like_phones_are_no_phones() -> None:
    verdict = said([f"1390{numbers.digits(RNG, 7)}" for _ in range(200)])
    assert verdict.kind == "order_no"
    assert "narrow" in [one.code for one in verdict.evidence.conflicts]


def test_amounts_that_look_like_cards_pass_no_more_check_digits_than_chance() -> None:
    verdict = said([f"6228{numbers.digits(RNG, 12)}" for _ in range(300)])
    assert verdict.kind != "bank_card_no"
    assert "check_at_chance" in [one.code for one in verdict.evidence.conflicts]


def test_serials_of_eight_digits_are_no_dates() -> None:
    assert said([f"20{numbers.digits(RNG, 6)}" for _ in range(300)]).kind == "order_no"


def test_dates_of_recent_years_are_no_birth_dates() -> None:
    assert said([f"2024-{RNG.randint(1, 12):02}-{RNG.randint(1, 28):02}" for _ in range(200)]).kind == "timestamp"


@pytest.mark.parametrize(
    ("words_", "kind"), [("男 女", "gender"), ("未婚 已婚 离异", "marital_status"), ("M0 M1 M2", "overdue_record")]
)
def test_columns_of_few_words_are_found(words_: str, kind: str) -> None:
    assert said([RNG.choice(words_.split()) for _ in range(500)]).kind == kind


def test_a_name_decides_between_kinds_of_one_form() -> None:
    ids: list[object] = [numbers.resident_id(RNG) for _ in range(50)]
    assert (said(ids, "f9").kind, said(ids, "驾驶证号").kind) == ("id_card_no", "driver_licence_no")


def test_values_with_check_digits_outweigh_a_name_that_points_elsewhere() -> None:
    verdict = said([numbers.resident_id(RNG) for _ in range(50)], "remark")
    assert (verdict.kind, verdict.likelihood) == ("id_card_no", Likelihood.VERY_LIKELY)
    assert [(one.code, one.about) for one in verdict.evidence.conflicts] == [("name_says", "free_text")]


def test_enciphered_values_keep_the_kind_their_name_says() -> None:
    verdict = said([f"{RNG.getrandbits(256):064x}" for _ in range(50)], "mobile_md5")
    assert (verdict.kind, verdict.is_protected) == ("mobile_no", True)


def test_a_column_without_values_is_at_most_possible() -> None:
    assert said([None, ""], "身份证号").likelihood is Likelihood.POSSIBLE
    assert said([], "f1").likelihood is Likelihood.VERY_UNLIKELY


def test_names_in_a_column_are_told_without_a_model() -> None:
    assert said([words.person(RNG) for _ in range(60)]).kind == "full_name"
    assert said([RNG.choice(words.GOODS) for _ in range(60)]).kind != "full_name"


def test_a_neighbour_tells_a_birth_date_and_a_coded_gender() -> None:
    ids = [numbers.resident_id(RNG) for _ in range(80)]
    table = [
        ColumnSample("a", ids),
        ColumnSample("b", [each[6:14] for each in ids]),
        ColumnSample("c", ["1" if int(each[16]) % 2 else "2" for each in ids]),
        ColumnSample("d", [RNG.choice("12") for _ in ids]),
    ]
    kinds = {name: verdict.kind for name, verdict in classify_table(table, TODAY).items()}
    assert kinds == {"a": "id_card_no", "b": "birth_date", "c": "gender", "d": "quantity"}


@pytest.mark.parametrize("ones", [20, 40, 60])
def test_a_code_of_ones_and_twos_is_no_flag_however_many_ones_there_are(ones: int) -> None:
    assert said(["1"] * ones + ["2"] * (80 - ones)).kind == "quantity"
    assert said(["1"] * ones + ["0"] * (80 - ones)).kind == "flag"


def test_a_result_holds_counts_and_no_value() -> None:
    ids = [numbers.resident_id(RNG) for _ in range(40)]
    remarks = [f"客户{words.person(RNG)}身份证{each}已核" for each in ids]
    sample = TableSample("t", (ColumnSample("id", ids), ColumnSample("remark", remarks)), 40)
    result = classified(sample, TODAY)
    shown = repr(result) + str(table_document(result)) + repr(sample)
    assert not any(each in shown for each in ids)
    leaks = next(column for column in result.columns if column.name == "remark").leaks
    assert ("resident_id", 40, 40) in leaks


def test_values_of_a_higher_kind_raise_the_column_they_leak_into() -> None:
    remarks = ["已处理，资料齐全"] * 90 + [f"身份证{numbers.resident_id(RNG)}" for _ in range(10)]
    result = classified(TableSample("t", (ColumnSample("remark", remarks),), 100), TODAY)
    assert (result.columns[0].verdict.kind, result.columns[0].grade) == ("free_text", 3)


def test_a_long_remark_is_searched_to_the_end_of_what_is_read_of_it() -> None:
    remark = "已处理，资料齐全。" * 440 + f"身份证{numbers.resident_id(RNG)}"
    assert 3900 < len(remark) < MAX_CELL
    assert profile([remark], TODAY).embedded["resident_id"] == 1


def test_grades_follow_the_catalogue_in_force() -> None:
    raised = dataclasses.replace(Catalog.builtin().fields["mobile_no"], jrt0197=4)
    phones = [numbers.mobile(RNG) for _ in range(60)]
    sample = TableSample(
        "t", (ColumnSample("f1", phones), ColumnSample("remark", [f"客户手机{one}已核" for one in phones])), 60
    )
    shipped, own = (table_document(classified(sample, TODAY, fields)) for fields in (None, {"mobile_no": raised}))
    assert [column["grade"] for column in shipped["columns"]] == [3, 3]
    assert [column["grade"] for column in own["columns"]] == [4, 4]
    assert {"regime": "JR/T 0197", "given": "4", "grade": 4, "source": "JR/T 0197-2020 annex A"} in own["columns"][0][
        "grades"
    ]


def test_a_kind_whose_field_a_deployment_lacks_keeps_the_shipped_grade() -> None:
    assert grade_of("mobile_no", {"gender": Catalog.builtin().fields["gender"]}).grade == 3


def test_the_interval_holds_the_rate_and_narrows_with_more_cells() -> None:
    few, many = wilson(9, 10), wilson(900, 1000)
    assert few[0] < 0.9 < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert wilson(0, 0) == (0.0, 1.0)


def test_old_and_new_numbers_of_one_permit_count_together() -> None:
    makers = (numbers.foreigner_permit, numbers.foreigner_permit_old)
    column: list[object] = [makers[row % 2](RNG) for row in range(94)] + ["待补"] * 6
    assert said(column, "foreigner_id_no").kind == "foreigner_permit"
