"""Parquet: typed values, the same rules, resumed by row."""

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.shapes import ValueType
from gate.loading import LoadOptions, LoadRefusedError, PartMissingError, TooManyRejectsError
from gate.loading.cells import CellRefusal, instant_us, reader
from gate.loading.sources import open_source
from tests.gate.loading.world import faults, load, loaded_entries, register, values_of
from tests.gate.people import made_up
from tests.world import World


def table(indexes: range, **changes: list[Any]) -> pa.Table:
    columns: dict[str, list[Any]] = {
        "id_card_no": [made_up(n).id_card_no for n in indexes],
        "observed_at": [datetime(2026, 3, 1, tzinfo=UTC) for _ in indexes],
        "orders": [n % 90 for n in indexes],
        "limit": [float(n) for n in indexes],
    }
    return pa.table(columns | changes)


async def test_a_parquet_file_is_loaded_like_a_csv(lender: World, tmp_path: Path) -> None:
    refs = await register(lender, range(40))
    path = tmp_path / "values"
    pq.write_table(table(range(40)), path, row_group_size=7)
    summary = await load(lender, path, options=LoadOptions(batch_rows=15))
    assert (summary.rows_done, summary.rows_rejected) == (40, 0)
    assert await values_of(lender, refs[39].ref) == {"orders": 39, "limit": 39}


async def test_a_parquet_load_goes_on_at_its_row(lender: World, tmp_path: Path) -> None:
    await register(lender, range(40))
    path, report = tmp_path / "values.parquet", tmp_path / "faults.jsonl"
    limits = [None if n in (20, 21) else n + 0.5 if n in (29, 31) else float(n) for n in range(40)]
    pq.write_table(table(range(40), limit=limits), path, row_group_size=7)
    with pytest.raises(TooManyRejectsError):
        await load(lender, path, options=LoadOptions(batch_rows=10, max_rejects=0))
    summary = await load(lender, path, options=LoadOptions(batch_rows=10, report=report))
    assert (summary.resumed_at, summary.rows_done, summary.rows_rejected) == (20, 40, 2)
    assert [(each["row"], each["code"]) for each in faults(report)] == [(30, "not_integer"), (32, "not_integer")]
    assert [each["last_row"] for each in await loaded_entries(lender)] == [10, 20, 30, 40]


def test_rows_are_read_from_any_row_on(tmp_path: Path) -> None:
    path = tmp_path / "values.parquet"
    pq.write_table(table(range(3000)), path, row_group_size=1100)
    for skip in (0, 1, 999, 1000, 1099, 1100, 2999, 3000):
        source = open_source(path)
        rows = list(source.rows(skip))
        source.close()
        assert [each.number for each in rows] == list(range(skip + 1, 3001))
        assert [(each.cells or ())[3] for each in rows] == [float(n) for n in range(skip, 3000)]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "values.parquet"
    path.write_bytes(b"PAR1" + b"\x00" * 100)
    with pytest.raises(LoadRefusedError, match="cannot be opened"):
        open_source(path)


def test_without_pyarrow_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "values.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PartMissingError, match=r'pip install "yumen\[parquet\]"'):
        open_source(path)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (ValueType.INTEGER, 7, 7),
        (ValueType.INTEGER, 7.0, 7),
        (ValueType.INTEGER, Decimal(7), 7),
        (ValueType.NUMBER, 7, 7),
        (ValueType.NUMBER, Decimal("0.5"), 0.5),
        (ValueType.BOOLEAN, False, False),
        (ValueType.DATE, date(2020, 2, 29), "2020-02-29"),
        (ValueType.DATE, "2020-02-29", "2020-02-29"),
        (ValueType.STRING, "金", "金"),
    ],
)
def test_a_typed_cell_of_the_type_is_taken(kind: ValueType, cell: object, value: object) -> None:
    read = reader(kind, is_text=False)(cell)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (ValueType.INTEGER, True),
        (ValueType.INTEGER, "7"),
        (ValueType.INTEGER, 7.5),
        (ValueType.INTEGER, 10**15),
        (ValueType.INTEGER, float("nan")),
        (ValueType.NUMBER, float("inf")),
        (ValueType.NUMBER, b"7"),
        (ValueType.NUMBER, False),
        (ValueType.BOOLEAN, 1),
        (ValueType.BOOLEAN, "true"),
        (ValueType.DATE, datetime(2020, 2, 29, tzinfo=UTC)),
        (ValueType.DATE, "29.2.2020"),
        (ValueType.STRING, 7),
        (ValueType.STRING, b"x"),
    ],
)
def test_a_typed_cell_of_another_type_is_refused(kind: ValueType, cell: object) -> None:
    with pytest.raises(CellRefusal) as caught:
        reader(kind, is_text=False)(cell)
    assert caught.value.fault.startswith("not_")


def test_a_day_begins_in_china() -> None:
    eight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert (
        instant_us("2026-03-01")
        == instant_us(date(2026, 3, 1))
        == instant_us(eight)
        == instant_us("2026-02-28t16:00:00z")
    )
    with pytest.raises(CellRefusal, match="not_instant"):
        instant_us(datetime(2026, 3, 1))  # noqa: DTZ001 - a bare local time is the point
