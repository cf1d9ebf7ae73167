"""Faults that end a load; faults of single rows go to the report instead.

Rules: a message names columns, lines, counts and options, never what stands in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gate.errors import GateError


class LoadRefusedError(GateError):
    """The file cannot be loaded as asked; ``problems`` says everything that is wrong."""

    code: ClassVar[str] = "gate/load_refused"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class SourceUnreadableError(GateError):
    """From some line on, nobody can tell where the rows of the file begin."""

    code: ClassVar[str] = "gate/load_unreadable"

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: not CSV, a quote may be missing; everything before it is loaded")
        self.line = line


class SourceChangedError(GateError):
    """The file changed while it was being loaded; load it again."""

    code: ClassVar[str] = "gate/load_source_changed"


class LoadContendedError(GateError):
    """Another process is loading the same file; wait for it to end."""

    code: ClassVar[str] = "gate/load_contended"


class TooManyRejectsError(GateError):
    """More rows were refused than allowed; what was loaded before stays, and loading goes on from there."""

    code: ClassVar[str] = "gate/load_too_many_rejects"

    def __init__(self, rows_rejected: int, rows_done: int) -> None:
        super().__init__(f"{rows_rejected} rows refused; {rows_done} rows of the file are done")
        self.rows_rejected = rows_rejected
        self.rows_done = rows_done


class PartMissingError(GateError):
    """The part that reads Parquet is not installed."""

    code: ClassVar[str] = "gate/load_part_missing"

    def __init__(self) -> None:
        super().__init__('reading Parquet needs a further part: pip install "yumen[parquet]"')
