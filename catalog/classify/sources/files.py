"""CSV, JSON lines and Parquet files as samples.

Rules enforced here:
- memory does not grow with the file; what cannot be read ends with an error that names the line, never what stands
  there;
- a CSV file whose first row holds identifiers has no header: its columns are called by their place, since the names of
  its columns would be the first person's data;
- the kind of file is told by its first bytes and its name.
"""

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

from catalog.classify.errors import PartMissingError, SourceRefusedError
from catalog.classify.sources.sampling import TableSample, as_columns, sampled
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.scanning import scan

MAX_ROWS: Final = 200_000
MAX_LINE: Final = 1 << 20
PARQUET: Final = b"PAR1"
SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet"})
_HEAD: Final = 200


def read_file(path: Path, *, size: int, today: date) -> TableSample:
    """Sample one file. Raises: SourceRefusedError, PartMissingError, OSError."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise SourceRefusedError(path.name, "the file is empty")
    if start[:4] == PARQUET:
        return _parquet(path, size)
    if path.suffix in {".jsonl", ".ndjson"} or start.lstrip()[:1] == b"{":
        return _json_lines(path, size)
    return _csv(path, size, today)


def _csv(path: Path, size: int, today: date) -> TableSample:
    with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
        reader = csv.reader(_short_lines(file, path.name), delimiter="\t" if path.suffix == ".tsv" else ",")
        try:
            header = next(reader, [])
            headless = is_data(header, today)
            rows: Iterator[list[str]] = itertools.islice(reader, MAX_ROWS)
            if headless:
                rows = itertools.chain([header], rows)
            kept, seen = sampled((row for row in rows if row), size)
        except csv.Error as error:
            raise SourceRefusedError(path.name, f"line {reader.line_num} is not CSV") from error
    names = (
        [f"column_{place}" for place in range(1, len(header) + 1)] if headless else [name.strip() for name in header]
    )
    if not any(names):
        raise SourceRefusedError(path.name, "the file has no header")
    return TableSample(path.stem, as_columns(names, kept), seen if seen < MAX_ROWS else None, headless)


def is_data(header: Sequence[str], today: date) -> bool:
    """Say whether a first row looks like data: a cell is an identifier of a person."""
    return any(found.likelihood >= Likelihood.LIKELY for cell in header for found in scan(cell[:_HEAD], today).findings)


def _encoding(path: Path) -> str:
    """UTF-8 with or without a mark, else GB 18030, which older Chinese systems write."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    try:
        start[: len(start) - 8 if len(start) == 1 << 16 else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "gb18030" if error.start < len(start) - 16 else "utf-8-sig"
    return "utf-8-sig"


def _short_lines(file: IO[str], name: str) -> Iterator[str]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise SourceRefusedError(name, "a line is longer than a million characters")
        yield line.replace("\0", "")


def _json_lines(path: Path, size: int) -> TableSample:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        kept, seen = sampled(_objects(file, path.name), size)
    names = list(dict.fromkeys(name for row in kept for name in row[0]))  # type: ignore[attr-defined]  # rows of one object each
    rows = [[_flat(row[0].get(name)) for name in names] for row in kept]  # type: ignore[attr-defined]  # as above
    return TableSample(path.stem, as_columns(names, rows), seen if seen < MAX_ROWS else None)


def _objects(file: IO[str], name: str) -> Iterator[Sequence[object]]:
    for number, line in enumerate(itertools.islice(_short_lines(file, name), MAX_ROWS), start=1):
        if line.strip():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceRefusedError(name, f"line {number} is not JSON") from error
            if not isinstance(found, dict):
                raise SourceRefusedError(name, f"line {number} is not a JSON object")
            yield [found]


def _flat(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _parquet(path: Path, size: int) -> TableSample:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise PartMissingError("parquet") from error
    try:
        with parquet.ParquetFile(path) as file:
            total = file.metadata.num_rows
            header = list(file.schema_arrow.names)
            kept, _ = sampled(_batches(file, total), size)
    except (OSError, ValueError) as error:
        raise SourceRefusedError(path.name, "the file is not whole Parquet") from error
    return TableSample(path.stem, as_columns(header, kept), total)


def _batches(file: Any, total: int) -> Iterator[Sequence[object]]:
    """Rows of row groups spread over the file, at most MAX_ROWS of them."""
    groups = file.num_row_groups
    wanted = max(1, min(groups, groups * MAX_ROWS // max(total, 1)))
    chosen = sorted({place * groups // wanted for place in range(wanted)})
    for batch in file.iter_batches(batch_size=4096, row_groups=chosen):
        columns = [column.to_pylist() for column in batch.columns]
        yield from ([_flat(cell) for cell in row] for row in zip(*columns, strict=True))


def files_of(paths: Iterable[Path]) -> list[Path]:
    """List the files to classify: files as given, folders searched for known endings, in order of names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        else:
            found.append(path)
    return found
