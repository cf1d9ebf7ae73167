"""Runs over files: parts, resumption after a kill, constant memory, faults; and streams of Arrow."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from tests.vault.support import TENANT, ring
from vault import (
    BulkPlanError,
    BulkSourceError,
    BulkTargetError,
    CellRefusedError,
    ColumnTypeError,
    TokenKind,
    TokenSpec,
)
from vault.bulk.files import FileKind
from vault.bulk.runs import Run, tokenise_file
from vault.bulk.streams import Refusal, tokenise
from vault.bulk_plans import BulkPlan, ColumnPlan, Recipient, read_plan

ROOT = Path(__file__).parents[2]
RECIPIENT = Recipient(TENANT, "anti_fraud", "dawn_bank")
PLAN = BulkPlan(
    (
        ColumnPlan("phone", "mobile_no", TokenSpec(TokenKind.FORMAT_PRESERVING, "mobile")),
        ColumnPlan("card", "bank_card_no", TokenSpec(TokenKind.DETERMINISTIC, "bank_card")),
    ),
    keep=("amount",),
    drop=("note",),
)
PART_ROWS = 1000


def table(count: int) -> Any:
    return pa.table(
        {
            "phone": pa.array([None if n % 97 == 0 else f"138{n:08d}" if n % 89 else "nobody" for n in range(count)]),
            "amount": pa.array(range(count), pa.int64()),
            "card": pa.array([f"6200000000{n:06d}" for n in range(count)]),
            "note": pa.array(["to be left out"] * count),
        }
    )


def write(path: Path, rows: Any) -> Path:
    if path.suffix == ".csv":
        pa_csv.write_csv(rows, path)
    else:
        pa_parquet.write_table(rows, path, row_group_size=777)
    return path


def run(source: Path, target: Path | None, **changed: Any) -> Run:
    return Run(
        source, target, changed.pop("plan", PLAN), changed.pop("recipient", RECIPIENT), part_rows=PART_ROWS, **changed
    )


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(params=["csv", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / f"people.{request.param}", table(5300))


def test_parts_hold_tokens_in_the_order_of_the_file(source: Path, tmp_path: Path) -> None:
    made = tokenise_file(run(source, tmp_path / "made", written_as=FileKind.PARQUET), ring())
    assert (made.rows, made.parts, made.nulls, dict(made.faults)) == (5300, 6, 55, {"shape": 59})
    assert made.tokens == 2 * 5300 - 55 - 59
    parts = [pa_parquet.read_table(path) for path in sorted((tmp_path / "made").glob("*.parquet"))]
    assert [len(part) for part in parts] == [1000] * 5 + [300]
    whole = pa.concat_tables(parts)
    assert whole.column_names == ["phone", "amount", "card"]
    assert [int(amount) for amount in whole["amount"].to_pylist()] == list(range(5300))
    maker = ring().tokeniser(RECIPIENT.scope("mobile_no"), PLAN.columns[0].spec)
    assert whole["phone"][1234].as_py() == maker.token("13800001234")
    refused = [json.loads(line) for line in (tmp_path / "made" / "refused.jsonl").read_text().splitlines()]
    assert [each["row"] for each in refused] == [n + 1 for n in range(5300) if n % 89 == 0 and n % 97]
    assert {(each["column"], each["fault"]) for each in refused} == {("phone", "shape")}


def test_a_dry_run_counts_the_same_and_writes_nothing(source: Path, tmp_path: Path) -> None:
    checked = tokenise_file(run(source, None), ring())
    made = tokenise_file(run(source, tmp_path / "made"), ring())
    assert checked.document() == {**made.document(), "parts": 0}


def test_progress_is_told_as_it_goes(source: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    tokenise_file(run(source, None), ring(), lambda rows, total: seen.append((rows, total)))
    assert seen[-1] == (5300, 5300 if source.suffix == ".parquet" else None)


def test_an_interrupted_run_goes_on_to_the_same_bytes(source: Path, tmp_path: Path) -> None:
    tokenise_file(run(source, tmp_path / "whole"), ring())

    def interrupt(rows: int, _total: int | None) -> None:
        if rows > 3000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenise_file(run(source, tmp_path / "twice"), ring(), interrupt)
    made = tokenise_file(run(source, tmp_path / "twice"), ring())
    assert made.resumed_at in {0, 3000}
    assert contents(tmp_path / "twice") == contents(tmp_path / "whole")
    assert tokenise_file(run(source, tmp_path / "twice"), ring()).was_done


KILLED = """
import sys
from pathlib import Path
from tests.vault.support import ring
from tests.vault.test_bulk_runs import run
from vault.bulk.runs import tokenise_file
tokenise_file(run(Path(sys.argv[1]), Path(sys.argv[2])), ring())
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_run_killed_again_and_again_ends_in_the_same_bytes(kind: str, tmp_path: Path) -> None:
    source = write(tmp_path / f"people.{kind}", table(40_000))
    whole = tokenise_file(run(source, tmp_path / "whole"), ring())
    kills = 0
    for parts in (5, 23):
        child = subprocess.Popen([sys.executable, "-c", KILLED, source, tmp_path / "killed"], cwd=ROOT)
        until = time.monotonic() + 60
        while child.poll() is None and len(list((tmp_path / "killed").glob("part-*.*"))) < 3 * parts:
            assert time.monotonic() < until
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
    assert kills
    made = tokenise_file(run(source, tmp_path / "killed"), ring())
    assert made.document() == whole.document()
    assert made.resumed_at
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "changed",
    [
        {"plan": BulkPlan(PLAN.columns[:1], keep=("amount", "card"), drop=("note",))},
        {"recipient": Recipient(TENANT, "anti_fraud", "dusk_bank")},
        {"written_as": FileKind.CSV},
    ],
    ids=["plan", "recipient", "kind"],
)
def test_another_run_in_the_same_folder_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    source = write(tmp_path / "people.parquet", table(1500))
    tokenise_file(run(source, tmp_path / "made"), ring())
    before = contents(tmp_path / "made")
    with pytest.raises(BulkTargetError):
        tokenise_file(run(source, tmp_path / "made", **changed), ring())
    assert contents(tmp_path / "made") == before


