"""Errors of the lineage room: one root, leaves with a stable code; attributes never hold personal data."""

from typing import ClassVar


class LineageError(Exception):
    """Root of every error of this room."""

    code: ClassVar[str] = "lineage/error"


class EntryContentError(LineageError):
    """An entry would hold something the ledger never holds: free text, a value, an identifier, an unknown member."""

    code: ClassVar[str] = "lineage/entry_content"


class EntryTooLargeError(LineageError):
    """An entry's body is longer than 65,535 bytes, the most a transparency log's bundle can carry."""

    code: ClassVar[str] = "lineage/entry_too_large"

    def __init__(self, size_b: int) -> None:
        super().__init__(f"entry body of {size_b} bytes, at most 65535 are allowed")
        self.size_b = size_b


class StreamContendedError(LineageError):
    """Another writer kept taking the next place of a stream; nothing was appended, try again."""

    code: ClassVar[str] = "lineage/stream_contended"


class CursorInvalidError(LineageError):
    """A page cursor is damaged or belongs to another question."""

    code: ClassVar[str] = "lineage/cursor_invalid"


class FilterInvalidError(LineageError):
    """A ledger filter cannot be answered as it stands."""

    code: ClassVar[str] = "lineage/filter_invalid"


class EntryNotFoundError(LineageError):
    """The tenant's ledger has no entry with this number."""

    code: ClassVar[str] = "lineage/entry_not_found"

    def __init__(self, entry: int) -> None:
        super().__init__(f"no ledger entry {entry}")
        self.entry = entry
