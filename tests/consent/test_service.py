"""Giving, refusing, withdrawing, pausing: what is recorded and what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consent import (
    Actor,
    ConsentForm,
    GrantNotFoundError,
    GrantState,
    InvalidValueError,
    NothingToWithdrawError,
    NotLiveError,
    State,
    SubjectNotFoundError,
    TooManyGrantsError,
    TooSoonToAskError,
    WithdrawAll,
    WithdrawField,
    WithdrawGrant,
    WithdrawPurpose,
    check_may_ask,
    find_grant,
    find_grant_owner,
    find_subject,
    list_events,
    list_grants,
)
from tests.consent.world import World, subject

ONE = "gr_" + "a" * 26


async def state(world: World, grant: str, number: int = 0) -> GrantState:
    found: GrantState = (await world.ask(find_grant, subject(number), grant)).state
    return found


async def version(world: World, number: int = 0) -> int:
    found: int = (await world.ask(find_subject, subject(number))).version
    return found


async def test_a_given_consent_is_live_and_raises_the_version(world: World) -> None:
    recorded = await world.give()
    assert (await state(world, recorded.grants[0])).state is State.LIVE
    assert await version(world) == recorded.consent_version == 1
    assert recorded.entries == (len(world.journal.events),)


async def test_the_ledger_hears_the_terms_and_only_the_pseudonym(world: World) -> None:
    written = {"form": ConsentForm.WRITTEN, "evidence": "sha256:" + "0" * 64, "guardian": "gd_" + "b" * 26}
    recorded = await world.give(**written, expires=world.now + timedelta(days=30))
    event = world.journal.events[-1]
    person = await world.ask(find_subject, subject(0))
    assert (event.kind, event.subject, event.consent_version) == ("consent.given", person.pseudonym, 1)
    assert event.actor == Actor("subject", person.pseudonym)
    assert event.detail["grant"] == {
        "id": recorded.grants[0],
        "version": 1,
        "purpose": "credit_scoring",
        "recipient": "lender",
        "notice": "scoring_notice",
        "notice_version": 1,
        "notice_hash": world.notice.hash,
        "material": world.notice.material,
        "form": "written",
        "guardian": True,
        "evidence": True,
        "provision": False,
        "fields": ["repayment_record", "zhima_score"],
        "max_form": "bucket",
        "channel": "app",
        "given": "2026-11-23T02:00:00.000000Z",
        "starts": "2026-11-23T02:00:00.000000Z",
        "expires": "2026-12-23T02:00:00.000000Z",
    }
    assert subject(0).ref not in str(event)


async def test_references_are_kept_with_the_grant_and_its_first_event(world: World) -> None:
    given = {"guardian": "gd_" + "b" * 26, "evidence": "ev_" + "c" * 26}
    recorded = await world.give(**given, form=ConsentForm.WRITTEN)
    grant = await world.ask(find_grant, subject(0), recorded.grants[0])
    assert (grant.guardian, grant.evidence) == (given["guardian"], given["evidence"])
    page = await world.ask(list_events, subject(0))
    assert page.items[0].body["references"] == given


async def test_a_grant_s_owner_is_found_inside_its_tenant_only(world: World) -> None:
    grant = (await world.give()).grants[0]
    assert await world.ask(find_grant_owner, "group", grant) == subject(0)
    for tenant, name in (("other", grant), ("group", "gr_" + "a" * 26), ("group", "not a grant")):
        with pytest.raises(GrantNotFoundError):
            await world.ask(find_grant_owner, tenant, name)


async def test_withdrawing_all_ends_every_open_grant(world: World) -> None:
    first = await world.give()
    second = await world.give(recipient="bureau", provision=True)
    recorded = await world.do("withdraw", subject(0), WithdrawAll())
    assert sorted(recorded.grants) == sorted([*first.grants, *second.grants])
    assert recorded.consent_version == 4
    assert len(recorded.entries) == 2
    assert {(await state(world, grant)).state for grant in recorded.grants} == {State.WITHDRAWN}


async def test_withdrawing_one_purpose_leaves_the_others(world: World) -> None:
    first = await world.give()
    recorded = await world.do("withdraw", subject(0), WithdrawPurpose("credit_scoring"))
    assert recorded.grants == first.grants
    with pytest.raises(NothingToWithdrawError):
        await world.do("withdraw", subject(0), WithdrawPurpose("limit_setting"))
    assert await version(world) == 2


async def test_withdrawing_a_field_shrinks_the_grant_and_the_last_field_ends_it(world: World) -> None:
    (grant,) = (await world.give()).grants
    await world.do("withdraw", subject(0), WithdrawField("zhima_score"))
    shrunk = await state(world, grant)
    assert (shrunk.state, shrunk.fields, shrunk.version) == (State.LIVE, ("repayment_record",), 2)
    await world.do("withdraw", subject(0), WithdrawField("repayment_record", "credit_scoring"))
    ended = await state(world, grant)
    assert (ended.state, ended.fields, ended.is_current) == (State.WITHDRAWN, ("repayment_record",), True)


async def test_withdrawing_a_field_of_another_purpose_touches_nothing(world: World) -> None:
    await world.give()
    with pytest.raises(NothingToWithdrawError):
        await world.do("withdraw", subject(0), WithdrawField("zhima_score", "limit_setting"))
    with pytest.raises(NothingToWithdrawError):
        await world.do("withdraw", subject(0), WithdrawField("community_engagement"))


@pytest.mark.parametrize("operation", ["withdraw", "pause", "resume"])
async def test_a_withdrawn_grant_is_final(world: World, operation: str) -> None:
    (grant,) = (await world.give()).grants
    await world.do("withdraw", subject(0), WithdrawGrant(grant))
    with pytest.raises(NotLiveError) as caught:
        await world.do(operation, subject(0), WithdrawGrant(grant) if operation == "withdraw" else grant)
    assert caught.value.state == "withdrawn"
    assert await version(world) == 2


async def test_a_grant_replaced_long_ago_says_so_when_withdrawn(world: World) -> None:
    (grant,) = (await world.give()).grants
    await world.give()
    with pytest.raises(NotLiveError) as caught:
        await world.do("withdraw", subject(0), WithdrawGrant(grant))
    assert caught.value.state == "superseded"


async def test_only_a_live_grant_pauses_and_only_a_paused_one_resumes(world: World) -> None:
    (grant,) = (await world.give()).grants
    with pytest.raises(NotLiveError):
        await world.do("resume", subject(0), grant)
    await world.do("pause", subject(0), grant)
    assert (await state(world, grant)).state is State.PAUSED
    with pytest.raises(NotLiveError):
        await world.do("pause", subject(0), grant)
    await world.do("resume", subject(0), grant)
    assert (await state(world, grant)).state is State.LIVE


async def test_another_subjects_grant_counts_as_absent(world: World) -> None:
    (grant,) = (await world.give()).grants
    for wrong in (grant, ONE, "'; DROP TABLE consent_grants; --", "\x00"):
        with pytest.raises(GrantNotFoundError):
            await world.do("withdraw", subject(1), WithdrawGrant(wrong))
    with pytest.raises(GrantNotFoundError, match="not a name"):
        await world.do("pause", subject(1), "110101199003078515")


async def test_an_unknown_or_foreign_subject_counts_as_absent(world: World) -> None:
    with pytest.raises(SubjectNotFoundError):
        await world.give(subject=subject(99))
    with pytest.raises(SubjectNotFoundError):
        await world.do("withdraw", replace(subject(0), tenant="other"), WithdrawAll())
    with pytest.raises(SubjectNotFoundError):
        await world.ask(find_subject, subject(99))


async def test_the_clock_makes_a_grant_expired_before_anyone_records_it(world: World, clock) -> None:
    (grant,) = (await world.give(expires=world.now + timedelta(days=1))).grants
    clock.move(days=1)
    held = await state(world, grant)
    assert (held.state, held.state_at(world.now)) == (State.LIVE, State.EXPIRED)
    with pytest.raises(NothingToWithdrawError):
        await world.do("withdraw", subject(0), WithdrawAll())
    with pytest.raises(NotLiveError, match="expired"):
        await world.do("pause", subject(0), grant)


async def test_a_grant_of_the_future_has_not_started(world: World) -> None:
    (grant,) = (await world.give(starts=world.now + timedelta(days=1))).grants
    held = await state(world, grant)
    assert held.state_at(world.now) is State.NOT_STARTED
    assert held.state_at(world.now + timedelta(days=1)) is State.LIVE


async def test_the_next_event_records_an_expiry_first(world: World, clock) -> None:
    (old,) = (await world.give(expires=world.now + timedelta(days=1))).grants
    clock.move(days=2)
    recorded = await world.give()
    assert [event.kind for event in world.journal.events[-2:]] == ["consent.expired", "consent.given"]
    assert world.journal.events[-2].actor == Actor("system", "clock")
    assert len(recorded.entries) == 2
    expired = await state(world, old)
    assert (expired.state, expired.is_current) == (State.EXPIRED, False)


async def test_expiry_is_recorded_in_the_background_for_all_who_are_due(world: World, clock) -> None:
    for number in range(3):
        await world.give(subject=subject(number), expires=world.now + timedelta(days=1 + number))
    clock.move(days=2)
    async with world.database.transaction() as tx:
        assert await world.service.expire_due(tx.connection, now=world.now) == 2
    async with world.database.transaction() as tx:
        assert await world.service.expire_due(tx.connection, now=world.now) == 0
    assert [event.kind for event in world.journal.events[-2:]] == ["consent.expired"] * 2
    assert [await version(world, number) for number in range(3)] == [2, 2, 1]


async def test_the_newest_word_supersedes_an_open_grant_it_covers(world: World) -> None:
    (old,) = (await world.give(fields=("zhima_score",))).grants
    recorded = await world.give()
    assert [event.kind for event in world.journal.events[-2:]] == ["consent.given", "consent.superseded"]
    replaced = await state(world, old)
    assert (replaced.state, replaced.is_current, recorded.consent_version) == (State.SUPERSEDED, False, 3)


@pytest.mark.parametrize(
    "parts",
    [
        {"fields": ("zhima_score",)},
        {"form": ConsentForm.GENERAL},
        {"starts": timedelta(days=1)},
        {"recipient": "helper"},
    ],
    ids=["fewer fields", "weaker form", "not started", "other recipient"],
)
async def test_a_narrower_weaker_or_later_consent_leaves_the_old_one(world: World, parts) -> None:
    (old,) = (await world.give()).grants
    if "starts" in parts:
        parts = {"starts": world.now + parts["starts"]}
    await world.give(**parts)
    assert (await state(world, old)).state is State.LIVE


async def test_a_subject_does_not_replace_a_guardians_consent(world: World) -> None:
    (old,) = (await world.give(guardian="gd_" + "b" * 26)).grants
    await world.give()
    assert (await state(world, old)).state is State.LIVE


async def test_a_newer_grant_ends_the_currency_of_withdrawn_ones(world: World) -> None:
    (old,) = (await world.give()).grants
    await world.do("withdraw", subject(0), WithdrawAll())
    assert (await state(world, old)).is_current
    (new,) = (await world.give()).grants
    assert not (await state(world, old)).is_current
    assert (await state(world, new)).is_current


async def test_a_refusal_is_recorded_and_leaves_open_grants(world: World) -> None:
    (given,) = (await world.give()).grants
    recorded = await world.do("refuse", world.request(form=ConsentForm.WRITTEN))
    refused = await state(world, recorded.grants[0])
    assert (refused.state, refused.is_current) == (State.REFUSED, True)
    assert world.journal.events[-1].kind == "consent.refused"
    assert (await state(world, given)).state is State.LIVE
    with pytest.raises(NotLiveError):
        await world.do("resume", subject(0), recorded.grants[0])


async def test_who_refused_is_not_asked_again_soon_but_may_give(world: World, clock) -> None:
    month = {"cooldown": timedelta(days=30)}
    await world.ask(check_may_ask, subject(0), "credit_scoring", now=world.now, **month)
    await world.do("refuse", world.request())
    with pytest.raises(TooSoonToAskError):
        await world.ask(check_may_ask, subject(0), "credit_scoring", now=world.now, **month)
    await world.give()
    clock.move(days=30)
    await world.ask(check_may_ask, subject(0), "credit_scoring", now=world.now, **month)


async def test_open_grants_for_one_processing_are_bounded(world: World) -> None:
    for day in range(1, 33):
        await world.give(starts=world.now + timedelta(days=day))
    with pytest.raises(TooManyGrantsError):
        await world.give(starts=world.now + timedelta(days=40))
    assert await version(world) == 32


async def test_many_subjects_consent_at_once_in_the_order_asked(world: World) -> None:
    requests = [world.request(subject=subject(number)) for number in (2, 0, 1, 0)]
    answers = await world.do("give_many", requests)
    assert [answer.consent_version for answer in answers] == [1, 1, 1, 3]
    kinds = [[world.journal.events[entry - 1].kind for entry in answer.entries] for answer in answers]
    assert kinds == [["consent.given"]] * 3 + [["consent.given", "consent.superseded"]]
    for answer, number in zip(answers, (2, 0, 1, 0), strict=True):
        told = world.journal.events[answer.entries[0] - 1]
        assert told.detail["grant"]["id"] == answer.grants[0]
        assert told.subject == (await world.ask(find_subject, subject(number))).pseudonym
    assert await world.do("give_many", []) == []


async def test_many_subjects_consent_all_or_none(world: World) -> None:
    with pytest.raises(SubjectNotFoundError):
        await world.do("give_many", [world.request(), world.request(subject=subject(99))])
    assert await version(world) == 0
    with pytest.raises(InvalidValueError, match="more than one tenant"):
        await world.do("give_many", [world.request(), world.request(subject=subject(1, "other"))])


async def test_a_journal_that_fails_undoes_the_consent(world: World, monkeypatch) -> None:
    async def refuse(*_) -> list[int]:
        raise ConnectionError("the ledger is down")

    monkeypatch.setattr(world.journal, "append", refuse)
    with pytest.raises(ConnectionError):
        await world.give()
    assert await version(world) == 0
    assert (await world.ask(list_grants, subject(0))).items == ()
