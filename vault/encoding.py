"""Bytes that several formats share: binding, randomness, names.

Rules:
- parts are bound by length prefix, never by joining: ("ab", "c") is not ("a", "bc");
- randomness comes from a function passed in, and a source that gives too little is refused;
- opaque names are a prefix and 26 characters of lowercase base32 (RFC 4648), 130 bits.
"""

import base64
import os
import re
import struct
from collections.abc import Callable
from typing import Final

from vault.errors import EntropyError

Entropy = Callable[[int], bytes]
"""Gives so many random bytes; `system_entropy` outside tests."""

NAME_CHARACTERS: Final = 26
NAME_BYTES: Final = 17
NAME_BODY: Final = re.compile(r"[a-z2-7]{26}")

_LENGTH: Final = struct.Struct(">I").pack


def system_entropy(size_b: int) -> bytes:
    """Draw from the operating system; safe across fork, as no state is kept in the process."""
    return os.urandom(size_b)


def draw(entropy: Entropy, size_b: int) -> bytes:
    """Draw exactly so many bytes.

    Raises: EntropyError: the source gave another number of bytes.
    """
    drawn = entropy(size_b)
    if len(drawn) != size_b:
        raise EntropyError(size_b, len(drawn))
    return drawn


def bind(*parts: str | bytes | int) -> bytes:
    """Encode parts so that no two different sequences give the same bytes.

    Shape: each part as u32 big-endian length and content; text is UTF-8, an int is a u32 big-endian.
    """
    bound = b""
    for part in parts:
        if isinstance(part, str):
            content = part.encode()
        elif isinstance(part, bytes):
            content = part
        else:
            content = part.to_bytes(4, "big")
        bound += _LENGTH(len(content)) + content
    return bound


def opaque_name(prefix: str, source: bytes) -> str:
    """Write 130 bits of 17 or more bytes as prefix and 26 lowercase base32 characters."""
    body = base64.b32encode(source[:NAME_BYTES]).decode()[:NAME_CHARACTERS].lower()
    return prefix + body


def is_opaque_name(prefix: str, text: str) -> bool:
    """Say whether the text has the shape that `opaque_name` gives."""
    return text.startswith(prefix) and NAME_BODY.fullmatch(text[len(prefix) :]) is not None
