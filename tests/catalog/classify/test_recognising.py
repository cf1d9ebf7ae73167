"""Recognisers beside Hanzi, in full-width signs, with separators; and what they must not take for a person's number."""

from datetime import date

import pytest

from catalog.classify.errors import TextTooLongError
from catalog.classify.values.likelihood import Likelihood, moved
from catalog.classify.values.normal import MAX_TEXT, halved
from catalog.classify.values.rules import recognisers
from catalog.classify.values.scanning import scan

TODAY = date(2026, 11, 24)
ID = "11010519491231002X"


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in scan(text, TODAY).findings]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (f"身份证{ID}有效", "resident_id", ID),
        ("手机号13800138000，谢谢", "mobile", "13800138000"),
        ("手机１３８００１３８０００", "mobile", "１３８００１３８０００"),
        ("电话+86 138-0013-8000", "mobile", "+86 138-0013-8000"),
        ("身份证 110105 19491231 002x", "resident_id", "110105 19491231 002x"),
        ("卡号6200000000000005，", "bank_card", "6200000000000005"),
        ("卡号6200 0000 0000 0005", "bank_card", "6200 0000 0000 0005"),
        ("邮箱a.b@qq.com", "email", "a.b@qq.com"),
        ("邮箱zhangsan@example.com。", "email", "zhangsan@example.com"),
        ("香港身份证A123456(3)", "hong_kong_id", "A123456(3)"),
        ("车牌京A12345停在门口", "plate", "京A12345"),
        ("新能源车粤BD12345", "plate", "粤BD12345"),
        ("IP：240e:7d2::8324，", "ipv6", "240e:7d2::8324"),
        ("MAC：00:1a:2b:3c:4d:5e", "mac", "00:1a:2b:3c:4d:5e"),
        ("座机010-62345678转801", "landline", "010-62345678转801"),
        ("请拨0571-88888888-304转人工", "landline", "0571-88888888-304"),
        ("验证码384756，请勿泄露", "one_time_code", "384756"),
        ("密码是abc123!@#，", "password", "abc123!@#"),
        ("IMEI 490154203237518", "imei", "490154203237518"),
        ("信用代码91350100M000100Y43", "social_credit_code", "91350100M000100Y43"),
        ("住在浙江省杭州市西湖区文三路100号3幢201室", "postal_address", "浙江省杭州市西湖区文三路100号3幢201室"),
        ("收货人：李小明，", "person_name", "李小明"),
        ("出生日期：1990年1月2日", "birth_date", "1990年1月2日"),
        ("证件为台胞证，证号15812491", "taiwan_permit", "15812491"),
        ("军官证编号沈字第61233086号", "officer_card", "沈字第61233086号"),
    ],
)
def test_a_value_is_found_whole_and_nothing_beside_it(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "订单号13912345678已发货",
        "流水号202401151234567890",
        "时间戳1700000000000",
        "金额1234567.89元",
        "版本1.2.3.4",
        "会议定于2024-01-15召开",
        "共87654321条记录",
        "身份证110105194912310021",  # wrong check character: a mistyped number is only possible
        "价格￥13800138000.00",
    ],
)
def test_what_only_looks_like_a_number_of_a_person_is_not_likely(text: str) -> None:
    assert [one for one in scan(text, TODAY).findings if one.likelihood >= Likelihood.LIKELY] == []


@pytest.mark.parametrize("region", ["310115", "500101", "330110", "330113"])
def test_a_region_that_was_made_after_the_birth_does_not_hide_a_resident_id(region: str) -> None:
    """A library decides by the counties of the year of birth, and so refuses real numbers; ours must not."""
    from catalog.classify.values import checks  # noqa: PLC0415  beside its one use

    head = region + "19900101" + "123"
    assert found(f"身份证{head}{checks.id_check(head)}")[0][0] == "resident_id"


def test_a_permit_of_hong_kong_macau_and_taiwan_residents_is_told_from_a_resident_id() -> None:
    from catalog.classify.values import checks  # noqa: PLC0415  beside its one use

    head = "83000019900101123"
    assert found(f"居住证{head}{checks.id_check(head)}")[0][0] == "hmt_residence_permit"


def test_a_birth_date_in_the_future_is_no_resident_id() -> None:
    from catalog.classify.values import checks  # noqa: PLC0415  beside its one use

    head = "110105" + "20990101" + "123"
    assert "resident_id" not in [kind for kind, _ in found(f"身份证{head}{checks.id_check(head)}")]


def test_a_card_that_fails_luhn_is_weakened_and_not_lost() -> None:
    assert [one.likelihood for one in scan("卡号6200000000000006", TODAY).findings] == [Likelihood.LIKELY]
    assert found("6200000000000006") == []


def test_the_nearer_of_two_words_counts() -> None:
    assert found("订单13912345678的收货手机13800138000") == [("mobile", "13800138000")]


def test_places_are_those_of_the_text_whatever_its_width() -> None:
    text = "　手机：１３８００１３８０００　"
    assert len(halved(text)) == len(text)
    assert found(text) == [("mobile", "１３８００１３８０００")]


def test_a_text_that_is_too_long_is_refused_and_not_cut() -> None:
    with pytest.raises(TextTooLongError, match="100000"):
        scan("1" * (MAX_TEXT + 1), TODAY)


def test_a_scan_that_ran_out_of_time_says_that_it_is_not_complete() -> None:
    late = iter([False, True])
    assert not scan("手机13800138000", TODAY, is_late=lambda: next(late)).is_complete


def test_every_kind_and_reason_has_its_texts() -> None:
    known = recognisers()
    assert {rule.kind for rule in known.rules} <= known.kinds.keys()
    assert all(title.zh and title.en for title in (*known.kinds.values(), *known.reasons.values()))


def test_likelihood_moves_within_its_scale() -> None:
    assert moved(Likelihood.VERY_LIKELY, 3) is Likelihood.VERY_LIKELY
    assert moved(Likelihood.UNLIKELY, -3) is Likelihood.VERY_UNLIKELY
