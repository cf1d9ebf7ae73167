"""Revealing tokens: from tokens to identifiers, for a client whose purpose allows it.

Rules: see `api.usecases.revealing`; many tokens at once need a request that a data protection officer with a second
factor approves; an unknown token and another recipient's are answered alike.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field

from api.access import Dpo, Scorer, SecondFactor
from api.identity import Principal, Role
from api.problems import ProblemError
from api.routes.wire import Answer, FeatureName, Name, routes
from api.service import service_of
from api.strictroute import Body
from api.usecases.acting import ledger_actor
from api.usecases.revealing import RevealCall, ask_approval, reveal
from lineage import EntryDraft, Kind, append
from vault import approve_reveal

ROUTER = routes()
MOST = 1000
RequestId = Annotated[str, Field(pattern="^rr_[a-z2-7]{26}$")]
MOST_CHARACTERS = 1400  # of a reversible token of an address of 200 characters outside the basic plane
Token = Annotated[str, Field(min_length=4, max_length=MOST_CHARACTERS)]


class RevealBody(Body):
    """Tokens to reveal.

    ``feature`` is the one that was released as tokens; ``made_for`` the purpose they were made for, if another one.
    """

    purpose: Name
    product: Name
    feature: FeatureName
    tokens: Annotated[list[Token], Field(min_length=1, max_length=MOST)]
    made_for: Name | None = None


class ApprovedRevealBody(RevealBody):
    """Tokens to reveal, perhaps under a request that was approved."""

    request: RequestId | None = None


class RevealedShown(Answer):
    """One token, in the order asked: its identifier in canonical form, or why there is none."""

    status: str
    value: str | None
    reasons: list[str]
    read: str | None


class Reveals(Answer):
    """What became of the tokens."""

    results: list[RevealedShown]


class RevealRequest(Answer):
    """A request that waits for approval."""

    request: str


class ApprovalBody(Body):
    """An approval names whose request it approves, so that an id alone approves nothing."""

    client: Name


class Approved(Answer):
    """A request that was approved, and whose it is."""

    request: str
    client: str


@ROUTER.post("/v1/reveals", tags=["reveals"], summary="Reveal tokens")
async def reveal_tokens(request: Request, body: ApprovedRevealBody, caller: Scorer) -> Reveals:
    """Answer the identifiers behind tokens; gated and in the ledger before it is answered."""
    found = await reveal(service_of(request.app.state), _call(body, caller, body.request))
    return Reveals(
        results=[
            RevealedShown(
                status="denied" if each.value is None else "revealed",
                value=each.value,
                reasons=list(each.reasons),
                read=None if each.read is None else str(each.read),
            )
            for each in found
        ]
    )


@ROUTER.post("/v1/reveal-requests", tags=["reveals"], summary="Ask to reveal many tokens", status_code=201)
async def request_reveal(request: Request, body: RevealBody, caller: Scorer) -> RevealRequest:
    """Keep a request for somebody else to approve; off unless the deployment turned it on."""
    return RevealRequest(request=await ask_approval(service_of(request.app.state), _call(body, caller, None)))


@ROUTER.post(
    "/v1/reveal-requests/{reveal_request}/approval", tags=["reveals"], summary="Approve a request to reveal tokens"
)
async def approve(
    request: Request, reveal_request: RequestId, body: ApprovalBody, caller: Dpo, _factor: SecondFactor
) -> Approved:
    """Approve what a client asked; recorded under the officer's own name."""
    service, by = service_of(request.app.state), ledger_actor(caller, Role.DPO)
    async with service.database.transaction() as tx:
        await approve_reveal(tx.connection, caller.tenant, reveal_request, client=body.client, by=by.id, now=tx.now)
        draft = EntryDraft(Kind.REVEAL_APPROVED, caller.tenant, by, client=body.client, about=reveal_request)
        await append(tx.connection, [draft], now=tx.now, mac=service.keyring.mac)
    return Approved(request=reveal_request, client=body.client)


def _call(body: RevealBody, caller: Principal, request: str | None) -> RevealCall:
    if len(set(body.tokens)) != len(body.tokens):
        raise ProblemError("request/repeated", pointer="#/tokens")
    return RevealCall(
        tenant=caller.tenant,
        client=caller.id,
        purpose=body.purpose,
        product=body.product,
        feature=body.feature,
        tokens=tuple(body.tokens),
        made_for=body.made_for or body.purpose,
        request=request,
    )
