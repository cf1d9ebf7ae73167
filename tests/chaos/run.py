"""One run: load, faults one after another, then quiet, then the verdict."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from api.options import TransparencySettings as LogSettings
from lineage import check
from lineage.log import log_key
from tests.chaos.checker import LedgerEntry, Verdict, judge
from tests.chaos.driver import Driver, Tokens
from tests.chaos.faults import Fault
from tests.chaos.history import Act, History
from tests.chaos.stage import ROOT, START, Stage
from tests.world import TENANT

BETWEEN_S = 0.8
QUIET_S = 1.0


@dataclass(frozen=True, slots=True)
class LogVerified:
    """What `yumen log verify` said: whether it is sound, how many entries, and what is wrong if it is not."""

    is_sound: bool
    size: int
    said: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave.

    Attributes:
        unjustified: releases the published check of the ledger found no cause for, and all else it found wrong.
        log: what `yumen log verify` said at the end of the log that outsiders see, with the checkpoint remembered that
            was published at the beginning; `log_size`: how many entries it has by then.
        taken_over_s: how long the log stood still when its leader was frozen, at most; None if it never was.
        slowest_withdrawal_s: the longest a single request to withdraw took until its answer, good or refused, at a
            replica that was neither frozen nor gone meanwhile.
    """

    history: History
    verdict: Verdict
    faults: Counter[str]
    unjustified: int
    entries: int
    took_s: float
    slowest_withdrawal_s: float
    log: LogVerified
    taken_over_s: float | None

    @property
    def right(self) -> bool:
        """Whether every promise held."""
        return self.verdict.right and not self.unjustified and self.log.is_sound and self.log.size == self.entries

    def count(self, act: Act) -> int:
        """How many operations of a kind were answered."""
        return sum(each.act is act and each.answered for each in self.history.operations)


async def run(
    stage: Stage,
    faults: Sequence[Fault],
    *,
    seconds: float,
    clients: int,
    seed: int,
    tell: Callable[[str], None],
) -> Result:
    """Drive clients for at least ``seconds`` and until every fault happened once; then judge."""
    began = time.monotonic()
    driver = Driver([each.url for each in stage.replicas], stage.lender, Tokens(stage.folder), seed=seed)
    working = asyncio.create_task(driver.run(clients))
    happened: Counter[str] = Counter()
    remembered = await _remember(stage)
    order = random.Random(seed)  # noqa: S311  picks an order
    while time.monotonic() - began < seconds or len(happened) < len(faults):
        round_of = [fault for fault in faults if fault.name not in happened] or list(faults)
        fault = order.choice(round_of)
        await asyncio.sleep(BETWEEN_S)
        if working.done():
            break
        tell(f"{time.monotonic() - began:6.1f} s  {fault.name}")
        await fault.happen(stage)
        happened[fault.name] += 1
    await asyncio.sleep(QUIET_S)
    driver.stop()
    await working
    took_s = time.monotonic() - began
    return await _judge(stage, driver.history, happened, took_s, remembered)


async def _remember(stage: Stage) -> Path:
    """Remember an early checkpoint, as an outsider would."""
    await stage.grown(0)
    state = stage.folder / "seen.json"
    await asyncio.to_thread(verify_log, stage, state)
    return state


def verify_log(stage: Stage, state: Path) -> LogVerified:
    """What `yumen log verify` says of the log, in a process of its own, without database or keys."""
    key = log_key(LogSettings().origin, stage.lender.keys.log_signer)
    command = [sys.executable, "-c", START, "log", "verify", str(stage.log), "--key", key.text, "--state", str(state)]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        return LogVerified(is_sound=False, size=0, said=done.stderr or done.stdout)
    return LogVerified(done.returncode == 0, int(said["size"]), "" if done.returncode == 0 else done.stdout)


async def _caught_up(stage: Stage, entries: int) -> None:
    """Wait until the log holds every entry of the ledger, or a while."""
    with suppress(TimeoutError):
        await stage.grown(entries - 1)


async def _judge(stage: Stage, history: History, happened: Counter[str], took_s: float, remembered: Path) -> Result:
    lender = stage.lender
    wrapped = await lender.wrapped(lender.subjects)
    pseudonyms = {ref: lender.keys.open_subject_key(TENANT, ref, wrapped[ref]).pseudonym() for ref in lender.subjects}
    async with lender.database.reading() as tx:
        rows = await tx.connection.execute(text("SELECT id, kind, subject, outcome FROM ledger_entries ORDER BY id"))
        ledger = [LedgerEntry(*row) for row in rows]
        report = await check(tx.connection, check_mac=lender.keys.check_mac)
    verdict = judge(history, ledger, pseudonyms)
    await _caught_up(stage, len(ledger))
    return Result(
        history,
        verdict,
        happened,
        len(report.faults),
        len(ledger),
        took_s,
        _slowest(stage, history),
        await asyncio.to_thread(verify_log, stage, remembered),
        max(stage.taken_over_s, default=None),
    )


def _slowest(stage: Stage, history: History) -> float:
    return max(
        (
            each.ended - each.began
            for each in history.requests
            if not any(
                began <= each.ended and each.began <= ended for began, ended in stage.replicas[each.replica].away
            )
        ),
        default=0.0,
    )
