"""Canonical JSON: one byte string for one value, and its digest.

Rules enforced here (RFC 8785, the subset without floats):
- null, booleans, integers, strings, arrays and objects with string keys; nothing else;
- integers within +-(2**53 - 1), the range every JSON reader agrees on (RFC 7493 2.2);
- a float is refused, since money, counts and times are integers in this system;
- object keys in the order of their UTF-16 code units, no space between tokens;
- strings as UTF-8 with the shortest escapes; a lone surrogate is refused.

The bytes come from msgspec's encoder, whose string form equals RFC 8785's. Its key order
is that of code points, which differs only for keys beyond U+FFFF: those take a second way.
"""

import hashlib
from collections.abc import Collection
from enum import Enum
from types import NoneType

import msgspec

from catalog.errors import CanonicalFormError

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1

_SORTED = msgspec.json.Encoder(order="sorted")
_AS_GIVEN = msgspec.json.Encoder()
_TEXT = frozenset({str})
_FREE = frozenset({str, bool, NoneType})
_ASTRAL_LEADS = frozenset(range(0xF0, 0xF5))


def canonical(value: object) -> bytes:
    """Write a value as canonical JSON.

    Shape: None, bool, int, str, list, dict with str keys (a tuple is written as an array,
    a string enumeration's member as its value) -> UTF-8 bytes.
    Raises: CanonicalFormError: a float, another type, an integer beyond 2**53 - 1, a lone
    surrogate, or more than 64 levels.
    Standard: RFC 8785.
    """
    _check(value, MAX_DEPTH)
    try:
        encoded = _SORTED.encode(value)
    except UnicodeEncodeError as error:
        raise CanonicalFormError("a string holds a lone surrogate") from error
    if encoded.isascii() or _ASTRAL_LEADS.isdisjoint(encoded):
        return encoded
    return _AS_GIVEN.encode(_in_utf16_order(value))


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON as 64 hex digits.

    Raises: CanonicalFormError: as `canonical`.
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: object, depth: int) -> None:
    """Refuse whatever has no canonical form, without visiting plain leaves twice."""
    if type(value) is dict:
        if not depth:
            raise CanonicalFormError(f"nested deeper than {MAX_DEPTH} levels")
        if not _TEXT.issuperset(map(type, value)) and not all(map(_is_text, value)):
            raise CanonicalFormError("an object's key is not a string")
        _check_parts(value.values(), depth)
    elif type(value) is list or type(value) is tuple:
        if not depth:
            raise CanonicalFormError(f"nested deeper than {MAX_DEPTH} levels")
        _check_parts(value, depth)
    elif type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise CanonicalFormError("an integer lies beyond 2**53 - 1; write it as a string")
    elif type(value) not in _FREE and not _is_text(value):
        raise CanonicalFormError(f"{type(value).__name__} has no canonical JSON form here")


def _check_parts(parts: Collection[object], depth: int) -> None:
    if _FREE.issuperset(map(type, parts)):
        return
    for part in parts:
        if type(part) not in _FREE:
            _check(part, depth - 1)


def _is_text(value: object) -> bool:
    return type(value) is str or (isinstance(value, Enum) and isinstance(value, str))


def _in_utf16_order(value: object) -> object:
    """Rebuild a checked value with every object's keys in UTF-16 order."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return {key: _in_utf16_order(part) for key, part in ordered}
    if isinstance(value, list | tuple):
        return [_in_utf16_order(part) for part in value]
    return value
