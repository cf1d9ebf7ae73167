"""One form of a text for all recognisers, of the same length, so that places stay right.

Full-width digits, letters and signs become half-width; every kind of space becomes a space, every dash a hyphen. A Latin name
that stands right before its value (IP10.2.3.4, QQ12345) can be blanked, so that the value stands alone.
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
_NAMES: Final = re.compile(
    r"(?<![0-9a-z_-])(?:ipv[46] ?:? ?(?=[0-9a-f:])|(?:ip|qq|imei|tel|phone|mobile|fax|sms|idcard|id|no|card|uid|otp|code|cvv2?|cvn2?|cvc|exp|mac|meid)(?=[0-9])"
    r"|mac(?=[0-9a-f]{2}[:-])|meid(?=[0-9a-f]{14})|ip(?=[0-9a-f]{1,4}:)|hkid(?=[a-z]{1,2}[0-9]{6})|vin(?=[0-9a-hj-npr-z]{17}))",
    re.IGNORECASE,
)


def halved(text: str) -> str:
    """Return the text in half-width form; same length, same places."""
    return text if text.isascii() else text.translate(_TABLE)


def without_names(text: str) -> str:
    """Return a half-width text with blanks where a Latin name stands right before a value; same length, same places."""
    return _NAMES.sub(lambda match: " " * len(match[0]), text)


def compact(text: str) -> str:
    """Return a half-width value without spaces and hyphens, in upper case."""
    return _SEPARATORS.sub("", text).upper()
