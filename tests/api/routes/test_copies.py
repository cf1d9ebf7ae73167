"""A person's own copy: whole, in clear, for them alone, on record."""

import json

from sqlalchemy import text

from tests.api.routes.conftest import FACTORS, Lender
from tests.api.routes.people import person
from tests.api.routes.test_subjects import entries, register

PATH = "/v1/me/copies"


async def test_a_copy_needs_a_second_factor(lender: Lender) -> None:
    bare = await lender.subject("POST", PATH)
    assert (bare.status_code, bare.json()["code"]) == (401, "identity/second_factor_needed")


async def test_a_copy_holds_identifiers_values_grants_and_who_received_what(lender: Lender) -> None:
    ref = (await register(lender))["subject"]
    await lender.call("steward", "POST", "/v1/grants", {**lender.grant(), "subject": ref})
    row = {"subject": ref, "observed_at": "2026-11-01T00:00:00Z", "values": {"limit": 52_000}}
    stored = await lender.call("steward", "POST", "/v1/values", {"view": "behaviour", "rows": [row]})
    assert stored.status_code == 200, stored.text
    await lender.read([ref])
    answer = await lender.subject("POST", PATH, name=ref, amr=FACTORS)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    copy = answer.json()
    known = person()
    assert {one["field"]: one["value"] for one in copy["identifiers"]}["mobile_no"] == "+86" + known["mobile_no"]
    assert [(one["feature"], one["value"], one["observed_at"]) for one in copy["values"]] == [
        ("behaviour:limit", 52_000, "2026-11-01T00:00:00.000000Z")
    ]
    assert all(one["title"]["zh"] and one["title"]["en"] for one in [*copy["identifiers"], *copy["values"]])
    assert [(one["purpose"], one["state"], one["subject"]) for one in copy["grants"]] == [
        ("credit_scoring", "live", ref)
    ]
    assert [one["party"] for one in copy["received"]] == ["lender"]
    assert copy["unreadable"] == []
    (recorded,) = await entries(lender, ref, "subject.copied")
    assert (recorded["id"], recorded["values"], recorded["grants"]) == (copy["entry"], 1, 1)
    assert not [value for value in known.values() if value in json.dumps(recorded)]


async def test_a_stranger_and_an_erased_person_have_no_copy(lender: Lender) -> None:
    answer = await lender.subject("POST", PATH, name="sub_" + "q" * 26, amr=FACTORS)
    assert (answer.status_code, answer.json()["code"]) == (404, "consent/subject_not_found")


async def test_what_does_not_open_is_named(lender: Lender) -> None:
    ref = (await register(lender))["subject"]
    row = {"subject": ref, "observed_at": "2026-11-01T00:00:00Z", "values": {"limit": 52_000}}
    await lender.call("steward", "POST", "/v1/values", {"view": "behaviour", "rows": [row]})
    async with lender.world.database.transaction() as tx:
        statement = "UPDATE gate_values SET sealed = :other WHERE subject = :ref"
        await tx.connection.execute(text(statement), {"other": b"no such thing", "ref": ref})
    copy = (await lender.subject("POST", PATH, name=ref, amr=FACTORS)).json()
    assert copy["values"] == []
    assert "behaviour:limit" in copy["unreadable"]
