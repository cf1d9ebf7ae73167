"""Appending: places in streams, ids, shapes, two writers at once."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.database import Database
from lineage import EntryContentError, EntryDraft, Kind, Shape, StreamContendedError, append, ensure_shapes, heads
from tests.lineage import world
from tests.lineage.world import MAC, NOW


async def _append(database: Database, *drafts: EntryDraft) -> list[int]:
    async with database.transaction() as tx:
        return await append(tx.connection, drafts, now=NOW, mac=MAC)


async def _rows(database: Database, columns: str = "stream, seq") -> list[tuple[object, ...]]:
    async with database.reading() as tx:
        found = await tx.connection.execute(text(f"SELECT {columns} FROM ledger_entries ORDER BY id"))  # noqa: S608 - test
        return [tuple(row) for row in found]


async def test_entries_take_contiguous_places_in_their_own_streams(database: Database) -> None:
    first, second = world.subject(1), world.subject(2)
    await _append(database, world.given(first), world.given(second), world.withdrawn(first))
    await _append(database, world.purpose(), world.withdrawn(second), world.party())
    assert await _rows(database) == [
        (first, 1),
        (second, 1),
        (first, 2),
        ("tenant/bank", 1),
        (second, 2),
        ("tenant/bank", 2),
    ]


async def test_ids_come_back_in_the_order_of_the_drafts(database: Database) -> None:
    ids = await _append(database, *(world.given(world.subject(number)) for number in range(50)))
    assert ids == sorted(ids)
    assert [(f"{row[0]}", row[1]) for row in await _rows(database, "id, subject")] == [
        (str(id_), world.subject(number)) for number, id_ in enumerate(ids)
    ]


async def test_columns_repeat_the_body(database: Database) -> None:
    draft = world.given(world.subject(1))
    await _append(database, draft)
    wanted = (draft.tenant, draft.kind.value, draft.purpose, draft.party, draft.about, "done", draft.subject)
    assert await _rows(database, "tenant, kind, purpose, party, about, outcome, subject") == [wanted]


async def test_nothing_is_written_when_one_draft_is_refused(database: Database) -> None:
    bad = EntryDraft(Kind.VALUES_LOADED, "bank", world.STEWARD, parts={"note": "a free text"})
    with pytest.raises(EntryContentError, match=r"values\.loaded"):
        await _append(database, world.party(), bad)
    assert await _rows(database) == []


async def test_heads_are_zero_for_streams_without_entries(database: Database) -> None:
    await _append(database, world.party(), world.party())
    async with database.reading() as tx:
        assert await heads(tx.connection, ["tenant/bank", "tenant/other"]) == {"tenant/bank": 2, "tenant/other": 0}
        assert await heads(tx.connection, []) == {}


async def test_appending_nothing_does_nothing(database: Database) -> None:
    assert await _append(database) == []


async def test_a_shape_is_recorded_once_and_before_its_first_use(database: Database) -> None:
    shape = world.shape()
    for expected in (1, 0):
        async with database.transaction() as tx:
            assert await ensure_shapes(tx.connection, [shape, shape], now=NOW, mac=MAC) == expected
    assert await _rows(database, "kind, about") == [("shape.recorded", shape.digest)]
    async with database.reading() as tx:
        lines = await tx.connection.execute(text("SELECT feature, field, outcome FROM ledger_shape_fields"))
        assert {tuple(line) for line in lines} == set(shape.lines)


@pytest.fixture
async def two_writers(
    database: Database, database_url: str, clock: Callable[[], datetime]
) -> tuple[Database, Database]:
    other = Database.open(database_url, clock=clock)
    yield database, other
    await other.close()


@pytest.mark.parametrize("draft", [world.party(), world.withdrawn(world.subject(1))], ids=["locked", "retried"])
async def test_racing_writers_leave_no_hole_and_no_double(
    two_writers: tuple[Database, Database], draft: EntryDraft
) -> None:
    async def write(database: Database) -> None:
        for _ in range(15):
            await _append(database, draft, draft)

    await asyncio.gather(*(write(database) for database in two_writers for _ in range(3)))
    rows = await _rows(two_writers[0])
    assert rows == [(draft.stream, seq) for seq in range(1, 181)]


async def test_the_instant_is_written_in_utc_with_microseconds(database: Database) -> None:
    async with database.transaction() as tx:
        await append(tx.connection, [world.party()], now=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), mac=MAC)
    ((body, at_us),) = await _rows(database, "body, at_us")
    assert '"at":"2026-01-02T03:04:05.000006Z"' in body
    assert at_us == 1_767_323_045_000_006


async def test_an_unbound_shape_is_refused(database: Database) -> None:
    with pytest.raises(EntryContentError, match="bound"):
        async with database.transaction() as tx:
            await ensure_shapes(tx.connection, [Shape.of("bank", world.outcomes())], now=NOW, mac=MAC)


async def test_another_broken_rule_of_the_table_is_not_taken_for_a_race(database: Database) -> None:
    with pytest.raises(IntegrityError, match=r"tenant|NOT NULL|null"):
        await _append(database, replace(world.party(), tenant=None))


async def test_a_writer_that_always_loses_gives_up(
    new_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(await asyncio.to_thread(new_postgres))
    monkeypatch.setattr(sys.modules["lineage.store.append"], "MAX_ATTEMPTS", 0)
    with pytest.raises(StreamContendedError):
        await _append(database, world.party())
    await database.close()
