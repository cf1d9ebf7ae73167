"""Replaying an entry over HTTP."""

from typing import Any

from tests.api.routes.conftest import Lender
from tests.api.routes.test_entries import ask, lived


async def test_an_auditor_decides_a_read_again(lender: Lender) -> None:
    await lived(lender)
    reads = await ask(lender, kind="read")
    assert len(reads) == 3
    for entry in reads:
        answer = await lender.call("auditor", "GET", f"/v1/entries/{entry['id']}/replay")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert (found["entry"], found["verdict"]) == (entry["id"], "same")
        assert set(found["features"]) == set(entry["features"])
        for each in found["features"].values():
            assert each["agrees"]
            assert each["recorded"] == each["replayed"]
            assert all(reason["zh"] and reason["en"] for reason in each["recorded"]["reasons"])
    looked = await ask(lender, kind="ledger.queried")
    assert len(looked) >= len(reads)


async def test_what_is_no_read_or_not_theirs_is_not_replayed(lender: Lender) -> None:
    await lived(lender)
    [given] = await ask(lender, kind="consent.given")
    answer = await lender.call("auditor", "GET", f"/v1/entries/{given['id']}/replay")
    assert (answer.status_code, answer.json()["type"].endswith("lineage/not_a_read")) == (422, True)
    reads = await ask(lender, kind="read")
    path = f"/v1/entries/{reads[0]['id']}/replay"
    assert (await lender.call("auditor", "GET", path, tenant="other")).status_code == 404
    assert (await lender.call("auditor", "GET", "/v1/entries/999999/replay")).status_code == 404
    assert (await lender.call("scorer", "GET", path)).status_code == 403
    assert (await lender.subject("GET", path)).status_code == 403
