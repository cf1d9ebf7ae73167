"""Kinds of identifier, what may be wrong with one, and the cleaning that all kinds share.

Rules:
- input is bounded before it is worked on;
- text is brought to NFKC (full-width digits and letters become plain ones), invisible format
  characters are dropped, control characters and lone surrogates are refused;
- spaces and dashes of every script count as spaces and dashes.

Standard: Unicode Standard Annex 15 (NFKC). Format: docs/formats/blind-index.md.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from vault.errors import NotAnIdentifierError

MAX_CHARACTERS: Final = 512


class IdentifierKind(StrEnum):
    """Kinds of identifier that have a canonical form."""

    RESIDENT_ID = "resident_id"
    MOBILE = "mobile"
    BANK_CARD = "bank_card"
    PASSPORT = "passport"
    EMAIL = "email"
    NAME = "name"
    ADDRESS = "address"
    DEVICE = "device"
    ACCOUNT = "account"
    BIRTH_DATE = "birth_date"
    TRAVEL_PERMIT = "travel_permit"
    HONG_KONG_ID = "hong_kong_id"
    TAIWAN_ID = "taiwan_id"
    OFFICER_ID = "officer_id"
    PLATE = "plate"
    VEHICLE = "vehicle"
    COMPANY = "company"

    @property
    def is_lookup(self) -> bool:
        """Say whether the kind points to one person or device, and so belongs in the blind index.

        Names, addresses and birth dates are shared by many people: an index over them would show
        a thief how often each value occurs, and find nobody.
        """
        return self not in (IdentifierKind.NAME, IdentifierKind.ADDRESS, IdentifierKind.BIRTH_DATE)

    @property
    def is_exclusive(self) -> bool:
        """Say whether two subjects can never share a value of this kind."""
        return self in _EXCLUSIVE


_EXCLUSIVE: Final = frozenset(
    {
        IdentifierKind.RESIDENT_ID,
        IdentifierKind.PASSPORT,
        IdentifierKind.TRAVEL_PERMIT,
        IdentifierKind.HONG_KONG_ID,
        IdentifierKind.TAIWAN_ID,
        IdentifierKind.OFFICER_ID,
    }
)


class Fault(StrEnum):
    """What is wrong with a value that is not an identifier of its kind."""

    NOT_TEXT = "not_text"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    SHAPE = "shape"
    CHECK_DIGIT = "check_digit"
    DATE = "date"
    FUTURE = "future"
    AMBIGUOUS = "ambiguous"
    VOID = "void"


_DASHES: Final = dict.fromkeys(
    (0x058A, 0x05BE, *range(0x2010, 0x2016), 0x2043, 0x2212, 0x2E3A, 0x2E3B, 0x301C, 0x30A0), "-"
)
_SPACES: Final = re.compile(r"\s+")
_SPACES_AND_DASHES: Final = re.compile(r"[\s-]+")
_WHITE_CONTROLS: Final = "\t\n\r\x0b\x0c"


def refuse(kind: IdentifierKind, fault: Fault) -> NotAnIdentifierError:
    """Make the refusal of a value; the value is not in it."""
    return NotAnIdentifierError(kind, fault)


def clean(kind: IdentifierKind, value: object) -> str:
    """Bring text to NFKC without invisible characters, trimmed, with plain dashes and single spaces.

    Raises: NotAnIdentifierError: not text, empty, longer than 512 characters, or control characters.
    """
    if not isinstance(value, str):
        raise refuse(kind, Fault.NOT_TEXT)
    if len(value) > MAX_CHARACTERS:
        raise refuse(kind, Fault.TOO_LONG)
    text = unicodedata.normalize("NFKC", value)
    visible = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _WHITE_CONTROLS):
            raise refuse(kind, Fault.CHARACTERS)
        if category != "Cf":
            visible.append(character)
    text = _SPACES.sub(" ", "".join(visible)).strip()
    if not text:
        raise refuse(kind, Fault.EMPTY)
    return text


def plain_dashes(text: str) -> str:
    """Write every dash and minus as `-`."""
    return text.translate(_DASHES)


def compact(kind: IdentifierKind, value: object) -> str:
    """Clean, and drop all spaces and dashes.

    Raises: NotAnIdentifierError.
    """
    text = _SPACES_AND_DASHES.sub("", plain_dashes(clean(kind, value)))
    if not text:
        raise refuse(kind, Fault.EMPTY)
    return text
