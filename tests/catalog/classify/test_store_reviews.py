"""Columns under review on both databases; every question walks an index."""

import dataclasses

import pytest
from sqlalchemy import select, text

from api.database import Database
from catalog.classify.errors import ColumnNotFoundError, ReviewStaleError
from catalog.classify.reviewing import Action, Classed, ColumnPlace, Review, State, proposed, reviewed
from catalog.classify.store_reviews import (
    COLUMNS,
    add_columns,
    columns_of,
    find_column,
    history_of,
    note_seen,
    page_of,
    save_review,
)


def new(count: int) -> list:
    places = [ColumnPlace("warehouse", "loans", f"列{number}") for number in range(count)]
    return [proposed(place, Classed("full_name", 3), is_known=True, by="scan") for place in places]


async def test_columns_come_back_as_they_were_stored(database: Database) -> None:
    made = new(5)
    async with database.transaction() as tx:
        await add_columns(tx.connection, "bank", made, tx.now)
    async with database.reading() as tx:
        found = await columns_of(tx.connection, "bank", "warehouse")
        assert found == {column.place.id: column for column, _ in made}
        first = await page_of(tx.connection, "bank", state=None, after="", limit=3)
        rest = await page_of(tx.connection, "bank", state=State.PROPOSED, after=first[-1].place.id, limit=3)
        assert len({each.place.id for each in (*first, *rest)}) == 5
        assert await columns_of(tx.connection, "other", "warehouse") == {}
        with pytest.raises(ColumnNotFoundError):
            await find_column(tx.connection, "other", made[0][0].place.id)


async def test_a_review_is_kept_with_its_history_and_a_lost_race_changes_nothing(database: Database) -> None:
    column, event = new(1)[0]
    review = Review(action=Action.CONFIRM, by="li", reason="looked at it", version=1)
    async with database.transaction() as tx:
        await add_columns(tx.connection, "bank", [(column, event)], tx.now)
        done = reviewed(column, review, tx.now.date())
        await save_review(tx.connection, "bank", done, tx.now)
    with pytest.raises(ReviewStaleError):
        async with database.transaction() as tx:
            await save_review(tx.connection, "bank", done, tx.now)
    async with database.reading() as tx:
        assert await find_column(tx.connection, "bank", column.place.id) == done[0]
        history = await history_of(tx.connection, "bank", column.place.id)
        assert [each.event.action for each in history] == [Action.PROPOSED, Action.CONFIRM]
        assert len({each.at for each in history}) == 1


async def test_a_scan_notes_what_it_found_and_leaves_what_was_confirmed(database: Database) -> None:
    column, event = new(1)[0]
    review = Review(action=Action.CONFIRM, by="li", reason="looked at it", version=1)
    async with database.transaction() as tx:
        await add_columns(tx.connection, "bank", [(column, event)], tx.now)
        done, said = reviewed(column, review, tx.now.date())
        await save_review(tx.connection, "bank", (done, said), tx.now)
        seen = dataclasses.replace(done, found=Classed("mobile_no", 3))
        await note_seen(tx.connection, "bank", [seen], tx.now)
    async with database.reading() as tx:
        assert await find_column(tx.connection, "bank", column.place.id) == seen


async def test_every_question_walks_an_index(database: Database) -> None:
    where = [
        (COLUMNS.c.tenant == "bank", COLUMNS.c.source == "warehouse"),
        (COLUMNS.c.tenant == "bank", COLUMNS.c.id > "col_a"),
        (COLUMNS.c.tenant == "bank", COLUMNS.c.state == "proposed", COLUMNS.c.id > "col_a"),
    ]
    async with database.transaction() as tx:
        is_postgres = tx.connection.dialect.name == "postgresql"
        if is_postgres:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        for conditions in where:
            asked = select(COLUMNS).where(*conditions).order_by(COLUMNS.c.id).limit(10)
            written = asked.compile(tx.connection.sync_engine, compile_kwargs={"literal_binds": True})
            plan = await tx.connection.execute(text(f"EXPLAIN {'' if is_postgres else 'QUERY PLAN'} {written}"))
            shown = " ".join(str(row) for row in plan)
            assert ("Index" in shown) if is_postgres else ("USING INDEX" in shown and "SCAN" not in shown)
