"""AES-SIV of many rows at once, written as reversible tokens.

Rules:
- the same tokens as `vault.siv.ReversibleCipher` makes: the scalar implementation is the reference, tests compare;
- what the associated data add to the synthetic IV is the same for all rows of a scope and computed once;
- the counter's two cleared bits keep a carry inside its last word: a row has fewer than 2^31 blocks.

Standard: RFC 5297; RFC 4648 (base32, lower case). Format: docs/formats/tokens.md.
"""

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from vault.bulk.blocks import BLOCK_BYTES, Blocks, Bytes
from vault.bulk.cmac import RowMacs, base32, doubled
from vault.header import HEADER_BYTES
from vault.secret import Keeper
from vault.siv import REVERSIBLE_PREFIX, SIV_KEY_BYTES

_GROUP: Final = 5  # bytes that make eight characters
_PAD: Final = 0x80
_CLEARED: Final = np.uint64(0x7FFFFFFF7FFFFFFF)


@final
class ColumnSiv(Keeper):
    """Reversible tokens of one scope. Cost: about 0.2 us for a row of two blocks, on one core."""

    __slots__ = ("_header", "_long", "_macs", "_short", "_stream")

    def __init__(self, key: bytes, associated: Sequence[bytes]) -> None:
        """Take the scope's key of 64 bytes and what its tokens are bound to, the header first."""
        half = SIV_KEY_BYTES // 2
        self._header = np.frombuffer(associated[0], np.uint8)
        self._macs = RowMacs(key[:half])
        self._stream = Blocks(key[half:])
        start = self._macs.of(np.zeros((1, BLOCK_BYTES), np.uint8))[0].copy()
        for each in associated:
            start = _doubled(start) ^ self._macs.of(np.frombuffer(each, np.uint8)[np.newaxis])[0]
        self._long = start
        self._short = _doubled(start)

    def width(self, of: int) -> int:
        """How many characters a token of a value of so many bytes has."""
        return len(REVERSIBLE_PREFIX) + -(-8 * (HEADER_BYTES + BLOCK_BYTES + of) // _GROUP)

    def tokens(self, rows: Bytes) -> Bytes:
        """The token of each row, at most ``PIECE_ROWS`` of them. Shape: (rows, `width`)."""
        count, width = rows.shape
        body = HEADER_BYTES + BLOCK_BYTES + width
        sealed = np.zeros((count, -(-body // _GROUP) * _GROUP), np.uint8)
        sealed[:, :HEADER_BYTES] = self._header
        iv = self._macs.of(self._mixed(rows))
        sealed[:, HEADER_BYTES : HEADER_BYTES + BLOCK_BYTES] = iv
        for place in range(0, width, BLOCK_BYTES):
            part = rows[:, place : place + BLOCK_BYTES]
            begin = HEADER_BYTES + BLOCK_BYTES + place
            sealed[:, begin : begin + part.shape[1]] = part ^ self._pad(iv, place // BLOCK_BYTES)[:, : part.shape[1]]
        return self._written(sealed, self.width(width))

    def _mixed(self, rows: Bytes) -> Bytes:
        """The last step of S2V: the value with what the associated data give, ready for the MAC."""
        count, width = rows.shape
        if width >= BLOCK_BYTES:
            mixed = rows.copy()
            mixed[:, -BLOCK_BYTES:] ^= self._long
            return mixed
        padded = np.zeros((count, BLOCK_BYTES), np.uint8)
        padded[:, :width] = rows
        padded[:, width] = _PAD
        return padded ^ self._short

    def _pad(self, iv: Bytes, block: int) -> Bytes:
        """The keystream's block of that number, of every row."""
        count = len(iv)
        given = self._stream.given[:count]
        given[:] = iv.view(np.uint64)
        counter = (given[:, 1].byteswap() & _CLEARED) + np.uint64(block)
        given[:, 1] = counter.byteswap()
        self._stream.run(count)
        return self._stream.made[:count].view(np.uint8)

    @staticmethod
    def _written(sealed: Bytes, width: int) -> Bytes:
        count, padded = sealed.shape
        prefix = np.frombuffer(REVERSIBLE_PREFIX.encode(), np.uint8)
        out = np.empty((count, len(prefix) + padded // _GROUP * 8), np.uint8)
        out[:, : len(prefix)] = prefix
        octets = sealed.astype(np.uint64)
        for group in range(padded // _GROUP):
            bits = np.zeros(count, np.uint64)
            for place in range(_GROUP):
                bits = (bits << np.uint64(8)) | octets[:, group * _GROUP + place]
            at = len(prefix) + group * 8
            out[:, at : at + 8] = base32(bits).view(np.uint8).reshape(count, 8)
        return out[:, :width]


def _doubled(block: Bytes) -> Bytes:
    return np.frombuffer(doubled(block.tobytes()), np.uint8)
