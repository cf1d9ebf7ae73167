"""Every write that takes an Idempotency-Key, sent again: one change, one set of ledger entries, the first answer."""

import asyncio
from typing import Any

import httpx
import pytest

from api.app import create_app
from tests.api.routes.conftest import Lender
from tests.api.routes.samples import Sample, samples, things_of

KEY = "7d1c9f0a-retry"


def keyed(lender: Lender) -> list[tuple[str, str]]:
    """The operations that say they take a key."""
    return [
        (method.upper(), path)
        for path, methods in create_app(lender.settings).openapi()["paths"].items()
        for method, operation in methods.items()
        if any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", ()))
    ]


# Their samples are about nobody, since who is erased cannot live through the rest: see test_erasures.py.
ELSEWHERE = {
    ("POST", "/v1/erasure-requests"),
    ("POST", "/v1/erasure-requests/{erasure}/decision"),
    ("POST", "/v1/holds/{hold}/release"),
}


async def send(lender: Lender, way: tuple[str, str], sample: Sample, key: str) -> httpx.Response:
    names = {"subject": lender.world.subjects[0], "scorer": "scoring"}
    headers = lender.headers(sample.role, names.get(sample.role, "someone")) | {"Idempotency-Key": key}
    options: dict[str, Any] = {"json": sample.body}
    if sample.text is not None:
        options = {"content": sample.text.encode()}
        headers["Content-Type"] = "application/yaml"
    return await lender.http.request(way[0], way[1].format(**sample.ids), headers=headers, **options)


async def recorded(lender: Lender) -> list[str]:
    """The ids of all entries of the tenant but those of the auditor's own questions."""
    answer = await lender.call("auditor", "GET", "/v1/entries", params={"limit": 200})
    return [one["id"] for one in answer.json()["entries"] if one["kind"] != "ledger.queried"]


def lasting(answer: httpx.Response) -> Any:
    """An answer without its receipts, which are made anew for the newest checkpoint."""
    document = answer.json()
    document.pop("receipts", None)
    return document


async def test_every_write_is_done_once_for_a_key(lender: Lender) -> None:
    ways = keyed(lender)
    assert len(ways) >= 15
    for way in (each for each in ways if each not in ELSEWHERE):
        sample = samples(lender, await things_of(lender, lender.world.subjects[0]))[way]
        if way[1].endswith("/resume"):
            await lender.subject("POST", f"/v1/grants/{sample.ids['grant']}/pause")
        first = await send(lender, way, sample, KEY)
        assert first.status_code in {200, 201}, (way, first.text)
        before = await recorded(lender)
        again = await send(lender, way, sample, KEY)
        assert (again.status_code, lasting(again)) == (first.status_code, lasting(first)), way
        assert again.headers["idempotent-replayed"] == "true", way
        assert await recorded(lender) == before, way


@pytest.mark.parametrize("way", [("POST", "/v1/grants"), ("POST", "/v1/parties"), ("POST", "/v1/subjects")])
async def test_the_same_write_six_times_at_once_is_one(lender: Lender, way: tuple[str, str]) -> None:
    sample = samples(lender, await things_of(lender, lender.world.subjects[0]))[way]
    before = len(await recorded(lender))
    answers = await asyncio.gather(*(send(lender, way, sample, "at-once") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(await recorded(lender)) - before == len(answers[0].json().get("entries", ["one"]))


async def test_a_reveal_is_never_replayed(lender: Lender) -> None:
    assert ("POST", "/v1/subjects/{subject}/reveal") not in keyed(lender)
    assert ("POST", "/v1/subjects/lookup") not in keyed(lender)


async def test_no_kept_answer_holds_personal_data(lender: Lender) -> None:
    """What is kept is what was answered; no write that takes a key answers an identifier."""
    document = create_app(lender.settings).openapi()
    for method, path in keyed(lender):
        answers = document["paths"][path][method.lower()]["responses"]
        assert "identifiers" not in str(answers)
