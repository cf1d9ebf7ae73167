"""CSV, JSON lines and Parquet files as samples.

Rules enforced here:
- memory does not grow with the file; what cannot be read ends with an error that names the line, never what stands
  there;
- a CSV file whose first row holds identifiers has no header: its columns are called by their place, since the names of
  its columns would be the first person's data; so are keys of JSON objects that are identifiers;
- the kind of file is told by its first bytes and its name.
"""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

from catalog.classify.errors import PartMissingError, SourceRefusedError
from catalog.classify.sources.sampling import TableSample, as_columns, sampled, short
from catalog.classify.sources.texts import Written, separator_of, short_lines, written
from catalog.classify.values.likelihood import Likelihood
from catalog.classify.values.scanning import scan

MAX_ROWS: Final = 200_000
BATCH_ROWS: Final = 4096
BATCH_B: Final = 32 << 20
PARQUET: Final = b"PAR1"
SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet"})
_HEAD: Final = 200


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to classify.

    Attributes:
        name: of its table: the file's without its ending, below a folder with the folders between.
        is_given: whether it was named itself, not found in a folder.
    """

    name: str
    path: Path
    is_given: bool


def read_file(path: Path, *, size: int, today: date, name: str | None = None) -> TableSample:
    """Sample one file, as a table of that name. Raises: SourceRefusedError, PartMissingError, OSError."""
    called = path.stem if name is None else name
    with path.open("rb") as file:
        start = file.read(len(PARQUET))
    if start == PARQUET:
        return _parquet(path, called, size)
    found = written(path)
    first = found.start.lstrip("\ufeff \t\r\n")[:1]
    if path.suffix == ".json" and first == "[":
        raise SourceRefusedError(path.name, "a JSON array; write one object a line", "这是 JSON 数组；请每行写一个对象")
    if path.suffix in {".jsonl", ".ndjson"} or first == "{":
        return _json_lines(path, found, called, size, today)
    return _csv(path, found, called, size, today)


def _csv(path: Path, found: Written, called: str, size: int, today: date) -> TableSample:
    separator = separator_of(found, "\t" if path.suffix == ".tsv" else ",")
    with path.open(encoding=found.encoding, errors="replace", newline="") as file:
        reader = csv.reader(short_lines(file, path.name), delimiter=separator)
        try:
            header = next((row for row in reader if row), [])
            headless = is_data(header, today)
            rows: Iterator[list[str]] = itertools.islice(reader, MAX_ROWS)
            if headless:
                rows = itertools.chain([header], rows)
            kept, seen = sampled((row for row in rows if row), size)
        except csv.Error as error:
            limit, line = csv.field_size_limit(), reader.line_num
            problem = f"line {line} is not CSV, or a cell is longer than {limit} characters"
            zh = f"第 {line} 行不是 CSV，或某格超过 {limit} 个字符"
            raise SourceRefusedError(path.name, problem, zh) from error
    names = [""] * len(header) if headless else [name.strip() for name in header]
    if not any(names) and not headless:
        raise SourceRefusedError(path.name, "the file has no header", "文件没有表头")
    return TableSample(called, as_columns(path.name, names, kept), seen if seen < MAX_ROWS else None, headless)


def is_data(header: Sequence[str], today: date) -> bool:
    """Say whether a first row looks like data: a cell is an identifier of a person."""
    return any(found.likelihood >= Likelihood.LIKELY for cell in header for found in scan(cell[:_HEAD], today).findings)


def _json_lines(path: Path, found: Written, called: str, size: int, today: date) -> TableSample:
    with path.open(encoding=found.encoding, errors="replace") as file:
        kept, seen = sampled(_objects(file, path.name), size)
    names = list(dict.fromkeys(name for row in kept for name in row[0]))  # type: ignore[attr-defined]  # rows of one object each
    rows = [[row[0].get(name) for name in names] for row in kept]  # type: ignore[attr-defined]  # as above
    shown = ["" if is_data([name], today) else name.strip() for name in names]
    return TableSample(called, as_columns(path.name, shown, rows), seen if seen < MAX_ROWS else None)


def _objects(file: IO[str], name: str) -> Iterator[Sequence[object]]:
    for number, line in enumerate(itertools.islice(short_lines(file, name), MAX_ROWS), start=1):
        if line.strip():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceRefusedError(
                    name,
                    f"line {number} is not JSON; write one object a line",
                    f"第 {number} 行不是 JSON；请每行写一个对象",
                ) from error
            if not isinstance(found, dict):
                raise SourceRefusedError(name, f"line {number} is not a JSON object", f"第 {number} 行不是 JSON 对象")
            yield [{name: short(_flat(value)) for name, value in found.items()}]


def _flat(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _parquet(path: Path, called: str, size: int) -> TableSample:
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
        raise SourceRefusedError(path.name, "the file is not whole Parquet", "文件不是完整的 Parquet") from error
    return TableSample(called, as_columns(path.name, header, kept), total)


def _batches(file: Any, total: int) -> Iterator[Sequence[object]]:
    """Rows of row groups spread over the file, at most MAX_ROWS of them."""
    groups = file.num_row_groups
    wanted = max(1, min(groups, groups * MAX_ROWS // max(total, 1)))
    chosen = sorted({place * groups // wanted for place in range(wanted)})
    for batch in file.iter_batches(batch_size=_rows_at_once(file, chosen), row_groups=chosen):
        columns = [column.to_pylist() for column in batch.columns]
        yield from ([_flat(cell) for cell in row] for row in zip(*columns, strict=True))


def _rows_at_once(file: Any, groups: Sequence[int]) -> int:
    """How many rows are decoded together: few where they are long."""
    parts = [file.metadata.row_group(group) for group in groups]
    longest = max((part.total_byte_size // max(part.num_rows, 1) for part in parts), default=0)
    return max(1, min(BATCH_ROWS, BATCH_B // max(longest, 1)))


def files_of(paths: Iterable[Path]) -> list[SourceFile]:
    """List the files to classify: files as given, folders searched for known endings, in order of names."""
    found: list[SourceFile] = []
    for path in paths:
        if not path.is_dir():
            found.append(SourceFile(path.stem, path, is_given=True))
            continue
        inside = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        plain = {each: each.relative_to(path).with_suffix("").as_posix() for each in inside}
        counts = Counter(plain.values())
        for each, name in plain.items():
            shown = name if counts[name] == 1 else each.relative_to(path).as_posix()
            found.append(SourceFile(shown, each, is_given=False))
    return found
