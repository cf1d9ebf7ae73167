"""Parties, clients, purposes and notices over HTTP, on both databases."""

from typing import Any

import pytest

from api.usecases.keys import KeyOffice
from lineage import Actor, Role
from tests.api.routes.conftest import Lender
from vault import KeyPurpose, Suite

BOTH = {"zh": "测试", "en": "test"}
PARTY = {"name": "bureau", "title": BOTH, "role": "credit_bureau", "contact": "privacy@bureau.example"}
CLIENT = {
    "name": "second_engine",
    "party": "lender",
    "title": BOTH,
    "products": ["cash_loan"],
    "purposes": ["credit_scoring"],
    "max_form": "bucket",
}
PURPOSE = {
    "name": "fraud_check",
    "title": BOTH,
    "basis": "contract",
    "basis_ref": "contract 9",
    "pipia": "PIPIA-1",
    "pipia_expires": "2199-01-01T00:00:00.000000Z",
    "methods": ["use"],
    "max_form": "bucket",
    "ceiling": [{"field": "credit_limit", "necessity": BOTH}],
}
NOTICE = {
    "name": "fraud_notice",
    "purpose": "fraud_check",
    "handler": "lender",
    "handler_name": BOTH,
    "handler_contact": "privacy@lender.example",
    "text": BOTH,
    "purpose_text": BOTH,
    "methods": ["use"],
    "method_text": BOTH,
    "fields": ["credit_limit"],
    "retention": BOTH,
    "rights": BOTH,
    "necessity": BOTH,
    "impact": BOTH,
}
THINGS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("parties", "steward", PARTY, {"contact": "other@bureau.example"}),
    ("clients", "steward", CLIENT, {"status": "suspended"}),
    ("purposes", "dpo", PURPOSE, {"status": "inactive"}),
]


