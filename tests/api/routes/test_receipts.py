"""Receipts: unasked with every consent and withdrawal, asked for by auditors and by the person."""

import asyncio
from typing import Any

from catalog.canonical import canonical
from lineage.log import Receipt, VerifierKey
from tests.api.routes.conftest import Lender


async def key(lender: Lender) -> VerifierKey:
    answer = await lender.call("auditor", "GET", "/v1/log/key")
    return VerifierKey.parse(answer.json()["key"])


async def body(lender: Lender, entry: str, **who: Any) -> bytes:
    """The entry's bytes as the API shows them: without its number, canonical."""
    document = (await lender.subject("GET", f"/v1/entries/{entry}", **who)).json()
    del document["id"]
    return canonical(document)


async def test_a_consent_and_its_withdrawal_are_answered_with_receipts_that_hold(lender: Lender) -> None:
    given = (await lender.subject("POST", "/v1/grants", lender.grant())).json()
    taken = (await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})).json()
    trusted = await key(lender)
    for answer in (given, taken):
        assert [each["entry"] for each in answer["receipts"]] == answer["entries"] != []
        for each in answer["receipts"]:
            assert each["receipt_url"] == f"/v1/entries/{each['entry']}/receipt"
            head = Receipt.parse(each["receipt"]).check(await body(lender, each["entry"]), trusted)
            assert head.origin == "localhost/yumen"


async def test_a_repetition_under_the_same_key_gets_its_receipts_again(lender: Lender) -> None:
    first = await lender.subject("POST", "/v1/grants", lender.grant(), key="once")
    again = await lender.subject("POST", "/v1/grants", lender.grant(), key="once")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["entries"] == first.json()["entries"]
    assert all(each["receipt"] for each in again.json()["receipts"])


async def test_a_refusal_has_a_receipt_too(lender: Lender) -> None:
    refusal = {"purpose": "credit_scoring", "recipient": "lender", "notice": "scoring_notice", "notice_version": 1}
    answer = await lender.subject("POST", "/v1/refusals", refusal)
    assert answer.status_code == 201
    assert all(each["receipt"] for each in answer.json()["receipts"])


async def test_an_auditor_gets_a_receipt_for_any_entry_and_asking_is_not_recorded(lender: Lender) -> None:
    given = (await lender.subject("POST", "/v1/grants", lender.grant())).json()
    answer = await lender.call("auditor", "GET", f"/v1/entries/{given['entry']}/receipt")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    Receipt.parse(answer.text).check(await body(lender, given["entry"]), await key(lender))
    found = await lender.call("auditor", "GET", "/v1/entries", params={"kind": "ledger.queried"})
    assert found.json()["entries"] == []


async def test_a_receipt_of_somebody_elses_entry_counts_as_absent(lender: Lender) -> None:
    given = (await lender.subject("POST", "/v1/grants", lender.grant())).json()
    for entry in (given["entry"], "999999"):
        answer = await lender.subject("GET", f"/v1/entries/{entry}/receipt", name=lender.world.subjects[1])
        assert (answer.status_code, answer.json()["code"]) == (404, "lineage/entry_not_found")
    foreign = await lender.call("auditor", "GET", f"/v1/entries/{given['entry']}/receipt", tenant="other")
    assert foreign.status_code == 404


async def test_a_receipt_holds_for_its_own_entry_only(lender: Lender) -> None:
    given = (await lender.subject("POST", "/v1/grants", lender.grant())).json()
    taken = (await lender.subject("POST", "/v1/withdrawals", {"scope": "all"})).json()
    trusted = await key(lender)
    mine, other = (Receipt.parse(each["receipts"][0]["receipt"]) for each in (given, taken))
    assert (
        mine.check(await body(lender, given["entry"]), trusted).size
        <= other.check(await body(lender, taken["entries"][0]), trusted).size
    )


async def test_a_write_does_not_wait_for_a_log_that_nobody_writes(idle: Lender) -> None:
    began = asyncio.get_running_loop().time()
    answer = await idle.subject("POST", "/v1/grants", idle.grant())
    assert answer.status_code == 201
    assert asyncio.get_running_loop().time() - began < 1.5
    assert [each["receipt"] for each in answer.json()["receipts"]] == [None] * len(answer.json()["entries"])
    later = await idle.subject("GET", answer.json()["receipts"][0]["receipt_url"])
    assert (later.status_code, later.json()["code"]) == (503, "lineage/log_not_ready")
    assert later.headers["retry-after"] == "2"
