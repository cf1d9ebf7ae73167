"""Two writers on one PostgreSQL: consent events of one subject queue, and none is lost."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.database import Database
from catalog import Catalog
from consent import (
    NothingToWithdrawError,
    NoticeNotCurrentError,
    State,
    WithdrawAll,
    find_subject,
    fold,
    grant_events,
    list_events,
    list_grants,
    load_registry,
)
from tests.consent.world import PERSON, ROWS, STEWARD, World, purpose, subject


@pytest.fixture
def shared_url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


@pytest.fixture
async def two(shared_url: str, clock: Any, catalog: Catalog):
    opened = [Database.open(shared_url, clock=clock) for _ in range(2)]
    world = await World(opened[0], catalog).build()
    yield world, opened
    for database in opened:
        await database.close()


async def test_giving_and_withdrawing_at_once_queue_on_the_subject(two) -> None:
    world, (first, second) = two
    withdrawn = 0
    for _ in range(40):
        outcomes = await asyncio.gather(
            attempt(world, first, "give", world.request()),
            attempt(world, second, "withdraw", subject(0), WithdrawAll()),
            attempt(world, second, "give", world.request(fields=("zhima_score",))),
            return_exceptions=True,
        )
        assert all(isinstance(outcome, NothingToWithdrawError | int) for outcome in outcomes)
        versions = [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert len(set(versions)) == len(versions)
        withdrawn += isinstance(outcomes[1], int)
    assert withdrawn > 0
    events = await history(world)
    person = await world.ask(find_subject, subject(0))
    assert [event.seq for event in events] == list(range(1, person.version + 1))
    stored = {grant.state.id: grant.state for grant in (await world.ask(list_grants, subject(0), limit=500)).items}
    assert stored == fold(grant_events(events))


async def test_a_withdrawal_waits_for_a_consent_being_given_and_ends_it(two) -> None:
    world, (first, second) = two
    async with first.transaction() as tx:
        await world.service.give(tx.connection, world.request(), by=PERSON, now=world.now)
        waiting = asyncio.create_task(attempt(world, second, "withdraw", subject(0), WithdrawAll()))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert await waiting == 2
    states = {grant.state.state for grant in (await world.ask(list_grants, subject(0))).items}
    assert states == {State.WITHDRAWN}


async def test_a_change_of_purpose_waits_for_a_consent_being_checked(two) -> None:
    world, (first, second) = two

    async def change() -> None:
        async with second.transaction() as tx:
            changed = replace(purpose(), revision=2)
            await world.registrar.update_purpose(tx.connection, changed, by=STEWARD, now=world.now)

    async with first.transaction() as tx:
        await world.service.give(tx.connection, world.request(), by=PERSON, now=world.now)
        waiting = asyncio.create_task(change())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    await waiting
    with pytest.raises(NoticeNotCurrentError):
        await world.give()


async def test_batches_over_the_same_subjects_in_any_order_do_not_deadlock(two) -> None:
    world, (first, second) = two
    forward = [world.request(subject=subject(number)) for number in (0, 1, 2)]
    for _ in range(10):
        await asyncio.gather(give_many(world, first, forward), give_many(world, second, forward[::-1]))
    assert {(await world.ask(find_subject, subject(number))).version for number in (0, 1, 2)} == {39}


async def test_two_sweeps_at_once_record_an_expiry_once(two, clock) -> None:
    world, (first, second) = two
    await world.give(expires=world.now + timedelta(days=1))
    clock.move(days=1)

    async def sweep() -> int:
        async with second.transaction() as tx:
            found: int = await world.service.expire_due(tx.connection, now=world.now)
            return found

    async with first.transaction() as tx:
        await world.service.expire_due(tx.connection, now=world.now)
        waiting = asyncio.create_task(sweep())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert await waiting == 1
    assert [event.kind for event in await history(world)] == ["consent.given", "consent.expired"]


async def test_changes_of_configuration_queue_on_the_epoch(two) -> None:
    world, databases = two
    before = (await world.ask(load_registry, ROWS)).epoch

    async def change(database: Database, revision: int) -> int:
        async with database.transaction() as tx:
            changed = replace(purpose(), revision=revision)
            done = await world.registrar.update_purpose(tx.connection, changed, by=STEWARD, now=world.now)
            return done.version

    versions = await asyncio.gather(*(change(databases[number % 2], number + 2) for number in range(8)))
    assert sorted(versions) == list(range(2, 10))
    assert (await world.ask(load_registry, ROWS)).epoch == before + 8


async def attempt(world: World, database: Database, operation: str, *arguments: Any) -> int:
    async with database.transaction() as tx:
        recorded = await getattr(world.service, operation)(tx.connection, *arguments, by=PERSON, now=world.now)
        version: int = recorded.consent_version
        return version


async def give_many(world: World, database: Database, requests: list[Any]) -> None:
    async with database.transaction() as tx:
        await world.service.give_many(tx.connection, requests, by=PERSON, now=world.now)


async def history(world: World) -> list[Any]:
    events: list[Any] = []
    while True:
        page = await world.ask(list_events, subject(0), after=len(events), limit=500)
        events += page.items
        if page.after is None:
            return events
