"""The command line on an empty database of each kind: in this process where that is enough, else as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.entry import make_app
from tests import postgres

ROOT = Path(__file__).resolve().parents[3]
START = "from api.cli import main; main()"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The answer of a command with ``--json``."""
        return json.loads(self.out)


Cli = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, settings that point into it, and English."""
    for name in list(os.environ):
        if name.startswith("YUMEN_") and not name.startswith("YUMEN_TEST_"):
            monkeypatch.delenv(name)
    for name in ("LC_ALL", "LC_MESSAGES", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("YUMEN_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder: Path) -> Cli:
    """Run a command line in this process."""
    del folder

    def run(*arguments: str) -> Done:
        result = CliRunner().invoke(make_app(), list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(params=["sqlite", "postgres"])
def both_databases(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Settings for an empty database, without a schema, on each supported engine."""
    del folder
    if request.param == "sqlite":
        yield "sqlite"
        return
    dsn: str = request.getfixturevalue("postgres_dsn")
    name, url = postgres.new_database(dsn)
    monkeypatch.setenv("YUMEN_DATABASE_URL", url)
    yield "postgres"
    postgres.drop_database(dsn, name)


def process(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """The command line as a process of its own, in the current folder and environment."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finished(*arguments: str) -> Done:
    """Run the command line as a process to its end."""
    with process(*arguments) as running:
        out, err = running.communicate(timeout=60)
    return Done(running.returncode, out, err)
