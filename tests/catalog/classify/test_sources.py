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
from catalog.classify.sources.sampling import MAX_CELL, MAX_COLUMNS, sampled
from catalog.classify.store_sources import TableName, opened, read_table, tables_of

TODAY = date(2026, 11, 24)


def names(path: Path) -> list[str]:
    return [column.name for column in read_file(path, size=100, today=TODAY).columns]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_is_read_in_the_encodings_of_chinese_systems(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(("姓名,电话\n" + "张三,13800138000\n" * 20).encode(encoding))
    sample = read_file(path, size=10, today=TODAY)
    assert ([column.name for column in sample.columns], sample.rows) == (["姓名", "电话"], 20)


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
        ("a.json", b'[{"a": 1}, {"a": 2}]'),
        ("p.jsonl", b'{\n  "a": 1\n}\n'),
        ("s.csv", b"SQLite format 3\0" + bytes(100)),
        ("x.csv", bytes(range(256)) * 40),
        ("latin.csv", "naïve,café,déjà,élève\n".encode("latin-1") * 10),
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
    assert int(str(kept[-1][0])) > 95_000


def test_a_folder_gives_its_files_of_known_kinds(tmp_path: Path) -> None:
    for name in ("b.csv", "a.jsonl", "c.png"):
        (tmp_path / name).write_text(json.dumps(name))
    assert [file.name for file in files_of([tmp_path])] == ["a", "b"]


def test_files_of_one_name_in_a_folder_are_different_tables(tmp_path: Path) -> None:
    for name in ("2024/loans.csv", "2025/loans.csv", "people.csv", "people.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    assert [file.name for file in files_of([tmp_path])] == ["2024/loans", "2025/loans", "people.csv", "people.jsonl"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "\x01"])
def test_a_csv_file_says_itself_what_separates_its_columns(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "t.csv"
    rows = [("name", "amount", "remark"), *(("张三", "1 500", "paid on time") for _ in range(20))]
    path.write_text("".join(f"{separator.join(row)}\n" for row in rows), encoding="utf-8")
    assert names(path) == ["name", "amount", "remark"]


def test_a_comma_of_a_decimal_does_not_separate_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("amount, yuan;date;name\n" + "1,50;2026-01-01;a\n" * 5)
    assert names(path) == ["amount, yuan", "date", "name"]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "mixed"])
def test_rows_end_as_the_system_that_wrote_them_ends_lines(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "t.csv"
    text_ = "a,b\r\n1,2\n3,4\r5,6\n" if ends == "mixed" else ends.join(["a,b", "1,2", "3,4", "5,6", ""])
    path.write_bytes(text_.encode())
    sample = read_file(path, size=10, today=TODAY)
    assert [list(column.cells) for column in sample.columns] == [["1", "3", "5"], ["2", "4", "6"]]


def test_columns_of_one_name_or_none_are_all_there_under_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,,a,a (2),,column_2\n1,2,3,4,5,6\n")
    sample = read_file(path, size=10, today=TODAY)
    found = {column.name: column.cells[0] for column in sample.columns}
    assert list(found.values()) == ["1", "2", "3", "4", "5", "6"]
    assert list(found) == ["a", "column_2 (2)", "a (3)", "a (2)", "column_5", "column_2"]


def test_ten_thousand_columns_are_read_and_too_many_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{number}" for number in range(10_000)) + "\n" + "1," * 9_999 + "1\n")
    assert len(names(path)) == 10_000
    path.write_text(",".join(f"c{number}" for number in range(MAX_COLUMNS + 1)) + "\n")
    with pytest.raises(SourceRefusedError, match="columns"):
        names(path)


def test_keys_of_json_objects_that_are_identifiers_name_no_column(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"11010519491231002X": "a", "city": "b"}\n')
    assert names(path) == ["column_1", "city"]


def test_a_long_line_is_refused_and_a_long_cell_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "x" * 200_000 + ",1\n")
    with pytest.raises(SourceRefusedError, match="line 2 is not CSV, or a cell is longer"):
        names(path)
    path.write_text("a,b\n" + "x" * 1_100_000 + ",1\n")
    with pytest.raises(SourceRefusedError, match="longer than a million"):
        names(path)


def test_a_broken_sign_does_not_make_a_file_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("姓名,备注\n".encode() + b"\xff," + "资料齐全\n".encode() * 20)
    assert names(path) == ["姓名", "备注"]


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


async def test_long_texts_are_read_by_their_beginning(tmp_path: Path, url: str) -> None:
    long_text = "资料齐全" * 100_000
    parquet.write_table(pa.table({"a": [long_text] * 40, "b": [b"x"] * 40}), tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text(json.dumps({"a": long_text}, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in ("t.parquet", "t.jsonl"):
        sample = read_file(tmp_path / name, size=10, today=TODAY)
        assert {len(str(cell)) for cell in sample.columns[0].cells} == {MAX_CELL}
    for given in (url, f"sqlite+aiosqlite:///{tmp_path}/t.db"):
        engine = create_async_engine(given)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE t (a text, b integer)"))
            await connection.execute(text("INSERT INTO t VALUES (:a, 1)"), [{"a": long_text}] * 3)
        await engine.dispose()
        async with opened(given) as found:
            first, second = (await read_table(found, TableName(None, "t"), size=10)).columns
        assert ({len(str(cell)) for cell in first.cells}, set(second.cells)) == ({MAX_CELL}, {1})


async def test_a_column_of_an_enumeration_is_read(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TYPE sex AS ENUM ('男', '女')"))
        await connection.execute(text("CREATE TABLE t (a sex, b jsonb, c uuid, d inet, e varchar[])"))
        await connection.execute(
            text("INSERT INTO t VALUES ('男', '{}', gen_random_uuid(), '10.0.0.1', ARRAY['x'])"),
        )
    await engine.dispose()
    async with opened(url) as found:
        columns = (await read_table(found, TableName(None, "t"), size=10)).columns
    assert [len(column.cells) for column in columns] == [1] * 5
    assert columns[0].cells[0] == "男"


async def test_a_view_and_a_table_without_row_ids_are_sampled_too(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER)"))
        await connection.execute(text("CREATE TABLE w (a INTEGER PRIMARY KEY) WITHOUT ROWID"))
        for statement in ("INSERT INTO t VALUES (:n)", "INSERT INTO w VALUES (:n)"):
            await connection.execute(text(statement), [{"n": n} for n in range(500)])
        await connection.execute(text("CREATE VIEW v AS SELECT a * 2 AS b FROM t"))
    await engine.dispose()
    async with opened(f"sqlite:///{tmp_path}/t.db") as found:
        sizes = [len((await read_table(found, TableName(None, name), size=50)).columns[0].cells) for name in "wv"]
    assert sizes == [50, 50]
