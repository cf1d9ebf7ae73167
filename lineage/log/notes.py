"""Signed notes: a text, an empty line, and lines of signatures; and the keys that verify them.

Rules enforced here:
- a note is valid UTF-8 without control characters but the line feed, at most 64 KiB, with 1 to 64 signature lines;
- a verifier key is `name+id+base64(algorithm || public key)`; the id is SHA-256(name LF algorithm public key)[:4];
- signatures of unknown keys are ignored; one of a known key that fails refuses the whole note.

Standard: C2SP signed-note (Ed25519, type 0x01), C2SP tlog-cosignature (`cosignature/v1`, type 0x04), RFC 8032.
Format: docs/formats/checkpoint.md, with vectors in tests/vectors/log.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lineage.log.errors import KeyTextError, NoteMalformedError, NoteSignatureError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE_B: Final = 65_536
MAX_SIGNATURES: Final = 64
_NAME = re.compile(r"[^\s+]{1,255}")
_KEY_B: Final = 32
_SIZES: Final = {ED25519: 64, COSIGNATURE: 72}


class Signer(Protocol):
    """Whoever holds the log's private key: the vault."""

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that verifies notes.

    Attributes:
        name: the key's name; for a log its origin.
        algorithm: 1 (Ed25519) or 4 (witness cosignature).
        public: the Ed25519 public key, 32 bytes.
    """

    name: str
    algorithm: int
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or self.algorithm not in _SIZES or len(self.public) != _KEY_B:
            raise KeyTextError("a verifier key has a name without space or plus, and an Ed25519 key")

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key's text. Raises: KeyTextError."""
        name, _, rest = text.strip().partition("+")
        wanted, _, encoded = rest.partition("+")
        data = _decode(encoded)
        if data is None or not data:
            raise KeyTextError("a verifier key is name+id+base64")
        key = cls(name, data[0], data[1:])
        if key.id.hex() != wanted:
            raise KeyTextError("the key's id does not belong to it")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as text, to be given to verifiers."""
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.algorithm]) + self.public)}"

    def verify(self, text: bytes, signature: bytes) -> None:
        """Check a signature of this key over a note's text. Raises: NoteSignatureError."""
        if len(signature) != _SIZES[self.algorithm]:
            raise NoteSignatureError("a signature has the wrong length")
        message = text
        if self.algorithm == COSIGNATURE:
            message = cosigned(text, at_s=int.from_bytes(signature[:8], "big"))
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise NoteSignatureError("a signature does not verify") from None


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who claims to have signed, and the bytes."""

    name: str
    id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line, without its line feed."""
        return f"— {self.name} {_encode(self.id + self.data)}"

    def is_by(self, key: VerifierKey) -> bool:
        """Whether the line names this key."""
        return (self.name, self.id) == (key.name, key.id)


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; nothing of it is to be believed before `verified_by`."""

    text: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note. Raises: NoteMalformedError."""
        if len(data) > MAX_NOTE_B:
            raise NoteMalformedError("a note is at most 64 KiB long")
        if any(byte < 0x20 and byte != 0x0A for byte in data):
            raise NoteMalformedError("a note holds no control characters")
        try:
            data.decode()
        except UnicodeDecodeError:
            raise NoteMalformedError("a note is UTF-8") from None
        text, found, lines = data.rpartition(b"\n\n")
        if not found or not lines.endswith(b"\n"):
            raise NoteMalformedError("a note is a text, an empty line and signature lines")
        signatures = tuple(_signature(line) for line in lines[:-1].decode().split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise NoteMalformedError(f"a note has at most {MAX_SIGNATURES} signatures")
        return cls(text + b"\n", signatures)

    @property
    def data(self) -> bytes:
        """The note's bytes."""
        return self.text + b"\n" + "".join(f"{each.line}\n" for each in self.signatures).encode()

    def verified_by(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Those of `keys` that signed. Raises: NoteSignatureError: none did, or a known key's signature fails."""
        known = tuple(keys)
        found: list[VerifierKey] = []
        for signature in self.signatures:
            for key in known:
                if signature.is_by(key):
                    key.verify(self.text, signature.data)
                    if key not in found:
                        found.append(key)
        if not found:
            raise NoteSignatureError("no trusted key signed this")
        return tuple(found)

    def signed_also(self, signatures: Iterable[Signature]) -> "Note":
        """The note with more signature lines."""
        return Note(self.text, (*self.signatures, *signatures))


def sign_note(text: bytes, name: str, signer: Signer) -> Note:
    """Sign a text as a note under a key name."""
    key = VerifierKey(name, ED25519, signer.public_key)
    return Note(text, (Signature(name, key.id, signer.sign(text)),))


def cosigned(text: bytes, *, at_s: int) -> bytes:
    """The message a witness signs: `cosignature/v1`, its time in seconds since 1970, the checkpoint's body."""
    return b"cosignature/v1\ntime %d\n" % at_s + text


def is_key_name(name: str) -> bool:
    """Whether a text may name a key: no space of any script, no plus, no control character."""
    return bool(_NAME.fullmatch(name)) and name.isprintable()


def read_signatures(lines: bytes) -> tuple[Signature, ...]:
    """Read signature lines alone, as a witness answers them. Raises: NoteMalformedError."""
    if not lines.endswith(b"\n") or len(lines) > MAX_NOTE_B:
        raise NoteMalformedError("signature lines end with a line feed")
    try:
        texts = lines[:-1].decode().split("\n")
    except UnicodeDecodeError:
        raise NoteMalformedError("signature lines are UTF-8") from None
    return tuple(_signature(line) for line in texts[: MAX_SIGNATURES + 1])


def _signature(line: str) -> Signature:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _decode(encoded)
    if mark != "—" or not is_key_name(name) or data is None or len(data) < 5:
        raise NoteMalformedError("a signature line is dash, name, base64")
    return Signature(name, data[:4], data[4:])


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes | None:
    """Standard base64 in the one way it can be written; None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encode(data) == text else None
