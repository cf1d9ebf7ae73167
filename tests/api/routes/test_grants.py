"""Giving, looking up, pausing and taking back consent over HTTP, on both databases."""

import asyncio
from typing import Any

import pytest

from tests.api.routes.conftest import Lender
from tests.world import FIELDS

EVIDENCE = "sha256:" + "ab" * 32


async def give(lender: Lender, **changes: Any) -> dict[str, Any]:
    answer = await lender.subject("POST", "/v1/grants", lender.grant(**changes))
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


async def test_a_consent_is_given_and_the_next_read_is_answered(lender: Lender) -> None:
    who = lender.world.subjects[0]
    before = (await lender.read([who])).json()["results"][0]
    assert before["status"] == "denied"
    given = await give(lender)
    assert given["grant"]["state"] == "live"
    assert given["grant"]["subject"] == who
    assert given["grant"]["fields"] == sorted(FIELDS)
    assert (given["consent_version"], given["entries"]) == (1, [given["entry"]])
    assert (await lender.read([who])).json()["results"][0]["status"] == "released"


async def test_the_release_form_left_out_is_the_purpose_s_and_may_not_be_milder(lender: Lender) -> None:
    assert (await give(lender))["grant"]["max_form"] == "plain"
    assert (await give(lender, max_form="bucket"))["grant"]["max_form"] == "bucket"


async def test_the_answer_names_the_entry_of_the_grant_among_all_it_wrote(lender: Lender) -> None:
    first = await give(lender)
    second = await give(lender)
    assert len(second["entries"]) == 2
    entry = (await lender.call("auditor", "GET", f"/v1/entries/{second['entry']}")).json()
    assert entry["kind"] == "consent.given"
    assert entry["about"] == second["grant"]["id"]
    old = (await lender.subject("GET", f"/v1/grants/{first['grant']['id']}")).json()
    assert old["state"] == "superseded"
    assert [step["kind"] for step in old["history"]] == ["consent.given", "consent.superseded"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"purpose": "nothing"}, 404, "consent/purpose_not_found"),
        ({"recipient": "nobody"}, 404, "consent/party_not_found"),
        ({"notice": "nothing"}, 404, "consent/notice_not_found"),
        ({"notice_version": 9}, 404, "consent/notice_not_found"),
        ({"notice_hash": "0" * 64}, 409, "consent/notice_not_current"),
        ({"fields": []}, 422, "request/invalid"),
        ({"fields": ["*"]}, 422, "request/invalid"),
        ({"fields": ["all"]}, 422, "consent/blanket"),
        ({"fields": ["credit_limit", "credit_limit"]}, 422, "consent/blanket"),
        ({"fields": ["device_id"]}, 422, "consent/bound_exceeded"),
        ({"evidence": None}, 422, "consent/evidence_missing"),
        ({"evidence": "paper"}, 422, "request/invalid"),
        ({"recipient": "partner"}, 422, "consent/recipient_not_named"),
        ({"recipient": "partner", "provision": True, "form": "general"}, 422, "consent/separate_needed"),
        ({"max_form": "withheld"}, 422, "consent/invalid_value"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "consent/invalid_value"),
        ({"expires_at": "2020-01-01T00:00:00"}, 422, "request/invalid"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, 422, "request/invalid"),
        ({"guardian": "gd_" + "a" * 26}, 422, "request/guardian_by_staff"),
        ({"state": "live"}, 422, "request/invalid"),
        ({"version": 3}, 422, "request/invalid"),
        ({"tenant": "other"}, 422, "request/invalid"),
        ({"granted": True}, 422, "request/invalid"),
        ({"given_at": "2020-01-01T00:00:00Z"}, 422, "request/invalid"),
    ],
)
async def test_what_does_not_fit_is_refused(lender: Lender, changes: dict[str, Any], status: int, code: str) -> None:
    answer = await lender.subject("POST", "/v1/grants", lender.grant(**changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await lender.subject("GET", "/v1/grants")).json() == {"grants": [], "next": None}


async def test_staff_give_for_a_person_with_evidence_and_stand_in_the_ledger(lender: Lender) -> None:
    who, other = lender.world.subjects
    body = lender.grant(subject=who, guardian=other, channel="branch")
    assert (await lender.call("steward", "POST", "/v1/grants", lender.grant())).json()["code"] == (
        "request/subject_needed"
    )
    missing = await lender.call("steward", "POST", "/v1/grants", {**body, "form": "separate", "evidence": None})
    assert (missing.status_code, missing.json()["code"]) == (422, "request/evidence_needed")
    given = await lender.call("steward", "POST", "/v1/grants", body, name="counter_three")
    assert given.status_code == 201
    assert given.json()["grant"]["guardian"] is True
    entry = (await lender.call("auditor", "GET", f"/v1/entries/{given.json()['entry']}")).json()
    assert entry["actor"] == {"id": "counter_three", "role": "steward"}


async def test_staff_need_evidence_for_every_change_and_it_is_recorded(lender: Lender) -> None:
    grant = (await give(lender))["grant"]["id"]
    for verb, state in (("pause", "paused"), ("resume", "live"), ("withdraw", "withdrawn")):
        path = f"/v1/grants/{grant}/{verb}"
        bare = await lender.call("steward", "POST", path)
        assert (bare.status_code, bare.json()["code"]) == (422, "request/evidence_needed")
        done = await lender.call("steward", "POST", path, {"evidence": EVIDENCE})
        assert done.status_code == 200
        assert (await lender.subject("GET", f"/v1/grants/{grant}")).json()["state"] == state
        entry = (await lender.call("auditor", "GET", f"/v1/entries/{done.json()['entries'][-1]}")).json()
        assert (entry["kind"], entry["evidence"], entry["grants"]) == (
            "subject.represented",
            EVIDENCE,
            [{"id": grant}],
        )


async def test_a_paused_grant_serves_no_read_until_it_is_resumed(lender: Lender) -> None:
    who = lender.world.subjects[0]
    grant = (await give(lender))["grant"]["id"]
    paused = await lender.subject("POST", f"/v1/grants/{grant}/pause")
    assert (paused.status_code, paused.json()["grant"]["state"]) == (200, "paused")
    assert paused.json()["consent_version"] == 2
    assert (await lender.read([who])).json()["results"][0]["status"] == "denied"
    again = await lender.subject("POST", f"/v1/grants/{grant}/pause")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "consent/not_live", "paused")
    assert (await lender.subject("POST", f"/v1/grants/{grant}/resume")).json()["grant"]["state"] == "live"
    assert (await lender.read([who])).json()["results"][0]["status"] == "released"


