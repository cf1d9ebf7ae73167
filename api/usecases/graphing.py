"""Questions to the lineage graph, and changes of it by staff."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Transaction
from api.identity import Principal, Role
from api.service import Service
from api.usecases.acting import ledger_actor
from consent import find_grant_owner, find_subject
from lineage import Actor, EntryDraft, Kind, append
from lineage import Role as LedgerRole
from lineage.graph import Cause, DeletionCause, ToDelete, Whom, remove_column, what_to_delete

_SYSTEM = Actor(LedgerRole.SYSTEM, "yumen")


async def use_of_grant(connection: AsyncConnection, tenant: str, grant: str) -> tuple[str, list[ToDelete]]:
    """The pseudonym of the person who gave a grant, and what each party received under it.

    Raises: GrantNotFoundError.
    """
    owner = await find_grant_owner(connection, tenant, grant)
    subject = await find_subject(connection, owner)
    whom = Whom(tenant, subject.pseudonym, owner.ref)
    cause = DeletionCause(Cause.WITHDRAWAL, _SYSTEM, about=grant, grant=grant)
    return subject.pseudonym, await what_to_delete(connection, whom, cause)


async def remove_node(tx: Transaction, service: Service, caller: Principal, node: str) -> tuple[str, int]:
    """Mark a column as removed, on record; returns its label and the entry. Raises: NodeNotFoundError."""
    label = await remove_column(tx.connection, caller.tenant, node, now=tx.now)
    actor = ledger_actor(caller, Role.STEWARD)
    draft = EntryDraft(Kind.LINEAGE_NODE_REMOVED, caller.tenant, actor, about=node)
    (entry,) = await append(tx.connection, [draft], now=tx.now, mac=service.keyring.mac)
    return label, entry
