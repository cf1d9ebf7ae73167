"""A write with an Idempotency-Key is done once, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from api.identity import Role
from api.service import microseconds, open_issuer, service_of
from api.settings import Settings
from api.store import purge
from tests.api.conftest import build

CANARY = "11010519491231002X"
Send = Callable[..., "asyncio.Future[httpx.Response]"]


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = build(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as made:
        made.app = app  # type: ignore[attr-defined]  # for the tests that look at the database
        yield made


@pytest.fixture
def send(client: httpx.AsyncClient, settings: Settings) -> Callable[..., object]:
    issuer = open_issuer(settings)

    async def post(
        key: str | None, body: str = "ok", *, name: str = "ann", tenant: str = "lender", query: str = ""
    ) -> httpx.Response:
        token = issuer.issue(tenant=tenant, roles=[Role.STEWARD], name=name, now=datetime.now(UTC), token_id="t")
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key is not None else {})}
        return await client.post(f"/test/write{query}", json={"name": body}, headers=headers)

    return post


async def test_a_repeated_write_answers_what_was_answered(send: Send) -> None:
    first, again = await send("k1"), await send("k1")
    assert (first.status_code, first.json()) == (201, {"write": 1, "name": "ok"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


async def test_without_a_key_every_request_is_a_write(send: Send) -> None:
    assert [(await send(None)).json()["write"] for _ in range(2)] == [1, 2]


async def test_the_quoted_form_of_the_draft_is_the_same_key(send: Send) -> None:
    assert [(await send(key)).json()["write"] for key in ("k1", '"k1"')] == [1, 1]


async def test_another_request_under_the_key_is_refused(send: Send) -> None:
    await send("k1")
    for answer in (await send("k1", "other"), await send("k1", query="?x=1")):
        assert (answer.status_code, answer.json()["code"]) == (422, "request/key_reused")


async def test_a_key_belongs_to_its_caller_and_tenant(send: Send) -> None:
    await send("k1")
    assert (await send("k1", name="bob")).json()["write"] == 2
    assert (await send("k1", tenant="bank")).json()["write"] == 3


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, '"'])
async def test_a_malformed_key_is_refused(send: Send, key: str) -> None:
    answer = await send(key)
    assert (answer.status_code, answer.json()["code"]) == (400, "request/key_malformed")


async def test_ten_at_once_are_one_write(send: Send) -> None:
    answers = await asyncio.gather(*(send("k1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


async def test_a_failed_write_is_done_again(send: Send) -> None:
    failed = await send("k1", "fail")
    assert (failed.status_code, failed.json()["code"]) == (503, "service/database_unavailable")
    assert (await send("k1", "ok")).json()["write"] == 2


async def test_an_expired_key_may_be_used_again_and_is_purged(send: Send, client: httpx.AsyncClient) -> None:
    database = service_of(client.app.state).database  # type: ignore[attr-defined]
    await send("k1")
    async with database.transaction() as tx:
        assert await purge(tx.connection, now_us=microseconds(tx)) == 0
        await tx.connection.execute(text("UPDATE api_idempotency SET expires_us = 1"))
    assert (await send("k1", "other")).json()["write"] == 2
    async with database.transaction() as tx:
        later = microseconds(tx) + int(timedelta(days=2).total_seconds()) * 1_000_000
        assert await purge(tx.connection, now_us=later) == 1


async def test_neither_key_nor_request_can_be_read_from_the_table(send: Send, client: httpx.AsyncClient) -> None:
    await send(CANARY, "ok", query=f"?q={CANARY}")
    async with service_of(client.app.state).database.reading() as tx:  # type: ignore[attr-defined]
        rows = (await tx.connection.execute(text("SELECT * FROM api_idempotency"))).all()
    assert len(rows) == 1
    assert CANARY not in str(rows)
