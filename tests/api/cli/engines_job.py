"""Run by test_engines in a Python that has DuckDB, Polars and Spark: hands each the same rows, prints what came back.

Arguments: a Parquet file of `tests.vault.test_bulk_runs.table`, a folder for results. Settings name the database.
"""

import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pa_parquet
from pyspark.sql import SparkSession

from api.jobs import tokenising
from api.settings import load_settings
from lineage import Actor, Role
from tests.vault.support import ring
from tests.vault.test_bulk_runs import PLAN, RECIPIENT
from vault import BulkTargetError, TokenKind, TokenSpec
from vault.bulk.spark import REFUSED, SparkTokens, _check_cluster, tokenise_frame
from vault.bulk.streams import tokenise, tokenisers_of
from vault.bulk_plans import BulkPlan, ColumnPlan, Recipient

OPENED = BulkPlan(
    (ColumnPlan("phone", "mobile_no", TokenSpec(TokenKind.REVERSIBLE, "mobile")),),
    keep=("amount",),
    drop=("note", "card"),
)


def main(source: Path, out: Path) -> None:
    found: dict[str, Any] = {}
    ignored: list[Any] = []
    relation = duckdb.connect().read_parquet(str(source)).order("amount")
    made = tokenise(relation.to_arrow_reader(1000), ring(), RECIPIENT, plan=PLAN, on_refused=ignored.extend)
    back = duckdb.connect()
    back.register("tokens", made)
    pa_parquet.write_table(
        back.execute("SELECT * FROM tokens ORDER BY amount").to_arrow_table(), out / "duckdb.parquet"
    )
    frame = pl.read_parquet(source)
    made = tokenise(frame, ring(), RECIPIENT, plan=PLAN, on_refused=ignored.extend)
    pl.DataFrame(made).write_parquet(out / "polars.parquet")
    spark = session()
    try:
        found |= _in_spark(spark, source, out)
        found |= _recorded(spark, source)
    finally:
        spark.stop()
    sys.stdout.write(json.dumps(found))


def session() -> SparkSession:
    """A Spark of this machine's own."""
    building = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    building = building.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    building = building.config("spark.sql.execution.arrow.maxRecordsPerBatch", "10000")
    session = building.config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"]).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def _in_spark(spark: Any, source: Path, out: Path) -> dict[str, Any]:
    frame = spark.read.parquet(str(source)).repartition(4)
    made = tokenise_frame(frame, ring(), RECIPIENT, plan=PLAN, report=True).orderBy("amount")
    rows = [row.asDict() for row in made.collect()]
    pa_parquet.write_table(pa.Table.from_pylist(rows), out / "spark.parquet")
    try:
        tokenise_frame(frame, ring(), RECIPIENT, plan=PLAN).collect()
        message = ""
    except Exception as error:  # noqa: BLE001  whatever Spark wraps it into
        message = str(error)
    same = tokenise(pa_parquet.read_table(source), ring(), RECIPIENT, plan=OPENED, on_refused=lambda _cells: None)
    opened = tokenise_frame(frame, ring(), RECIPIENT, plan=OPENED, report=True).orderBy("amount").collect()
    task = SparkTokens(PLAN, tokenisers_of(ring(), RECIPIENT, PLAN), report=False)
    shipped = pickle.dumps(task)
    return {
        "reversible": [row["phone"] for row in opened] == same.read_all().sort_by("amount")["phone"].to_pylist(),
        "refused": sum(row[REFUSED] is not None for row in rows),
        "ends_the_job": "no token (shape)" in message,
        "says_no_value": "nobody" not in message,
        "repr": repr(task),
        "ships_other_keys": any(bytes((first + i) % 256 for i in range(32)) in shipped for first in (64, 96, 128, 160)),
        "clusters": [_is_refused(**conf) for conf in CLUSTERS],
    }


CLUSTERS = (
    {"spark.master": "local[4]"},
    {"spark.master": "yarn"},
    {"spark.master": "spark://a:7077", "spark.authenticate": "true"},
    {"spark.master": "yarn", "spark.authenticate": "true", "spark.network.crypto.enabled": "true"},
    {},
)


def _is_refused(**conf: str) -> bool:
    class Session:
        def __init__(self) -> None:
            self.conf = conf

    try:
        _check_cluster(Session())
    except BulkTargetError:
        return True
    return False


def _recorded(spark: Any, source: Path) -> dict[str, Any]:
    plan = {
        "columns": {"phone": {"field": "mobile_no", "kind": "format_preserving"}},
        "keep": ["amount"],
        "drop": ["note", "card"],
    }
    recipient = Recipient("xiaomi", "limit_setting", "xiaomi_finance")
    with tokenising(load_settings(), recipient, plan, by=Actor(Role.OPERATOR, "data-platform")) as job:
        job.spark(spark.read.parquet(str(source)), report=True).count()
        job.arrow(pl.read_parquet(source), on_refused=lambda _cells: None).read_all()
        return {"counts": job.counts()}


if __name__ == "__main__":
    main(*(Path(each) for each in sys.argv[1:]))
