"""``yumen classify`` and ``yumen catalog review``: files and a database, proposals, drift, failing a pipeline."""

import asyncio
import csv
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.api.cli.conftest import Cli
from tests.evaluation import numbers, words
from tests.evaluation.cells import rng_of

RNG = rng_of("cli")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "loans.csv"
    path.parent.mkdir()
    write(
        path,
        [[words.person(RNG), numbers.resident_id(RNG), numbers.mobile(RNG), "资料齐全，已处理"] for _ in range(60)],
    )
    return path


def write(path: Path, rows: list[list[object]], header: tuple[str, ...] = ("khxm", "f1", "f2", "remark")) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def kinds(answer: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["kind"] for table in answer["tables"] for column in table["columns"]}


def test_a_file_is_classified_and_no_output_holds_a_value(cli: Cli, loans: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("r.html", "r.json", "t.json", "state.jsonl")]
    html, out, tags, state = map(str, outputs)
    found = cli("classify", str(loans), "--html", html, "--out", out, "--tags", tags, "--state", state, "--json")
    assert found.code == 0, found.err
    answer = json.loads(found.out)
    assert kinds(answer) == {"khxm": "full_name", "f1": "id_card_no", "f2": "mobile_no", "remark": "free_text"}
    values = [cell for line in loans.read_text(encoding="utf-8").splitlines()[1:] for cell in line.split(",")[:3]]
    written = found.out + found.err + "".join(path.read_text(encoding="utf-8") for path in outputs)
    assert not any(value in written for value in values)


def test_a_run_goes_on_where_it_was_stopped(cli: Cli, loans: Path, tmp_path: Path) -> None:
    folder = loans.parent
    write(folder / "people.csv", [[words.person(RNG)] for _ in range(30)], ("xm",))
    state = tmp_path / "state.jsonl"
    assert cli("classify", str(folder), "--state", str(state)).code == 0
    head, first, second = state.read_text(encoding="utf-8").splitlines()
    state.write_text(f"{head}\n{first}\n{second[:50]}", encoding="utf-8")  # killed while it wrote
    done = json.loads(first)["name"]
    (folder / f"{done}.csv").write_text("changed\nmeanwhile\n")  # what is done is not read again
    found = cli("classify", str(folder), "--state", str(state), "--json")
    assert {table["name"] for table in json.loads(found.out)["tables"]} == {"loans", "people"}
    assert "changed" not in found.out
    assert cli("classify", str(loans), "--state", str(state)).code == 2


