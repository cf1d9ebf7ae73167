"""Checkpoints: what the log promises, in three lines: origin, size, root.

Rules enforced here:
- exactly three lines, each ended by a line feed; extension lines are refused, since no auditor can check them;
- the size is decimal without leading zeros, below 2^63; the root is the base64 of 32 bytes;
- the origin is the name of the key that signs.

Standard: C2SP tlog-checkpoint. Format: docs/formats/checkpoint.md.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from lineage.log.errors import CheckpointMalformedError
from lineage.log.notes import ED25519, Note, Signer, VerifierKey, is_key_name, sign_note

_SIZE = re.compile(rb"0|[1-9][0-9]{0,18}")
_MAX_SIZE = 2**63
_HASH_B = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the tree.

    Attributes:
        size: how many entries the tree holds.
        root: RFC 6962 root hash, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    def signed(self, signer: Signer) -> Note:
        """The checkpoint as a signed note."""
        return sign_note(self.text, self.origin, signer)

    @classmethod
    def parse(cls, text: bytes) -> "Checkpoint":
        """Read a note's text. Raises: CheckpointMalformedError."""
        lines = text.split(b"\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointMalformedError("a checkpoint has exactly three lines")
        origin = lines[0].decode("utf-8", "replace")
        size = int(lines[1]) if _SIZE.fullmatch(lines[1]) else _MAX_SIZE
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            root = b""
        if not is_key_name(origin) or size >= _MAX_SIZE or len(root) != _HASH_B:
            raise CheckpointMalformedError("a checkpoint is origin, size and the root hash")
        made = cls(origin, size, root)
        if made.text != text:
            raise CheckpointMalformedError("a checkpoint is written in one way only")
        return made


def open_checkpoint(data: bytes, key: VerifierKey) -> tuple[Checkpoint, Note]:
    """Read and verify a checkpoint under the log's key.

    Raises: NoteMalformedError, CheckpointMalformedError, NoteSignatureError: not this key's, or another origin's.
    """
    note = Note.parse(data)
    note.verified_by([key])
    found = Checkpoint.parse(note.text)
    if found.origin != key.name:
        raise CheckpointMalformedError("the checkpoint's origin is not the key's name")
    return found, note


def log_key(origin: str, signer: Signer) -> VerifierKey:
    """The key that verifies the log of this origin. Raises: KeyTextError."""
    return VerifierKey(origin, ED25519, signer.public_key)
