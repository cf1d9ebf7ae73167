"""Keeps SQLite's write-ahead log short without making a read wait for it.

Rules:
- no commit of the hot path copies the log into the database: that costs as much as a hundred commits, and left to
  SQLite it falls on whichever read commits at the wrong moment;
- the bulk is copied on a thread of its own, beside reads and writes; what was written meanwhile is copied by the
  writer, between two commits: only with nothing left over does SQLite begin the log anew, else it would grow without
  end;
- a copy that fails is tried again later: durability rests on the log, never on the copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

ENTRIES = 4096  # some eight thousand pages of log
COPY = "PRAGMA wal_checkpoint(PASSIVE)"


class LogKeeper:
    """Copies the log back after every ``ENTRIES`` entries."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connect()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="yumen-log")
        self._entries = 0
        self._bulk: Future[None] | None = None

    def after_commit(self, writer: sqlite3.Connection, entries: int) -> None:
        """Note what was committed, on the writer's thread; begins the copy, or ends it."""
        self._entries += entries
        if self._bulk is not None:
            if self._bulk.done():
                self._bulk = None
                _copy(writer)
        elif self._entries >= ENTRIES:
            self._entries = 0
            self._bulk = self._thread.submit(_copy, self._connection)

    def close(self) -> None:
        """End the copy under way."""
        self._thread.shutdown(wait=True)
        self._connection.close()


def _copy(connection: sqlite3.Connection) -> None:
    try:
        connection.execute(COPY).fetchall()
    except sqlite3.Error:
        return  # locked, full or failing: the log still holds everything, and the next turn tries again
