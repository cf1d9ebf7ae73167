"""What ended, kept outside the database: withdrawals, holds and erasures survive a restored backup.

Rules:
- the entry of whatever takes something away is on disk here, synced, before its answer is given;
- a line is the body of a ledger entry as it is; a mark says up to which number the ledger was looked through;
- a database that does not hold the last entry kept here is an older one: it is not served until ``yumen restore`` has
  repeated what it lost;
- what could not be written is kept in mind and written before anything else is answered.

The file belongs beside the root key, not beside the database's backups. A transparency log's folder holds the same
entries and can stand in for it: `EndsLog` is all that is asked.

Format: docs/formats/ends.md. Law: PIPL 15, 47.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Database
from consent.repeating import REPEATED
from lineage import Kind, leaf_digest
from lineage.store.bodies import bodies, bodies_after, last_number, place_of

KEPT: Final = (
    *REPEATED,
    Kind.SUBJECT_ERASED.value,
    Kind.STATE_RESTORED.value,
    *(kind.value for kind in (Kind.CLIENT_UPDATED, Kind.PARTY_UPDATED, Kind.PURPOSE_UPDATED, Kind.NOTICE_PUBLISHED)),
)
CATCH_UP_ROWS: Final = 1000
MARK_EVERY: Final = 10_000


class EndsError(Exception):
    """Root of what keeping ends refuses."""

    code: ClassVar[str] = "service/ends"


class EndsUnavailableError(EndsError):
    """The file of ends cannot be written or read: nothing that ends something is answered until it can."""

    code: ClassVar[str] = "service/ends_unavailable"


class EndsMalformedError(EndsError):
    """A line of the file of ends is none; what stands before it can be used, the rest cannot be trusted."""

    code: ClassVar[str] = "service/ends_malformed"

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} of the file of ends is malformed; take the file's copy, or cut the line off")
        self.line = line


class DatabaseBehindError(EndsError):
    """The database is older than what ended since: run ``yumen restore`` before it is served."""

    code: ClassVar[str] = "service/database_behind"

    def __init__(self) -> None:
        super().__init__("the database is older than the withdrawals and erasures kept beside it; run: yumen restore")


class EndsLog(Protocol):
    """Where ends are kept."""

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines, durable when this returns. Raises: EndsUnavailableError."""
        ...

    def lines(self) -> Iterator[bytes]:
        """Every line, oldest first. Raises: EndsUnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class EndsFile:
    """Ends in a local file, one line each; several processes may write it."""

    path: Path

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines under a lock, and sync them."""
        try:
            is_new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._write(descriptor, b"".join(line + b"\n" for line in lines))
            finally:
                os.close(descriptor)
            if is_new:
                self._sync_folder()
        except OSError as error:
            raise EndsUnavailableError(f"{self.path.name} cannot be written: {error.strerror}") from error

    def lines(self) -> Iterator[bytes]:
        """Every whole line; one that was torn when the machine stopped is left out."""
        try:
            with self.path.open("rb") as file:
                yield from (line[:-1] for line in file if line.endswith(b"\n"))
        except FileNotFoundError:
            return
        except OSError as error:
            raise EndsUnavailableError(f"{self.path.name} cannot be read: {error.strerror}") from error

    @staticmethod
    def _write(descriptor: int, content: bytes) -> None:
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
        if torn:  # the machine stopped in the middle of a line: nobody was answered for it
            size = _last_line_end(descriptor, size)
            os.ftruncate(descriptor, size)
        try:
            written = os.write(descriptor, content)
            while written < len(content):  # a disk that is full says so at the next try
                written += os.write(descriptor, content[written:])
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _last_line_end(descriptor: int, size: int) -> int:
    """Where the last whole line ends."""
    content = os.pread(descriptor, size, 0)
    return content.rfind(b"\n") + 1


