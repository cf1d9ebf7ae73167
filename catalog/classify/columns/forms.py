"""The forms a cell may have: each a test of one half-width, stripped cell.

| form | told by |
| --- | --- |
| identifiers | the recognisers' patterns and check digits (`catalog.classify.values`) |
| lexicons | data/lexicons.yaml: columns of few distinct words |
| shapes | patterns of this module: dates, numbers, hashes, paths, lists |

A form has a weight: how much it says that a cell has it. A check digit says much, being a number little. Forms that
most cells of a kind and few others have, weigh between.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cache
from typing import Any, Final

import yaml

from catalog.classify.columns.shapes import SHAPES
from catalog.classify.values.person import is_named
from catalog.classify.values.place import address
from catalog.classify.values.regions import CITIES, PROVINCES
from catalog.classify.values.rule import Rule
from catalog.classify.values.rules import DATA, recognisers

CHANCES: Final[Mapping[str, float]] = {
    "resident_id": 1 / 11,
    "hmt_residence_permit": 1 / 11,
    "foreigner_permit": 1 / 11,
    "bank_card": 1 / 10,
    "imei": 1 / 10,
    "vin": 1 / 11,
    "hong_kong_id": 1 / 11,
    "taiwan_id": 1 / 10,
    "social_credit_code": 1 / 31,
    "organisation_code": 1 / 11,
}
"""The share of random values of the shape that pass the check."""

_WEIGHTS: Final = {
    "resident_id": 1.0, "hmt_residence_permit": 1.0, "foreigner_permit": 1.0, "social_credit_code": 1.0, "vin": 1.0,
    "imei": 0.98, "bank_card": 0.97, "hong_kong_id": 0.97, "taiwan_id": 0.97, "organisation_code": 0.95,
    "email": 1.0, "ipv4": 0.96, "ipv6": 0.96, "mac": 0.97, "plate": 0.98, "alipay_id": 0.99, "wechat_id": 0.98,
    "mobile": 0.94, "landline": 0.9, "resident_id_15": 0.95, "foreigner_permit_old": 0.95, "passport": 0.9,
    "home_return_permit": 0.91, "officer_card": 0.97, "property_certificate": 0.98, "coordinates": 0.95, "password":
    0.98,
    "secret_key": 0.98, "macau_id": 0.92, "meid": 0.8, "card_expiry": 0.85, "wechat_openid": 0.8, "exit_permit": 0.7,
}  # fmt: skip
_CLASSES: Final = {
    "resident_id": "DS", "hmt_residence_permit": "DS", "foreigner_permit": "DS", "bank_card": "DS", "imei": "DS",
    "mobile": "DS", "resident_id_15": "DS", "alipay_id": "D", "landline": "DSH", "plate": "H", "officer_card": "H",
    "property_certificate": "H",
}  # fmt: skip
_LENGTHS: Final = {
    "resident_id": (18, 36), "hmt_residence_permit": (18, 36), "foreigner_permit": (18, 36), "resident_id_15": (15, 30),
    "foreigner_permit_old": (15, 15), "passport": (9, 9), "home_return_permit": (9, 11), "hong_kong_id": (8, 12),
    "taiwan_id": (10, 10), "macau_id": (8, 12), "social_credit_code": (18, 18), "organisation_code": (10, 10),
    "bank_card": (15, 24), "mobile": (11, 20), "landline": (7, 24), "imei": (15, 18), "meid": (14, 14), "vin": (17, 17),
    "alipay_id": (16, 16), "wechat_id": (17, 30), "wechat_openid": (28, 28), "card_expiry": (5, 9), "ipv4": (7, 15),
    "ipv6": (4, 45), "mac": (14, 17), "plate": (7, 10), "officer_card": (7, 14), "coordinates": (11, 40),
    "email": (6, 120), "password": (60, 60), "property_certificate": (14, 40), "exit_permit": (9, 9),
}  # fmt: skip


class Hit(IntEnum):
    """What a form's test says of a cell."""

    NO = 0
    FITS = 1
    PASSES = 2
    FAILS = 3


Test = Callable[[str, date], Hit]


@dataclass(frozen=True, slots=True)
class Form:
    """A form.

    Attributes:
        classes: which cells are tried: D digits only, S ASCII with a digit, A other ASCII, H with a sign beyond ASCII.
        low, high: lengths tried.
        weight: 0 to 1.
        chance: share of random values that pass the check digit; None without one.
    """

    name: str
    test: Test
    classes: str
    low: int
    high: int
    weight: float
    chance: float | None = None


def class_of(cell: str) -> str:
    """Return the class of a cell: D, S, A or H."""
    if not cell.isascii():
        return "H"
    if cell.isdecimal():
        return "D"
    return "S" if any("0" <= sign <= "9" for sign in cell) else "A"


@cache
def forms() -> Mapping[str, Form]:
    """Return every form by name."""
    found = [_of_rules(name, recognisers().of(name)) for name in _WEIGHTS]
    lexicons: dict[str, list[Any]] = yaml.load((DATA / "lexicons.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  the base loader makes texts only
    found += [Form(name, _of_words(frozenset(map(str, words))), "DSAH", 1, 24, 0.9) for name, words in lexicons.items()]
    found += [
        Form("person_name", _test(is_named), "H", 2, 20, 0.86),
        Form("address", lambda cell, today: Hit.FITS if _is_address(cell, today) else Hit.NO, "H", 5, 90, 0.93),
        Form("province", _of_words(_regions(PROVINCES)), "H", 2, 12, 0.91),
        Form("city", _of_words(_regions(CITIES)), "H", 2, 12, 0.9),
    ]
    found += [
        Form(name, _of_pattern(pattern), classes, low, high, weight)
        for name, pattern, classes, low, high, weight in SHAPES
    ]
    return {form.name: form for form in found}


def _of_rules(name: str, rules: tuple[Rule, ...]) -> Form:
    def test(cell: str, today: date) -> Hit:
        for rule in rules:
            judged = rule.of_cell(cell, today)
            if judged is not None:
                if judged.checked is None:
                    return Hit.FITS
                return Hit.PASSES if judged.checked else Hit.FAILS
        return Hit.NO

    low, high = _LENGTHS.get(name, (1, 4000))
    return Form(name, test, _CLASSES.get(name, "DSA"), low, high, _WEIGHTS[name], CHANCES.get(name))


def _of_words(words: frozenset[str]) -> Test:
    return lambda cell, _today: Hit.FITS if cell in words else Hit.NO


def _of_pattern(pattern: re.Pattern[str]) -> Test:
    return lambda cell, _today: Hit.FITS if pattern.fullmatch(cell) else Hit.NO


def _test(says: Callable[[str], bool]) -> Test:
    return lambda cell, _today: Hit.FITS if says(cell) else Hit.NO


def _is_address(cell: str, today: date) -> bool:
    return address(cell, today) is not None


def _regions(names: tuple[str, ...]) -> frozenset[str]:
    """The names with and without what kind of region they are."""
    suffixes = (
        "",
        "省",
        "市",
        "自治区",
        "特别行政区",
        "壮族自治区",
        "回族自治区",
        "维吾尔自治区",
        "地区",
        "自治州",
        "盟",
    )
    return frozenset(name + suffix for name in names for suffix in suffixes)
