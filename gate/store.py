"""What the gate needs of a database on its hot path, whatever the database.

Rules:
- every method is set-based: its cost in round trips does not grow with the number of subjects;
- ``record`` is one statement (SQLite: one immediate transaction) that re-checks, under locks, the configuration epoch,
  each subject's consent version and each decision's validity against the database's clock, inserts the entries of
  those that hold, and commits before it returns;
- an entry that was not inserted is simply missing from the answer: the gate decides that subject again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gate.facts import SubjectRow
from lineage.entries import Row


class Scope(NamedTuple):
    """What selects the grants of a read."""

    tenant: str
    purpose: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts of a group at one instant.

    Attributes:
        epoch: the configuration epoch the rows belong to.
        now_us: the database's clock, microseconds since 1970.
        subjects: per scope, the known subjects by reference; unknown ones are missing.
    """

    epoch: int
    now_us: int
    subjects: Mapping[Scope, Mapping[str, SubjectRow]]


class Sealed(NamedTuple):
    """What was fetched for one subject: the wrapped data key and sealed segments by segment id."""

    wrapped: bytes
    segments: dict[str, bytes]


class Record(NamedTuple):
    """One entry to insert, with the conditions under which it may be.

    Attributes:
        subject: the reference whose consent version is checked; None for an unknown subject: then only the epoch is.
        version: the consent version decided under.
        valid_until_us: the first instant at which the decision no longer holds.
        row: the entry's columns, in the order of ``lineage.COLUMNS``.
    """

    subject: str | None
    version: int
    valid_until_us: int
    row: Row


class HotStore(Protocol):
    """The gate's database, one implementation per engine."""

    async def gather(self, wanted: Mapping[Scope, Sequence[str]]) -> Gathered:
        """Read epoch, clock and the subjects of every scope in one consistent look."""
        ...

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """The last sequence number of each stream; streams without entries are missing."""
        ...

    async def observed(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str, int]]:
        """(subject, segment, observed_us) of stored segments; opens nothing."""
        ...

    async def births(self, tenant: str, refs: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """The wrapped data key and the sealed birth date of each subject that has one."""
        ...

    async def fetch(self, tenant: str, refs: Sequence[str], segments: Sequence[str]) -> dict[str, Sealed]:
        """Wrapped keys and sealed segments; a subject without a key is missing."""
        ...

    async def record(self, epoch: int, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        """Insert what still holds; returns entry ids by (stream, seq) of the inserted ones, durable."""
        ...

    async def close(self) -> None:
        """Release connections; work under way finishes first."""
        ...
