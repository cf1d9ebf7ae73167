"""Several groups under way at once: never of the same subject, and nobody waits for ever."""

import asyncio

import pytest

from gate import Gate, Outcome
from gate.engines import EmbeddedEngine
from tests.gate.asking import ask, count_reads, read_entries, watched_gate
from tests.gate.test_waiting import Latch, with_consent
from tests.world import World


async def test_a_second_group_passes_one_that_waits_but_not_for_its_subjects(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    one, two = await with_consent(lender, 2)
    async with watched_gate(database_url, lender, engine, groups_at_once=2) as (gate, store):
        latch = store.before["fetch"] = Latch()
        first = asyncio.create_task(gate.read(ask(one)))
        await latch.reached.wait()
        store.before.clear()
        again = asyncio.create_task(gate.read(ask(one)))
        both = asyncio.create_task(gate.read(ask(two, one)))
        assert (await gate.read(ask(two))).subjects[0].outcome is Outcome.released
        assert [task.done() for task in (first, again, both)] == [False] * 3
        latch.opened.set()
        answers = await asyncio.gather(first, again, both)
    assert {subject.outcome for answer in answers for subject in answer.subjects} == {Outcome.released}
    assert await count_reads(lender) == 5
    assert_in_order(await read_entries(lender))


async def test_what_waits_for_its_subjects_keeps_them_from_later_reads(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    """Else two callers in turn could keep a batch out for ever."""
    one, two = await with_consent(lender, 2)
    async with watched_gate(database_url, lender, engine, groups_at_once=2) as (gate, store):
        latch = store.before["fetch"] = Latch()
        first = asyncio.create_task(gate.read(ask(one)))
        await latch.reached.wait()
        both = asyncio.create_task(gate.read(ask(one, two)))
        await asyncio.sleep(0)
        late = asyncio.create_task(gate.read(ask(two)))
        await asyncio.sleep(0.05)
        assert not late.done()
        latch.opened.set()
        await asyncio.gather(first, both, late)
    sizes = [len(records) for _, records in store.of("record")]
    assert sizes[0] == 1
    assert sum(sizes) == 4


@pytest.mark.parametrize("groups", [1, 3])
async def test_a_crowd_is_answered_each_read_once(
    database_url: str, lender: World, engine: EmbeddedEngine, groups: int
) -> None:
    refs = await with_consent(lender, 8)
    async with watched_gate(database_url, lender, engine, groups_at_once=groups) as (gate, _):
        await asyncio.gather(*(_ask_often(gate, refs, turn) for turn in range(12)))
    entries = await read_entries(lender)
    assert sum(kind == "read" for _, _, kind, _ in entries) == 12 * 10 * 2
    assert_in_order(entries)


async def _ask_often(gate: Gate, refs: list[str], turn: int) -> None:
    for step in range(10):
        pair = (refs[(turn + step) % 8], refs[(turn + step + 1 + step % 7) % 8])
        answer = await gate.read(ask(*pair))
        assert {subject.outcome for subject in answer.subjects} == {Outcome.released}


def assert_in_order(entries: list[tuple[str, int, str, str]]) -> None:
    """Every stream runs from one without a gap."""
    places: dict[str, list[int]] = {}
    for stream, seq, _, _ in entries:
        places.setdefault(stream, []).append(seq)
    assert all(found == list(range(1, len(found) + 1)) for found in places.values())
