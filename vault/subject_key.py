"""The key of one data subject: seals their values and gives their pseudonym.

Rules:
- values are sealed under the subject's own data key, with a fresh random nonce, in the suite of the key-encryption key
  that wraps it; values of the other suite still open, so that a deployment can change its suite while it serves;
- the associated data binds format version, suite, key id, tenant, subject and field, so that a
  value moved to another row does not open;
- pseudonym and commitments come from a second key of the same subject: with both keys destroyed,
  values do not open, and the ledger's pseudonym and commitments tie to nobody;
- they are HMAC-SHA-256 in either suite, since the ledger outlives a change of suite.

Standard: RFC 5116, NIST SP 800-38D, RFC 2104. Law: PIPL 51(3) (encryption, de-identification),
47 (erasure). Format: docs/formats/sealed.md, docs/formats/keys.md.
"""

import hmac
from functools import lru_cache
from typing import Final, final

from cryptography.exceptions import InvalidTag

from vault.encoding import NAME_BYTES, Entropy, bind, draw, opaque_name, system_entropy
from vault.errors import TamperedError, TooLargeError, UnknownKeyError
from vault.header import (
    FORMAT_VERSION,
    HEADER_BYTES,
    NONCE_BYTES,
    SEALED_OVERHEAD_BYTES,
    Suite,
    header,
    read_key_id,
)
from vault.secret import Keeper
from vault.suites import AEADS, KEY_BYTES

MAX_PLAIN_BYTES: Final = 1 << 20
PSEUDONYM_PREFIX: Final = "ps_"

_BODY_START: Final = HEADER_BYTES + NONCE_BYTES
_bound_field = lru_cache(maxsize=4096)(bind)


@lru_cache(maxsize=16)
def _start(key_id: int, suite: Suite) -> tuple[bytes, bytes]:
    """Give the header and the part of the associated data that every subject's values share."""
    return header(key_id, suite), bind("yumen/sealed", FORMAT_VERSION, suite, key_id)


@final
class SubjectKey(Keeper):
    """Two 32-byte keys of one subject, made and opened by the KeyRing only.

    Cost: `open` and `seal` do no I/O; one AEAD call, one dictionary look-up and one concatenation.
    """

    __slots__ = ("_binding", "_decrypt", "_encrypt", "_header", "_keys", "key_id", "subject", "suite", "tenant")

    def __init__(self, keys: bytes, tenant: str, subject: str, key_id: int, suite: Suite = Suite.AES) -> None:
        aead = AEADS[suite](keys[:KEY_BYTES])
        self._encrypt = aead.encrypt
        self._decrypt = aead.decrypt
        self._keys = keys
        self.tenant = tenant
        self.subject = subject
        self._header, binding = _start(key_id, suite)
        self._binding = binding + bind(tenant, subject)
        self.key_id = key_id
        self.suite = suite

    def seal(self, plain: bytes, field: str, entropy: Entropy = system_entropy) -> bytes:
        """Encrypt one value for one field of this subject.

        Shape: plain 0..1 MiB -> version u8, suite u8, key id u32, nonce 12 B, body, tag 16 B.
        Raises: TooLargeError, EntropyError.
        """
        if len(plain) > MAX_PLAIN_BYTES:
            raise TooLargeError(len(plain), MAX_PLAIN_BYTES)
        nonce = draw(entropy, NONCE_BYTES)
        body = self._encrypt(nonce, plain, self._binding + _bound_field(field))
        return self._header + nonce + body

    def open(self, sealed: bytes, field: str) -> bytes:
        """Decrypt what `seal` made for this subject and field.

        Raises: UnknownVersionError, UnknownSuiteError, UnknownKeyError, TruncatedError; TamperedError
            for everything else, without detail.
        """
        if sealed[:HEADER_BYTES] != self._header or len(sealed) < SEALED_OVERHEAD_BYTES:
            return self._open_other(sealed, field)
        try:
            return self._decrypt(
                sealed[HEADER_BYTES:_BODY_START],
                sealed[_BODY_START:],
                self._binding + _bound_field(field),
            )
        except InvalidTag:
            raise TamperedError from None

    def _open_other(self, sealed: bytes, field: str) -> bytes:
        """Open what the other suite sealed under this key, or say what is wrong with the header."""
        key_id = read_key_id(sealed)
        if key_id != self.key_id:
            raise UnknownKeyError(key_id)
        suite = Suite(sealed[1])
        binding = _start(key_id, suite)[1] + bind(self.tenant, self.subject, field)
        aead = AEADS[suite](self._keys[:KEY_BYTES])
        try:
            return aead.decrypt(sealed[HEADER_BYTES:_BODY_START], sealed[_BODY_START:], binding)
        except InvalidTag:
            raise TamperedError from None

    def commit(self, payload: bytes) -> bytes:
        """Give the keyed commitment to what was released (HMAC-SHA-256, 32 B).

        Deterministic: let the payload name its ledger entry, so that equal values on different
        days do not show as equal commitments.
        """
        return self._mac("yumen/commitment/1", payload)

    def pseudonym(self) -> str:
        """Give the name under which the ledger knows this subject: `ps_` and 26 characters."""
        tag = self._mac("yumen/pseudonym/1", self.tenant.encode(), self.subject.encode())
        return opaque_name(PSEUDONYM_PREFIX, tag[:NAME_BYTES])

    def _mac(self, use: str, *parts: bytes) -> bytes:
        return hmac.digest(self._keys[KEY_BYTES:], bind(use, *parts), "sha256")
