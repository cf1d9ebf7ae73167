"""Keys that sign what leaves the deployment: certificates of erasure.

Rules:
- Ed25519 (RFC 8032); what is signed begins with the name of its use, so that a signature made for one use is none for
  another;
- a key is named by the first 8 bytes of the SHA-256 of its public half, in hex: two keys are told apart.

Format: docs/formats/erasure-certificate.md.
"""

from typing import Final, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from vault.encoding import bind
from vault.errors import TamperedError
from vault.secret import Keeper, SecretBytes

PUBLIC_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8


@final
class SigningKey(Keeper):
    """A private key made of 32 random bytes, and its public half."""

    __slots__ = ("_private", "id", "public")

    def __init__(self, seed: SecretBytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.public = self._private.public_key().public_bytes_raw()
        self.id = signing_key_id(self.public)

    def sign(self, use: str, data: bytes) -> bytes:
        """Sign bytes for one use (64 B)."""
        return self._private.sign(bind(use, data))


def signing_key_id(public: bytes) -> str:
    """Name a public key: 16 hex digits."""
    digest = Hash(SHA256())
    digest.update(public)
    return digest.finalize()[:_ID_BYTES].hex()


def check_signature(public: bytes, use: str, data: bytes, signature: bytes) -> None:
    """Refuse a signature that this key did not make over these bytes for this use.

    Raises: TamperedError.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, bind(use, data))
    except (InvalidSignature, ValueError):
        raise TamperedError from None
