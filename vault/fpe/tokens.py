"""Format-preserving tokens, one at a time: a layout and a key.

Rules:
- a message that encrypts past what the layout has tokens for is encrypted again until it falls inside (cycle walking);
- a value goes in and comes out in its canonical form; a token that no value of the layout gives is refused.

Format: docs/formats/fpe.md.
"""

from dataclasses import replace
from typing import Final, final

from vault.errors import NotTokenisableError, TokenSpecError, VaultError
from vault.fpe.ff1 import FF1
from vault.fpe.layouts import FpeKind, Layout, Misfit, misfit
from vault.fpe.papers import Passport, Plate
from vault.fpe.phones_and_cards import BankCard, MobileNumber
from vault.fpe.plain import ALPHANUMERIC, PLAIN_DIGITS
from vault.fpe.resident_id import BirthKeptId, Keep, RegionKeptId, ReplacedId, is_resident_id_token
from vault.secret import Keeper

LAYOUTS: Final[dict[tuple[FpeKind, Keep], Layout]] = {
    (FpeKind.RESIDENT_ID, Keep.NOTHING): ReplacedId(),
    (FpeKind.RESIDENT_ID, Keep.REGION): RegionKeptId(),
    (FpeKind.RESIDENT_ID, Keep.BIRTH_DATE): BirthKeptId(),
    (FpeKind.MOBILE, Keep.NOTHING): MobileNumber(),
    (FpeKind.BANK_CARD, Keep.NOTHING): BankCard(),
    (FpeKind.PASSPORT, Keep.NOTHING): Passport(),
    (FpeKind.PLATE, Keep.NOTHING): Plate(),
    (FpeKind.DIGITS, Keep.NOTHING): PLAIN_DIGITS,
    (FpeKind.ALPHANUMERIC, Keep.NOTHING): ALPHANUMERIC,
}


def layout_of(kind: FpeKind, keep: Keep = Keep.NOTHING) -> Layout:
    """Give the layout of a kind under a policy.

    Raises: TokenSpecError: only a resident identity number can keep its region or its birth date, and not both: the
        rest would have a thousand messages.
    """
    found = LAYOUTS.get((kind, keep))
    if found is None:
        raise TokenSpecError(f"a {kind} token cannot keep the {keep}")
    return found


def is_fpe_token(kind: FpeKind, text: str) -> bool:
    """Say whether a text is a token of a kind by the published rules, without a key."""
    if kind is FpeKind.RESIDENT_ID:
        return is_resident_id_token(text)
    try:
        layout_of(kind).read_token(text)
    except VaultError:
        return False
    return True


@final
class FpeCipher(Keeper):
    """Turns values into tokens and back under one key. Cost: 50 to 150 us each, no I/O."""

    __slots__ = ("_ff1", "layout")

    def __init__(self, key: bytes, layout: Layout) -> None:
        self._ff1 = FF1(key)
        self.layout = layout

    def tokenise(self, canonical: str) -> str:
        """Give the token of a value in canonical form.

        Raises: NotTokenisableError, DomainTooSmallError.
        """
        message = self.layout.read(canonical)
        number = message.number
        while True:
            number = self._ff1.encrypt(number, message.domain, message.tweak)
            if number < message.limit:
                return self.layout.write_token(replace(message, number=number))

    def reveal(self, token: str) -> str:
        """Give the value of a token, in canonical form.

        Raises: NotTokenisableError: not_a_token.
        """
        try:
            message = self.layout.read_token(token)
        except NotTokenisableError:
            raise misfit(self.layout.kind, Misfit.NOT_A_TOKEN) from None
        number = message.number
        while True:
            number = self._ff1.decrypt(number, message.domain, message.tweak)
            if number < message.limit:
                return self.layout.write(replace(message, number=number))
