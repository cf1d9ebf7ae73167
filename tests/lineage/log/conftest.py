"""The independent verifier of the log, in Go, built once a run; and small logs to try things on."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from api.database import Database
from tests.lineage.log import logs

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "tests" / "go" / "logverify"
NO_GO = "no Go 1.24 or newer: put it on the path, set YUMEN_GO, or run tools/go.sh --any"
Checked = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of tests/go/logverify; the test is skipped if there is no Go to build it, or no way to its module."""
    found = subprocess.run([ROOT / "tools" / "go.sh"], check=False, capture_output=True, text=True)
    if found.returncode:
        pytest.skip(NO_GO)
    go = found.stdout.strip()
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
    if subprocess.run(
        [go, "mod", "download"], cwd=SOURCES, check=False, capture_output=True, env=environment
    ).returncode:
        pytest.skip("golang.org/x/mod is neither in Go's module cache nor to be had")
    program = tmp_path_factory.mktemp("go") / "logverify"
    subprocess.run([go, "build", "-o", program, "."], cwd=SOURCES, check=True, env=environment)
    return program


@pytest.fixture
def go_check(go_verifier: Path) -> Checked:
    """Run the Go verifier."""

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([go_verifier, *arguments], check=False, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture(scope="session")
def small_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 700 entries: full tiles, partial ones, a level above; never changed."""
    return logs.written(tmp_path_factory.mktemp("log") / "log", logs.bodies(700), steps=(1, 5, 250, 256, 300, 700))


@pytest.fixture
def log_copy(small_log: Path, tmp_path: Path) -> Path:
    """A copy of it, to damage."""
    return Path(shutil.copytree(small_log, tmp_path / "copy"))


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """An embedded database, where one engine is enough."""
    database = Database.open(f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'embedded.db')}")
    yield database
    await database.close()
