"""``fence=drain`` over real HTTP, at two replicas on one PostgreSQL: what it waits for, and what it does not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.database import Database
from api.identity import Role
from api.routes import fences
from tests import world
from tests.api.routes.conftest import Lender
from tests.chaos.driver import READ, Tokens
from tests.chaos.stage import Replica
from tests.world import World

LOCKED = "SELECT version FROM consent_subjects WHERE ref = :ref FOR UPDATE"


class Pair:
    """Two replicas, and people who withdraw."""

    def __init__(self, replicas: list[Replica], lender: World, tokens: Tokens, http: httpx.AsyncClient) -> None:
        self.replicas, self.lender, self._tokens, self._http = replicas, lender, tokens, http

    async def read(self, replica: int, ref: str) -> tuple[str, float]:
        """What a read says, and when."""
        url, headers = self.replicas[replica].url, self._tokens.of(Role.SCORER, "scoring")
        answer = await self._http.post(f"{url}/v1/reads", json={**READ, "subjects": [ref]}, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["results"][0]["status"]), time.monotonic()

    async def withdraw(self, replica: int, ref: str, key: str, **query: str) -> tuple[dict[str, Any], float]:
        """What a withdrawal says, and when."""
        headers = {**self._tokens.of(Role.SUBJECT, ref), "Idempotency-Key": key}
        url = f"{self.replicas[replica].url}/v1/withdrawals"
        answer = await self._http.post(url, params=query, json={"scope": "all"}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()), time.monotonic()

    @asynccontextmanager
    async def read_under_way(self, replica: int, ref: str) -> AsyncIterator["asyncio.Task[tuple[str, float]]"]:
        """A read of somebody whose row is locked: it is under way until the block ends."""
        async with self.lender.database.transaction() as held:
            await held.connection.execute(text(LOCKED), {"ref": ref})
            reading = asyncio.create_task(self.read(replica, ref))
            await asyncio.sleep(0.2)
            yield reading


@pytest.fixture
async def pair(new_postgres: Callable[[], str], tmp_path: Path) -> AsyncIterator[Pair]:
    url = await asyncio.to_thread(new_postgres)
    lender = await world.build(Database.open(url), tmp_path)
    for ref in await lender.add_subjects(4):
        await lender.give(ref)
    environment = {"YUMEN_DATA_DIR": str(tmp_path), "YUMEN_LOG__LEVEL": "WARNING", "YUMEN_DATABASE_URL": url}
    replicas = [Replica(number, tmp_path, environment) for number in range(2)]
    try:
        for replica in replicas:
            replica.start()
        for replica in replicas:
            await replica.ready()
        async with httpx.AsyncClient(timeout=10) as http:
            yield Pair(replicas, lender, Tokens(tmp_path), http)
    finally:
        for replica in replicas:
            replica.kill()
        await lender.database.close()


@pytest.mark.slow
async def test_a_fenced_withdrawal_waits_for_the_reads_of_its_replica_and_an_unfenced_one_for_none(pair: Pair) -> None:
    one, two, three, four = pair.lender.subjects
    async with pair.read_under_way(0, one) as reading:
        fenced = asyncio.create_task(pair.withdraw(0, two, "two", fence="drain"))
        await pair.withdraw(0, three, "three")
        await pair.withdraw(1, four, "four", fence="drain")
        assert (await pair.read(1, two))[0] == "denied"
        assert not reading.done()
        assert not fenced.done(), "in effect everywhere, and not answered before the read at its replica is"
    (status, read_s), (withdrawn, withdrawn_s) = await reading, await fenced
    assert (status, len(withdrawn["withdrawn"])) == ("released", 1)
    assert read_s <= withdrawn_s


@pytest.mark.slow
async def test_the_same_request_sent_to_each_replica_fences_each(pair: Pair) -> None:
    one, two, *_ = pair.lender.subjects
    async with pair.read_under_way(1, one) as reading:
        first, _ = await pair.withdraw(0, two, "same", fence="drain")
        again = asyncio.create_task(pair.withdraw(1, two, "same", fence="drain"))
        await asyncio.sleep(0.3)
        assert not again.done()
    await reading
    assert (await again)[0]["entries"] == first["entries"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite's one lock would hold the withdrawal too
@pytest.mark.parametrize("path", ["/v1/withdrawals", "/v1/grants/{grant}/withdraw"])
async def test_a_fence_that_takes_too_long_is_answered_503_and_the_withdrawal_stands(
    lender: Lender, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = lender.world.subjects
    monkeypatch.setattr(fences, "FENCED_S", 0.3)
    for ref in (one, two):
        await lender.subject("POST", "/v1/grants", lender.grant(), name=ref)
    (given,) = (await lender.subject("GET", "/v1/grants", name=two)).json()["grants"]
    asked = path.format(grant=given["id"]) + "?fence=drain"
    body = {"scope": "all"} if path.endswith("withdrawals") else None
    async with lender.world.database.transaction() as held:
        await held.connection.execute(text(LOCKED), {"ref": one})
        reading = asyncio.create_task(lender.read([one]))
        await asyncio.sleep(0.2)
        late = await lender.subject("POST", asked, body, name=two, key="late")
        assert (late.status_code, late.json()["code"]) == (503, "service/busy")
        assert not reading.done()
    assert (await reading).json()["results"][0]["status"] == "released"
    (feature, *_) = (await lender.read([two])).json()["results"][0]["features"].values()
    assert feature["reasons"] == ["GRANT_WITHDRAWN"]
    again = await lender.subject("POST", asked, body, name=two, key="late")
    assert (again.status_code, len(again.json()["withdrawn"])) == (200, 1)
    wrong = await lender.subject("POST", asked.replace("drain", "wait"), body, name=two)
    assert wrong.status_code == 422
