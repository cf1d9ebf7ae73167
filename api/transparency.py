"""The transparency log as the service uses it: receipts for what was just written, and for what is asked about.

Rules:
- a write is never held up for long by the log, and never fails because of it: what no checkpoint covers in time is
  answered without a receipt, and can be asked for later;
- nobody waits for a log that no process writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import sqlalchemy.exc

from api.database import Database
from api.logs import EVENTS
from lineage import LineageError, log_places
from lineage.log import LogReader, VerifierKey

WAIT_S = 1.5
POLL_S = 0.01


class LogDesk:
    """Reads the log's folder; one for each process."""

    def __init__(self, database: Database, reader: LogReader) -> None:
        self.reader = reader
        self.nudge: Callable[[], None] | None = None
        self._database = database

    @property
    def key(self) -> VerifierKey:
        """The log's public key."""
        return self.reader.key

    async def receipts(self, entries: Sequence[int], *, wait_s: float = 0.0) -> dict[int, str]:
        """Receipts by entry id; an entry that no checkpoint covers (in time) is left out.

        Raises: LineageError: the log's folder is missing a piece, or holds a wrong one; errors of the database.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + wait_s
        places: dict[int, int] = {}
        while True:
            if len(places) < len(entries):
                async with self._database.reading() as tx:
                    places = await log_places(tx.connection, entries)
            found = await asyncio.to_thread(self._made, places)
            if len(found) == len(entries) or loop.time() >= end or not self.reader.is_written:
                return found
            if self.nudge is not None:
                self.nudge()
            await asyncio.sleep(POLL_S)

    async def receipts_or_none(self, entries: Sequence[int]) -> dict[int, str]:
        """The same for what was just written: waits a little, and a fault of the log is an event, not an answer."""
        try:
            async with asyncio.timeout(WAIT_S + 0.5):
                return await self.receipts(entries, wait_s=WAIT_S)
        except (LineageError, sqlalchemy.exc.SQLAlchemyError, OSError, TimeoutError) as fault:
            EVENTS.warning("no receipts could be made", exc_info=fault)
            return {}

    def _made(self, places: dict[int, int]) -> dict[int, str]:
        if not places:
            return {}
        try:
            made = self.reader.receipts(list(places.values()))
        except LineageError as fault:
            if fault.code == "lineage/log_not_ready":
                return {}
            raise
        return {entry: receipt.text for entry, receipt in zip(places, made, strict=True) if receipt is not None}
