"""A value that is a direct identifier belongs into a field declared for it."""

import time
from datetime import date

import pytest

from catalog import load_views
from catalog.classify.guarding import Guard

TODAY = date(2026, 11, 24)
VIEW = """
views:
  - name: profile
    handler: lender
    zh: 资料
    en: Profile
    features:
      - {name: nickname, zh: 昵称, en: Nickname, type: string, transform: derived, fields: [full_name], form: withheld}
      - {name: phone, zh: 手机, en: Phone, type: string, transform: raw, fields: [mobile_no], form: token}
      - {name: score, zh: 分, en: Score, type: integer, transform: raw, fields: [zhima_score], form: withheld}
"""


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(load_views(VIEW, "bank")[0])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("13800138000", "mobile"),
        ("１３８００１３８０００", "mobile"),
        ("138-0013-8000", "mobile"),
        ("11010519491231002X", "resident_id"),
        ("我的手机13800138000", "mobile"),
        ("a.b@qq.com", "email"),
        ("6200000000000005", "bank_card"),
        ("密码是abc123!@#", "password"),
    ],
)
def test_an_identifier_in_a_nickname_is_an_offence(guard: Guard, value: str, kind: str) -> None:
    assert guard.offence("nickname", value, TODAY) == kind


@pytest.mark.parametrize(
    "value", ["快乐小鱼", "lucky_2024", "12345", "", None, 13800138000, "A1B2C3D4", "110105194912310021"]
)
def test_what_is_no_identifier_passes(guard: Guard, value: object) -> None:
    assert guard.offence("nickname", value, TODAY) is None


def test_a_field_may_hold_what_it_is_declared_for_and_nothing_else(guard: Guard) -> None:
    assert guard.offence("phone", "13800138000", TODAY) is None
    assert guard.offence("phone", "11010519491231002X", TODAY) == "resident_id"


def test_numbers_and_unknown_features_are_not_its_matter(guard: Guard) -> None:
    assert guard.offence("score", 700, TODAY) is None
    assert guard.offence("nothing", "13800138000", TODAY) is None


def test_guarding_plain_texts_is_cheap(guard: Guard) -> None:
    began = time.process_time()
    for number in range(20_000):
        guard.offence("nickname", f"小鱼{number}", TODAY)
    assert (time.process_time() - began) / 20_000 < 20e-6
