"""Writing sealed values: the only statements that change ``gate_values``.

Rules:
- a segment of a subject is replaced only by one observed at the same time or later: a load that is run again, or out of
  order, never puts an old value over a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gate.facts import microseconds
from gate.tables import VALUES

BATCH_ROWS = 500


async def store_values(
    connection: AsyncConnection, tenant: str, sealed: Sequence[tuple[str, str, bytes]], observed: datetime
) -> None:
    """Store (subject, segment, sealed) rows of one tenant, all observed at one time."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(VALUES)
    statement = insert.on_conflict_do_update(
        index_elements=["tenant", "subject", "segment"],
        set_={"sealed": insert.excluded.sealed, "observed_us": insert.excluded.observed_us},
        where=VALUES.c.observed_us <= insert.excluded.observed_us,
    )
    observed_us = microseconds(observed)
    rows = [
        {"tenant": tenant, "subject": subject, "segment": segment, "observed_us": observed_us, "sealed": blob}
        for subject, segment, blob in sealed
    ]
    for start in range(0, len(rows), BATCH_ROWS):
        await connection.execute(statement, rows[start : start + BATCH_ROWS])
