"""The follower counts each person once per field and recipient, through batches, restarts and writers in between."""

import asyncio
from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api.database import Database
from api.following import catch_up
from lineage import Shape, append, ensure_shapes
from lineage.graph import Reached, Seen, field_reach, fold, look, note, position, settled
from tests.lineage import world
from tests.lineage.graph.people import FIELDS, read, template
from tests.lineage.world import MAC, NOW


async def _reach(database: Database, field: str) -> tuple[dict[str, int], int]:
    async with database.reading() as tx:
        found = await field_reach(tx.connection, "bank", field)
    return dict(found.recipients), found.subjects


async def test_each_person_counts_once_for_a_field_and_a_recipient(database: Database) -> None:
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number in range(40):
        who, party = number % 7, ("bank_main", "partner")[number % 3 == 0]
        released = FIELDS[: number % 4]
        await read(database, who, template(released, client=party, party=party))
        for field in released:
            wanted[field, party].add(who)
    for _ in range(100):
        async with database.transaction() as tx:
            if (await fold(tx.connection, now=NOW, batch=3)).is_idle:
                break
    for field in FIELDS:
        parties = {party: len(people) for (name, party), people in wanted.items() if name == field}
        everyone = set().union(*(people for (name, _), people in wanted.items() if name == field))
        assert await _reach(database, field) == (parties, len(everyone))


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 12))
def test_what_a_look_found_is_noted_in_parts_that_divide_no_entry(sizes: list[int], most: int) -> None:
    rows = tuple(
        Reached("bank", f"ps_{entry}", f"f{each}", "partner", entry, is_first=each % 2 == 0)
        for entry, size in enumerate(sizes, 10)
        for each in range(size)
    )
    seen = Seen(9, 9 + len(sizes), rows)
    parts = list(seen.slices(most))
    assert tuple(row for part in parts for row in part.rows) == rows
    assert [part.after for part in parts] == [9, *(part.last for part in parts[:-1])]
    assert parts[-1].last == seen.last
    assert all(part.after < row.entry <= part.last for part in parts for row in part.rows)
    assert sum((Counter(part.counts()) for part in parts), Counter()) == Counter(seen.counts())


async def test_a_look_that_another_follower_has_noted_is_noted_no_second_time(database: Database) -> None:
    await read(database, 1, template())
    async with database.reading() as tx:
        seen = await look(tx.connection, 0)
    for wanted in (False, True):
        async with database.transaction() as tx:
            assert (await note(tx.connection, seen, now=NOW)).is_idle is wanted
    assert await _reach(database, FIELDS[0]) == ({"bank_main": 1}, 1)


async def test_a_turn_that_was_rolled_back_counts_nothing_and_is_done_again(database: Database) -> None:
    await read(database, 1, template())
    connection = database.engine.connect()
    async with connection as raw:
        open_turn = await raw.begin()
        await fold(raw, now=NOW)
        await open_turn.rollback()
    assert await _reach(database, FIELDS[0]) == ({}, 0)
    assert await catch_up(database) > 0
    assert await catch_up(database) == 0
    assert await _reach(database, FIELDS[0]) == ({"bank_main": 1}, 1)


async def test_of_two_followers_one_works(database: Database) -> None:
    for who in range(5):
        await read(database, who, template())
    await asyncio.gather(*(catch_up(database) for _ in range(3)))
    await catch_up(database)
    assert await _reach(database, FIELDS[0]) == ({"bank_main": 5}, 5)


async def test_an_entry_that_is_still_being_written_is_waited_for(database: Database) -> None:
    """On PostgreSQL a lower number may commit after a higher one; the follower must not pass it by."""
    if database.is_sqlite:
        async with database.reading() as tx:
            assert await settled(tx.connection) == 0
        return
    made = template()
    async with database.transaction() as tx:
        await ensure_shapes(tx.connection, [made.shape], now=NOW, mac=MAC)
    late = database.engine.connect()
    async with late as writer:
        await writer.begin()
        draft = made.draft(world.subject(1), consent_version=1, grants=(), commitment=None)
        (number,) = await append(writer, [draft], now=NOW, mac=MAC)
        after = await read(database, 2, made)
        assert after > number
        following = asyncio.create_task(catch_up(database, turns=1))
        await asyncio.sleep(0.1)
        assert not following.done()
        await writer.commit()
        await following
    assert await _reach(database, FIELDS[0]) == ({"bank_main": 2}, 2)


async def test_dry_runs_denials_and_strangers_reach_nobody(database: Database) -> None:
    made = template(())
    await read(database, 1, made)
    async with database.transaction() as tx:
        full = template()
        await ensure_shapes(tx.connection, [full.shape], now=NOW, mac=MAC)
        draft = full.draft(None, consent_version=None, grants=(), commitment=None)
        await append(tx.connection, [draft], now=NOW, mac=MAC)
    await catch_up(database)
    assert await _reach(database, FIELDS[0]) == ({}, 0)
    async with database.reading() as tx:
        assert (await look(tx.connection, await position(tx.connection))).is_idle
        last = (await tx.connection.execute(text("SELECT max(id) FROM ledger_entries"))).scalar_one()
        assert await position(tx.connection) == last
        found = await field_reach(tx.connection, "bank", FIELDS[0])
    assert found.features == (f"v:{FIELDS[0]}",)
    assert found.clients == (("scoring", "credit_assessment"),)
    assert isinstance(made.shape, Shape)
