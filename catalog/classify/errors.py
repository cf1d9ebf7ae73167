"""What can go wrong while classifying: leaves of the catalogue's root error.

Messages name columns, files and limits, never what stands in a cell or a text.
"""

import re
from typing import ClassVar

from catalog.errors import CatalogError

_COLUMN = re.compile(r"col?_[a-z2-7]{1,26}")


class TextTooLongError(CatalogError):
    """The text is longer than may be scanned at once."""

    code: ClassVar[str] = "catalog/text_too_long"

    def __init__(self, limit: int) -> None:
        """Keep the limit in characters."""
        self.limit = limit
        super().__init__(f"a text of more than {limit} characters is not scanned; split it")


class SourceRefusedError(CatalogError):
    """A file or database cannot be classified; says why, never what stands in it."""

    code: ClassVar[str] = "catalog/source_refused"

    def __init__(self, name: str, problem: str, zh: str) -> None:
        """Keep the source's name and the problem in both languages."""
        self.name = name
        self.problem = problem
        self.zh = zh
        super().__init__(f"{name}: {problem}")


class PartMissingError(CatalogError):
    """A part that this needs is not installed."""

    code: ClassVar[str] = "catalog/part_missing"

    def __init__(self, extra: str) -> None:
        """Keep the extra to install."""
        self.extra = extra
        super().__init__(f'this needs a further part: pip install "yumen[{extra}]"')


class ReviewError(CatalogError):
    """A review was refused; nothing changed."""

    code: ClassVar[str] = "catalog/review_refused"


class ReviewStaleError(ReviewError):
    """The column changed since it was looked at."""

    code: ClassVar[str] = "catalog/review_stale"

    def __init__(self, version: int) -> None:
        """Keep the present version."""
        self.version = version
        super().__init__(f"the column is at version {version}; look at it again")


class ReviewUnknownError(ReviewError):
    """No such kind, or a column that is not known well enough to be confirmed as it is."""

    code: ClassVar[str] = "catalog/review_unknown"

    def __init__(self, kind: str) -> None:
        """Keep the kind that was meant."""
        self.kind = kind
        super().__init__("name one of the known kinds: override it with the kind it is")


class NothingAskedError(ReviewError):
    """Nobody asked to lower this column."""

    code: ClassVar[str] = "catalog/review_nothing_asked"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("nobody asked to lower this column")


class SecondPersonError(ReviewError):
    """The person who asked to lower a grade cannot approve it."""

    code: ClassVar[str] = "catalog/review_second_person"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("a second person has to approve what lowers a grade")


class ReasonPersonalError(ReviewError):
    """The reason holds personal data."""

    code: ClassVar[str] = "catalog/review_reason"

    def __init__(self) -> None:
        """Say so, without repeating it."""
        super().__init__("the reason holds personal data; describe the column, not a person")


class ColumnNotFoundError(CatalogError):
    """The tenant has no such column under review."""

    code: ClassVar[str] = "catalog/column_not_found"

    def __init__(self, column: str) -> None:
        """Keep the id that was asked for; what is none is not repeated, since anything may have been typed there."""
        self.column = column if _COLUMN.fullmatch(column) else "(not a column's id)"
        super().__init__(f"no column {self.column} is under review")


class ScanFailedError(CatalogError):
    """The process that scans texts did not answer; what it was to scan counts as of the highest grade."""

    code: ClassVar[str] = "catalog/scan_failed"
