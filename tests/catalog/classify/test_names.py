"""Names of columns in five ways of writing them."""

import pytest

from catalog.classify.columns.kinds import column_kinds
from catalog.classify.names.lexicon import lexicon_size, match_name
from catalog.loading import builtin_fields
from tests.evaluation.naming import lexicon_names


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sfzh", "id_card_no"),
        ("zjhm", "id_card_no"),
        ("mobile_no", "mobile_no"),
        ("CUST_MBL_NBR", "mobile_no"),
        ("khxm", "full_name"),
        ("客户身份证号码", "id_card_no"),
        ("shoujihao", "mobile_no"),
        ("userMobileMd5", "mobile_no"),
        ("t_user_phone", "mobile_no"),
        ("shipping_addr", "delivery_address"),
        ("芝麻信用分", "zhima_score"),
        ("手 机 号", "mobile_no"),
    ],
)
def test_a_name_points_to_its_kind(name: str, kind: str) -> None:
    assert match_name(name)[0].kind == kind


@pytest.mark.parametrize("name", ["f1", "col_7", "x_03", "字段3", "", "12", "a" * 5000])
def test_a_name_that_says_nothing_points_nowhere(name: str) -> None:
    assert match_name(name) == []


@pytest.mark.parametrize("name", ["mobile_count", "email_verified_flag", "手机号归属地", "phone_brand"])
def test_a_last_word_that_makes_another_thing_of_it_takes_the_score_away(name: str) -> None:
    scores = {match.kind: match.score for match in match_name(name)}
    assert max(scores.get("mobile_no", 0), scores.get("email", 0)) < 0.6


def test_every_field_of_the_catalogue_has_a_kind_and_names_in_every_language() -> None:
    names = lexicon_names()
    assert {field.name for field in builtin_fields()} <= column_kinds().keys()
    assert column_kinds().keys() <= names.keys()
    assert all(count > 300 for count in lexicon_size().values())


def test_every_kind_that_names_name_exists() -> None:
    assert lexicon_names().keys() <= column_kinds().keys()
