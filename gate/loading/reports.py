"""What a load leaves beside the database: the report of refused rows, and the references of registered people.

Rules:
- a line says row, line, column, code and a message; never what stands in the cell;
- lines of a batch are on disk before the batch commits, and a resumed load first drops the lines of rows that were not
  committed: after any crash and resumption each row stands there exactly once;
- the files are the owner's alone (mode 0600).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

import msgspec

from gate.loading.cells import CellFault

OWNER_ONLY: Final = 0o600
HEADER: Final = "row,subject"

MESSAGES: Final[dict[str, str]] = {
    CellFault.MALFORMED: "the line is not CSV: a quote stands where none may",
    CellFault.COLUMNS: "the row has more or fewer cells than the header",
    CellFault.NOT_INTEGER: "needs a whole number of at most 15 digits, such as 42 or -7",
    CellFault.NOT_NUMBER: "needs a number such as 42 or 0.5, at most 15 digits before the point and 9 after",
    CellFault.NOT_BOOLEAN: "needs true or false",
    CellFault.NOT_DATE: "needs a date YYYY-MM-DD",
    CellFault.NOT_STRING: "needs a text",
    CellFault.TOO_LONG: "the text is longer than 1,000 characters",
    CellFault.CHARACTERS: "the text holds control characters or is not UTF-8",
    CellFault.NOT_INSTANT: "needs an RFC 3339 time with a time zone, or a date YYYY-MM-DD, from 1970 on",
    CellFault.IN_FUTURE: "lies in the future",
    CellFault.IDENTIFIER: "holds an identifier of a person that its field is not declared for",
    CellFault.HELD_BACK: "was held back, as it holds an identifier its field is not declared for; the row was taken",
    CellFault.SUBJECT_MISSING: "names no subject",
    CellFault.SUBJECT_MALFORMED: "is not a subject reference (sub_ and 26 characters)",
    CellFault.SUBJECT_UNKNOWN: "nobody is registered under this",
    CellFault.SUBJECT_AMBIGUOUS: "several subjects are registered under this",
    CellFault.SUBJECT_UNREADABLE: "what is stored of this subject does not open",
}


class RowFault(NamedTuple):
    """One line of the report."""

    row: int
    line: int
    column: str | None
    code: str

    def text(self) -> str:
        """The line as JSON."""
        message = MESSAGES.get(self.code, f"not what this field holds: {self.code}")
        return msgspec.json.encode({**self._asdict(), "message": message}).decode()


class RowFile:
    """An append-only text file of lines that each belong to a row; without a path, nothing."""

    def __init__(self, path: Path | None, *, rows_done: int, header: str | None, row_of: Callable[[str], int]) -> None:
        self._file: IO[str] | None = None
        if path is None:
            return
        if rows_done:
            _keep_rows(path, rows_done, header=header, row_of=row_of)
        mode = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if rows_done else os.O_TRUNC)
        self._file = os.fdopen(os.open(path, mode, OWNER_ONLY), "a" if rows_done else "w", encoding="utf-8", newline="")
        if header is not None and not self._file.tell():
            self._file.write(header + "\n")

    def write(self, lines: Iterable[str]) -> None:
        """Write lines and wait until they are on disk."""
        if self._file is None:
            return
        self._file.writelines(line + "\n" for line in lines)
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def reject_file(path: Path | None, rows_done: int) -> RowFile:
    """Open the report of refused rows; raises OSError."""
    return RowFile(path, rows_done=rows_done, header=None, row_of=lambda line: int(msgspec.json.decode(line)["row"]))


def subject_file(path: Path | None, rows_done: int) -> RowFile:
    """Open the CSV of row numbers and subject references; raises OSError."""
    return RowFile(path, rows_done=rows_done, header=HEADER, row_of=lambda line: int(line.split(",")[0]))


def _keep_rows(path: Path, rows_done: int, *, header: str | None, row_of: Callable[[str], int]) -> None:
    """Keep the complete lines of the first ``rows_done`` rows."""
    if not path.exists():
        return
    beside = path.with_name(path.name + ".part")
    with (
        path.open(encoding="utf-8", newline="") as old,
        os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w", encoding="utf-8") as new,
    ):
        for line in old:
            if line.rstrip("\n") == header or (line.endswith("\n") and row_of(line) <= rows_done):
                new.write(line)
        new.flush()
        os.fsync(new.fileno())
    beside.replace(path)
