"""Being forgotten over HTTP: at once, after an officer's answer, or when a hold ends."""

import base64
import json

from gate.erasing import check_certificate
from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.people import person

EVIDENCE = "ev_" + "b" * 26
ASK = "/v1/erasure-requests"


async def plain(lender: Lender) -> str:
    """A subject of whom nothing is stored that a law has kept."""
    (ref,) = await lender.world.add_subjects(1, values={"orders": 3})
    return ref


async def kept(lender: Lender) -> str:
    """A person with a resident ID: whether the law has it kept, an officer decides."""
    made = await lender.call("steward", "POST", "/v1/subjects", {"identifiers": person(5)})
    ref: str = made.json()["subject"]
    return ref


async def codes_of(lender: Lender, ref: str) -> set[str]:
    (answer,) = (await lender.read([ref])).json()["results"]
    return {code for feature in answer["features"].values() for code in feature.get("reasons", ())}


async def test_a_person_is_erased_by_one_request_and_gets_a_certificate(lender: Lender) -> None:
    ref = await plain(lender)
    assert (await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)).status_code == 201
    answer = await lender.subject("POST", ASK, name=ref, key="once")
    assert (answer.status_code, answer.json()["state"]) == (200, "erased"), answer.text
    assert (await lender.subject("POST", ASK, name=ref, key="once")).json() == answer.json()
    again = await lender.subject("POST", ASK, name=ref)
    assert again.json() == {**dict.fromkeys(again.json()), "state": "erased"}
    assert await codes_of(lender, ref) == {"SUBJECT_ERASED"}
    assert (await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)).status_code == 404
    given = await lender.subject("GET", f"/v1/erasure-certificates/{answer.json()['certificate']}", name=ref)
    said = check_certificate(given.json(), lender.world.keys.certificate_keys)
    assert said["destroyed"]["counts"]["keys"] == 1
    assert ref not in given.text
    kept = lender.settings.ends_file.read_text("utf-8").splitlines()
    assert json.loads(kept[-1])["kind"] == "subject.erased"
    assert ref not in "".join(kept)


async def test_a_recipient_is_told_whom_to_delete_until_it_says_so(lender: Lender) -> None:
    ref = await plain(lender)
    await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)
    (read,) = (await lender.read([ref])).json()["results"]
    assert "released" in {feature["status"] for feature in read["features"].values()}
    assert (await lender.subject("POST", ASK, name=ref)).json()["tasks"] == 1
    (task,) = (await lender.call("scorer", "GET", "/v1/tasks", name="scoring")).json()["tasks"]
    assert (task["subject"], task["cause"], task["overdue"]) == (ref, "erasure", False)
    assert (await lender.call("scorer", "GET", "/v1/tasks", name="partner_scoring")).json()["tasks"] == []
    seen = await lender.call("auditor", "GET", "/v1/tasks")
    assert ref not in seen.text
    path = f"/v1/tasks/{task['task']}/acknowledge"
    done = await lender.call("scorer", "POST", path, {"outcome": "deleted"}, name="scoring")
    assert (done.json()["task"]["subject"], done.json()["task"]["outcome"]) == (None, "deleted")
    after = (await lender.call("scorer", "GET", "/v1/tasks", name="scoring")).json()["tasks"]
    assert [each["subject"] for each in after] == [None]


