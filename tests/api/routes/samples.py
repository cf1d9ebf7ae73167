"""One good request for every operation of the API, for tests that go through all of them.

A test that meets an operation without a sample fails: whoever adds a route adds its sample.
"""

import itertools
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from api.openapi import METHODS
from catalog.classify.reviewing import Classed, ColumnPlace, proposed
from catalog.classify.store_reviews import add_columns
from lineage.graph import column_name
from tests.api.routes.conftest import Lender
from tests.api.routes.people import person
from tests.api.routes.test_register import CLIENT, NOTICE, PARTY, PURPOSE
from tests.world import FEATURES, TENANT, VIEWS

NUMBERS = itertools.count()
EVIDENCE = "ev_" + "b" * 26
BUDGET = {"dataset": "behaviour", "recipient": "lender", "epsilon": "9", "delta": "0.0001"}
AGGREGATES = {
    "purpose": "credit_scoring",
    "product": "cash_loan",
    "dataset": "behaviour",
    "queries": [{"kind": "mean", "feature": "behaviour:limit", "lower": "0", "upper": "50000", "epsilon": "0.01"}],
}
REVIEW = {"action": "confirm", "reason": "checked with its owner", "version": 1}
PUBLIC = {"/livez", "/readyz", "/metrics", "/problems", "/problems/{room}/{name}"}


@dataclass(frozen=True)
class Sample:
    """A request: ``role`` is one that may; ``ids`` are the parts of the path; ``staff`` is added for staff."""

    role: str
    body: Any = None
    params: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    staff: dict[str, Any] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True)
class Things:
    """What the samples are about: a subject's reference, one of their grants, an entry about them, one of a read."""

    subject: str
    grant: str
    entry: str
    score: str = "sc_" + "a" * 26
    task: str = "dt_" + "a" * 26
    column: str = "co_" + "a" * 26
    proposal: str = "di_" + "a" * 26
    rejected: str = "di_" + "a" * 26
    scanned: str = "col_" + "a" * 26
    read: str = "999999999999"

    @property
    def ids(self) -> dict[str, str]:
        return {name: one for name, one in asdict(self).items() if name != "read"}  # a bare number is no mark


async def things_of(lender: Lender, subject: str, *, tenant: str = TENANT) -> Things:
    """Give a consent of a subject and name it, beside what was made of them before."""
    if tenant == TENANT and subject not in lender.made and subject in lender.world.subjects:
        await make_lineage(lender, subject)
    given = await lender.subject("POST", "/v1/grants", lender.grant(), name=subject, tenant=tenant)
    assert given.status_code == 201, given.text
    made = {**lender.made.get(subject, {}), "scanned": await scanned_column(lender, tenant)}
    return Things(subject, given.json()["grant"]["id"], given.json()["entry"], **made)


async def scanned_column(lender: Lender, tenant: str) -> str:
    """Put a column of a name of its own up for review, as a scan does."""
    place = ColumnPlace("warehouse", "loans", f"name {next(NUMBERS)}")
    new = proposed(place, Classed("full_name", 3), is_known=True, by="scan")
    async with lender.world.database.transaction() as tx:
        await add_columns(tx.connection, tenant, [new], tx.now)
    return place.id


async def make_lineage(lender: Lender, who: str) -> None:
    """A score on a read, the task of a withdrawal, a column that derives, a proposal to lower it: once a subject."""
    given = (await lender.subject("POST", "/v1/grants", lender.grant(), name=who)).json()["grant"]["id"]
    read = (await lender.read([who])).json()["results"][0]["entry"]
    scored = await lender.call("scorer", "POST", "/v1/scores", scores(who, read), name="scoring")
    assert scored.status_code == 201, scored.text
    withdrawn = await lender.subject("POST", "/v1/withdrawals", {"scope": "grant", "grant": given}, name=who)
    dataset = f"mart_{len(lender.made)}"
    await lender.call("steward", "POST", "/api/v1/lineage", event(dataset))
    await lender.call("dpo", "PUT", "/v1/privacy-budgets", {**BUDGET, "epsilon": "999"})
    column = column_name("warehouse", dataset, "score")
    wanted = {"node": column, "method": "aggregation", "grade": 1, "evidence": EVIDENCE}
    both = [await lender.call("steward", "POST", "/v1/deidentifications", wanted, name="proposer") for _ in range(2)]
    proposed, rejected = (answer.json()["proposal"]["proposal"] for answer in both)
    lender.made[who] = {
        "read": read,
        "score": scored.json()["scores"][0]["score"],
        "task": withdrawn.json()["tasks"][0],
        "column": column,
        "proposal": proposed,
        "rejected": rejected,
    }


