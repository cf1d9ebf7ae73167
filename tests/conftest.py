"""Shared fixtures: real databases, a clock that moves only when told."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from api import migrate
from api.database import Database
from tests import postgres
from tests.real import opa, pytest_configure, pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["opa", "pytest_configure", "pytest_make_collect_report", "pytest_runtest_makereport"]


class TickingClock:
    """A clock for tests: stands still until moved."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def __call__(self) -> datetime:
        return self.instant

    def move(self, **parts: float) -> None:
        self.instant += timedelta(**parts)


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """Settings that a command puts into the environment for its workers end with the test."""
    before = {name: value for name, value in os.environ.items() if name.startswith("YUMEN_")}
    yield
    for name in [name for name in os.environ if name.startswith("YUMEN_") and name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """A module's random numbers begin anew with each test, whichever tests ran before it."""
    numbers = getattr(getattr(request, "module", None), "RNG", None)
    if isinstance(numbers, Random):
        numbers.seed(request.node.name)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    # Not below pytest's own temporary folder, which another run may clear.
    with (
        tempfile.TemporaryDirectory(prefix="yumen-pg-", ignore_cleanup_errors=True) as folder,
        postgres.server(Path(folder) / "data", is_durable=False) as dsn,
    ):
        yield dsn


@pytest.fixture(scope="session")
def postgres_template(postgres_dsn: str) -> str:
    """A database migrated to the newest schema, to copy per test."""
    name, url = postgres.new_database(postgres_dsn)
    asyncio.run(_migrate(url))
    return name


@pytest.fixture
def new_postgres(postgres_dsn: str, postgres_template: str) -> Iterator[Callable[[], str]]:
    """Make fresh databases with the schema; dropped afterwards."""
    made: list[str] = []

    def make() -> str:
        name, url = postgres.new_database(postgres_dsn, postgres_template)
        made.append(name)
        return url

    yield make
    for name in made:
        postgres.drop_database(postgres_dsn, name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file migrated to the newest schema, to copy per test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database with the schema, on each supported engine."""
    if request.param == "postgres":
        make: Callable[[], str] = request.getfixturevalue("new_postgres")
        return make()
    template: Path = request.getfixturevalue("sqlite_template")
    return f"sqlite+aiosqlite:///{shutil.copyfile(template, tmp_path / 'yumen.db')}"


@pytest.fixture
async def database(database_url: str, clock: TickingClock) -> AsyncIterator[Database]:
    opened = Database.open(database_url, clock=clock)
    yield opened
    await opened.close()


async def _migrate(url: str) -> None:
    database = Database.open(url)
    await migrate.upgrade(database)
    await database.close()