@dataclass(frozen=True, slots=True)
class EndsRead:
    """What a log of ends says.

    Attributes:
        entries: the kept entries, read, in order.
        last: stream, place and digest of the newest of them, None if there is none.
        seen: the number up to which the ledger was looked through, as far as that is known.
    """

    entries: list[dict[str, Any]]
    last: tuple[str, int, bytes] | None
    seen: int


def read_ends(log: EndsLog) -> EndsRead:
    """Read a log. Raises: EndsMalformedError, EndsUnavailableError."""
    entries: list[dict[str, Any]] = []
    last: tuple[str, int, bytes] | None = None
    seen = 0
    for number, line in enumerate(log.lines(), 1):
        try:
            said = json.loads(line)
            if "mark" in said:
                seen = int(said["number"])
                continue
            if said["kind"] == Kind.STATE_RESTORED:
                seen = 0  # the numbers before it are those of the database that was lost
            last = (str(said["stream"]), int(said["seq"]), leaf_digest(line))
            entries.append(said)
        except (ValueError, KeyError, TypeError):
            raise EndsMalformedError(number) from None
    return EndsRead(entries, last, seen)


def seen_line(number: int) -> bytes:
    """A line that is no entry: up to which number the ledger was looked through."""
    return json.dumps({"mark": "seen", "number": number}, separators=(",", ":"), sort_keys=True).encode()


async def check_not_behind(connection: AsyncConnection, log: EndsLog) -> EndsRead:
    """Refuse a database that does not hold the newest entry kept. Raises: DatabaseBehindError, EndsError."""
    said = await asyncio.to_thread(read_ends, log)
    if said.last is not None and not await _holds(connection, said.last):
        raise DatabaseBehindError
    return said


async def _holds(connection: AsyncConnection, last: tuple[str, int, bytes]) -> bool:
    stream, seq, digest = last
    found = await place_of(connection, stream, seq)
    return found is not None and found[1] == digest


@dataclass(slots=True)
class Ends:
    """Keeps what ends, for one process.

    Attributes:
        owed: bodies that are committed and not yet kept.
    """

    log: EndsLog
    owed: list[bytes] = field(default_factory=list)
    _last: tuple[str, int, bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def open(self, database: Database) -> None:
        """Compare with the database, then keep what is in the ledger and not yet here.

        Raises: DatabaseBehindError, EndsError.
        """
        async with database.reading() as tx:
            said = await check_not_behind(tx.connection, self.log)
            number = said.seen
            if said.last is not None:
                self._last = said.last
                place = await place_of(tx.connection, said.last[0], said.last[1])
                number = max(number, place[0] if place else 0)
            newest = await last_number(tx.connection)
            while rows := await bodies_after(tx.connection, number, KEPT, limit=CATCH_UP_ROWS):
                number = rows[-1][0]
                await self._keep([body for _, body in rows])
        if newest - number > MARK_EVERY:
            await asyncio.to_thread(self.log.append, [seen_line(newest)])

    async def note(self, database: Database, numbers: Sequence[int]) -> None:
        """Keep those of committed entries that end something. Raises: EndsUnavailableError: what they did stands."""
        found: list[bytes] = []
        if numbers:
            async with database.reading() as tx:
                found = [body for body in await bodies(tx.connection, numbers) if _is_kept(body)]
        if found or self.owed:
            await self._keep(found)

    async def is_current(self, connection: AsyncConnection) -> bool:
        """Whether the database still holds the newest entry that this process kept."""
        return self._last is None or await _holds(connection, self._last)

    async def _keep(self, found: Sequence[bytes]) -> None:
        self.owed += found
        await asyncio.to_thread(self._pay)

    def _pay(self) -> None:
        with self._lock:
            owed = list(self.owed)
            if not owed:
                return
            self.log.append(owed)
            del self.owed[: len(owed)]
            said = json.loads(owed[-1])
            self._last = (said["stream"], said["seq"], leaf_digest(owed[-1]))


def _is_kept(body: bytes) -> bool:
    return json.loads(body)["kind"] in KEPT
