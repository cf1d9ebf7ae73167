"""Whatever ends the writer, at whatever instruction: what is published verifies, and the next writer goes on from it.

``YUMEN_TEST_CRASHES`` asks for more rounds than a usual run has.
"""

import asyncio
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any

import pytest

from api.database import Database
from lineage.log import FolderSource, Remembered, Trust, verify
from tests.lineage.log.conftest import Checked
from tests.lineage.log.running import KEY, catch_up, write

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = int(os.environ.get("YUMEN_TEST_CRASHES", "4"))
# Which call of the writer fails, and how: each is tried at a growing distance from the start.
INJECTIONS = [
    "fsync:signal=KILL",
    "fsync:error=EIO",
    "rename:signal=KILL",
    "fsync:error=ENOSPC",
    "mkdir:error=ENOSPC",
    "rename:error=EIO",
    "mkdir:signal=KILL",
    "unlink,rmdir:signal=KILL",
]


@contextmanager
def child(url: str, folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> Any:
    command = [*before, sys.executable, "-m", "tests.lineage.log.child", url, str(folder), *arguments]
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


def said(stream: IO[str] | None, word: str) -> str:
    """The next line that begins with a word."""
    assert stream is not None
    for line in stream:
        if line.startswith(word):
            return line
    raise AssertionError(f"the child ended without saying {word}")


class Outsider:
    """Somebody who looks at the folder now and then and remembers what was published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = Remembered(KEY)

    def look(self) -> int:
        """Verify what is published, and that nothing seen before has changed."""
        path = self.folder / "checkpoint"
        if not path.exists():
            return 0
        report = verify(FolderSource(self.folder), Trust(KEY, remembered=self.memory.heads))
        assert report.is_sound, report
        self.memory = self.memory.with_note(path.read_bytes())
        return report.size


async def test_a_writer_that_is_killed_again_and_again_loses_and_forks_nothing(
    database_url: str, tmp_path: Path, go_check: Checked
) -> None:
    database, folder = Database.open(database_url), tmp_path / "log"
    outsider, chance, written = Outsider(folder), random.Random(3), 0  # noqa: S311
    for _ in range(ROUNDS):
        with child(database_url, folder) as running:
            for _ in range(chance.randrange(2, 12)):
                await write(database, 40)
                written += 40
            await asyncio.to_thread(said, running.stdout, "published")
            await asyncio.sleep(chance.random() * 0.05)
            os.killpg(running.pid, signal.SIGKILL)
        outsider.look()
    assert await catch_up(database, folder) == written
    assert outsider.look() == written
    assert go_check(folder, KEY.text).returncode == 0
    await database.close()


def injected(call: str, nth: int) -> tuple[str, ...]:
    traced = call.split(":", maxsplit=1)[0]
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={traced}", "-e", f"inject={call}:when={nth}")


def can_inject() -> bool:
    """Whether strace is here and may trace; without it the signals of the test above are all there is."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*injected("fsync:error=EIO", 1), "true"], check=False, capture_output=True).returncode == 0


async def test_a_call_that_fails_or_kills_leaves_a_log_that_verifies(sqlite_template: Path, tmp_path: Path) -> None:
    """EIO, ENOSPC and SIGKILL at fsync, rename, mkdir and unlink of the writer, one after another."""
    url = f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'a.db')}"
    database, folder = Database.open(url), tmp_path / "log"
    outsider, reached, written = Outsider(folder), 0, 0
    for number in range(ROUNDS if can_inject() else 0):
        await write(database, 130)
        written += 130
        call = INJECTIONS[number % len(INJECTIONS)]
        nth = 1 + (number * 7) % 23
        with child(url, folder, "once", before=injected(call, nth)) as running:
            await asyncio.to_thread(running.wait, 60)
        reached += running.returncode != 0
        assert outsider.look() <= written
    assert await catch_up(database, folder) == written
    if written:
        assert outsider.look() == written
        assert reached > 0
    await database.close()


async def test_a_full_folder_stops_the_log_and_nothing_else(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    url = await asyncio.to_thread(new_postgres)
    database, folder = Database.open(url), tmp_path / "log"
    outsider = Outsider(folder)
    await write(database, 5)
    with child(url, folder) as running:
        await asyncio.to_thread(said, running.stdout, "published 5")
        before = resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        await write(database, 200)  # the ledger does not wait for the log
        assert "lineage/log_unwritable" in await asyncio.to_thread(said, running.stdout, "failed")
        assert outsider.look() == 5
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, before)
        await asyncio.to_thread(said, running.stdout, "published 205")
    assert outsider.look() == 205
    await database.close()


async def test_two_processes_at_once_make_one_log(database_url: str, tmp_path: Path) -> None:
    database, folder = Database.open(database_url), tmp_path / "log"
    with child(database_url, folder) as one, child(database_url, folder) as two:
        heard: dict[Any, list[str]] = {one: [], two: []}
        for running, lines in heard.items():
            Thread(target=listen, args=(running.stdout, lines), daemon=True).start()
        await write(database, 50)
        await until(lambda: any(heard.values()))
        leader, other = (one, two) if heard[one] else (two, one)
        for _ in range(5):
            await write(database, 50)
        assert heard[other] == []
        os.killpg(leader.pid, signal.SIGKILL)
        await write(database, 50)
        await until(lambda: "published 350\n" in heard[other])
    assert Outsider(folder).look() == 350
    await database.close()


def listen(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)  # noqa: PERF402  as it comes


async def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("scratch", [".scratch-checkpoint", "tile/0/000.p/.scratch-7"])
async def test_what_an_interrupted_writer_left_is_removed(database: Database, tmp_path: Path, scratch: str) -> None:
    await write(database, 5)
    await catch_up(database, tmp_path / "log")
    left = tmp_path / "log" / scratch
    left.write_bytes(b"half")
    await write(database, 5)
    await catch_up(database, tmp_path / "log")
    assert not left.exists()
    assert Outsider(tmp_path / "log").look() == 10
