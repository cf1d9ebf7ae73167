"""Tokens of passports and licence plates.

Rules:
- a passport is one of China, Hong Kong or Macao: nine characters, a letter, a letter or digit, seven digits; its token
  has nine characters too and begins with ``0T``, where those have a letter;
- a plate keeps its province, length and last character of a special use (学警港澳挂); its token writes the province
  with a character of the Thousand Character Classic (千字文) that stands for none, by a published table;
- the letters I and O never stand in a plate (GA 36-2018) nor in its token.

Standard: GA 36-2018; ICAO Doc 9303 for the length. Format: docs/formats/fpe.md.
"""

import re
from typing import Final

from vault.fpe.ff1 import Domain
from vault.fpe.layouts import ALNUM, FpeKind, Message, Misfit, counted, misfit, spelled

PROVINCES: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
STAND_INS: Final = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬闰余成岁律吕调阳"
PLATE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
PLATE_CHARACTERS: Final = PLATE_LETTERS + "0123456789"
PASSPORTS: Final = Domain(36, 7)
PASSPORT_MARK: Final = "0T"

_LETTERS: Final = ALNUM[10:]
_PASSPORT: Final = re.compile(r"([A-Z])([A-Z0-9])([0-9]{7})")
_PASSPORT_TOKEN: Final = re.compile(r"0T([A-Z0-9]{7})")
_BODY: Final = r"([A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,6})([学警港澳挂]?)"
_ANY_BODY: Final = r"([A-HJ-NP-Z0-9]{5,7})([学警港澳挂]?)"
_PLATE: Final = re.compile(rf"([{PROVINCES}]){_BODY}")
_PLATE_TOKEN: Final = re.compile(rf"([{STAND_INS}]){_ANY_BODY}")
_LIMIT: Final = 26 * 36 * 10**7


class Passport:
    """``Ld0000000`` becomes ``0Ttttttttt``."""

    kind = FpeKind.PASSPORT

    def read(self, text: str) -> Message:
        """Take a canonical number apart."""
        found = _PASSPORT.fullmatch(text)
        if found is None:
            raise misfit(self.kind, Misfit.SHAPE)
        series = counted(found[1], _LETTERS) * 36 + counted(found[2], ALNUM)
        return Message(series * 10**7 + int(found[3]), PASSPORTS, PASSPORTS.size)

    def write(self, message: Message) -> str:
        """Put the number together again."""
        if message.number >= _LIMIT:
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        series, digits = divmod(message.number, 10**7)
        return f"{_LETTERS[series // 36]}{ALNUM[series % 36]}{digits:07d}"

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        found = _PASSPORT_TOKEN.fullmatch(text)
        if found is None:
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return Message(counted(found[1], ALNUM), PASSPORTS, PASSPORTS.size)

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        return PASSPORT_MARK + spelled(message.number, ALNUM, PASSPORTS.length)


class Plate:
    """A province, a letter, four to six letters or digits, perhaps a special use."""

    kind = FpeKind.PLATE

    def read(self, text: str) -> Message:
        """Take a canonical plate apart."""
        found = _PLATE.fullmatch(text)
        if found is None or not _right_length(found[2], found[3]):
            raise misfit(self.kind, Misfit.SHAPE)
        return _plate_message(found[2], found[1] + found[3])

    def write(self, message: Message) -> str:
        """Put the plate together again."""
        text = _plate(message, message.kept[0])
        if not _PLATE.fullmatch(text):
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return text

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        found = _PLATE_TOKEN.fullmatch(text)
        if found is None or not _right_length(found[2], found[3]):
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return _plate_message(found[2], PROVINCES[STAND_INS.index(found[1])] + found[3])

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        return _plate(message, STAND_INS[PROVINCES.index(message.kept[0])])


def _right_length(body: str, use: str) -> bool:
    """Five with a special use, six, or seven on a car of new energy."""
    return len(body) == 5 if use else len(body) in {6, 7}


def _plate_message(body: str, kept: str) -> Message:
    domain = Domain(len(PLATE_CHARACTERS), len(body))
    return Message(counted(body, PLATE_CHARACTERS), domain, domain.size, kept)


def _plate(message: Message, province: str) -> str:
    return province + spelled(message.number, PLATE_CHARACTERS, message.domain.length) + message.kept[1:]
