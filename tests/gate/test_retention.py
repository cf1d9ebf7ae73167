"""A value leaves up to the last moment it may be kept, and not at the next."""

from datetime import UTC, datetime, timedelta

import pytest

from consent import ConsentForm
from gate import Gate, Outcome, SubjectAnswer
from tests.conftest import TickingClock
from tests.gate.asking import WatchedStore, ask, read_entries, reasons
from tests.world import TENANT, World

OLD = datetime(2026, 1, 1, tzinfo=UTC)
SCORE_LIVES = timedelta(days=180)
ORDERS_LIVE = timedelta(days=730)
TICK = timedelta(microseconds=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


async def subject_observed(lender: World, observed: datetime = OLD) -> str:
    [ref] = await lender.add_subjects(1, observed=observed)
    await lender.give(ref)
    return ref


async def read_one(gate: Gate, ref: str, **changes: object) -> SubjectAnswer:
    return (await gate.read(ask(ref, **changes))).subjects[0]


def expired(answer: SubjectAnswer) -> set[str]:
    return {ruling.name.partition(":")[2] for ruling in answer.rulings if "RETENTION_EXPIRED" in ruling.reasons}


@pytest.mark.parametrize(
    ("age", "past"),
    [
        (timedelta(0), set()),
        (SCORE_LIVES - TICK, set()),
        (SCORE_LIVES, {"score_band"}),
        (SCORE_LIVES + TICK, {"score_band"}),
        (ORDERS_LIVE - TICK, {"score_band"}),
        (ORDERS_LIVE, {"score_band", "orders"}),
        (timedelta(days=36_500), {"score_band", "orders"}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
async def test_exactly_the_fields_past_their_days_are_denied(
    lender: World, gate: Gate, clock: TickingClock, age: timedelta, past: set[str]
) -> None:
    """A limit and repayments are kept as long as the loan: no number of days ends them."""
    clock.instant = OLD
    ref = await subject_observed(lender)
    clock.instant = OLD + age
    answer = await read_one(gate, ref, features=("behaviour:orders", "behaviour:score_band", "behaviour:limit"))
    assert expired(answer) == past


async def test_a_value_past_its_days_is_not_fetched(
    lender: World, gate: Gate, store: WatchedStore, clock: TickingClock
) -> None:
    ref = await subject_observed(lender, clock() - SCORE_LIVES)
    await read_one(gate, ref)
    score = lender.catalog.feature(TENANT, "behaviour:score_band")
    assert score is not None
    assert all(score.segment not in segments for _, _, segments in store.of("fetch"))


async def test_one_read_expires_each_subject_by_its_own_values(lender: World, gate: Gate, clock: TickingClock) -> None:
    fresh = await subject_observed(lender, clock())
    old = await subject_observed(lender, clock() - SCORE_LIVES)
    first, second = (await gate.read(ask(fresh, old))).subjects
    assert expired(first) == set()
    assert expired(second) == {"score_band"}


async def test_old_values_of_other_fields_deny_nothing(lender: World, gate: Gate, clock: TickingClock) -> None:
    """The subject's oldest value is past its days, but what is asked for is not."""
    ref = await subject_observed(lender, clock() - SCORE_LIVES)
    answer = await read_one(gate, ref, features=("behaviour:limit", "behaviour:orders"))
    assert answer.outcome is Outcome.released


async def test_a_subject_without_values_has_none_past_their_days(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    [ref] = await lender.add_subjects(1, values={})
    await lender.give(ref)
    await lender.rewrite(ref, oldest_observed=None)
    assert (await read_one(gate, ref)).outcome is Outcome.released
    assert store.of("observed") == []


@pytest.mark.parametrize(
    ("moved", "code"),
    [
        (SCORE_LIVES, "RETENTION_EXPIRED"),
        (timedelta(days=200), "GRANT_EXPIRED"),
        (timedelta(days=366), "PIPIA_MISSING"),
    ],
    ids=["a value", "the grant", "the assessment"],
)
async def test_what_ends_between_the_facts_and_the_record_is_decided_again(
    lender: World, watched: tuple[Gate, WatchedStore], clock: TickingClock, moved: timedelta, code: str
) -> None:
    """The clock passes the end after the policy has answered and the values are open."""
    gate, store = watched
    [ref] = await lender.add_subjects(1, observed=clock())
    await lender.give(ref, expires=clock() + timedelta(days=200))
    assert (await read_one(gate, ref)).outcome is Outcome.released

    async def pass_time() -> None:
        store.before.clear()
        clock.instant += moved

    store.before["record"] = pass_time
    store.asked.clear()
    answer = await read_one(gate, ref)
    assert code in reasons(answer)
    assert [step for step, _ in store.asked].count("record") == 2
    outcomes = [outcome for _, _, kind, outcome in await read_entries(lender) if kind == "read"]
    assert outcomes[0] == "released"
    assert len(outcomes) == 2


async def test_a_grant_releases_until_the_instant_it_ends(lender: World, gate: Gate, clock: TickingClock) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, expires=clock() + timedelta(hours=1))
    clock.move(hours=1, microseconds=-1)
    assert (await read_one(gate, ref)).outcome is Outcome.released
    clock.move(microseconds=1)
    assert reasons(await read_one(gate, ref)) == {"GRANT_EXPIRED"}


async def test_a_grant_releases_from_the_instant_it_starts(lender: World, gate: Gate, clock: TickingClock) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref, form=ConsentForm.SEPARATE, starts=clock() + timedelta(hours=1))
    clock.move(hours=1, microseconds=-1)
    assert reasons(await read_one(gate, ref)) == {"GRANT_NOT_STARTED"}
    clock.move(microseconds=1)
    assert (await read_one(gate, ref)).outcome is Outcome.released
