"""Aggregates over HTTP: gated, paid before they are answered, refused when all is spent, the same if repeated."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.settings import Settings
from lineage.graph import column_name
from tests.api.routes.conftest import Lender, opened
from tests.api.routes.samples import AGGREGATES, event

COUNT = {"kind": "count", "feature": "behaviour:limit", "epsilon": "50"}
MEAN = {"kind": "mean", "feature": "behaviour:limit", "lower": "0", "upper": "50000", "epsilon": "50"}
BANDS = {"kind": "histogram", "feature": "behaviour:score_band", "categories": ["[650,700)"], "epsilon": "50"}


async def budget(lender: Lender, epsilon: str = "999", **changes: Any) -> httpx.Response:
    body = {"dataset": "behaviour", "recipient": "lender", "epsilon": epsilon, "delta": "0.001", **changes}
    return await lender.call("dpo", "PUT", "/v1/privacy-budgets", body)


async def ask(lender: Lender, *queries: dict[str, Any], key: str | None = None, **changes: Any) -> httpx.Response:
    name = changes.pop("client", "scoring")
    body = {**AGGREGATES, "queries": list(queries) or AGGREGATES["queries"], **changes}
    return await lender.call("scorer", "POST", "/v1/aggregates", body, name=name, key=key)


async def entries(lender: Lender, kind: str) -> list[dict[str, Any]]:
    found = await lender.call("auditor", "GET", "/v1/entries", params={"kind": kind, "limit": 200})
    return list(found.json()["entries"])


async def consenting(lender: Lender, count: int) -> list[str]:
    """So many people who consented, beside the two who did not."""
    people = await lender.world.add_subjects(count)
    for who in people:
        given = await lender.subject("POST", "/v1/grants", lender.grant(), name=who)
        assert given.status_code == 201
    return people


async def test_aggregates_are_of_those_whose_consent_stands(lender: Lender) -> None:
    people = await consenting(lender, 40)
    await budget(lender)
    first = (await ask(lender, COUNT, MEAN)).json()
    assert abs(first["results"][0]["value"] - 40) <= 2
    assert abs(first["results"][1]["value"] - 20000) <= 1500
    for who in people[:30]:
        await lender.subject("POST", "/v1/withdrawals", {"scope": "all"}, name=who)
    later = (await ask(lender, COUNT)).json()
    assert abs(later["results"][0]["value"] - 10) <= 2


async def test_every_person_read_has_an_entry_and_the_release_one_without_answers(lender: Lender) -> None:
    people = await consenting(lender, 3)
    await budget(lender)
    answer = await ask(lender, MEAN, BANDS)
    assert answer.status_code == 200, answer.text
    reads = await entries(lender, "read")
    assert [entry["outcome"] for entry in reads].count("released") == len(people)
    assert len(reads) == len(lender.world.subjects)
    [entry] = await entries(lender, "data.aggregated")
    assert entry["id"] == answer.json()["entry"]
    assert (entry["about"], entry["party"], entry["purpose"]) == ("behaviour/lender", "lender", "credit_scoring")
    assert entry["release"] == answer.json()["release"]
    assert (entry["method"], entry["degree"], entry["epsilon"], entry["delta"]) == ("differential_privacy", 4, 10**8, 0)
    assert entry["spent"] == {"epsilon": 10**8, "delta": 0}
    assert [query["column"] for query in entry["queries"]] == ["behaviour:limit", "behaviour:score_band"]
    assert max(int(reads[0]["id"]), int(reads[-1]["id"])) < int(entry["id"])
    value = str(answer.json()["results"][0]["value"])
    assert value not in json.dumps(entry)


async def test_a_spent_budget_refuses_and_the_refusal_is_recorded(lender: Lender) -> None:
    await consenting(lender, 2)
    await budget(lender, "1.5")
    cheap = {**COUNT, "epsilon": "1"}
    assert (await ask(lender, cheap)).status_code == 200
    reads = len(await entries(lender, "read"))
    refused = await ask(lender, cheap)
    assert (refused.status_code, refused.json()["code"]) == (409, "vault/privacy_budget_spent")
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(await entries(lender, "read")) == reads  # nobody is read for what cannot be paid
    denied, done = await entries(lender, "data.aggregated")
    assert (denied["outcome"], denied["code"]) == ("denied", "vault/privacy_budget_spent")
    assert (done["outcome"], "code" in done) == ("done", False)
    last = (await ask(lender, {**COUNT, "epsilon": "0.5"})).json()
    assert last["budget"] == {
        "limit": {"epsilon": "1.5", "delta": "0.001"},
        "spent": {"epsilon": "1.5", "delta": "0"},
        "left": {"epsilon": "0", "delta": "0.001"},
    }


async def test_without_a_budget_nothing_is_read_or_answered(lender: Lender) -> None:
    await consenting(lender, 1)
    refused = await ask(lender, COUNT)
    assert (refused.status_code, refused.json()["code"]) == (409, "vault/privacy_budget_not_set")
    await budget(lender, recipient="partner")
    assert (await ask(lender, COUNT)).status_code == 409
    assert await entries(lender, "read") == []


async def test_a_refusal_without_a_budget_is_recorded_and_stands_in_no_later_budgets_way(lender: Lender) -> None:
    await consenting(lender, 1)
    assert (await ask(lender, COUNT)).status_code == 409
    [denied] = await entries(lender, "data.aggregated")
    assert (denied["outcome"], denied["code"]) == ("denied", "vault/privacy_budget_not_set")
    assert (denied["about"], denied["client"], denied["purpose"]) == ("behaviour/lender", "scoring", "credit_scoring")
    assert (denied["release"], denied["limit"], denied["epsilon"]) == (None, None, 50 * 10**6)
    assert denied["spent"] == {"epsilon": 0, "delta": 0}
    await budget(lender)
    assert (await ask(lender, COUNT)).status_code == 200
    async with lender.world.database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM vault_privacy_budgets"))
    assert (await ask(lender, COUNT)).status_code == 409
    assert (await entries(lender, "data.aggregated"))[0]["spent"] == {"epsilon": 50 * 10**6, "delta": 0}
    assert (await budget(lender)).json()["budget"]["spent"]["epsilon"] == "50"
    checked = await lender.call("auditor", "GET", "/v1/entries", params={"outcome": "denied", "limit": 200})
    assert len([each for each in checked.json()["entries"] if each["kind"] == "data.aggregated"]) == 2


async def test_what_is_spent_and_refused_is_counted_for_prometheus_without_names(lender: Lender) -> None:
    await consenting(lender, 1)
    await ask(lender, COUNT)
    await budget(lender, "1.5")
    paid = {**COUNT, "epsilon": "1.25", "delta": "0.000001", "noise": "gaussian"}
    assert (await ask(lender, paid, key="once")).status_code == 200
    assert (await ask(lender, paid, key="once")).status_code == 200
    assert (await ask(lender, COUNT)).status_code == 409
    shown = (await lender.http.get("/metrics")).text
    for outcome in ("paid", "repeated", "vault/privacy_budget_not_set", "vault/privacy_budget_spent"):
        assert f'yumen_privacy_requests_total{{outcome="{outcome}"}} 1.0' in shown
    assert "yumen_privacy_epsilon_total 1.25\n" in shown
    assert "yumen_privacy_delta_total 1e-06\n" in shown
    assert "behaviour" not in shown


async def test_a_dataset_that_is_no_view_is_not_found_and_costs_nothing(lender: Lender) -> None:
    await budget(lender, dataset="nothing")
    refused = await ask(lender, {**COUNT, "feature": "nothing:limit"}, dataset="nothing")
    assert (refused.status_code, refused.json()["code"], refused.json()["view"]) == (
        404,
        "catalog/view_not_found",
        "nothing",
    )
    assert refused.headers["content-type"] == "application/problem+json"
    assert await entries(lender, "data.aggregated") == []


async def test_a_repeated_request_gets_the_same_noise_and_pays_once(lender: Lender) -> None:
    await consenting(lender, 5)
    await budget(lender, "1")
    noisy = {**COUNT, "epsilon": "0.01"}
    first = await ask(lender, noisy, key="retry-1")
    before = len(await entries(lender, "read"))
    again = await ask(lender, noisy, key="retry-1")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert len(await entries(lender, "read")) == before
    shown = await lender.call("scorer", "GET", f"/v1/aggregates/{first.json()['release']}", name="scoring")
    assert shown.json() == first.json()
    assert (await budget(lender, "1")).json()["budget"]["spent"]["epsilon"] == "0.01"
    other = await ask(lender, COUNT, key="retry-1")
    assert (other.status_code, other.json()["code"]) == (422, "vault/release_key_reused")


async def test_many_at_once_never_spend_more_than_the_budget(lender: Lender) -> None:
    await consenting(lender, 2)
    await budget(lender, "1")
    tenth = {**COUNT, "epsilon": "0.25"}
    answers = await asyncio.gather(*(ask(lender, tenth) for _ in range(7)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [409] * 3
    page = (await lender.call("auditor", "GET", "/v1/privacy-budgets")).json()
    assert page["budgets"][0]["spent"]["epsilon"] == "1"
    paid = [entry for entry in await entries(lender, "data.aggregated") if entry["outcome"] == "done"]
    assert (len(paid), max(entry["spent"]["epsilon"] for entry in paid)) == (4, 10**6)


async def test_the_same_request_at_once_is_one(lender: Lender) -> None:
    await consenting(lender, 2)
    await budget(lender, "1")
    answers = await asyncio.gather(*(ask(lender, {**COUNT, "epsilon": "0.25"}, key="once") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await entries(lender, "data.aggregated")) == 1


async def test_a_budget_is_for_one_recipient(lender: Lender) -> None:
    """The lender's own analysts ask for a partner; the partner's budget pays, and is in the ledger."""
    await consenting(lender, 2)
    await budget(lender, "1", recipient="partner")
    answer = await ask(lender, {**COUNT, "epsilon": "1"}, recipient="partner")
    assert (answer.status_code, answer.json()["recipient"]) == (200, "partner")
    assert (await ask(lender, {**COUNT, "epsilon": "1"}, recipient="partner")).status_code == 409
    assert (await ask(lender, COUNT, recipient="nobody")).json()["code"] == "consent/party_not_found"


async def test_a_release_is_seen_by_its_client_and_by_officers_only(lender: Lender) -> None:
    await budget(lender)
    release = (await ask(lender, COUNT)).json()["release"]
    way = f"/v1/aggregates/{release}"
    seen = {
        (role, name): (await lender.call(role, "GET", way, name=name)).status_code
        for role, name in (("scorer", "scoring"), ("scorer", "partner_scoring"), ("dpo", "someone"), ("steward", "x"))
    }
    assert seen == {
        ("scorer", "scoring"): 200,
        ("scorer", "partner_scoring"): 404,
        ("dpo", "someone"): 200,
        ("steward", "x"): 403,
    }
    assert (await lender.call("dpo", "GET", way, tenant="other")).status_code == 404


async def test_a_change_of_a_budget_is_in_the_ledger(lender: Lender) -> None:
    await budget(lender, "1.25", delta="0.000001")
    changed = await budget(lender, "2")
    entry, first = await entries(lender, "privacy_budget.set")
    assert entry["id"] == changed.json()["entry"]
    assert (first["about"], first["party"], first["actor"]["role"]) == ("behaviour/lender", "lender", "dpo")
    assert (first["limit"], entry["limit"]["epsilon"]) == ({"epsilon": 1_250_000, "delta": 10**6}, 2_000_000)
    missing = await budget(lender, recipient="nobody")
    assert (missing.status_code, missing.json()["code"]) == (404, "consent/party_not_found")


async def test_numbers_in_buckets_are_not_summed(lender: Lender) -> None:
    """Orders leave as buckets: nobody's number is in a sum of them, and the sum is noise around nothing."""
    await consenting(lender, 20)
    await budget(lender)
    summed = {"kind": "sum", "feature": "behaviour:orders", "lower": "0", "upper": "50", "epsilon": "50"}
    answer = await ask(lender, summed)
    assert answer.status_code == 200, answer.text
    assert abs(answer.json()["results"][0]["value"]) <= 50


