"""Callers leave, the gate closes, one read is poison: the others are answered."""

import asyncio
import logging
import time

import pytest

from gate import Gate, GateClosedError, GateUnavailableError, Outcome, ReadCall
from gate.engines import EmbeddedEngine
from gate.gate import SUBJECTS_PER_GROUP
from tests.gate.asking import WatchedStore, ask, configuration, count_reads, watched_gate
from tests.world import FEATURES, World


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


async def with_consent(lender: World, count: int = 1) -> list[str]:
    refs = await lender.add_subjects(count)
    for ref in refs:
        await lender.give(ref)
    return refs


async def test_a_configuration_that_cannot_be_loaded_denies_until_it_can(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    [ref] = await with_consent(lender)
    faults = [OSError("gone"), OSError("gone")]

    async def load() -> object:
        if faults:
            raise faults.pop()
        return await configuration(lender)

    async with watched_gate(database_url, lender, engine, load=load) as (gate, _):  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(GateUnavailableError):
                await gate.read(ask(ref))
        assert (await gate.read(ask(ref))).subjects[0].outcome is Outcome.released


class Latch:
    """Holds a step until opened."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


@pytest.mark.parametrize("step", ["gather", "fetch", "record"])
async def test_a_caller_that_leaves_takes_nobody_along(
    lender: World, gate: Gate, store: WatchedStore, step: str
) -> None:
    one, two = await with_consent(lender, 2)
    latch = store.before[step] = Latch()
    leaving, staying = asyncio.create_task(gate.read(ask(one))), asyncio.create_task(gate.read(ask(two)))
    await latch.reached.wait()
    leaving.cancel()
    latch.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await staying).subjects[0].outcome is Outcome.released
    assert (await gate.read(ask(one))).subjects[0].outcome is Outcome.released
    assert await count_reads(lender) in {2, 3}


async def test_a_caller_that_leaves_before_its_turn_is_not_read_at_all(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    one, two = await with_consent(lender, 2)
    latch = store.before["record"] = Latch()
    first = asyncio.create_task(gate.read(ask(one)))
    await latch.reached.wait()
    leaving = asyncio.create_task(gate.read(ask(two)))
    await asyncio.sleep(0)
    leaving.cancel()
    latch.opened.set()
    await first
    await gate.close()
    assert await count_reads(lender) == 1


async def test_closing_answers_who_waits_and_takes_no_more(lender: World, gate: Gate, store: WatchedStore) -> None:
    refs = await with_consent(lender, 3)
    latch = store.before["record"] = Latch()
    reads = [asyncio.create_task(gate.read(ask(ref))) for ref in refs[:2]]
    await latch.reached.wait()
    reads.append(asyncio.create_task(gate.read(ask(refs[2]))))
    await asyncio.sleep(0)
    closing = asyncio.create_task(gate.close())
    await asyncio.sleep(0)
    with pytest.raises(GateClosedError) as closed:
        await gate.read(ask(refs[0]))
    assert closed.value.code == "gate/closed"
    latch.opened.set()
    await closing
    assert [(await read).subjects[0].outcome for read in reads] == [Outcome.released] * 3
    assert await count_reads(lender) == 3


async def test_closing_in_a_hurry_denies_who_waits(lender: World, gate: Gate, store: WatchedStore) -> None:
    one, two = await with_consent(lender, 2)
    latch = store.before["record"] = Latch()
    first = asyncio.create_task(gate.read(ask(one)))
    await latch.reached.wait()
    second = asyncio.create_task(gate.read(ask(two)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(gate.close())
    await asyncio.sleep(0)
    closing.cancel()
    found = await asyncio.gather(first, second, closing, return_exceptions=True)
    assert [type(each) for each in found] == [GateClosedError, GateClosedError, asyncio.CancelledError]
    assert await count_reads(lender) == 0


async def test_a_poisonous_read_denies_no_other_read(
    lender: World, gate: Gate, store: WatchedStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that the ledger refuses breaks its group; the reads of that group are then served one by one."""
    refs = await with_consent(lender, 6)
    poison = [ask(refs[0], purpose="not a name"), ask(refs[1], product="<at>")]
    found = await asyncio.gather(*map(gate.read, [poison[0], *map(ask, refs), poison[1]]), return_exceptions=True)
    assert [type(each).__name__ for each in found] == [
        "GateUnavailableError",
        *["ReadAnswer"] * 6,
        "GateUnavailableError",
    ]
    assert await count_reads(lender) == 6
    assert caplog.records
    with pytest.raises(GateUnavailableError):
        await gate.read(poison[0])


async def test_a_group_that_fails_slowly_is_not_tried_one_by_one(
    lender: World, gate: Gate, store: WatchedStore
) -> None:
    """A database that hangs would otherwise be waited for by every read in turn."""
    refs = await with_consent(lender, 4)

    async def hang() -> None:
        await asyncio.sleep(1.05)
        raise OSError("gone")

    store.before["gather"] = hang
    began = time.monotonic()
    found = await asyncio.gather(*(gate.read(ask(ref)) for ref in refs), return_exceptions=True)
    assert [type(each) for each in found] == [GateUnavailableError] * 4
    assert len({id(each) for each in found}) == 4
    assert time.monotonic() - began < 2
    store.before.clear()
    assert (await gate.read(ask(refs[0]))).subjects[0].outcome is Outcome.released


async def test_a_failure_says_nothing_of_what_was_opened(
    lender: World, gate: Gate, store: WatchedStore, caplog: pytest.LogCaptureFixture
) -> None:
    [ref] = await lender.add_subjects(1, values={"limit": 7_654_321})
    await lender.give(ref)

    async def fail() -> None:
        raise OSError("disk")

    store.before["record"] = fail
    with caplog.at_level(logging.DEBUG), pytest.raises(GateUnavailableError) as failure:
        await gate.read(ask(ref))
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
    assert "7654321" not in caplog.text
    assert "a group of reads failed" in caplog.text


@pytest.mark.parametrize("parts", [{"subjects": ()}, {"features": ()}, {"features": FEATURES * 2}])
async def test_a_read_names_something_and_nothing_twice(parts: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="at least one subject and one feature"):
        ask("sub_" + "a" * 26, **parts)


async def test_a_read_larger_than_a_group_is_a_group_of_its_own(lender: World, gate: Gate, store: WatchedStore) -> None:
    def strangers(count: int, letter: str) -> ReadCall:
        return ask(*(f"sub_{letter}{number:025b}".translate({48: "a", 49: "b"}) for number in range(count)))

    calls = [strangers(2, "x"), strangers(SUBJECTS_PER_GROUP + 1, "y"), strangers(3, "z")]
    answers = await asyncio.gather(*map(gate.read, calls))
    assert [len(answer.subjects) for answer in answers] == [2, SUBJECTS_PER_GROUP + 1, 3]
    assert [len(records) for _, records in store.of("record")] == [2, SUBJECTS_PER_GROUP + 1, 3]
