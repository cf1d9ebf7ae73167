"""Masks: what a person may be shown of an identifier, the same for every writing of it.

Rules:
- a mask works on the canonical form, so variants mask alike, and what is no identifier is refused;
- enough is hidden that the rest cannot be guessed from the check digit; where hiding the length
  matters the number of stars is fixed;
- the shapes follow the informative annex A of JR/T 0171-2020: card 622202******1234,
  phone 138****5678, resident id 1****************X, name *三 and 李*明, mail a**@x.com, address to
  the district.

Format and vectors: docs/formats/tokens.md.
"""

import re
from collections.abc import Callable
from typing import Final

from vault.canonical import canonical_form
from vault.errors import NotAnIdentifierError
from vault.kinds import IdentifierKind

_HIDDEN: Final = "***"
_SHOWN_CARD_DIGITS: Final = 10
_SHOWN_TAIL: Final = 4
_LEAST_HIDDEN_PHONE: Final = 4
_HAN: Final = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_DISTRICT: Final = re.compile(
    r"((?:[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区))?)"
    r"((?:[\u4e00-\u9fff]{2,9}?(?:市|自治州|地区|盟))?)"
    r"((?:[\u4e00-\u9fff]{1,7}?(?:(?<![小社校厂库院景宅营商])区|县|旗|(?<![超都夜菜城门])市))?)"
)


def mask(kind: IdentifierKind | str, value: object) -> str:
    """Give the masked form of an identifier.

    Raises: UnknownKindError, NotAnIdentifierError.
    """
    canonical = canonical_form(kind, value).reveal()
    return _MASKS[IdentifierKind(kind)](canonical)


def _resident_id(text: str) -> str:
    return text[0] + "*" * (len(text) - 2) + text[-1]


def _mobile(text: str) -> str:
    national = text.removeprefix("+86")
    if national != text:
        return f"{national[:3]}****{national[-_SHOWN_TAIL:]}"
    digits = text[1:]
    head = digits[: max(0, min(3, len(digits) - _SHOWN_TAIL - _LEAST_HIDDEN_PHONE))]
    return f"+{head}{'*' * (len(digits) - len(head) - _SHOWN_TAIL)}{digits[-_SHOWN_TAIL:]}"


def _bank_card(text: str) -> str:
    head = text[: min(6, len(text) - _SHOWN_CARD_DIGITS)]
    return head + "*" * (len(text) - len(head) - _SHOWN_TAIL) + text[-_SHOWN_TAIL:]


def _passport(text: str) -> str:
    return text[0] + "*" * (len(text) - 2) + text[-1]


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    head = local[0] if len(local) > 1 else ""
    return f"{head}**@{domain}"


def _name(text: str) -> str:
    """Han names: two characters show the last, longer ones the first and last; others the first letter."""
    if not _HAN.match(text):
        return text[0] + _HIDDEN
    if len(text) <= 2:
        return "*" + text[1:]
    return text[0] + "*" * (len(text) - 2) + text[-1]


def _address(text: str) -> str:
    found = _DISTRICT.match(text)
    if found is None or not (found[1] or found[2]):
        return _HIDDEN
    return found[0] + _HIDDEN


def _device(text: str) -> str:
    return "****" + text[-_SHOWN_TAIL:] if len(text) > 2 * _SHOWN_TAIL else "****"


def _account(text: str) -> str:
    """An account that is a phone number or a mail address is masked as one."""
    for kind in (IdentifierKind.MOBILE, IdentifierKind.EMAIL):
        try:
            return mask(kind, text)
        except NotAnIdentifierError:
            continue
    return f"{text[0]}{_HIDDEN}{text[-1]}" if len(text) > 2 * _SHOWN_TAIL else _HIDDEN


def _birth_date(text: str) -> str:
    return text[:4] + "-**-**"


_MASKS: Final[dict[IdentifierKind, Callable[[str], str]]] = {
    IdentifierKind.RESIDENT_ID: _resident_id,
    IdentifierKind.MOBILE: _mobile,
    IdentifierKind.BANK_CARD: _bank_card,
    IdentifierKind.PASSPORT: _passport,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.NAME: _name,
    IdentifierKind.ADDRESS: _address,
    IdentifierKind.DEVICE: _device,
    IdentifierKind.ACCOUNT: _account,
    IdentifierKind.BIRTH_DATE: _birth_date,
    IdentifierKind.TRAVEL_PERMIT: _passport,
    IdentifierKind.HONG_KONG_ID: _passport,
    IdentifierKind.TAIWAN_ID: _passport,
    IdentifierKind.OFFICER_ID: _passport,
    IdentifierKind.PLATE: _passport,
    IdentifierKind.VEHICLE: _passport,
    IdentifierKind.COMPANY: _passport,
}
