"""Arrow in, Arrow out: tables, streams, and what speaks the Arrow C stream interface (DuckDB, Polars, Spark, pandas).

Rules:
- batches are worked on one by one: memory does not grow with the stream;
- rows keep their number and order; a cell without a token is empty and reported by row, column and reason;
- all columns come out in the order they had; those that are dropped, not at all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pyarrow as pa

from vault.bulk.columns import CellRefusal, ColumnTokeniser
from vault.bulk_plans import BulkPlan, Recipient
from vault.errors import BulkSourceError, CellRefusedError
from vault.keyring import KeyRing
from vault.token_kinds import Tokeniser


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell without a token: its row, from 0, its column, and why."""

    row: int
    column: str
    fault: str


@dataclass(frozen=True, slots=True)
class Tokenised:
    """A batch with tokens in place of identifiers.

    Attributes:
        tokens: how many cells became tokens.
        nulls: how many were empty from the start.
    """

    batch: Any
    refused: tuple[Refusal, ...]
    tokens: int
    nulls: int


def tokenisers_of(ring: KeyRing, recipient: Recipient, plan: BulkPlan) -> dict[str, Tokeniser]:
    """What makes the tokens of each column of a plan."""
    return {each.column: ring.tokeniser(recipient.scope(each.field), each.spec) for each in plan.columns}


OnRefusal = Callable[[Sequence[Refusal]], None]
Count = Callable[[int, int, int, int], None]
"""(rows, tokens, cells empty from the start, cells refused) of a batch."""


@final
class BatchTokeniser:
    """Applies a plan to record batches; `tokenisers` has one for each column of the plan."""

    def __init__(self, plan: BulkPlan, tokenisers: Mapping[str, Tokeniser]) -> None:
        self.plan = plan
        self._columns = {each.column: ColumnTokeniser(tokenisers[each.column]) for each in plan.columns}
        self._dropped = frozenset(plan.drop)

    @classmethod
    def of(cls, ring: KeyRing, recipient: Recipient, plan: BulkPlan) -> "BatchTokeniser":
        """The plan for a recipient, under the newest version of the token key."""
        return cls(plan, tokenisers_of(ring, recipient, plan))

    def schema(self, schema: Any) -> Any:
        """The schema of the result.

        Raises: BulkPlanError: the columns are not those of the plan.
        """
        self.plan.check(schema.names)
        kept = [
            pa.field(field.name, pa.string()) if field.name in self._columns else field.remove_metadata()
            for field in schema
            if field.name not in self._dropped
        ]
        return pa.schema(kept)

    def apply(self, batch: Any, first_row: int = 0) -> Tokenised:
        """Tokenise one batch, whose first row has this number.

        Raises: BulkPlanError; ColumnTypeError: a column is not text.
        """
        schema = self.schema(batch.schema)
        refused: list[Refusal] = []
        arrays, tokens, nulls = [], 0, 0
        for name in schema.names:
            maker = self._columns.get(name)
            if maker is None:
                arrays.append(batch.column(name))
                continue
            found = maker.tokenise(batch.column(name))
            arrays.append(found.tokens)
            refused += [_refusal(first_row, name, cell) for cell in found.refused]
            tokens += len(batch) - found.nulls - len(found.refused)
            nulls += found.nulls
        refused.sort(key=lambda each: each.row)
        return Tokenised(pa.record_batch(arrays, schema=schema), tuple(refused), tokens, nulls)


def tokenise(  # noqa: PLR0913 - what is tokenised, for whom, and who is told, by name
    source: Any,
    ring: KeyRing,
    recipient: Recipient,
    *,
    plan: BulkPlan,
    on_refused: OnRefusal | None = None,
    count: Count | None = None,
) -> Any:
    """Tokenise anything Arrow as a stream; gives a `pyarrow.RecordBatchReader`, itself an Arrow C stream.

    ``source``: a table, a batch, a reader, or an object with ``__arrow_c_stream__``. Without ``on_refused`` a cell
    that has no token ends the stream, so that none is lost in silence.
    Raises: BulkSourceError: not Arrow; BulkPlanError; while reading, ColumnTypeError, CellRefusedError.
    """
    reader = reader_of(source)
    maker = BatchTokeniser.of(ring, recipient, plan)
    return pa.RecordBatchReader.from_batches(maker.schema(reader.schema), _stream(reader, maker, on_refused, count))


def reader_of(source: Any) -> Any:
    """A record batch reader on anything Arrow. Raises: BulkSourceError."""
    if isinstance(source, pa.RecordBatchReader):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(source.schema, [source])
    if isinstance(source, pa.Table):
        return source.to_reader()
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source)
    raise BulkSourceError("neither an Arrow table nor an Arrow stream")


def _stream(reader: Any, maker: BatchTokeniser, on_refused: OnRefusal | None, count: Count | None) -> Iterator[Any]:
    row = 0
    for batch in reader:
        made = maker.apply(batch, row)
        row += len(batch)
        if made.refused and on_refused is None:
            first = made.refused[0]
            raise CellRefusedError(first.column, first.fault, first.row + 1)
        if made.refused and on_refused is not None:
            on_refused(made.refused)
        if count is not None:
            count(len(batch), made.tokens, made.nulls, len(made.refused))
        yield made.batch


def _refusal(first_row: int, column: str, cell: CellRefusal) -> Refusal:
    return Refusal(first_row + cell.row, column, cell.fault)
