"""One good request for every operation of the API, for tests that go through all of them.

A test that meets an operation without a sample fails: whoever adds a route adds its sample.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from api.openapi import METHODS
from tests.api.routes.conftest import Lender
from tests.api.routes.people import person
from tests.api.routes.test_register import CLIENT, NOTICE, PARTY, PURPOSE
from tests.world import FEATURES, VIEWS

EVIDENCE = "ev_" + "b" * 26
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
    read: str

    @property
    def ids(self) -> dict[str, str]:
        return {"subject": self.subject, "grant": self.grant, "entry": self.entry, "read": self.read}


async def things_of(lender: Lender, subject: str, *, tenant: str = "lender") -> Things:
    """Give a consent of a subject and name it."""
    given = await lender.subject("POST", "/v1/grants", lender.grant(), name=subject, tenant=tenant)
    assert given.status_code == 201, given.text
    asked = {
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "subjects": [subject],
        "features": ["behaviour:limit"],
    }
    read = await lender.call("scorer", "POST", "/v1/reads", asked, name="scoring", tenant=tenant)
    assert read.status_code == 200, read.text
    return Things(subject, given.json()["grant"]["id"], given.json()["entry"], read.json()["results"][0]["entry"])


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
    return {**of_people(things), **of_register(), **of_consent(lender, things), **of_questions(things)}


def of_people(things: Things) -> dict[tuple[str, str], Sample]:
    who = {"subject": things.subject}
    row = {"subject": things.subject, "observed_at": datetime.now(UTC).isoformat(), "values": {"limit": 7}}
    read = {
        "purpose": "credit_scoring",
        "product": "cash_loan",
        "subjects": [things.subject],
        "features": list(FEATURES),
    }
    reveal = {"fields": ["mobile_no"], "reason": "dispute"}
    return {
        ("POST", "/v1/reads"): Sample("scorer", read),
        ("POST", "/v1/subjects"): Sample("steward", {"identifiers": person(9)}),
        ("POST", "/v1/subjects/lookup"): Sample("dpo", {"field": "mobile_no", "value": "13911112222"}),
        ("POST", "/v1/subjects/{subject}/reveal"): Sample("dpo", reveal, ids=who),
        ("GET", "/v1/subjects/{subject}/identifiers"): Sample("subject", ids=who),
        ("POST", "/v1/values"): Sample("steward", {"view": "behaviour", "rows": [row]}),
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


def of_questions(things: Things) -> dict[tuple[str, str], Sample]:
    return {
        ("GET", "/v1/entries"): Sample("auditor", params={"subject": things.subject}),
        ("GET", "/v1/entries/{entry}"): Sample("subject", ids={"entry": things.entry}),
        ("GET", "/v1/entries/{entry}/replay"): Sample("auditor", ids={"entry": things.read}),
        ("GET", "/v1/me/reads"): Sample("subject"),
        ("GET", "/v1/reasons"): Sample("subject"),
        ("GET", "/v1/catalogue"): Sample("subject"),
        ("GET", "/v1/catalogue/fields"): Sample("subject"),
        ("GET", "/v1/catalogue/fields/{name}"): Sample("subject", ids={"name": "credit_limit"}),
        ("GET", "/v1/catalogue/views"): Sample("subject"),
        ("GET", "/v1/catalogue/views/{name}"): Sample("subject", ids={"name": "behaviour"}),
        ("PUT", "/v1/catalogue/views"): Sample("steward", text=VIEWS),
    }