@pytest.mark.parametrize(
    ("body", "withdrawn", "narrowed"),
    [
        ({"scope": "all"}, 1, 0),
        ({"scope": "purpose", "purpose": "credit_scoring"}, 1, 0),
        ({"scope": "field", "field": "credit_limit"}, 0, 1),
        ({"scope": "field", "field": "credit_limit", "purpose": "credit_scoring"}, 0, 1),
        ({"scope": "grant", "grant": "{grant}"}, 1, 0),
    ],
)
async def test_a_withdrawal_binds_the_next_read(
    lender: Lender, body: dict[str, str], withdrawn: int, narrowed: int
) -> None:
    who, grant = lender.world.subjects[0], (await give(lender))["grant"]["id"]
    body = {name: value.format(grant=grant) for name, value in body.items()}
    answer = await lender.subject("POST", "/v1/withdrawals", body)
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (len(done["withdrawn"]), len(done["narrowed"]), done["consent_version"]) == (withdrawn, narrowed, 2)
    assert done["withdrawn"] + done["narrowed"] == [grant]
    assert len(done["entries"]) == 1
    assert (await lender.read([who])).json()["results"][0]["status"] == ("denied" if withdrawn else "partial")
    repeated = await lender.subject("POST", "/v1/withdrawals", body)
    assert (repeated.status_code, repeated.json()["code"]) in {
        (409, "consent/nothing_to_withdraw"),
        (409, "consent/not_live"),
    }


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "purpose"},
        {"scope": "field"},
        {"scope": "grant"},
        {"scope": "all", "field": "credit_limit"},
        {"scope": "purpose", "purpose": "credit_scoring", "grant": "gr_" + "a" * 26},
        {"scope": "everything"},
        {},
    ],
)
async def test_a_withdrawal_says_what_it_withdraws(lender: Lender, body: dict[str, str]) -> None:
    answer = await lender.subject("POST", "/v1/withdrawals", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request/invalid")


async def test_staff_withdraw_everything_of_a_person_they_name(lender: Lender) -> None:
    await give(lender)
    body = {"scope": "all", "subject": lender.world.subjects[0], "evidence": EVIDENCE}
    answer = await lender.call("steward", "POST", "/v1/withdrawals", body)
    assert len(answer.json()["withdrawn"]) == 1
    assert len(answer.json()["entries"]) == 2
    nobody = await lender.call("steward", "POST", "/v1/withdrawals", {"scope": "all", "evidence": EVIDENCE})
    assert nobody.json()["code"] == "request/subject_needed"


async def test_a_grant_alone_tells_staff_whose_it_is(lender: Lender) -> None:
    grant = (await give(lender))["grant"]["id"]
    body = {"scope": "grant", "grant": grant, "evidence": EVIDENCE}
    assert (await lender.call("steward", "POST", "/v1/withdrawals", body)).json()["withdrawn"] == [grant]


async def test_a_refusal_is_recorded_and_named_as_the_reason(lender: Lender) -> None:
    body = {"purpose": "credit_scoring", "recipient": "lender", "notice": "scoring_notice", "notice_version": 1}
    answer = await lender.subject("POST", "/v1/refusals", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["grant"]["state"] == "refused"
    result = (await lender.read([lender.world.subjects[0]])).json()["results"][0]
    assert result["features"]["behaviour:limit"]["reasons"] == ["GRANT_REFUSED"]
    provision = await lender.subject("POST", "/v1/refusals", {**body, "recipient": "partner"})
    assert provision.json()["grant"]["provision"] is True
    some = await lender.subject("POST", "/v1/refusals", {**body, "fields": ["credit_limit"], "channel": "web"})
    assert some.json()["grant"]["fields"] == ["credit_limit"]


async def test_grants_are_listed_page_by_page_and_filtered(lender: Lender) -> None:
    for field in FIELDS:
        await give(lender, fields=[field])
    await lender.subject("POST", "/v1/withdrawals", {"scope": "field", "field": "credit_limit"})
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 4, **({"cursor": cursor} if cursor else {})}
        page = (await lender.subject("GET", "/v1/grants", params=params)).json()
        seen += [grant["id"] for grant in page["grants"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(FIELDS)
    for params, count in (
        ({"state": "live"}, len(FIELDS) - 1),
        ({"state": "withdrawn"}, 1),
        ({"purpose": "credit_scoring"}, len(FIELDS)),
        ({"purpose": "other"}, 0),
    ):
        assert len((await lender.subject("GET", "/v1/grants", params=params)).json()["grants"]) == count


@pytest.mark.parametrize(
    "params",
    [{"limit": "0"}, {"limit": "201"}, {"cursor": "a b"}, {"cursor": "A1"}, {"state": "odd"}, {"subjekt": "x"}],
)
async def test_a_question_that_is_not_understood_is_refused(lender: Lender, params: dict[str, str]) -> None:
    answer = await lender.subject("GET", "/v1/grants", params=params)
    assert answer.status_code == 422


async def test_a_query_parameter_is_given_once(lender: Lender) -> None:
    answer = await lender.subject("GET", "/v1/grants?limit=1&limit=2")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/limit")


async def test_staff_see_grants_and_auditors_without_the_person(lender: Lender) -> None:
    who, grant = lender.world.subjects[0], (await give(lender))["grant"]["id"]
    for role, shown in (("steward", who), ("dpo", who), ("auditor", None)):
        assert (await lender.call(role, "GET", f"/v1/grants/{grant}")).json()["subject"] == shown
        listed = await lender.call(role, "GET", "/v1/grants", params={"subject": who})
        assert [one["subject"] for one in listed.json()["grants"]] == [shown]
        unnamed = await lender.call(role, "GET", "/v1/grants")
        assert (unnamed.status_code, unnamed.json()["code"]) == (422, "request/subject_needed")


async def test_the_same_request_twice_is_one_consent(lender: Lender) -> None:
    first, again = [await lender.subject("POST", "/v1/grants", lender.grant(), key="k1") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    reused = await lender.subject("POST", "/v1/grants", lender.grant(channel="web"), key="k1")
    assert (reused.status_code, reused.json()["code"]) == (422, "request/key_reused")
    assert len((await lender.subject("GET", "/v1/grants")).json()["grants"]) == 1


async def test_eight_at_once_under_one_key_are_one_consent(lender: Lender) -> None:
    body = lender.grant()
    answers = await asyncio.gather(*(lender.subject("POST", "/v1/grants", body, key="k") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    listed = (await lender.subject("GET", "/v1/grants")).json()["grants"]
    assert [grant["version"] for grant in listed] == [1]
