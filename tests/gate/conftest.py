"""A lender and its gate, on each database."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.database import Database
from gate import Gate
from gate.engines import EmbeddedEngine
from tests import world
from tests.gate.asking import WatchedStore, watched_gate
from tests.world import World


@pytest.fixture(scope="session")
def engine() -> EmbeddedEngine:
    return EmbeddedEngine()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty database, for what does not depend on which one it is: `database_url` in a module may be this."""
    return f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'yumen.db')}"


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    return await world.build(database, tmp_path / "keys")


@pytest.fixture
async def watched(lender: World, database_url: str, engine: EmbeddedEngine) -> AsyncIterator[tuple[Gate, WatchedStore]]:
    async with watched_gate(database_url, lender, engine) as parts:
        yield parts


@pytest.fixture
def gate(watched: tuple[Gate, WatchedStore]) -> Gate:
    return watched[0]


@pytest.fixture
def store(watched: tuple[Gate, WatchedStore]) -> WatchedStore:
    return watched[1]
