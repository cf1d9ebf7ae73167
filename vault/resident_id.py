"""The resident identity number: canonical form, check character, birth date.

Rules:
- the check character (MOD 11-2) and a real birth date decide; the region code does not, since
  true numbers carry codes that came into being after the birth or have gone since;
- residence permits of Hong Kong, Macao and Taiwan residents (81, 82, 83) and of foreigners (9)
  follow the same form and the same check;
- a 15-digit number of the old form is upgraded, so that it meets the 18-digit number of the same
  person; order numbers 996 to 999 stood for people born in the century before and are refused as ambiguous;
- a foreigner's permit of the form before December 2023 (3 letters, 12 digits) is kept as it is.

Standard: GB 11643-1999, ISO 7064 MOD 11-2. Format: docs/formats/blind-index.md.
"""

import re
from datetime import date
from typing import Final

from vault.kinds import Fault, IdentifierKind, compact, refuse

_KIND: Final = IdentifierKind.RESIDENT_ID
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"
_CURRENT: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_OLD: Final = re.compile(r"[1-9][0-9]{14}")
_OLD_FOREIGNER: Final = re.compile(r"[A-Z]{3}[0-9]{12}")
_AMBIGUOUS_ORDERS: Final = ("996", "997", "998", "999")
EARLIEST: Final = date(1800, 1, 1)


def check_character(body: str) -> str:
    """Compute the 18th character from the first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def canonical_resident_id(value: object, today: date | None = None) -> str:
    """Give the 18 characters of a resident identity number, upgraded if it has 15.

    Raises: NotAnIdentifierError: shape, check digit, date, future date (if `today` is given), ambiguous.
    """
    text = compact(_KIND, value).upper()
    if _OLD_FOREIGNER.fullmatch(text):
        return text
    if _OLD.fullmatch(text):
        text = _upgrade(text)
    if not _CURRENT.fullmatch(text):
        raise refuse(_KIND, Fault.SHAPE)
    if check_character(text[:17]) != text[17]:
        raise refuse(_KIND, Fault.CHECK_DIGIT)
    born = _birth_date(text)
    if today is not None and born > today:
        raise refuse(_KIND, Fault.FUTURE)
    return text


def resident_id_birth_date(value: str) -> date:
    """Read the birth date out of a resident identity number in any of its written forms.

    Raises: NotAnIdentifierError; `ambiguous` for a foreigner's permit of the old form.
    """
    text = canonical_resident_id(value)
    if not _CURRENT.fullmatch(text):
        raise refuse(_KIND, Fault.AMBIGUOUS)
    return _birth_date(text)


def _upgrade(old: str) -> str:
    if old[12:] in _AMBIGUOUS_ORDERS:
        raise refuse(_KIND, Fault.AMBIGUOUS)
    body = old[:6] + "19" + old[6:]
    return body + check_character(body)


def _birth_date(text: str) -> date:
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise refuse(_KIND, Fault.DATE) from None
    if born < EARLIEST:
        raise refuse(_KIND, Fault.DATE)
    return born
