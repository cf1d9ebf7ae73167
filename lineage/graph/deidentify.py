"""De-identification that lowers a grade: proposed by one person, decided by another, both on record.

Rules:
- a steward proposes, with evidence of how it was done; the data protection officer approves or rejects; never one
  person alone;
- only a column that derives from others can be lowered, and only below its present grade;
- an approval is for the inputs and the grade that were judged: what changes ends it (`lineage.graph.graph`).

Law: PIPL 51(3), 73; JR/T 0197-2020 (a de-identified value may be graded lower by rule).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from lineage.content import Json
from lineage.entries import Actor, EntryDraft, Mac, Moment
from lineage.errors import ProposalClosedError, ProposalRefusedError, TwoPeopleNeededError
from lineage.graph.graph import COLUMN, Graph, Method, inputs_digest
from lineage.graph.store_proposals import close_proposal, find_proposal, insert_proposal, lock_proposal
from lineage.kinds import Kind
from lineage.store import append

PROPOSAL = "di_"


class ProposalState(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewProposal:
    """What is proposed: `evidence` is a reference or digest of the report that shows how it was done."""

    id: str
    node: str
    method: Method
    grade_to: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands."""

    id: str
    node: str
    method: Method
    grade_from: int
    grade_to: int
    inputs: str
    evidence: str
    state: ProposalState
    proposed_by: str
    proposed_us: int
    decided_by: str | None
    decided_us: int | None

    @classmethod
    def of(cls, row: Any) -> "Proposal":
        """Read a row."""
        return cls(
            row.proposal,
            row.node,
            Method(row.method),
            row.grade_from,
            row.grade_to,
            row.inputs,
            row.evidence,
            ProposalState(row.state),
            row.proposed_by,
            row.proposed_us,
            row.decided_by,
            row.decided_us,
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """In whose name, when and with which ledger key."""

    by: Actor
    now: datetime
    mac: Mac


async def propose(
    connection: AsyncConnection, tenant: str, graph: Graph, wanted: NewProposal, authority: Authority
) -> tuple[Proposal, int]:
    """Record a proposal; returns it and its ledger entry.

    Raises: ProposalRefusedError: nothing would be lowered, or the node derives from nothing.
    """
    inputs = graph.inputs.get(wanted.node, frozenset())
    node = graph.nodes.get(wanted.node)
    if node is None or node.is_removed or not wanted.node.startswith(COLUMN) or not inputs:
        raise ProposalRefusedError("only a column that derives from others can be lowered")
    grade = graph.judge()[wanted.node].grade_before
    if wanted.grade_to >= grade:
        raise ProposalRefusedError("the new grade is not below the present one")
    made = {
        "tenant": tenant,
        "proposal": wanted.id,
        "node": wanted.node,
        "method": wanted.method.value,
        "grade_from": grade,
        "grade_to": wanted.grade_to,
        "inputs": inputs_digest(inputs),
        "evidence": wanted.evidence,
        "state": ProposalState.PROPOSED.value,
        "proposed_by": authority.by.id,
        "proposed_us": Moment.of(authority.now).us,
    }
    await insert_proposal(connection, made)
    found = Proposal.of(await find_proposal(connection, tenant, wanted.id))
    return found, await _record(connection, tenant, found, Kind.DEIDENTIFICATION_PROPOSED, authority)


async def decide(
    connection: AsyncConnection, tenant: str, proposal: str, authority: Authority, *, approve: bool
) -> tuple[Proposal, int]:
    """Approve or reject a proposal; returns it and its ledger entry.

    Raises: ProposalNotFoundError; ProposalClosedError; TwoPeopleNeededError: the same person proposed it.
    """
    before = Proposal.of(await lock_proposal(connection, tenant, proposal))
    if before.state is not ProposalState.PROPOSED:
        raise ProposalClosedError(proposal)
    if approve and before.proposed_by == authority.by.id:
        raise TwoPeopleNeededError("whoever proposed may not approve")
    state = ProposalState.APPROVED if approve else ProposalState.REJECTED
    decided = {"state": state.value, "decided_by": authority.by.id, "decided_us": Moment.of(authority.now).us}
    await close_proposal(connection, tenant, proposal, decided)
    found = Proposal.of(await find_proposal(connection, tenant, proposal))
    kind = Kind.DEIDENTIFICATION_APPROVED if approve else Kind.DEIDENTIFICATION_REJECTED
    return found, await _record(connection, tenant, found, kind, authority)


async def _record(
    connection: AsyncConnection, tenant: str, proposal: Proposal, kind: Kind, authority: Authority
) -> int:
    parts: dict[str, Json] = {
        "evidence": proposal.evidence,
        "grade_from": proposal.grade_from,
        "grade_to": proposal.grade_to,
        "inputs": proposal.inputs,
        "method": proposal.method.value,
        "node": proposal.node,
    }
    draft = EntryDraft(kind, tenant, authority.by, about=proposal.id, parts=parts)
    return (await append(connection, [draft], now=authority.now, mac=authority.mac))[0]
