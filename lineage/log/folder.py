"""The log as files: one process writes them, anybody may read them.

Rules enforced here:
- one writer: it holds a lock on the folder for as long as it writes, and a scratch folder of its own, from which every
  file is renamed into its place; a writer that is put out loses that folder, and with it the means to publish, at
  whatever instant it is stopped and goes on;
- order: full tiles and bundles, then partial ones, all synced with their folders, and only then the checkpoint; each
  file is written under a scratch name, synced, and renamed, so that a reader sees the whole of it or nothing;
- what fails half-way is not adopted: nothing was published, and the same step can be done again;
- a folder is taken over only if its checkpoint is signed by this log's key and its right edge leads to that root;
- partial tiles are removed only when the full one is there.

Standard: C2SP tlog-tiles. Format: docs/formats/log.md.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lineage.log.checkpoint import Checkpoint, open_checkpoint
from lineage.log.errors import (
    CheckpointMalformedError,
    LogDamagedError,
    LogHeldError,
    LogNotFoundError,
    LogUnwritableError,
    LogWrongKeyError,
    NoteMalformedError,
    NoteSignatureError,
    TileMalformedError,
)
from lineage.log.layout import CHECKPOINT, WIDTH, TilePlace, edge_places, pack, split_hashes, unpack
from lineage.log.notes import MAX_NOTE_B, Note, VerifierKey
from lineage.log.tree import Edge, leaf_hash

LOCK_FILE: Final = ".lock"
SCRATCH: Final = ".scratch-"
WRITER: Final = ".writer-"
GONE: Final = ".gone-"
MAX_FILE_B: Final = WIDTH * (2 + 65_535)
_MODE: Final = 0o750


class FolderSource:
    """A log's folder as a source of its pieces, for readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, path: str) -> bytes:
        """The bytes of a piece. Raises: LogNotFoundError."""
        limit = MAX_NOTE_B if path == CHECKPOINT else MAX_FILE_B
        try:
            with (self.folder / path).open("rb") as file:
                data = file.read(limit + 1)
        except OSError:
            raise LogNotFoundError(f"{path} is not there") from None
        if len(data) > limit:
            raise LogNotFoundError(f"{path} is too long to be a piece of a log")
        return data


def fetch_tile(source: FolderSource, place: TilePlace) -> bytes:
    """The bytes of a tile; of a partial one that is gone, the beginning of the full one. Raises: LogNotFoundError."""
    try:
        return source.fetch(place.path)
    except LogNotFoundError:
        if place.is_full or place.level is None:
            raise
        return source.fetch(place.whole.path)[: place.width * 32]


@dataclass(frozen=True, slots=True)
class Staged:
    """A step that is on disk but not yet published: the head to sign, and what becomes of the writer then."""

    head: Checkpoint
    edge: Edge
    tail: tuple[bytes, ...]
    filled: tuple[TilePlace, ...]


class LogFolder:
    """The writer of a folder; made by `opened`, under the folder's lock. Without `scratch` it reads only."""

    def __init__(self, folder: Path, key: VerifierKey, scratch: Path | None = None) -> None:
        self.folder = folder
        self.key = key
        self._scratch = scratch or folder / f"{WRITER}nobody"
        self.edge = Edge()
        self.tail: tuple[bytes, ...] = ()
        self.published: Note | None = None

    @property
    def size(self) -> int:
        """How many entries the published log holds."""
        return self.edge.size

    def take_over(self) -> None:
        """Read the published state.

        Raises: LogWrongKeyError; LogDamagedError.
        """
        source = FolderSource(self.folder)
        self.edge, self.tail, self.published = Edge(), (), None
        try:
            data = source.fetch(CHECKPOINT)
        except LogNotFoundError:
            if os.path.lexists(self.folder / CHECKPOINT):  # there, but not to be read: no reason to begin anew
                raise LogDamagedError(CHECKPOINT) from None
            return
        head, note = self._open(data)
        levels: list[list[bytes]] = []
        for place in edge_places(head.size):
            level = place.level or 0
            levels += [[] for _ in range(level + 1 - len(levels))]
            levels[level] = _read_hashes(source, place)
        edge = Edge(head.size, levels)
        if edge.root() != head.root:
            raise LogDamagedError("the right edge of the tree")
        self.tail = _read_tail(source, edge)
        self.edge, self.published = edge, note

    def stage(self, entries: Sequence[bytes]) -> Staged:
        """Write the tiles of a log that is longer by these entries; publishes nothing.

        Raises: LogUnwritableError; LogHeldError: another process has taken the folder over.
        """
        edge, before = self.edge.copy(), self.edge
        full = edge.append([leaf_hash(entry) for entry in entries])
        tail = [*self.tail, *entries]
        index = before.size // WIDTH
        bundles = []
        while len(tail) >= WIDTH:
            bundles.append((TilePlace(None, index), pack(tail[:WIDTH])))
            del tail[:WIDTH]
            index += 1
        there = set(edge_places(before.size))
        partial = [(place, data) for place, data in edge.tiles() if place not in there]
        if tail:
            partial.append((TilePlace(None, index, len(tail)), pack(tail)))
        with _unwritable():
            self._write([*full, *bundles, *partial])
        filled = tuple(place for place, _ in (*full, *bundles))
        return Staged(Checkpoint(self.key.name, edge.size, edge.root()), edge, tuple(tail), filled)

    def publish(self, staged: Staged, note: Note) -> None:
        """Publish a step under its signed checkpoint, and tidy up. Raises: LogUnwritableError; LogHeldError."""
        with _unwritable():
            self._replace(self.folder / CHECKPOINT, note.data)
            _sync(self.folder)
        self.edge, self.tail, self.published = staged.edge, staged.tail, note
        for place in staged.filled:
            shutil.rmtree(self.folder / f"{place.path}.p", ignore_errors=True)

    def tidy(self) -> None:
        """Remove scratch files an interrupted writer left at the edge, and sync the folders it may have made."""
        index = self.size // WIDTH
        edge = [*edge_places(self.size), TilePlace(None, index, 1), TilePlace(0, index, 1)]
        folders = {parent for place in edge for parent in Path(place.path).parents}
        for folder in sorted(self.folder / each for each in folders):
            if folder.is_dir():
                for scratch in folder.glob(f"{SCRATCH}*"):
                    scratch.unlink(missing_ok=True)
                _sync(folder)

    def last_hashes(self) -> tuple[int, list[bytes]]:
        """The leaf hashes of the last tile that is not empty, and the place of the first: to compare elsewhere.

        Raises: LogDamagedError.
        """
        if not self.size:
            return 0, []
        index = (self.size - 1) // WIDTH
        width = self.size - index * WIDTH
        return index * WIDTH, _read_hashes(FolderSource(self.folder), TilePlace(0, index, width))

    def _open(self, data: bytes) -> tuple[Checkpoint, Note]:
        try:
            note = Note.parse(data)
            if not any(signature.is_by(self.key) for signature in note.signatures):
                raise LogWrongKeyError(
                    "the folder's checkpoint is signed by another key than this deployment's, or for another origin"
                )
            return open_checkpoint(data, self.key)
        except (NoteMalformedError, NoteSignatureError, CheckpointMalformedError):
            raise LogDamagedError(CHECKPOINT) from None

    def _write(self, files: Iterable[tuple[TilePlace, bytes]]) -> None:
        folders: set[Path] = set()
        for place, data in files:
            path = self.folder / place.path
            folders |= _make(path.parent, self.folder)
            folders.add(path.parent)
            self._replace(path, data)
        for folder in sorted(folders):
            _sync(folder)

    def _replace(self, path: Path, data: bytes) -> None:
        """Put a file in its place, whole and on disk; in one step, and only while this writer was not put out."""
        scratch = self._scratch / path.name
        try:
            with scratch.open("wb", buffering=0) as file:
                written = 0
                while written < len(data):
                    written += file.write(data[written:]) or 0
                os.fsync(file.fileno())
            scratch.rename(path)
        except OSError:
            if not self._scratch.is_dir():
                raise LogHeldError("another process has taken this log over") from None
            with suppress(OSError):
                scratch.unlink()
            raise


