"""Types that hold secrets and do not show them.

Rules:
- `repr`, `str` and format of a secret are a placeholder, so that logs, tracebacks with locals and
  assertion messages stay clean; the content is asked for by name (`reveal`);
- key material compares in constant time and has no hash;
- objects that hold keys are never pickled or copied.

What this cannot do: Python cannot wipe memory. Core dumps and swap are the operator's to switch off.
"""

import hmac
from typing import Never, SupportsIndex, final

PLACEHOLDER = "***"


class Keeper:
    """Base of objects that hold keys: no content in repr, no pickling, no copying."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> Never:
        message = f"{type(self).__name__} holds keys and is never serialised"
        raise TypeError(message)


@final
class SecretBytes(Keeper):
    """Key material.

    Compares in constant time; `reveal` gives the bytes.
    """

    __slots__ = ("_content",)
    __hash__ = None  # type: ignore[assignment]  # a hash of a key is a leak

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    def reveal(self) -> bytes:
        """Give the bytes."""
        return self._content

    def __len__(self) -> int:
        return len(self._content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretBytes):
            return NotImplemented
        return hmac.compare_digest(self._content, other._content)


@final
class SecretText(str):
    """A personal value as text: a `str` for code, a placeholder for logs.

    Encoding, comparing and binding to SQL work on the content; a slice is a SecretText again, since tools that shorten
    long texts slice them before they show them. `str()`, `repr()` and f-strings give the placeholder; `reveal` gives a
    plain `str`.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """Give the content as a plain string."""
        return str.__str__(self)

    def __getitem__(self, key: SupportsIndex | slice, /) -> "SecretText":
        return SecretText(str.__getitem__(self, key))

    def __repr__(self) -> str:
        return f"SecretText({PLACEHOLDER})"

    def __str__(self) -> str:
        return PLACEHOLDER

    def __format__(self, _spec: str) -> str:
        return PLACEHOLDER
