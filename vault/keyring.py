"""The deployment's keys, in memory, and what they are used for.

Rules:
- one secret, one use: key-encryption keys wrap subject keys, index keys feed the blind index, ledger keys authenticate
  ledger entries, name keys give names that must not change when others rotate,
  certificate keys sign certificates of erasure, token keys feed tokens that are computed of the value;
- keys are versioned, and a version belongs to one suite; the highest version writes, every loaded version reads, others
  are refused;
- a subject's wrapped keys are bound to tenant, subject, suite and both versions;
- an identifier is never hashed without a key (an 18-digit number has fewer than 2^37 values); each tenant and field has
  its own lookup key, so that columns cannot be joined without the index key;
- while two index versions are in use, the blind index is asked under the older, which is complete, and written under
  both;
- a running process takes over newer keys in place (`adopt`): whoever holds the ring holds the newest.

Standard: NIST SP 800-38D, RFC 5869 (HKDF), RFC 2104 (HMAC). Law: PIPL 51(3).
Format: docs/formats/keys.md, docs/formats/blind-index.md.
"""

import hmac
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, final

from cryptography.exceptions import InvalidTag

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import KeyDisabledError, KeyMissingError, TamperedError, TruncatedError, UnknownKeyError
from vault.header import FORMAT_VERSION, HEADER_BYTES, NONCE_BYTES, TAG_BYTES, Suite, header, read_key_id
from vault.kms.protocol import RootKey
from vault.rows import RowKeys
from vault.secret import Keeper, SecretBytes
from vault.signer import LogSigner
from vault.signing import SigningKey
from vault.subject_key import SubjectKey
from vault.suites import AEADS, KEY_BYTES, MACS, Aead, derive
from vault.token_keys import TokenKeys
from vault.token_kinds import Tokeniser, TokenScope, TokenSpec
from vault.uses import UseCount

FIRST_KEY_ID: Final = 1
WRAPPED_SUBJECT_KEY_BYTES: Final = HEADER_BYTES + 4 + NONCE_BYTES + 2 * KEY_BYTES + TAG_BYTES

_NONCE_START: Final = HEADER_BYTES + 4
_BODY_START: Final = _NONCE_START + NONCE_BYTES
_LOOKUP_KEYS_KEPT: Final = 4096


class KeyPurpose(StrEnum):
    """What a deployment key is for.

    A purpose that a later release adds needs one line here (and one in docs/formats/keys.md): its first key is made at
    the next start. The purposes of the first release are never made anew where subjects have keys: they were lost then.
    """

    KEK = "kek"
    INDEX = "index"
    LEDGER = "ledger"
    ROW = "row"
    NAMES = "names"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105  a purpose, not a secret
    LOG = "log"

    @property
    def is_original(self) -> bool:
        """Say whether every deployment has had it from its first start."""
        return self in {KeyPurpose.KEK, KeyPurpose.INDEX, KeyPurpose.LEDGER}

    @property
    def is_retirable(self) -> bool:
        """Say whether what an old version made can be made anew under a newer one, so that the old one may go."""
        return self in {KeyPurpose.KEK, KeyPurpose.INDEX}

    @property
    def is_rotatable(self) -> bool:
        """Say whether it may have newer versions; the log's key is what others know the log by."""
        return self is not KeyPurpose.LOG


class KeyVersion(NamedTuple):
    """One version of a deployment key."""

    purpose: KeyPurpose
    version: int


class _Kek(NamedTuple):
    """A key-encryption key, ready for use."""

    version: int
    suite: Suite
    aead: Aead


