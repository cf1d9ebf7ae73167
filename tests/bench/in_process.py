"""The gate alone: no HTTP, one caller, memo on and off."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from api.database import Database
from api.gates import ColdPath, GateOptions, open_gate
from gate import Gate, ReadCall
from gate.deciding import Decider
from gate.engines import PolicyEngine
from gate.memo import DecisionMemo
from gate.situating import Situator
from tests.bench.figures import Figures, figures
from tests.bench.worlds import Measured
from vault import FileRootKey, load_key_ring

DEADLINE_S = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement."""

    subjects: int
    features: int
    memo: int
    rounds: int

    def calls(self, measured: Measured) -> Iterator[ReadCall]:
        """Reads of other people each time, the first few for warming up."""
        doubled, names = measured.refs + measured.refs, measured.names(self.features)
        for turn in range(-3, self.rounds):
            first = (turn * self.subjects) % len(measured.refs)
            refs = doubled[first : first + self.subjects]
            yield ReadCall("lender", "scoring", "credit_scoring", "cash_loan", tuple(refs), names)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Whole reads, and of them the first half: facts gathered from the database and decided, in microseconds."""

    whole: Figures
    decide_us: float


async def measure(measured: Measured, engine: PolicyEngine, case: Case) -> Measurement:
    """Time ``case.rounds`` reads of ``case.subjects`` subjects, one after another."""
    database = Database.open(measured.url)
    async with database.reading() as tx:
        keys = await load_key_ring(tx.connection, FileRootKey.open(measured.folder / "root.key"))
    options = GateOptions(memo=case.memo, deadline_s=DEADLINE_S)
    gate, store = await open_gate(measured.url, database, keys, engine, options)
    try:
        whole = await _whole(gate, measured, case)
        situator = Situator(store, keys, ColdPath(database, keys).config)
        decider = Decider(engine, DecisionMemo(case.memo), deadline_s=DEADLINE_S)
        return Measurement(whole, await _deciding(situator, decider, measured, case))
    finally:
        await gate.close()
        await store.close()
        await database.close()


async def _whole(gate: Gate, measured: Measured, case: Case) -> Figures:
    times = []
    for call in case.calls(measured):
        began = time.perf_counter()
        await gate.read(call)
        times.append(time.perf_counter() - began)
        await asyncio.sleep(0)
    return figures(times[3:], sum(times[3:]))


async def _deciding(situator: Situator, decider: Decider, measured: Measured, case: Case) -> float:
    times = []
    for call in case.calls(measured):
        places = list(enumerate(call.subjects))
        began = time.perf_counter()
        situated = await situator.situate([(None, call, places)])
        await decider.rule((item.call, item.facts) for item in situated.items)
        times.append(time.perf_counter() - began)
    return statistics.median(times[3:]) * 1e6
