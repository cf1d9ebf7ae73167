"""Proposals of de-identification in the database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.errors import ProposalNotFoundError
from lineage.graph.store_graph import PROPOSALS


async def insert_proposal(connection: AsyncConnection, row: Mapping[str, object]) -> None:
    """Store a new proposal."""
    await connection.execute(insert(PROPOSALS), [dict(row)])


async def find_proposal(connection: AsyncConnection, tenant: str, proposal: str) -> Row[Any]:
    """One proposal. Raises: ProposalNotFoundError."""
    return await _one(connection, _of(tenant, proposal), proposal)


async def lock_proposal(connection: AsyncConnection, tenant: str, proposal: str) -> Row[Any]:
    """One proposal, locked until the transaction ends. Raises: ProposalNotFoundError."""
    return await _one(connection, _of(tenant, proposal).with_for_update(), proposal)


async def close_proposal(
    connection: AsyncConnection, tenant: str, proposal: str, decided: Mapping[str, object]
) -> None:
    """Write down what was decided."""
    where = (PROPOSALS.c.tenant == tenant, PROPOSALS.c.proposal == proposal)
    await connection.execute(update(PROPOSALS).where(*where).values(**decided))


async def list_proposals(
    connection: AsyncConnection, tenant: str, *, state: str | None, after: str, limit: int
) -> list[Row[Any]]:
    """Proposals by id, of one state if given."""
    wanted = select(PROPOSALS).where(PROPOSALS.c.tenant == tenant, PROPOSALS.c.proposal > after)
    if state is not None:
        wanted = wanted.where(PROPOSALS.c.state == state)
    return list((await connection.execute(wanted.order_by(PROPOSALS.c.proposal).limit(limit))).all())


def _of(tenant: str, proposal: str) -> Select[Any]:
    return select(PROPOSALS).where(PROPOSALS.c.tenant == tenant, PROPOSALS.c.proposal == proposal)


async def _one(connection: AsyncConnection, wanted: Select[Any], proposal: str) -> Row[Any]:
    found: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
    if found is None:
        raise ProposalNotFoundError(proposal)
    return found