def scores(subject: str, read: str, **changes: Any) -> dict[str, Any]:
    """A batch of one score on one read."""
    score = {
        "subject": subject,
        "model": "limit_model",
        "version": "3.1",
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "automated": True,
        "value": 612,
        "reads": [read],
        "reasons": [{"feature": "behaviour:limit", "effect": "raises"}],
        "decision": {"decision": "limit", "automated": True},
    }
    return {"scores": [{**score, **changes}]}


def event(dataset: str = "mart") -> dict[str, Any]:
    """An OpenLineage event: a dataset's column derives from a catalogue field."""
    source = {"namespace": "yumen://lender", "name": "fields", "field": "credit_limit"}
    facets = {"columnLineage": {"fields": {"score": {"inputFields": [source]}}}}
    return {
        "eventTime": "2026-11-23T02:00:00Z",
        "producer": "https://example.com/pipeline",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "eventType": "COMPLETE",
        "run": {"runId": "0190f5a1-7c8e-7c3e-9d2f-1f2e3d4c5b6a"},
        "job": {"namespace": "warehouse", "name": "nightly"},
        "inputs": [],
        "outputs": [{"namespace": "warehouse", "name": dataset, "facets": facets}],
    }


def operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    """(method, path) of every operation of verified callers, in the order of the document."""
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method in METHODS and path not in PUBLIC
    ]


def samples(lender: Lender, things: Things) -> dict[tuple[str, str], Sample]:
    """The sample of each operation."""
    people = {**of_people(things), **of_register(), **of_consent(lender, things), **of_aggregates()}
    return {**people, **of_questions(things), **of_erasure(things), **of_lineage(things)}


def of_people(things: Things) -> dict[tuple[str, str], Sample]:
    who = {"subject": things.subject}
    row = {"subject": things.subject, "observed_at": datetime.now(UTC).isoformat(), "values": {"limit": 7}}
    read = {
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "subjects": [things.subject],
        "features": list(FEATURES),
    }
    tokens = {
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "feature": FEATURES[0],
        "tokens": ["tok_" + "a" * 26],
    }
    request = {"reveal_request": "rr_" + "a" * 26}
    reveal = {"fields": ["mobile_no"], "reason": "dispute"}
    return {
        ("POST", "/v1/reads"): Sample("scorer", read),
        ("POST", "/v1/subjects"): Sample("steward", {"identifiers": person(9)}),
        ("POST", "/v1/subjects/lookup"): Sample("dpo", {"field": "mobile_no", "value": "13911112222"}),
        ("POST", "/v1/subjects/{subject}/reveal"): Sample("dpo", reveal, ids=who),
        ("GET", "/v1/subjects/{subject}/identifiers"): Sample("subject", ids=who),
        ("POST", "/v1/reveals"): Sample("scorer", tokens),
        ("POST", "/v1/reveal-requests"): Sample("scorer", tokens),
        ("POST", "/v1/reveal-requests/{reveal_request}/approval"): Sample("dpo", {"client": "scoring"}, ids=request),
        ("POST", "/v1/values"): Sample("steward", {"view": "behaviour", "rows": [row]}),
    }


def of_aggregates() -> dict[tuple[str, str], Sample]:
    release = {"release": "pr_" + "a" * 26}
    return {
        ("POST", "/v1/aggregates"): Sample("scorer", AGGREGATES),
        ("GET", "/v1/aggregates/{release}"): Sample("scorer", ids=release),
        ("PUT", "/v1/privacy-budgets"): Sample("dpo", {**BUDGET, "epsilon": "999"}),
        ("GET", "/v1/privacy-budgets"): Sample("dpo", params={"limit": "10"}),
    }


