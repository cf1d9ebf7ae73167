"""Tokens in Spark: a plan as a function for `DataFrame.mapInArrow`. Needs the extras `bulk` and `spark`.

Rules:
- the keys of the plan's columns, of this recipient and purpose alone, travel to the workers inside the task; never the
  key they are derived from, nor the root key. A cluster that does not encrypt what it sends is refused;
- rows keep their number; a cell without a token ends the job, or is empty and named in a column of its own;
- workers import this module: the same release must be installed there.

Source: Spark 4, `pyspark.sql.DataFrame.mapInArrow`; its security guide on `spark.authenticate` and
`spark.network.crypto.enabled`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import pyarrow as pa
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from vault.bulk.streams import BatchTokeniser, Count, Refusal, tokenisers_of
from vault.bulk_plans import BulkPlan, Recipient
from vault.errors import BulkTargetError, CellRefusedError, ColumnTypeError
from vault.keyring import KeyRing
from vault.secret import Keeper
from vault.token_kinds import Tokeniser, TokenOrigin, TokenScope

REFUSED: Final = "refused_cells"
Keys: TypeAlias = dict[str, tuple[bytes, TokenOrigin, TokenScope]]


def counters(session: Any, names: Sequence[str]) -> tuple[Count | None, dict[str, Any]]:
    """A `count` for `tokenise_frame`, and Spark's accumulators by name; none over Spark Connect, which has none."""
    context = getattr(session, "_sc", None)
    if context is None:
        return None, {}
    values = {name: context.accumulator(0) for name in names}
    return _Counters(tuple(values.values())), values


@dataclass(frozen=True, slots=True)
class _Counters:
    values: tuple[Any, ...]

    def __call__(self, *made: int) -> None:
        for counter, number in zip(self.values, made, strict=True):
            counter.add(number)


def tokenise_frame(  # noqa: PLR0913 - what is tokenised, for whom, and who is told, by name
    frame: Any,
    ring: KeyRing,
    recipient: Recipient,
    *,
    plan: BulkPlan,
    report: bool = False,
    count: Count | None = None,
) -> Any:
    """Tokenise a Spark data frame; gives a data frame, worked out when Spark needs it.

    With ``report`` a cell without a token is empty, and the column ``refused_cells`` (array of ``column:reason``, null
    in other rows) names it; otherwise it ends the job. ``count`` runs on the workers: give it accumulators.
    Raises: BulkPlanError; ColumnTypeError: a column is not text; BulkTargetError: the cluster sends in the clear.
    """
    _check_cluster(frame.sparkSession)
    schema = spark_schema(frame.schema, plan, report=report)
    return frame.mapInArrow(SparkTokens(plan, tokenisers_of(ring, recipient, plan), report=report, count=count), schema)


def spark_schema(schema: StructType, plan: BulkPlan, *, report: bool = False) -> StructType:
    """The schema of the result. Raises: BulkPlanError, ColumnTypeError, BulkTargetError."""
    plan.check(schema.names)
    columns = {each.column for each in plan.columns}
    fields = [field for field in schema.fields if field.name not in plan.drop]
    for field in fields:
        if field.name in columns and not isinstance(field.dataType, StringType):
            raise ColumnTypeError(field.dataType.simpleString())
    if report and REFUSED in schema.names:
        raise BulkTargetError(f"there is a column `{REFUSED}` already")
    made = [StructField(field.name, StringType()) if field.name in columns else field for field in fields]
    return StructType([*made, StructField(REFUSED, ArrayType(StringType()))] if report else made)


@final
class SparkTokens(Keeper):
    """What the workers run. Of all that holds keys, this alone is serialised: for them, by Spark."""

    __slots__ = ("_count", "_plan", "_report", "_tokenisers")

    def __init__(
        self, plan: BulkPlan, tokenisers: Mapping[str, Tokeniser], *, report: bool, count: Count | None = None
    ) -> None:
        self._plan = plan
        self._tokenisers = tokenisers
        self._report = report
        self._count = count

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Tokenise a partition, batch by batch. Raises: CellRefusedError, without ``report``."""
        maker = BatchTokeniser(self._plan, self._tokenisers)
        for batch in batches:
            made = maker.apply(batch)
            if made.refused and not self._report:
                raise CellRefusedError(made.refused[0].column, made.refused[0].fault)
            if self._count is not None:
                self._count(len(batch), made.tokens, made.nulls, len(made.refused))
            yield _with_refused(made.batch, made.refused) if self._report else made.batch

    def __reduce__(self) -> Any:
        """For Spark's serialiser: the plan and the keys of its columns."""
        keys: Keys = {column: (each.key, each.origin, each.scope) for column, each in self._tokenisers.items()}
        return _received, (self._plan, keys, self._report, self._count)


def _received(plan: BulkPlan, keys: Keys, report: bool, count: Count | None) -> SparkTokens:  # noqa: FBT001 - as pickle calls it
    tokenisers = {each.column: Tokeniser(*keys[each.column], each.spec) for each in plan.columns}
    return SparkTokens(plan, tokenisers, report=report, count=count)


def _with_refused(batch: Any, refused: Iterable[Refusal]) -> Any:
    cells: dict[int, list[str]] = {}
    for each in refused:
        cells.setdefault(each.row, []).append(f"{each.column}:{each.fault}")
    column = pa.array([cells.get(row) for row in range(len(batch))], pa.list_(pa.string()))
    return pa.record_batch([*batch.columns, column], names=[*batch.schema.names, REFUSED])


def _check_cluster(session: Any) -> None:
    """Refuse a cluster that would send the keys in the clear. Raises: BulkTargetError."""

    def is_on(*names: str) -> bool:
        return any(str(session.conf.get(name, "false")).lower() == "true" for name in names)

    if str(session.conf.get("spark.master", "")).startswith("local"):
        return
    if not is_on("spark.authenticate") or not is_on("spark.network.crypto.enabled", "spark.ssl.rpc.enabled"):
        raise BulkTargetError(
            "this Spark sends tasks unencrypted, and they hold keys: "
            "set spark.authenticate and spark.network.crypto.enabled"
        )
