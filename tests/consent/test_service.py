"""Giving, refusing, withdrawing, pausing: what is recorded and what is refused."""

from consent import (
    State,
    WithdrawAll,
    find_grant,
    find_subject,
)
from tests.consent.world import World, subject


async def test_a_given_consent_is_live_and_raises_the_version(world: World) -> None:
    recorded = await world.give()
    grant = await world.ask(find_grant, subject(0), recorded.grants[0])
    assert grant.state.state is State.LIVE
    assert (await world.ask(find_subject, subject(0))).version == recorded.consent_version == 1
    assert recorded.entries == (len(world.journal.events),)


async def test_a_withdrawn_consent_is_final(world: World) -> None:
    recorded = await world.give()
    after = await world.do("withdraw", subject(0), WithdrawAll())
    assert after.grants == recorded.grants
    assert after.consent_version == 2
