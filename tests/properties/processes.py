"""Replicas in processes of their own, asked over pipes."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any


class Process:
    """A running replica; many may ask at a time."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {0: asyncio.get_running_loop().create_future()}
        self._ids = itertools.count(1)
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, url: str, folder: Path) -> Process:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.properties.worker", url, str(folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            limit=1 << 24,
        )
        return cls(child)

    async def ready(self) -> None:
        await self._waiting[0]

    async def ask(self, do: str, **parts: Any) -> Mapping[str, Any]:
        """Have something done; returns when it is answered."""
        assert self._child.stdin is not None
        number = next(self._ids)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._child.stdin.write(json.dumps({"id": number, "do": do, **parts}).encode() + b"\n")
        return await answer

    async def stop(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        await self._child.wait()
        await self._listening

    async def _listen(self) -> None:
        assert self._child.stdout is not None
        while line := await self._child.stdout.readline():
            found = json.loads(line)
            self._waiting.pop(found["id"]).set_result(found)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(RuntimeError("the replica ended without an answer"))


@asynccontextmanager
async def replicas(url: str, folder: Path, count: int) -> AsyncIterator[list[Process]]:
    """Start replicas and stop them at the end."""
    async with AsyncExitStack() as stack:
        running = await asyncio.gather(*(Process.start(url, folder) for _ in range(count)))
        for each in running:
            stack.push_async_callback(each.stop)
        await asyncio.gather(*(each.ready() for each in running))
        yield running
