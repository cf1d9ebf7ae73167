"""Consent and configuration move while a read is under way."""

import asyncio
import time

import pytest

from consent import SubjectId, WithdrawAll, WithdrawField
from gate import ContendedError, Gate, Outcome
from gate.errors import ConfigMovedError
from gate.situating import RELOADS
from tests.gate.asking import WatchedStore, ask, count_reads, move_epoch, read_entries, reasons
from tests.world import TENANT, World


async def with_consent(lender: World, count: int = 1) -> list[str]:
    refs = await lender.add_subjects(count)
    for ref in refs:
        await lender.give(ref)
    return refs


async def test_a_withdrawal_between_facts_and_record_is_honoured(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    """The values are open already; they do not leave, and the ledger does not say they did."""
    [ref] = await with_consent(lender)

    async def withdraw() -> None:
        store.before.clear()
        await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())

    store.before["record"] = withdraw
    [answer] = (await gate.read(ask(ref))).subjects
    assert reasons(answer) == {"GRANT_WITHDRAWN"}
    assert answer.values == (None,) * 4
    kinds = [(kind, outcome) for _, _, kind, outcome in await read_entries(lender) if kind == "read"]
    assert kinds == [("read", "denied")]


async def test_only_the_subjects_that_moved_are_decided_again(lender: World, gate: Gate, store: WatchedStore) -> None:
    refs = await with_consent(lender, 5)

    async def move() -> None:
        store.before.clear()
        await lender.act("withdraw", SubjectId(TENANT, refs[2]), WithdrawField("zhima_score", None))

    store.before["record"] = move
    answer = await gate.read(ask(*refs))
    assert [each.outcome is Outcome.released for each in answer.subjects] == [True, True, False, True, True]
    assert [len(records) for _, records in store.of("record")] == [5, 1]
    assert await count_reads(lender) == 5


async def test_a_configuration_change_between_facts_and_record_is_honoured(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    [ref] = await with_consent(lender)

    async def move() -> None:
        store.before.clear()
        await move_epoch(lender)

    store.before["record"] = move
    assert (await gate.read(ask(ref))).subjects[0].outcome is Outcome.released
    (first, _), (second, _) = store.of("record")
    assert second == first + 1


async def test_a_subject_that_never_holds_still_is_contended_alone(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    restless, calm = await with_consent(lender, 2)
    store.before["record"] = lambda: lender.touch(restless)
    began = time.monotonic()
    moved, still = await asyncio.gather(gate.read(ask(restless)), gate.read(ask(calm)), return_exceptions=True)
    assert isinstance(moved, ContendedError)
    assert moved.code == "gate/contended"
    assert time.monotonic() - began < 4
    assert not isinstance(still, BaseException)
    assert still.subjects[0].outcome is Outcome.released
    store.before.clear()
    assert (await gate.read(ask(restless))).subjects[0].outcome is Outcome.released
    assert await count_reads(lender) == 2


async def test_a_calm_read_does_not_wait_for_a_restless_one(lender: World, gate: Gate, store: WatchedStore) -> None:
    restless, calm = await with_consent(lender, 2)
    store.before["record"] = lambda: lender.touch(restless)
    waiting = asyncio.create_task(gate.read(ask(restless)))
    await asyncio.sleep(0.3)
    for _ in range(5):
        assert (await gate.read(ask(calm))).subjects[0].outcome is Outcome.released
        assert not waiting.done()
    store.before.clear()
    assert (await waiting).subjects[0].outcome is Outcome.released


async def test_a_configuration_that_never_holds_still_denies(lender: World, gate: Gate, store: WatchedStore) -> None:
    [ref] = await with_consent(lender)
    store.before["gather"] = lambda: move_epoch(lender)
    with pytest.raises(ConfigMovedError) as moved:
        await gate.read(ask(ref))
    assert moved.value.code == "gate/config_moved"
    assert len(store.of("gather")) == RELOADS
    store.before.clear()
    assert (await gate.read(ask(ref))).subjects[0].outcome is Outcome.released


async def test_one_subject_asked_for_many_times_at_once_is_recorded_in_order(lender: World, gate: Gate) -> None:
    [ref] = await with_consent(lender)
    answers = await asyncio.gather(*(gate.read(ask(ref)) for _ in range(50)))
    entries = [answer.subjects[0].entry for answer in answers]
    assert entries == sorted(set(entries))
    places = [seq for stream, seq, _, _ in await read_entries(lender) if stream.startswith("ps_")]
    assert places == list(range(1, 52))
