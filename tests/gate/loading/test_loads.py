"""What a load takes, says and waits for."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog import Catalog
from consent import note_observed
from gate.errors import PeopleContendedError
from gate.loading import LoadContendedError, LoadOptions, LoadRefusedError
from gate.loading.columns import people_columns
from gate.loading.running import Files, LoadRun, Stored, mark_of
from gate.loading.sources import SourceRow, open_source
from gate.loading.words import Transaction
from gate.store_loads import LoadKey
from gate.store_values import lock_view, store_values
from tests.gate.loading.world import faults, load, load_persons, opened, register, row, values_of, write
from tests.gate.people import made_up
from tests.world import TENANT, World


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (("credit_limit",), "column credit_limit is no identifier field"),
        (("email", "email"), "column email stands there 2 times"),
        (("key",), "no column is an identifier field"),
    ],
    ids=["another field", "twice", "nothing"],
)
def test_columns_of_people_that_do_not_fit_are_refused_up_front(header: tuple[str, ...], problem: str) -> None:
    with pytest.raises(LoadRefusedError, match=problem):
        people_columns(header, Catalog.builtin(), {"key"})


async def test_a_person_at_odds_with_what_is_known_is_refused(lender: World, tmp_path: Path) -> None:
    await register(lender, [1])
    async with lender.database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM vault_subject_keys"))
    report = tmp_path / "faults.jsonl"
    path = write(tmp_path / "people.csv", [(made_up(1).id_card_no,), (made_up(2).id_card_no,)], ("id_card_no",))
    summary = await load_persons(lender, path, report=report)
    assert (summary.rows_rejected, summary.rows_done) == (1, 2)
    assert [(each["column"], each["code"]) for each in faults(report)] == [("id_card_no", "key_missing")]


async def test_two_statements_of_the_time_are_refused(lender: World, tmp_path: Path) -> None:
    with pytest.raises(LoadRefusedError, match="column observed_at"):
        await load(lender, write(tmp_path / "values.csv", []), observed_at=datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="batch_rows"):
        LoadOptions(batch_rows=0)


async def test_without_a_column_values_are_as_old_as_said(lender: World, tmp_path: Path) -> None:
    [subject] = await register(lender, [1])
    path = write(tmp_path / "values.csv", [(made_up(1).id_card_no, 5)], ("id_card_no", "orders"))
    at = datetime(2026, 3, 1, tzinfo=UTC)
    await load(lender, path, observed_at=at)
    times = [value for name, value in (await opened(lender))[subject.ref].items() if "/" in name]
    assert times == [at.timestamp() * 1_000_000]


async def test_a_file_is_loaded_at_the_instant_of_its_storing_if_nothing_is_said(lender: World, tmp_path: Path) -> None:
    [subject] = await register(lender, [1])
    await load(lender, write(tmp_path / "values.csv", [(made_up(1).id_card_no, 5)], ("id_card_no", "orders")))
    assert await values_of(lender, subject.ref) == {"orders": 5}


async def test_a_whole_segment_gives_way_only_to_a_newer_one(lender: World) -> None:
    [ref] = await lender.add_subjects(1)
    before = (await opened(lender))[ref]
    orders = lender.catalog.feature(TENANT, "behaviour:orders")
    assert orders is not None
    async with lender.database.transaction() as tx:
        old = datetime(2020, 1, 1, tzinfo=UTC)
        await store_values(tx.connection, TENANT, [(ref, orders.segment, b"older")], old)
        await note_observed(tx.connection, TENANT, {ref: old}, rows=lender.keys.rows)
    assert (await opened(lender))[ref] == before


async def test_a_load_waits_for_a_writer_that_is_slow(lender: World, tmp_path: Path) -> None:
    """Longer than the database waits for a lock, so that the batch is tried again."""
    [subject] = await register(lender, [1])
    locked = asyncio.Event()

    async def hold() -> None:
        async with lender.database.transaction() as tx:
            await lock_view(tx.connection, TENANT, "behaviour")
            locked.set()
            await asyncio.sleep(6 if lender.database.is_sqlite else 3)

    holder = asyncio.ensure_future(hold())
    await locked.wait()
    summary = await load(lender, write(tmp_path / "values.csv", [row(1)]))
    await holder
    assert (summary.rows_done, summary.rows_rejected) == (1, 0)
    assert (await values_of(lender, subject.ref))["limit"] == 1001


def _other_fault() -> Exception:
    return DBAPIError("a statement", None, Exception("disk full"))


class Racing:
    """A worker that loses its race so many times."""

    def __init__(self, losses: int, error: Callable[[], Exception]) -> None:
        self.losses = losses
        self.error = error

    def check(self, row: SourceRow, _now: datetime) -> int:
        return row.number

    async def store(self, _tx: Transaction, _items: object, _rows: tuple[int, int]) -> Stored:
        self.losses -= 1
        if self.losses >= 0:
            raise self.error()
        return Stored()


@pytest.mark.parametrize(
    ("losses", "error", "ends"),
    [
        (4, PeopleContendedError, None),
        (5, PeopleContendedError, LoadContendedError),
        (1, KeyError, KeyError),
        (1, _other_fault, DBAPIError),
    ],
    ids=["in the end won", "always lost", "another fault", "another fault of the database"],
)
async def test_a_lost_race_is_run_again_a_few_times(
    lender: World, tmp_path: Path, losses: int, error: Callable[[], Exception], ends: type[Exception] | None
) -> None:
    path = write(tmp_path / "values.csv", [row(1)])
    run = LoadRun(lender.database, LoadKey(TENANT, "a" * 64, ""), Racing(losses, error), LoadOptions())
    files = Files(path, open_source(path), await mark_of(path))
    if ends is None:
        assert (await run.run(files, None)).rows_done == 1
    else:
        with pytest.raises(ends):
            await run.run(files, None)
    files.source.close()
