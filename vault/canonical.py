"""One canonical form per kind of identifier, so that all writings of one identifier are equal.

Rules:
- variants meet: width, case where case means nothing, spaces, dashes, country prefix, middle dots;
- what is not an identifier of its kind is refused, never passed on;
- checks are no stricter than the identifiers are: a wrong check digit refuses a resident identity
  number, but not a bank card (old domestic debit cards fail the Luhn check);
- canonical forms are stable under a second pass.

Standard: GB 11643-1999, E.164, ISO/IEC 7812-1, RFC 5321, RFC 3490, UAX 15. Published with vectors in
docs/formats/blind-index.md: a change of a canonical form is a new version of the blind index.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final

from vault import papers
from vault.errors import UnknownKindError
from vault.kinds import Fault, IdentifierKind, clean, compact, plain_dashes, refuse
from vault.resident_id import EARLIEST, canonical_resident_id
from vault.secret import SecretText

_MAINLAND_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_FOREIGN_NUMBER: Final = re.compile(r"[1-9][0-9]{7,14}")
_PHONE_FILLERS: Final = re.compile(r"[().]")
_CARD: Final = re.compile(r"[0-9]{13,19}")
_PASSPORT: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}")
_MAIL_LOCAL: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}")
_MAIL_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
_MAX_MAIL: Final = 254
_HAN: Final = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ue000-\uf8ff\U00020000-\U0003ffff"
_DOTS: Final = re.compile("\\s*[\u00b7\u2022\u2027\u2219\u22c5\u30fb\u16eb]\\s*")
_DOT_AFTER_HAN: Final = re.compile(rf"(?<=[{_HAN}])\s*[.\u3002]\s*(?=[{_HAN}])")
_SPACE_BY_HAN: Final = re.compile(rf"(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])")
_MAX_NAME: Final = 100
_ADDRESS_FILLERS: Final = re.compile(r"[\s,\u3001\u3002;]+")
_ADDRESS_SIZE: Final = (4, 200)
_DEVICE: Final = re.compile(r"[0-9a-z_.]{6,128}")
_DEVICE_FILLERS: Final = re.compile(r"[\s:{}-]+")
_ACCOUNT: Final = re.compile(r"[^\s\x00-\x1f]{1,128}")
_DATE: Final = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?")
_COMPACT_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def canonical_form(kind: IdentifierKind | str, value: object, *, today: date | None = None) -> SecretText:
    """Give the canonical form of an identifier.

    With `today`, birth dates (also inside a resident identity number) in the future are refused.
    Raises: UnknownKindError; NotAnIdentifierError with what is wrong.
    """
    try:
        known = IdentifierKind(kind)
    except ValueError:
        raise UnknownKindError from None
    if known is IdentifierKind.RESIDENT_ID:
        return SecretText(canonical_resident_id(value, today))
    if known is IdentifierKind.BIRTH_DATE:
        return SecretText(_birth_date(value, today))
    return SecretText(_FORMS[known](value))


def passes_luhn(digits: str) -> bool:
    """Say whether digits pass the Luhn check (ISO/IEC 7812-1): a hint for cards, not a condition."""
    doubled = (int(d) * 2 if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _mobile(value: object) -> str:
    """E.164. Without a prefix a number is a mainland mobile; +86, 0086, 86 and a trunk 0 are the same."""
    kind = IdentifierKind.MOBILE
    text = _PHONE_FILLERS.sub("", compact(kind, value))
    is_international = text.startswith(("+", "00"))
    digits = text.removeprefix("+").removeprefix("00")
    national = digits
    if is_international or len(digits) > len("13800138000"):
        national = digits.removeprefix("86")
    if _MAINLAND_MOBILE.fullmatch(national.removeprefix("0")):
        is_mainland = not is_international or digits.startswith("86")
        if is_mainland:
            return "+86" + national.removeprefix("0")
    if not is_international or digits.startswith("86") or not _FOREIGN_NUMBER.fullmatch(digits):
        raise refuse(kind, Fault.SHAPE)
    return "+" + digits


def _bank_card(value: object) -> str:
    text = compact(IdentifierKind.BANK_CARD, value)
    if not _CARD.fullmatch(text):
        raise refuse(IdentifierKind.BANK_CARD, Fault.SHAPE)
    if not text.strip("0"):
        raise refuse(IdentifierKind.BANK_CARD, Fault.VOID)
    return text


def _passport(value: object) -> str:
    text = compact(IdentifierKind.PASSPORT, value).upper()
    if not _PASSPORT.fullmatch(text):
        raise refuse(IdentifierKind.PASSPORT, Fault.SHAPE)
    return text


def _email(value: object) -> str:
    """Lower case as a whole; the domain in its ASCII (punycode) form."""
    kind = IdentifierKind.EMAIL
    local, at, domain = clean(kind, value).rpartition("@")
    local = local.lower()
    if not at or not _MAIL_LOCAL.fullmatch(local) or ".." in f".{local}.":
        raise refuse(kind, Fault.SHAPE)
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise refuse(kind, Fault.SHAPE) from None
    if not _MAIL_DOMAIN.fullmatch(ascii_domain):
        raise refuse(kind, Fault.SHAPE)
    if len(local) + 1 + len(ascii_domain) > _MAX_MAIL:
        raise refuse(kind, Fault.TOO_LONG)
    return f"{local}@{ascii_domain}"


def _name(value: object) -> str:
    """Upper case; middle dots as U+00B7; no spaces beside Han characters, single ones elsewhere."""
    kind = IdentifierKind.NAME
    text = plain_dashes(clean(kind, value)).replace("\u2019", "'").upper()
    text = _DOT_AFTER_HAN.sub("\u00b7", _DOTS.sub("\u00b7", text))
    text = _SPACE_BY_HAN.sub("", text).strip("\u00b7 ")
    if len(text) > _MAX_NAME:
        raise refuse(kind, Fault.TOO_LONG)
    letters = sum(unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Co" for c in text)
    if not letters:
        raise refuse(kind, Fault.SHAPE)
    if not all(
        unicodedata.category(c)[0] in "LM" or unicodedata.category(c) in ("Co", "Nl") or c in "\u00b7 '-." for c in text
    ):
        raise refuse(kind, Fault.CHARACTERS)
    return text


def _address(value: object) -> str:
    """Upper case, without spaces and separating punctuation; no geocoding."""
    kind = IdentifierKind.ADDRESS
    text = _ADDRESS_FILLERS.sub("", plain_dashes(clean(kind, value)).upper())
    least, most = _ADDRESS_SIZE
    if not any(unicodedata.category(c)[0] == "L" for c in text) or len(text) < least:
        raise refuse(kind, Fault.SHAPE)
    if len(text) > most:
        raise refuse(kind, Fault.TOO_LONG)
    return text


def _device(value: object) -> str:
    """Lower case without separators: IMEI, MEID, OAID, IDFA, MAC address, serial number.

    All-zero identifiers are what a phone gives when its owner refuses tracking: they name nobody.
    """
    kind = IdentifierKind.DEVICE
    text = _DEVICE_FILLERS.sub("", plain_dashes(clean(kind, value))).lower()
    if not _DEVICE.fullmatch(text):
        raise refuse(kind, Fault.SHAPE)
    if not text.strip("0"):
        raise refuse(kind, Fault.VOID)
    return text


def _account(value: object) -> str:
    """Case is kept: platform account ids tell it apart."""
    text = clean(IdentifierKind.ACCOUNT, value)
    if not _ACCOUNT.fullmatch(text):
        raise refuse(IdentifierKind.ACCOUNT, Fault.SHAPE)
    return text


def _birth_date(value: object, today: date | None) -> str:
    kind = IdentifierKind.BIRTH_DATE
    text = plain_dashes(clean(kind, value)).replace(" ", "")
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if found is None:
        raise refuse(kind, Fault.SHAPE)
    try:
        born = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise refuse(kind, Fault.DATE) from None
    if born < EARLIEST:
        raise refuse(kind, Fault.DATE)
    if today is not None and born > today:
        raise refuse(kind, Fault.FUTURE)
    return born.isoformat()


def _settled(form: Callable[[object], str]) -> Callable[[object], str]:
    """Repeat a form until it changes nothing: dropping a character can let two others combine."""

    def settle(value: object) -> str:
        text = form(value)
        while (again := form(text)) != text:
            text = again
        return text

    return settle


_FORMS: Final[dict[IdentifierKind, Callable[[object], str]]] = {
    IdentifierKind.MOBILE: _mobile,
    IdentifierKind.BANK_CARD: _bank_card,
    IdentifierKind.PASSPORT: _passport,
    IdentifierKind.EMAIL: _settled(_email),
    IdentifierKind.NAME: _settled(_name),
    IdentifierKind.ADDRESS: _settled(_address),
    IdentifierKind.DEVICE: _settled(_device),
    IdentifierKind.ACCOUNT: _settled(_account),
    IdentifierKind.TRAVEL_PERMIT: papers.travel_permit,
    IdentifierKind.HONG_KONG_ID: papers.hong_kong_id,
    IdentifierKind.TAIWAN_ID: papers.taiwan_id,
    IdentifierKind.OFFICER_ID: papers.officer_id,
    IdentifierKind.PLATE: papers.plate,
    IdentifierKind.VEHICLE: papers.vehicle,
    IdentifierKind.COMPANY: papers.company,
}
