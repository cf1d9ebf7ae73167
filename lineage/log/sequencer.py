"""The sequencer: gives committed entries their places, and publishes them under signed checkpoints.

Rules enforced here:
- one leads: on PostgreSQL it holds an advisory lock on the one connection it writes with, so that whoever loses the
  connection loses the lead, and a connection on which nothing comes for ``LEASE_S`` is ended by the database: who
  stands still leads no more. It holds the folder's lock too; who has the database's takes the folder's from whoever
  lost it, and from then on nothing of that one is published (`lineage.log.folder`). Others stand by and try again;
- the database decides the places; the folder follows. A folder that is ahead of the database, differs from it, or was
  begun under another key or origin is refused before anything is written;
- what fails is not adopted: the lead is given up, everything is read anew, and the same step is done again. Nothing
  else waits for the log: reads and consents go on while it cannot be written;
- catching up takes the same steps, one batch of entries in memory at a time.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.entries import Moment
from lineage.errors import LineageError
from lineage.log.checkpoint import Checkpoint, log_key
from lineage.log.errors import (
    LogAheadError,
    LogDamagedError,
    LogForkedError,
    LogHeldError,
    LogWrongKeyError,
    WitnessQuorumError,
)
from lineage.log.folder import FolderSource, LogFolder, Staged, fetch_tile, is_held, opened
from lineage.log.gaps import Gaps
from lineage.log.notes import Note, Signature, Signer
from lineage.log.tree import TreeReader, leaf_hash
from lineage.log.witness import Asking, WitnessFailure
from lineage.store import leaves as store

BATCH: Final = 2048
STANDBY_S: Final = 0.5
RETRY_S: Final = 1.0
LOOK_S: Final = 0.2
LEASE_S: Final = 4.0  # longer than any step, witnesses included
ASK_S: Final = 2.0  # how often the database is asked while somebody holds the folder
SHARE: Final = 10  # under load it rests so many times as long as it worked
LONGEST_REST_S: Final = 0.2
Answer = TypeVar("Answer")
Held = AbstractContextManager[LogFolder]


class LogSession(Protocol):
    """One database connection, kept for as long as the lead."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that only reads."""
        ...

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes; commits when the block ends."""
        ...


class LogDatabase(Protocol):
    """Where the ledger is."""

    def session(self) -> AbstractAsyncContextManager[LogSession]:
        """Open a connection of one's own."""
        ...


