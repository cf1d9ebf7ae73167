"""FF1 over columns: the same function as `vault.fpe.ff1`, on arrays of numbers.

Rules:
- messages are given as two arrays, the numbers of their left and right halves, each below 2^56;
- the tweak is one for the whole column and empty, or one of up to eight bytes for each row, given as a word;
- arithmetic is exact: sums and shifts stay below 2^64, and differences wrap and are brought back.

Standard: NIST SP 800-38G revision 1, second public draft. The scalar implementation is the reference; tests compare.
"""

from typing import Final, final

import numpy as np

from vault.bulk.blocks import PIECE_ROWS, Blocks, Words, remainder, words_of
from vault.errors import NotInDomainError
from vault.fpe.ff1 import BLOCK_BYTES, ROUNDS, Domain
from vault.secret import Keeper

LARGEST_HALF: Final = 1 << 56
WORD_BYTES: Final = 8


@final
class ColumnFF1(Keeper):
    """FF1 under one key, domain and length of tweak. Cost: about 0.35 us a message on one core."""

    __slots__ = ("_blocks", "_high", "_low", "_scratch", "_sum", "domain")

    def __init__(self, key: bytes, domain: Domain, tweak_b: int = 0) -> None:
        if domain.radix**domain.right >= LARGEST_HALF or tweak_b > min(WORD_BYTES, BLOCK_BYTES - 1 - domain.number_b):
            raise NotInDomainError
        self.domain = domain
        self._blocks = Blocks(key)
        self._high, self._low = words_of(self._blocks.one(domain.head(tweak_b)))
        self._scratch = np.zeros(PIECE_ROWS, np.uint64)
        self._sum = np.zeros(PIECE_ROWS, np.uint64)

    def encrypt(self, left: Words, right: Words, tweaks: Words | None = None) -> None:
        """Encrypt in place."""
        self._in_pieces(left, right, tweaks, is_forward=True)

    def decrypt(self, left: Words, right: Words, tweaks: Words | None = None) -> None:
        """Undo `encrypt`, in place."""
        self._in_pieces(left, right, tweaks, is_forward=False)

    def _in_pieces(self, left: Words, right: Words, tweaks: Words | None, *, is_forward: bool) -> None:
        for start in range(0, len(left), PIECE_ROWS):
            piece = slice(start, start + PIECE_ROWS)
            self._begin(len(left[piece]), None if tweaks is None else tweaks[piece])
            if is_forward:
                self._forward(left[piece], right[piece])
            else:
                self._backward(left[piece], right[piece])

    def _begin(self, rows: int, tweaks: Words | None) -> None:
        """Fill the word that no round changes."""
        high = self._blocks.given[:rows, 0]
        high[:] = self._high
        if tweaks is not None:
            np.bitwise_xor(high, tweaks, out=high)
        high[:] = high.byteswap()

    def _forward(self, left: Words, right: Words) -> None:
        a, b = left, right
        for place in range(ROUNDS):
            modulus = self._modulus(place)
            drawn = self._drawn(b, place, modulus)
            np.add(a, drawn, out=a)
            np.subtract(a, np.uint64(modulus), out=drawn)
            np.minimum(a, drawn, out=a)  # the difference wraps to a huge number where nothing was to take off
            a, b = b, a

    def _backward(self, left: Words, right: Words) -> None:
        a, b = left, right
        for place in reversed(range(ROUNDS)):
            modulus = self._modulus(place)
            drawn = self._drawn(a, place, modulus)
            np.subtract(b, drawn, out=b)
            np.add(b, np.uint64(modulus), out=drawn)
            np.minimum(b, drawn, out=b)
            a, b = b, a

    def _modulus(self, place: int) -> int:
        return int(self.domain.radix ** (self.domain.right if place % 2 else self.domain.left))

    def _drawn(self, half: Words, place: int, modulus: int) -> Words:
        """The pseudorandom numbers of a round, reduced."""
        rows = len(half)
        number_b = self.domain.number_b
        drawn = self._sum[:rows]
        np.bitwise_xor(half, self._low ^ np.uint64(place << 8 * number_b), out=drawn)
        self._blocks.given[:rows, 1] = drawn.byteswap()
        self._blocks.run(rows)
        drawn[:] = self._blocks.made[:rows, 0]
        drawn.byteswap(inplace=True)
        scratch = self._scratch[:rows]
        remainder(drawn, modulus, scratch)
        if self.domain.drawn_b > WORD_BYTES:
            self._take_in(drawn, modulus, scratch)
        return drawn

    def _take_in(self, drawn: Words, modulus: int, scratch: Words) -> None:
        """Append the third 32-bit word, as many bits at a time as leave the sum below 2^64."""
        word = self._blocks.made[: len(drawn), 1].byteswap() >> np.uint64(32)
        step = next(bits for bits in (32, 16, 8) if modulus <= 1 << (64 - bits))
        for shift in range(32 - step, -1, -step):
            np.left_shift(drawn, np.uint64(step), out=drawn)
            np.bitwise_or(drawn, (word >> np.uint64(shift)) & np.uint64((1 << step) - 1), out=drawn)
            remainder(drawn, modulus, scratch)
