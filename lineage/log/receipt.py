"""Receipts: a proof that an entry is in the log, checkable offline for ever.

Rules enforced here:
- the form is `c2sp.org/tlog-proof@v1`: index, inclusion proof, the signed checkpoint verbatim; extra data is accepted
  and never believed;
- a receipt is checked against the entry's bytes and the log's key, and nothing else.

Standard: C2SP tlog-proof. Format: docs/formats/receipt.md.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from lineage.log.checkpoint import Checkpoint, open_checkpoint
from lineage.log.errors import ReceiptMalformedError
from lineage.log.notes import MAX_NOTE_B, VerifierKey
from lineage.log.proofs import check_inclusion
from lineage.log.tree import leaf_hash

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_HASH_B = 32


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt.

    Attributes:
        index: the entry's place in the log, from 0.
        proof: hashes, the leaf's neighbour first.
        checkpoint: the signed checkpoint, as the log published it.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def text(self) -> str:
        """The receipt as it is handed out."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.proof)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint.decode()}"

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Read a receipt; the checkpoint in it is not yet believed. Raises: ReceiptMalformedError."""
        head, found, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not found or len(text) > 2 * MAX_NOTE_B or lines.pop(0) != HEADER:
            raise ReceiptMalformedError(f"a receipt begins with {HEADER}")
        if lines and lines[0].startswith("extra "):
            _bytes(lines.pop(0).removeprefix("extra "))
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None or len(lines) > MAX_HASHES:
            raise ReceiptMalformedError("a receipt names an index and at most 63 hashes")
        proof = tuple(_bytes(line) for line in lines)
        if any(len(each) != _HASH_B for each in proof):
            raise ReceiptMalformedError("a hash has 32 bytes")
        return cls(int(index[1]), proof, checkpoint.encode("utf-8", "surrogatepass"))

    def check(self, entry: bytes, key: VerifierKey) -> Checkpoint:
        """Check that the log holds an entry; returns the checkpoint that covers it.

        Raises: NoteMalformedError, NoteSignatureError, CheckpointMalformedError, ProofInvalidError.
        """
        head, _ = open_checkpoint(self.checkpoint, key)
        check_inclusion(leaf_hash(entry), self.index, size=head.size, root=head.root, proof=self.proof)
        return head


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptMalformedError("a line of a receipt is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise ReceiptMalformedError("base64 is written in one way only")
    return data
