"""What can go wrong while classifying: leaves of the catalogue's root error.

Messages name columns, files and limits, never what stands in a cell or a text.
"""

from typing import ClassVar

from catalog.errors import CatalogError


class TextTooLongError(CatalogError):
    """The text is longer than may be scanned at once."""

    code: ClassVar[str] = "catalog/text_too_long"

    def __init__(self, limit: int) -> None:
        """Keep the limit in characters."""
        self.limit = limit
        super().__init__(f"a text of more than {limit} characters is not scanned; split it")
