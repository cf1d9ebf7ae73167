"""One thread that does, in order, what waits for the disk.

Rules: a job is handed over and answered with one wake-up each way, which is why this is no executor with its locks and
chained futures.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

Result = TypeVar("Result")


class DiskThread:
    """Runs jobs one after another."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, job: Callable[..., Result], *arguments: object) -> Result:
        """Run a job and answer what it answers, or raise what it raises.

        Whoever is cancelled meanwhile waits for its end first: nobody else may take the connection while it runs.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def go() -> None:
            try:
                result = job(*arguments)
            except BaseException as error:  # noqa: BLE001  it is raised where the job came from
                loop.call_soon_threadsafe(_settle, done, None, error)
            else:
                loop.call_soon_threadsafe(_settle, done, result, None)

        self._jobs.put(go)
        try:
            return cast("Result", await asyncio.shield(done))
        except asyncio.CancelledError:
            await _end_of(done)
            raise

    def close(self) -> None:
        """Finish what was handed over."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


async def _end_of(done: asyncio.Future[Any]) -> None:
    while not done.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait((done,))
    done.exception()  # seen here, where nobody waits for it any more


def _settle(done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
