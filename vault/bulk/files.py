"""Files of rows as Arrow batches: CSV and Parquet, read in pieces and written in parts.

Rules:
- in CSV every cell is text as written, and an empty one is empty: nothing is guessed to be a number or a date;
- a line that does not split into the header's columns is left out and reported by its number;
- parts are written beside their place, synced and renamed: a part that is there is whole;
- what a library says of a file is not repeated: it may quote a cell.

Standard: RFC 4180 (UTF-8), Apache Parquet.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from vault.errors import BulkSourceError

BATCH_ROWS: Final = 65_536
BLOCK_B: Final = 4 << 20
_PARQUET: Final = b"PAR1"


class FileKind(StrEnum):
    """The kinds of file that are read and written."""

    CSV = "csv"
    PARQUET = "parquet"


class Source(Protocol):
    """A file that gives batches of at most ``BATCH_ROWS`` rows."""

    kind: FileKind
    schema: Any
    rows_total: int | None
    faulty_lines: list[int]

    def batches(self) -> Iterator[Any]:
        """The batches in the order of the file. Raises: BulkSourceError."""
        ...


def open_source(path: Path) -> Source:
    """Open a file; its first bytes tell its kind.

    Raises: BulkSourceError: neither CSV nor Parquet, damaged, or not UTF-8; OSError.
    """
    with path.open("rb") as file:
        is_parquet = file.read(len(_PARQUET)) == _PARQUET
    try:
        return ParquetSource(path) if is_parquet else CsvSource(path)
    except (pa.ArrowException, UnicodeDecodeError):
        raise BulkSourceError("the file cannot be read as Parquet or as CSV in UTF-8 with a header") from None


class ParquetSource:
    """A Parquet file."""

    kind = FileKind.PARQUET

    def __init__(self, path: Path) -> None:
        self._file = pa_parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        self.schema = self._file.schema_arrow
        self.rows_total: int | None = self._file.metadata.num_rows
        self.faulty_lines: list[int] = []

    def batches(self) -> Iterator[Any]:
        """The batches in the order of the file."""
        try:
            yield from self._file.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
        except (pa.ArrowException, OSError):
            raise BulkSourceError("the Parquet file is damaged") from None


class CsvSource:
    """A CSV file with a header."""

    kind = FileKind.CSV

    def __init__(self, path: Path) -> None:
        self.rows_total: int | None = None
        self.faulty_lines: list[int] = []
        header = pa_csv.open_csv(path, parse_options=pa_csv.ParseOptions(invalid_row_handler=lambda _: "skip"))
        names = header.schema.names
        header.close()
        self._reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK_B),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._refuse),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
        self.schema = self._reader.schema

    def batches(self) -> Iterator[Any]:
        """The batches in the order of the file."""
        try:
            for batch in self._reader:
                for start in range(0, len(batch), BATCH_ROWS):
                    yield batch.slice(start, BATCH_ROWS)
        except (pa.ArrowException, UnicodeDecodeError):
            raise BulkSourceError("the CSV file ends in the middle of a row, or is not UTF-8") from None

    def _refuse(self, row: Any) -> str:
        self.faulty_lines.append(int(row.number or 0))
        return "skip"


class PartWriter(Protocol):
    """A part being written."""

    def write(self, batch: Any) -> None:
        """Append a batch."""
        ...


@contextmanager
def writing_part(path: Path, kind: FileKind, schema: Any) -> Iterator[PartWriter]:
    """Write a part; it stands at ``path`` once the block ends well, and not at all otherwise."""
    scratch = path.with_name(f".{path.name}.unfinished")
    try:
        with _writer(scratch, kind, schema) as writer:
            yield writer
        settle(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def settle(scratch: Path, path: Path) -> None:
    """Sync a file and give it its name, so that it is there whole or not at all."""
    descriptor = os.open(scratch, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    scratch.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _writer(path: Path, kind: FileKind, schema: Any) -> Iterator[PartWriter]:
    if kind is FileKind.CSV:
        options = pa_csv.WriteOptions(quoting_style="needed")
        with pa_csv.CSVWriter(path, schema, write_options=options) as csv:
            yield csv
    else:
        with pa_parquet.ParquetWriter(path, schema, compression="zstd", store_schema=False) as parquet:
            yield parquet