@final
class KeyRing(Keeper):
    """All keys of a deployment, unwrapped; opened by `vault.store.open_key_ring`.

    Attributes:
        root: what unwrapped the keys, and will unwrap newer ones; None for a ring that stands alone.
        key_version, index_version, ledger_version: the versions that write.
        suite: the suite that seals: that of the newest key-encryption key.
        tokens: the token keys, and what makes tokens of them.
        uses: how often the newest key-encryption key was used.
    """

    __slots__ = (
        "_certificates",
        "_index",
        "_keks",
        "_keys",
        "_locked",
        "_lookup",
        "_macs",
        "_newest",
        "_suites",
        "index_version",
        "key_version",
        "ledger_version",
        "root",
        "rows",
        "suite",
        "tokens",
        "uses",
    )

    def __init__(
        self,
        keys: Mapping[KeyPurpose, Mapping[int, SecretBytes]],
        suites: Mapping[KeyVersion, Suite] | None = None,
        root: RootKey | None = None,
    ) -> None:
        """Take unwrapped keys by purpose and version; a version belongs to the suite `aes` unless `suites` says else.

        Raises: KeyMissingError: a purpose has no key.
        """
        self.root = root
        self._lookup: dict[tuple[int, str, str, str], bytes] = {}
        self.uses = UseCount()
        self.rows = RowKeys()
        self._locked = False
        self._set(keys, suites or {})

    def _set(self, keys: Mapping[KeyPurpose, Mapping[int, SecretBytes]], suites: Mapping[KeyVersion, Suite]) -> None:
        for purpose in KeyPurpose:
            if not keys.get(purpose) and purpose.is_original:
                raise KeyMissingError(f"{purpose} key")
        self._keys = {purpose: dict(sorted(versions.items())) for purpose, versions in keys.items()}
        self._suites = {
            KeyVersion(purpose, version): suites.get(KeyVersion(purpose, version), Suite.AES)
            for purpose, versions in self._keys.items()
            for version in versions
        }
        keks = [_Kek(v, s, AEADS[s](key.reveal())) for v, s, key in self._versions(KeyPurpose.KEK)]
        self._keks = {} if self._locked else {header(kek.version, kek.suite): kek for kek in keks}
        self._newest = keks[-1]
        self.key_version, self.suite = self._newest.version, self._newest.suite
        self._index = [(v, s) for v, s, _ in self._versions(KeyPurpose.INDEX)]
        self.index_version = self._index[-1][0]
        self._macs = tuple((key.reveal(), MACS[s]) for _, s, key in reversed(self._versions(KeyPurpose.LEDGER)))
        self.ledger_version = max(self._keys[KeyPurpose.LEDGER])
        kept = self._keys.get(KeyPurpose.TOKEN, {})
        self.tokens = TokenKeys(kept, {version: self.suite_of(KeyPurpose.TOKEN, version) for version in kept})
        signing = self._keys.get(KeyPurpose.CERTIFICATE, {})
        self.rows.adopt(keys.get(KeyPurpose.ROW, {}))
        self._certificates = tuple(SigningKey(key) for _, key in sorted(signing.items(), reverse=True))

    @property
    def log_signer(self) -> LogSigner:
        """What signs the transparency log: its first key, for ever, since a log is known by its key."""
        return LogSigner(next(iter(self._keys[KeyPurpose.LOG].values())))

    def adopt(self, newer: "KeyRing") -> None:
        """Take over the keys of a ring that was loaded later; nothing that holds this ring notices but by their use."""
        if newer.key_version != self.key_version:
            self.uses = UseCount()
        self._lookup = {}
        self._set(newer._keys, newer._suites)  # noqa: SLF001  its own class

    @property
    def certificate_key(self) -> SigningKey:
        """The key that signs certificates of erasure now. Raises: KeyMissingError."""
        if not self._certificates:
            raise KeyMissingError("certificate key")
        return self._certificates[0]

    @property
    def certificate_keys(self) -> dict[str, bytes]:
        """The public halves of every key that signed certificates, by key id."""
        return {key.id: key.public for key in self._certificates}

    def lock(self, *, locked: bool = True) -> None:
        """Refuse to open or wrap any subject's keys, or allow it again: for a root key that was switched off."""
        self._locked = locked
        self._set(self._keys, self._suites)

    @property
    def is_locked(self) -> bool:
        """Say whether subjects' keys are refused."""
        return self._locked

    @property
    def inventory(self) -> frozenset[KeyVersion]:
        """Which versions are loaded."""
        return frozenset(self._suites)

    def versions(self, purpose: KeyPurpose) -> Mapping[int, SecretBytes]:
        """Give the loaded keys of a purpose by version, the newest last."""
        return self._keys[purpose]

    def suite_of(self, purpose: KeyPurpose, version: int) -> Suite:
        """Say which suite a loaded version belongs to."""
        return self._suites[KeyVersion(purpose, version)]

    def _versions(self, purpose: KeyPurpose) -> list[tuple[int, Suite, SecretBytes]]:
        return [(v, self._suites[KeyVersion(purpose, v)], key) for v, key in self._keys[purpose].items()]

    def new_subject_key(self, tenant: str, subject: str, entropy: Entropy = system_entropy) -> tuple[SubjectKey, bytes]:
        """Make a subject's keys and wrap them for storage.

        Shape: wrapped = version u8, suite u8, KEK version u32, key id u32, nonce 12 B, body 64 B, tag 16 B.
        Raises: KeyExhaustedError: more were made than `insert_subject_keys` has noted; KeyDisabledError: locked.
        """
        keys = draw(entropy, 2 * KEY_BYTES)
        wrapped = self._wrap(keys, FIRST_KEY_ID, tenant, subject, entropy)
        return SubjectKey(keys, tenant, subject, FIRST_KEY_ID, self.suite), wrapped

    def rewrap_subject_key(self, tenant: str, subject: str, wrapped: bytes, entropy: Entropy = system_entropy) -> bytes:
        """Wrap a subject's keys anew under the newest key-encryption key; the keys stay the same.

        Raises: as `open_subject_key`; KeyExhaustedError.
        """
        _, key_id, keys = self._unwrap(tenant, subject, wrapped)
        return self._wrap(keys, key_id, tenant, subject, entropy)

    def open_subject_key(self, tenant: str, subject: str, wrapped: bytes) -> SubjectKey:
        """Unwrap a subject's keys.

        Raises: UnknownVersionError, UnknownSuiteError, UnknownKeyError (KEK retired or not ours),
            TruncatedError, TamperedError (also: another subject's or tenant's keys).
        """
        suite, key_id, keys = self._unwrap(tenant, subject, wrapped)
        return SubjectKey(keys, tenant, subject, key_id, suite)

    def _wrap(self, keys: bytes, key_id: int, tenant: str, subject: str, entropy: Entropy) -> bytes:
        kek = self._newest
        if self._locked:
            raise KeyDisabledError("the root key is switched off")
        self.uses.take()
        nonce = draw(entropy, NONCE_BYTES)
        body = kek.aead.encrypt(nonce, keys, _wrap_start(kek.version, kek.suite, key_id) + bind(tenant, subject))
        return header(kek.version, kek.suite) + key_id.to_bytes(4, "big") + nonce + body

    def _unwrap(self, tenant: str, subject: str, wrapped: bytes) -> tuple[Suite, int, bytes]:
        kek = self._keks.get(wrapped[:HEADER_BYTES])
        if kek is None or len(wrapped) != WRAPPED_SUBJECT_KEY_BYTES:
            raise _refusal(wrapped)
        key_id = int.from_bytes(wrapped[HEADER_BYTES:_NONCE_START], "big")
        binding = _wrap_start(kek.version, kek.suite, key_id) + bind(tenant, subject)
        try:
            keys = kek.aead.decrypt(wrapped[_NONCE_START:_BODY_START], wrapped[_BODY_START:], binding)
        except InvalidTag:
            raise TamperedError from None
        return kek.suite, key_id, keys

    def blind(self, tenant: str, field: str, canonical: str) -> bytes:
        """Give the blind index of a canonical identifier: equal for equal identifiers of one field.

        Under the oldest version in use, which every stored identifier has an entry of.
        Shape: version u8, suite u8, index key version u32, HMAC 32 B.
        """
        return self._digest(*self._index[0], tenant, field, canonical)

    def blind_also(self, tenant: str, field: str, canonical: str) -> tuple[bytes, ...]:
        """Give the entries that have to be written beside `blind` while index versions are rotated; else none."""
        return tuple(self._digest(v, s, tenant, field, canonical) for v, s in self._index[1:])

    def name_for(self, tenant: str, use: str, text: str) -> bytes:
        """Give a keyed name (32 B) that never changes: of a staff member, a request, a file."""
        version, suite, _ = self._versions(KeyPurpose.NAMES)[0]
        return MACS[suite](self._derived(KeyPurpose.NAMES, version, suite, tenant, use), text.encode())

    @property
    def token_version(self) -> int:
        """The version of the token key that makes new tokens; 0 if there is no token key."""
        return self.tokens.version

    def tokeniser(self, scope: TokenScope, spec: TokenSpec, version: int | None = None) -> Tokeniser:
        """Give the maker of computed tokens of a scope; see `TokenKeys.maker`."""
        return self.tokens.maker(scope, spec, version)

    def mac(self, data: bytes) -> bytes:
        """Authenticate ledger bytes with the newest ledger key (32 B)."""
        key, mac = self._macs[0]
        return mac(key, data)

    def check_mac(self, data: bytes, mac: bytes) -> None:
        """Refuse bytes that no loaded ledger key authenticated.

        Raises: TamperedError.
        """
        for key, compute in self._macs:
            if hmac.compare_digest(compute(key, data), mac):
                return
        raise TamperedError

    def _digest(self, version: int, suite: Suite, tenant: str, field: str, canonical: str) -> bytes:
        key = self._derived(KeyPurpose.INDEX, version, suite, tenant, field)
        return header(version, suite) + MACS[suite](key, canonical.encode())

    def _derived(self, purpose: KeyPurpose, version: int, suite: Suite, tenant: str, use: str) -> bytes:
        place = (version, purpose.value, tenant, use)
        kept = self._lookup.get(place)
        if kept is None:
            info = bind(_LABELS[purpose], suite, version, tenant, use)
            kept = derive(suite, self._keys[purpose][version].reveal(), info)
            if len(self._lookup) >= _LOOKUP_KEYS_KEPT:
                self._lookup.clear()
            self._lookup[place] = kept
        return kept


