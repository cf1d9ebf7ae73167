"""A load that is killed goes on where it stopped: every row once, in the database, the ledger and the files."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gate.loading import (
    LoadContendedError,
    LoadOptions,
    LoadProgress,
    SourceChangedError,
    TooManyRejectsError,
    ValuesLoad,
    load_values,
)
from tests.gate.loading.world import HEADER, faults, load, loaded_entries, opened, register, row, values_of, write
from tests.gate.people import desk_of, made_up
from tests.house.tree import ROOT
from tests.world import STEWARD, TENANT, World

ROWS = 60
BATCH = 10


def child(order: dict[str, Any]) -> int:
    command = [sys.executable, "-m", "tests.gate.loading.child", json.dumps(order)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=60).returncode


def in_tens() -> ValuesLoad:
    options = LoadOptions(batch_rows=BATCH)
    return ValuesLoad(tenant=TENANT, view="behaviour", by=STEWARD, key_column="id_card_no", options=options)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Sixty rows, of which the 5th of every ten is bad."""
    rows = [row(index) if index % 10 != 5 else [*row(index)[:2], "many", "", "", ""] for index in range(ROWS)]
    return write(tmp_path / "values.csv", rows)


KILLS = [{"before_commit": 4}, {"after_rows": 20}]


@pytest.mark.parametrize("kill", KILLS, ids=str)
async def test_a_killed_load_goes_on_as_if_nothing_had_happened(
    lender: World, database_url: str, tmp_path: Path, source: Path, kill: dict[str, int]
) -> None:
    await register(lender, range(ROWS))
    report = tmp_path / "faults.jsonl"
    order: dict[str, Any] = {"url": database_url, "root": str(tmp_path / "keys" / "root.key"), "path": str(source)}
    order |= {"report": str(report), "batch_rows": BATCH}
    assert await asyncio.to_thread(child, {**order, **kill}) == -9
    assert await asyncio.to_thread(child, order) == 0

    resumed, entries, refused = await opened(lender), await loaded_entries(lender), faults(report)
    assert [(each["first_row"], each["last_row"]) for each in entries] == [
        (n + 1, n + BATCH) for n in range(0, ROWS, BATCH)
    ]
    assert [each["rows"] for each in entries] == [9] * 6
    assert [each["row"] for each in refused] == [6, 16, 26, 36, 46, 56]
    assert len(resumed) == 54

    async with lender.database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM gate_values"))
        await tx.connection.execute(text("DELETE FROM gate_loads"))
    summary = await load(lender, source, options=LoadOptions(report=report, batch_rows=BATCH))
    assert (summary.rows_done, summary.rows_rejected, summary.resumed_at) == (60, 6, 0)
    assert await opened(lender) == resumed
    assert faults(report) == refused


@pytest.mark.parametrize("kill", KILLS[:1], ids=str)
async def test_killed_registration_gives_each_person_one_reference_in_the_output(
    lender: World, database_url: str, tmp_path: Path, kill: dict[str, int]
) -> None:
    people = write(
        tmp_path / "people.csv", [[made_up(n).id_card_no, made_up(n).email] for n in range(40)], ("id_card_no", "email")
    )
    output, report = tmp_path / "subjects.csv", tmp_path / "faults.jsonl"
    order: dict[str, Any] = {"url": database_url, "root": str(tmp_path / "keys" / "root.key"), "path": str(people)}
    order |= {"report": str(report), "batch_rows": BATCH, "output": str(output)}
    assert await asyncio.to_thread(child, {**order, **kill}) == -9
    assert await asyncio.to_thread(child, order) == 0
    known = await register(lender, range(40))
    assert not any(each.created for each in known)
    header, *lines = output.read_text().splitlines()
    assert header == "row,subject"
    assert lines == [f"{place},{each.ref}" for place, each in enumerate(known, start=1)]
    assert output.stat().st_mode & 0o777 == 0o600


