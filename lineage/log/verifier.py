"""Verifying a whole log from its pieces alone: no database, no key but the public one.

What is checked, in order:
1. the checkpoint is a note of the log's key, three lines, and enough trusted witnesses cosigned it;
2. the right edge of the tiles leads to its root; every other tile is the one its parent was hashed from;
3. every entry of every bundle hashes to its leaf;
4. the roots the log had at remembered sizes are those remembered;
5. the entries, replayed in order, justify every release (`lineage.checking`).

A fault is named by piece and, where one entry is meant, by its place. What was found good before the first fault is
reported, and replayed.

Cost: linear; memory holds a tile a level, a bundle, and what the replay keeps.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from lineage.checking import Checker
from lineage.log.checkpoint import Checkpoint, open_checkpoint
from lineage.log.errors import (
    CheckpointMalformedError,
    LogNotFoundError,
    NoteMalformedError,
    NoteSignatureError,
    TileMalformedError,
)
from lineage.log.faults import LogFault, LogFaultCode, LogReport
from lineage.log.layout import CHECKPOINT, WIDTH, TilePlace, edge_places, place_of, split_hashes, take
from lineage.log.notes import VerifierKey
from lineage.log.tree import EMPTY_ROOT, Edge, leaf_hash, perfect_root

KEPT: Final = 1000
Progress: TypeAlias = Callable[[int, int], None]


class Source(Protocol):
    """Where the pieces of a log come from: a folder, a server."""

    def fetch(self, path: str) -> bytes:
        """The bytes of a piece. Raises: LogNotFoundError."""
        ...


@dataclass(frozen=True, slots=True)
class Trust:
    """What a verifier believes beforehand.

    Attributes:
        key: the log's key.
        witnesses: keys of witnesses; `quorum` of them must have cosigned.
        remembered: checkpoints seen before.
    """

    key: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0
    remembered: tuple[Checkpoint, ...] = ()


def verify(source: Source, trust: Trust, *, progress: Progress | None = None) -> LogReport:
    """Verify a log; finds faults, raises none.

    Shape: `progress` is told now and then how many entries of how many are done.
    """
    return _Verification(source, trust).run(progress)


class _Verification:
    """One run over one log."""

    def __init__(self, source: Source, trust: Trust) -> None:
        self._source = source
        self._trust = trust
        self._faults: list[LogFault] = []
        self._count = 0
        self._checker = Checker()
        self._head = Checkpoint("", 0, b"")
        self._cosigned = 0
        self._good = 0
        self._is_good_so_far = True

    def run(self, progress: Progress | None) -> LogReport:
        if self._take_head():
            self._check_sizes()
            tiles = _Tiles(self._source, self._head, self._fault)
            if tiles.root != self._head.root:
                self._fault(LogFaultCode.ROOT, CHECKPOINT)
            self._walk(tiles, progress)
        return LogReport(
            origin=self._head.origin,
            size=self._head.size,
            root=self._head.root,
            cosigned=self._cosigned,
            good=self._good,
            compared=len(self._trust.remembered),
            fault_count=self._count,
            faults=tuple(self._faults),
            replay=self._checker.report(),
        )

    def _fault(self, code: LogFaultCode, path: str, index: int | None = None) -> None:
        self._count += 1
        if len(self._faults) < KEPT:
            self._faults.append(LogFault(code, path, index))

    def _take_head(self) -> bool:
        try:
            self._head, note = open_checkpoint(self._source.fetch(CHECKPOINT), self._trust.key)
        except LogNotFoundError:
            self._fault(LogFaultCode.CHECKPOINT_MISSING, CHECKPOINT)
            return False
        except NoteSignatureError:
            self._fault(LogFaultCode.CHECKPOINT_SIGNATURE, CHECKPOINT)
            return False
        except (NoteMalformedError, CheckpointMalformedError):
            self._fault(LogFaultCode.CHECKPOINT_MALFORMED, CHECKPOINT)
            return False
        for key in self._trust.witnesses:
            try:
                self._cosigned += len(note.verified_by([key]))
            except NoteSignatureError:
                continue
        if self._cosigned < self._trust.quorum:
            self._fault(LogFaultCode.WITNESSES, CHECKPOINT)
        return True

    def _check_sizes(self) -> None:
        """Compare with remembered checkpoints what needs no entry."""
        for known in self._trust.remembered:
            if known.size > self._head.size:
                self._fault(LogFaultCode.ROLLBACK, CHECKPOINT, known.size)
            elif known.size == self._head.size and known.root != self._head.root:
                self._fault(LogFaultCode.SPLIT, CHECKPOINT, known.size)
        if not self._head.size and self._head.root != EMPTY_ROOT:
            self._fault(LogFaultCode.ROOT, CHECKPOINT)

    def _walk(self, tiles: "_Tiles", progress: Progress | None) -> None:
        """Go through the entries, a tile at a time."""
        size = self._head.size
        edge: Edge | None = Edge()
        remembered = iter(sorted(self._remembered()))
        due = next(remembered, None)
        proven = 0  # up to where a remembered checkpoint covers what was computed from the entries
        for index in range((size + WIDTH - 1) // WIDTH):
            place = place_of(0, index, size=size)
            entries = self._entries(TilePlace(None, index, place.width))
            computed = [leaf_hash(entry) for entry in entries]
            self._judge(tiles, place, computed)
            while due is not None and due[0] <= index * WIDTH + place.width:
                if edge is not None and self._had(edge, computed[: due[0] - edge.size], due):
                    proven = due[0]
                due = next(remembered, None)
            if edge is not None:
                edge.append(computed)
                edge = edge if len(computed) == place.width else None
            for number, entry in enumerate(entries[: max(0, self._good - index * WIDTH)], index * WIDTH + 1):
                self._checker.body(number, entry)
            if progress is not None:
                progress(min(size, (index + 1) * WIDTH), size)
        if edge is not None and edge.root() == self._head.root:
            self._good = size
            tiles.compare(edge)
        self._good = max(self._good, proven)
        if self._checker.report().entries < self._good:
            self._replay()

    def _replay(self) -> None:
        """Replay entries that were proven good only after they had been passed."""
        self._checker = Checker()
        for index in range((self._good + WIDTH - 1) // WIDTH):
            place = place_of(None, index, size=self._head.size)
            for number, entry in enumerate(self._entries(place)[: self._good - index * WIDTH], index * WIDTH + 1):
                self._checker.body(number, entry)

    def _remembered(self) -> Iterator[tuple[int, bytes]]:
        return ((known.size, known.root) for known in self._trust.remembered if 0 < known.size <= self._head.size)

    def _had(self, edge: Edge, more: Sequence[bytes], known: tuple[int, bytes]) -> bool:
        """Whether the log had this root at this size."""
        then = edge.copy()
        then.append(more)
        if then.size == known[0] and then.root() == known[1]:
            return True
        if known[0] < self._head.size:
            self._fault(LogFaultCode.REWRITTEN, CHECKPOINT, known[0])
        return False

    def _entries(self, place: TilePlace) -> Sequence[bytes]:
        """The whole entries of a bundle."""
        try:
            data = self._source.fetch(place.path)
        except LogNotFoundError:
            try:
                data = self._source.fetch(place.whole.path)
                found, _ = take(data, place.width)
            except LogNotFoundError:
                self._fault(LogFaultCode.BUNDLE_MISSING, place.path)
                return ()
            if len(found) < place.width:
                self._fault(LogFaultCode.BUNDLE_MALFORMED, place.path)
            return found
        found, end = take(data, place.width)
        if len(found) != place.width or end != len(data):
            self._fault(LogFaultCode.BUNDLE_MALFORMED, place.path)
        return found

    def _judge(self, tiles: "_Tiles", place: TilePlace, computed: Sequence[bytes]) -> None:
        """Compare the entries of a tile with its leaves, and say how far they are good."""
        tile = tiles.get(place)
        start = place.index * WIDTH
        good = len(computed)
        if tile.hashes != computed:
            for offset, (leaf, wanted) in enumerate(zip(computed, tile.hashes, strict=False)):
                if leaf != wanted:
                    good = min(good, offset)
                    if tile.is_trusted:
                        self._fault(LogFaultCode.ENTRY, TilePlace(None, place.index, place.width).path, start + offset)
        if not tile.is_trusted:
            is_proven = len(computed) == WIDTH and tile.wanted is not None and perfect_root(computed) == tile.wanted
            good = WIDTH if is_proven else 0
        if self._is_good_so_far:
            self._good = start + good
            self._is_good_so_far = good == place.width


@dataclass(frozen=True, slots=True)
class _Tile:
    """A tile as it was found; `wanted` is the root its parent, if that is trusted, says it has."""

    hashes: Sequence[bytes]
    is_trusted: bool
    wanted: bytes | None = None


class _Tiles:
    """The tiles of a log, each trusted only through the one above it, and the edge through the checkpoint's root."""

    def __init__(self, source: Source, head: Checkpoint, fault: Callable[[LogFaultCode, str], None]) -> None:
        self._source = source
        self._size = head.size
        self._fault = fault
        self._edge: dict[TilePlace, Sequence[bytes]] = {}
        self._latest: dict[int, tuple[int, _Tile]] = {}
        levels: list[Sequence[bytes]] = []
        for place in edge_places(head.size):
            level = place.level or 0
            levels += [()] * (level + 1 - len(levels))
            levels[level] = self._edge[place] = self._read(place)
        self.root = Edge(head.size, levels).root()
        self._is_edge_trusted = self.root == head.root

    def get(self, place: TilePlace) -> _Tile:
        """A tile, and whether it is to be trusted; tiles are asked for in order, so one a level is kept."""
        if place in self._edge:
            return _Tile(self._edge[place], self._is_edge_trusted)
        level = place.level or 0
        known = self._latest.get(level)
        if known is None or known[0] != place.index:
            known = self._latest[level] = (place.index, self._judged(place, level))
        return known[1]

    def compare(self, edge: Edge) -> None:
        """Name the tiles of the edge that are not those of a tree that leads to the right root."""
        if not self._is_edge_trusted:
            for place, data in edge.tiles():
                if b"".join(self._edge.get(place, ())) != data:
                    self._fault(LogFaultCode.TILE_HASH, place.path)

    def _judged(self, place: TilePlace, level: int) -> _Tile:
        parent = self.get(place_of(level + 1, place.index // WIDTH, size=self._size))
        offset = place.index % WIDTH
        wanted = parent.hashes[offset] if parent.is_trusted and offset < len(parent.hashes) else None
        hashes = self._read(place)
        is_same = wanted is not None and len(hashes) == WIDTH and perfect_root(hashes) == wanted
        if wanted is not None and hashes and not is_same:
            self._fault(LogFaultCode.TILE_HASH, place.path)
        return _Tile(hashes, is_same, wanted)

    def _read(self, place: TilePlace) -> Sequence[bytes]:
        """The hashes of a tile; none if it is missing or malformed."""
        try:
            data = self._source.fetch(place.path)
        except LogNotFoundError:
            try:
                data = self._source.fetch(place.whole.path)[: place.width * 32] if not place.is_full else b""
            except LogNotFoundError:
                data = b""
            if not data:
                self._fault(LogFaultCode.TILE_MISSING, place.path)
                return ()
        try:
            return split_hashes(data, place.width)
        except TileMalformedError:
            self._fault(LogFaultCode.TILE_MALFORMED, place.path)
            return ()
