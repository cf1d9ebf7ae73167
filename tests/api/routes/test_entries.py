"""The ledger over HTTP: auditors ask about the tenant and are recorded, subjects about themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.routes.conftest import Lender

HIDDEN = {"instance"}


async def ask(lender: Lender, **params: Any) -> list[dict[str, Any]]:
    answer = await lender.call("auditor", "GET", "/v1/entries", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


async def lived(lender: Lender) -> str:
    """A consent, a read, a denied read of a partner, a dry run; returns the grant."""
    who = lender.world.subjects[0]
    given = await lender.subject("POST", "/v1/grants", lender.grant())
    await lender.read([who])
    await lender.read([who], client="partner_scoring")
    await lender.read([who], mode="dry_run")
    grant: str = given.json()["grant"]["id"]
    return grant


async def test_an_auditor_asks_by_every_part_of_a_question(lender: Lender) -> None:
    who, grant = lender.world.subjects[0], await lived(lender)
    now = datetime.now(UTC)
    for params, count in (
        ({"subject": who}, 4),
        ({"subject": lender.world.subjects[1]}, 0),
        ({"subject": who, "kind": "read"}, 3),
        ({"client": "partner_scoring"}, 2),
        ({"client": "partner_scoring", "kind": "read"}, 1),
        ({"kind": "read", "outcome": "denied"}, 1),
        ({"kind": "read", "purpose": "credit_scoring"}, 3),
        ({"kind": "read", "purpose": "other"}, 0),
        ({"field": "credit_limit"}, 3),
        ({"field": "zhima_score", "outcome": "released"}, 1),
        ({"feature": "behaviour:limit"}, 3),
        ({"grant": grant}, 3),
        ({"grant": grant, "kind": "read"}, 2),
        ({"kind": "consent.given"}, 1),
        ({"kind": "read", "from": (now - timedelta(hours=1)).isoformat()}, 3),
        ({"kind": "read", "to": (now - timedelta(hours=1)).isoformat()}, 0),
    ):
        assert len(await ask(lender, **params)) == count, params


async def test_entries_name_people_by_pseudonym_only(lender: Lender) -> None:
    await lived(lender)
    answer = await lender.call("auditor", "GET", "/v1/entries", params={"limit": 200})
    assert lender.world.subjects[0] not in answer.text
    reads = [entry for entry in answer.json()["entries"] if entry["kind"] == "read"]
    assert {entry["subject"][:3] for entry in reads} == {"ps_"}


async def test_the_auditor_s_own_questions_are_on_record(lender: Lender) -> None:
    await lived(lender)
    await ask(lender, kind="read")
    (entry,) = await ask(lender, kind="ledger.queried")
    assert (entry["actor"], entry["found"], entry["filter"]["kind"]) == (
        {"role": "auditor", "id": "someone"},
        3,
        "read",
    )
    await lender.call("auditor", "GET", f"/v1/entries/{entry['id']}")
    looked = (await ask(lender, kind="ledger.queried"))[0]
    assert looked["filter"] == {"stream": entry["stream"], "seq": entry["seq"]}


async def test_pages_follow_each_other_in_both_orders(lender: Lender) -> None:
    await lived(lender)
    for order in ("newest", "oldest"):
        seen: list[str] = []
        params: dict[str, Any] = {"kind": "read", "limit": 2, "order": order}
        while True:
            page = (await lender.call("auditor", "GET", "/v1/entries", params=params)).json()
            seen += [entry["at"] for entry in page["entries"]]
            if page["next"] is None:
                break
            params["cursor"] = page["next"]
        assert len(seen) == 3
        assert seen == sorted(seen, reverse=order == "newest")


async def test_a_cursor_belongs_to_its_question(lender: Lender) -> None:
    await lived(lender)
    params = {"kind": "read", "limit": 1}
    cursor = (await lender.call("auditor", "GET", "/v1/entries", params=params)).json()["next"]
    for other in ({**params, "outcome": "denied", "cursor": cursor}, {**params, "cursor": cursor[:-2] + "AA"}):
        answer = await lender.call("auditor", "GET", "/v1/entries", params=other)
        assert (answer.status_code, answer.json()["code"]) == (422, "lineage/cursor_invalid")


@pytest.mark.parametrize(
    "params",
    [
        {"subject": "someone"},
        {"grant": "gr_x"},
        {"kind": "odd"},
        {"outcome": "odd"},
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"limit": "1000"},
        {"order": "random"},
        {"sbject": "sub_" + "a" * 26},
        {"since": "2026-01-01T00:00:00Z"},
    ],
)
async def test_a_question_that_is_not_understood_is_refused_whole(lender: Lender, params: dict[str, str]) -> None:
    answer = await lender.call("auditor", "GET", "/v1/entries", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "request/invalid")
    assert await ask(lender, kind="ledger.queried") == []


async def test_a_subject_sees_their_own_stream_and_nobody_else_s(lender: Lender) -> None:
    grant = await lived(lender)
    who, other = lender.world.subjects
    own = (await lender.subject("GET", "/v1/entries")).json()["entries"]
    assert len(own) == 4
    assert (await lender.subject("GET", "/v1/entries", name=other)).json()["entries"] == []
    denied = (await lender.subject("GET", "/v1/entries", params={"client": "partner_scoring"})).json()["entries"]
    assert [entry["outcome"] for entry in denied] == ["denied"]
    assert (await lender.subject("GET", "/v1/entries", params={"grant": grant}, name=other)).json()["entries"] == []
    asked = await lender.subject("GET", "/v1/entries", params={"subject": who}, name=other)
    absent = await lender.subject("GET", "/v1/entries", params={"subject": "sub_" + "a" * 26}, name=other)
    assert asked.status_code == absent.status_code == 404
    assert {k: v for k, v in asked.json().items() if k not in HIDDEN} == {
        k: v for k, v in absent.json().items() if k not in HIDDEN
    }
    assert await ask(lender, kind="ledger.queried") == []


async def test_one_entry_is_seen_by_whom_it_is_about(lender: Lender) -> None:
    await lived(lender)
    other = lender.world.subjects[1]
    own = (await lender.subject("GET", "/v1/entries")).json()["entries"][0]
    assert (await lender.subject("GET", f"/v1/entries/{own['id']}")).json() == own
    foreign = await lender.subject("GET", f"/v1/entries/{own['id']}", name=other)
    absent = await lender.subject("GET", "/v1/entries/999999999", name=other)
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["code"] == absent.json()["code"] == "lineage/entry_not_found"
    tenant = await lender.call("auditor", "GET", f"/v1/entries/{own['id']}", tenant="other")
    assert tenant.status_code == 404


async def test_a_person_is_told_in_plain_words_who_read_them(lender: Lender) -> None:
    grant = await lived(lender)
    told = (await lender.subject("GET", "/v1/me/reads")).json()
    dry, denied, released = told["reads"]
    assert (released["outcome"], denied["outcome"], dry["outcome"]) == ("released", "denied", "dry_run")
    assert grant in released["zh"]
    assert grant in released["en"]
    assert released["grants"] == [grant]
    assert "额度（原值）" in released["zh"]
    assert "Limit (as it is)" in released["en"]
    assert "Orders (as a range)" in released["en"]
    assert "全部被拒绝" in denied["zh"]
    assert "was refused" in denied["en"]
    assert "nothing was given" in dry["en"]
    assert denied["party"]["name"] == "partner"
    codes = {code for feature in denied["features"] for code in feature["reasons"]}
    assert codes
    assert codes == told["reasons"].keys()
    assert all(feature["form"] is None for feature in denied["features"])
    assert (await lender.subject("GET", "/v1/me/reads", name=lender.world.subjects[1])).json()["reads"] == []
    page = (await lender.subject("GET", "/v1/me/reads", params={"limit": 2})).json()
    rest = (await lender.subject("GET", "/v1/me/reads", params={"limit": 2, "cursor": page["next"]})).json()
    assert [one["entry"] for one in page["reads"] + rest["reads"]] == [one["entry"] for one in told["reads"]]
    assert rest["next"] is None


async def test_a_read_in_part_tells_what_was_given_and_what_was_not(lender: Lender) -> None:
    await lender.subject("POST", "/v1/grants", lender.grant(fields=["credit_limit"]))
    await lender.read([lender.world.subjects[0]], features=["behaviour:limit", "behaviour:orders", "no:such"])
    (read,) = (await lender.subject("GET", "/v1/me/reads")).json()["reads"]
    assert read["outcome"] == "partial"
    assert "未给出：订单数" in read["zh"]
    assert "Not given: Orders" in read["en"]
    assert read["unknown_features"] == 1