_LABELS: Final = {KeyPurpose.INDEX: "yumen/blind-index/1", KeyPurpose.NAMES: "yumen/names/1"}


def wrapping_version(wrapped: bytes) -> int:
    """Read which key-encryption key wraps a subject's keys.

    Raises: UnknownVersionError, UnknownSuiteError, TruncatedError.
    """
    return read_key_id(wrapped, WRAPPED_SUBJECT_KEY_BYTES)


def wrapped_versions(wrapped: bytes) -> tuple[int, int]:
    """Read which key-encryption key wraps a subject's keys, and which data key they hold.

    Raises: as `wrapping_version`.
    """
    return wrapping_version(wrapped), int.from_bytes(wrapped[HEADER_BYTES:_NONCE_START], "big")


def _refusal(wrapped: bytes) -> TruncatedError | UnknownKeyError:
    version = wrapping_version(wrapped)  # or what the header has wrong
    if len(wrapped) != WRAPPED_SUBJECT_KEY_BYTES:
        return TruncatedError(len(wrapped))
    return UnknownKeyError(version)


@lru_cache(maxsize=256)
def _wrap_start(kek_version: int, suite: Suite, key_id: int) -> bytes:
    return bind("yumen/subject-key", FORMAT_VERSION, suite, kek_version, key_id)