class Observer(Protocol):
    """Who is told how the log goes: metrics, the log of events, alarms."""

    def led(self, *, is_leading: bool) -> None:
        """This process began or ended to lead."""
        ...

    def published(self, size: int, *, delay_s: float) -> None:
        """A checkpoint is out; `delay_s` is how long its oldest new entry waited."""
        ...

    def failed(self, code: str, error: BaseException) -> None:
        """A step failed; it is tried again."""
        ...

    def witnessed(self, name: str, code: str | None) -> None:
        """A witness cosigned (None) or did not, and why."""
        ...


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How a log is run.

    Attributes:
        interval_s: shortest pause between two steps under load; `idle_s` when nothing came.
        witness_s: how long witnesses may take.
        quorum: how many must cosign before a checkpoint is published; 0 to publish in any case.
    """

    folder: Path
    origin: str
    interval_s: float = 0.025
    idle_s: float = 0.1
    batch: int = BATCH
    witness_s: float = 0.5
    quorum: int = 0

    def rest_s(self, step_s: float) -> float:
        """How long to rest after a step that took so long: reads need the same disk, processor and lock."""
        return max(self.interval_s, min(SHARE * step_s, LONGEST_REST_S))


class Sequencer:
    """Runs a log; `run` ends only when it is cancelled."""

    def __init__(  # noqa: PLR0913 - the parts it is made of, by name
        self,
        options: LogOptions,
        *,
        database: LogDatabase,
        signer: Signer,
        observer: Observer,
        clock: Callable[[], datetime],
        witnesses: Sequence[Asking] = (),
    ) -> None:
        self._options = options
        self._database = database
        self._signer = signer
        self._observer = observer
        self._clock = clock
        self._witnesses = witnesses
        self._wake = asyncio.Event()
        self._ask_at_s = 0.0
        self.key = log_key(options.origin, signer)

    def nudge(self) -> None:
        """Do the next step at once: somebody waits for it."""
        self._wake.set()

    async def run(self) -> None:
        """Lead whenever possible, for ever."""
        while True:
            try:
                await self.lead()
            except LogHeldError:
                await asyncio.sleep(STANDBY_S)
            except LineageError as error:
                self._observer.failed(error.code, error)
                await asyncio.sleep(RETRY_S)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                self._observer.failed("lineage/log_database", error)
                await asyncio.sleep(RETRY_S)

    async def lead(self, *, until_caught_up: bool = False) -> int:
        """Lead until something fails, or until every committed entry is published; returns the log's size then.

        Raises: LogHeldError: another process leads. Any error of the log; errors of the database.
        """
        await self._wait_for_turn()
        async with self._database.session() as session:
            async with session.reading() as connection:
                if not await store.try_lead(connection):
                    raise LogHeldError("another process leads this log")
                lease_s = max(LEASE_S, 2 * self._options.witness_s + 2)
                is_locked = await store.limit_idleness(connection, lease_s)
            held, writer = await self._hold(session, may_seize=is_locked)
            try:
                return await self._lead(session, writer, until_caught_up=until_caught_up)
            finally:
                held.__exit__(None, None, None)

    async def _wait_for_turn(self) -> None:
        """Spare the database most questions while somebody holds the folder. Raises: LogHeldError."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._ask_at_s and is_held(self._options.folder):
            raise LogHeldError("another process writes this log")
        self._ask_at_s = now_s + ASK_S

    async def _hold(self, session: LogSession, *, may_seize: bool) -> tuple[Held, LogFolder]:
        """Hold the folder, against whoever lost the database's lock if there is one.

        Raises: LogHeldError. What `_Lead.begin` raises: the folder is another database's, and is left alone.
        """
        held = opened(self._options.folder, self.key)
        try:
            return held, await whole(held.__enter__)
        except LogHeldError:
            if not may_seize:
                raise
        seen = LogFolder(self._options.folder, self.key)
        await whole(seen.take_over)
        await _Lead(session, seen, self._options).begin()
        held = opened(self._options.folder, self.key, seize=True)
        return held, await whole(held.__enter__)

    async def _lead(self, session: LogSession, writer: LogFolder, *, until_caught_up: bool) -> int:
        lead = _Lead(session, writer, self._options)
        try:
            await lead.begin()
            for witness in self._witnesses:
                if writer.published is not None:
                    witness.remember(writer.published, Checkpoint.parse(writer.published.text))
            self._observer.led(is_leading=True)
            while True:
                self._wake.clear()
                began_s = time.monotonic()
                came = await lead.assign()
                await self._follow(lead)
                if not came and until_caught_up:
                    return writer.size
                if came < self._options.batch:
                    await self._rest(self._options.rest_s(time.monotonic() - began_s) if came else self._options.idle_s)
        finally:
            self._observer.led(is_leading=False)
            await _quietly(lead)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _follow(self, lead: "_Lead") -> None:
        """Bring the folder to where the database is."""
        writer = lead.writer
        while writer.size < lead.size:
            rows = await lead.next_rows()
            staged = await whole(writer.stage, [row.body for row in rows])
            note = await self._cosigned(staged.head.signed(self._signer), staged)
            await whole(writer.publish, staged, note)
            oldest = min(row.at_us for row in rows)
            delay_s = max(0, Moment.of(self._clock()).us - oldest) / 1_000_000
            self._observer.published(writer.size, delay_s=delay_s)

    async def _cosigned(self, note: Note, staged: Staged) -> Note:
        """The note with the cosignatures that could be had. Raises: WitnessQuorumError."""
        if not self._witnesses:
            return note
        source = FolderSource(self._options.folder)
        tree = TreeReader(staged.head.size, lambda place: fetch_tile(source, place))
        now_s = self._clock().timestamp()
        asked = [each for each in self._witnesses if self._options.quorum or not each.is_resting(now_s)]
        answers = await asyncio.gather(*(self._ask(each, note, staged.head, tree, now_s) for each in asked))
        given = [signature for answer in answers for signature in answer]
        if len(given) < self._options.quorum:
            raise WitnessQuorumError(f"{len(given)} witnesses cosigned, {self._options.quorum} are required")
        return note.signed_also(given)

    async def _ask(
        self, asking: Asking, note: Note, head: Checkpoint, tree: TreeReader, now_s: float
    ) -> tuple[Signature, ...]:
        name = asking.witness.key.name
        try:
            async with asyncio.timeout(self._options.witness_s):
                found = await asking.ask(note, head, tree, now_s=now_s)
        except WitnessFailure as failure:
            self._observer.witnessed(name, failure.code)
            return ()
        except TimeoutError:
            asking.rest(now_s)
            self._observer.witnessed(name, "late")
            return ()
        self._observer.witnessed(name, None)
        return found


