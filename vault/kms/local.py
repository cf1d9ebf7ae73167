"""The root key in a local file, for development and small deployments.

Rules:
- the root key is never in the database, never logged, never returned;
- the file is made once, whole and exclusively, mode 0600, in a directory of mode 0700; a file that others can reach or
  that is not a root key is refused (`vault.kms.keyfile`);
- a wrapped key names the version that wrapped it; a version that another process added is read when it is met.

Format: docs/formats/keys.md.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self, final

from cryptography.exceptions import InvalidTag

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import (
    RootKeyMissingError,
    TamperedError,
    TruncatedError,
    UnknownSuiteError,
    UnknownVersionError,
    WrongRootKeyError,
)
from vault.header import FORMAT_VERSION, NONCE_BYTES, TAG_BYTES, Suite
from vault.kms import keyfile
from vault.kms.protocol import Provider, wrapper
from vault.secret import Keeper, SecretBytes
from vault.suites import AEADS, Aead

ROOT_KEY_BYTES: Final = 32
ROOT_ID_BYTES: Final = 8

_NONCE_START: Final = 2 + ROOT_ID_BYTES
_BODY_START: Final = _NONCE_START + NONCE_BYTES
_SUITES: Final = frozenset(Suite)


class _Version(NamedTuple):
    """One line of the file."""

    id: bytes
    key: SecretBytes

    def aead(self, suite: Suite) -> Aead:
        """Make the cipher of a suite."""
        return AEADS[suite](self.key.reveal())


@final
class FileRootKey(Keeper):
    """Root key in a local file.

    Shape of what it wraps: version u8, suite u8, root key id 8 B, nonce 12 B, body, tag 16 B.
    """

    __slots__ = ("_entropy", "_path", "_suite", "_versions")

    def __init__(
        self, path: Path, keys: Sequence[SecretBytes], entropy: Entropy = system_entropy, suite: Suite = Suite.AES
    ) -> None:
        self._path = path
        self._entropy = entropy
        self._suite = suite
        self._versions = _identified(keys)

    @classmethod
    def open(cls, path: Path, entropy: Entropy = system_entropy, suite: Suite = Suite.AES) -> Self:
        """Read an existing root key.

        Raises: RootKeyMissingError, RootKeyExposedError, RootKeyMalformedError, RootKeyUnavailableError,
            KeyDisabledError.
        """
        return cls(path, keyfile.read(path), entropy, suite)

    @classmethod
    def open_or_create(cls, path: Path, entropy: Entropy = system_entropy, suite: Suite = Suite.AES) -> Self:
        """Read the root key, or make it if there is none yet; safe when two processes start at once.

        Raises: as `open`.
        """
        try:
            return cls.open(path, entropy, suite)
        except RootKeyMissingError:
            keyfile.create(path, SecretBytes(draw(entropy, ROOT_KEY_BYTES)))
        return cls.open(path, entropy, suite)

    @property
    def name(self) -> str:
        """Give `file:` and the key's id, which tells two keys apart and shows neither."""
        return _name(self._versions)

    def owns(self, wrapped: bytes) -> bool:
        """Say whether a version of this file wrapped it, by its envelope alone."""
        return wrapped[1:2] in {b"\x01", b"\x02"} and wrapped[2:_NONCE_START] in {v.id for v in self._versions}

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key under the newest version, bound to the context."""
        newest = self._versions[0]
        head = bytes((FORMAT_VERSION, self._suite)) + newest.id
        nonce = draw(self._entropy, NONCE_BYTES)
        return head + nonce + newest.aead(self._suite).encrypt(nonce, key.reveal(), bind(head, context))

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context.

        Raises: UnknownVersionError, UnknownSuiteError, TruncatedError, WrongRootKeyError, TamperedError.
        """
        if len(wrapped) < _BODY_START + TAG_BYTES:
            raise TruncatedError(len(wrapped))
        if wrapped[0] != FORMAT_VERSION:
            raise UnknownVersionError(wrapped[0])
        if wrapped[1] in set(Provider):
            raise WrongRootKeyError(f"the stored keys were wrapped by {wrapper(wrapped)}, this is {self.name}")
        if wrapped[1] not in _SUITES:
            raise UnknownSuiteError(wrapped[1])
        head = wrapped[:_NONCE_START]
        version = self._version(head[2:]) or self._reread(head)
        nonce, body = wrapped[_NONCE_START:_BODY_START], wrapped[_BODY_START:]
        try:
            return SecretBytes(version.aead(Suite(head[1])).decrypt(nonce, body, bind(head, context)))
        except InvalidTag:
            raise TamperedError from None

    def health(self) -> None:
        """Check that the file still is there, closed to others, and holds this key.

        Raises: as `open`; WrongRootKeyError: the file was replaced.
        """
        there = _identified(keyfile.read(self._path))
        if self._versions[0].id not in {version.id for version in there}:
            message = f"{self._path} was replaced: it holds {_name(there)}, this process uses {self.name}"
            raise WrongRootKeyError(message)

    def rotate(self) -> None:
        """Put a new version before the others. Raises: as `open`."""
        fresh = SecretBytes(draw(self._entropy, ROOT_KEY_BYTES))
        keys = [fresh, *keyfile.read(self._path)][: keyfile.MAX_VERSIONS]
        keyfile.replace(self._path, keys)
        self._versions = _identified(keys)

    def disable(self) -> None:
        """Rename the file to `….disabled`; renaming it back switches it on. Raises: RootKeyUnavailableError."""
        keyfile.switch_off(self._path)

    def destroy(self) -> None:
        """Delete the file. Raises: RootKeyUnavailableError."""
        keyfile.remove(self._path)

    def _version(self, root_id: bytes) -> _Version | None:
        return next((version for version in self._versions if version.id == root_id), None)

    def _reread(self, head: bytes) -> _Version:
        versions = _identified(keyfile.read(self._path))
        found = next((version for version in versions if version.id == head[2:]), None)
        if found is None:
            message = f"the stored keys were wrapped by root key {wrapper(head)}, this is {self.name}"
            raise WrongRootKeyError(message)
        self._versions = versions
        return found


def _name(versions: Sequence[_Version]) -> str:
    return f"file:{versions[0].id.hex()}"


def _identified(keys: Sequence[SecretBytes]) -> tuple[_Version, ...]:
    label = bind("yumen/root-id/1")
    return tuple(_Version(hmac.digest(key.reveal(), label, "sha256")[:ROOT_ID_BYTES], key) for key in keys)
