"""Tokens of mobile numbers and bank cards.

Rules:
- a mobile token has 11 digits and begins with 2: mainland mobiles begin with 1, and an area code beginning with 2 makes
  numbers of 10 digits;
- a card token keeps length and issuer and has a right Luhn digit; its first two digits are mapped by a published table
  to ones that begin with 0, 1 or 7, which ISO/IEC 7812-1 gives to no bank, so that anyone can read the issuer back and
  nobody can take the token for a card;
- a card that fails the Luhn check has no such token: its last digit would have nowhere to go.

Standard: ISO/IEC 7812-1, ITU-T E.164, the numbering plan of the mainland (电信网编号计划). Format: docs/formats/fpe.md.
"""

import re
from typing import Final

from vault.canonical import passes_luhn
from vault.fpe.ff1 import Domain
from vault.fpe.layouts import FpeKind, Message, Misfit, misfit

_CARD: Final = re.compile(r"[0-9]{13,19}")
_MOBILE: Final = re.compile(r"\+861([3-9][0-9]{9})")
_MOBILE_TOKEN: Final = re.compile(r"2([0-9]{10})")
NUMBERS: Final = Domain(10, 10)
ISSUER_DIGITS: Final = 6
ISSUERS: Final = {
    **{f"6{second}": f"0{second}" for second in range(10)},
    **{f"4{second}": f"1{second}" for second in range(10)},
    **{f"5{second}": f"7{second}" for second in range(1, 6)},
    "34": "70",
    "35": "76",
    "37": "77",
    "81": "78",
    "95": "79",
}
"""First two digits of a card -> of its token; docs/formats/fpe.md says whose they are."""
_ISSUERS_BACK: Final = {token: issuer for issuer, token in ISSUERS.items()}


class MobileNumber:
    """``1pppppppppp`` becomes ``2tttttttttt``."""

    kind = FpeKind.MOBILE

    def read(self, text: str) -> Message:
        """Take a canonical number (+86…) apart."""
        found = _MOBILE.fullmatch(text)
        if found is None:
            raise misfit(self.kind, Misfit.FOREIGN)
        return Message(int(found[1]), NUMBERS, NUMBERS.size)

    def write(self, message: Message) -> str:
        """Put the number together again."""
        text = f"+861{message.number:010d}"
        if not _MOBILE.fullmatch(text):
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return text

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        found = _MOBILE_TOKEN.fullmatch(text)
        if found is None:
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return Message(int(found[1]), NUMBERS, NUMBERS.size)

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        return f"2{message.number:010d}"


class BankCard:
    """Issuer and length kept, the account replaced, the Luhn digit computed."""

    kind = FpeKind.BANK_CARD

    def read(self, text: str) -> Message:
        """Take a canonical number apart."""
        if not _CARD.fullmatch(text):
            raise misfit(self.kind, Misfit.SHAPE)
        if text[:2] not in ISSUERS:
            raise misfit(self.kind, Misfit.PREFIX)
        if not passes_luhn(text):
            raise misfit(self.kind, Misfit.CHECK_DIGIT)
        return _card_message(text[ISSUER_DIGITS:-1], text[:ISSUER_DIGITS])

    def write(self, message: Message) -> str:
        """Put the number together again."""
        return with_luhn(f"{message.kept}{message.number:0{message.domain.length}d}")

    def read_token(self, text: str) -> Message:
        """Take a token apart."""
        issuer = _ISSUERS_BACK.get(text[:2])
        if issuer is None or not _CARD.fullmatch(text) or not passes_luhn(text):
            raise misfit(self.kind, Misfit.NOT_A_TOKEN)
        return _card_message(text[ISSUER_DIGITS:-1], issuer + text[2:ISSUER_DIGITS])

    def write_token(self, message: Message) -> str:
        """Put a token together."""
        issuer = ISSUERS[message.kept[:2]] + message.kept[2:]
        return with_luhn(f"{issuer}{message.number:0{message.domain.length}d}")


def with_luhn(body: str) -> str:
    """Append the Luhn digit."""
    doubled = (int(d) * (1 if i % 2 else 2) for i, d in enumerate(reversed(body)))
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _card_message(account: str, issuer: str) -> Message:
    domain = Domain(10, len(account))
    return Message(int(account), domain, domain.size, issuer)
