"""References and names of the room.

Rules: a name is a catalogue name (no run of more than four digits, so no identifier travels as one); a reference is a
prefix and 26 base32 characters holding 130 random bits, so it says nothing about whom or what it points to.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from catalog import is_name
from consent.errors import InvalidValueError

Entropy = Callable[[int], bytes]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 26
_REFERENCE = re.compile(r"(sub|ps|gr|gd|ev)_[a-z2-7]{26}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


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
    found = _REFERENCE.fullmatch(text)
    if not found or found[1] not in prefixes:
        raise InvalidValueError(item, f"needs {' or '.join(prefixes)}_ and 26 base32 characters")


def check_evidence(text: str) -> None:
    """Refuse what is neither ``ev_…`` nor the ``sha256:`` digest of the evidence.

    Raises: InvalidValueError: if it is something else, so that no personal data can stand in it.
    """
    if not _DIGEST.fullmatch(text):
        check_reference(text, "evidence", "ev")
