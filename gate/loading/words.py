"""What a load is told and what it tells: the words between a load and whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class Transaction(Protocol):
    """An open transaction and the database's clock when it began."""

    @property
    def connection(self) -> AsyncConnection:
        """Where statements run."""
        ...

    @property
    def now(self) -> datetime:
        """The database's clock, aware UTC."""
        ...


class Transactions(Protocol):
    """A database that opens transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a writing transaction; commits when the block ends, rolls back when it raises."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a reading transaction."""
        ...


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load has come.

    Attributes:
        rows_total: of a Parquet file exactly, of a CSV file as estimated from its lines.
    """

    rows_done: int
    rows_rejected: int
    rows_total: int


class OnProgress(Protocol):
    """Told once before the first batch and after each committed one."""

    def __call__(self, progress: LoadProgress, /) -> None:
        """Take note."""
        ...


class GuardPolicy(StrEnum):
    """What becomes of values that are identifiers of a person where their field is not declared for them.

    refuse: the row is refused; quarantine: the value is held back, reported, and the rest of its row stored; off:
    nothing.
    """

    REFUSE = "refuse"
    QUARANTINE = "quarantine"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How a file is loaded.

    Attributes:
        batch_rows: rows per transaction, 1 to 10,000.
        max_rejects: the load ends when more rows than this were refused; None for no limit.
        report: where refused rows are written, as JSON lines.
        ignore: columns to leave aside.
        dry_run: check everything, store nothing.
        again: load a file once more that was loaded whole before.
        guard: what becomes of identifiers in fields that are not declared for them.
    """

    batch_rows: int = 1000
    max_rejects: int | None = None
    report: Path | None = None
    ignore: frozenset[str] = frozenset()
    dry_run: bool = False
    again: bool = False
    guard: GuardPolicy = GuardPolicy.REFUSE

    def __post_init__(self) -> None:
        if not 1 <= self.batch_rows <= 10_000:
            raise ValueError("batch_rows needs 1 to 10,000")


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """How a load ended.

    Attributes:
        source: the load's name in the ledger, 64 hex digits.
        rows_done, rows_rejected: of the whole file.
        resumed_at: rows that an earlier run had done; all of them if the file was loaded before.
        codes: refused and held back cells by code, in this run.
    """

    source: str
    rows_done: int
    rows_rejected: int
    resumed_at: int
    was_loaded: bool
    codes: Mapping[str, int] = field(default_factory=dict)
