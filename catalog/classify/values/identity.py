"""Judges of identity numbers issued on the mainland.

Rule: the check character and a real birth date decide; the region only moves the likelihood, since regions are renamed and
people registered later carry codes that did not exist when they were born.
"""

from datetime import date
from typing import Final

from catalog.classify.values import checks
from catalog.classify.values.dates import is_birth
from catalog.classify.values.finding import Judgement
from catalog.classify.values.likelihood import Likelihood as L  # noqa: N817  a table of steps reads better short

PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71".split()
)
HMT: Final = frozenset({"810000", "820000", "830000"})


def resident_id(value: str, today: date) -> Judgement | None:
    """18 digits, the last may be X (GB 11643-1999)."""
    if value[:6] in HMT or value[0] == "9" or not is_birth(value[6:14], today):
        return None
    if not checks.mod_11_2(value):
        return Judgement(L.VERY_UNLIKELY, L.POSSIBLE, "check_fails", checked=False)
    if value[:2] not in PROVINCES:
        return Judgement(L.POSSIBLE, L.LIKELY, "check_and_date", checked=True, bears_against=True)
    return Judgement(L.VERY_LIKELY, L.VERY_LIKELY, "check_date_region", checked=True, bears_against=True)


def hmt_residence_permit(value: str, today: date) -> Judgement | None:
    """18 characters as a resident ID, region 810000, 820000 or 830000."""
    if value[:6] not in HMT or not is_birth(value[6:14], today):
        return None
    if not checks.mod_11_2(value):
        return Judgement(L.VERY_UNLIKELY, L.POSSIBLE, "check_fails", checked=False)
    return Judgement(L.VERY_LIKELY, L.VERY_LIKELY, "check_date_region", checked=True, bears_against=True)


def foreigner_permit(value: str, today: date) -> Judgement | None:
    """18 characters that begin with 9, check character as a resident ID's (from 2023-12-01)."""
    if value[0] != "9" or not is_birth(value[6:14], today):
        return None
    if not checks.mod_11_2(value):
        return Judgement(L.VERY_UNLIKELY, L.POSSIBLE, "check_fails", checked=False)
    return Judgement(L.LIKELY, L.VERY_LIKELY, "check_and_date", checked=True, bears_against=True)


def foreigner_permit_old(value: str, today: date) -> Judgement | None:
    """Three letters of a country and twelve digits."""
    dated = is_birth("19" + value[7:13], today) or is_birth("20" + value[7:13], today)
    return Judgement(L.LIKELY if dated else L.UNLIKELY, L.VERY_LIKELY, "structure_date" if dated else "structure")


def resident_id_15(value: str, today: date) -> Judgement | None:
    """15 digits of a card issued before 1999: region, YYMMDD, sequence; no check digit."""
    if value[:2] not in PROVINCES or not is_birth("19" + value[6:12], today):
        return None
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "structure_date")


def officer_card(value: str, today: date) -> Judgement | None:
    """An officer's card: its service, 字第, a number."""
    del value, today
    return Judgement(L.LIKELY, L.VERY_LIKELY, "structure", bears_against=True)


def only_near(value: str, today: date) -> Judgement | None:
    """A value whose form is too plain: only a word of context makes it one."""
    del value, today
    return Judgement(L.VERY_UNLIKELY, L.LIKELY, "structure")


def strict_near(value: str, today: date) -> Judgement | None:
    """A value that stands right behind its word of context, which is part of the pattern."""
    del value, today
    return Judgement(L.LIKELY, L.VERY_LIKELY, "named_there")


def possible(value: str, today: date) -> Judgement | None:
    """A form of its own without a check digit."""
    del value, today
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "structure")


def likely(value: str, today: date) -> Judgement | None:
    """A form that hardly anything else has."""
    del value, today
    return Judgement(L.LIKELY, L.VERY_LIKELY, "structure")


def certain(value: str, today: date) -> Judgement | None:
    """A form that nothing else has."""
    del value, today
    return Judgement(L.VERY_LIKELY, L.VERY_LIKELY, "structure", bears_against=True)
