"""The shapes of references: a prefix and 26 base32 characters, or the digest of a piece of evidence."""

import re

_REFERENCE = re.compile(r"(sub|ps|gr|gd|ev|hd|er|ec)_[a-z2-7]{26}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_reference(text: str, *prefixes: str) -> bool:
    """Whether a text is a reference; with one of the prefixes, if any are given."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and (not prefixes or found[1] in prefixes)


def is_digest(text: str) -> bool:
    """Whether a text is ``sha256:`` and 64 hex digits."""
    return _DIGEST.fullmatch(text) is not None
