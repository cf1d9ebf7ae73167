"""How a text file is written: its encoding and what separates its columns, told by its beginning.

Rules enforced here:
- UTF-8 and UTF-16 with or without a mark, else GB 18030, which older Chinese systems write;
- what is none of them is refused, since every column of a file read wrongly looks free of personal data;
- the separator is the one that cuts the first rows into equally many cells, and into the most.
"""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from catalog.classify.errors import SourceRefusedError

MAX_LINE: Final = 1 << 20
SEPARATORS: Final = ",\t;|\x01"
SQLITE: Final = b"SQLite format 3\0"
_START: Final = 1 << 16
_ROWS: Final = 30
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x01")
_BAD: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Written:
    """How a file is written, and how it begins."""

    encoding: str
    start: str = field(repr=False)
    is_whole: bool


def written(path: Path) -> Written:
    """Tell how a file is written. Raises: SourceRefusedError: it is empty, or no text; OSError."""
    with path.open("rb") as file:
        start = file.read(_START)
    if not start:
        raise SourceRefusedError(path.name, "the file is empty", "文件为空")
    if start.startswith(SQLITE):
        raise SourceRefusedError(
            path.name,
            "an SQLite database; give its URL with --url-env (sqlite:///FILE)",
            "这是 SQLite 数据库；请用 --url-env 指定其 URL（sqlite:///文件）",
        )
    encoding = _encoding(start)
    if encoding is None:
        raise SourceRefusedError(
            path.name,
            "neither text in UTF-8, UTF-16 or GB 18030 nor Parquet",
            "既不是 UTF-8、UTF-16 或 GB 18030 文本，也不是 Parquet",
        )
    is_whole = len(start) < _START
    return Written(encoding, _decoded(start, encoding), is_whole)


def _encoding(start: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start.count(0) * 4 > len(start):
        order = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
        return order if _is_text(_decoded(start, order), len(start) // 2) else None
    if sum(byte in _CONTROLS for byte in start) * 100 > len(start):
        return None
    beyond = sum(byte > 127 for byte in start)
    for encoding in ("utf-8-sig", "gb18030"):
        if _is_text(_decoded(start, encoding), beyond // 2):
            return encoding
    return None


def _is_text(text: str, beyond: int) -> bool:
    """Say whether at most one in fifty signs beyond ASCII (or one sign at all) could not be read."""
    return text.count(_BAD) <= max(beyond // 50, 1) and sum(ord(sign) in _CONTROLS for sign in text) * 100 <= len(text)


def _decoded(start: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text: str = decoder.decode(start, final=len(start) < _START)
    return text


def separator_of(found: Written, default: str) -> str:
    """Tell what separates the columns of a CSV file; `default` where nothing says otherwise."""
    signs: list[str] = [default, *SEPARATORS]
    return max(signs, key=lambda sign: _columns(found, sign))  # of equals the first


def _columns(found: Written, sign: str) -> int:
    """How many columns a separator makes; 1 where the rows do not agree."""
    lines = found.start.splitlines(keepends=True)
    whole = lines if found.is_whole or len(lines) == 1 else lines[:-1]
    rows = []
    try:
        for row in csv.reader(whole, delimiter=sign):
            if row:
                rows.append(len(row))
            if len(rows) == _ROWS:
                break
    except csv.Error:
        return 1
    return rows[0] if rows and rows.count(rows[0]) * 10 >= len(rows) * 7 else 1


def short_lines(file: IO[str], name: str) -> Iterator[str]:
    """Read line by line. Raises: SourceRefusedError: a line is longer than a million characters."""
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise SourceRefusedError(name, "a line is longer than a million characters", "有一行超过一百万个字符")
        yield line.replace("\0", "")
