"""Subjects, and questions about what they agreed to."""

from datetime import timedelta

import pytest

from catalog import ReleaseForm
from consent import (
    AgeBand,
    AlreadyRegisteredError,
    InvalidValueError,
    NewSubject,
    TenantNotFoundError,
    find_subject,
    list_events,
    list_grants,
    new_id,
    note_observed,
)
from tests.consent.world import ROWS, STEWARD, World, seeded, subject


async def test_the_age_band_raises_the_version_and_is_not_journalled(world: World) -> None:
    recorded = await world.do("set_age_band", subject(0), AgeBand.MINOR, by=STEWARD)
    found = await world.ask(find_subject, subject(0))
    assert (found.age_band, found.version, recorded.consent_version) == (AgeBand.MINOR, 1, 1)
    assert (world.journal.events[-1].kind, world.journal.events[-1].detail) == ("subject.age_band_set", {})


async def test_subjects_are_created_once_in_a_registered_tenant(world: World) -> None:
    pseudonym = new_id("ps", seeded(5000))
    twice = NewSubject(subject(0), pseudonym, AgeBand.ADULT)
    foreign = NewSubject(subject(0, "nobody"), pseudonym, AgeBand.ADULT)
    async with world.database.transaction() as tx:
        await world.service.create_subjects(tx.connection, [], now=world.now)
        with pytest.raises(AlreadyRegisteredError):
            await world.service.create_subjects(tx.connection, [twice], now=world.now)
        with pytest.raises(TenantNotFoundError):
            await world.service.create_subjects(tx.connection, [foreign], now=world.now)


async def test_the_oldest_observation_only_gets_older(world: World) -> None:
    for days in (3, 5, 4):
        async with world.database.transaction() as tx:
            observed = {subject(0).ref: world.now - timedelta(days=days)}
            await note_observed(tx.connection, "group", observed, rows=ROWS)
            await note_observed(tx.connection, "group", {}, rows=ROWS)
    found = await world.ask(find_subject, subject(0))
    assert found.oldest_observed == world.now - timedelta(days=5)
    assert (await world.ask(find_subject, subject(1))).oldest_observed is None


async def test_grants_and_events_come_in_pages(world: World) -> None:
    for form in (ReleaseForm.BUCKET, ReleaseForm.FLAG, ReleaseForm.BUCKET):
        await world.give(max_form=form)
    seen, after = [], ""
    while after is not None:
        page = await world.ask(list_grants, subject(0), after=after, limit=2)
        seen += [grant.state.id for grant in page.items]
        after = page.after
    assert len(seen) == 3
    assert seen == sorted(seen)
    first = await world.ask(list_events, subject(0), limit=2)
    rest = await world.ask(list_events, subject(0), after=int(first.after), limit=10)
    assert [event.seq for event in (*first.items, *rest.items)] == [1, 2, 3, 4, 5]
    assert rest.after is None
    history = await world.ask(list_events, subject(0), grant=rest.items[-1].grant_id)
    assert [event.kind for event in history.items] == ["consent.given", "consent.superseded"]


@pytest.mark.parametrize("limit", [0, 501])
async def test_a_page_has_a_limit(world: World, limit: int) -> None:
    with pytest.raises(InvalidValueError):
        await world.ask(list_grants, subject(0), limit=limit)
    with pytest.raises(InvalidValueError):
        await world.ask(list_grants, subject(0), after="\x00")
    assert (await world.ask(list_events, subject(0), after=2**70)).items == ()
    assert (await world.ask(list_events, subject(0), grant="\x00")).items == ()