@pytest.mark.parametrize(("many", "role", "body", "change"), THINGS, ids=lambda part: str(part)[:12])
async def test_a_thing_is_registered_changed_and_looked_up(
    lender: Lender, many: str, role: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    made = await lender.call(role, "POST", f"/v1/{many}", body)
    assert made.status_code == 201, made.text
    assert made.json()["version"] == 1
    again = await lender.call(role, "POST", f"/v1/{many}", body)
    assert (again.status_code, again.json()["code"]) == (409, "consent/already_registered")
    path = f"/v1/{many}/{body['name']}"
    changed = await lender.call(role, "PATCH", path, change)
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    assert changed.json()["epoch"] > made.json()["epoch"]
    found = (await lender.call("operator", "GET", path)).json()
    assert found | body | change == found
    versions = (await lender.call("auditor", "GET", f"{path}/versions")).json()["versions"]
    assert [version | change == version for version in versions] == [False, True]
    entry = (await lender.call("auditor", "GET", f"/v1/entries/{changed.json()['entry']}")).json()
    assert (entry["kind"].split(".")[1], entry["name"], entry["version"]) == ("updated", body["name"], 2)
    assert entry["actor"]["role"] == role


async def test_a_notice_is_published_in_versions(lender: Lender) -> None:
    await lender.call("dpo", "POST", "/v1/purposes", PURPOSE)
    first = await lender.call("dpo", "POST", "/v1/notices", NOTICE)
    assert first.status_code == 201, first.text
    second = await lender.call("dpo", "POST", "/v1/notices", {**NOTICE, "text": {"zh": "新", "en": "new"}})
    assert (first.json()["version"], second.json()["version"]) == (1, 2)
    assert first.json()["hash"] != second.json()["hash"]
    assert first.json()["material"] == second.json()["material"]
    newest = (await lender.subject("GET", "/v1/notices/fraud_notice")).json()
    assert (newest["version"], newest["text"]["en"], newest["hash"]) == (2, "new", second.json()["hash"])
    older = (await lender.subject("GET", "/v1/notices/fraud_notice", params={"version": 1})).json()
    assert (older["version"], older["text"], older["hash"]) == (1, BOTH, first.json()["hash"])
    gone = await lender.subject("GET", "/v1/notices/fraud_notice", params={"version": 3})
    assert (gone.status_code, gone.json()["code"]) == (404, "consent/notice_not_found")
    versions = (await lender.call("auditor", "GET", "/v1/notices/fraud_notice/versions")).json()["versions"]
    assert [version["version"] for version in versions] == [1, 2]


@pytest.mark.parametrize("item", ["retention", "rights", "necessity", "impact", "handler_name", "text"])
async def test_a_notice_that_lacks_what_the_law_asks_is_refused(lender: Lender, item: str) -> None:
    await lender.call("dpo", "POST", "/v1/purposes", {**PURPOSE, "ceiling": [{"field": "zhima_score"}]})
    body = {**NOTICE, "fields": ["zhima_score"], "separate": ["zhima_score"], item: {"zh": "", "en": ""}}
    answer = await lender.call("dpo", "POST", "/v1/notices", body)
    code = "consent/notice_item_missing"
    if answer.status_code == 201:
        pytest.fail(f"{item} was not asked for")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("role", "method", "path", "body", "status", "code"),
    [
        ("steward", "POST", "/v1/parties", {**PARTY, "tenant": "other"}, 422, "request/invalid"),
        ("steward", "POST", "/v1/parties", {**PARTY, "version": 7}, 422, "request/invalid"),
        ("steward", "POST", "/v1/parties", {**PARTY, "region": "china"}, 422, "request/invalid"),
        ("steward", "POST", "/v1/parties", {**PARTY, "name": "p1234567"}, 422, "request/invalid"),
        ("steward", "POST", "/v1/parties", {**PARTY, "title": {"zh": "测试"}}, 422, "request/invalid"),
        ("steward", "POST", "/v1/clients", {**CLIENT, "party": "nobody"}, 404, "consent/party_not_found"),
        ("steward", "POST", "/v1/clients", {**CLIENT, "purposes": ["none"]}, 404, "consent/purpose_not_found"),
        ("steward", "POST", "/v1/clients", {**CLIENT, "products": ["a", "a"]}, 422, "consent/invalid_value"),
        ("steward", "PATCH", "/v1/parties/nobody", {"contact": "x"}, 404, "consent/party_not_found"),
        ("steward", "PATCH", "/v1/parties/lender", {}, 422, "request/invalid"),
        ("steward", "PATCH", "/v1/parties/lender", {"contact": None}, 422, "request/invalid"),
        ("steward", "PATCH", "/v1/parties/lender", {"name": "other"}, 422, "request/invalid"),
        ("dpo", "POST", "/v1/purposes", {**PURPOSE, "methods": []}, 422, "request/invalid"),
        ("dpo", "POST", "/v1/notices", {**NOTICE, "purpose": "nothing"}, 404, "consent/purpose_not_found"),
        ("dpo", "PATCH", "/v1/purposes/credit_scoring", {"revision": 0}, 422, "request/invalid"),
    ],
)
async def test_what_does_not_fit_is_refused(  # noqa: PLR0917  a row of the table above
    lender: Lender, role: str, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = await lender.call(role, method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_what_may_be_cleared_is_cleared_by_null(lender: Lender) -> None:
    body = {**PARTY, "contract_ends": "2030-01-01T00:00:00Z", "transfer_ref": "CAC-1"}
    await lender.call("steward", "POST", "/v1/parties", body)
    await lender.call("steward", "PATCH", "/v1/parties/bureau", {"contract_ends": None})
    found = (await lender.call("steward", "GET", "/v1/parties/bureau")).json()
    assert (found["contract_ends"], found["transfer_ref"]) == (None, "CAC-1")


async def test_a_suspended_client_reads_nothing(lender: Lender) -> None:
    who = lender.world.subjects[0]
    await lender.subject("POST", "/v1/grants", lender.grant())
    assert (await lender.read([who])).json()["results"][0]["status"] == "released"
    await lender.call("steward", "PATCH", "/v1/clients/scoring", {"status": "suspended"})
    result = (await lender.read([who])).json()["results"][0]
    assert "CLIENT_SUSPENDED" in result["features"]["behaviour:limit"]["reasons"]
    await lender.call("steward", "PATCH", "/v1/clients/scoring", {"status": "active"})
    assert (await lender.read([who])).json()["results"][0]["status"] == "released"


async def test_a_scoring_service_sees_itself_its_party_and_its_purposes(lender: Lender) -> None:
    await lender.call("dpo", "POST", "/v1/purposes", PURPOSE)
    await lender.call("dpo", "POST", "/v1/notices", NOTICE)
    for many, own, foreign in (
        ("parties", "lender", "partner"),
        ("clients", "scoring", "partner_scoring"),
        ("purposes", "credit_scoring", "fraud_check"),
        ("notices", "scoring_notice", "fraud_notice"),
    ):
        listed = (await lender.call("scorer", "GET", f"/v1/{many}", name="scoring")).json()
        assert ([one["name"] for one in listed[many]], listed["next"]) == ([own], None)
        assert (await lender.call("scorer", "GET", f"/v1/{many}/{own}", name="scoring")).status_code == 200
        hidden = await lender.call("scorer", "GET", f"/v1/{many}/{foreign}", name="scoring")
        absent = await lender.call("scorer", "GET", f"/v1/{many}/nothing", name="scoring")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["code"] == absent.json()["code"]


async def test_lists_are_paged_by_name(lender: Lender) -> None:
    seen, cursor = [], None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await lender.call("dpo", "GET", "/v1/parties", params=params)).json()
        seen += [party["name"] for party in page["parties"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["lender", "partner"]


async def test_another_tenant_s_things_count_as_absent(lender: Lender) -> None:
    for many, name in (("parties", "lender"), ("purposes", "credit_scoring"), ("notices", "scoring_notice")):
        assert (await lender.call("dpo", "GET", f"/v1/{many}", tenant="other")).json()[many] == []
        assert (await lender.call("dpo", "GET", f"/v1/{many}/{name}", tenant="other")).status_code == 404
    unregistered = await lender.call("steward", "POST", "/v1/parties", PARTY, tenant="other")
    assert (unregistered.status_code, unregistered.json()["code"]) == (404, "consent/tenant_not_found")


async def test_changes_that_cross_are_not_lost_silently(lender: Lender) -> None:
    first = await lender.call("steward", "PATCH", "/v1/parties/partner", {"contact": "one@x.example"}, key="k1")
    replay = await lender.call("steward", "PATCH", "/v1/parties/partner", {"contact": "one@x.example"}, key="k1")
    assert replay.content == first.content
    versions = (await lender.call("steward", "GET", "/v1/parties/partner/versions")).json()["versions"]
    assert len(versions) == 2


@pytest.mark.parametrize(("suite", "status"), [(Suite.AES, 201), (Suite.SM, 422)], ids=["aes", "sm"])
async def test_reversible_tokens_are_declared_where_the_suite_has_them(
    lender: Lender, suite: Suite, status: int
) -> None:
    office = KeyOffice(lender.world.database, lender.world.keys, Actor(Role.OPERATOR, "operator_one"))
    await office.rotate(KeyPurpose.TOKEN, suite)
    rules = [{"field": "id_card_no", "kind": "reversible"}]
    answer = await lender.call("steward", "POST", "/v1/clients", {**CLIENT, "tokens": rules})
    assert answer.status_code == status, answer.text
    if suite is Suite.SM:
        found = answer.json()
        assert (found["code"], found["kind"], found["suite"]) == ("vault/token_suite", "reversible", "sm")
        changed = await lender.call("steward", "PATCH", "/v1/clients/scoring", {"tokens": rules})
        assert (changed.status_code, changed.json()["code"]) == (422, "vault/token_suite")
        plain = [{"field": "id_card_no", "kind": "deterministic"}]
        assert (await lender.call("steward", "POST", "/v1/clients", {**CLIENT, "tokens": plain})).status_code == 201
