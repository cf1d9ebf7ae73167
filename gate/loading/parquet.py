"""Reading Parquet through pyarrow, an optional part that is loaded only when a Parquet file is opened."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from gate.loading.errors import LoadRefusedError, PartMissingError

PARQUET_MAGIC: Final = b"PAR1"
READ_ROWS: Final = 1000


def open_parquet(path: Path) -> ParquetFile:
    """Open a Parquet file.

    Raises: PartMissingError: pyarrow is not installed; LoadRefusedError: the file is damaged or encrypted.
    """
    try:
        module = importlib.import_module("pyarrow.parquet")
        arrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise PartMissingError from error
    try:
        return ParquetFile(module.ParquetFile(path, memory_map=False, pre_buffer=False))
    except (arrow.ArrowException, OSError):
        raise LoadRefusedError(["the file begins like Parquet but cannot be opened as such"]) from None


class ParquetFile:
    """An open Parquet file; its rows are tuples of Python values."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.names: tuple[str, ...] = tuple(file.schema_arrow.names)
        self.rows_total: int = file.metadata.num_rows

    def rows(self, skip: int) -> Iterator[Sequence[Any]]:
        """The rows after the first ``skip``; row groups before them are not read."""
        metadata = self._file.metadata
        group = 0
        while group < metadata.num_row_groups and skip >= metadata.row_group(group).num_rows:
            skip -= metadata.row_group(group).num_rows
            group += 1
        groups = list(range(group, metadata.num_row_groups))
        for batch in self._file.iter_batches(batch_size=READ_ROWS, row_groups=groups):
            if skip >= batch.num_rows:
                skip -= batch.num_rows
                continue
            columns = [column.to_pylist() for column in batch.slice(skip).columns]
            skip = 0
            yield from zip(*columns, strict=True)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
