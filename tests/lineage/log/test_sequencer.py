"""The sequencer: every committed entry gets one place, in an order that replays, under checkpoints that only grow."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from api.database import Database
from lineage import Kind, LineageError, append
from lineage.log import FolderSource, LogHeldError, LogReader, Trust, open_checkpoint, verify
from lineage.log.errors import LogAheadError, LogDamagedError, LogForkedError, LogWrongKeyError
from lineage.log.folder import opened
from lineage.store import leaves as store
from tests.lineage import world
from tests.lineage.log.museum import THIEF
from tests.lineage.log.running import KEY, ORIGIN, Watcher, catch_up, running, sequencer, write


async def order(database: Database) -> list[int]:
    """Entry ids by place."""
    async with database.reading() as tx:
        return [row.entry for row in await store.leaves(tx.connection, 0, 100_000)]


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_what_is_committed_is_logged_and_verifies(database: Database, tmp_path: Path) -> None:
    for count in (1, 254, 1, 1, 300, 5):
        await write(database, count)
        await catch_up(database, tmp_path / "log")
    report = verify(FolderSource(tmp_path / "log"), Trust(KEY))
    assert report.is_sound, report
    assert (report.size, report.origin) == (562, ORIGIN)
    assert await order(database) == list(range(1, 563))


async def test_a_log_caught_up_at_once_is_the_same_as_one_kept_up(database: Database, tmp_path: Path) -> None:
    for count in (3, 300, 7):
        await write(database, count)
        await catch_up(database, tmp_path / "kept", batch=50)
    await catch_up(database, tmp_path / "at_once")
    heads = [open_checkpoint((tmp_path / name / "checkpoint").read_bytes(), KEY)[0] for name in ("kept", "at_once")]
    assert heads[0] == heads[1]
    assert not list((tmp_path / "kept" / "tile" / "0").rglob("000.p"))  # partial tiles go when the full one is there


async def test_an_empty_ledger_has_no_checkpoint_yet(database: Database, tmp_path: Path) -> None:
    assert await catch_up(database, tmp_path / "log") == 0
    assert not (tmp_path / "log" / "checkpoint").exists()


async def test_of_two_one_leads_and_the_other_takes_over(database: Database, tmp_path: Path) -> None:
    first, second = Watcher(), Watcher()
    leader, standby = (sequencer(database, tmp_path / "log", watcher) for watcher in (first, second))
    async with running(standby):
        await until(lambda: second.leading == [True])
        async with running(leader):
            await write(database, 10)
            await until(lambda: second.sizes[-1:] == [10])
            assert first.leading == []
            with pytest.raises(LogHeldError):
                await catch_up(database, tmp_path / "log")
    async with running(leader):
        await until(lambda: first.leading == [True])
        await write(database, 5)
        await until(lambda: first.sizes[-1:] == [15])
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).is_sound
    assert first.failures == second.failures == []


async def test_two_with_folders_of_their_own_do_not_fork(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    """On two machines: the database's lock alone decides, and the second folder becomes the same log."""
    database = Database.open(await asyncio.to_thread(new_postgres))
    watchers = [Watcher(), Watcher()]
    for _ in range(3):
        async with (
            running(sequencer(database, tmp_path / "one", watchers[0])),
            running(sequencer(database, tmp_path / "two", watchers[1])),
        ):
            size = max(0, *(each.sizes[-1] for each in watchers if each.sizes)) if any(w.sizes for w in watchers) else 0
            await write(database, 20)
            await until(lambda size=size: any(each.sizes[-1:] == [size + 20] for each in watchers))
        watchers.reverse()
    for name in ("one", "two"):
        await catch_up(database, tmp_path / name)
    heads = [open_checkpoint((tmp_path / name / "checkpoint").read_bytes(), KEY)[0] for name in ("one", "two")]
    assert heads[0] == heads[1]
    assert heads[0].size == 60
    await database.close()


