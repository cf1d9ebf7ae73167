"""Columns handed to other engines come back as the same tokens: DuckDB, Polars, and a real local Spark."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from tests.api.cli.conftest import Cli
from tests.engines import Engines, engines
from tests.vault.support import ring
from tests.vault.test_bulk_runs import PLAN, RECIPIENT, table
from vault.bulk.streams import Refusal, tokenise

pytestmark = pytest.mark.slow
ROWS = 5000


@pytest.fixture(scope="module")
def other() -> Engines:
    """A Python that has them; the test is skipped if there is none."""
    found = engines()
    if found.missing:
        pytest.skip(found.missing)
    return found


def test_every_engine_gets_the_tokens_that_arrow_gets(other: Engines, cli: Cli, tmp_path: Path) -> None:
    cli("setup", "000")
    pa_parquet.write_table(table(ROWS), tmp_path / "people.parquet")
    done = other.run("tests.api.cli.engines_job", tmp_path / "people.parquet", tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    refused: list[Refusal] = []
    wanted = tokenise(table(ROWS), ring(), RECIPIENT, plan=PLAN, on_refused=refused.extend).read_all()
    for engine in ("duckdb", "polars", "spark"):
        assert _rows(tmp_path / f"{engine}.parquet") == wanted.to_pylist(), engine
    assert said["refused"] == len(refused)
    assert said["reversible"]
    assert said["ends_the_job"]
    assert said["says_no_value"]
    assert (said["repr"], said["ships_other_keys"]) == ("<SparkTokens>", False)
    assert said["clusters"] == [False, True, True, False, True]
    nulls, faults = 52, len(refused)
    assert said["counts"] == {
        "rows": 2 * ROWS,
        "tokens": 2 * (ROWS - nulls - faults),
        "nulls": 2 * nulls,
        "refused": 2 * faults,
    }
    begun, ended = reversed(cli("entries", "--tenant", "xiaomi", "--kind", "tokens.made", "--json").document["entries"])
    assert (begun["phase"], ended["phase"], ended["counts"]) == ("begun", "done", said["counts"])
    assert ended["actor"] == {"role": "operator", "id": "data-platform"}


def _rows(path: Path) -> list[dict[str, Any]]:
    found = pa_parquet.read_table(path).select(["phone", "amount", "card"])
    return pa.Table.to_pylist(found)
