"""Who leads when the leader stands still: another, soon; and the one that wakes publishes nothing any more."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.database import Database
from lineage.log import FolderSource, LogHeldError, Trust, verify
from lineage.log.folder import is_held, opened
from lineage.store import leaves as store
from tests.lineage.log.running import KEY, SIGNER, running, sequencer, write
from tests.lineage.log.running import Watcher as Watching
from tests.lineage.log.test_crashes import Outsider, child, said
from tests.lineage.log.test_sequencer import until

TAKEN_OVER_S = 12.0  # 7 on an idle machine


def entries(first: int, count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(first, first + count)]


def test_a_writer_that_was_put_out_publishes_nothing_wherever_it_was_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    with opened(folder, KEY) as old:
        staged = old.stage(entries(0, 3))
        old.publish(staged, staged.head.signed(SIGNER))
        staged = old.stage(entries(3, 2))
        with pytest.raises(LogHeldError), opened(folder, KEY):
            pass
        with opened(folder, KEY, seize=True) as new:
            further = new.stage(entries(3, 300))
            new.publish(further, further.head.signed(SIGNER))
            before = (folder / "checkpoint").read_bytes()
            with pytest.raises(LogHeldError, match="taken this log over"):
                old.publish(staged, staged.head.signed(SIGNER))
            with pytest.raises(LogHeldError, match="taken this log over"):
                old.stage(entries(5, 1))
            assert (folder / "checkpoint").read_bytes() == before
            assert is_held(folder)
    assert not is_held(folder)
    report = verify(FolderSource(folder), Trust(KEY))
    assert (report.size, report.faults) == (303, ())
    assert [path.name for path in folder.iterdir() if path.name.startswith((".writer", ".gone"))] == []


def test_a_lock_file_put_in_the_place_of_a_held_one_is_not_taken_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    with opened(folder, KEY), opened(folder, KEY, seize=True):
        for _ in range(2):
            with pytest.raises(LogHeldError), opened(folder, KEY):
                pass
    with opened(folder, KEY):
        assert is_held(folder)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["one folder", "two folders"])
async def test_a_leader_frozen_for_half_a_minute_is_replaced_and_does_not_fork_when_it_wakes(
    new_postgres: Callable[[], str], tmp_path: Path, *, shared: bool
) -> None:
    url = await asyncio.to_thread(new_postgres)
    database = Database.open(url)
    folders = [tmp_path / "one", tmp_path / ("one" if shared else "two")]
    outsider = Outsider(folders[1])

    async def published(process: "asyncio.subprocess.Process", size: int) -> None:
        await asyncio.to_thread(said, process.stdout, f"published {size}\n")

    with child(url, folders[0]) as frozen:
        await write(database, 5)
        await published(frozen, 5)
        with child(url, folders[1]) as standby:
            await asyncio.sleep(1.0)
            frozen.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            await write(database, 5)
            await published(standby, 10)
            took_s = time.monotonic() - began
            assert outsider.look() == 10
            await asyncio.sleep(max(0.0, 30.0 - took_s))
            frozen.send_signal(signal.SIGCONT)
            for size in range(11, 31):
                await write(database, 1)
                await published(standby, size)
            assert outsider.look() == 30
        await write(database, 3)
        await published(frozen, 33)
    outsider.folder = folders[0]
    assert outsider.look() == 33
    async with database.reading() as tx:
        assert [row.entry for row in await store.leaves(tx.connection, 0, 99)] == list(range(1, 34))
    await database.close()
    sys.stdout.write(f"taken over after {took_s:.1f} s\n")
    assert took_s < TAKEN_OVER_S


async def test_a_leader_at_work_or_idle_keeps_the_lead(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    first, second = Watching(), Watching()
    async with running(sequencer(database, tmp_path / "log", first)):
        await write(database, 1)
        await until(lambda: first.sizes[-1:] == [1])
        async with running(sequencer(database, tmp_path / "log", second)):
            await asyncio.sleep(5.0)
            await write(database, 1)
            await until(lambda: first.sizes[-1:] == [2])
    assert (first.leading, first.failures, second.leading, second.failures) == ([True, False], [], [], [])
    await database.close()
