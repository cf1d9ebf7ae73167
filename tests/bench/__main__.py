"""``python -m tests.bench``: measure reads, beside two baselines, and print the tables.

Options: ``--quick`` for shorter runs, ``--write`` to keep the figures in docs/benchmarks.md, ``--only NAME`` for
one part.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gate.engines import EmbeddedEngine, OpaEndpoint, OpaServerEngine, PolicyEngine
from tests import opa, postgres
from tests.bench import ciphers, in_process, report, servers, worlds
from tests.bench.load import Figures, drive, request
from tests.bench.worlds import Measured

SUBJECTS = 1000
MEMO = {"on": 65_536, "off": 0}
BATCHES = ((1, 10), (10, 10), (100, 10), (1000, 10), (1000, 20))
DISTINCT = 500


async def main() -> int:
    """Run the parts asked for."""
    options = _options()
    seconds = 1.5 if options.quick else 4.0
    with tempfile.TemporaryDirectory(prefix="yumen-bench-") as place, ExitStack() as stack:
        folder = Path(place)
        databases = await _databases(folder, stack)
        with _opa() as port:
            parts = {
                "gate": lambda: _gate(databases, port, quick=options.quick),
                "http": lambda: _http(databases["SQLite"], port, seconds),
                "replicas": lambda: _replicas(databases["PostgreSQL"], seconds),
                "ciphers": lambda: asyncio.to_thread(ciphers.table, quick=options.quick),
            }
            tables = [await part() for name, part in parts.items() if options.only in (None, name)]
    text = report.document(tables, _machine())
    sys.stdout.write(text)
    if options.write:
        (servers.ROOT / "docs" / "benchmarks.md").write_text(text)
    return 0


async def _databases(folder: Path, stack: ExitStack) -> dict[str, Measured]:
    dsn = stack.enter_context(postgres.server(folder / "postgres"))
    _, url = await asyncio.to_thread(postgres.new_database, dsn)
    lite = folder / "sqlite"
    lite.mkdir()
    return {
        "SQLite": await worlds.build(f"sqlite+aiosqlite:///{lite / 'yumen.db'}", lite, SUBJECTS),
        "PostgreSQL": await worlds.build(url, folder / "pg", SUBJECTS),
    }


async def _gate(databases: dict[str, Measured], opa_port: int, *, quick: bool) -> report.Table:
    rows = []
    for database, measured in databases.items():
        for engine_name in ("embedded", "OPA server"):
            for memo_name, memo in MEMO.items():
                async with _engine(engine_name, opa_port) as engine:
                    for subjects, features in BATCHES:
                        rounds = max(5, (100 if quick else 400) // subjects)
                        case = in_process.Case(subjects, features, memo, rounds)
                        found = await in_process.measure(measured, engine, case)
                        rows.append((database, engine_name, memo_name, f"{subjects} x {features}", *_timing(found)))
    head = ("database", "engine", "memo", "subjects x features", "p50 ms", "p99 ms", "reads/s")
    return report.Table("The gate in process, one call after another", head, rows)


async def _http(measured: Measured, opa_port: int, seconds: float) -> report.Table:
    rows = []
    port = servers.free_port()
    base_command = [
        sys.executable,
        "-m",
        "tests.bench.baselines",
        measured.url,
        str(measured.folder),
        str(port),
        str(opa_port),
    ]
    one = _bodies(measured, 1, 10)
    with servers.running(base_command, f"http://127.0.0.1:{port}/docs"):
        for name in ("plain", "naive"):
            for connections in (1, 16):
                found = await _drive(port, f"/{name}", one, connections, seconds)
                rows.append((f"{name} endpoint", "-", "1 x 10", connections, *_timing(found), found.failed))
            found = await _drive(port, f"/{name}", _bodies(measured, 100, 10), 4, seconds)
            rows.append((f"{name} endpoint", "-", "100 x 10", 4, *_timing(found), found.failed))
    for memo_name, memo in MEMO.items():
        port = servers.free_port()
        with servers.service(measured, port, policy__memo_entries=str(memo)):
            for count, features, connections in ((1, 10, 1), (1, 10, 16), (1, 20, 16), (100, 10, 4), (1000, 20, 1)):
                found = await _drive(port, "/v1/reads", _bodies(measured, count, features), connections, seconds)
                rows.append(("yumen", memo_name, f"{count} x {features}", connections, *_timing(found), found.failed))
    head = (
        "service (SQLite, one worker)",
        "memo",
        "subjects x features",
        "connections",
        "p50 ms",
        "p99 ms",
        "req/s",
        "failed",
    )
    return report.Table("Over HTTP, each read durable in the ledger before its answer", head, rows)


async def _replicas(measured: Measured, seconds: float) -> report.Table:
    rows = []
    ports = [servers.free_port(), servers.free_port()]
    with servers.service(measured, ports[0]), servers.service(measured, ports[1]):
        for connections in (2, 32):
            bodies = _bodies(measured, 1, 10)
            found = await asyncio.gather(
                *(_drive(port, "/v1/reads", bodies, connections // 2, seconds) for port in ports)
            )
            together = sum(each.per_second for each in found)
            worst = max(found, key=lambda each: each.p99_ms)
            failed = sum(each.failed for each in found)
            rows.append((connections, f"{worst.p50_ms:.2f}", f"{worst.p99_ms:.1f}", f"{together:,.0f}", failed))
    head = ("connections", "p50 ms", "p99 ms", "req/s together", "failed")
    return report.Table("Two replicas on one PostgreSQL, 1 subject x 10 features, memo on", head, rows)


def _bodies(measured: Measured, count: int, features: int) -> list[bytes]:
    token, names = servers.token(measured), measured.names(features)
    doubled = measured.refs + measured.refs
    starts = range(DISTINCT) if count < 1000 else range(1)
    bodies = (
        msgspec.json.encode(
            {
                "purpose": "credit_scoring",
                "product": "cash_loan",
                "subjects": doubled[start : start + count],
                "features": names,
            }
        )
        for start in starts
    )
    return [request("127.0.0.1", 0, "{path}", token, body) for body in bodies]


async def _drive(port: int, path: str, requests: list[bytes], connections: int, seconds: float) -> Figures:
    ready = [each.replace(b"{path}", path.encode(), 1) for each in requests]
    await drive(("127.0.0.1", port), ready, connections=connections, seconds=min(1.0, seconds))
    return await drive(("127.0.0.1", port), ready, connections=connections, seconds=seconds)


def _timing(found: Figures) -> tuple[str, str, str]:
    return f"{found.p50_ms:.2f}", f"{found.p99_ms:.2f}", f"{found.per_second:,.0f}"


@contextmanager
def _opa() -> Iterator[int]:
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


def _machine() -> Iterator[str]:
    yield f"- {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    yield f"- load average at the end {os.getloadavg()[0]:.1f}; measured {datetime.now(UTC):%Y-%m-%d}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", choices=("gate", "http", "replicas"), help="one part")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
