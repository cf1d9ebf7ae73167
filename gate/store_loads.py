"""Where bulk loads stand: the only statements over ``gate_loads``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gate.facts import microseconds
from gate.tables import LOADS

_SCANS = ("seqscan", "hashjoin", "mergejoin", "material", "bitmapscan")
BY_KEY = "SELECT " + ", ".join(f"set_config('enable_{scan}', 'off', true)" for scan in _SCANS)
_LOCK_SEED = 0x676174655F6C  # "gate_l": keeps these advisory locks apart from others


@dataclass(frozen=True, slots=True)
class LoadKey:
    """What makes two runs the same load.

    Attributes:
        source: keyed digest of the file's content and of what is to be done with it, 64 hex digits.
        view: the feature view; "" for people.
    """

    tenant: str
    source: str
    view: str


@dataclass(frozen=True, slots=True)
class LoadState:
    """How far a load has come: rows of the file, from its start."""

    rows_done: int = 0
    rows_rejected: int = 0
    finished: bool = False


async def look_up_by_key(connection: AsyncConnection) -> None:
    """Keep PostgreSQL to its indexes for the rest of the transaction.

    What a load looks up it looks up by key. A table that was empty when it began has no statistics, and the planner
    then scans it for every batch: 24,000 people took 48 seconds instead of 17.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text(BY_KEY))


async def read_state(connection: AsyncConnection, key: LoadKey, *, lock: bool = False) -> LoadState:
    """Where a load stands; one never seen stands at the start. With ``lock`` other processes wait at the same load."""
    if lock and connection.dialect.name == "postgresql":  # an advisory lock, since the row may not be there yet
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:load, :seed))")
        await connection.execute(statement, {"load": f"{key.tenant}/{key.source}", "seed": _LOCK_SEED})
    table = LOADS.c
    query = select(table.rows_done, table.rows_rejected, table.finished).where(
        table.tenant == key.tenant, table.source == key.source
    )
    row = (await connection.execute(query)).first()
    return LoadState() if row is None else LoadState(*row)


async def save_state(connection: AsyncConnection, key: LoadKey, state: LoadState, now: datetime) -> None:
    """Write where a load stands."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(LOADS)
    changed = ("rows_done", "rows_rejected", "finished", "updated_us")
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "source"], set_={name: insert.excluded[name] for name in changed}
    )
    row = {
        "tenant": key.tenant,
        "source": key.source,
        "view": key.view,
        "rows_done": state.rows_done,
        "rows_rejected": state.rows_rejected,
        "finished": state.finished,
        "updated_us": microseconds(now),
    }
    await connection.execute(statement, row)
