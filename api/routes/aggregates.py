"""Differentially private aggregates and the budgets they are paid from.

Rules: see `api.usecases.aggregating`; who asks comes from the token; the recipient is the caller's own party unless
another one is named, and each has its budget; budgets are set by the data protection officer.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Dpo, Holds, Scorer
from api.idempotency import REPLAYED, retry_key
from api.identity import Principal, Role
from api.routes.wire import KEYED, Answer, Cursor, FeatureName, Limit, Name, Shown, pattern, routes
from api.service import Service, service_of
from api.strictroute import FROM_TEXT, Body
from api.usecases.acting import ledger_actor
from api.usecases.aggregating import Asking, aggregate, fingerprint
from api.usecases.budgeting import put_budget, read_names, write_names
from api.usecases.explaining import instant
from api.usecases.writing import writing
from consent import Client, find_current
from lineage import Actor
from lineage import Role as LedgerRole
from vault import PrivacyAccount, PrivacyBudget, PrivacyRequest, ReleaseNotFoundError, find_release, list_budgets
from vault.aggregate_plans import MOST_CATEGORIES, MOST_QUERIES, Noise, Query, read_cost, read_queries, total

ROUTER = routes()
Reader = Annotated[Principal, Depends(Holds(Role.SCORER, Role.DPO, Role.AUDITOR))]
Watcher = Annotated[Principal, Depends(Holds(Role.STEWARD, Role.DPO, Role.AUDITOR))]
Epsilon = Annotated[str, *pattern("^[0-9]{1,3}([.][0-9]{1,6})?$")]
Delta = Annotated[str, *pattern("^0([.][0-9]{1,12})?$")]
Bound = Annotated[str, *pattern("^-?[0-9]{1,9}([.][0-9]{1,6})?$")]
Category = Annotated[str, *pattern("^(?!.*[0-9]{5})[^\\u0000-\\u001f]{1,40}$")]
ReleaseId = Annotated[str, *pattern("^pr_[a-z2-7]{26}$")]


class QueryBody(Body):
    """One query: what is asked of a feature, within public bounds, and what it may cost."""

    kind: Annotated[Query, FROM_TEXT]
    feature: FeatureName
    epsilon: Epsilon
    delta: Delta = "0"
    noise: Annotated[Noise, FROM_TEXT] = Noise.LAPLACE
    lower: Bound | None = None
    upper: Bound | None = None
    unit: Bound | None = None
    categories: Annotated[list[Category], Field(min_length=1, max_length=MOST_CATEGORIES)] | None = None
    at: Delta | None = None
    steps: Annotated[int, Field(ge=2, le=1000)] | None = None

    def document(self) -> dict[str, Any]:
        """As plans write it."""
        given = self.model_dump(mode="json", exclude_none=True)
        return {"column": given.pop("feature"), **given}


class AggregatesBody(Body):
    """What is asked of a feature view, and who gets it."""

    purpose: Name
    product: Name
    dataset: Name
    recipient: Name | None = None
    queries: Annotated[list[QueryBody], Field(min_length=1, max_length=MOST_QUERIES)]


class CostShown(Answer):
    """A loss of privacy."""

    epsilon: str
    delta: str


class ResultShown(Answer):
    """One answer: a number, or of a histogram one for each category asked for, in their order, and one for the rest.

    ``accuracy``: with 95 in 100 each number is at most so far from the truth.
    """

    kind: Query
    column: str | None
    value: float | None
    counts: list[int] | None
    other: int | None
    accuracy: float | None
    noise: Noise
    epsilon: str
    delta: str


class BudgetStanding(Answer):
    """A budget when the answer was given."""

    limit: CostShown
    spent: CostShown
    left: CostShown


class AggregatesShown(Answer):
    """Aggregates that were released."""

    release: str
    dataset: str
    recipient: str
    purpose: str
    results: list[ResultShown]
    cost: CostShown
    budget: BudgetStanding
    entry: str


class BudgetBody(Body):
    """A budget: what all aggregates of a dataset may cost a recipient together."""

    dataset: Name
    recipient: Name
    epsilon: Epsilon
    delta: Delta = "0"


class BudgetShown(Answer):
    """A budget as it stands."""

    dataset: str
    recipient: str
    limit: CostShown
    spent: CostShown
    left: CostShown
    set_by: str
    set_at: Shown

    @classmethod
    def of(cls, found: PrivacyBudget) -> BudgetShown:
        """Show a budget."""
        document: dict[str, Any] = {
            "dataset": found.account.dataset,
            "recipient": found.account.recipient,
            "limit": found.limit.texts(),
            "spent": found.spent.texts(),
            "left": found.left.texts(),
            "set_by": found.set_by,
            "set_at": instant(found.set_us),
        }
        return cls.model_validate(document)


class BudgetAnswer(Answer):
    """A budget as it stands now, and the ledger entry."""

    budget: BudgetShown
    entry: str


class BudgetPage(Answer):
    """A page of budgets."""

    budgets: list[BudgetShown]
    next: str | None


@ROUTER.post(
    "/v1/aggregates",
    tags=["aggregates"],
    summary="Ask for differentially private aggregates",
    response_model=AggregatesShown,
    openapi_extra=KEYED,
)
async def ask(request: Request, body: AggregatesBody, caller: Scorer) -> Response:
    """Answer sums over everybody the gate lets this client read, with noise; paid and in the ledger first."""
    service = service_of(request.app.state)
    given = await aggregate(service, await _asking(service, request, body, caller))
    shown = AggregatesShown.model_validate(given.document)
    headers = {REPLAYED: "true"} if given.is_repeated else {}
    return Response(shown.model_dump_json(), media_type="application/json", headers=headers)


@ROUTER.get("/v1/aggregates/{release}", tags=["aggregates"], summary="Show aggregates that were released")
async def show(request: Request, release: ReleaseId, caller: Reader) -> AggregatesShown:
    """Answer what was answered, with the same noise; a client sees its own only."""
    async with service_of(request.app.state).database.reading() as tx:
        found = await find_release(tx.connection, caller.tenant, release)
    if caller.client is not None and found.client != caller.client:
        raise ReleaseNotFoundError
    return AggregatesShown.model_validate(json.loads(found.answer))


@ROUTER.put(
    "/v1/privacy-budgets",
    tags=["aggregates"],
    summary="Set a privacy budget",
    response_model=BudgetAnswer,
    openapi_extra=KEYED,
)
async def put(request: Request, body: BudgetBody, caller: Dpo) -> Response:
    """Set what the aggregates of a dataset may cost a recipient; what was spent stays spent."""
    limit = read_cost({"epsilon": body.epsilon, "delta": body.delta})
    async with writing(request, caller) as work:
        if work.replay is not None:
            return work.replay
        account = PrivacyAccount(caller.tenant, body.dataset, body.recipient)
        found, entry = await put_budget(
            work.tx, account, limit, keys=work.service.keyring, by=ledger_actor(caller, Role.DPO)
        )
        return work.answer(BudgetAnswer(budget=BudgetShown.of(found), entry=str(entry)))


@ROUTER.get("/v1/privacy-budgets", tags=["aggregates"], summary="List privacy budgets")
async def list_all(request: Request, caller: Watcher, cursor: Cursor = None, limit: Limit = 50) -> BudgetPage:
    """Answer the budgets, by dataset and recipient."""
    service = service_of(request.app.state)
    after = ("", "") if cursor is None else read_names(cursor)
    async with service.database.reading() as tx:
        rows = service.keyring.rows
        found = await list_budgets(tx.connection, caller.tenant, after=after, limit=limit + 1, rows=rows)
    last = found[limit - 1].account if len(found) > limit else None
    following = None if last is None else write_names(last.dataset, last.recipient)
    return BudgetPage(budgets=[BudgetShown.of(each) for each in found[:limit]], next=following)


async def _asking(service: Service, request: Request, body: AggregatesBody, caller: Principal) -> Asking:
    recipient = body.recipient
    if recipient is None:
        async with service.database.reading() as tx:
            recipient = (await find_current(tx.connection, caller.tenant, Client, caller.id)).party
    documents = [query.document() for query in body.queries]
    queries = read_queries(documents)
    key = retry_key(request)
    whole = json.dumps([documents, body.purpose, body.product, body.dataset, recipient], sort_keys=True)
    return Asking(
        request=PrivacyRequest(
            account=PrivacyAccount(caller.tenant, body.dataset, recipient),
            client=caller.id,
            retry=None if key is None else fingerprint(service.keyring, caller.tenant, "retry", caller.id, key),
            request=fingerprint(service.keyring, caller.tenant, "request", whole),
            cost=total(queries),
        ),
        purpose=body.purpose,
        product=body.product,
        queries=queries,
        by=Actor(LedgerRole.SCORER, caller.id),
    )
