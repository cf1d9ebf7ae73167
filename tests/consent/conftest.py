import pytest

from api.database import Database
from catalog import Catalog
from tests.consent.world import World


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.builtin()


@pytest.fixture
async def world(database: Database, catalog: Catalog) -> World:
    return await World(database, catalog).build()