@contextmanager
def opened(folder: Path, key: VerifierKey, *, seize: bool = False) -> Iterator[LogFolder]:
    """Hold a folder for writing; makes it if it is not there.

    With `seize` a writer that still holds it is put out: for who has another proof that it leads no more.
    Raises: LogHeldError: another process writes it. LogUnwritableError. LogWrongKeyError. LogDamagedError.
    """
    with _unwritable():
        _make(folder, folder.parent)
        lock = _lock(folder, seize=seize)
    scratch: Path | None = None
    try:
        with _unwritable():
            _put_out(folder)
            scratch = Path(tempfile.mkdtemp(prefix=WRITER, dir=folder))
        writer = LogFolder(folder, key, scratch)
        writer.take_over()
        with _unwritable():
            writer.tidy()
        yield writer
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path, *, seize: bool) -> int:
    """The folder's lock, held. Raises: LogHeldError."""
    path = folder / LOCK_FILE
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == path.stat().st_ino:
            return lock
    except BlockingIOError:
        if seize:
            os.close(lock)
            return _new_lock(folder, path)
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    raise LogHeldError("another process writes this log")


def _new_lock(folder: Path, path: Path) -> int:
    """A lock file in the place of the one that somebody holds who leads no more."""
    lock, made = tempfile.mkstemp(prefix=SCRATCH, dir=folder)
    os.fchmod(lock, 0o640)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    Path(made).rename(path)
    return lock


def _put_out(folder: Path) -> None:
    """Take their scratch folders from writers before: a rename, so that from one instant on they publish nothing."""
    for scratch in folder.glob(f"{WRITER}*"):
        with suppress(FileNotFoundError):  # its owner ends in order
            scratch.rename(folder / f"{GONE}{scratch.name.removeprefix(WRITER)}")
    for gone in folder.glob(f"{GONE}*"):
        shutil.rmtree(gone, ignore_errors=True)


def is_held(folder: Path) -> bool:
    """Whether some process writes this folder now."""
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _read_hashes(source: FolderSource, place: TilePlace) -> list[bytes]:
    try:
        return split_hashes(fetch_tile(source, place), place.width)
    except (LogNotFoundError, TileMalformedError):
        raise LogDamagedError(place.path) from None


def _read_tail(source: FolderSource, edge: Edge) -> tuple[bytes, ...]:
    """The entries of the last bundle, if it is not full."""
    width = edge.size % WIDTH
    if not width:
        return ()
    place = TilePlace(None, edge.size // WIDTH, width)
    try:
        entries = unpack(source.fetch(place.path), width)
    except (LogNotFoundError, TileMalformedError):
        raise LogDamagedError(place.path) from None
    if [leaf_hash(entry) for entry in entries] != edge.levels[0]:
        raise LogDamagedError(place.path)
    return tuple(entries)


@contextmanager
def _unwritable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogUnwritableError(f"the log's folder cannot be written: {error.strerror or 'failed'}") from error


def _make(folder: Path, stop: Path) -> set[Path]:
    """Make a folder and those above it, down from `stop`; returns the ones that have a new entry."""
    if folder.is_dir():
        return set()
    changed = _make(folder.parent, stop) if folder != stop else set()
    folder.mkdir(mode=_MODE, parents=True, exist_ok=True)
    return {*changed, folder.parent}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
