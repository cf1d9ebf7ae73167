"""References and names of the room.

Rules: a name is a catalogue name (no run of more than four digits, so no identifier travels as one); a reference is a
prefix and 26 base32 characters holding 130 random bits, so it says nothing about whom or what it points to.
"""

from __future__ import annotations

from collections.abc import Callable

from catalog import is_name
from consent.errors import InvalidValueError
from consent.patterns import is_digest, is_reference

Entropy = Callable[[int], bytes]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 26


def new_id(prefix: str, entropy: Entropy) -> str:
    """Make ``<prefix>_`` and 26 random base32 characters (130 bits)."""
    number = int.from_bytes(entropy(17), "big")
    return f"{prefix}_" + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_LENGTH))


def check_name(text: str, item: str) -> None:
    """Refuse what is not a catalogue name.

    Raises: InvalidValueError: naming ``item``, never the text.
    """
    if not is_name(text):
        raise InvalidValueError(item, "needs lower-case letters, digits and _, at most 4 digits in a row")


def check_reference(text: str, item: str, *prefixes: str) -> None:
    """Refuse what is not a reference with one of the prefixes.

    Raises: InvalidValueError: naming ``item``, never the text.
    """
    if not is_reference(text, *prefixes):
        raise InvalidValueError(item, f"needs {' or '.join(prefixes)}_ and 26 base32 characters")


def check_evidence(text: str) -> None:
    """Refuse what is neither ``ev_…`` nor the ``sha256:`` digest of the evidence.

    Raises: InvalidValueError: if it is something else, so that no personal data can stand in it.
    """
    if not is_digest(text):
        check_reference(text, "evidence", "ev")


def check_text(text: str, item: str, limit: int) -> None:
    """Refuse a text that is empty, too long or cannot be written as UTF-8.

    Raises: InvalidValueError: naming ``item``, never the text.
    """
    if not text.strip() or len(text) > limit:
        raise InvalidValueError(item, f"needs 1 to {limit} characters")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidValueError(item, "holds a lone surrogate")


def check_cursor(after: str) -> None:
    """Refuse what cannot be the last name or id of a page.

    Raises: InvalidValueError.
    """
    if after and not is_name(after) and not is_reference(after):
        raise InvalidValueError("after", "is not the end of a page")
