"""Tokens that equal values share and that the key opens: AES-SIV, deterministic authenticated encryption.

Rules:
- the key of a scope is 64 bytes, two AES-256 keys: one for the synthetic IV (S2V over CMAC), one for the encryption;
- header and scope are associated data: a token given out for another recipient, purpose, tenant, field or kind of
  value, with another header or with any bit changed, does not open;
- tags are compared by the library, in constant time;
- there is no SM4-SIV in any standard or in the library: tokens of the suite `sm` are not of this kind.

Standard: RFC 5297 (AES-SIV). Format: docs/formats/tokens.md.
"""

import base64
import re
from collections.abc import Sequence
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from vault.errors import NotTokenisableError, TamperedError, TruncatedError, UnknownKeyError, UnknownSuiteError
from vault.header import HEADER_BYTES, TAG_BYTES, Suite, header, read_key_id
from vault.secret import Keeper

REVERSIBLE_PREFIX: Final = "rtk_"
SIV_KEY_BYTES: Final = 64
LEAST_BYTES: Final = HEADER_BYTES + TAG_BYTES + 1
_BODY: Final = re.compile("[a-z2-7]+")
_NOT_A_TOKEN: Final = "not_a_token"  # noqa: S105 - a fault's name, no secret


def siv_seal(key: bytes, associated: Sequence[bytes], data: bytes) -> bytes:
    """Encrypt and authenticate without a nonce: equal inputs give equal bytes.

    Shape: synthetic IV 16 B, ciphertext as long as the data; the key is 32, 48 or 64 B, two AES keys.
    """
    return AESSIV(key).encrypt(data, list(associated))


def siv_open(key: bytes, associated: Sequence[bytes], sealed: bytes) -> bytes:
    """Decrypt what `siv_seal` made.

    Raises: TruncatedError; TamperedError: other key, other associated data, or altered.
    """
    if len(sealed) < TAG_BYTES:
        raise TruncatedError(len(sealed))
    try:
        return AESSIV(key).decrypt(sealed, list(associated))
    except InvalidTag:
        raise TamperedError from None


def read_reversible(of: str, token: str) -> tuple[int, bytes]:
    """Read the version of the token key out of a token; returns it with the token's bytes.

    Raises: NotTokenisableError: not_a_token; TruncatedError, UnknownVersionError, UnknownSuiteError.
    """
    body = token[len(REVERSIBLE_PREFIX) :]
    if not token.startswith(REVERSIBLE_PREFIX) or _BODY.fullmatch(body) is None:
        raise NotTokenisableError(of, _NOT_A_TOKEN)
    try:
        blob = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except ValueError:
        raise NotTokenisableError(of, _NOT_A_TOKEN) from None
    if _written(blob) != body:  # bits left over at the end: a second writing of one token
        raise NotTokenisableError(of, _NOT_A_TOKEN)
    version = read_key_id(blob, LEAST_BYTES)
    if blob[1] != Suite.AES:
        raise UnknownSuiteError(blob[1])
    return version, blob


@final
class ReversibleCipher(Keeper):
    """Makes and opens the tokens of one scope under one version of the token key.

    Cost: about 12 us a token; no I/O.
    """

    __slots__ = ("_associated", "_header", "_key", "_of", "_version")

    def __init__(self, key: bytes, version: int, of: str, scope: bytes) -> None:
        """Take the scope's key of 64 bytes, and what the tokens are bound to beside their header."""
        self._key = key
        self._version = version
        self._of = of
        self._header = header(version, Suite.AES)
        self._associated = (self._header, scope)

    @property
    def associated(self) -> tuple[bytes, bytes]:
        """What its tokens are bound to: header and scope, for the bulk implementation inside the vault."""
        return self._associated

    def tokenise(self, canonical: str) -> str:
        """Give the token of a value in canonical form."""
        return REVERSIBLE_PREFIX + _written(self._header + siv_seal(self._key, self._associated, canonical.encode()))

    def reveal(self, token: str) -> str:
        """Give the canonical value of a token.

        Raises: NotTokenisableError: not_a_token; TruncatedError, UnknownVersionError, UnknownSuiteError;
            UnknownKeyError: another version made it; TamperedError: another scope's, or altered.
        """
        version, blob = read_reversible(self._of, token)
        if version != self._version:
            raise UnknownKeyError(version)
        return siv_open(self._key, self._associated, blob[HEADER_BYTES:]).decode()


def _written(blob: bytes) -> str:
    return base64.b32encode(blob).decode().rstrip("=").lower()
