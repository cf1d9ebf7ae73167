"""Tokens of plain digits and of capital letters with digits.

Rules:
- where every string is a value, no string of the same length can show that it is a token: these tokens are one
  character longer, ``T`` before digits, ``_`` before letters and digits;
- at least a million messages: six digits, four letters or digits; at most 28 and 18;
- small letters are refused: folding them would make two values one.

Format: docs/formats/fpe.md.
"""

from typing import Final

from vault.fpe.ff1 import Domain
from vault.fpe.layouts import ALNUM, FpeKind, Message, Misfit, counted, misfit, spelled

DIGITS_MARK: Final = "T"
ALNUM_MARK: Final = "_"
MOST_DIGITS: Final = 28
MOST_ALNUM: Final = 18


class Plain:
    """Strings of one alphabet; a mark before the token."""

    def __init__(self, kind: FpeKind, alphabet: str, *, mark: str, most: int) -> None:
        self.kind = kind
        self.alphabet = alphabet
        self.mark = mark
        self.most = most

    def read(self, text: str) -> Message:
        """Take a value apart. Raises: DomainTooSmallError: too short."""
        if not text or not set(text) <= set(self.alphabet):
            raise misfit(self.kind, Misfit.CHARACTERS)
        if len(text) > self.most:
            raise misfit(self.kind, Misfit.LENGTH)
        domain = Domain(len(self.alphabet), len(text))
        return Message(counted(text, self.alphabet), domain, domain.size)

    def write(self, message: Message) -> str:
        """Put the value together again."""
        return spelled(message.number, self.alphabet, message.domain.length)

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        if not text.startswith(self.mark):
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return self.read(text.removeprefix(self.mark))

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        return self.mark + self.write(message)


PLAIN_DIGITS: Final = Plain(FpeKind.DIGITS, ALNUM[:10], mark=DIGITS_MARK, most=MOST_DIGITS)
ALPHANUMERIC: Final = Plain(FpeKind.ALPHANUMERIC, ALNUM, mark=ALNUM_MARK, most=MOST_ALNUM)
