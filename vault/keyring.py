"""The deployment's keys, in memory, and what they are used for.

Rules:
- one secret, one use: key-encryption keys wrap subject keys, index keys feed the blind index,
  ledger keys authenticate ledger entries, row keys authenticate database rows (`vault.rows`);
- keys are versioned; the highest version writes, every loaded version reads, others are refused;
- a subject's wrapped keys are bound to tenant, subject and both versions;
- an identifier is never hashed without a key (an 18-digit number has fewer than 2^37 values);
  each tenant and field has its own lookup key, so that columns cannot be joined without the index key.

Standard: NIST SP 800-38D, RFC 5869 (HKDF), RFC 2104 (HMAC). Law: PIPL 51(3).
Format: docs/formats/keys.md, docs/formats/blind-index.md.
"""

import hmac
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import KeyMissingError, TamperedError, TruncatedError, UnknownKeyError
from vault.header import (
    FORMAT_VERSION,
    HEADER_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    Suite,
    header,
    read_key_id,
)
from vault.rows import RowKeys
from vault.secret import Keeper, SecretBytes
from vault.subject_key import KEY_BYTES, SubjectKey

FIRST_KEY_ID: Final = 1
WRAPPED_SUBJECT_KEY_BYTES: Final = HEADER_BYTES + 4 + NONCE_BYTES + 2 * KEY_BYTES + TAG_BYTES

_NONCE_START: Final = HEADER_BYTES + 4
_BODY_START: Final = _NONCE_START + NONCE_BYTES
_LOOKUP_KEYS_KEPT: Final = 4096


class KeyPurpose(StrEnum):
    """What a deployment key is for."""

    KEK = "kek"
    INDEX = "index"
    LEDGER = "ledger"
    ROW = "row"


@final
class KeyRing(Keeper):
    """All keys of a deployment, unwrapped; opened by `vault.store.open_key_ring`."""

    __slots__ = (
        "_index",
        "_index_header",
        "_keks",
        "_ledger",
        "_lookup",
        "index_version",
        "key_version",
        "ledger_version",
        "rows",
    )

    def __init__(self, keys: Mapping[KeyPurpose, Mapping[int, SecretBytes]]) -> None:
        for purpose in KeyPurpose:
            if not keys.get(purpose):
                raise KeyMissingError(f"{purpose} key")
        self._keks = {v: AESGCM(key.reveal()) for v, key in keys[KeyPurpose.KEK].items()}
        self.key_version = max(self._keks)
        self.index_version = max(keys[KeyPurpose.INDEX])
        self._index = keys[KeyPurpose.INDEX][self.index_version].reveal()
        self._index_header = header(self.index_version)
        newest_first = sorted(keys[KeyPurpose.LEDGER].items(), reverse=True)
        self.ledger_version = newest_first[0][0]
        self._ledger = tuple(key.reveal() for _, key in newest_first)
        self._lookup: dict[tuple[str, str], bytes] = {}
        self.rows = RowKeys(keys[KeyPurpose.ROW])

    def new_subject_key(self, tenant: str, subject: str, entropy: Entropy = system_entropy) -> tuple[SubjectKey, bytes]:
        """Make a subject's keys and wrap them for storage.

        Shape: wrapped = version u8, suite u8, KEK version u32, key id u32, nonce 12 B, body 64 B, tag 16 B.
        """
        keys = draw(entropy, 2 * KEY_BYTES)
        nonce = draw(entropy, NONCE_BYTES)
        binding = _wrap_binding(self.key_version, FIRST_KEY_ID, tenant, subject)
        body = self._keks[self.key_version].encrypt(nonce, keys, binding)
        wrapped = header(self.key_version) + FIRST_KEY_ID.to_bytes(4, "big") + nonce + body
        return SubjectKey(keys, tenant, subject, FIRST_KEY_ID), wrapped

    def open_subject_key(self, tenant: str, subject: str, wrapped: bytes) -> SubjectKey:
        """Unwrap a subject's keys.

        Raises: UnknownVersionError, UnknownSuiteError, UnknownKeyError (KEK retired or not ours),
            TruncatedError, TamperedError (also: another subject's or tenant's keys).
        """
        kek_version = wrapping_version(wrapped)
        if len(wrapped) != WRAPPED_SUBJECT_KEY_BYTES:
            raise TruncatedError(len(wrapped))
        kek = self._keks.get(kek_version)
        if kek is None:
            raise UnknownKeyError(kek_version)
        key_id = int.from_bytes(wrapped[HEADER_BYTES:_NONCE_START], "big")
        binding = _wrap_binding(kek_version, key_id, tenant, subject)
        try:
            keys = kek.decrypt(wrapped[_NONCE_START:_BODY_START], wrapped[_BODY_START:], binding)
        except InvalidTag:
            raise TamperedError from None
        return SubjectKey(keys, tenant, subject, key_id)

    def blind(self, tenant: str, field: str, canonical: str) -> bytes:
        """Give the blind index of a canonical identifier: equal for equal identifiers of one field.

        Shape: version u8, suite u8, index key version u32, HMAC-SHA-256 32 B.
        """
        key = self._lookup.get((tenant, field)) or self._derive_lookup(tenant, field)
        return self._index_header + hmac.digest(key, canonical.encode(), "sha256")

    def mac(self, data: bytes) -> bytes:
        """Authenticate ledger bytes with the newest ledger key (HMAC-SHA-256, 32 B)."""
        return hmac.digest(self._ledger[0], data, "sha256")

    def check_mac(self, data: bytes, mac: bytes) -> None:
        """Refuse bytes that no loaded ledger key authenticated.

        Raises: TamperedError.
        """
        for key in self._ledger:
            if hmac.compare_digest(hmac.digest(key, data, "sha256"), mac):
                return
        raise TamperedError

    def _derive_lookup(self, tenant: str, field: str) -> bytes:
        info = bind("yumen/blind-index/1", Suite.AES, self.index_version, tenant, field)
        key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._index)
        if len(self._lookup) >= _LOOKUP_KEYS_KEPT:
            self._lookup.clear()
        self._lookup[tenant, field] = key
        return key


def wrapping_version(wrapped: bytes) -> int:
    """Read which key-encryption key wraps a subject's keys.

    Raises: UnknownVersionError, UnknownSuiteError, TruncatedError.
    """
    return read_key_id(wrapped, WRAPPED_SUBJECT_KEY_BYTES)


def _wrap_binding(kek_version: int, key_id: int, tenant: str, subject: str) -> bytes:
    return _wrap_start(kek_version, key_id) + bind(tenant, subject)


@lru_cache(maxsize=256)
def _wrap_start(kek_version: int, key_id: int) -> bytes:
    return bind("yumen/subject-key", FORMAT_VERSION, Suite.AES, kek_version, key_id)
