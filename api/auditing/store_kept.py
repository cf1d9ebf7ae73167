"""Kept results of audits in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from api.tables import AuditRow
from consent.tables import SUBJECTS

AUDITS: Table = SQLModel.metadata.tables[str(AuditRow.__tablename__)]
PART = 500


async def insert_audit(connection: AsyncConnection, row: Mapping[str, object], *, most: int) -> None:
    """Store a result, and forget what is older than the newest `most` of its tenant."""
    await connection.execute(insert(AUDITS).values(**row))
    mine = AUDITS.c.tenant == row["tenant"]
    entries = select(AUDITS.c.entry).where(mine).order_by(AUDITS.c.entry.desc())
    oldest = (await connection.execute(entries.offset(most - 1).limit(1))).scalar_one_or_none()
    if oldest is not None:
        await connection.execute(delete(AUDITS).where(mine, AUDITS.c.entry < oldest))


async def list_audits(
    connection: AsyncConnection, tenants: Sequence[str], *, before: int | None, limit: int
) -> list[Row[Any]]:
    """Results of some tenants, newest first."""
    wanted = select(AUDITS).where(AUDITS.c.tenant.in_(tenants))
    if before is not None:
        wanted = wanted.where(AUDITS.c.entry < before)
    return list((await connection.execute(wanted.order_by(AUDITS.c.entry.desc()).limit(limit))).all())


async def pseudonyms_of(connection: AsyncConnection, refs: Sequence[str]) -> dict[str, str]:
    """How the ledger knows subjects, by reference."""
    found: dict[str, str] = {}
    for start in range(0, len(refs), PART):
        wanted = select(SUBJECTS.c.ref, SUBJECTS.c.pseudonym).where(SUBJECTS.c.ref.in_(refs[start : start + PART]))
        found |= {row.ref: row.pseudonym for row in await connection.execute(wanted)}
    return found
