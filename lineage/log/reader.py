"""What anybody can do with a published log: read its head, and prove that an entry is in it and that it only grew."""

from collections.abc import Sequence
from pathlib import Path

from lineage.log.checkpoint import Checkpoint, open_checkpoint
from lineage.log.errors import LogNotFoundError, LogNotReadyError, LogRangeError
from lineage.log.folder import FolderSource, fetch_tile, is_held
from lineage.log.layout import CHECKPOINT
from lineage.log.notes import VerifierKey
from lineage.log.proofs import consistency_proof, inclusion_proof
from lineage.log.receipt import Receipt
from lineage.log.tree import TreeReader


class LogReader:
    """A log's folder, read by somebody who knows its key. Its files may change between two calls, never during one."""

    def __init__(self, folder: Path, key: VerifierKey) -> None:
        self.source = FolderSource(folder)
        self.key = key
        self._data = b""
        self._head: Checkpoint | None = None

    @property
    def is_written(self) -> bool:
        """Whether some process on this machine writes the log now."""
        return is_held(self.source.folder)

    def head(self) -> tuple[Checkpoint, bytes]:
        """The newest checkpoint, and its note's bytes.

        Raises: LogNotReadyError: there is none yet. NoteMalformedError, NoteSignatureError, CheckpointMalformedError.
        """
        try:
            data = self.source.fetch(CHECKPOINT)
        except LogNotFoundError:
            raise LogNotReadyError("the log has no checkpoint yet") from None
        if self._head is None or data != self._data:
            self._head, _ = open_checkpoint(data, self.key)
            self._data = data
        return self._head, data

    def receipts(self, indexes: Sequence[int]) -> list[Receipt | None]:
        """A receipt for each place, under one checkpoint; None where no checkpoint covers it yet.

        Raises: as `head`; LogNotFoundError, TileMalformedError: a tile is missing or torn.
        """
        head, data = self.head()
        tree = self._tree(head)
        return [
            Receipt(index, tuple(inclusion_proof(tree, index, head.size)), data) if index < head.size else None
            for index in indexes
        ]

    def consistency(self, old: int, new: int | None) -> tuple[int, list[bytes]]:
        """The proof that the log of `new` entries (None: the newest) begins with that of `old` ones.

        Raises: as `receipts`; LogRangeError.
        """
        head, _ = self.head()
        end = head.size if new is None else new
        if not 0 <= old <= end <= head.size:
            raise LogRangeError("the log has had no such sizes, in this order")
        return end, consistency_proof(self._tree(head), old, end)

    def root(self, size: int) -> bytes:
        """The root the log had at a size. Raises: as `consistency`."""
        head, _ = self.head()
        if not 0 <= size <= head.size:
            raise LogRangeError("the log has had no such size")
        return self._tree(head).root(0, size)

    def _tree(self, head: Checkpoint) -> TreeReader:
        return TreeReader(head.size, lambda place: fetch_tile(self.source, place))