class _Lead:
    """The state of one lead: what the database has given places to, and what it passed over."""

    def __init__(self, session: LogSession, writer: LogFolder, options: LogOptions) -> None:
        self.session = session
        self.writer = writer
        self.size = 0
        self.gaps = Gaps()
        self._options = options
        self._low = 0
        self._is_single = False
        self._looked_s = 0.0

    async def begin(self) -> None:
        """Compare folder and database before anything is written.

        Raises: LogWrongKeyError, LogAheadError, LogForkedError, LogDamagedError.
        """
        key = self.writer.key
        async with self.session.writing() as connection:
            self._is_single = connection.dialect.name == "sqlite"
            begun = await store.pin(connection, key.name, key.text)
            if (begun.origin, begun.key) != (key.name, key.text):
                raise LogWrongKeyError("this database's log was begun under another key or origin")
            self.size, high = await store.head(connection)
            self._low = begun.low
            self.gaps = Gaps(high, () if self._is_single else await store.passed_over(connection, begun.low))
        while self._is_single and self.writer.size > self.size and await self.assign():
            continue
        if self.writer.size > self.size:
            raise LogAheadError(self.writer.size, self.size)
        start, hashes = await whole(self.writer.last_hashes)
        async with self.session.reading() as connection:
            rows = await store.leaves(connection, start, len(hashes))
        for place, wanted in enumerate(hashes):
            if place >= len(rows) or leaf_hash(rows[place].body) != wanted:
                raise LogForkedError(start + place)

    async def assign(self) -> int:
        """Give places to what was committed since; returns to how many entries."""
        if self._is_single:
            async with self.session.reading() as connection:
                if not await store.is_behind(connection, self.gaps.high):
                    return 0
        most = self._options.batch
        async with self.session.writing() as connection:
            found = await store.assign(
                connection, size=self.size, high=self.gaps.high, late=self.gaps.ranges, most=most
            )
        self.size += len(found)
        self.gaps.take(found, is_whole=len(found) < most)
        if not self._is_single:
            await self._look()
        return len(found)

    async def next_rows(self) -> list[store.LeafRow]:
        """The next entries to publish. Raises: LogDamagedError: one is gone from the database, or altered."""
        async with self.session.reading() as connection:
            rows = await store.leaves(connection, self.writer.size, self._options.batch)
        if not rows:
            raise LogDamagedError(f"the ledger's entry at place {self.writer.size}")
        for row in rows:
            if leaf_hash(row.body) != row.digest:
                raise LogDamagedError(f"the ledger's entry at place {row.n}")
        return rows

    async def end(self) -> None:
        """Give the lock back, and keep how far nothing is missing."""
        async with self.session.writing() as connection:
            await store.raise_low(connection, self.gaps.low)
            await store.stop_leading(connection)

    async def _look(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s < LOOK_S or not (self.gaps.ranges or self.gaps.low > self._low + 100_000):
            return
        self._looked_s = now_s
        async with self.session.writing() as connection:
            self.gaps.look(await store.in_flight(connection))
            if self.gaps.low > self._low + 10_000:
                self._low = self.gaps.low
                await store.raise_low(connection, self._low)


async def whole(function: Callable[..., Answer], *arguments: object) -> Answer:
    """Run blocking work in a thread, to its end: a cancelled caller waits for it, so that the lock outlives it."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _quietly(lead: _Lead) -> None:
    """End a lead whose connection may be gone."""
    try:
        await lead.end()
    except (SQLAlchemyError, OSError, TimeoutError):
        return
