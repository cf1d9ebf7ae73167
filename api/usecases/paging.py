"""Pages of what a caller may see: the room's pages, filtered, without holes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from consent import Page

Item = TypeVar("Item")
SCANNED = 500
"""How many items are read at once where some are left out."""


async def scan(
    read: Callable[[str, int], Awaitable[Page[Item]]],
    fits: Callable[[Item], bool],
    key: Callable[[Item], str],
    *,
    after: str | None,
    limit: int,
) -> Page[Item]:
    """Collect the next ``limit`` items that fit.

    Shape: ``read(after, limit)`` gives a page in the order of ``key``.
    """
    found: list[Item] = []
    place: str | None = after or ""
    while place is not None and len(found) <= limit:
        page = await read(place, SCANNED)
        found += [item for item in page.items if fits(item)]
        place = page.after
    more = len(found) > limit
    return Page(tuple(found[:limit]), key(found[limit - 1]) if more else None)
