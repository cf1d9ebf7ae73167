"""Where the log's pieces are: tiles of hashes and bundles of entries, by path.

Rules enforced here:
- a tile is 256 hashes wide; a narrower one ends in `.p/<width>`, width 1 to 255; there are no empty tiles;
- an index is written in groups of three digits, all but the last prefixed by x, in one way only;
- a bundle is the entries one after another, each behind its length as a big-endian uint16.

Standard: C2SP tlog-tiles. Format: docs/formats/log.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lineage.log.errors import TileMalformedError

WIDTH: Final = 256
HASH_B: Final = 32
MAX_LEVEL: Final = 63
CHECKPOINT: Final = "checkpoint"
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class TilePlace:
    """A tile of hashes, or a bundle of entries (level None).

    Attributes:
        level: 0 for leaf hashes; a hash of level L covers 256^L entries.
        index: number of the tile within its level.
        width: how many hashes or entries it holds, 1 to 256.
    """

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index_path(self.index)}{suffix}"

    @property
    def is_full(self) -> bool:
        """Whether nothing will be added to it."""
        return self.width == WIDTH

    @property
    def whole(self) -> "TilePlace":
        """The full tile this one is the beginning of."""
        return TilePlace(self.level, self.index)

    @classmethod
    def parse(cls, path: str) -> "TilePlace":
        """Read a path. Raises: TileMalformedError."""
        match = _PATH.fullmatch(path)
        if match is None or not path.isascii():
            raise TileMalformedError("no tile has such a path")
        level = None if match[1] == "entries" else int(match[1])
        found = cls(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
        if found.path != path or (level or 0) > MAX_LEVEL:
            raise TileMalformedError("no tile has such a path")
        return found


def index_path(index: int) -> str:
    """Write an index: 1234067 as x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def place_of(level: int | None, index: int, *, size: int) -> TilePlace:
    """The tile of a level as a tree of this size has it. Raises: TileMalformedError: it has none."""
    width = min(WIDTH, (size >> 8 * (level or 0)) - index * WIDTH)
    if width <= 0:
        raise TileMalformedError("the tree has no such tile")
    return TilePlace(level, index, width)


def edge_places(size: int) -> Iterator[TilePlace]:
    """The partial tiles at the right edge of a tree, from the leaves up."""
    level = 0
    while count := size >> 8 * level:
        if count % WIDTH:
            yield TilePlace(level, count // WIDTH, count % WIDTH)
        level += 1


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. Raises: TileMalformedError: it is not that wide."""
    if len(data) != width * HASH_B:
        raise TileMalformedError("a tile has the wrong length")
    return [data[start : start + HASH_B] for start in range(0, len(data), HASH_B)]


def pack(entries: Iterable[bytes]) -> bytes:
    """Write entries as a bundle."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def unpack(data: bytes, width: int) -> Sequence[bytes]:
    """Read a bundle of so many entries. Raises: TileMalformedError: fewer, more, or cut short."""
    entries, place = take(data, width)
    if len(entries) != width or place != len(data):
        raise TileMalformedError("a bundle is cut short or too long")
    return entries


def take(data: bytes, most: int) -> tuple[list[bytes], int]:
    """The whole entries at the beginning of a bundle, at most so many, and where they end."""
    entries: list[bytes] = []
    place = 0
    while len(entries) < most and place + 2 <= len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if end > len(data):
            break
        entries.append(data[place + 2 : end])
        place = end
    return entries, place
