"""Registering people, looking them up, seeing identifiers: who may, what is shown, what is recorded."""

from typing import Any

import pytest

from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.people import person, resident_id

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


async def register(lender: Lender, **more: Any) -> dict[str, Any]:
    answer = await lender.call("steward", "POST", "/v1/subjects", {"identifiers": person(**more)})
    assert answer.status_code in {200, 201}, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def entries(lender: Lender, ref: str, kind: str) -> list[dict[str, Any]]:
    answer = await lender.call("auditor", "GET", "/v1/entries", params={"subject": ref, "kind": kind})
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


async def test_the_same_id_number_is_the_same_person_however_it_is_written(lender: Lender) -> None:
    made = await lender.call("steward", "POST", "/v1/subjects", {"identifiers": person()})
    assert (made.status_code, made.json()["created"], made.json()["age_band"]) == (201, True, "adult")
    number = person()["id_card_no"]
    for written in (number.lower(), f" {number} ", number.translate(WIDE), f"{number[:6]} {number[6:]}"):
        again = await lender.call("steward", "POST", "/v1/subjects", {"identifiers": {"id_card_no": written}})
        assert (again.status_code, again.json()) == (200, {**made.json(), "created": False}), written


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"identifiers": {"id_card_no": "110105194912310021"}}, {("#/identifiers/id_card_no", "check_digit")}),
        ({"identifiers": {"mobile_no": "12"}}, {("#/identifiers/mobile_no", "shape")}),
        ({"identifiers": {"nothing": "x"}}, {("#/identifiers", "unknown_field")}),
        ({"identifiers": {"credit_limit": "x"}}, {("#/identifiers/credit_limit", "unknown_field")}),
        ({"identifiers": {"birth_date": "1990-01-01"}}, {("#/identifiers/birth_date", "no_identifier")}),
        (
            {"identifiers": {"id_card_no": resident_id("19900214")}, "birth_date": "1990-02-15"},
            {("#/identifiers/birth_date", "birth_date_disagrees")},
        ),
    ],
)
async def test_a_person_who_is_not_well_described_is_refused_by_place(
    lender: Lender, body: Any, places: set[tuple[str, str]]
) -> None:
    answer = await lender.call("steward", "POST", "/v1/subjects", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "gate/person_refused")
    assert {(one["pointer"], one["kind"]) for one in answer.json()["errors"]} == places
    assert all(one["message_zh"] and one["message_en"] for one in answer.json()["errors"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"identifiers": {}},
        {"identifiers": {"id_card_no": 1}},
        {"identifiers": {"id_card_no": ""}},
        {"identifiers": {"ID": "x"}},
        {"identifiers": {"mobile_no": "13900000001"}, "subject": "sub_" + "a" * 26},
        {"identifiers": {"mobile_no": "13900000001"}, "age_band": "adult"},
        {"identifiers": {"mobile_no": "x" * 513}},
    ],
)
async def test_a_body_of_another_shape_is_refused(lender: Lender, body: Any) -> None:
    answer = await lender.call("steward", "POST", "/v1/subjects", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request/invalid")


async def test_a_person_is_found_by_an_identifier_and_it_is_on_record(lender: Lender) -> None:
    ref = (await register(lender))["subject"]
    number = person()["mobile_no"]
    for role, written in (("steward", number), ("dpo", f"+86 {number[:3]}-{number[3:]}")):
        body = {"field": "mobile_no", "value": written}
        bare = await lender.call(role, "POST", "/v1/subjects/lookup", body)
        assert (bare.status_code, bare.json()["code"]) == (401, "identity/second_factor_needed")
        found = await lender.call(role, "POST", "/v1/subjects/lookup", body, amr=FACTORS)
        assert (found.status_code, found.json()) == (200, {"subjects": [ref]})
    recorded = await entries(lender, ref, "subject.looked_up")
    assert [(one["actor"]["role"], one["field"], one["found"]) for one in recorded] == [
        ("dpo", "mobile_no", 1),
        ("steward", "mobile_no", 1),
    ]
    body = {"field": "mobile_no", "value": "13911112222"}
    nobody = await lender.call("dpo", "POST", "/v1/subjects/lookup", body, amr=FACTORS)
    assert nobody.json() == {"subjects": []}
    asked = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "subject.looked_up"})
    assert [one["found"] for one in asked.json()["entries"]] == [0, 1, 1]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("full_name", "欧阳测试", "request/not_searchable"),
        ("credit_limit", "5", "consent/unknown_field"),
        ("nothing", "5", "consent/unknown_field"),
        ("mobile_no", "5", "vault/not_an_identifier"),
    ],
)
async def test_nobody_is_looked_up_by_what_points_to_nobody(lender: Lender, field: str, value: str, code: str) -> None:
    answer = await lender.call("dpo", "POST", "/v1/subjects/lookup", {"field": field, "value": value}, amr=FACTORS)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("role", ["dpo", "operator"])
