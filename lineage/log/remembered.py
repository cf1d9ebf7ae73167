"""What a verifier remembers between runs: checkpoints it has seen, so that a rewritten past shows.

Rules enforced here:
- the file belongs to one log: with another key or origin it is refused;
- it is written whole or not at all; a damaged one is refused, never begun anew in silence;
- the first and the newest checkpoints are kept, a hundred in all.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from lineage.log.checkpoint import Checkpoint, open_checkpoint
from lineage.log.errors import CheckpointMalformedError, LogStateError, NoteMalformedError, NoteSignatureError
from lineage.log.notes import VerifierKey

VERSION: Final = 1
KEPT: Final = 100
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Remembered:
    """The checkpoints of one log, by size; each as the signed note it was seen as."""

    key: VerifierKey
    notes: tuple[tuple[Checkpoint, bytes], ...] = ()

    @property
    def heads(self) -> tuple[Checkpoint, ...]:
        """The checkpoints."""
        return tuple(head for head, _ in self.notes)

    def with_note(self, data: bytes) -> "Remembered":
        """Remember one more, unless its size is there."""
        head, _ = open_checkpoint(data, self.key)
        if any(known.size == head.size for known in self.heads):
            return self
        notes = sorted((*self.notes, (head, data)), key=lambda each: each[0].size)
        return Remembered(self.key, (*notes[:1], *notes[1:][-(KEPT - 1) :]))

    def save(self, path: Path) -> None:
        """Write the file. Raises: OSError."""
        document = {"v": VERSION, "key": self.key.text, "checkpoints": [data.decode() for _, data in self.notes]}
        scratch = path.with_name(f"{path.name}.scratch")
        with scratch.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(path)


def load_remembered(path: Path, key: VerifierKey) -> Remembered:
    """Read the file; a missing one remembers nothing. Raises: LogStateError; OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Remembered(key)
    try:
        document = _decode(data)
        if document["v"] != VERSION or document["key"] != key.text:
            raise LogStateError("the file remembers another log")
        notes = [note.encode() for note in document["checkpoints"]]
        found = tuple((open_checkpoint(note, key)[0], note) for note in notes)
    except (
        msgspec.DecodeError, KeyError, TypeError, AttributeError, UnicodeError,
        NoteMalformedError, NoteSignatureError, CheckpointMalformedError,
    ):  # fmt: skip
        raise LogStateError("the file of remembered checkpoints is damaged") from None
    return Remembered(key, found)
