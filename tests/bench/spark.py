"""Tokens in a local Spark beside a Spark that hands the same rows through unchanged.

As a program: run by the Python of `tools/engines.sh`; prints rows a second as JSON. Both columns of every row become
tokens; the rows come from Parquet and are summed up, so that nothing is left out as unused.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.bench.report import Table
from tests.engines import engines

ROWS = 4_000_000
QUICK_ROWS = 400_000


def table(*, quick: bool) -> Table:
    """Measure, if there is a Spark."""
    other = engines()
    head = ("what", "rows a second")
    if other.missing:
        return Table("Tokens in Spark", head, [(other.missing, "-")])
    done = other.run("tests.bench.spark", QUICK_ROWS if quick else ROWS)
    done.check_returncode()
    said = json.loads(done.stdout)
    rows = [(name, f"{rate:,.0f}") for name, rate in said.items()]
    return Table("Tokens in Spark, local, two columns of each row", head, rows)


def _measure(count: int) -> dict[str, float]:
    import pyarrow as pa  # noqa: PLC0415  of the other environment, like Spark
    import pyarrow.parquet as pa_parquet  # noqa: PLC0415

    from tests.api.cli.engines_job import session  # noqa: PLC0415
    from tests.vault.support import ring  # noqa: PLC0415
    from tests.vault.test_bulk_runs import PLAN, RECIPIENT  # noqa: PLC0415
    from vault.bulk.spark import tokenise_frame  # noqa: PLC0415

    rows = pa.table(
        {
            "phone": pa.array([f"138{n:08d}" for n in range(count)]),
            "amount": pa.array(range(count), pa.int64()),
            "card": pa.array([f"6200000000{n:06d}" for n in range(count)]),
            "note": pa.array(["to be left out"]).take(pa.array([0] * count)),
        }
    )
    spark = session()
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/rows.parquet"
        pa_parquet.write_table(rows, path, row_group_size=250_000)
        frame = spark.read.parquet(path)
        made = tokenise_frame(frame, ring(), RECIPIENT, plan=PLAN)
        same = frame.mapInArrow(_unchanged, frame.schema)
        _seconds(made.limit(1000))  # the workers start, and stay
        found = {
            "tokens": count / _seconds(made),
            "the same rows unchanged": count / _seconds(same),
        }
    spark.stop()
    return found


def _unchanged(batches: Iterable[Any]) -> Iterator[Any]:
    yield from batches


def _seconds(frame: Any) -> float:
    began = time.perf_counter()
    frame.selectExpr("sum(length(phone)) + sum(length(card))").collect()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]))))
