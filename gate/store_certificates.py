"""Where certificates of erasure are kept: the only statements over ``gate_certificates``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gate.tables import CERTIFICATES


class StoredCertificate(NamedTuple):
    """A certificate as stored: its bytes as text, and the signature over them."""

    id: str
    tenant: str
    body: str
    signature: bytes


async def insert_certificates(connection: AsyncConnection, rows: Iterable[StoredCertificate]) -> None:
    """Write new certificates."""
    await connection.execute(insert(CERTIFICATES), [row._asdict() for row in rows])


async def find_certificate(connection: AsyncConnection, tenant: str, name: str) -> StoredCertificate | None:
    """One certificate of a tenant, None if there is none."""
    table = CERTIFICATES.c
    query = select(table.id, table.tenant, table.body, table.signature).where(table.id == name, table.tenant == tenant)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else StoredCertificate(row.id, row.tenant, row.body, bytes(row.signature))
