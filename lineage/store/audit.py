"""Reading the places with the digests of their entries, for a comparison with the published log."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.checking import EVERY
from lineage.log.auditing import LogAudit, Placed, compare
from lineage.log.checkpoint import Checkpoint
from lineage.tables import LedgerEntry, LedgerLeaf

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_LEAVES = LedgerLeaf.metadata.tables["ledger_leaves"]
SHOWN = 1000
LOGGED_WITHIN_US = 60_000_000


async def audit_log(connection: AsyncConnection, head: Checkpoint) -> LogAudit:
    """Compare the tables with a checkpoint.

    Shape: an entry that is a minute older than the newest one in the log must have its place; what came since waits
    for the sequencer. Use a reading transaction of its own.
    """
    newest = (
        select(_ENTRIES.c.at_us)
        .select_from(_LEAVES.join(_ENTRIES, _ENTRIES.c.id == _LEAVES.c.entry))
        .order_by(_LEAVES.c.n.desc())
        .limit(1)
    )
    before_us = ((await connection.execute(newest)).scalar_one_or_none() or 0) - LOGGED_WITHIN_US
    unlogged = (
        select(_ENTRIES.c.id)
        .select_from(_ENTRIES.outerjoin(_LEAVES, _LEAVES.c.entry == _ENTRIES.c.id))
        .where(_LEAVES.c.n.is_(None), _ENTRIES.c.at_us < before_us)
        .order_by(_ENTRIES.c.id)
        .limit(SHOWN)
    )
    late = list((await connection.execute(unlogged)).scalars())
    return await compare(head, _placed(connection), late)


async def _placed(connection: AsyncConnection) -> AsyncIterator[Sequence[Placed]]:
    wanted = (
        select(_LEAVES.c.n, _LEAVES.c.entry, _ENTRIES.c.digest)
        .select_from(_LEAVES.outerjoin(_ENTRIES, _ENTRIES.c.id == _LEAVES.c.entry))
        .order_by(_LEAVES.c.n)
    )
    result = await connection.stream(wanted, execution_options={"yield_per": EVERY})
    async for rows in result.partitions():
        yield [Placed(*row) for row in rows]
