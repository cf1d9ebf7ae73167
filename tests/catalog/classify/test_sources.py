"""Samples from files and databases."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from catalog.classify.errors import SourceRefusedError
from catalog.classify.sources.files import files_of, read_file
from catalog.classify.sources.sampling import sampled
from catalog.classify.store_sources import TableName, opened, read_table, tables_of

TODAY = date(2026, 11, 24)


def names(path: Path) -> list[str]:
    return [column.name for column in read_file(path, size=100, today=TODAY).columns]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_of_chinese_systems(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("姓名,电话\n张三,13800138000\n".encode(encoding))
    sample = read_file(path, size=10, today=TODAY)
    assert ([column.name for column in sample.columns], sample.rows) == (["姓名", "电话"], 1)


def test_a_first_row_of_data_never_becomes_the_names_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("张三,11010519491231002X,13800138000\n李四,110105194912310039,13900139000\n")
    sample = read_file(path, size=10, today=TODAY)
    assert sample.is_headless
    assert [column.name for column in sample.columns] == ["column_1", "column_2", "column_3"]
    assert sample.rows == 2


def test_json_lines_give_the_columns_of_all_their_objects(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n\n{"b": {"c": "x"}, "a": 2}\n')
    assert names(path) == ["a", "b"]


def test_parquet_is_read_by_row_groups_spread_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": list(range(1000)), "b": [["x"]] * 1000}), path, row_group_size=100)
    sample = read_file(path, size=50, today=TODAY)
    assert sample.rows == 1000
    assert max(int(str(cell)) for cell in sample.columns[0].cells) > 900


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", b""),
        ("b.jsonl", b'{"a": 1}\nnot json\n'),
        ("l.jsonl", b"[1]\n"),
        ("p.parquet", b"PAR1 and nothing else"),
    ],
)
def test_what_cannot_be_read_is_refused_without_repeating_it(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceRefusedError) as caught:
        read_file(path, size=10, today=TODAY)
    assert "not json" not in str(caught.value).replace("is not JSON", "")


def test_a_sample_is_spread_over_the_whole_stream_and_bounded() -> None:
    kept, seen = sampled(([number] for number in range(100_000)), 500)
    assert seen == 100_000
    assert 250 <= len(kept) <= 500
    assert kept[-1][0] > 95_000


def test_a_folder_gives_its_files_of_known_kinds(tmp_path: Path) -> None:
    for name in ("b.csv", "a.jsonl", "c.png"):
        (tmp_path / name).write_text(json.dumps(name))
    assert [path.name for path in files_of([tmp_path])] == ["a.jsonl", "b.csv"]


@pytest.fixture
def url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


async def test_a_database_is_read_schema_by_schema_with_comments(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in (
            "CREATE SCHEMA lake",
            'CREATE TABLE lake."客户" (id bigint, c1 text, photo bytea)',
            "COMMENT ON COLUMN lake.\"客户\".c1 IS '手机号'",
            (
                'INSERT INTO lake."客户" '
                "SELECT n, '1380013' || lpad(n::text, 4, '0'), 'x' FROM generate_series(1, 5000) n"
            ),
        ):
            await connection.execute(text(statement))
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text('ANALYZE lake."客户"'))
    await engine.dispose()
    async with opened(url) as found:
        assert await tables_of(found, ["lake"]) == [TableName("lake", "客户")]
        sample = await read_table(found, TableName("lake", "客户"), size=100)
    assert [(column.name, column.comment) for column in sample.columns] == [("id", ""), ("c1", "手机号"), ("photo", "")]
    assert set(sample.columns[2].cells) == {None}
    assert sample.rows == 5000
    assert len(sample.columns[1].cells) == 100


async def test_a_sqlite_table_is_sampled_over_its_length(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/t.db"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER)"))
        await connection.execute(text("INSERT INTO t VALUES (:n)"), [{"n": n} for n in range(1000)])
    await engine.dispose()
    async with opened(f"sqlite:///{tmp_path}/t.db") as found:
        sample = await read_table(found, TableName(None, "t"), size=50)
    assert max(int(str(cell)) for cell in sample.columns[0].cells) > 900
