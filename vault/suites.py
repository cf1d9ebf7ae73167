"""The two suites of algorithms, and nothing else: each key belongs to one of them.

    suite    AEAD                                      MAC             key derivation
    aes (1)  AES-256-GCM                               HMAC-SHA-256    HKDF-SHA-256
    sm  (2)  SM4-GCM, its key derived from the 32 B    HMAC-SM3        HKDF-SM3

Rules:
- every key is 32 random bytes, whatever the suite; SM4 takes 16 bytes, derived by HMAC-SM3 under a label of its own, so
  that a data key that serves both suites while values move from one to the other shows nothing of one to the other;
- nonces are 12 random bytes of the operating system's: no counter to lose, nothing to repeat across a fork;
- tags are never cut, and never compared here but in constant time by the library.

Standard: NIST SP 800-38D, RFC 2104, RFC 5869, RFC 5297; GB/T 32907-2016 (SM4), GB/T 32905-2016 (SM3), RFC 8998.
Law: 密码法 27, 商用密码管理条例 38. These are software keys in a library, not a certified product (商用密码产品).
"""

import hmac
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault.encoding import bind
from vault.header import TAG_BYTES, Suite

KEY_BYTES: Final = 32
SM4_KEY_BYTES: Final = 16
_SM4_LABEL: Final = bind("yumen/sm4-gcm/1")


class Aead(Protocol):
    """Authenticated encryption with associated data; ciphertext and tag are one piece."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Encrypt under a nonce that is used once."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Decrypt. Raises: InvalidTag."""


class Sm4Gcm:
    """SM4-GCM in the shape of the library's AESGCM (RFC 8998: 96-bit nonce, 128-bit tag)."""

    __slots__ = ("_algorithm",)

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Encrypt and authenticate."""
        worker = Cipher(self._algorithm, GCM(nonce)).encryptor()
        worker.authenticate_additional_data(associated_data or b"")
        return worker.update(data) + worker.finalize() + worker.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Decrypt what is authentic. Raises: InvalidTag."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        worker = Cipher(self._algorithm, GCM(nonce, data[-TAG_BYTES:])).decryptor()
        worker.authenticate_additional_data(associated_data or b"")
        return worker.update(data[:-TAG_BYTES]) + worker.finalize()


def _sm4(key: bytes) -> Aead:
    return Sm4Gcm(sm3_mac(key, _SM4_LABEL)[:SM4_KEY_BYTES])


def sha256_mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256, 32 B."""
    return hmac.digest(key, data, "sha256")


def sm3_mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SM3, 32 B."""
    worker = HMAC(key, SM3())
    worker.update(data)
    return worker.finalize()


AEADS: Final[dict[Suite, Callable[[bytes], Aead]]] = {Suite.AES: AESGCM, Suite.SM: _sm4}
"""Makes the AEAD of a suite from a key of 32 bytes."""

MACS: Final[dict[Suite, Callable[[bytes, bytes], bytes]]] = {Suite.AES: sha256_mac, Suite.SM: sm3_mac}
"""The MAC of a suite: key, data -> 32 bytes."""


def derive(suite: Suite, key: bytes, info: bytes, size_b: int = KEY_BYTES) -> bytes:
    """Derive a key for one use (HKDF without salt, RFC 5869)."""
    algorithm = SHA256() if suite is Suite.AES else SM3()
    return HKDF(algorithm=algorithm, length=size_b, salt=None, info=info).derive(key)
