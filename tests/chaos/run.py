"""One run: load, faults one after another, then quiet, then the verdict."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from lineage import check
from tests.chaos.checker import LedgerEntry, Verdict, judge
from tests.chaos.driver import Driver, Tokens
from tests.chaos.faults import Fault
from tests.chaos.history import Act, History
from tests.chaos.stage import Stage
from tests.world import TENANT

BETWEEN_S = 0.8
QUIET_S = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave.

    Attributes:
        unjustified: releases the published check of the ledger found no cause for, and all else it found wrong.
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

    @property
    def right(self) -> bool:
        """Whether every promise held."""
        return self.verdict.right and not self.unjustified

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
    return await _judge(stage, driver.history, happened, time.monotonic() - began)


async def _judge(stage: Stage, history: History, happened: Counter[str], took_s: float) -> Result:
    lender = stage.lender
    wrapped = await lender.wrapped(lender.subjects)
    pseudonyms = {ref: lender.keys.open_subject_key(TENANT, ref, wrapped[ref]).pseudonym() for ref in lender.subjects}
    async with lender.database.reading() as tx:
        rows = await tx.connection.execute(text("SELECT id, kind, subject, outcome FROM ledger_entries ORDER BY id"))
        ledger = [LedgerEntry(*row) for row in rows]
        report = await check(tx.connection, check_mac=lender.keys.check_mac)
    verdict = judge(history, ledger, pseudonyms)
    return Result(history, verdict, happened, len(report.faults), len(ledger), took_s, _slowest(stage, history))


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
