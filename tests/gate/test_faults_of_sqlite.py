"""SQLite locked, full or failing: nothing leaves, and the next read after it is served as before."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent import SubjectId, WithdrawAll
from gate import Gate, GateUnavailableError, Outcome, SubjectAnswer, store_sqlite_log
from gate.store_sqlite import SqliteStore
from tests.gate.asking import WatchedStore, ask, count_reads, read_entries, reasons, run_sql
from tests.world import TENANT, World


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def other(tmp_path: Path, lender: World) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    connection = sqlite3.connect(tmp_path / "yumen.db", isolation_level=None, timeout=0)
    yield connection
    connection.close()


def inner(store: WatchedStore) -> SqliteStore:
    assert isinstance(store.inner, SqliteStore)
    return store.inner


async def warm(lender: World, gate: Gate) -> str:
    """A subject with consent, read once: what is recorded once only is recorded."""
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    assert (await read_one(gate, ref)).outcome is Outcome.released
    return ref


async def read_one(gate: Gate, ref: str) -> SubjectAnswer:
    return (await gate.read(ask(ref))).subjects[0]


async def assert_whole(lender: World) -> None:
    """Every stream without a hole, every read in it once."""
    places: dict[str, list[int]] = {}
    for stream, seq, _, _ in await read_entries(lender):
        places.setdefault(stream, []).append(seq)
    assert all(found == list(range(1, len(found) + 1)) for found in places.values())


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
async def test_a_writer_that_does_not_let_go_denies_until_it_does(
    lender: World, gate: Gate, other: sqlite3.Connection, lock: str
) -> None:
    ref = await warm(lender, gate)
    other.execute(lock)
    began = time.monotonic()
    with pytest.raises(GateUnavailableError) as denial:
        await gate.read(ask(ref))
    assert denial.value.code == "gate/unavailable"
    assert 1.5 < time.monotonic() - began < 4
    other.execute("ROLLBACK")
    assert (await read_one(gate, ref)).outcome is Outcome.released
    assert await count_reads(lender) == 2
    await assert_whole(lender)


async def test_a_writer_that_lets_go_in_time_only_delays(lender: World, gate: Gate, other: sqlite3.Connection) -> None:
    ref = await warm(lender, gate)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    waiting = asyncio.create_task(read_one(gate, ref))
    await asyncio.sleep(0.3)
    other.execute("ROLLBACK")
    assert (await waiting).outcome is Outcome.released
    assert time.monotonic() - began > 0.3


async def test_a_full_disk_denies_until_there_is_room(lender: World, gate: Gate, store: WatchedStore) -> None:
    ref = await warm(lender, gate)
    writer = inner(store)._connection
    [(pages,)] = writer.execute("PRAGMA page_count").fetchall()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    answered, denied = 1, 0
    while denied < 3:
        try:
            assert (await read_one(gate, ref)).outcome is Outcome.released
            answered += 1
        except GateUnavailableError:
            denied += 1
    assert await count_reads(lender) == answered
    writer.execute("PRAGMA max_page_count = 1000000")
    assert (await read_one(gate, ref)).outcome is Outcome.released
    assert await count_reads(lender) == answered + 1
    await assert_whole(lender)


async def test_a_statement_cut_short_anywhere_leaves_nothing_behind(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    """The handler stops whatever runs at every depth in turn; afterwards the connection works, and sees what is new."""
    ref = await warm(lender, gate)
    connection = inner(store)._connection
    answered, denied = 1, 0
    for steps in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597):
        budget = iter(range(steps))
        connection.set_progress_handler(lambda budget=budget: next(budget, None) is None, 1)  # type: ignore[misc]
        try:
            assert (await read_one(gate, ref)).outcome is Outcome.released
            answered += 1
        except GateUnavailableError:
            denied += 1
        connection.set_progress_handler(None, 1)
    assert denied > 5
    assert (await read_one(gate, ref)).outcome is Outcome.released
    assert await count_reads(lender) == answered + 1
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    assert reasons(await read_one(gate, ref)) == {"GRANT_WITHDRAWN"}
    await assert_whole(lender)


async def test_a_lost_epoch_denies_until_it_is_back(lender: World, gate: Gate) -> None:
    ref = await warm(lender, gate)
    await run_sql(lender, "UPDATE consent_epoch SET id = 2")
    with pytest.raises(GateUnavailableError):
        await gate.read(ask(ref))
    await run_sql(lender, "UPDATE consent_epoch SET id = 1")
    assert (await read_one(gate, ref)).outcome is Outcome.released


async def test_the_hot_path_may_insert_entries_and_nothing_else(lender: World, store: WatchedStore) -> None:
    for statement in ("DELETE FROM ledger_entries", "UPDATE ledger_entries SET body = ''", "DROP TABLE ledger_entries"):
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
            inner(store)._connection.execute(statement)


async def test_the_log_is_copied_back_beside_the_reads(
    lender: World, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No read's commit does it, and yet the log does not grow with the number of reads."""
    monkeypatch.setattr(store_sqlite_log, "ENTRIES", 8)
    ref = await warm(lender, gate)
    sizes = []
    for _ in range(6):
        for _ in range(40):
            await read_one(gate, ref)
        sizes.append((tmp_path / "yumen.db-wal").stat().st_size)
    assert sizes[-1] == sizes[1] < 2_000_000
    assert await count_reads(lender) == 241


async def test_a_copy_of_the_log_that_fails_is_tried_again(
    lender: World, gate: Gate, store: WatchedStore, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_sqlite_log, "ENTRIES", 2)
    ref = await warm(lender, gate)
    keeper = inner(store)._log
    keeper._connection.set_progress_handler(lambda: True, 1)
    for _ in range(6):
        assert (await read_one(gate, ref)).outcome is Outcome.released
    keeper._connection.set_progress_handler(None, 1)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (await read_one(gate, ref)).outcome is Outcome.released
    await assert_whole(lender)


def as_after_a_crash(folder: Path) -> sqlite3.Connection:
    """A copy of the file and its log as they stand: what another process would find."""
    copies = folder / "crash"
    copies.mkdir()
    for name in ("yumen.db", "yumen.db-wal"):
        (copies / name).write_bytes((folder / name).read_bytes())
    return sqlite3.connect(copies / "yumen.db")


async def test_an_entry_is_on_file_before_its_answer(lender: World, gate: Gate, tmp_path: Path) -> None:
    ref = await warm(lender, gate)
    entry = (await read_one(gate, ref)).entry
    found = as_after_a_crash(tmp_path)
    kinds = found.execute("SELECT kind FROM ledger_entries WHERE id = ?", (entry,)).fetchall()
    found.close()
    assert kinds == [("read",)]
