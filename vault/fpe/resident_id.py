"""Tokens of resident identity numbers: 18 characters, right check character, never a person's number.

Rules:
- replaced as a whole, or with the region kept, a token has month 99: no birth date has, so no such number exists;
- with the birth date kept, the province code is one that GB/T 2260 never assigned;
- values have an assigned province code, those of residence permits (71, 81 to 83, 9x) included, and a birth date from
  1800-01-01 to 2073-10-14: 100,000 days, five digits;
- a foreigner's permit of the form before December 2023 has no token of this form.

Standard: GB 11643-1999, GB/T 2260, ISO 7064 MOD 11-2. Format: docs/formats/fpe.md.
"""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from vault.fpe.ff1 import Domain
from vault.fpe.layouts import FpeKind, Message, Misfit, misfit
from vault.resident_id import EARLIEST, check_character

KIND: Final = FpeKind.RESIDENT_ID
DAYS: Final = 100_000
ASSIGNED: Final = (
    *range(11, 16),
    *range(21, 24),
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
    *range(81, 84),
    *range(90, 100),
)
UNASSIGNED: Final = tuple(sorted(set(range(100)) - set(ASSIGNED)))
WHOLE: Final = Domain(10, 14)
WITHIN_REGION: Final = Domain(10, 8)
WITHIN_BIRTH: Final = Domain(10, 9)
NO_MONTH: Final = "99"
LEAD: Final = "8"

_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_WHOLE_TOKEN: Final = re.compile(r"8([0-9]{9})99([0-9]{5})[0-9X]")
_REGION_TOKEN: Final = re.compile(r"([0-9]{6})([0-9]{4})99([0-9]{2})0([0-9]{2})[0-9X]")
_PLACE_OF: Final = {code: place for place, code in enumerate(ASSIGNED)}
_PLACE_OF_FREE: Final = {code: place for place, code in enumerate(UNASSIGNED)}
_PROVINCE: Final = 10_000_000


class Keep(StrEnum):
    """What of a resident identity number stays readable in its token."""

    NOTHING = "nothing"
    REGION = "region"
    BIRTH_DATE = "birth_date"


class ReplacedId:
    """Region, birth date and sequence replaced: ``8 rrrrr yyyy 99 dd sss c``."""

    kind = KIND

    def read(self, text: str) -> Message:
        """Take a canonical number apart."""
        region, day, order = _parts(text)
        return Message((int(region) * DAYS + day) * 1000 + order, WHOLE, WHOLE.size)

    def write(self, message: Message) -> str:
        """Put the number together again."""
        rest, order = divmod(message.number, 1000)
        region, day = divmod(rest, DAYS)
        return _number(f"{region:06d}", day, order)

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        found = _WHOLE_TOKEN.fullmatch(text)
        if found is None or check_character(text[:17]) != text[17]:
            raise misfit(KIND, Misfit.NOT_A_TOKEN)
        return Message(int(found[1] + found[2]), WHOLE, WHOLE.size)

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        digits = f"{message.number:014d}"
        return _checked(LEAD + digits[:9] + NO_MONTH + digits[9:])


class RegionKeptId:
    """The region kept: ``rrrrrr yyyy 99 dd 0ss c``."""

    kind = KIND

    def read(self, text: str) -> Message:
        """Take a canonical number apart."""
        region, day, order = _parts(text)
        return Message(day * 1000 + order, WITHIN_REGION, WITHIN_REGION.size, region)

    def write(self, message: Message) -> str:
        """Put the number together again."""
        day, order = divmod(message.number, 1000)
        return _number(message.kept, day, order)

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        found = _REGION_TOKEN.fullmatch(text)
        if found is None or check_character(text[:17]) != text[17]:
            raise misfit(KIND, Misfit.NOT_A_TOKEN)
        return Message(int("".join(found.groups()[1:])), WITHIN_REGION, WITHIN_REGION.size, found[1])

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        digits = f"{message.number:08d}"
        return _checked(f"{message.kept}{digits[:4]}{NO_MONTH}{digits[4:6]}0{digits[6:]}")


class BirthKeptId:
    """The birth date kept: ``pp rrrr yyyymmdd sss c``, with a province code nobody has."""

    kind = KIND
    limit = len(ASSIGNED) * _PROVINCE

    def read(self, text: str) -> Message:
        """Take a canonical number apart."""
        region, _, order = _parts(text)
        number = _PLACE_OF[int(region[:2])] * _PROVINCE + int(region[2:]) * 1000 + order
        return Message(number, WITHIN_BIRTH, self.limit, text[6:14])

    def write(self, message: Message) -> str:
        """Put the number together again."""
        return _checked(_around(message, ASSIGNED))

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        if not _NUMBER.fullmatch(text) or check_character(text[:17]) != text[17]:
            raise misfit(KIND, Misfit.NOT_A_TOKEN)
        place = _PLACE_OF_FREE.get(int(text[:2]))
        if place is None or place >= len(ASSIGNED):
            raise misfit(KIND, Misfit.NOT_A_TOKEN)
        _day(text[6:14])
        number = place * _PROVINCE + int(text[2:6]) * 1000 + int(text[14:17])
        return Message(number, WITHIN_BIRTH, self.limit, text[6:14])

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        return _checked(_around(message, UNASSIGNED))


def is_resident_id_token(text: str) -> bool:
    """Say whether an 18-character number with a right check character is a token, by the published rule."""
    if not _NUMBER.fullmatch(text) or check_character(text[:17]) != text[17]:
        return False
    return text[10:12] == NO_MONTH or int(text[:2]) in _PLACE_OF_FREE


def _around(message: Message, codes: tuple[int, ...]) -> str:
    place, rest = divmod(message.number, _PROVINCE)
    return f"{codes[place]:02d}{rest // 1000:04d}{message.kept}{rest % 1000:03d}"


def _parts(text: str) -> tuple[str, int, int]:
    """Region, day and order of a canonical number."""
    if not _NUMBER.fullmatch(text):
        raise misfit(KIND, Misfit.SHAPE)
    if check_character(text[:17]) != text[17]:
        raise misfit(KIND, Misfit.CHECK_DIGIT)
    if int(text[:2]) not in _PLACE_OF:
        raise misfit(KIND, Misfit.REGION)
    return text[:6], _day(text[6:14]), int(text[14:17])


def _day(digits: str) -> int:
    try:
        day = (date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) - EARLIEST).days
    except ValueError:
        day = -1
    if not 0 <= day < DAYS:
        raise misfit(KIND, Misfit.DATE)
    return day


def _number(region: str, day: int, order: int) -> str:
    """Write a number; what is no number of the layout was no token of ours."""
    if int(region[:2]) not in _PLACE_OF:
        raise misfit(KIND, Misfit.NOT_A_TOKEN)
    return _checked(f"{region}{EARLIEST + timedelta(days=day):%Y%m%d}{order:03d}")


def _checked(body: str) -> str:
    return body + check_character(body)