async def test_a_cancelled_load_goes_on_later(lender: World, source: Path) -> None:
    await register(lender, range(ROWS))
    what = in_tens()
    seen: list[LoadProgress] = []

    def note(progress: LoadProgress) -> None:
        seen.append(progress)
        if progress.rows_done == 30:
            task.cancel()

    task = asyncio.ensure_future(load_values(lender.database, desk_of(lender), source, what, on_progress=note))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == [LoadProgress(n, n // 10, ROWS) for n in range(0, 31, 10)]
    summary = await load_values(lender.database, desk_of(lender), source, what)
    assert (summary.resumed_at, summary.rows_done) == (30, 60)
    assert len(await loaded_entries(lender)) == 6


async def test_a_finished_load_is_not_done_again_unless_asked(lender: World, source: Path) -> None:
    await register(lender, range(ROWS))
    first = await load(lender, source)
    copied = Path(shutil.copy(source, source.with_name("copy.csv")))
    second = await load(lender, copied)
    assert (first.was_loaded, second.was_loaded) == (False, True)
    assert second.rows_done == second.resumed_at == 60
    assert len(await loaded_entries(lender)) == 1
    third = await load(lender, source, options=LoadOptions(again=True))
    assert (third.was_loaded, third.resumed_at, third.rows_done) == (False, 0, 60)
    assert (await load(lender, source, replace=True)).was_loaded is False


async def test_a_dry_run_checks_everything_and_stores_nothing(lender: World, tmp_path: Path, source: Path) -> None:
    await register(lender, range(30))
    report = tmp_path / "faults.jsonl"
    summary = await load(lender, source, options=LoadOptions(dry_run=True, report=report, batch_rows=BATCH))
    assert (summary.rows_done, summary.rows_rejected) == (60, 33)
    assert summary.codes == {"not_integer": 6, "subject_unknown": 27}
    assert len(faults(report)) == 33
    assert await opened(lender) == {}
    assert await loaded_entries(lender) == []
    assert (await load(lender, source)).resumed_at == 0


async def test_too_many_refused_rows_end_the_load_and_leave_it_resumable(
    lender: World, tmp_path: Path, source: Path
) -> None:
    await register(lender, range(ROWS))
    report = tmp_path / "faults.jsonl"
    with pytest.raises(TooManyRejectsError) as caught:
        await load(lender, source, options=LoadOptions(batch_rows=BATCH, max_rejects=2, report=report))
    assert (caught.value.rows_rejected, caught.value.rows_done) == (3, 20)
    assert [each["row"] for each in faults(report)] == [6, 16, 26]
    summary = await load(lender, source, options=LoadOptions(batch_rows=BATCH, report=report))
    assert (summary.resumed_at, summary.rows_rejected) == (20, 6)
    assert [each["row"] for each in faults(report)] == [6, 16, 26, 36, 46, 56]


async def test_a_file_that_changes_meanwhile_is_given_up(lender: World, source: Path) -> None:
    await register(lender, range(ROWS))
    what = in_tens()

    def touch(progress: LoadProgress) -> None:
        if progress.rows_done == 20:
            source.write_bytes(source.read_bytes() + b"\n")

    with pytest.raises(SourceChangedError):
        await load_values(lender.database, desk_of(lender), source, what, on_progress=touch)
    assert len(await loaded_entries(lender)) == 2


async def test_two_processes_never_share_a_load(lender: World, source: Path) -> None:
    await register(lender, range(ROWS))
    options = LoadOptions(batch_rows=BATCH)
    done = await asyncio.gather(*(load(lender, source, options=options) for _ in range(3)), return_exceptions=True)
    assert {type(each) for each in done if isinstance(each, BaseException)} <= {LoadContendedError}
    summary = await load(lender, source, options=options)
    assert summary.rows_done == 60
    assert len(await loaded_entries(lender)) == 6


async def test_loads_of_one_view_at_once_lose_nothing(lender: World, tmp_path: Path) -> None:
    refs = await register(lender, range(30))
    columns = HEADER[2:]
    paths = [
        write(
            tmp_path / f"{name}.csv",
            [[row(n)[0], row(n)[1], row(n)[2 + place]] for n in range(30)],
            (*HEADER[:2], name),
        )
        for place, name in enumerate(columns)
    ]
    await asyncio.gather(*(load(lender, path, options=LoadOptions(batch_rows=5)) for path in paths))
    for index in (0, 13, 29):
        assert await values_of(lender, refs[index].ref) == dict(zip(columns, row(index)[2:], strict=True))
