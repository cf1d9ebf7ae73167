"""The root key behind one small protocol, and the provider that keeps it in a local file.

Rules:
- the root key is never in the database, never logged, never returned;
- what it wraps is bound to a context, so that one wrapped key cannot stand in for another;
- the file is made once, whole and exclusively, mode 0600, in a directory of mode 0700; a file that
  group or others can read, that belongs to someone else, or that is not a root key is refused;
- a wrapped key names the root key that wrapped it, so that the wrong file is said to be the wrong file.

Left to others: hardware and cloud providers implement the same protocol.
Format: docs/formats/keys.md.
"""

import hmac
import os
import re
import stat
from pathlib import Path
from typing import Final, Protocol, Self, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.encoding import Entropy, bind, draw, system_entropy
from vault.errors import (
    RootKeyExposedError,
    RootKeyMalformedError,
    RootKeyMissingError,
    RootKeyUnavailableError,
    TamperedError,
    TruncatedError,
    UnknownSuiteError,
    UnknownVersionError,
    WrongRootKeyError,
)
from vault.header import FORMAT_VERSION, NONCE_BYTES, TAG_BYTES, Suite
from vault.secret import Keeper, SecretBytes

ROOT_KEY_BYTES: Final = 32
ROOT_ID_BYTES: Final = 8

_LINE: Final = re.compile(rb"yumen-root-v1 ([0-9a-f]{64})\n")
_MAX_FILE_BYTES: Final = 4096
_NONCE_START: Final = 2 + ROOT_ID_BYTES
_BODY_START: Final = _NONCE_START + NONCE_BYTES


class RootKey(Protocol):
    """What the vault asks of a key management system. Calls may block: they run in a thread."""

    @property
    def name(self) -> str:
        """Provider and key, for operators; no secret."""

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key under the root key, bound to the context.

        Raises: RootKeyError.
        """

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context.

        Raises: RootKeyError, TamperedError.
        """

    def health(self) -> None:
        """Return if the root key can be used now.

        Raises: RootKeyError.
        """


@final
class FileRootKey(Keeper):
    """Root key in a local file, for development and small deployments.

    Shape of what it wraps: version u8, suite u8, root key id 8 B, nonce 12 B, body, tag 16 B.
    """

    __slots__ = ("_aead", "_entropy", "_id", "_path")

    def __init__(self, path: Path, key: SecretBytes, entropy: Entropy = system_entropy) -> None:
        self._path = path
        self._entropy = entropy
        self._aead = AESGCM(key.reveal())
        self._id = hmac.digest(key.reveal(), bind("yumen/root-id/1"), "sha256")[:ROOT_ID_BYTES]

    @classmethod
    def open(cls, path: Path, entropy: Entropy = system_entropy) -> Self:
        """Read an existing root key.

        Raises: RootKeyMissingError, RootKeyExposedError, RootKeyMalformedError, RootKeyUnavailableError.
        """
        return cls(path, _read(path), entropy)

    @classmethod
    def open_or_create(cls, path: Path, entropy: Entropy = system_entropy) -> Self:
        """Read the root key, or make it if there is none yet; safe when two processes start at once.

        Raises: as `open`.
        """
        try:
            return cls.open(path, entropy)
        except RootKeyMissingError:
            _create(path, draw(entropy, ROOT_KEY_BYTES))
        return cls.open(path, entropy)

    @property
    def name(self) -> str:
        """Give `file:` and the key's id, which tells two keys apart and shows neither."""
        return f"file:{self._id.hex()}"

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key under the root key, bound to the context."""
        head = bytes((FORMAT_VERSION, Suite.AES)) + self._id
        nonce = draw(self._entropy, NONCE_BYTES)
        return head + nonce + self._aead.encrypt(nonce, key.reveal(), bind(head, context))

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context.

        Raises: UnknownVersionError, UnknownSuiteError, TruncatedError, WrongRootKeyError, TamperedError.
        """
        if len(wrapped) < _BODY_START + TAG_BYTES:
            raise TruncatedError(len(wrapped))
        if wrapped[0] != FORMAT_VERSION:
            raise UnknownVersionError(wrapped[0])
        if wrapped[1] != Suite.AES:
            raise UnknownSuiteError(wrapped[1])
        head = wrapped[:_NONCE_START]
        if head[2:] != self._id:
            message = f"the stored keys were wrapped by root key file:{head[2:].hex()}, this is {self.name}"
            raise WrongRootKeyError(message)
        nonce, body = wrapped[_NONCE_START:_BODY_START], wrapped[_BODY_START:]
        try:
            return SecretBytes(self._aead.decrypt(nonce, body, bind(head, context)))
        except InvalidTag:
            raise TamperedError from None

    def health(self) -> None:
        """Check that the file still is there, closed to others, and holds this key.

        Raises: as `open`; WrongRootKeyError: the file was replaced.
        """
        now = FileRootKey.open(self._path)
        if now.name != self.name:
            message = f"{self._path} was replaced: it holds {now.name}, this process uses {self.name}"
            raise WrongRootKeyError(message)


def _create(path: Path, key: bytes) -> None:
    """Write the file beside its place, then link it in: others see it whole or not at all."""
    scratch = path.with_name(f".{path.name}.{system_entropy(8).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _fill(descriptor, b"yumen-root-v1 " + key.hex().encode() + b"\n")
            _link(scratch, path)
        finally:
            scratch.unlink()
    except OSError as error:
        message = f"the root key cannot be made at {path}: {error.strerror}"
        raise RootKeyUnavailableError(message) from error


def _fill(descriptor: int, content: bytes) -> None:
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(scratch: Path, path: Path) -> None:
    try:
        os.link(scratch, path)
    except FileExistsError:
        return  # another process was first: its key counts
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> SecretBytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            _require_closed(path, status)
            content = os.read(descriptor, _MAX_FILE_BYTES)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        message = f"no root key at {path}; restore it from its backup, or start a new deployment"
        raise RootKeyMissingError(message) from None
    except OSError as error:
        message = f"the root key at {path} cannot be read: {error.strerror}"
        raise RootKeyUnavailableError(message) from error
    line = _LINE.fullmatch(content)
    if line is None:
        message = f"{path} is no root key: want `yumen-root-v1 `, 64 lowercase hex digits, line end"
        raise RootKeyMalformedError(message)
    return SecretBytes(bytes.fromhex(line[1].decode()))


def _require_closed(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        message = f"{path} is not a regular file"
        raise RootKeyMalformedError(message)
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        message = f"{path} has mode {mode:04o}: others can reach it; run `chmod 600` and consider the key seen"
        raise RootKeyExposedError(message)
    if status.st_uid != os.geteuid():
        message = f"{path} belongs to user {status.st_uid}, the service runs as {os.geteuid()}"
        raise RootKeyExposedError(message)
    parent = path.parent.stat()
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        message = f"everyone can write to {path.parent} and so replace the root key"
        raise RootKeyExposedError(message)
