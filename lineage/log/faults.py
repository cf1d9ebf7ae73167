"""What a verifier of the log can find, and its result.

Wire names of faults are append-only: reports are kept and compared. docs/formats/log.md explains each.
"""

from dataclasses import dataclass
from enum import StrEnum

from lineage.faults import CheckReport


class LogFaultCode(StrEnum):
    """One way in which a log fails."""

    CHECKPOINT_MISSING = "checkpoint/missing"
    CHECKPOINT_MALFORMED = "checkpoint/malformed"
    CHECKPOINT_SIGNATURE = "checkpoint/signature"
    WITNESSES = "checkpoint/witnesses"
    ROOT = "tree/root"
    TILE_MISSING = "tile/missing"
    TILE_MALFORMED = "tile/malformed"
    TILE_HASH = "tile/hash"
    BUNDLE_MISSING = "bundle/missing"
    BUNDLE_MALFORMED = "bundle/malformed"
    ENTRY = "bundle/entry"
    ROLLBACK = "history/rollback"
    REWRITTEN = "history/rewritten"
    SPLIT = "history/split"


@dataclass(frozen=True, slots=True)
class LogFault:
    """What is wrong: the piece by its path, the entry by its place (None where no single one is meant), the code."""

    code: LogFaultCode
    path: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """The result of a verification.

    Attributes:
        origin, size, root: what the checkpoint says; empty, 0 and empty if it cannot be believed.
        cosigned: how many of the trusted witnesses cosigned.
        good: how many entries from the beginning are those the checkpoint (or an earlier one, remembered) covers.
        compared: how many remembered checkpoints were compared.
        fault_count: all faults; `faults` holds the first of them.
        replay: the check of the good entries themselves; its entries are numbered by place, from 1.
    """

    origin: str
    size: int
    root: bytes
    cosigned: int
    good: int
    compared: int
    fault_count: int
    faults: tuple[LogFault, ...]
    replay: CheckReport

    @property
    def is_intact(self) -> bool:
        """Whether the log is what its key signed, and only grew."""
        return self.fault_count == 0

    @property
    def is_sound(self) -> bool:
        """Whether it is intact and every release in it was justified."""
        return self.is_intact and self.replay.is_sound
