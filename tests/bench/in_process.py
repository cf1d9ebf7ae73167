"""The gate alone: no HTTP, one caller or many, memo on and off."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from api.database import Database
from api.gates import GateOptions, open_gate
from gate import Gate, ReadCall
from gate.engines import PolicyEngine
from tests.bench.load import Figures, figures
from tests.bench.worlds import Measured
from vault import FileRootKey, load_key_ring


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement."""

    subjects: int
    features: int
    memo: int
    rounds: int


async def measure(measured: Measured, engine: PolicyEngine, case: Case) -> Figures:
    """Time ``case.rounds`` reads of ``case.subjects`` subjects, one after another."""
    database = Database.open(measured.url)
    async with database.reading() as tx:
        keys = await load_key_ring(tx.connection, FileRootKey.open(measured.folder / "root.key"))
    gate, store = await open_gate(measured.url, database, keys, engine, GateOptions(memo=case.memo, deadline_s=10))
    try:
        return await _time(gate, measured, case)
    finally:
        await gate.close()
        await store.close()
        await database.close()


async def _time(gate: Gate, measured: Measured, case: Case) -> Figures:
    names = measured.names(case.features)
    count = len(measured.refs)
    times = []
    for turn in range(-3, case.rounds):
        first = (turn * case.subjects) % count
        refs = (measured.refs + measured.refs)[first : first + case.subjects]
        call = ReadCall("lender", "scoring", "credit_scoring", "cash_loan", tuple(refs), names)
        began = time.perf_counter()
        await gate.read(call)
        if turn >= 0:
            times.append(time.perf_counter() - began)
        await asyncio.sleep(0)
    return figures(times, sum(times))
