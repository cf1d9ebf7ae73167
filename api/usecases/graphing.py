"""Questions to the lineage graph, and changes of it by staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.database import Transaction
from api.identity import Principal, Role
from api.service import Service
from api.usecases.acting import ledger_actor
from api.usecases.scoring import new_name
from api.usecases.writing import Work
from consent import find_grant_owner, find_subject
from lineage import Actor, EntryDraft, Kind, append
from lineage import Role as LedgerRole
from lineage.content import Json
from lineage.graph import (
    PROPOSAL,
    Authority,
    Cause,
    DeletionCause,
    NewProposal,
    Proposal,
    Saved,
    ToDelete,
    Whom,
    decide,
    load_graph,
    propose,
    read_event,
    remove_column,
    save_columns,
    what_to_delete,
)

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


@dataclass(frozen=True, slots=True)
class Taken:
    """What an event told, and what of it was new; `entry` is None if nothing was."""

    columns: int
    edges: int
    saved: Saved
    entry: int | None


async def take_event(tx: Transaction, service: Service, caller: Principal, event: Mapping[str, Any]) -> Taken:
    """Add what an OpenLineage event tells to the tenant's graph; recorded if it is new. Raises: EventRefusedError."""
    catalog = await service.catalogs.current(tx.connection)
    told = read_event(event, tenant=caller.tenant, catalog=catalog)
    saved = await save_columns(tx.connection, caller.tenant, told.columns, told.edges, now=tx.now)
    entry = None
    if saved.nodes or saved.edges:
        parts: dict[str, Json] = {"columns": saved.nodes, "edges": saved.edges, "told": told.digest}
        actor = ledger_actor(caller, Role.STEWARD, Role.OPERATOR)
        draft = EntryDraft(Kind.LINEAGE_RECEIVED, caller.tenant, actor, about=told.digest, parts=parts)
        (entry,) = await append(tx.connection, [draft], now=tx.now, mac=service.keyring.mac)
    return Taken(len(told.columns), len(told.edges), saved, entry)


async def propose_lowering(work: Work, wanted: NewProposal) -> tuple[Proposal, int]:
    """Record a steward's proposal; returns it and the entry. Raises: ProposalRefusedError."""
    graph = await load_graph(work.connection, work.tenant, await work.catalog())
    named = replace(wanted, id=new_name(PROPOSAL))
    return await propose(work.connection, work.tenant, graph, named, _authority(work, Role.STEWARD))


async def decide_proposal(work: Work, proposal: str, *, approve: bool) -> tuple[Proposal, int]:
    """Record the officer's decision; returns the proposal and the entry.

    Raises: ProposalNotFoundError; ProposalClosedError; TwoPeopleNeededError.
    """
    return await decide(work.connection, work.tenant, proposal, _authority(work, Role.DPO), approve=approve)


def _authority(work: Work, role: Role) -> Authority:
    return Authority(ledger_actor(work.caller, role), work.now, work.service.keyring.mac)
