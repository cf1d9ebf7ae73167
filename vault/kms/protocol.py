"""What the vault asks of whatever keeps its root key, and the envelope around what that wraps.

Rules:
- the root key itself never leaves its keeper, never reaches the database, is never logged;
- what it wraps is bound to a context (purpose and version), so that one wrapped key cannot stand in for another;
- a wrapped key names its provider and key, so that the wrong one is said to be the wrong one;
- every refusal is a typed error: whoever asks fails closed, and nothing of the keeper's answer is passed on.

Format: docs/formats/keys.md.
"""

from enum import IntEnum
from typing import Final, Protocol

from vault.errors import KmsAnswerError, TruncatedError, UnknownVersionError, WrongRootKeyError
from vault.header import FORMAT_VERSION
from vault.secret import SecretBytes

MAX_NAME_BYTES: Final = 255
_START: Final = 3
_KEY_SIZES: Final = frozenset({16, 32})


class Provider(IntEnum):
    """Who wraps, by the byte that names them; local files use the byte of their suite (1, 2)."""

    PKCS11 = 0x10
    TRANSIT = 0x11
    AWS = 0x12


class RootKey(Protocol):
    """A root key. Calls block, within a time limit: they run in a thread."""

    @property
    def name(self) -> str:
        """Provider and key, for operators; no secret."""

    def owns(self, wrapped: bytes) -> bool:
        """Say whether this root key wrapped it, by its envelope alone."""

    def wrap(self, key: SecretBytes, context: bytes) -> bytes:
        """Encrypt a key under the newest version of the root key, bound to the context.

        Raises: RootKeyError.
        """

    def unwrap(self, wrapped: bytes, context: bytes) -> SecretBytes:
        """Decrypt what `wrap` made for the same context, whatever version made it.

        Raises: RootKeyError, TamperedError.
        """

    def health(self) -> None:
        """Return if the root key can be used now.

        Raises: RootKeyError; KeyDisabledError: it was switched off, or is to be destroyed.
        """

    def rotate(self) -> None:
        """Make a new version; earlier ones go on unwrapping until the wrapped keys are wrapped anew.

        Raises: RootKeyError.
        """

    def disable(self) -> None:
        """Switch the key off. Only the provider's own administration switches it on again.

        Raises: RootKeyError.
        """

    def destroy(self) -> None:
        """Destroy the key, and with it everything that was ever wrapped by it. There is no way back.

        Raises: RootKeyError.
        """


def enclose(provider: Provider, name: str, body: bytes) -> bytes:
    """Put the envelope around what a provider wrapped.

    Shape: version u8, provider u8, length of name u8, name, body.
    """
    content = name.encode()
    return bytes((FORMAT_VERSION, provider, len(content))) + content + body


def is_enclosed(provider: Provider, name: str, wrapped: bytes) -> bool:
    """Say whether an envelope names this provider and key."""
    return wrapped.startswith(enclose(provider, name, b""))


def disclose(provider: Provider, name: str, wrapped: bytes) -> bytes:
    """Take the envelope off.

    Raises: TruncatedError, UnknownVersionError; WrongRootKeyError: another provider or key wrapped it.
    """
    if len(wrapped) <= _START:
        raise TruncatedError(len(wrapped))
    if wrapped[0] != FORMAT_VERSION:
        raise UnknownVersionError(wrapped[0])
    if not is_enclosed(provider, name, wrapped):
        raise WrongRootKeyError(f"the stored keys were wrapped by {wrapper(wrapped)}, this is {name}")
    return wrapped[_START + wrapped[2] :]


def wrapper(wrapped: bytes) -> str:
    """Name the root key that wrapped something, for operators."""
    if wrapped[1:2] in {b"\x01", b"\x02"}:
        return f"file:{wrapped[2:10].hex()}"
    name = wrapped[_START : _START + wrapped[2]] if len(wrapped) > _START else b""
    return name.decode("ascii", "replace") or "an unknown root key"


def unwrapped(name: str, content: bytes) -> SecretBytes:
    """Take what a provider decrypted for a key, if it can be one.

    Raises: KmsAnswerError.
    """
    if len(content) not in _KEY_SIZES:
        raise KmsAnswerError(f"{name} answered something that is no key")
    return SecretBytes(content)
