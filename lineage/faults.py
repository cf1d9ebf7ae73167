"""What a check of the ledger can find, and its result.

Wire names of faults are append-only: reports are kept and compared.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class FaultCode(StrEnum):
    """One way in which an entry fails; docs/formats/ledger-entry.md explains each."""

    ID_ORDER = "entry/id_order"
    MALFORMED = "entry/malformed"
    NOT_CANONICAL = "entry/not_canonical"
    DIGEST = "entry/digest"
    MAC = "entry/mac"
    COLUMNS = "entry/columns"
    STREAM = "entry/stream"
    GAP = "stream/gap"
    REPEATED = "stream/repeated"
    SHAPE_MALFORMED = "shape/malformed"
    SHAPE_UNKNOWN = "shape/unknown"
    SHAPE_MISMATCH = "shape/mismatch"
    SHAPE_INDEX = "shape/index"
    CONSENT_MALFORMED = "consent/malformed"
    CONSENT_VERSION = "consent/version"
    CONSENT_TRANSITION = "consent/transition"
    CONFIG_MALFORMED = "config/malformed"
    OUTCOME = "read/outcome"
    READ_VERSION = "read/consent_version"
    NO_SUBJECT = "read/no_subject"
    CLIENT = "read/client"
    BASIS = "read/basis"
    CEILING = "read/ceiling"
    GRANT_UNKNOWN = "read/grant_unknown"
    GRANT_VERSION = "read/grant_version"
    GRANT_NOT_LIVE = "read/grant_not_live"
    GRANT_OTHER = "read/grant_other_use"
    GRANT_STALE = "read/grant_stale"
    UNCOVERED = "read/uncovered"
    RESTRICTED = "read/restricted"
    AFTER_ERASURE = "stream/after_erasure"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one entry; `entry` is its id, None where a table beside the ledger is wrong."""

    entry: int | None
    code: FaultCode


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check.

    Attributes:
        entries, streams, reads: how many were seen; `released` counts the reads that released something.
        shapes, grants: how many the ledger records.
        last_entry: id of the last entry seen, 0 for an empty ledger.
        fault_count: all faults; `faults` holds the first of them.
        facts, policies, catalogs: the digests and revisions that reads name.
    """

    entries: int
    streams: int
    reads: int
    released: int
    shapes: int
    grants: int
    last_entry: int
    fault_count: int
    faults: tuple[Fault, ...]
    facts: frozenset[str] = field(default=frozenset(), repr=False)
    policies: frozenset[str] = frozenset()
    catalogs: frozenset[str] = frozenset()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.fault_count == 0
