"""Whole Arrow columns to tokens.

Rules:
- an empty cell (null) stays empty; a value that has no token becomes empty and is reported by place and reason, not
  by content;
- rows of equal width are worked on together, in pieces that stay in cache; rows written otherwise than canonically take
  the scalar way, one by one: the same tokens, slower;
- a column that is not text is refused as a whole: a number has lost its leading zeros.

Format: docs/formats/tokens.md, docs/formats/fpe.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import pyarrow as pa

from vault.bulk.blocks import PIECE_ROWS, Bytes
from vault.bulk.cmac import ColumnCmac
from vault.bulk.layouts import ColumnLayout, column_layout
from vault.bulk.siv import ColumnSiv
from vault.bulk.text import Flags
from vault.bulk.values import Reader, reader_of
from vault.errors import ColumnTypeError, DomainTooSmallError, NotAnIdentifierError, NotTokenisableError
from vault.fpe.layouts import FpeKind
from vault.header import Suite
from vault.secret import Keeper
from vault.token_kinds import Tokeniser, TokenKind

LEAST_TOGETHER: Final = 64
_TOO_SHORT: Final = "domain_too_small"


@dataclass(frozen=True, slots=True)
class CellRefusal:
    """A cell that has no token: its place in the column, from 0, and why."""

    row: int
    fault: str


@dataclass(frozen=True, slots=True)
class TokenColumn:
    """The tokens of a column.

    Attributes:
        tokens: an Arrow text array as long as the column.
        nulls: how many cells were empty from the start.
    """

    tokens: Any
    refused: tuple[CellRefusal, ...]
    nulls: int


class _Together:
    """Makes the tokens of pieces of rows of one width."""

    def __init__(self, tokeniser: Tokeniser, width: int) -> None:
        spec = tokeniser.spec
        self._tokeniser = tokeniser
        self.layout: ColumnLayout | None = None
        self.reader: Reader | None = None
        self._make: Callable[[Bytes], Bytes] | None = None
        if spec.kind is TokenKind.FORMAT_PRESERVING:
            self.layout = column_layout(FpeKind(spec.of), spec.keep, key=tokeniser.key, width=width)
        else:
            self.reader = reader_of(spec.of, width)
            self._make = _maker(tokeniser) if self.reader else None

    @property
    def is_possible(self) -> bool:
        """Whether rows of this width can be worked on together."""
        return self.layout is not None or self.reader is not None

    def tokens(self, rows: Bytes) -> tuple[Bytes, Flags]:
        """The tokens of all rows, and which rows have one."""
        pieces = [self._piece(rows[start : start + PIECE_ROWS]) for start in range(0, len(rows), PIECE_ROWS)]
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate([made for made, _ in pieces]), np.concatenate([right for _, right in pieces])

    def _piece(self, rows: Bytes) -> tuple[Bytes, Flags]:
        if self.layout is not None:
            return self.layout.tokens(rows)
        assert self.reader is not None  # noqa: S101 - is_possible was asked
        canonical, right = self.reader(rows)
        return self._each(canonical, right) if self._make is None else self._make(canonical), right

    def _each(self, canonical: Bytes, right: Flags) -> Bytes:
        """Tokens of functions that no call computes for many rows at once: read together, made one by one."""
        width = canonical.shape[1]
        text = canonical[right].tobytes().decode("ascii")
        make = self._tokeniser.token_of_canonical
        tokens = "".join(make(text[start : start + width]) for start in range(0, len(text), width))
        out = np.zeros((len(canonical), len(make("0" * width))), np.uint8)
        out[right] = np.frombuffer(tokens.encode(), np.uint8).reshape(-1, out.shape[1])
        return out


def _maker(tokeniser: Tokeniser) -> Callable[[Bytes], Bytes] | None:
    """What makes the tokens of canonical rows together; None where there is no such function."""
    if tokeniser.associated is not None:
        return ColumnSiv(tokeniser.key, tokeniser.associated).tokens
    return ColumnCmac(tokeniser.key).tokens if tokeniser.origin.suite is Suite.AES else None


@final
class ColumnTokeniser(Keeper):
    """Turns columns into tokens of one scope and kind; keeps its buffers from batch to batch.

    Cost on one core: see docs/benchmarks.md.
    """

    __slots__ = ("_together", "_tokeniser")

    def __init__(self, tokeniser: Tokeniser) -> None:
        self._tokeniser = tokeniser
        self._together: dict[int, _Together] = {}

    def tokenise(self, column: Any) -> TokenColumn:
        """Give the tokens of an Arrow array, or chunked array, of text.

        Raises: ColumnTypeError: the column is not text.
        """
        array = _text_array(column)
        offsets, data = _buffers(array)
        widths = np.diff(offsets)
        is_null = np.asarray(array.is_null(nan_is_null=False))
        parts: list[tuple[Any, Any]] = []  # (places, tokens), in any order
        refused: list[CellRefusal] = []
        scalar: list[Any] = []
        for width in np.unique(widths[~is_null] if is_null.any() else widths):
            places = np.flatnonzero((widths == width) & ~is_null)
            together = self._of_width(int(width)) if len(places) >= LEAST_TOGETHER else None
            if together is None or not together.is_possible:
                scalar.append(places)
                continue
            made, right = together.tokens(_rows(data, offsets, places=places, width=int(width)))
            if not right.all():
                scalar.append(places[~right])
                made, places = made[right], places[right]
            parts.append((places, _fixed_texts(made)))
        if scalar:
            parts.append(self._one_by_one(array, np.sort(np.concatenate(scalar)), refused))
        tokens = _assembled(parts, len(array))
        return TokenColumn(tokens, tuple(sorted(refused, key=lambda cell: cell.row)), int(is_null.sum()))

    def _of_width(self, width: int) -> _Together:
        found = self._together.get(width)
        if found is None:
            found = self._together[width] = _Together(self._tokeniser, width)
        return found

    def _one_by_one(self, array: Any, places: Any, refused: list[CellRefusal]) -> tuple[Any, Any]:
        tokens: list[str | None] = []
        for place, value in zip(places.tolist(), array.take(pa.array(places)).to_pylist(), strict=True):
            try:
                tokens.append(self._tokeniser.token(value))
            except (NotAnIdentifierError, NotTokenisableError) as error:
                tokens.append(None)
                refused.append(CellRefusal(place, error.fault))
            except DomainTooSmallError:
                tokens.append(None)
                refused.append(CellRefusal(place, _TOO_SHORT))
        return places, pa.array(tokens, pa.string())


def _text_array(column: Any) -> Any:
    """The column as one array with 64-bit offsets."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # what combining gives of no chunks
        array = pa.array([], array.type)
    kind = array.type
    if pa.types.is_dictionary(kind) and is_text(kind.value_type):
        array = array.dictionary_decode()
    elif not is_text(kind) and not pa.types.is_null(kind):
        raise ColumnTypeError(str(kind))
    return array.cast(pa.large_string())


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _buffers(array: Any) -> tuple[Any, Bytes]:
    """Offsets and bytes of a large text array, from its own first row on."""
    _, offsets, data = array.buffers()
    count = len(array)
    if offsets is None or count == 0:
        return np.zeros(count + 1, np.int64), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + count + 1]
    return starts, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def _rows(data: Bytes, offsets: Any, *, places: Any, width: int) -> Bytes:
    """The bytes of rows of one width as a matrix; the column's own memory where they stand together."""
    starts = offsets[places]
    first, count = int(starts[0]), len(places)
    if int(starts[-1]) - first == (count - 1) * width and (np.diff(starts) == width).all():
        return data[first : first + count * width].reshape(count, width)
    gathered: Bytes = data[starts[:, None] + np.arange(width)]
    return gathered


def _fixed_texts(rows: Bytes) -> Any:
    """An Arrow text array of rows of equal width."""
    count, width = rows.shape
    offsets = np.arange(count + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    return pa.Array.from_buffers(pa.large_string(), count, buffers)


def _assembled(parts: Sequence[tuple[Any, Any]], count: int) -> Any:
    """Put tokens back in the order of their rows; rows without one are null. Places of one part ascend."""
    if len(parts) == 1 and len(parts[0][0]) == count:
        return parts[0][1].cast(pa.string())
    order = np.full(count, -1, np.int64)
    begin = 0
    for places, tokens in parts:
        order[places] = np.arange(begin, begin + len(tokens))
        begin += len(tokens)
    if not parts:
        return pa.nulls(count, pa.string())
    whole = pa.concat_arrays([tokens.cast(pa.large_string()) for _, tokens in parts])
    return whole.take(pa.array(order, mask=order < 0)).cast(pa.string())
