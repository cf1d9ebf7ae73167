"""Run every check that needs no service, side by side where they can be; exit 1 if any of them fails.

Each check is one command; its output is shown only if it fails. Checks of the policies need OPA: without it they are
left out with a line that says so, and with ``YUMEN_REQUIRE_REAL=1`` (CI) that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
NO_OPA = "left out: no OPA (see tools/opa.sh)"


@dataclass(frozen=True, slots=True)
class Check:
    """One command to run: what it is called, what is run, whether it needs OPA."""

    name: str
    command: tuple[str, ...]
    needs_opa: bool = False


CHECKS = (
    Check("types", (str(BIN / "mypy"),)),
    Check("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
    Check("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    Check("rooms", (str(BIN / "lint-imports"),)),
    Check("policies", (sys.executable, "tools/policies.py", "check"), needs_opa=True),
    Check("house rules", (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/house")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended: ``problem`` is its output if it failed, ``note`` a word beside its name."""

    name: str
    seconds: float
    problem: str = ""
    note: str = ""


def run(check: Check, environment: Mapping[str, str]) -> Outcome:
    """Run one check from the checkout's root."""
    if check.needs_opa and not environment.get("YUMEN_OPA"):
        required = environment.get("YUMEN_REQUIRE_REAL") == "1"
        return Outcome(check.name, 0, problem=NO_OPA if required else "", note=NO_OPA)
    begun = time.monotonic()
    done = subprocess.run(check.command, cwd=ROOT, check=False, capture_output=True, text=True, env=environment)
    problem = (done.stdout + done.stderr).strip() or f"exit {done.returncode}"
    return Outcome(check.name, time.monotonic() - begun, problem=problem if done.returncode else "")


def main(wanted: Sequence[str]) -> int:
    """Run the checks called ``wanted`` (all of them if empty); returns how many failed."""
    chosen = [check for check in CHECKS if not wanted or check.name in wanted]
    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for outcome in pool.map(lambda check: run(check, dict(os.environ)), chosen):
            word = "FAILED" if outcome.problem else "ok"
            print(f"{word:>6}  {outcome.name:<12} {outcome.seconds:5.1f} s  {outcome.note}".rstrip(), flush=True)
            if outcome.problem:
                failed += 1
                print(outcome.problem, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
