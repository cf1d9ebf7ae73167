"""Files of rows: CSV and Parquet behind one protocol, read as a stream.

Rules:
- memory does not grow with the file;
- rows are numbered from 1 in the order of the file, blank lines not counted: a number means the same row in every run;
- a row that cannot be split into cells is a faulty row; where the next row begins must be certain, else reading ends;
- the kind of file is told from its first bytes, not from its name.

Standard: RFC 4180 (CSV, here UTF-8 with or without a byte order mark), Apache Parquet.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

from gate.loading.cells import CellFault
from gate.loading.errors import LoadRefusedError, SourceUnreadableError
from gate.loading.parquet import PARQUET_MAGIC, ParquetFile, open_parquet

CHUNK_B: Final = 1 << 20


class SourceRow(NamedTuple):
    """One row of a file.

    Attributes:
        number: counts rows from 1.
        line: the line of the file it starts at (CSV), or the row number (Parquet).
        cells: beside the header; None if the row could not be split, then ``fault`` says why.
    """

    number: int
    line: int
    cells: Sequence[Any] | None
    fault: CellFault | None = None


class RowSource(Protocol):
    """A file of rows that can be read from any row on."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether cells are text to be parsed, or typed values."""
        ...

    @property
    def rows_total(self) -> int | None:
        """How many rows there are, None where only reading them all would tell."""
        ...

    def rows(self, skip: int) -> Iterator[SourceRow]:
        """The rows after the first ``skip``."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@dataclass(frozen=True, slots=True)
class SourceMark:
    """What a file was when its loading began.

    Attributes:
        digest: SHA-256 of the content; not for storing, since a small file could be guessed from it.
        lines: how many lines it has.
    """

    digest: bytes
    lines: int
    size_b: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> SourceMark:
        """Read the whole file once. Raises: OSError."""
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            digest, lines = hashlib.sha256(), 0
            while chunk := file.read(CHUNK_B):
                digest.update(chunk)
                lines += chunk.count(b"\n")
        return cls(digest.digest(), lines, before.st_size, before.st_mtime_ns)

    def still_holds(self, path: Path) -> bool:
        """Whether the file looks unchanged: its size and time of change."""
        now = path.stat()
        return (now.st_size, now.st_mtime_ns) == (self.size_b, self.changed_ns)


def open_source(path: Path) -> RowSource:
    """Open a file of rows.

    Raises: LoadRefusedError: no header, or a name in it twice; PartMissingError; OSError.
    """
    with path.open("rb") as file:
        start = file.read(len(PARQUET_MAGIC))
    return ParquetSource(open_parquet(path)) if start == PARQUET_MAGIC else CsvSource(path)


class CsvSource:
    """A CSV file with a header. What is not UTF-8 becomes lone surrogates, which no reader of cells accepts."""

    is_text = True
    rows_total: int | None = None

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._reader = csv.reader(self._file, strict=True)
        try:
            self.header = tuple(next(self._reader, ()))
        except csv.Error:
            self.header = ()
        if not any(self.header):
            self._file.close()
            raise LoadRefusedError(["the file has no header"])

    def rows(self, skip: int) -> Iterator[SourceRow]:
        """See :class:`RowSource`. Raises: SourceUnreadableError."""
        number = 0
        while True:
            line = self._reader.line_num + 1
            cells: list[str] | None = None
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                if self._reader.line_num > line:
                    raise SourceUnreadableError(line) from None
            if cells == []:
                continue
            number += 1
            if number > skip:
                yield self._row(number, line, cells)

    def close(self) -> None:
        """See :class:`RowSource`."""
        self._file.close()

    def _row(self, number: int, line: int, cells: list[str] | None) -> SourceRow:
        if cells is None:
            return SourceRow(number, line, None, CellFault.MALFORMED)
        if len(cells) != len(self.header):
            return SourceRow(number, line, None, CellFault.COLUMNS)
        return SourceRow(number, line, cells)


class ParquetSource:
    """A Parquet file."""

    is_text = False

    def __init__(self, file: ParquetFile) -> None:
        self._file = file
        self.header = file.names
        self.rows_total: int | None = file.rows_total

    def rows(self, skip: int) -> Iterator[SourceRow]:
        """See :class:`RowSource`."""
        for number, cells in enumerate(self._file.rows(skip), start=skip + 1):
            yield SourceRow(number, number, cells)

    def close(self) -> None:
        """See :class:`RowSource`."""
        self._file.close()
