"""Judges of identity and travel documents beyond the resident ID."""

from datetime import date

from catalog.classify.values import checks
from catalog.classify.values.finding import Judgement
from catalog.classify.values.likelihood import Likelihood as L  # noqa: N817  a table of steps reads better short


def passport(value: str, today: date) -> Judgement | None:
    """Ordinary, official, Hong Kong and Macau passports; no check digit is printed."""
    del today
    plain = value[0] in "EG" or value[:2] in {"DE", "SE", "PE", "MA"}
    return Judgement(L.POSSIBLE if plain else L.VERY_UNLIKELY, L.VERY_LIKELY, "structure")


def home_return_permit(value: str, today: date) -> Judgement | None:
    """The permit of Hong Kong and Macau residents: H or M and 8 digits, or 10 on older cards."""
    del today
    return Judgement(L.POSSIBLE if len(value) == 11 else L.VERY_UNLIKELY, L.VERY_LIKELY, "structure")


def hong_kong_id(value: str, today: date) -> Judgement | None:
    """A Hong Kong identity card; the check digit usually stands in brackets."""
    del today
    bare = value.replace("(", "").replace(")", "")
    if not checks.hong_kong(bare):
        return None
    alone = L.LIKELY if bare != value else L.UNLIKELY
    return Judgement(alone, L.VERY_LIKELY, "check_right", checked=True)


def taiwan_id(value: str, today: date) -> Judgement | None:
    """A Taiwan identity card or residence certificate, new or old."""
    del today
    if not checks.taiwan(value):
        return None
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "check_right", checked=True)


def macau_id(value: str, today: date) -> Judgement | None:
    """A Macau resident identity card; its check digit's rule is not public."""
    del value, today
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "structure")


def vehicle(value: str, today: date) -> Judgement | None:
    """A vehicle identification number; European ones may carry no check digit."""
    del today
    if not any(sign.isalpha() for sign in value) or not any(sign.isdecimal() for sign in value):
        return None
    if not checks.vin(value):
        return Judgement(L.VERY_UNLIKELY, L.LIKELY, "check_fails", checked=False)
    return Judgement(L.LIKELY, L.VERY_LIKELY, "check_right", checked=True)
