"""Canonical forms of the other papers people are known by: permits, regional identity cards, vehicles, companies.

Rules:
- as everywhere: width, case, spaces, dashes and ornaments do not count; a published check character does;
- a home return permit (回乡证) ends in two digits that count how often it was renewed: they are dropped, so that a
  renewed permit is the same person's;
- the check digit of a vehicle number is a hint only: cars made for other markets have none.

Standard: GB 32100-2015 (统一社会信用代码), GB 16735-2019 (VIN), GA 36-2018 (plates); check digits of the cards of
Hong Kong and Taiwan as their issuers publish them. Published in docs/formats/blind-index.md.
"""

import re
from typing import Final

from vault.kinds import Fault, IdentifierKind, compact, refuse

_ORNAMENTS: Final = re.compile(r"[()\u00b7\u2022\u30fb.]")
_PERMIT: Final = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?|([CW][A-Z0-9][0-9]{7}|[LT][0-9]{8}|[0-9]{8})")
_HONG_KONG: Final = re.compile(r"([A-Z]{1,2})([0-9]{6})([0-9A])")
_TAIWAN: Final = re.compile(r"[A-Z][1289A-D][0-9]{8}")
_TAIWAN_VALUES: Final = {letter: 10 + place for place, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
_TAIWAN_WEIGHTS: Final = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_OFFICER: Final = re.compile(r"([\u4e00-\u9fa5]{1,2})字第?([0-9]{4,8})号?")
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE: Final = re.compile(
    rf"[{_PROVINCES}][A-HJ-NP-Z](?:[A-HJ-NP-Z0-9]{{5,6}}|[A-HJ-NP-Z0-9]{{4}}[学警港澳挂领])|使[0-9]{{6}}"
)
_VEHICLE: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_COMPANY: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_COMPANY_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def travel_permit(value: object) -> str:
    """Permits between the mainland and Hong Kong, Macao, Taiwan: without the count of renewals."""
    found = _PERMIT.fullmatch(_bare(IdentifierKind.TRAVEL_PERMIT, value))
    if found is None:
        raise refuse(IdentifierKind.TRAVEL_PERMIT, Fault.SHAPE)
    return found[1] or found[2]


def hong_kong_id(value: object) -> str:
    """Hong Kong identity card: letters, six digits, check character, without brackets."""
    text = _bare(IdentifierKind.HONG_KONG_ID, value)
    found = _HONG_KONG.fullmatch(text)
    if found is None:
        raise refuse(IdentifierKind.HONG_KONG_ID, Fault.SHAPE)
    letters, digits, check = found.groups()
    values = [36 if letter == " " else ord(letter) - 55 for letter in letters.rjust(2)] + [int(d) for d in digits]
    total = sum(weight * part for weight, part in zip(range(9, 1, -1), values, strict=True))
    if "0123456789A"[-total % 11] != check:
        raise refuse(IdentifierKind.HONG_KONG_ID, Fault.CHECK_DIGIT)
    return text


def taiwan_id(value: object) -> str:
    """Taiwan identity card, and resident certificates of the new form (8, 9) and the old one (two letters)."""
    text = _bare(IdentifierKind.TAIWAN_ID, value)
    if not _TAIWAN.fullmatch(text):
        raise refuse(IdentifierKind.TAIWAN_ID, Fault.SHAPE)
    first = _TAIWAN_VALUES[text[0]]
    second = int(text[1]) if text[1].isdigit() else _TAIWAN_VALUES[text[1]] % 10
    values = [first // 10, first % 10, second, *(int(digit) for digit in text[2:])]
    if sum(weight * part for weight, part in zip(_TAIWAN_WEIGHTS, values, strict=True)) % 10:
        raise refuse(IdentifierKind.TAIWAN_ID, Fault.CHECK_DIGIT)
    return text


def officer_id(value: object) -> str:
    """Officer's card (军官证), as 某字第1234567号."""
    found = _OFFICER.fullmatch(_bare(IdentifierKind.OFFICER_ID, value))
    if found is None:
        raise refuse(IdentifierKind.OFFICER_ID, Fault.SHAPE)
    return f"{found[1]}字第{found[2]}号"


def plate(value: object) -> str:
    """Number plate, without the dot; new-energy plates have one character more."""
    text = _bare(IdentifierKind.PLATE, value)
    if not _PLATE.fullmatch(text):
        raise refuse(IdentifierKind.PLATE, Fault.SHAPE)
    return text


def vehicle(value: object) -> str:
    """Vehicle identification number: 17 characters without I, O and Q."""
    text = _bare(IdentifierKind.VEHICLE, value)
    if not _VEHICLE.fullmatch(text):
        raise refuse(IdentifierKind.VEHICLE, Fault.SHAPE)
    if not text.strip("0"):
        raise refuse(IdentifierKind.VEHICLE, Fault.VOID)
    return text


def company(value: object) -> str:
    """Unified social credit code of a company or a sole trader (个体工商户), with its check character."""
    text = _bare(IdentifierKind.COMPANY, value)
    if not _COMPANY.fullmatch(text):
        raise refuse(IdentifierKind.COMPANY, Fault.SHAPE)
    total = sum(pow(3, place, 31) * _COMPANY_ALPHABET.index(part) for place, part in enumerate(text[:17]))
    if _COMPANY_ALPHABET[-total % 31] != text[17]:
        raise refuse(IdentifierKind.COMPANY, Fault.CHECK_DIGIT)
    return text


def _bare(kind: IdentifierKind, value: object) -> str:
    text = _ORNAMENTS.sub("", compact(kind, value).upper())
    if not text:
        raise refuse(kind, Fault.EMPTY)
    return text
