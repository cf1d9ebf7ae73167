"""The ledger's tables compared with the published log: what was cut off, altered or left out since shows here.

What is found:
- `log/entry_missing`: an entry that has a place is gone, or its digest is another: a tail cut off, a row removed;
- `log/place_missing`: places are missing: fewer than the checkpoint covers, or a hole;
- `log/root`: the entries in their places do not lead to the checkpoint's root;
- `log/not_logged`: an entry that is much older than the newest in the log has no place.

Cost: one pass over the places, a bounded number of rows in memory.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lineage.log.checkpoint import Checkpoint
from lineage.log.tree import Edge

KEPT = 1000


class LogAuditCode(StrEnum):
    """One way in which the tables differ from the log."""

    ENTRY_MISSING = "log/entry_missing"
    PLACE_MISSING = "log/place_missing"
    ROOT = "log/root"
    NOT_LOGGED = "log/not_logged"


@dataclass(frozen=True, slots=True)
class LogAuditFault:
    """What is wrong: the code, the place in the log and the entry's id, where there are such."""

    code: LogAuditCode
    n: int | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class LogAudit:
    """The result: how many entries the checkpoint covers, and the faults; the first of them are kept."""

    size: int
    fault_count: int
    faults: tuple[LogAuditFault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.fault_count == 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A place, the id of its entry, and the digest that is stored with it; None if the entry is gone."""

    n: int
    entry: int
    digest: bytes | None


async def compare(head: Checkpoint, rows: AsyncIterator[Sequence[Placed]], unlogged: Sequence[int]) -> LogAudit:
    """Compare places, in order, with a checkpoint; `unlogged` are ids that should have had a place long ago."""
    faults: list[LogAuditFault] = []
    count, following = 0, 0
    edge = Edge()

    def fault(code: LogAuditCode, n: int | None = None, entry: int | None = None) -> None:
        nonlocal count
        count += 1
        if len(faults) < KEPT:
            faults.append(LogAuditFault(code, n, entry))

    async for batch in rows:
        for row in batch:
            if row.n != following:
                fault(LogAuditCode.PLACE_MISSING, following)
            following = row.n + 1
            if row.digest is None:
                fault(LogAuditCode.ENTRY_MISSING, row.n, row.entry)
        covered = [row.digest or b"" for row in batch if row.n < head.size]
        edge.append(covered)
    if following < head.size:
        fault(LogAuditCode.PLACE_MISSING, following)
    if edge.size != head.size or edge.root() != head.root:
        fault(LogAuditCode.ROOT)
    for entry in unlogged:
        fault(LogAuditCode.NOT_LOGGED, None, entry)
    return LogAudit(head.size, count, tuple(faults))
