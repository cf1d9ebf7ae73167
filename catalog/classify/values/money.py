"""Judges of bank cards and of companies' codes.

Rule: some old domestic debit cards fail the Luhn check, so a failure weakens and does not decide.
"""

import re
from datetime import date
from typing import Final

from catalog.classify.values import checks
from catalog.classify.values.finding import Judgement
from catalog.classify.values.likelihood import Likelihood as L  # noqa: N817  a table of steps reads better short

UNIONPAY: Final = re.compile(r"62|81")
OLD_DEBIT: Final = re.compile(r"9558|9559|60[0-9]{2}|4563|5124|9400|9111")
SCHEMES: Final = re.compile(r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|35(?:2[89]|[3-8])|3[47]|9558")
OFFICES: Final = frozenset(
    "11 12 13 19 21 29 31 32 33 34 35 39 41 49 51 52 53 54 59 61 62 69 71 72 79 81 89 91 92 93".split()
)


def bank_card(value: str, today: date) -> Judgement | None:
    """15 to 19 digits: issuer's prefix and Luhn (ISO/IEC 7812-1)."""
    del today
    if len(set(value)) < 3 or not _has_length(value):
        return None
    passes = checks.luhn(value)
    if UNIONPAY.match(value) or OLD_DEBIT.match(value):
        if passes:
            return Judgement(L.LIKELY, L.VERY_LIKELY, "luhn_and_issuer", checked=True)
        return Judgement(L.UNLIKELY, L.LIKELY, "issuer_only", checked=False)
    if SCHEMES.match(value) and passes:
        return Judgement(L.POSSIBLE, L.VERY_LIKELY, "luhn_and_issuer", checked=True)
    if passes:
        return Judgement(L.VERY_UNLIKELY, L.LIKELY, "check_right", checked=True)
    return None


def _has_length(value: str) -> bool:
    if value[:2] in {"34", "37"}:
        return len(value) == 15
    return 16 <= len(value) <= 19


def social_credit(value: str, today: date) -> Judgement | None:
    """A unified social credit code (GB 32100-2015): office, region, organisation, check character."""
    del today
    if not checks.mod_31(value) or value[:2] not in OFFICES | {"A1", "N1", "N2", "N3", "Y1"}:
        return None
    if not checks.organisation(value[8:17]):
        return Judgement(L.POSSIBLE, L.VERY_LIKELY, "check_right", checked=True, bears_against=True)
    return Judgement(L.VERY_LIKELY, L.VERY_LIKELY, "check_twice", checked=True, bears_against=True)


def organisation(value: str, today: date) -> Judgement | None:
    """An organisation code (GB 11714-1997)."""
    del today
    if not checks.organisation(value):
        return None
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "check_right", checked=True)


def expiry(value: str, today: date) -> Judgement | None:
    """A card's expiry: month and year, a few years around today."""
    year = int(value[-2:]) + 2000
    near = L.VERY_LIKELY if today.year - 15 <= year <= today.year + 20 else L.UNLIKELY
    return Judgement(L.VERY_UNLIKELY, near, "structure_date")