def of_register() -> dict[tuple[str, str], Sample]:
    found = {
        ("POST", "/v1/parties"): Sample("steward", PARTY),
        ("POST", "/v1/clients"): Sample("steward", CLIENT),
        ("POST", "/v1/purposes"): Sample("dpo", PURPOSE),
        ("POST", "/v1/notices"): Sample("dpo", NOTICE),
        ("PATCH", "/v1/parties/{name}"): Sample("steward", {"contact": "x@y.example"}, ids={"name": "partner"}),
        ("PATCH", "/v1/clients/{name}"): Sample("steward", {"max_form": "plain"}, ids={"name": "partner_scoring"}),
        ("PATCH", "/v1/purposes/{name}"): Sample("dpo", {"status": "active"}, ids={"name": "credit_scoring"}),
    }
    for many, name in (
        ("parties", "lender"),
        ("clients", "scoring"),
        ("purposes", "credit_scoring"),
        ("notices", "scoring_notice"),
    ):
        found["GET", f"/v1/{many}"] = Sample("dpo", params={"limit": "10"})
        found["GET", f"/v1/{many}/{{name}}"] = Sample("dpo", ids={"name": name})
        found["GET", f"/v1/{many}/{{name}}/versions"] = Sample("dpo", ids={"name": name})
    return found


def of_consent(lender: Lender, things: Things) -> dict[tuple[str, str], Sample]:
    acting = {"subject": things.subject, "evidence": EVIDENCE}
    evidence, grant = {"evidence": EVIDENCE}, {"grant": things.grant}
    refusal = {"purpose": "credit_scoring", "recipient": "lender", "notice": "scoring_notice", "notice_version": 1}
    withdrawal = {"scope": "grant", "grant": things.grant}
    return {
        ("POST", "/v1/grants"): Sample("subject", lender.grant(), staff=acting),
        ("GET", "/v1/grants"): Sample("steward", params={"subject": things.subject}),
        ("GET", "/v1/grants/{grant}"): Sample("subject", ids=grant),
        ("POST", "/v1/grants/{grant}/pause"): Sample("subject", ids=grant, staff=evidence),
        ("POST", "/v1/grants/{grant}/resume"): Sample("subject", ids=grant, staff=evidence),
        ("POST", "/v1/grants/{grant}/withdraw"): Sample("subject", ids=grant, staff=evidence),
        ("POST", "/v1/withdrawals"): Sample("subject", withdrawal, staff=acting),
        ("POST", "/v1/refusals"): Sample("subject", refusal, staff=acting),
    }


def of_erasure(things: Things) -> dict[tuple[str, str], Sample]:
    """Ids of requests, holds and certificates are made up: the subject of the other samples is to stay."""
    letters = "a" * 26
    request, hold, certificate = {"erasure": f"er_{letters}"}, {"hold": f"hd_{letters}"}, f"ec_{letters}"
    held = {"subject": things.subject, "basis": "aml", "reference": EVIDENCE, "until": "2046-01-01T00:00:00Z"}
    refused = {"decision": "refuse", "reason": "contract_runs"}
    return {
        ("POST", "/v1/holds"): Sample("dpo", held),
        ("POST", "/v1/holds/{hold}/release"): Sample("dpo", ids=hold),
        ("POST", "/v1/erasure-requests"): Sample(
            "subject", {"subject": "sub_" + letters}, staff={"evidence": EVIDENCE}
        ),
        ("GET", "/v1/erasure-requests"): Sample("dpo", params={"state": "waiting"}),
        ("GET", "/v1/erasure-requests/{erasure}"): Sample("dpo", ids=request),
        ("POST", "/v1/erasure-requests/{erasure}/decision"): Sample("dpo", refused, ids=request),
        ("GET", "/v1/erasure-certificates/{certificate}"): Sample("dpo", ids={"certificate": certificate}),
    }


