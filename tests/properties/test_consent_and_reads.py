"""Whatever happens to consent and configuration, a read is answered by the state of its moment, and is on record."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gate.engines import EmbeddedEngine
from tests.conftest import TickingClock
from tests.properties.machine import GateMachine, Place

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def run_machine(place: Place, *, examples: int, steps: int) -> None:
    class Here(GateMachine):
        pass

    Here.place = place
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def tell(capsys: pytest.CaptureFixture[str], name: str, seen: Counter[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: " + ", ".join(f"{key} {seen[key]}" for key in sorted(seen)) + "\n")


def test_gates_agree_with_the_model_on_sqlite(
    sqlite_template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: Counter[str] = Counter()

    def new_url() -> str:
        path = tmp_path / f"{seen['examples']}.db"
        return f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, path)}"

    run_machine(Place(new_url, tmp_path, TickingClock(START), EmbeddedEngine(), seen), examples=20, steps=30)
    tell(capsys, "sqlite", seen)
    assert {"released", "SUBJECT_UNKNOWN", "NO_GRANT"} <= seen.keys()


def test_gates_agree_with_the_model_on_postgresql(
    new_postgres: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: Counter[str] = Counter()
    run_machine(Place(new_postgres, tmp_path, None, EmbeddedEngine(), seen), examples=4, steps=25)
    tell(capsys, "postgresql", seen)
    assert seen["answers"] > seen["examples"]
