"""FF1, format-preserving encryption of numbers of a radix: the scalar reference.

Rules:
- the domain, radix to the length, is at least one million: a smaller one can be listed and matched;
- numerals are integers below the radix; a message that is none of its domain is refused, not reduced;
- FF3 and FF3-1 are not here: the second draft of revision 1 removed them.

Standard: NIST SP 800-38G revision 1, second public draft, algorithms 7 and 8. Format: docs/formats/fpe.md.
Leaves to others: what a message means (`vault.fpe.layouts`), many messages at once (`vault.bulk.ff1`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from vault.errors import DomainTooSmallError, NotInDomainError
from vault.secret import Keeper

ROUNDS: Final = 10
BLOCK_BYTES: Final = 16
LEAST_DOMAIN: Final = 1_000_000
LARGEST_RADIX: Final = 1 << 16
LARGEST_TWEAK_B: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Domain:
    """The numeral strings of one radix and length, and what FF1 computes from them.

    Attributes:
        left, right: lengths of the two halves, the right one never shorter.
        number_b: bytes that hold a right half.
        drawn_b: bytes of the pseudorandom function that one round uses.
    """

    radix: int
    length: int

    def __post_init__(self) -> None:
        """Check the size.

        Raises: DomainTooSmallError: fewer than a million messages, or a radix outside 2..65536.
        """
        if not 2 <= self.radix <= LARGEST_RADIX or self.radix**self.length < LEAST_DOMAIN:
            raise DomainTooSmallError(self.radix, self.length)

    @property
    def size(self) -> int:
        """How many messages there are."""
        return int(self.radix**self.length)

    @property
    def left(self) -> int:
        """Numerals of the left half."""
        return self.length // 2

    @property
    def right(self) -> int:
        """Numerals of the right half."""
        return self.length - self.left

    @property
    def number_b(self) -> int:
        """Bytes of a right half as a number."""
        largest: int = self.radix**self.right - 1
        return (largest.bit_length() + 7) // 8

    @property
    def drawn_b(self) -> int:
        """Bytes drawn in a round: four more than the number, in whole words."""
        return 4 * ((self.number_b + 3) // 4) + 4

    def head(self, tweak_b: int) -> bytes:
        """The first block of every round's input (P in the standard)."""
        return (
            b"\x01\x02\x01"
            + self.radix.to_bytes(3, "big")
            + bytes((ROUNDS, self.left % 256))
            + self.length.to_bytes(4, "big")
            + tweak_b.to_bytes(4, "big")
        )

    def padding_b(self, tweak_b: int) -> int:
        """Zero bytes between the tweak and the round number."""
        return (-tweak_b - self.number_b - 1) % BLOCK_BYTES


@final
class FF1(Keeper):
    """FF1 under one AES key (16, 24 or 32 bytes).

    Cost: about 50 us a message; no I/O.
    """

    __slots__ = ("_block",)

    def __init__(self, key: bytes) -> None:
        # Single blocks of a pseudorandom function, chained by hand: what SP 800-38G builds on.
        self._block = Cipher(AES(key), ECB()).encryptor().update  # noqa: S305  no message is encrypted in ECB

    def encrypt(self, number: int, domain: Domain, tweak: bytes = b"") -> int:
        """Encrypt a message, given and answered as the number its numerals write.

        Raises: NotInDomainError: not a number of the domain, or the tweak is too long.
        """
        a, b = self._halves(number, domain, tweak)
        for place in range(ROUNDS):
            modulus = _modulus(domain, place)
            a, b = b, (a + self._round(domain, tweak, place=place, half=b)) % modulus
        return int(a * domain.radix**domain.right + b)

    def decrypt(self, number: int, domain: Domain, tweak: bytes = b"") -> int:
        """Undo `encrypt` under the same domain and tweak.

        Raises: NotInDomainError.
        """
        a, b = self._halves(number, domain, tweak)
        for place in reversed(range(ROUNDS)):
            modulus = _modulus(domain, place)
            a, b = (b - self._round(domain, tweak, place=place, half=a)) % modulus, a
        return int(a * domain.radix**domain.right + b)

    def encrypt_numerals(self, numerals: Sequence[int], radix: int, tweak: bytes = b"") -> list[int]:
        """Encrypt a list of numerals, most significant first, as the standard writes messages.

        Raises: DomainTooSmallError, NotInDomainError.
        """
        domain = Domain(radix, len(numerals))
        return to_numerals(self.encrypt(to_number(numerals, radix), domain, tweak), domain)

    def decrypt_numerals(self, numerals: Sequence[int], radix: int, tweak: bytes = b"") -> list[int]:
        """Undo `encrypt_numerals`.

        Raises: DomainTooSmallError, NotInDomainError.
        """
        domain = Domain(radix, len(numerals))
        return to_numerals(self.decrypt(to_number(numerals, radix), domain, tweak), domain)

    def _halves(self, number: int, domain: Domain, tweak: bytes) -> tuple[int, int]:
        if not 0 <= number < domain.size or len(tweak) > LARGEST_TWEAK_B:
            raise NotInDomainError
        scale: int = domain.radix**domain.right
        return divmod(number, scale)

    def _round(self, domain: Domain, tweak: bytes, *, place: int, half: int) -> int:
        """The pseudorandom number a round adds (steps 6i to 6iv)."""
        padding = bytes(domain.padding_b(len(tweak)))
        data = domain.head(len(tweak)) + tweak + padding + bytes((place,)) + half.to_bytes(domain.number_b, "big")
        state = bytes(BLOCK_BYTES)
        for start in range(0, len(data), BLOCK_BYTES):
            state = self._block(_xor(state, data[start : start + BLOCK_BYTES]))
        drawn = state
        for count in range(1, -(-domain.drawn_b // BLOCK_BYTES)):
            drawn += self._block(_xor(state, count.to_bytes(BLOCK_BYTES, "big")))
        return int.from_bytes(drawn[: domain.drawn_b], "big")


def to_number(numerals: Sequence[int], radix: int) -> int:
    """Read numerals, most significant first, as a number.

    Raises: NotInDomainError: a numeral outside 0..radix-1.
    """
    number = 0
    for numeral in numerals:
        if not 0 <= numeral < radix:
            raise NotInDomainError
        number = number * radix + numeral
    return number


def to_numerals(number: int, domain: Domain) -> list[int]:
    """Write a number of the domain as its numerals, most significant first."""
    numerals = []
    for _ in range(domain.length):
        number, numeral = divmod(number, domain.radix)
        numerals.append(numeral)
    return numerals[::-1]


def _modulus(domain: Domain, place: int) -> int:
    return int(domain.radix ** (domain.right if place % 2 else domain.left))


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(BLOCK_BYTES, "big")
