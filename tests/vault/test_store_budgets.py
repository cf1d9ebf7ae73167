"""Privacy budgets: never overspent, whoever spends at once; paid once for one request; proof against edits by hand."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.database import Database
from tests.vault.support import ring
from vault import (
    PrivacyAccount,
    PrivacyBudget,
    PrivacyBudgetNotSetError,
    PrivacyBudgetSpentError,
    PrivacyRequest,
    ReleaseKeyReusedError,
    ReleaseNotFoundError,
    TamperedError,
    find_budget,
    find_release,
    find_repeated,
    keep_release,
    list_budgets,
    lock_budget,
    new_release,
    set_budget,
    spend,
)
from vault.aggregate_plans import Cost

ACCOUNT = PrivacyAccount("dawn", "behaviour", "partner")
ROWS = ring().rows


async def put(database: Database, limit: Cost, account: PrivacyAccount = ACCOUNT) -> PrivacyBudget:
    async with database.transaction() as tx:
        return await set_budget(tx.connection, account, limit, by="officer", now=tx.now, rows=ROWS)


async def pay(database: Database, cost: Cost, account: PrivacyAccount = ACCOUNT) -> Cost:
    async with database.transaction() as tx:
        return (await spend(tx.connection, account, cost, rows=ROWS)).spent


async def standing(database: Database, account: PrivacyAccount = ACCOUNT) -> PrivacyBudget:
    async with database.reading() as tx:
        return await find_budget(tx.connection, account, rows=ROWS)


async def release(database: Database, key: bytes | None, what: bytes = b"w" * 32, **changes: Any) -> str:
    """Pay one for a release, or find it paid; answers its answer."""
    request = PrivacyRequest(changes.pop("account", ACCOUNT), "scoring", key, what, Cost(1, 1))
    async with database.transaction() as tx:
        await lock_budget(tx.connection, request.account, rows=ROWS)
        if (before := await find_repeated(tx.connection, request)) is not None:
            return before.answer
        await spend(tx.connection, request.account, request.cost, rows=ROWS)
        name = new_release()
        await keep_release(tx.connection, request, name, answer=name, entry=7, now=tx.now)
        return name


async def test_nothing_is_spent_without_a_budget(database: Database) -> None:
    with pytest.raises(PrivacyBudgetNotSetError):
        await pay(database, Cost(1))
    with pytest.raises(PrivacyBudgetNotSetError):
        await standing(database)


async def test_a_budget_is_spent_to_its_end_and_not_beyond(database: Database) -> None:
    await put(database, Cost(10, 5))
    assert await pay(database, Cost(6, 5)) == Cost(6, 5)
    with pytest.raises(PrivacyBudgetSpentError):
        await pay(database, Cost(5))
    with pytest.raises(PrivacyBudgetSpentError):
        await pay(database, Cost(1, 1))  # no delta is left
    assert await pay(database, Cost(4)) == Cost(10, 5)
    assert (await standing(database)).left == Cost(0, 0)


async def test_what_was_spent_stays_spent_when_the_limit_changes(database: Database) -> None:
    await put(database, Cost(10))
    await pay(database, Cost(8))
    lower = await put(database, Cost(3))
    assert (lower.spent, lower.left) == (Cost(8), Cost(0))
    with pytest.raises(PrivacyBudgetSpentError):
        await pay(database, Cost(1))
    assert (await put(database, Cost(9))).left == Cost(1)
    assert await pay(database, Cost(1)) == Cost(9)


async def test_budgets_of_datasets_recipients_and_tenants_are_apart(database: Database) -> None:
    others = [PrivacyAccount("dawn", "behaviour", "lender"), PrivacyAccount("dawn", "other", "partner")]
    others.append(PrivacyAccount("dusk", "behaviour", "partner"))
    for account in (ACCOUNT, *others):
        await put(database, Cost(5), account)
    await pay(database, Cost(5))
    for account in others:
        assert await pay(database, Cost(5), account) == Cost(5)
    async with database.reading() as tx:
        first = await list_budgets(tx.connection, "dawn", after=("", ""), limit=2, rows=ROWS)
        rest = await list_budgets(tx.connection, "dawn", after=("behaviour", "partner"), limit=2, rows=ROWS)
    assert [each.account for each in (*first, *rest)] == [others[0], ACCOUNT, others[1]]


@given(
    costs=st.lists(st.builds(Cost, st.integers(1, 40), st.integers(0, 20)), min_size=2, max_size=12),
    limit=st.builds(Cost, st.integers(1, 100), st.integers(0, 60)),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_budget_is_never_overspent_whoever_spends_at_once(
    request: pytest.FixtureRequest, kind: str, costs: list[Cost], limit: Cost
) -> None:
    """All spend at once; what got through adds up to what is spent, within the limit, and nothing that fits is left."""
    if kind == "postgres":
        url = request.getfixturevalue("new_postgres")()
        asyncio.run(_race(url, costs, limit))
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copyfile(request.getfixturevalue("sqlite_template"), Path(folder) / "yumen.db")
        asyncio.run(_race(f"sqlite+aiosqlite:///{copy}", costs, limit))


async def _race(url: str, costs: list[Cost], limit: Cost) -> None:
    database = Database.open(url, pool_size=len(costs))
    try:
        await put(database, limit)
        ends = await asyncio.gather(*(pay(database, cost) for cost in costs), return_exceptions=True)
        assert all(isinstance(end, Cost | PrivacyBudgetSpentError) for end in ends), ends
        paid = [cost for cost, end in zip(costs, ends, strict=True) if isinstance(end, Cost)]
        budget = await standing(database)
        assert budget.spent == sum(paid, Cost(0))
        assert budget.spent.fits(limit)
        refused = [cost for cost, end in zip(costs, ends, strict=True) if not isinstance(end, Cost)]
        assert not [cost for cost in refused if cost.fits(budget.left)]
    finally:
        await database.close()


async def test_one_request_at_once_under_one_key_is_paid_once(database: Database) -> None:
    await put(database, Cost(100, 100))
    answers = await asyncio.gather(*(release(database, b"k" * 32) for _ in range(5)))
    assert len(set(answers)) == 1
    assert (await standing(database)).spent == Cost(1, 1)
    assert await release(database, None) != await release(database, None)
    assert (await standing(database)).spent == Cost(3, 3)


async def test_a_key_of_something_else_is_refused(database: Database) -> None:
    other = PrivacyAccount("dawn", "other", "partner")
    for account in (ACCOUNT, other):
        await put(database, Cost(100, 100), account)
    await release(database, b"k" * 32)
    with pytest.raises(ReleaseKeyReusedError):
        await release(database, b"k" * 32, b"v" * 32)
    with pytest.raises(ReleaseKeyReusedError):
        await release(database, b"k" * 32, b"v" * 32, account=other)
    ends = await asyncio.gather(
        release(database, b"l" * 32), release(database, b"l" * 32, b"v" * 32, account=other), return_exceptions=True
    )
    assert sum(isinstance(end, ReleaseKeyReusedError) for end in ends) == 1, ends
    spent = [(await standing(database, account)).spent.epsilon for account in (ACCOUNT, other)]
    assert sum(spent) == 2


async def test_a_release_is_found_by_its_id_within_its_tenant(database: Database) -> None:
    await put(database, Cost(100, 100))
    name = await release(database, None)
    async with database.reading() as tx:
        found = await find_release(tx.connection, "dawn", name)
        assert (found.account, found.cost, found.entry) == (ACCOUNT, Cost(1, 1), 7)
        with pytest.raises(ReleaseNotFoundError):
            await find_release(tx.connection, "dusk", name)


@pytest.mark.parametrize("change", ["epsilon_spent = 0", "epsilon_limit = 1000000", "recipient = 'lender'"])
async def test_a_row_edited_by_hand_pays_nothing(database: Database, change: str) -> None:
    await put(database, Cost(10))
    await pay(database, Cost(9))
    async with database.transaction() as tx:
        await tx.connection.execute(text(f"UPDATE vault_privacy_budgets SET {change}"))  # noqa: S608  written above
    account = PrivacyAccount("dawn", "behaviour", "lender") if "recipient" in change else ACCOUNT
    with pytest.raises(TamperedError):
        await pay(database, Cost(1), account)
    with pytest.raises(TamperedError):
        await put(database, Cost(1000), account)


async def test_a_budget_without_a_row_begins_where_the_caller_says(database: Database) -> None:
    for spent in (Cost(4, 4), Cost(7, 7)):  # the second time there is a row, which knows better
        async with database.transaction() as tx:
            now, limit = tx.now, Cost(10, 10)
            await set_budget(tx.connection, ACCOUNT, limit, by="officer", now=now, rows=ROWS, spent=spent)
    assert (await standing(database)).spent == Cost(4, 4)