@pytest.mark.parametrize(
    ("query", "changes", "said"),
    [
        ({**COUNT, "feature": "behaviour:nothing"}, {}, "query 1: feature is one of the dataset"),
        ({**COUNT, "feature": "other:limit"}, {}, "query 1: feature is one of the dataset"),
        ({**MEAN, "upper": "0"}, {}, "query 1: lower and upper are numbers"),
        ({**COUNT, "noise": "gaussian"}, {}, "query 1: gaussian noise needs a delta"),
        (COUNT, {"purpose": "nothing"}, "consent/purpose_not_found"),
        (COUNT, {"client": "nobody"}, "consent/client_not_found"),
    ],
    ids=["feature", "view", "bounds", "noise", "purpose", "client"],
)
async def test_what_makes_no_sense_is_refused_before_anybody_is_read(
    lender: Lender, query: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    await budget(lender)
    refused = await ask(lender, query, **changes)
    assert refused.status_code in {404, 422}
    assert said in {
        refused.json()["code"],
        *[part for part in [refused.json().get("problem", "")[: len(said)]] if part],
    }
    assert await entries(lender, "read") == []


async def test_a_budget_edited_by_hand_pays_nothing(lender: Lender) -> None:
    await budget(lender, "1")
    async with lender.world.database.transaction() as tx:
        await tx.connection.execute(text("UPDATE vault_privacy_budgets SET epsilon_limit = 900000000"))
    refused = await ask(lender, COUNT)
    assert (refused.status_code, refused.json()["code"]) == (503, "vault/tampered")


async def test_a_budget_put_back_or_deleted_by_hand_is_known_by_the_ledger(lender: Lender) -> None:
    """The code of an older row is right, so it is the ledger that tells; a deleted row begins where the ledger ends."""
    await budget(lender, "1")
    async with lender.world.database.transaction() as tx:
        before = (await tx.connection.execute(text("SELECT mac FROM vault_privacy_budgets"))).scalar_one()
    assert (await ask(lender, {**COUNT, "epsilon": "0.75"})).status_code == 200
    put_back = text("UPDATE vault_privacy_budgets SET epsilon_spent = 0, mac = :mac")
    async with lender.world.database.transaction() as tx:
        await tx.connection.execute(put_back, {"mac": before})
    for refused in (await ask(lender, {**COUNT, "epsilon": "0.5"}), await budget(lender, "5")):
        assert (refused.status_code, refused.json()["code"]) == (503, "vault/tampered")
    async with lender.world.database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM vault_privacy_budgets"))
        await tx.connection.execute(text("DELETE FROM vault_privacy_releases"))
    again = await budget(lender, "1")
    assert again.json()["budget"]["left"]["epsilon"] == "0.25"


async def test_nothing_is_paid_when_the_gate_gives_no_answer(settings: Settings) -> None:
    async with opened(settings) as (lender, app):
        await consenting(lender, 1)
        await budget(lender, "1")
        await app.state.service.gate.close()
        refused = await ask(lender, {**COUNT, "epsilon": "1"})
        assert (refused.status_code, refused.json()["code"]) == (503, "gate/closed")
        assert (await budget(lender, "1")).json()["budget"]["spent"]["epsilon"] == "0"
        assert await entries(lender, "data.aggregated") == []


async def test_people_are_read_in_batches_and_no_more_than_one_request_may(settings: Settings) -> None:
    limits = settings.limits.model_copy(update={"subjects": 3, "aggregate_subjects": 12, "body_timeout_s": 1})
    async with opened(settings, limits) as (lender, _):
        await consenting(lender, 8)
        await budget(lender)
        answer = await ask(lender, COUNT)
        assert abs(answer.json()["results"][0]["value"] - 8) <= 2
        assert len(await entries(lender, "read")) == 10
        await consenting(lender, 3)
        refused = await ask(lender, COUNT)
        assert (refused.status_code, refused.json()["problem"]) == (
            422,
            "more than 12 people have values of this dataset",
        )


async def test_the_report_of_a_de_identified_table_is_evidence_for_a_lower_grade(lender: Lender) -> None:
    """Nothing is lowered by itself: the digest goes to a proposal, which another person approves."""
    await lender.call("steward", "POST", "/api/v1/lineage", event("export"))
    column = column_name("warehouse", "export", "score")
    wanted = {"node": column, "method": "k_anonymity", "grade": 1, "evidence": "sha256:" + "a" * 64}
    proposed = await lender.call("steward", "POST", "/v1/deidentifications", wanted, name="proposer")
    assert proposed.status_code == 201, proposed.text
    name = proposed.json()["proposal"]["proposal"]
    approved = await lender.call("dpo", "POST", f"/v1/deidentifications/{name}/approve", name="officer")
    assert (approved.status_code, approved.json()["proposal"]["method"]) == (200, "k_anonymity")
