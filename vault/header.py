"""The six bytes that begin everything the vault writes.

Rules:
- byte 0 is the format version, byte 1 the suite, bytes 2-5 the key id as u32 big-endian;
- an unknown version, suite or key is an error of its own, and nothing ever falls back;
- suite 1 is `aes` (AES-256-GCM, HMAC-SHA-256), 2 is `sm` (SM4-GCM, HMAC-SM3).

Standard: RFC 5116 section 5.2 (AES-256-GCM); NIST SP 800-38D; RFC 8998. Format: docs/formats/sealed.md.
"""

from enum import IntEnum
from typing import Final

from vault.errors import TruncatedError, UnknownSuiteError, UnknownVersionError

FORMAT_VERSION: Final = 1
HEADER_BYTES: Final = 6
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SEALED_OVERHEAD_BYTES: Final = HEADER_BYTES + NONCE_BYTES + TAG_BYTES


class Suite(IntEnum):
    """Cipher suites by the byte that names them."""

    AES = 1
    SM = 2

    @property
    def label(self) -> str:
        """The name that settings and reports use."""
        return self.name.lower()


_SUITES: Final = frozenset(Suite)


def header(key_id: int, suite: Suite = Suite.AES) -> bytes:
    """Write the header of the current format version."""
    return bytes((FORMAT_VERSION, suite)) + key_id.to_bytes(4, "big")


def read_key_id(blob: bytes, least_b: int = SEALED_OVERHEAD_BYTES) -> int:
    """Read the key id of a blob of a known version and suite.

    Raises: TruncatedError, UnknownVersionError, UnknownSuiteError.
    """
    if not blob:
        raise TruncatedError(0)
    if blob[0] != FORMAT_VERSION:
        raise UnknownVersionError(blob[0])
    if len(blob) < least_b:
        raise TruncatedError(len(blob))
    if blob[1] not in _SUITES:
        raise UnknownSuiteError(blob[1])
    return int.from_bytes(blob[2:HEADER_BYTES], "big")
