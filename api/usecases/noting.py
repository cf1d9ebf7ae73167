"""The journal of consent that remembers what it told the ledger, so that an answer can name its entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.journal import LedgerJournal
from consent import ConsentEvent, Kind
from lineage import Mac


class NotingJournal:
    """Writes like `LedgerJournal`; lives for one write.

    Attributes:
        told: (event, ledger entry id) in the order written.
    """

    def __init__(self, mac: Mac) -> None:
        self._ledger = LedgerJournal(mac)
        self.told: list[tuple[ConsentEvent, int]] = []

    async def append(self, connection: AsyncConnection, events: Sequence[ConsentEvent], now: datetime) -> list[int]:
        """Append the events in order; returns the entry ids."""
        entries = await self._ledger.append(connection, events, now)
        self.told += zip(events, entries, strict=True)
        return entries

    def entry_of(self, kind: Kind, grant: str) -> int:
        """The entry of one kind about one grant. Raises: StopIteration: there is none."""
        return next(entry for event, entry in self.told if event.kind == kind and grant_of(event) == grant)

    def grants(self, kind: Kind) -> list[str]:
        """The grants that events of one kind were about, in order."""
        return [grant_of(event) for event, _ in self.told if event.kind == kind]


def grant_of(event: ConsentEvent) -> str:
    """The id of the grant an event is about, "" if it is about none."""
    grant = event.detail.get("grant")
    return str(grant["id"]) if grant else ""
