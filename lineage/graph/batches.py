"""Long lists in parts that a statement can carry."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Give the items in parts of at most `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
