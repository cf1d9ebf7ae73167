"""Budgets, totals and requests of reveals: exact on both databases, whoever writes at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.database import Database
from vault import (
    Asked,
    RevealBudgetError,
    RevealNotApprovedError,
    RevealRequestNotFoundError,
    RevealSamePersonError,
    approve_reveal,
    ask_reveal,
    count_shown,
    take_budget,
    use_reveal,
)

DAY = timedelta(days=1)


def asked(tokens: int = 3, **changes: object) -> Asked:
    parts: dict[str, object] = {"tenant": "dawn", "client": "scoring", "digest": b"d" * 38, "tokens": tokens}
    return Asked(**{**parts, **changes})  # type: ignore[arg-type]


async def take(database: Database, tokens: int, limit: int = 10, **changes: object) -> int:
    async with database.transaction() as tx:
        return await take_budget(tx.connection, asked(tokens, **changes), limit=limit, now=tx.now)


async def test_a_budget_is_taken_whole_or_not_at_all(database: Database) -> None:
    assert [await take(database, 4), await take(database, 4)] == [4, 8]
    with pytest.raises(RevealBudgetError):
        await take(database, 3)
    assert await take(database, 2) == 10
    with pytest.raises(RevealBudgetError):
        await take(database, 1)


async def test_more_than_a_whole_budget_is_refused_at_first(database: Database) -> None:
    with pytest.raises(RevealBudgetError):
        await take(database, 11)
    assert await take(database, 10) == 10


async def test_a_budget_begins_anew_with_the_day_in_china(database: Database) -> None:
    noon = datetime(2026, 11, 23, 4, tzinfo=UTC)
    async with database.transaction() as tx:
        for hours, used in ((0, 10), (12, 10), (36, 10)):  # noon, midnight, and midnight again in Shanghai
            at = noon + timedelta(hours=hours)
            assert await take_budget(tx.connection, asked(10), limit=10, now=at) == used
            with pytest.raises(RevealBudgetError):
                await take_budget(tx.connection, asked(1), limit=10, now=at + timedelta(hours=11, minutes=59))


async def test_budgets_of_clients_and_tenants_are_apart(database: Database) -> None:
    await take(database, 10)
    assert await take(database, 10, client="other") == 10
    assert await take(database, 10, tenant="dusk") == 10


async def test_writers_at_once_never_pass_a_budget_together(database: Database) -> None:
    done = await asyncio.gather(*(take(database, 3, limit=20) for _ in range(12)), return_exceptions=True)
    assert sorted(each for each in done if isinstance(each, int)) == [3, 6, 9, 12, 15, 18]
    assert sum(isinstance(each, RevealBudgetError) for each in done) == 6


async def test_each_multiple_of_a_threshold_is_told_once(database: Database) -> None:
    async def show(count: int) -> bool:
        async with database.transaction() as tx:
            return await count_shown(tx.connection, "dawn", "scoring", threshold=50, shown=count)

    told = await asyncio.gather(*(show(7) for _ in range(30)))  # 210 in all: at 50, 100, 150 and 200
    assert sum(told) == 4
    assert [await show(39), await show(1), await show(120)] == [False, True, True]


async def ask(database: Database, by: str = "scoring") -> str:
    async with database.transaction() as tx:
        return await ask_reveal(tx.connection, asked(), by=by, now=tx.now, life=DAY)


async def approve(database: Database, request: str, by: str = "officer", tenant: str = "dawn") -> str:
    async with database.transaction() as tx:
        return await approve_reveal(tx.connection, tenant, request, by=by, now=tx.now)


async def use(database: Database, request: str, **changes: object) -> None:
    async with database.transaction() as tx:
        await use_reveal(tx.connection, request, asked(**changes), tx.now)  # type: ignore[arg-type]


async def test_a_request_is_approved_by_another_and_used_once(database: Database) -> None:
    request = await ask(database)
    with pytest.raises(RevealNotApprovedError):
        await use(database, request)
    with pytest.raises(RevealSamePersonError):
        await approve(database, request, by="scoring")
    assert await approve(database, request) == "scoring"
    done = await asyncio.gather(*(use(database, request) for _ in range(5)), return_exceptions=True)
    assert done.count(None) == 1
    assert sum(isinstance(each, RevealRequestNotFoundError) for each in done) == 4
    with pytest.raises(RevealRequestNotFoundError):
        await approve(database, request)


@pytest.mark.parametrize("changes", [{"tenant": "dusk"}, {"client": "other"}, {"digest": b"e" * 38}], ids=str)
async def test_a_request_serves_what_it_was_about_only(database: Database, changes: dict[str, object]) -> None:
    request = await ask(database)
    await approve(database, request)
    with pytest.raises(RevealRequestNotFoundError):
        await use(database, request, **changes)
    await use(database, request)


async def test_a_request_ends(database: Database) -> None:
    first, second = await ask(database), await ask(database)
    await approve(database, first)
    async with database.transaction() as tx:
        with pytest.raises(RevealRequestNotFoundError):
            await use_reveal(tx.connection, first, asked(), tx.now + DAY)
        with pytest.raises(RevealRequestNotFoundError):
            await approve_reveal(tx.connection, "dawn", second, by="officer", now=tx.now + DAY)


async def test_another_tenants_request_is_not_there(database: Database) -> None:
    request = await ask(database)
    with pytest.raises(RevealRequestNotFoundError):
        await approve(database, request, tenant="dusk")