def of_questions(things: Things) -> dict[tuple[str, str], Sample]:
    return {
        ("GET", "/v1/entries"): Sample("auditor", params={"subject": things.subject}),
        ("GET", "/v1/entries/{entry}"): Sample("subject", ids={"entry": things.entry}),
        ("GET", "/v1/entries/{entry}/receipt"): Sample("subject", ids={"entry": things.entry}),
        ("GET", "/v1/log/key"): Sample("subject"),
        ("GET", "/v1/log/checkpoint"): Sample("auditor"),
        ("GET", "/v1/log/tile/{path}"): Sample("auditor", ids={"path": "0/000.p/1"}),
        ("GET", "/v1/log/proof"): Sample("auditor", params={"old": "0"}),
        ("GET", "/v1/entries/{entry}/replay"): Sample("auditor", ids={"entry": things.read}),
        ("GET", "/v1/me/reads"): Sample("subject"),
        ("POST", "/v1/me/copies"): Sample("subject"),
        ("GET", "/v1/reasons"): Sample("subject"),
        ("GET", "/v1/catalogue"): Sample("subject"),
        ("GET", "/v1/catalogue/fields"): Sample("subject"),
        ("GET", "/v1/catalogue/fields/{name}"): Sample("subject", ids={"name": "credit_limit"}),
        ("GET", "/v1/catalogue/views"): Sample("subject"),
        ("GET", "/v1/catalogue/views/{name}"): Sample("subject", ids={"name": "behaviour"}),
        ("PUT", "/v1/catalogue/views"): Sample("steward", text=VIEWS),
        ("POST", "/v1/classify"): Sample("steward", {"text": "会议改到下午三点"}),
        ("GET", "/v1/catalogue/columns"): Sample("steward"),
        ("GET", "/v1/catalogue/columns/{column}"): Sample("steward", ids={"column": things.scanned}),
        ("POST", "/v1/catalogue/columns/{column}/reviews"): Sample("steward", REVIEW, ids={"column": things.scanned}),
    }


def of_lineage(things: Things) -> dict[tuple[str, str], Sample]:
    score, task = {"score": things.score}, {"task": things.task}
    decided = {"decisions": [{"score": things.score, "decision": "decline", "automated": False}]}
    proposed = {"node": things.column, "method": "masking", "grade": 1, "evidence": EVIDENCE}
    proposal, column = {"proposal": things.proposal}, {"column": things.column}
    return {
        ("POST", "/v1/scores"): Sample("scorer", scores(things.subject, things.read)),
        ("GET", "/v1/scores"): Sample("auditor", params={"subject": things.subject}),
        ("POST", "/v1/decisions"): Sample("scorer", decided),
        ("GET", "/v1/scores/{score}"): Sample("subject", ids=score),
        ("POST", "/v1/scores/{score}/review"): Sample("subject", ids=score),
        ("GET", "/v1/lineage/fields/{name}"): Sample("auditor", ids={"name": "credit_limit"}),
        ("GET", "/v1/lineage/grants/{grant}"): Sample("auditor", ids={"grant": things.grant}),
        ("GET", "/v1/lineage/graph"): Sample("auditor", params={"score": things.score}),
        ("POST", "/v1/lineage/columns/{column}/remove"): Sample("steward", ids=column),
        ("GET", "/v1/audits"): Sample("auditor"),
        ("GET", "/v1/tasks"): Sample("auditor", params={"subject": things.subject}),
        ("POST", "/v1/tasks/{task}/acknowledge"): Sample("scorer", {"outcome": "deleted"}, ids=task),
        ("POST", "/v1/deidentifications"): Sample("steward", proposed),
        ("GET", "/v1/deidentifications"): Sample("dpo", params={"state": "proposed"}),
        ("POST", "/v1/deidentifications/{proposal}/approve"): Sample("dpo", ids=proposal),
        ("POST", "/v1/deidentifications/{proposal}/reject"): Sample("dpo", ids={"proposal": things.rejected}),
        ("POST", "/api/v1/lineage"): Sample("steward", event()),
    }