async def test_a_reveal_needs_a_second_factor_and_is_on_record(lender: Lender, role: str) -> None:
    ref, known = (await register(lender))["subject"], person()
    path, body = f"/v1/subjects/{ref}/reveal", {"fields": ["mobile_no", "email"], "reason": "complaint"}
    bare = await lender.call(role, "POST", path, body)
    assert (bare.status_code, bare.json()["code"]) == (401, "identity/second_factor_needed")
    assert "insufficient_user_authentication" in bare.headers["www-authenticate"]
    assert await entries(lender, ref, "identifiers.revealed") == []
    shown = await lender.call(role, "POST", path, body, name="counter_two", amr=FACTORS)
    assert shown.status_code == 200
    assert shown.json()["identifiers"] == {"mobile_no": "+86" + known["mobile_no"]}
    assert shown.headers["cache-control"] == "no-store"
    (recorded,) = await entries(lender, ref, "identifiers.revealed")
    assert recorded["id"] == shown.json()["entry"]
    assert recorded["actor"] == {"role": role, "id": "counter_two"}
    assert (recorded["fields"], recorded["reason"], recorded["form"]) == (["email", "mobile_no"], "complaint", "plain")
    own = await lender.subject("GET", "/v1/entries", params={"kind": "identifiers.revealed"}, name=ref)
    assert [one["id"] for one in own.json()["entries"]] == [recorded["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"fields": ["mobile_no"]}, "request/invalid"),
        ({"fields": ["mobile_no"], "reason": "curiosity"}, "request/invalid"),
        ({"fields": [], "reason": "dispute"}, "request/invalid"),
        ({"fields": ["mobile_no", "mobile_no"], "reason": "dispute"}, "request/repeated"),
        ({"fields": [f"f{n}" for n in range(6)], "reason": "dispute"}, "request/too_many_fields"),
        ({"fields": ["credit_limit"], "reason": "dispute"}, "consent/unknown_field"),
        ({"fields": ["nothing"], "reason": "dispute"}, "consent/unknown_field"),
    ],
)
async def test_a_reveal_of_anything_else_is_refused_and_nothing_is_recorded(
    lender: Lender, body: Any, code: str
) -> None:
    ref = (await register(lender))["subject"]
    answer = await lender.call("dpo", "POST", f"/v1/subjects/{ref}/reveal", body, amr=FACTORS)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await entries(lender, ref, "identifiers.revealed") == []


async def test_a_person_sees_their_own_identifiers_masked_and_unrecorded(lender: Lender) -> None:
    ref = (await register(lender))["subject"]
    shown = await lender.subject("GET", f"/v1/subjects/{ref}/identifiers", name=ref)
    assert shown.status_code == 200
    masked = shown.json()["identifiers"]
    assert masked["mobile_no"] == "139****0001"
    assert masked["full_name"] == "欧**试"
    assert masked["birth_date"] == "1990-**-**"
    assert person()["id_card_no"] not in shown.text
    assert await entries(lender, ref, "identifiers.revealed") == []


async def test_staff_who_look_at_masked_identifiers_are_on_record(lender: Lender) -> None:
    ref = (await register(lender))["subject"]
    own = await lender.subject("GET", f"/v1/subjects/{ref}/identifiers", name=ref)
    seen = await lender.call("steward", "GET", f"/v1/subjects/{ref}/identifiers")
    assert seen.json() == own.json()
    (recorded,) = await entries(lender, ref, "identifiers.revealed")
    assert (recorded["actor"]["role"], recorded["form"]) == ("steward", "masked")


async def test_a_person_without_identifiers_has_none_to_show(lender: Lender) -> None:
    who = lender.world.subjects[0]
    assert (await lender.subject("GET", f"/v1/subjects/{who}/identifiers")).json() == {"identifiers": {}}
    body = {"fields": ["mobile_no"], "reason": "dispute"}
    shown = await lender.call("dpo", "POST", f"/v1/subjects/{who}/reveal", body, amr=FACTORS)
    assert shown.json()["identifiers"] == {}


async def test_a_repeated_registration_under_one_key_is_one_entry(lender: Lender) -> None:
    body = {"identifiers": person(7)}
    first, again = [await lender.call("steward", "POST", "/v1/subjects", body, key="k") for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert len(await entries(lender, first.json()["subject"], "subject.registered")) == 1
