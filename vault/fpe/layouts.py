"""What a format-preserving token is made of: how a value becomes a message of FF1, and a message a token.

Rules:
- a layout is a pair of one-to-one maps, from values to messages and from messages to tokens, so that a token can be
  undone and two values never meet;
- no token is a value of its kind, and every token shows by a published rule that it is one: an impossible month, a
  prefix nobody was ever assigned, a letter the standard leaves out;
- parts that a policy keeps are the tweak of the encryption: equal rests under different kept parts do not show;
- a value that is not of the layout, tokens included, is refused.

Format and the published rules: docs/formats/fpe.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from vault.errors import NotTokenisableError
from vault.fpe.ff1 import Domain


class FpeKind(StrEnum):
    """What can be tokenised so that its format stays."""

    RESIDENT_ID = "resident_id"
    MOBILE = "mobile"
    BANK_CARD = "bank_card"
    PASSPORT = "passport"
    PLATE = "plate"
    DIGITS = "digits"
    ALPHANUMERIC = "alphanumeric"


class Misfit(StrEnum):
    """Why a value, though right in itself, has no place in a layout."""

    LENGTH = "length"
    SHAPE = "shape"
    CHARACTERS = "characters"
    REGION = "region"
    DATE = "date"
    PREFIX = "prefix"
    CHECK_DIGIT = "check_digit"
    FOREIGN = "foreign"
    NOT_A_TOKEN = "not_a_token"  # noqa: S105  a reason, not a secret


@dataclass(frozen=True, slots=True)
class Message:
    """A value or token taken apart.

    Attributes:
        number: what is encrypted, below ``limit``.
        limit: messages at and above it stand for nothing; encryption walks past them.
        kept: what stays readable, as its layout writes it; it is the tweak, in UTF-8.
    """

    number: int
    domain: Domain
    limit: int
    kept: str = ""

    @property
    def tweak(self) -> bytes:
        """The tweak of the encryption."""
        return self.kept.encode()


class Layout(Protocol):
    """One kind of value and its tokens."""

    @property
    def kind(self) -> FpeKind:
        """The kind of value."""
        ...

    def read(self, text: str) -> Message:
        """Take a value in canonical form apart. Raises: NotTokenisableError."""
        ...

    def write(self, message: Message) -> str:
        """Put a value together again. Raises: NotTokenisableError: not_a_token, the message stands for no value."""
        ...

    def read_token(self, text: str) -> Message:
        """Take a token apart. Raises: NotTokenisableError: not_a_token."""
        ...

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        ...


def misfit(kind: FpeKind, why: Misfit) -> NotTokenisableError:
    """Make the refusal of a value; the value is not in it."""
    return NotTokenisableError(kind, why)


ALNUM: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def spelled(number: int, alphabet: str, length: int) -> str:
    """Write a number in an alphabet, most significant first, padded with the alphabet's first character."""
    found = []
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        found.append(alphabet[place])
    return "".join(reversed(found))


def counted(text: str, alphabet: str) -> int:
    """Read what `spelled` writes."""
    number = 0
    for character in text:
        number = number * len(alphabet) + alphabet.index(character)
    return number
