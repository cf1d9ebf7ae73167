"""A client that varies what it asks for makes new shapes; how many in a day is bounded, and costs nobody else."""

import asyncio
from datetime import timedelta

from gate import Gate, Outcome
from gate.engines import EmbeddedEngine
from gate.errors import TooManyShapesError
from lineage import count_shapes
from tests.gate.asking import ask, count_reads, watched_gate
from tests.world import FEATURES, TENANT, World


async def outcome_of(gate: Gate, ref: str, *features: str) -> object:
    try:
        return (await gate.read(ask(ref, features=features))).subjects[0].outcome
    except TooManyShapesError as denial:
        return denial.code


async def test_beyond_the_bound_only_what_was_asked_before_is_answered(
    database_url: str, lender: World, engine: EmbeddedEngine
) -> None:
    [ref] = await lender.add_subjects(1)
    await lender.give(ref)
    async with watched_gate(database_url, lender, engine, shapes_per_day=2) as (gate, _):
        for features in (FEATURES[:1], FEATURES[:2]):
            assert await outcome_of(gate, ref, *features) is Outcome.released
        assert await outcome_of(gate, ref, *FEATURES[:3]) == "gate/too_many_shapes"
        together = [FEATURES[:1], FEATURES[1:3], FEATURES[:2]]
        found = await asyncio.gather(*(outcome_of(gate, ref, *features) for features in together))
    assert found == [Outcome.released, "gate/too_many_shapes", Outcome.released]
    async with watched_gate(database_url, lender, engine, shapes_per_day=2) as (again, _):
        assert await outcome_of(again, ref, *FEATURES[:3]) == "gate/too_many_shapes"
        assert await outcome_of(again, ref, *FEATURES[:2]) is Outcome.released
    assert await count_reads(lender) == 5


async def test_the_count_begins_anew(lender: World, gate: Gate) -> None:
    [ref] = await lender.add_subjects(1)
    await gate.read(ask(ref))
    async with lender.database.reading() as tx:
        counts = [
            await count_shapes(tx.connection, TENANT, client, since=tx.now + since)
            for client, since in (
                ("scoring", timedelta(hours=-1)),
                ("scoring", timedelta(hours=1)),
                ("other", timedelta(hours=-1)),
            )
        ]
    assert counts == [1, 0, 0]
