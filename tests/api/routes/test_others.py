"""What belongs to others counts as absent: every operation that takes an id, with a foreign one and a made-up one."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from consent import Tenant
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.samples import Sample, Things, operations, samples, things_of
from tests.api.routes.test_roles import send
from tests.world import BOTH, STEWARD

NOWHERE = Things("sub_" + "a" * 26, "gr_" + "a" * 26, "999999999999")
NAMED = {"name", "view", "field"}
OPEN_NAMES = {
    "/v1/catalogue/fields/{name}",
    "/v1/lineage/fields/{name}",
}  # the catalogue's fields belong to the deployment, not to a tenant


def told(answer: httpx.Response) -> tuple[int, Any, Any]:
    """What an answer gives away: status, body and headers, without the request's own id and the name asked for."""
    body = {key: value for key, value in answer.json().items() if key not in {"instance", *NAMED}}
    headers = {key: value for key, value in answer.headers.items() if key not in {"x-request-id", "content-length"}}
    return answer.status_code, body, headers


def asked_about(lender: Lender, things: Things, role: str) -> dict[tuple[str, str], Sample]:
    """The operations that name something of somebody's, by id in path, query or body, or by a name of the tenant."""
    known = samples(lender, things)
    found: dict[tuple[str, str], Sample] = {}
    for way in operations(create_app(lender.settings).openapi()):
        sample = known[way]
        if role == "subject" and isinstance(sample.body, dict) and sample.staff and "purpose" in sample.body:
            sample = replace(sample, body={**sample.body, "subject": things.subject})
        text = f"{sample.ids} {sample.params} {sample.body} {sample.staff}"
        by_id = any(repr(one) in text for one in things.ids.values())
        if by_id or (role != "subject" and sample.ids and way[1] not in OPEN_NAMES):
            found[way] = sample
    return found


@pytest.mark.parametrize("role", ["subject", "steward", "dpo", "operator", "auditor"])
async def test_a_foreign_id_and_one_that_does_not_exist_are_answered_alike(lender: Lender, role: str) -> None:
    """Subject A on B's ids; staff of another tenant on this tenant's ids."""
    mine, theirs = lender.world.subjects
    foreign = await things_of(lender, theirs)
    more: dict[str, Any] = {"name": mine, "amr": FACTORS}
    if role != "subject":
        async with lender.world.database.transaction() as tx:
            other = Tenant(name="other", title=BOTH)
            await lender.world.registrar.register_tenant(tx.connection, other, by=STEWARD, now=tx.now)
        more["tenant"] = "other"
    absent = asked_about(lender, NOWHERE, role)
    found = 0
    for way, sample in asked_about(lender, foreign, role).items():
        real = await send(lender, way, sample, role, **more)
        ids = {key: "nothing_here" if key == "name" else value for key, value in absent[way].ids.items()}
        made_up = await send(lender, way, replace(absent[way], ids=ids), role, **more)
        assert told(real) == told(made_up), way
        assert real.status_code >= 400 or real.json() in ({"grants": [], "next": None}, {"entries": [], "next": None})
        found += real.status_code == 404
    assert found >= 4
    still = (await lender.subject("GET", f"/v1/grants/{foreign.grant}", name=theirs)).json()
    assert (still["state"], still["version"]) == ("live", 1)


MASS = ("state", "version", "tenant", "granted", "consent_version", "entry", "id", "is_current", "given_at", "at")


@pytest.mark.parametrize("member", MASS)
async def test_no_body_sets_what_only_the_service_may_set(lender: Lender, member: str) -> None:
    things = await things_of(lender, lender.world.subjects[0])
    for way, sample in samples(lender, things).items():
        if way[0] == "GET" or sample.text is not None:
            continue
        harmful = replace(sample, body={**(sample.body or {}), member: "live"})
        answer = await send(lender, way, harmful, sample.role, amr=FACTORS)
        assert answer.status_code == 422, (way, answer.text)
        assert answer.json()["code"] == "request/invalid", way
    still = (await lender.subject("GET", f"/v1/grants/{things.grant}")).json()
    assert (still["state"], still["version"]) == ("live", 1)