async def test_where_a_law_may_stand_against_it_an_officer_answers_with_a_reason(lender: Lender) -> None:
    ref = await kept(lender)
    asked = (await lender.subject("POST", ASK, name=ref)).json()
    assert (asked["state"], asked["due"] is None) == ("waiting", False)
    assert "RESTRICTED_HOLD" in await codes_of(lender, ref)
    refused = await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent/subject_restricted")
    masked = await lender.call("steward", "GET", f"/v1/subjects/{ref}/identifiers")
    assert (masked.status_code, masked.json()["code"]) == (409, "consent/subject_restricted")
    look = {"fields": ["mobile_no"], "reason": "legal_request"}
    path = f"/v1/subjects/{ref}/reveal"
    assert (await lender.call("operator", "POST", path, look, amr=FACTORS)).status_code == 409
    assert (await lender.call("dpo", "POST", path, look, amr=FACTORS)).status_code == 200
    waiting = (await lender.call("dpo", "GET", ASK)).json()["requests"]
    assert [each["request"] for each in waiting] == [asked["request"]]
    path = f"{ASK}/{asked['request']}/decision"
    bare = await lender.call("dpo", "POST", path, {"decision": "refuse"})
    assert (bare.status_code, bare.json()["code"]) == (422, "request/reason_needed")
    told = await lender.call("dpo", "POST", path, {"decision": "refuse", "reason": "contract_runs"})
    assert told.json()["state"] == "refused"
    seen = (await lender.subject("GET", f"{ASK}/{asked['request']}", name=ref)).json()
    assert "合同" in seen["text"]["zh"]
    assert "contract" in seen["text"]["en"]
    other = await lender.subject("GET", f"{ASK}/{asked['request']}")
    assert other.status_code == 404
    assert "RESTRICTED_HOLD" not in await codes_of(lender, ref)
    twice = await lender.call("dpo", "POST", path, {"decision": "refuse", "reason": "claims_open"})
    assert (twice.status_code, twice.json()["code"]) == (409, "consent/erasure_decided")


async def test_an_officer_lets_the_person_go(lender: Lender) -> None:
    ref = await kept(lender)
    evidence = {"subject": ref, "evidence": EVIDENCE}
    asked = (await lender.call("steward", "POST", ASK, evidence)).json()
    path = f"{ASK}/{asked['request']}"
    done = await lender.call("dpo", "POST", f"{path}/decision", {"decision": "erase"}, key="decided")
    assert done.json()["state"] == "erased", done.text
    again = await lender.call("dpo", "POST", f"{path}/decision", {"decision": "erase"}, key="decided")
    assert again.content == done.content
    seen = (await lender.call("auditor", "GET", path)).json()
    assert (seen["state"], seen["certificate"]) == ("erased", done.json()["certificate"])
    assert (await lender.call("dpo", "POST", f"{path}/decision", {"decision": "erase"})).json() == seen
    assert await codes_of(lender, ref) == {"SUBJECT_ERASED"}


async def test_a_hold_cannot_be_decided_away(lender: Lender) -> None:
    ref = await plain(lender)
    body = {"subject": ref, "basis": "aml", "reference": EVIDENCE, "until": "2046-01-01T00:00:00Z"}
    held = await lender.call("dpo", "POST", "/v1/holds", {**body, "then_erase": True})
    assert held.status_code == 201, held.text
    assert "RESTRICTED_HOLD" in await codes_of(lender, ref)
    asked = (await lender.subject("POST", ASK, name=ref)).json()
    assert asked["state"] == "held"
    decided = await lender.call("dpo", "POST", f"{ASK}/{asked['request']}/decision", {"decision": "erase"})
    assert (decided.status_code, decided.json()["code"]) == (409, "consent/hold_stands")
    freed = await lender.call("dpo", "POST", f"/v1/holds/{held.json()['hold']}/release", key="free")
    assert freed.json()["released"] is True
    again = await lender.call("dpo", "POST", f"/v1/holds/{held.json()['hold']}/release", key="free")
    assert again.content == freed.content
    assert (await lender.call("dpo", "POST", f"/v1/holds/{held.json()['hold']}/release")).status_code == 404
    done = await lender.call("dpo", "POST", f"{ASK}/{asked['request']}/decision", {"decision": "erase"})
    assert done.json()["state"] == "erased"
    past = await lender.call("dpo", "POST", "/v1/holds", {**body, "until": "2020-01-01T00:00:00Z"})
    assert past.status_code in {404, 422}


async def test_a_changed_certificate_says_nothing(lender: Lender) -> None:
    ref = await plain(lender)
    name = (await lender.subject("POST", ASK, name=ref)).json()["certificate"]
    given = (await lender.call("dpo", "GET", f"/v1/erasure-certificates/{name}")).json()
    assert len(base64.b64decode(given["signature"])) == 64
    assert (await lender.call("dpo", "GET", f"/v1/erasure-certificates/{name}", tenant="other")).status_code == 404
