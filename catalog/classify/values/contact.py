"""Judges of telephone numbers, addresses of machines and mailboxes.

Source of the mobile prefixes: the number plan in libphonenumber 9; 14x data numbers count as weaker.
"""

import ipaddress
import re
from datetime import date
from typing import Final

from catalog.classify.values import checks
from catalog.classify.values.finding import Judgement
from catalog.classify.values.likelihood import Likelihood as L  # noqa: N817  a table of steps reads better short

MOBILE: Final = re.compile(r"1(?:[38][0-9]|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])[0-9]{8}|1(?:610|7[04]0)[0-9]{7}")
DATA: Final = re.compile(r"14[0-9]{9}")
TYPE_ALLOCATIONS: Final = frozenset("01 10 30 33 35 44 45 49 50 51 52 53 54 86 91 98 99".split())
EXTENSION: Final = re.compile(r"(?:[ -]?(?:转|#|ext\.?) ?|(?<=[0-9]{7})-)[0-9]{1,6}$", re.IGNORECASE)
AREA: Final = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})")


def mobile(value: str, today: date) -> Judgement | None:
    """A mobile number of the mainland, with or without the country's code."""
    del today
    bare = re.sub(r"^(?:\+|00)?86(?=1[0-9]{10}$)", "", value)
    if len(set(bare)) < 3:
        return None
    if MOBILE.fullmatch(bare):
        return Judgement(L.POSSIBLE if bare == value else L.LIKELY, L.VERY_LIKELY, "number_plan")
    return Judgement(L.UNLIKELY, L.LIKELY, "number_plan") if DATA.fullmatch(bare) else None


def landline(value: str, today: date) -> Judgement | None:
    """A fixed line; without an area code only a word of context makes it one."""
    del today
    spoken = EXTENSION.sub("", value)
    bare = re.sub(r"[() -]", "", re.sub(r"^(?:\+|00)86[ -]?(?=0)", "", spoken))
    area = AREA.match(bare)
    if area is None:
        return Judgement(L.VERY_UNLIKELY, L.LIKELY, "structure")
    lengths = {10, 11} if area[0][:2] in {"01", "02"} else {11, 12}
    if len(bare) not in lengths:
        return Judgement(L.VERY_UNLIKELY, L.POSSIBLE, "structure")
    return Judgement(L.POSSIBLE, L.VERY_LIKELY, "number_plan")


def ipv4(value: str, today: date) -> Judgement | None:
    """Four octets; what looks like a version number counts as less likely."""
    del today
    octets = [int(part) for part in value.split(".")]
    if max(octets) > 255 or any(part != str(int(part)) for part in value.split(".")):
        return None
    if max(octets) < 20 or octets[0] == 0:
        return Judgement(L.UNLIKELY, L.LIKELY, "octets")
    return Judgement(L.LIKELY, L.VERY_LIKELY, "octets")


def ipv6(value: str, today: date) -> Judgement | None:
    """An address as RFC 4291 writes it."""
    del today
    if value.count(":") < 2 or len(value) < 6:
        return None
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return None
    return Judgement(L.LIKELY, L.VERY_LIKELY, "groups")


def imei(value: str, today: date) -> Judgement | None:
    """15 digits: a reporting body's number and Luhn (3GPP TS 23.003)."""
    del today
    if len(set(value)) < 3 or not checks.luhn(value):
        return None
    known = value[:2] in TYPE_ALLOCATIONS
    return Judgement(L.POSSIBLE if known else L.VERY_UNLIKELY, L.VERY_LIKELY, "luhn_and_issuer", checked=True)


def advertising_id(value: str, today: date) -> Judgement | None:
    """A UUID or a long hexadecimal text: OAID, IDFA."""
    del value, today
    return Judgement(L.UNLIKELY, L.VERY_LIKELY, "structure")
