"""De-identification that lowers a grade: a steward proposes, the data protection officer decides; both on record.

Rules: two people; an approval is for the inputs and the grade that were judged, and ends by itself when these change.

Law: PIPL 51(3), 73; JR/T 0197-2020.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Dpo, Holds, Steward
from api.identity import Principal, Role
from api.routes.wire import KEYED, Answer, CursorText, Evidence, Nothing, Shown, pattern, routes
from api.service import service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.explaining import instant
from api.usecases.graphing import decide_proposal, propose_lowering
from api.usecases.tracing import read_place, write_place
from api.usecases.writing import writing
from lineage.graph import Method, NewProposal, Proposal, ProposalState, list_proposals

ROUTER = routes()
Watcher = Annotated[Principal, Depends(Holds(Role.STEWARD, Role.DPO, Role.AUDITOR))]
ColumnId = Annotated[str, *pattern("^co_[a-z2-7]{26}$")]
ProposalId = Annotated[str, *pattern("^di_[a-z2-7]{26}$")]


class ProposalBody(Body):
    """What is proposed: the column, how it was de-identified, its new grade, the report that shows it."""

    node: ColumnId
    method: Annotated[Method, FROM_TEXT]
    grade: Annotated[int, Field(ge=1, le=4)]
    evidence: Evidence


class ProposalShown(Answer):
    """A proposal and what became of it."""

    proposal: str
    node: str
    method: Method
    grade_from: int
    grade_to: int
    evidence: str
    state: ProposalState
    proposed_by: str
    proposed_at: Shown
    decided_by: str | None
    decided_at: Shown | None

    @classmethod
    def of(cls, found: Proposal) -> ProposalShown:
        """Show a proposal."""
        document: dict[str, Any] = {
            "proposal": found.id,
            "node": found.node,
            "method": found.method,
            "grade_from": found.grade_from,
            "grade_to": found.grade_to,
            "evidence": found.evidence,
            "state": found.state,
            "proposed_by": found.proposed_by,
            "proposed_at": instant(found.proposed_us),
            "decided_by": found.decided_by,
            "decided_at": None if found.decided_us is None else instant(found.decided_us),
        }
        return cls.model_validate(document)


class ProposalAnswer(Answer):
    """A proposal as it stands now, and the ledger entry."""

    proposal: ProposalShown
    entry: str


class ProposalPage(Answer):
    """A page of proposals."""

    proposals: list[ProposalShown]
    next: str | None


@ROUTER.post(
    "/v1/deidentifications",
    tags=["lineage"],
    summary="Propose a de-identification",
    status_code=201,
    response_model=ProposalAnswer,
    openapi_extra=KEYED,
)
async def propose(request: Request, body: ProposalBody, caller: Steward) -> Response:
    """Propose to grade a column below what it derives from."""
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        wanted = NewProposal("", body.node, body.method, body.grade, body.evidence)
        found, entry = await propose_lowering(work, wanted)
        return work.answer(ProposalAnswer(proposal=ProposalShown.of(found), entry=str(entry)), status=201)


@ROUTER.get("/v1/deidentifications", tags=["lineage"], summary="List de-identifications")
async def list_all(
    request: Request,
    caller: Watcher,
    state: ProposalState | None = None,
    cursor: CursorText | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProposalPage:
    """Answer the proposals, of one state if asked."""
    service = service_of(request.app.state)
    after = "" if cursor is None else read_place(cursor)[1]
    async with service.database.reading() as tx:
        rows = await list_proposals(tx.connection, caller.tenant, state=state, after=after, limit=limit + 1)
    last = write_place(0, rows[limit - 1].proposal) if len(rows) > limit else None
    return ProposalPage(proposals=[ProposalShown.of(Proposal.of(row)) for row in rows[:limit]], next=last)


@ROUTER.post(
    "/v1/deidentifications/{proposal}/approve",
    tags=["lineage"],
    summary="Approve a de-identification",
    response_model=ProposalAnswer,
    openapi_extra=KEYED,
)
async def approve(request: Request, proposal: ProposalId, caller: Dpo, body: Nothing | None = None) -> Response:
    """Approve a proposal of somebody else."""
    del body
    return await _decide(request, caller, proposal, approve=True)


@ROUTER.post(
    "/v1/deidentifications/{proposal}/reject",
    tags=["lineage"],
    summary="Reject a de-identification",
    response_model=ProposalAnswer,
    openapi_extra=KEYED,
)
async def reject(request: Request, proposal: ProposalId, caller: Dpo, body: Nothing | None = None) -> Response:
    """Reject a proposal."""
    del body
    return await _decide(request, caller, proposal, approve=False)


async def _decide(request: Request, caller: Principal, proposal: str, *, approve: bool) -> Response:
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        found, entry = await decide_proposal(work, proposal, approve=approve)
        return work.answer(ProposalAnswer(proposal=ProposalShown.of(found), entry=str(entry)))
