"""Grades of kinds and of tables, each with its source."""

import pytest

from catalog import Catalog
from catalog.classify.columns.forms import forms
from catalog.classify.columns.kinds import assumed_kinds, column_kinds
from catalog.classify.grading import grade_of, rule_texts, table_grade
from catalog.classify.results import VALUE_KINDS
from catalog.classify.values.rules import recognisers


def test_a_kind_of_the_catalogue_is_graded_as_its_field() -> None:
    fields = Catalog.builtin().fields
    assert all(grade_of(name).grade == field.grade for name, field in fields.items())


@pytest.mark.parametrize("kind", sorted(column_kinds()))
def test_every_grade_names_its_source_and_is_the_highest_of_its_parts(kind: str) -> None:
    graded = grade_of(kind)
    assert all(part.source and 1 <= part.grade <= 5 for part in graded.parts)
    assert graded.grade == max(part.grade for part in graded.parts)
    if column_kinds()[kind].is_personal:
        assert graded.grade >= 2
        assert graded.sources
        assert graded.group != "-"


def test_a_kind_nobody_knows_has_the_highest_grade() -> None:
    assert grade_of("never_heard_of").grade == 5


def test_a_table_is_at_least_as_its_highest_column() -> None:
    assert table_grade(["gender", "login_password"], 10).grade == grade_of("login_password").grade


@pytest.mark.parametrize(
    ("kinds", "rule"),
    [
        (["full_name", "mobile_no", "home_address"], "contact_together"),
        (["id_card_no", "bank_card_no"], "identity_and_account"),
        (["gender", "birth_date", "region"], "quasi_identifiers"),
        (["second_factor_code", "mobile_no"], "one_time_code_with_account"),
        (["full_name", "overdue_record"], "credit_profile"),
    ],
)
def test_what_stands_together_counts_together(kinds: list[str], rule: str) -> None:
    whole = table_grade(kinds, 10)
    assert rule in whole.rules
    assert all(rule not in table_grade(kinds[:place] + kinds[place + 1 :], 10).rules for place in range(len(kinds)))


def test_many_people_raise_a_table_and_rows_without_people_do_not() -> None:
    grades = [table_grade(["mobile_no"], rows).grade for rows in (99_999, 100_000, 1_000_000)]
    assert grades == [3, 4, 5]
    assert table_grade(["order_no"], 10_000_000).grade == 1


def test_every_rule_and_form_and_kind_is_wired() -> None:
    assert all(zh and en and source for zh, en, source in rule_texts().values())
    used = {form for kind in column_kinds().values() for form in kind.forms}
    assert used <= forms().keys()
    assert forms().keys() - assumed_kinds().keys() <= {"exit_permit"} | used
    assert {VALUE_KINDS.get(kind, kind) for kind in recognisers().kinds} <= column_kinds().keys()
