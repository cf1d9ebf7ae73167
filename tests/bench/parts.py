"""The parts of the measurement; each gives one table."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gate.engines import EmbeddedEngine, OpaEndpoint, OpaServerEngine, PolicyEngine
from tests import opa
from tests.bench import ciphers, feast, growth, in_process, logs, servers, spark, tokens, worlds
from tests.bench.load import drive
from tests.bench.report import Table
from tests.bench.traffic import reads
from tests.bench.worlds import Measured

SUBJECTS = 1000
MEMO = {"on": 65_536, "off": 0}
BATCHES = ((1, 10), (1, 20), (10, 10), (100, 10), (1000, 10), (1000, 20))
LOADS = ((1, 10, 1), (1, 10, 16), (1, 20, 16), (100, 10, 4), (100, 10, 16), (1000, 20, 1))
BASELINE_LOADS = ((1, 10, 1), (1, 10, 16), (100, 10, 4))
FEAST_LOADS = ((1, 10, 1), (1, 10, 16), (100, 10, 16))
TIMES = ("p50 ms", "p99 ms")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the parts share.

    Attributes:
        seconds: how long each load is sent.
        long: whether there is time for large databases.
    """

    databases: dict[str, Measured]
    folder: Path
    opa_port: int
    seconds: float
    quick: bool

    async def gate(self) -> Table:
        """The gate without HTTP."""
        rows: list[tuple[object, ...]] = []
        for database, measured in self.databases.items():
            for engine_name in ("embedded", "OPA server"):
                for memo_name, memo in MEMO.items():
                    async with _engine(engine_name, self.opa_port) as engine:
                        for subjects, features in BATCHES:
                            rounds = max(7, (100 if self.quick else 400) // subjects)
                            case = in_process.Case(subjects, features, memo, rounds)
                            found = await in_process.measure(measured, engine, case)
                            parts = (database, engine_name, memo_name, f"{subjects} x {features}")
                            rows.append((*parts, *found.whole.row(), f"{found.decide_us:.0f}"))
        head = ("database", "engine", "memo", "subjects x features", *TIMES, "reads/s", "of that deciding, us p50")
        return Table("The gate in process, one call after another", head, rows)

    async def http(self) -> Table:
        """The service beside its baselines."""
        rows = [row async for row in self._baselines()]
        measured = self.databases["SQLite"]
        for memo_name, memo in MEMO.items():
            port = servers.free_port()
            with servers.service(measured, port, policy__memo_entries=str(memo)):
                for subjects, features, connections in LOADS:
                    sent = reads(measured, subjects, features)
                    found = await drive(port, sent, connections=connections, seconds=self.seconds)
                    parts = ("yumen", memo_name, f"{subjects} x {features}", connections)
                    rows.append((*parts, *found.row(), found.failed))
        head = ("service (SQLite, one worker)", "memo", "subjects x features", "connections", *TIMES, "req/s", "failed")
        return Table("Over HTTP, each read durable in the ledger before its answer", head, rows)

    async def _baselines(self) -> AsyncIterator[tuple[object, ...]]:
        measured = self.databases["SQLite"]
        port = servers.free_port()
        arguments = [measured.url, str(measured.folder), str(port), str(self.opa_port)]
        command = [sys.executable, "-m", "tests.bench.baselines", *arguments]
        with servers.running(command, f"http://127.0.0.1:{port}/docs"):
            for name in ("plain", "naive"):
                for subjects, features, connections in BASELINE_LOADS:
                    sent = reads(measured, subjects, features, f"/{name}")
                    found = await drive(port, sent, connections=connections, seconds=self.seconds)
                    yield f"{name} endpoint", "-", f"{subjects} x {features}", connections, *found.row(), found.failed
        programs = await asyncio.to_thread(feast.installed)
        if programs is None:
            yield f"feast serve {feast.VERSION}: could not be installed here", "-", "-", "-", "-", "-", "-", "-"
            return
        port = servers.free_port()
        with feast.serving(programs, measured, self.folder / "feast", port):
            for subjects, features, connections in FEAST_LOADS:
                sent = feast.traffic(measured, subjects, features)
                found = await drive(port, sent, connections=connections, seconds=self.seconds)
                name = f"feast serve {feast.VERSION}"
                yield name, "-", f"{subjects} x {features}", connections, *found.row(), found.failed

    async def replicas(self) -> Table:
        """Two services on one PostgreSQL."""
        rows: list[tuple[object, ...]] = []
        measured = self.databases["PostgreSQL"]
        ports = [servers.free_port(), servers.free_port()]
        with servers.service(measured, ports[0]), servers.service(measured, ports[1]):
            for connections in (2, 32):
                sent = reads(measured, 1, 10)
                found = await asyncio.gather(
                    *(drive(port, sent, connections=connections // 2, seconds=self.seconds) for port in ports)
                )
                together = sum(each.per_second for each in found)
                worst = max(found, key=lambda each: each.p99_ms)
                failed = sum(each.failed for each in found)
                rows.append((connections, *worst.row()[:2], f"{together:,.0f}", failed))
        head = ("connections", *TIMES, "req/s together", "failed")
        return Table("Two replicas on one PostgreSQL, 1 subject x 10 features, memo on", head, rows)

    async def tokens(self) -> Table:
        """Tokens a second, of each kind."""
        return await asyncio.to_thread(tokens.table, quick=self.quick)

    async def spark(self) -> Table:
        """Tokens inside Spark."""
        return await asyncio.to_thread(spark.table, quick=self.quick)

    async def log(self) -> Table:
        """The transparency log: in, under a checkpoint, verified."""
        return await logs.measure(self.folder / "transparency", quick=self.quick)

    async def growth(self) -> Table:
        """The cost of a read in ever larger databases."""
        folder = self.folder / "growth"
        folder.mkdir()
        measured = await worlds.build(f"sqlite+aiosqlite:///{folder / 'yumen.db'}", folder, SUBJECTS)
        rows: list[tuple[object, ...]] = []
        first = 0.0
        for stage in growth.stages(measured, subjects=100_000, grants=100, entries=1_000_000):
            async with _engine("embedded", self.opa_port) as engine:
                found = await in_process.measure(measured, engine, in_process.Case(1, 10, MEMO["on"], 2000))
            first = first or found.whole.p50_ms
            rows.append((stage.name, *found.whole.row()[:2], f"{found.whole.p50_ms / first:.2f}"))
        return Table("Cost growth: 1 subject x 10 features, SQLite, memo on", ("stored", *TIMES, "of the first"), rows)

    async def ciphers(self) -> Table:
        """Sealing and opening beside bare calls of the library."""
        return await asyncio.to_thread(ciphers.table, quick=self.quick)


@contextmanager
def opa_server() -> Iterator[int]:
    """A running OPA server with the committed bundle; its port."""
    found = os.environ.get("YUMEN_OPA")
    if not found:
        raise SystemExit("make bench needs the OPA program: `tools/opa.sh` says how to get it")
    server = opa.OpaServer(Path(found))
    server.start()
    servers.wait_for(f"{server.url}/health?bundles")
    try:
        yield server.port
    finally:
        server.kill()


@asynccontextmanager
async def _engine(name: str, opa_port: int) -> AsyncIterator[PolicyEngine]:
    engine: PolicyEngine
    engine = EmbeddedEngine() if name == "embedded" else OpaServerEngine(OpaEndpoint(port=opa_port))
    try:
        yield engine
    finally:
        await engine.close()