async def test_an_entry_that_commits_late_gets_its_place_when_it_comes(
    new_postgres: Callable[[], str], tmp_path: Path
) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    async with running(sequencer(database, tmp_path / "log", watcher := Watcher())):
        async with database.transaction() as tx:
            await append(tx.connection, [world.given(world.subject(1), 1)], now=tx.now, mac=world.MAC)
            for _ in range(3):
                await write(database, 2)
                await asyncio.sleep(0.3)  # long enough to look at what is under way
            await until(lambda: watcher.sizes[-1:] == [6])
        await until(lambda: watcher.sizes[-1:] == [7])
    assert await order(database) == [2, 3, 4, 5, 6, 7, 1]
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).is_sound
    await database.close()


async def test_a_late_entry_is_not_lost_by_a_restart(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    async with database.transaction() as tx:
        await append(tx.connection, [world.party()], now=tx.now, mac=world.MAC)
        await asyncio.gather(write_reads(database, 1), write_reads(database, 2))
        assert await catch_up(database, tmp_path / "log") == 2
        assert await catch_up(database, tmp_path / "log") == 2
    assert await catch_up(database, tmp_path / "log") == 3
    assert sorted(await order(database)) == [1, 2, 3]
    await database.close()


async def write_reads(database: Database, number: int) -> None:
    async with database.transaction() as tx:
        await append(tx.connection, [world.given(world.subject(number), number)], now=tx.now, mac=world.MAC)


async def test_ids_that_never_come_are_given_up_once_nobody_can_bring_them(
    new_postgres: Callable[[], str], tmp_path: Path
) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    await write(database, 1)
    with suppress(ZeroDivisionError):
        async with database.transaction() as tx:
            await append(tx.connection, [world.party()], now=tx.now, mac=world.MAC)
            raise ZeroDivisionError
    await write(database, 1)
    async with running(sequencer(database, tmp_path / "log", watcher := Watcher())):
        await until(lambda: watcher.sizes[-1:] == [2])
        await asyncio.sleep(1.0)
    async with database.reading() as tx:
        begun = await store.pinned(tx.connection)
    assert begun is not None
    assert begun.low == 3
    assert await order(database) == [1, 3]
    await database.close()


async def test_writers_at_once_leave_no_entry_out_and_each_stream_in_order(database: Database, tmp_path: Path) -> None:
    async def subject(number: int) -> None:
        who, document = world.subject(number), world.grant(number)
        for version, kind in enumerate((Kind.CONSENT_GIVEN, Kind.CONSENT_PAUSED, Kind.CONSENT_RESUMED), 1):
            async with database.transaction() as tx:
                draft = world.consent(kind, who, {**document, "version": version}, version)
                await append(tx.connection, [draft], now=tx.now, mac=world.MAC)
                await asyncio.sleep(0.002 * (number % 5))

    watcher = Watcher()
    async with running(sequencer(database, tmp_path / "log", watcher)):
        await asyncio.gather(*(subject(number) for number in range(40)))
        await until(lambda: watcher.sizes[-1:] == [120])
    assert watcher.failures == []
    report = verify(FolderSource(tmp_path / "log"), Trust(KEY))
    assert report.is_sound, report.replay.faults
    assert sorted(await order(database)) == list(range(1, 121))


async def test_a_database_restored_from_a_backup_is_refused(sqlite_template: Path, tmp_path: Path) -> None:
    live, backup = tmp_path / "live.db", tmp_path / "backup.db"
    shutil.copyfile(sqlite_template, live)
    database = Database.open(f"sqlite+aiosqlite:///{live}")
    await write(database, 5)
    await catch_up(database, tmp_path / "log")
    await database.close()
    shutil.copyfile(live, backup)
    database = Database.open(f"sqlite+aiosqlite:///{live}")
    await write(database, 5)
    await catch_up(database, tmp_path / "log")
    await database.close()
    restored = Database.open(f"sqlite+aiosqlite:///{backup}")
    with pytest.raises(LogAheadError, match="covers 10 entries, the database has given a place to 5") as caught:
        await catch_up(restored, tmp_path / "log")
    assert caught.value.code == "lineage/log_ahead"
    async with restored.transaction() as tx:
        drafts = [world.given(world.subject(number), number) for number in range(7)]
        await append(tx.connection, drafts, now=tx.now, mac=world.MAC)
    with pytest.raises(LogForkedError, match="different entries at place 5"):
        await catch_up(restored, tmp_path / "log")
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).size == 10
    await restored.close()