def test_a_changed_file_is_another_run(tmp_path: Path) -> None:
    source = write(tmp_path / "people.parquet", table(1500))
    tokenise_file(run(source, tmp_path / "made"), ring())
    write(source, table(1501))
    with pytest.raises(BulkTargetError):
        tokenise_file(run(source, tmp_path / "made"), ring())


def test_the_bare_digest_of_the_file_stands_nowhere(tmp_path: Path) -> None:
    source = write(tmp_path / "people.csv", table(3))
    tokenise_file(run(source, tmp_path / "made"), ring())
    assert hashlib.sha256(source.read_bytes()).hexdigest() not in (tmp_path / "made" / "run.json").read_text()


def test_lines_that_do_not_split_are_left_out_and_named(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text(
        'phone,amount,card,note\n13800000001,1,6200000000000001,a\nbroken\n"138\n00000002",2,6200000000000002,"b, c"\n'
    )
    made = tokenise_file(run(source, tmp_path / "made"), ring())
    assert (made.rows, dict(made.faults)) == (2, {"not_a_row": 1})
    assert json.loads((tmp_path / "made" / "refused.jsonl").read_text()) == {"line": 3, "fault": "not_a_row"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"phone\n\xff\xff\n",
        b"PAR1 and no more",
        b'phone,card\n"1380',
        b"phone\n" + b"9" * (5 << 20),
    ],
    ids=["empty", "utf16", "latin", "parquet", "cut", "huge cell"],
)
def test_files_that_cannot_be_read_are_refused_and_leave_nothing_half_done(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "people"
    source.write_bytes(content)
    with pytest.raises((BulkSourceError, BulkPlanError)):
        tokenise_file(run(source, tmp_path / "made"), ring())
    assert [path.name for path in (tmp_path / "made").glob("*")] in ([], ["run.json"])


def test_a_column_of_numbers_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    rows = table(10).set_column(0, "phone", pa.array(range(10)))
    with pytest.raises(ColumnTypeError):
        tokenise_file(run(write(tmp_path / "people.parquet", rows), tmp_path / "made"), ring())
    assert not list((tmp_path / "made").glob("part-*"))


MEMORY = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from tests.vault.support import ring
from tests.vault.test_bulk_runs import run
from vault.bulk.runs import tokenise_file
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for source in sys.argv[1:]:
    work = replace(run(Path(source), Path(source).with_suffix(".made")), part_rows=50_000)
    tokenise_file(work, ring())
    print(peak())
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the rows, the same peak of memory, within 20 MiB; the larger file alone holds more than that."""
    small, large = (
        write(tmp_path / f"{name}.csv", table(rows)) for name, rows in (("small", 50_000), ("large", 500_000))
    )
    assert large.stat().st_size > 22 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, small, large],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    first, second = (int(line) for line in done.stdout.split())
    assert second - first < 20 << 10


def test_a_stream_is_tokenised_as_it_is_read() -> None:
    refused: list[Refusal] = []
    rows = table(500)
    made = tokenise(rows, ring(), RECIPIENT, plan=PLAN, on_refused=refused.extend)
    assert made.schema.names == ["phone", "amount", "card"]
    whole = made.read_all()
    assert len(whole) == 500
    assert [each.row for each in refused] == [89, 178, 267, 356, 445]


class Stream:
    """Something of another library that speaks the Arrow C stream interface."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.to_reader().__arrow_c_stream__(requested_schema)


def test_whatever_speaks_arrow_goes_in_and_comes_out() -> None:
    rows = table(50).slice(1, 40)
    expected = tokenise(rows, ring(), RECIPIENT, plan=PLAN).read_all()
    for source in (Stream(rows), rows.to_reader(), rows.combine_chunks().to_batches()[0]):
        made = tokenise(source, ring(), RECIPIENT, plan=PLAN)
        assert pa.RecordBatchReader.from_stream(made).read_all() == expected


def test_a_stream_without_a_place_for_refusals_ends_at_the_first() -> None:
    with pytest.raises(CellRefusedError, match=r"row 90, column phone: no token \(shape\)"):
        tokenise(table(200), ring(), RECIPIENT, plan=PLAN).read_all()


def test_what_is_not_arrow_is_refused() -> None:
    with pytest.raises(BulkSourceError):
        tokenise([{"phone": "13800000000"}], ring(), RECIPIENT, plan=PLAN)


KINDS = {"mobile_no": "mobile", "note": None}
BAD_PLANS: Sequence[tuple[object, str]] = [
    ([], "members"),
    ({"columns": {}, "more": 1}, "members"),
    ({}, "columns"),
    ({"columns": {}}, "no column"),
    ({"columns": {"a": "mobile_no"}}, "field and kind"),
    ({"columns": {"a": {"field": "mobile_no"}}}, "field and kind"),
    ({"columns": {"a": {"field": "mobile_no", "kind": "deterministic", "x": 1}}}, "field and kind"),
    ({"columns": {"a": {"field": "note", "kind": "deterministic"}}}, "none that tokens are made of"),
    ({"columns": {"a": {"field": "mobile_no", "kind": "deterministic"}}, "keep": "b"}, "a list"),
    ({"columns": {"a": {"field": "mobile_no", "kind": "deterministic"}}, "drop": ["a"]}, "twice"),
]


@pytest.mark.parametrize(("document", "said"), BAD_PLANS, ids=lambda part: str(part)[:40])
def test_a_plan_of_another_shape_is_refused(document: object, said: str) -> None:
    with pytest.raises(BulkPlanError, match=said):
        read_plan(document, KINDS)


def test_a_plan_is_written_as_it_is_read() -> None:
    kinds = {"mobile_no": "mobile", "bank_card_no": "bank_card"}
    assert read_plan(PLAN.document(), kinds) == PLAN
    assert read_plan(PLAN.document(), kinds).digest() == PLAN.digest()
