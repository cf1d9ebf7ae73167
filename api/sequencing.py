"""Running the transparency log's sequencer in this process: its parts, its alarms.

Rules: every failure is counted by code and logged when it begins, and once more when it has ended; while the log
cannot be written the service serves, and says so in ``/readyz`` and ``yumen_log_failing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from api.database import Database, utc_now
from api.logs import EVENTS
from api.metrics import LogMetrics
from api.settings import Settings
from lineage.log import Asking, LogOptions, Post, Sequencer, Signer

CONNECT_S = 2.0


class LogObserver:
    """Turns what the sequencer tells into metrics and events."""

    def __init__(self, metrics: LogMetrics) -> None:
        self._metrics = metrics
        self._failing: str | None = None

    def led(self, *, is_leading: bool) -> None:
        """Note who leads."""
        if is_leading:
            EVENTS.info("this process writes the transparency log")
        self._metrics.leading.set(is_leading)

    def published(self, size: int, *, delay_s: float) -> None:
        """Note a checkpoint; a failure has ended."""
        if self._failing is not None:
            EVENTS.info("the transparency log is written again")
            self._failing = None
        self._metrics.failing.set(0)
        self._metrics.size.set(size)
        self._metrics.checkpoints.inc()
        self._metrics.delay.observe(delay_s)

    def failed(self, code: str, error: BaseException) -> None:
        """Note a failure; the same one again is only counted."""
        self._metrics.failing.set(1)
        self._metrics.failures.labels(code).inc()
        if code != self._failing:
            EVENTS.error("the transparency log cannot be written: %s", code, exc_info=error)
            self._failing = code

    def witnessed(self, name: str, code: str | None) -> None:
        """Note a witness's answer."""
        self._metrics.witnesses.labels(name, code or "cosigned").inc()
        if code is not None:
            EVENTS.warning("a witness did not cosign: %s", code, extra={"fields": {"witness": name}})


def options_of(settings: Settings) -> LogOptions:
    """How the settings want the log to be run."""
    asked = settings.transparency
    return LogOptions(
        folder=settings.log_folder,
        origin=asked.origin,
        interval_s=asked.interval_ms / 1000,
        idle_s=max(0.1, asked.interval_ms / 1000),
        witness_s=asked.witness_ms / 1000,
        quorum=asked.quorum,
    )


@asynccontextmanager
async def sequencer(
    settings: Settings, database: Database, signer: Signer, metrics: LogMetrics
) -> AsyncIterator[Sequencer]:
    """A sequencer with its witnesses' client open."""
    async with AsyncExitStack() as stack:
        witnesses: list[Asking] = []
        if settings.transparency.witnesses:
            client = await stack.enter_async_context(
                httpx.AsyncClient(timeout=httpx.Timeout(settings.transparency.witness_ms / 1000, connect=CONNECT_S))
            )
            witnesses = [Asking(each.witness, _post(client)) for each in settings.transparency.witnesses]
        yield Sequencer(
            options_of(settings),
            database=database,
            signer=signer,
            observer=LogObserver(metrics),
            clock=utc_now,
            witnesses=witnesses,
        )


@asynccontextmanager
async def sequencing(
    settings: Settings, database: Database, signer: Signer, metrics: LogMetrics
) -> AsyncIterator[Sequencer]:
    """Run a sequencer beside whatever the block does."""
    async with sequencer(settings, database, signer, metrics) as made:
        task = asyncio.create_task(made.run())
        task.add_done_callback(_ended)
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        EVENTS.error("the sequencer of the transparency log ended", exc_info=fault)


def _post(client: httpx.AsyncClient) -> Post:
    async def post(url: str, body: bytes) -> tuple[int, bytes]:
        try:
            answer = await client.post(url, content=body, headers={"Content-Type": "text/plain; charset=utf-8"})
        except httpx.HTTPError as fault:
            raise ConnectionError from fault
        return answer.status_code, answer.content[:65_536]

    return post
