"""The Merkle tree: hashes, the right edge that grows, and subtrees read from tiles.

Rules enforced here:
- leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right), the empty tree is SHA-256 of nothing;
- a tree is split at the largest power of two below its size; no node is ever duplicated;
- only a full tile is hashed into the level above.

Standard: RFC 6962 section 2.1, C2SP tlog-tiles.
Cost: a leaf takes two hashes; the edge holds at most 255 hashes a level, whatever the size.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from lineage.log.layout import HASH_B, WIDTH, TilePlace, place_of, split_hashes

EMPTY_ROOT: Final = sha256(b"").digest()
Fetch: TypeAlias = Callable[[TilePlace], bytes]
_TILES_KEPT: Final = 256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    level = b"".join(hashes)
    while len(level) > HASH_B:
        level = b"".join([sha256(b"\x01" + level[at : at + 64]).digest() for at in range(0, len(level), 64)])
    return level


def root_over(hashes: Sequence[bytes]) -> bytes:
    """The RFC 6962 root over leaf hashes, any number of them."""
    return join(peaks(hashes)) if hashes else EMPTY_ROOT


def peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees a row of hashes consists of, the widest first."""
    found, start = [], 0
    for bit in reversed(range(len(hashes).bit_length())):
        width = 1 << bit
        if len(hashes) & width:
            found.append(perfect_root(hashes[start : start + width]))
            start += width
    return found


def join(roots: Sequence[bytes]) -> bytes:
    """One root over subtrees that follow each other, the widest first."""
    found = roots[-1]
    for root in reversed(roots[:-1]):
        found = node_hash(root, found)
    return found


class Edge:
    """The right edge of a growing tree: the hashes of the tiles that are not full, level by level."""

    __slots__ = ("levels", "size")

    def __init__(self, size: int = 0, levels: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.levels = [list(level) for level in levels]

    def copy(self) -> "Edge":
        """An edge of its own with the same content."""
        return Edge(self.size, self.levels)

    def append(self, hashes: Iterable[bytes]) -> list[tuple[TilePlace, bytes]]:
        """Add leaf hashes; returns the tiles that became full, with their bytes."""
        given = list(hashes)
        full: list[tuple[TilePlace, bytes]] = []
        self._extend(0, given, full)
        self.size += len(given)
        return full

    def root(self) -> bytes:
        """The root of the tree so far."""
        found = [peak for level in reversed(self.levels) for peak in peaks(level)]
        return join(found) if found else EMPTY_ROOT

    def tiles(self) -> list[tuple[TilePlace, bytes]]:
        """The tiles that are not full, with their bytes."""
        return [
            (TilePlace(level, (self.size >> 8 * level) // WIDTH, len(hashes)), b"".join(hashes))
            for level, hashes in enumerate(self.levels)
            if hashes
        ]

    def _extend(self, level: int, hashes: list[bytes], full: list[tuple[TilePlace, bytes]]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        row = self.levels[level]
        index = (self.size >> 8 * level) // WIDTH
        row += hashes
        above: list[bytes] = []
        while len(row) >= WIDTH:
            tile = row[:WIDTH]
            del row[:WIDTH]
            full.append((TilePlace(level, index), b"".join(tile)))
            above.append(perfect_root(tile))
            index += 1
        if above:
            self._extend(level + 1, above, full)


class TreeReader:
    """A tree of a given size, read from its tiles.

    `fetch` gives the bytes of a tile, and raises an error of this room if there is none.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: OrderedDict[TilePlace, list[bytes]] = OrderedDict()

    def tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile of this tree. Raises: TileMalformedError, or what `fetch` raises."""
        place = place_of(level, index, size=self.size)
        known = self._tiles.get(place)
        if known is None:
            known = self._tiles[place] = split_hashes(self._fetch(place), place.width)
            if len(self._tiles) > _TILES_KEPT:
                self._tiles.popitem(last=False)
        return known

    def root(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` to before `end`; `start` is aligned as in RFC 6962."""
        count = end - start
        if not count:
            return EMPTY_ROOT
        if count & (count - 1) == 0:
            return self._perfect(count.bit_length() - 1, start)
        middle = start + split(count)
        return node_hash(self.root(start, middle), self.root(middle, end))

    def _perfect(self, height: int, start: int) -> bytes:
        level, inner = divmod(height, 8)
        first = start >> 8 * level
        hashes = self.tile(level, first // WIDTH)
        return perfect_root(hashes[first % WIDTH : first % WIDTH + (1 << inner)])


def split(count: int) -> int:
    """The largest power of two below a count of at least two."""
    return 1 << ((count - 1).bit_length() - 1)
