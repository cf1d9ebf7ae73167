"""How often a key was used for encrypting with random nonces, so that it stops in time.

Rules:
- with random 96-bit nonces a key may encrypt 2^32 times (NIST SP 800-38D 8.3); here it refuses at 2^31;
- a key-encryption key is counted exactly: what a process made is noted in the database, in blocks, in the transaction
  that stores it; what was never stored was never given out;
- a subject's key is counted by chance, since a write for each sealing would double the cost of a value: one sealing in
  2^16, told by the last two bytes of its own random nonce, is noted. At 2^15 noted, 2^31 were made, give or take one in
  two hundred (three standard deviations are 1.7 %), far from 2^32.

Standard: NIST SP 800-38D section 8.3; R. Morris, Counting large numbers of events in small registers (1978).
"""

from collections.abc import Iterable
from typing import Final

from vault.errors import KeyExhaustedError
from vault.header import HEADER_BYTES, NONCE_BYTES

USE_LIMIT: Final = 1 << 31
BLOCK: Final = 1024
AHEAD: Final = 1 << 16
SEALS_PER_MARK: Final = 1 << 16
MARK_LIMIT: Final = USE_LIMIT // SEALS_PER_MARK
_MARK: Final = b"\x00\x00"
_NONCE_END: Final = HEADER_BYTES + NONCE_BYTES


class UseCount:
    """Uses of one key by this process.

    Attributes:
        made: uses so far. noted: how many of them the database knows of, or has set aside.
    """

    __slots__ = ("made", "noted")

    def __init__(self) -> None:
        self.made = 0
        self.noted = 0

    def take(self) -> None:
        """Count one use.

        Raises: KeyExhaustedError: too many were made without being stored.
        """
        if self.made - self.noted >= AHEAD:
            raise KeyExhaustedError("the key-encryption key of this process")
        self.made += 1

    @property
    def due(self) -> int:
        """How many uses have to be set aside in the database now: whole blocks, 0 if enough are."""
        missing = self.made - self.noted
        return -(-missing // BLOCK) * BLOCK if missing > 0 else 0


def marked(sealed: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """Count the sealings that are to be noted, by subject: those whose nonce says so, seldom any."""
    found: dict[str, int] = {}
    for subject, blob in sealed:
        if blob[_NONCE_END - 2 : _NONCE_END] == _MARK:
            found[subject] = found.get(subject, 0) + 1
    return found
