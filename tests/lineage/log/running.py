"""Running a log in tests: a signer from a fixed seed, an observer that keeps what it is told, entries to log."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.database import Database
from lineage import append
from lineage.log.checkpoint import log_key
from lineage.log.notes import VerifierKey
from lineage.log.sequencer import LogOptions, Sequencer
from lineage.log.witness import Asking
from tests.lineage import world
from vault import LogSigner, SecretBytes

ORIGIN = "log.example/yumen"
SIGNER = LogSigner(SecretBytes(b"a seed made for the log's tests."))
KEY: VerifierKey = log_key(ORIGIN, SIGNER)


class Watcher:
    """Keeps what the sequencer tells."""

    def __init__(self) -> None:
        self.leading: list[bool] = []
        self.sizes: list[int] = []
        self.delays: list[float] = []
        self.failures: list[str] = []
        self.witnesses: list[tuple[str, str | None]] = []

    def led(self, *, is_leading: bool) -> None:
        self.leading.append(is_leading)

    def published(self, size: int, *, delay_s: float) -> None:
        self.sizes.append(size)
        self.delays.append(delay_s)

    def failed(self, code: str, error: BaseException) -> None:
        del error
        self.failures.append(code)

    def witnessed(self, name: str, code: str | None) -> None:
        self.witnesses.append((name, code))


def sequencer(
    database: Database,
    folder: Path,
    watcher: Watcher | None = None,
    *,
    signer: LogSigner = SIGNER,
    witnesses: Sequence[Asking] = (),
    **changes: Any,
) -> Sequencer:
    options = LogOptions(**{"folder": folder, "origin": ORIGIN, "interval_s": 0.005, "idle_s": 0.02, **changes})
    return Sequencer(
        options,
        database=database,
        signer=signer,
        observer=watcher or Watcher(),
        clock=lambda: datetime.now(UTC),
        witnesses=witnesses,
    )


async def catch_up(database: Database, folder: Path, **changes: Any) -> int:
    """Log everything that is committed; returns the log's size."""
    return await sequencer(database, folder, **changes).lead(until_caught_up=True)


async def write(database: Database, count: int) -> None:
    """Append entries in one transaction."""
    async with database.transaction() as tx:
        drafts = [world.party() for _ in range(count)]
        await append(tx.connection, drafts, now=tx.now, mac=world.MAC)


@asynccontextmanager
async def running(made: Sequencer) -> Any:
    """Run a sequencer while the block runs."""
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
