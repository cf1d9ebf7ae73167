"""A lender to load files into."""

from pathlib import Path

import pytest

from api.database import Database
from tests import world
from tests.world import World


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await world.build(database, tmp_path / "keys")
