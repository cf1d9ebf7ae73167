"""The only SQL of the HTTP side: idempotency rows and the readiness probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from api.tables import IdempotencyRow, ProbeRow

KEYS: Table = SQLModel.metadata.tables[str(IdempotencyRow.__tablename__)]
PROBES: Table = SQLModel.metadata.tables[str(ProbeRow.__tablename__)]
PROBE_LIFE_US = 86_400_000_000
LEDGER_IS_WRITABLE = {
    "postgresql": "SELECT NOT pg_is_in_recovery() AND has_table_privilege('ledger_entries', 'INSERT')",
    "sqlite": "SELECT count(*) = 1 FROM sqlite_master WHERE type = 'table' AND name = 'ledger_entries'",
}


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer an earlier request with the same key had; ``request`` is that request's digest."""

    request: bytes
    status: int
    body: str


def _upsert(connection: AsyncConnection, table: Table) -> Any:
    return (postgres_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)


async def claim_key(  # noqa: PLR0913  the parts of one row
    connection: AsyncConnection, tenant: str, key: bytes, *, request: bytes, now_us: int, expires_us: int
) -> KeptAnswer | None:
    """Take a key for this transaction, or answer what it was used for.

    A second transaction with the same key waits here until the first has ended: PostgreSQL at the unique index, SQLite
    at BEGIN IMMEDIATE. An expired row counts as absent.
    """
    statement = _upsert(connection, KEYS).values(tenant=tenant, key=key, request=request, expires_us=expires_us)
    claimed = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "key"],
            set_={"request": request, "expires_us": expires_us, "status": None, "body": None},
            where=KEYS.c.expires_us <= now_us,
        ).returning(KEYS.c.tenant)
    )
    if claimed.one_or_none() is not None:
        return None
    found = (
        await connection.execute(
            select(KEYS.c.request, KEYS.c.status, KEYS.c.body).where(KEYS.c.tenant == tenant, KEYS.c.key == key)
        )
    ).one()
    return KeptAnswer(bytes(found.request), int(found.status), str(found.body))


async def keep_answer(connection: AsyncConnection, tenant: str, key: bytes, *, status: int, body: str) -> None:
    """Store the answer beside the claimed key, in the transaction of the write itself."""
    await connection.execute(
        update(KEYS).where(KEYS.c.tenant == tenant, KEYS.c.key == key).values(status=status, body=body)
    )


async def purge(connection: AsyncConnection, *, now_us: int, limit: int = 1000) -> int:
    """Delete up to ``limit`` expired keys and the probes of replicas long gone; answers how many keys."""
    await connection.execute(delete(PROBES).where(PROBES.c.at_us < now_us - PROBE_LIFE_US))
    keys: Sequence[Any] = (
        await connection.execute(select(KEYS.c.tenant, KEYS.c.key).where(KEYS.c.expires_us <= now_us).limit(limit))
    ).all()
    for row in keys:
        await connection.execute(
            delete(KEYS).where(KEYS.c.tenant == row.tenant, KEYS.c.key == row.key, KEYS.c.expires_us <= now_us)
        )
    return len(keys)


async def probe(connection: AsyncConnection, replica: str, *, now_us: int) -> bool:
    """Write this replica's probe row; answers whether the ledger's table is there to be written."""
    await connection.execute(
        _upsert(connection, PROBES)
        .values(replica=replica, at_us=now_us)
        .on_conflict_do_update(index_elements=["replica"], set_={"at_us": now_us})
    )
    return bool((await connection.execute(text(LEDGER_IS_WRITABLE[connection.dialect.name]))).scalar_one())
