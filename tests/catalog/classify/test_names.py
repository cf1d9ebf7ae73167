"""Names of columns in five ways of writing them."""

import pytest

from catalog.classify.columns.kinds import column_kinds
from catalog.classify.names.compounds import chinese_compounds, compounds, latin_compounds
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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rcv_addr_detail", "delivery_address"),
        ("zm_score_change", "zhima_score_delta"),
        ("avg_click_gap_ms", "operation_interval"),
        ("平均点击间隔", "operation_interval"),
        ("IP归属城市", "login_ip_region"),
        ("芝麻分月变化", "zhima_score_delta"),
        ("交易密码密文", "payment_password"),
        ("official_company_tel_no", "landline_no"),
        ("guarantor_face_feature_vector", "face_template"),
    ],
)
def test_the_last_noun_says_what_it_is_and_a_word_before_it_of_what(name: str, kind: str) -> None:
    assert match_name(name)[0].kind == kind


@pytest.mark.parametrize("name", ["order_count_limit", "page_title", "店铺名称", "interval", "间隔"])
def test_a_head_or_a_modifier_alone_is_no_compound(name: str) -> None:
    found = [*latin_compounds(name.split("_"), frozenset()), *chinese_compounds(name)]
    assert found == []


def test_the_more_of_a_name_a_compound_makes_up_the_surer_it_is() -> None:
    [(_, whole)], [(_, part)] = chinese_compounds("芝麻变化"), chinese_compounds("芝麻上月变化")
    assert whole > part >= 0.66


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jkrsjh", "mobile_no"),
        ("jiekuanrenxingming", "full_name"),
        ("sbzwid", "device_fingerprint"),
        ("fkzt", "status_code"),
        ("zhuce_time", "account_registered_at"),
    ],
)
def test_pinyin_and_initials_are_found_behind_whose_they_are(name: str, kind: str) -> None:
    assert match_name(name)[0].kind == kind


@pytest.mark.parametrize("word", ["status", "metrics", "analysis", "basics", "relics"])
def test_english_words_do_not_end_as_initials_do(word: str) -> None:
    assert all(match.language != "initials" for match in match_name(word))


@pytest.mark.parametrize(
    ("name", "kind"), [("is_vip", "flag"), ("is_default", "flag"), ("is_married", "marital_status")]
)
def test_a_question_is_no_kind_that_does_not_answer_it(name: str, kind: str) -> None:
    assert match_name(name)[0].kind == kind


def test_with_a_span_of_time_a_number_says_how_many() -> None:
    assert match_name("order_num_12m")[0].kind == "ecom_order_count"
    assert match_name("order_num")[0].kind == "order_no"


@pytest.mark.parametrize(
    ("name", "kind"), [("登陆帐号", "platform_account_id"), ("收款方名称", "transaction_counterparty")]
)
def test_other_ways_of_writing_chinese_and_idle_endings_change_nothing(name: str, kind: str) -> None:
    assert match_name(name)[0].kind == kind


def test_every_kind_compounds_name_exists() -> None:
    assert {one.kind for one in compounds()} <= column_kinds().keys()


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
