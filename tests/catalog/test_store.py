"""The catalogue in both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from api.database import Database
from catalog import Catalog, CatalogDocumentError, RevisionNotFoundError, load_views, store
from tests.catalog.views import GOOD
from tests.conftest import TickingClock

BUILTIN = Catalog.builtin()


def loaded() -> Catalog:
    return BUILTIN.with_views("one", load_views(GOOD, "one"))


async def save(database: Database, catalog: Catalog) -> str:
    async with database.transaction() as tx:
        return await store.save(tx.connection, catalog, tx.now)


async def test_before_the_first_save_there_is_no_catalogue(database: Database) -> None:
    async with database.reading() as tx:
        assert await store.current(tx.connection) is None
        assert await store.current_revision(tx.connection) is None
        assert await store.revisions(tx.connection) == []


async def test_a_saved_catalogue_is_the_current_one(database: Database) -> None:
    assert await save(database, loaded()) == loaded().revision
    async with database.reading() as tx:
        assert await store.current(tx.connection) == loaded()
        assert await store.current_revision(tx.connection) == loaded().revision


async def test_every_revision_is_kept_and_an_older_one_can_come_back(database: Database, clock: TickingClock) -> None:
    for catalog in (BUILTIN, loaded(), BUILTIN):
        await save(database, catalog)
        clock.move(seconds=1)
    async with database.reading() as tx:
        assert await store.current_revision(tx.connection) == BUILTIN.revision
        assert await store.load(tx.connection, loaded().revision) == loaded()
        kept = await store.revisions(tx.connection)
    assert [revision for revision, _ in kept] == [loaded().revision, BUILTIN.revision]
    assert kept[0][1] - kept[1][1] > timedelta()


async def test_saving_the_same_again_changes_nothing(database: Database, clock: TickingClock) -> None:
    async def rows() -> list[tuple[object, ...]]:
        async with database.reading() as tx:
            revisions = await tx.connection.execute(text("SELECT revision, created_us FROM catalog_revisions"))
            current = await tx.connection.execute(text("SELECT id, revision, since_us FROM catalog_current"))
            return [tuple(row) for row in (*revisions, *current)]

    await save(database, loaded())
    before = await rows()
    clock.move(hours=1)
    await save(database, loaded())
    assert await rows() == before


async def test_a_revision_that_never_was_is_not_found(database: Database) -> None:
    async with database.reading() as tx:
        with pytest.raises(RevisionNotFoundError, match="no catalogue revision 00"):
            await store.load(tx.connection, "00")


async def test_a_document_changed_in_the_database_is_refused(database: Database) -> None:
    await save(database, loaded())
    async with database.transaction() as tx:
        change = "UPDATE catalog_revisions SET document = replace(document, 'withheld', 'plain')"
        await tx.connection.execute(text(change))
    async with database.reading() as tx:
        with pytest.raises(CatalogDocumentError, match="does not match its revision"):
            await store.current(tx.connection)


async def test_a_failed_transaction_saves_nothing(database: Database) -> None:
    await save(database, BUILTIN)

    async def fail() -> None:
        async with database.transaction() as tx:
            await store.save(tx.connection, loaded(), tx.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.reading() as tx:
        assert await store.current_revision(tx.connection) == BUILTIN.revision
        assert len(await store.revisions(tx.connection)) == 1
