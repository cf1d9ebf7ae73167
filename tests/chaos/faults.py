"""What is done to the stage. Each fault begins, lasts, and is over when it returns; the service has to recover alone.

``LONG`` faults take too long for a run of seconds; ``make chaos ARGS=--long`` includes them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.stage import Stage, faketime_library

Work = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: its name and what it does."""

    name: str
    happen: Work


async def kill_replica(stage: Stage) -> None:
    """SIGKILL a replica in the middle of its work and start it again."""
    await stage.replicas[0].crash()


def freeze_replica(seconds: float) -> Work:
    """SIGSTOP a replica for some time, whatever it holds."""

    async def happen(stage: Stage) -> None:
        for replica in stage.replicas:
            await replica.freeze(seconds)
            await asyncio.sleep(0.2)

    return happen


async def crash_postgres(stage: Stage) -> None:
    """Restart PostgreSQL without letting it shut down."""
    await asyncio.to_thread(stage.restart_postgres)


async def fill_disk(stage: Stage) -> None:
    """Leave PostgreSQL no space to write to."""
    await stage.fill_disk(1.5)


async def lose_answers(stage: Stage) -> None:
    """Cut connections between COMMIT and its answer."""
    await stage.proxy.lose_answers(1.0)


async def kill_opa(stage: Stage) -> None:
    """Kill the OPA server and start it again."""
    stage.opa.kill()
    await asyncio.sleep(1.0)
    await asyncio.to_thread(stage.opa.start)


async def freeze_opa(stage: Stage) -> None:
    """Freeze the OPA server past its deadline."""
    await asyncio.to_thread(stage.opa.freeze)
    await asyncio.sleep(1.5)
    stage.opa.thaw()


async def two_sequencers(stage: Stage) -> None:
    """Freeze whoever writes the log and end its session: another writes; then the first wakes and believes it leads."""
    leader, size = await stage.leader(), stage.log_size()
    async with leader.frozen():
        await stage.cut_leader()
        await stage.grown(size)
    await asyncio.sleep(0.5)


async def freeze_leader(stage: Stage) -> None:
    """Freeze whoever writes the log, and leave it to the database to find out."""
    leader, size = await stage.leader(), stage.log_size()
    async with leader.frozen():
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)  # what was on its way before
        size = max(size, stage.log_size())
        await stage.grown(size)
        stage.taken_over_s.append(asyncio.get_running_loop().time() - began)


def jump_clock(offset: str) -> Work:
    """Set one replica's clock; the database's decides what is valid."""

    async def happen(stage: Stage) -> None:
        stage.set_clock(offset)
        await asyncio.sleep(1.0)
        stage.set_clock("+0")

    return happen


SHORT = (
    Fault("replica SIGKILL", kill_replica),
    Fault("replica SIGSTOP 1.2 s", freeze_replica(1.2)),
    Fault("two sequencers at once", two_sequencers),
    Fault("log leader SIGSTOP", freeze_leader),
    Fault("PostgreSQL immediate restart", crash_postgres),
    Fault("answers lost after COMMIT", lose_answers),
    Fault("OPA killed", kill_opa),
    Fault("OPA frozen", freeze_opa),
    *([Fault("disk full", fill_disk)] if os.geteuid() == 0 else ()),
    *(Fault(f"clock {each}", jump_clock(each)) for each in ("+12h", "-2h") if faketime_library() is not None),
)
LONG = (
    Fault("replica SIGSTOP 3.5 s", freeze_replica(3.5)),
    Fault("replica SIGSTOP 30 s", freeze_replica(30.0)),
)