def test_a_state_file_that_is_something_else_is_refused_and_kept(cli: Cli, loans: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for content in (b"a,b\n1,2\n", bytes(range(256)), b"a", b"\n"):
        state.write_bytes(content)
        found = cli("classify", str(loans), "--state", str(state))
        assert (found.code, state.read_bytes()) == (2, content)
        assert "another run" in found.err
    state.write_bytes(b"")  # killed before it wrote anything
    assert cli("classify", str(loans), "--state", str(state)).code == 0
    whole = state.read_bytes()
    state.write_bytes(whole[:20])  # killed while it wrote its first line
    assert cli("classify", str(loans), "--state", str(state)).code == 0
    assert state.read_bytes() == whole


def test_a_folder_is_classified_by_several_processes(cli: Cli, loans: Path) -> None:
    write(loans.parent / "people.csv", [[words.person(RNG)] for _ in range(30)], ("f1",))
    found = cli("classify", str(loans.parent), "--jobs", "2", "--json")
    assert [table["name"] for table in json.loads(found.out)["tables"]] == ["loans", "people"]


def test_a_run_killed_outright_goes_on_and_leaves_no_process_behind(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, state = tmp_path / "many", tmp_path / "state.jsonl"
    folder.mkdir()
    for number in range(12):
        rows: list[list[object]] = [[numbers.mobile(RNG), words.person(RNG), "资料齐全"] for _ in range(600)]
        write(folder / f"t{number:02}.csv", rows, ("f1", "f2", "remark"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    code = "from api.cli import main; main()"
    command = [sys.executable, "-c", code, "classify", str(folder), "--jobs", "2", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: state.exists() and state.read_bytes().count(b"\n") > 2)
        workers = children(process.pid)
        process.kill()
    assert workers
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    kept = state.read_text(encoding="utf-8").split("\n")[1:-1]
    found = json.loads(cli("classify", str(folder), "--state", str(state), "--json").out)
    assert [table["name"] for table in found["tables"]] == [f"t{number:02}" for number in range(12)]
    assert {table["name"] for table in map(json.loads, kept)} < {table["name"] for table in found["tables"]}


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in listed.split()]


@pytest.mark.parametrize(("on", "code"), [("unknown", 1), ("leak", 0), ("grade4", 0)])
def test_a_pipeline_fails_on_what_it_is_told_to(cli: Cli, tmp_path: Path, on: str, code: int) -> None:
    path = tmp_path / "t.csv"
    write(path, [[number] for number in range(100)], ("f1",))
    assert cli("classify", str(path), "--fail-on", on).code == code


def test_a_new_column_fails_until_it_was_proposed_and_a_changed_one_is_told(cli: Cli, loans: Path) -> None:
    assert cli("setup", "001").code == 0
    where = ("--tenant", "jiebei", "--source", "warehouse")
    assert cli("classify", str(loans), *where, "--fail-on", "new").code == 1
    assert cli("classify", str(loans), *where, "--write").code == 0
    assert cli("classify", str(loans), *where, "--fail-on", "new", "--fail-on", "changed").code == 0
    listed = json.loads(cli("catalog", "review", "--tenant", "jiebei", "--json").out)["columns"]
    assert {(each["column"], each["state"], each["grade"]) for each in listed} == {
        (name, "proposed", 5) for name in ("khxm", "f1", "f2", "remark")
    }
    assert cli("classify", str(loans), *where, "--fail-on", "unreviewed").code == 1  # proposed is not confirmed
    column = next(each["id"] for each in listed if each["column"] == "khxm")
    review = ("catalog", "review", column, "--tenant", "jiebei", "--reason", "checked with its owner")
    assert cli(*review, "--confirm").code == 0
    reviewed = json.loads(cli("classify", str(loans), *where, "--fail-on", "unreviewed", "--json").out)
    assert [each["column"] for each in reviewed["failures"]] == ["f1", "f2", "remark"]
    asked = json.loads(cli(*review, "--kind", "label", "--json").out)
    assert (asked["action"], asked["state"], asked["grade"]) == ("ask_lowering", "lowering_asked", 3)
    write(loans, [[numbers.resident_id(RNG), numbers.resident_id(RNG), numbers.mobile(RNG), "x"] for _ in range(60)])
    found = cli("classify", str(loans), *where, "--compare", "--fail-on", "changed", "--json")
    assert found.code == 1
    answer = json.loads(found.out)
    assert [each["column"] for each in answer["comparison"]["changed"]] == ["khxm"]
    assert "credit_limit" in answer["comparison"]["never_read"]
    entries = json.loads(cli("entries", "--tenant", "jiebei", "--kind", "columns.scanned", "--json").out)["entries"]
    last = max(entries, key=lambda entry: int(entry["id"]))
    assert (last["changed"], last["never_read"]) == (1, len(answer["comparison"]["never_read"]))
    assert cli("check").code == 0


def test_one_file_that_cannot_be_read_does_not_keep_the_others_from_being_classified(
    cli: Cli, loans: Path, tmp_path: Path
) -> None:
    (loans.parent / "broken.jsonl").write_text("not json\n")
    (loans.parent / "empty.csv").write_text("")
    page = tmp_path / "r.html"
    found = cli("classify", str(loans.parent), "--html", str(page), "--json")
    answer = json.loads(found.out)
    assert found.code == 1  # a pipeline must not take it for classified
    assert [table["name"] for table in answer["tables"]] == ["loans"]
    assert [each["name"] for each in answer["unread"]] == ["broken", "empty"]
    assert "broken" in page.read_text(encoding="utf-8")
    assert "not read: broken: line 1 is not JSON" in cli("classify", str(loans.parent)).out


def test_a_table_that_could_not_be_read_is_not_gone(cli: Cli, loans: Path) -> None:
    assert cli("setup", "001").code == 0
    where = ("--tenant", "jiebei", "--source", "files")
    write(loans.parent / "people.csv", [[words.person(RNG)] for _ in range(30)], ("xm",))
    assert cli("classify", str(loans.parent), *where, "--write").code == 0
    (loans.parent / "people.csv").write_text("")
    answer = json.loads(cli("classify", str(loans.parent), *where, "--compare", "--json").out)
    assert answer["comparison"]["gone"] == []


def test_a_missing_sqlite_file_is_told_and_not_made(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE", f"sqlite:///{tmp_path}/lake.db")
    found = cli("classify", "--url-env", "LAKE")
    assert (found.code, found.err) == (2, "yumen: lake.db: no such file\n")
    assert not (tmp_path / "lake.db").exists()


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("mysql://u:sesame@127.0.0.1/x", 2, "no driver"),
        ("postgresql://u:sesame@127.0.0.1:9/x", 1, "does not answer"),
        ("sesame", 2, "no database URL"),
        ("nosuch://u:sesame@h/x", 2, "no driver"),
    ],
)
def test_a_wrong_url_is_told_without_repeating_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str, code: int, said: str
) -> None:
    monkeypatch.setenv("LAKE", url)
    found = cli("classify", "--url-env", "LAKE")
    assert (found.code, found.err.count("\n")) == (code, 1)
    assert said in found.err
    assert "sesame" not in found.err


@pytest.fixture
def lake(new_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A schema of a PostgreSQL database, with a view that cannot be read; the URL is in LAKE."""
    url = new_postgres()
    people = [{"a": words.person(RNG), "b": numbers.mobile(RNG)} for _ in range(60)]

    async def prepare() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE SCHEMA ods"))
            await connection.execute(text("CREATE TABLE ods.people (c1 text, c2 text)"))
            await connection.execute(text("COMMENT ON COLUMN ods.people.c1 IS '客户姓名'"))
            await connection.execute(text("INSERT INTO ods.people VALUES (:a, :b)"), people)
            await connection.execute(text("CREATE VIEW ods.phones AS SELECT c2 AS f1 FROM ods.people"))
            await connection.execute(text("CREATE VIEW ods.broken AS SELECT c1::int AS a FROM ods.people"))
        await engine.dispose()

    asyncio.run(prepare())
    monkeypatch.setenv("LAKE", url)
    return url.partition("?")[0].rpartition("/")[2]


def test_a_schema_of_postgresql_is_classified_without_the_view_that_cannot_be_read(cli: Cli, lake: str) -> None:
    found = cli("classify", "--url-env", "LAKE", "--schema", "ods", "--json")
    answer = json.loads(found.out)
    assert kinds(answer) == {"c1": "full_name", "c2": "mobile_no", "f1": "mobile_no"}
    assert [(each["name"], "refused" in each["en"]) for each in answer["unread"]] == [("ods.broken", True)]
    assert (found.code, answer["source"]) == (1, f"postgresql:{lake}")
    assert cli("classify", "--url-env", "LAKE", "--schema", "no_such").code == 2


def test_nothing_to_classify_does_not_pass(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "none").mkdir()
    sqlite3.connect(tmp_path / "lake.db").executescript("CREATE TABLE t (a); DROP TABLE t").close()
    monkeypatch.setenv("LAKE", f"sqlite:///{tmp_path}/lake.db")
    for source in ([str(tmp_path / "none")], ["--url-env", "LAKE"]):
        found = cli("classify", *source)
        assert (found.code, found.err) == (2, "yumen: there is nothing to classify there\n")


@pytest.mark.parametrize("option", ["--html", "--out", "--tags", "--state"])
def test_where_results_go_is_checked_before_the_work(cli: Cli, loans: Path, tmp_path: Path, option: str) -> None:
    for path in (tmp_path / "missing" / "r", tmp_path):
        assert cli("classify", str(loans), option, str(path)).code == 2


def test_a_column_is_shown_with_its_history(cli: Cli, loans: Path) -> None:
    assert cli("setup", "001").code == 0
    assert cli("classify", str(loans), "--tenant", "jiebei", "--source", "lake", "--write").code == 0
    listed = json.loads(cli("catalog", "review", "--tenant", "jiebei", "--json").out)["columns"]
    column = next(each["id"] for each in listed if each["column"] == "f2")
    review = ("catalog", "review", column, "--tenant", "jiebei")
    assert cli(*review, "--kind", "landline_no", "--grade", "5", "--reason", "asked its owner").code == 0
    shown = cli(*review).out
    assert "mobile_no (3)" in shown
    assert "landline_no (5)" in shown
    assert "asked its owner" in shown
    assert "landline_no" in cli("catalog", "review", "--tenant", "jiebei", "--state", "confirmed").out
    assert cli("catalog", "review", "--tenant", "nobody").code == 2


@pytest.mark.parametrize(
    "words_",
    [
        ("classify",),
        ("classify", "x.csv", "--fail-on", "changed"),
        ("classify", "nothing.csv"),
        ("classify", "--url-env", "NO_SUCH_VARIABLE"),
        ("classify", "x.csv", "--write"),
        ("catalog", "review", "--tenant", "jiebei", "--confirm"),
        ("catalog", "review", "col_x", "--tenant", "jiebei", "--reason", "looked at it"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(cli: Cli, words_: tuple[str, ...]) -> None:
    found = cli(*words_)
    assert (found.code, found.err.count("\n")) == (2, 1)
