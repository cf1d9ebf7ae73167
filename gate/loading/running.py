"""Running a load: batch by batch, each one transaction, from wherever an earlier run stopped.

1. read the file once: digest and lines
2. look up how far a load of this content with these options has come
3. per batch: check rows; in one transaction store them, record them, write how far the load has come
4. mark the load finished

Rules:
- what a batch stores and the mark that it is done commit together: killed at any point, the next run goes on after the
  last committed batch and does nothing twice;
- the same content with the same options is the same load, whatever the file is called;
- a process that finds the mark moved by another stops: two processes never share a load;
- a dry run does everything in transactions that it rolls back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy.exc import DBAPIError

from gate.errors import PeopleContendedError
from gate.loading.cells import CellFault
from gate.loading.errors import LoadContendedError, SourceChangedError, TooManyRejectsError
from gate.loading.reports import RowFault, RowFile, reject_file, subject_file
from gate.loading.sources import RowSource, SourceMark, SourceRow
from gate.loading.words import LoadOptions, LoadProgress, LoadSummary, OnProgress, Transaction, Transactions
from gate.store_loads import LoadKey, LoadState, look_up_by_key, read_state, save_state

ATTEMPTS: Final = 5
_LOST_RACES: Final = frozenset({"40001", "40P01", "55P03"})
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: further faults, and lines for the file of subjects."""

    faults: Sequence[RowFault] = ()
    lines: Sequence[str] = ()


class Worker(Protocol[Item]):
    """What a kind of load does with rows."""

    def check(self, row: SourceRow, now: datetime) -> Item | list[RowFault]:
        """Read a row that could be split; its faults if it is not as it must be. Touches no database."""
        ...

    async def store(self, tx: Transaction, items: Sequence[Item], rows: tuple[int, int]) -> Stored:
        """Store items in a transaction; ``rows`` are the first and last row of the batch."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one load.

    Attributes:
        source: to read rows from; open.
        mark: what the file was when the load began.
        subjects: where references of registered people go, None for nowhere.
    """

    path: Path
    source: RowSource
    mark: SourceMark
    subjects: Path | None = None


class _RolledBackError(Exception):
    """Ends the transaction of a dry run."""


class LoadRun(Generic[Item]):
    """One run of a load."""

    def __init__(self, database: Transactions, key: LoadKey, worker: Worker[Item], options: LoadOptions) -> None:
        self._database = database
        self._key = key
        self._worker = worker
        self._options = options
        self._codes: Counter[str] = Counter()
        self._stored = LoadState()  # as the database has it
        self._state = LoadState()  # as this run has it
        self._dry: tuple[LoadState, Counter[str]] = (self._state, Counter())

    async def run(self, files: Files, on_progress: OnProgress | None) -> LoadSummary:
        """Load what is left of the file.

        Raises: TooManyRejectsError, SourceChangedError, SourceUnreadableError, LoadContendedError; after each of
        them, and after being cancelled or killed, the load can go on from the last committed batch.
        """
        async with self._database.reading() as tx:
            began = tx.now
            self._stored = await read_state(tx.connection, self._key)
        if self._stored.finished and not (self._options.again or self._options.dry_run):
            done = self._stored
            return LoadSummary(self._key.source, done.rows_done, done.rows_rejected, done.rows_done, was_loaded=True)
        fresh = self._stored.finished or self._options.dry_run
        self._state = LoadState() if fresh else self._stored
        resumed_at = self._state.rows_done
        with reject_file(self._options.report, resumed_at) as report, subject_file(files.subjects, resumed_at) as lines:
            self._tell(files, on_progress)
            for batch in _batches(files.source.rows(resumed_at), self._options.batch_rows):
                await self._load(batch, files, began, (report, lines))
                self._tell(files, on_progress)
        await self._finish()
        return LoadSummary(
            self._key.source,
            self._state.rows_done,
            self._state.rows_rejected,
            resumed_at,
            was_loaded=False,
            codes=dict(self._codes),
        )

    async def _load(
        self, batch: Sequence[SourceRow], files: Files, began: datetime, out: tuple[RowFile, RowFile]
    ) -> None:
        items, faults = self._check(batch, began)
        if not files.mark.still_holds(files.path):
            raise SourceChangedError
        for _ in range(ATTEMPTS):
            try:
                async with self._database.transaction() as tx:
                    state, codes = await self._store(tx, batch, (items, faults), out)
            except _RolledBackError:
                state, codes = self._dry
            except PeopleContendedError:
                continue
            except DBAPIError as error:
                if not _is_lost_race(error):
                    raise
                continue
            self._state = state
            self._stored = self._stored if self._options.dry_run else state
            self._codes += codes
            return
        raise LoadContendedError

    def _check(self, batch: Iterable[SourceRow], now: datetime) -> tuple[list[Item], list[RowFault]]:
        items: list[Item] = []
        faults: list[RowFault] = []
        for row in batch:
            if row.fault is not None:
                faults.append(RowFault(row.number, row.line, None, row.fault))
                continue
            found = self._worker.check(row, now)
            if isinstance(found, list):
                faults += found
            else:
                items.append(found)
        return items, faults

    async def _store(
        self,
        tx: Transaction,
        batch: Sequence[SourceRow],
        checked: tuple[list[Item], list[RowFault]],
        out: tuple[RowFile, RowFile],
    ) -> tuple[LoadState, Counter[str]]:
        await look_up_by_key(tx.connection)
        if await read_state(tx.connection, self._key, lock=True) != self._stored:
            raise LoadContendedError
        stored = await self._worker.store(tx, checked[0], (batch[0].number, batch[-1].number))
        faults = sorted((*checked[1], *stored.faults), key=lambda fault: fault.row)
        refused = {fault.row for fault in faults if fault.code is not CellFault.HELD_BACK}
        state = LoadState(batch[-1].number, self._state.rows_rejected + len(refused))
        await save_state(tx.connection, self._key, state, tx.now)
        out[0].write(fault.text() for fault in faults)  # last before the commit: see gate.loading.reports
        limit = self._options.max_rejects
        if limit is not None and state.rows_rejected > limit:
            raise TooManyRejectsError(state.rows_rejected, self._state.rows_done)
        codes = Counter(str(fault.code) for fault in faults)
        if self._options.dry_run:
            self._dry = (state, codes)
            raise _RolledBackError
        out[1].write(stored.lines)
        return state, codes

    async def _finish(self) -> None:
        """Mark the load finished; nobody else can have moved it, or the last batch had failed."""
        if self._options.dry_run:
            return
        async with self._database.transaction() as tx:
            await save_state(tx.connection, self._key, replace(self._state, finished=True), tx.now)

    def _tell(self, files: Files, on_progress: OnProgress | None) -> None:
        if on_progress is not None:
            done = self._state.rows_done
            total = max(done, files.source.rows_total or files.mark.lines - 1)
            on_progress(LoadProgress(done, self._state.rows_rejected, total))


def _batches(rows: Iterator[SourceRow], size: int) -> Iterator[list[SourceRow]]:
    batch: list[SourceRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _is_lost_race(error: DBAPIError) -> bool:
    """Whether another writer was in the way: trying again may succeed."""
    state = getattr(error.orig, "sqlstate", None)
    return state in _LOST_RACES or getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


async def mark_of(path: Path) -> SourceMark:
    """Read the file once, off the event loop. Raises: OSError."""
    return await asyncio.to_thread(SourceMark.of, path)
