"""The thread that waits for the disk: in order, and to the end."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from gate.store_sqlite_disk import DiskThread


@pytest.fixture
def disk() -> Iterator[DiskThread]:
    made = DiskThread("test-disk")
    yield made
    made.close()


async def test_jobs_run_in_order_and_answer(disk: DiskThread) -> None:
    done: list[int] = []

    def job(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        done.append(number)
        return number * 2

    assert await asyncio.gather(*(disk.run(job, number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert done == [0, 1, 2, 3, 4]


async def test_what_a_job_raises_is_raised(disk: DiskThread) -> None:
    def job() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        await disk.run(job)
    assert await disk.run(lambda: "next") == "next"


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_leaves_only_when_the_job_has_ended(disk: DiskThread, *, fails: bool) -> None:
    ended: list[bool] = []

    def job() -> None:
        time.sleep(0.1)
        ended.append(True)
        if fails:
            raise OSError

    task = asyncio.create_task(disk.run(job))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
