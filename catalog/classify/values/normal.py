"""One form of a text for all recognisers, of the same length, so that places stay right.

Full-width digits, letters and signs become half-width; every kind of space becomes a space, every dash a hyphen.
"""

import re
from typing import Final

MAX_TEXT: Final = 100_000
_SPACES: Final = (0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x200A, 0x202F, 0x205F, 0x3000)
_DASHES: Final = (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63)
_TABLE: Final = (
    {0xFF01 + place: 0x21 + place for place in range(94)}
    | dict.fromkeys(_SPACES, 0x20)
    | dict.fromkeys(_DASHES, 0x2D)
    | {0x3010: 0x5B, 0x3011: 0x5D}
)
_SEPARATORS: Final = re.compile(r"[ \-]")


def halved(text: str) -> str:
    """Return the text in half-width form; same length, same places."""
    return text if text.isascii() else text.translate(_TABLE)


def compact(text: str) -> str:
    """Return a half-width value without spaces and hyphens, in upper case."""
    return _SEPARATORS.sub("", text).upper()