async def test_a_restored_postgres_is_refused_too(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    databases = [Database.open(await asyncio.to_thread(new_postgres)) for _ in range(2)]
    await write(databases[0], 10)
    await write(databases[1], 3)
    await catch_up(databases[0], tmp_path / "log")
    watcher = Watcher()
    async with running(sequencer(databases[1], tmp_path / "log", watcher)):
        await until(lambda: bool(watcher.failures))
    assert set(watcher.failures) == {"lineage/log_ahead"}
    assert watcher.sizes == []
    for database in databases:
        await database.close()


async def test_another_key_or_origin_is_refused(database: Database, tmp_path: Path) -> None:
    await write(database, 3)
    await catch_up(database, tmp_path / "log")
    for changes in ({"signer": THIEF}, {"origin": "other.example/log"}):
        with pytest.raises(LogWrongKeyError):
            await catch_up(database, tmp_path / "log", **changes)
        with pytest.raises(LogWrongKeyError, match="database's log"):
            await catch_up(database, tmp_path / "empty", **changes)


async def test_an_entry_altered_before_it_was_published_is_not_published(sqlite_template: Path, tmp_path: Path) -> None:
    path = shutil.copyfile(sqlite_template, tmp_path / "a.db")
    database = Database.open(f"sqlite+aiosqlite:///{path}")
    await write(database, 3)
    async with database.transaction() as tx:
        await tx.connection.execute(text("DROP TRIGGER ledger_entries_no_update"))
        await tx.connection.execute(text("UPDATE ledger_entries SET body = '{}' WHERE id = 2"))
    with pytest.raises(LogDamagedError, match="entry at place 1"):
        await catch_up(database, tmp_path / "log")
    await database.close()


async def test_reads_go_on_while_the_log_is_down_and_one_catch_up_follows(database: Database, tmp_path: Path) -> None:
    await write(database, 3)
    await catch_up(database, tmp_path / "log")
    for _ in range(20):
        await write(database, 100)
    watcher = Watcher()
    assert await sequencer(database, tmp_path / "log", watcher, batch=500).lead(until_caught_up=True) == 2003
    assert watcher.sizes == [503, 1003, 1503, 2003]
    assert watcher.leading == [True, False]
    reader = LogReader(tmp_path / "log", KEY)
    assert reader.receipts([2002, 2003])[1] is None
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).is_sound


async def test_a_lost_connection_ends_the_lead_and_it_is_taken_again(
    new_postgres: Callable[[], str], tmp_path: Path
) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    watcher = Watcher()
    async with running(sequencer(database, tmp_path / "log", watcher)):
        await write(database, 3)
        await until(lambda: watcher.sizes[-1:] == [3])
        async with database.transaction() as tx:
            cut = (
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            await tx.connection.execute(text(cut))
        await until(lambda: bool(watcher.failures))
        await write(database, 3)
        await until(lambda: watcher.sizes[-1:] == [6])
    assert set(watcher.failures) == {"lineage/log_database"}
    assert verify(FolderSource(tmp_path / "log"), Trust(KEY)).is_sound
    await database.close()


async def test_places_are_given_once_whoever_asks(database: Database, tmp_path: Path) -> None:
    await write(database, 2)
    await catch_up(database, tmp_path / "log")
    changes = (
        "UPDATE ledger_leaves SET n = 7 WHERE n = 1",
        "DELETE FROM ledger_leaves",
        "INSERT INTO ledger_leaves (n, entry) VALUES (0, 9)",
        "INSERT INTO ledger_leaves (n, entry) VALUES (2, 1)",
    )
    for statement in changes:
        with pytest.raises(Exception, match=r"append-only|ledger_leaves"):
            async with database.transaction() as tx:
                await tx.connection.execute(text(statement))
    assert await order(database) == [1, 2]


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LineageError, match="cannot be written"), opened(tmp_path / "file" / "log", KEY):
        pass
