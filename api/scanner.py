"""The scanning process as the service sees it: started when first needed, one request at a time, ended when late.

Rules:
- a request that is not answered in time costs the process, never another caller: it is killed and a new one started;
- what could not be scanned is not called free of personal data: the caller gets a problem and treats it as highest;
- what is sent stands in pipes only.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import catalog
from api.options import ScanEngine
from catalog.classify.errors import PartMissingError, ScanFailedError, TextTooLongError
from catalog.classify.values.normal import MAX_TEXT

START_S = 60.0
LINE_B = 64 << 20
WAITING = 16


class Scanner:
    """Scans texts and columns in a process of its own."""

    def __init__(self, *, engine: ScanEngine, deadline_s: float) -> None:
        self._engine = engine
        self._deadline_s = deadline_s
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None
        self._is_warm = False

    async def text(self, text: str, today: str) -> dict[str, Any]:
        """Find personal data in a text. Raises: TextTooLongError; ScanFailedError; PartMissingError."""
        return await self._ask({"op": "text", "text": text, "today": today, "engine": self._engine.value})

    async def columns(
        self, columns: list[dict[str, Any]], today: str, fields: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, Any]:
        """Classify columns; `fields` are documents of those that are not as shipped. Raises: ScanFailedError."""
        return await self._ask({"op": "columns", "columns": columns, "fields": list(fields), "today": today})

    async def close(self) -> None:
        """End the process."""
        process, self._process, self._is_warm = self._process, None, False
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self._waiting >= WAITING:
            raise ScanFailedError("too many texts wait to be scanned; try again")
        self._waiting += 1
        try:
            async with self._turn:
                return _checked(await self._exchange(request))
        finally:
            self._waiting -= 1

    async def _exchange(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request and its answer; whatever goes wrong ends the process."""
        limit = self._deadline_s if self._is_warm else START_S
        is_done = False
        try:
            async with asyncio.timeout(limit):
                process = await self._started()
                assert process.stdin is not None  # noqa: S101  opened as pipes below
                assert process.stdout is not None  # noqa: S101  as above
                process.stdin.write(json.dumps(request).encode() + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
                answer: dict[str, Any] = json.loads(line)
            is_done = self._is_warm = True
        except (TimeoutError, ValueError, OSError) as error:
            raise ScanFailedError("the text was not scanned in time; treat it as of the highest grade") from error
        finally:
            if not is_done:
                await self.close()
        return answer

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "catalog.classify.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LINE_B,
                env=_environment(),
            )
        return self._process


def _environment() -> dict[str, str]:
    """What the process needs to find our rooms and its libraries; no setting and no secret of the service."""
    root = str(Path(catalog.__file__).resolve().parents[1])
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": root, "PYTHONUTF8": "1"}


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    match answer.get("fault"):
        case None:
            return answer
        case "text_too_long":
            raise TextTooLongError(MAX_TEXT)
        case "part_missing":
            raise PartMissingError("classify")
    raise ScanFailedError("the text could not be scanned; treat it as of the highest grade")
