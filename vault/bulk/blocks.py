"""AES over many blocks at once, from and into numpy buffers: the one step all bulk tokens share.

Rules:
- a block is two words; words are numbers here, most significant first, and swapped only where AES sees them;
- work goes in pieces that stay in the processor's cache; buffers are kept, so memory does not grow with the column.
"""

from typing import Any, Final, TypeAlias, final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from vault.secret import Keeper

PIECE_ROWS: Final = 8192
BLOCK_BYTES: Final = 16

Words: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]


@final
class Blocks(Keeper):
    """One AES key and the buffers to run up to ``PIECE_ROWS`` blocks through it."""

    __slots__ = ("_encrypt", "given", "made")

    def __init__(self, key: bytes) -> None:
        # Single blocks of pseudorandom functions (FF1, CMAC): no message is encrypted in ECB.
        self._encrypt = Cipher(AES(key), ECB()).encryptor().update_into  # noqa: S305  as said above
        self.given = np.zeros((PIECE_ROWS, 2), np.uint64)
        self.made = np.zeros((PIECE_ROWS + 1, 2), np.uint64)  # update_into wants a block to spare

    def one(self, block: bytes) -> bytes:
        """Encrypt one block."""
        out = bytearray(2 * BLOCK_BYTES)
        self._encrypt(block, out)
        return bytes(out[:BLOCK_BYTES])

    def run(self, rows: int) -> None:
        """Encrypt the first rows of ``given`` into ``made``; both hold words as AES sees them."""
        self._encrypt(self.given[:rows].data.cast("B"), self.made.data.cast("B"))


def words_of(block: bytes) -> tuple[np.uint64, np.uint64]:
    """The two words of a block."""
    return np.uint64(int.from_bytes(block[:8], "big")), np.uint64(int.from_bytes(block[8:], "big"))


def swap(words: Words, out: Words) -> None:
    """Write words with their bytes the other way round."""
    np.copyto(out, words.byteswap())


def remainder(words: Words, divisor: int, scratch: Words) -> None:
    """Reduce in place: numpy divides by one number with vector instructions, but takes remainders one by one."""
    modulus = np.uint64(divisor)
    np.floor_divide(words, modulus, out=scratch)
    np.multiply(scratch, modulus, out=scratch)
    np.subtract(words, scratch, out=words)
