"""The key that signs the transparency log's checkpoints.

Rules:
- an Ed25519 seed, made on the first run and stored like the other deployment keys, wrapped by the root key; it is
  never rotated, since a log is known by its key;
- the private key stays in this object: it signs, and shows its public half;
- it has one use; it encrypts and authenticates nothing else.

Standard: RFC 8032. Format: docs/formats/keys.md.
"""

from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vault.secret import Keeper, SecretBytes

SEED_BYTES: Final = 32


@final
class LogSigner(Keeper):
    """Signs for the log; made by `KeyRing.log_signer`."""

    __slots__ = ("_key", "public_key")

    def __init__(self, seed: SecretBytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.public_key: Final = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """Give the signature, 64 bytes."""
        return self._key.sign(message)
