"""The transparency log as evidence packs take it: receipts, the checkpoint, and the check of a receipt by its key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from lineage import log_places
from lineage.evidence import CheckReceipt
from lineage.log import LogNotReadyError, LogReader, Receipt, VerifierKey


class LogReceipts:
    """Receipts from a log's folder; none where the log has not begun."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    async def receipts(self, connection: AsyncConnection, entries: Sequence[int]) -> Mapping[int, bytes]:
        """The receipts of entries that a checkpoint covers. Raises: LineageError: the folder is damaged."""
        places = await log_places(connection, entries)
        return await asyncio.to_thread(self._made, places)

    async def checkpoint(self, connection: AsyncConnection) -> bytes | None:
        """The newest signed checkpoint."""
        del connection
        try:
            return (await asyncio.to_thread(self._reader.head))[1]
        except LogNotReadyError:
            return None

    def _made(self, places: Mapping[int, int]) -> dict[int, bytes]:
        try:
            made = self._reader.receipts(list(places.values()))
        except LogNotReadyError:
            return {}
        return {entry: found.text.encode() for entry, found in zip(places, made, strict=True) if found is not None}


def receipt_check(key: VerifierKey) -> CheckReceipt:
    """The check of a pack's receipts against a log's key."""

    def check(receipt: bytes, body: bytes, _checkpoint: bytes) -> None:
        Receipt.parse(receipt.decode()).check(body, key)

    return check
