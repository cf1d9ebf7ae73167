"""Build, check and time the policy bundle.

Rules:
- a build is a pure function of ``policies/`` and the OPA version: the same sources give the same bytes;
- ``check`` rebuilds into a scratch folder and compares; it changes nothing in the checkout;
- the revision is worked out from the compiled module and the data (gate/engines/bundle.py) and then stamped into both
  bundles, the one for the embedded engine and the one for OPA servers.

Needs OPA: ``$YUMEN_OPA``, else ``opa`` on the path, else ``~/.cache/yumen/bin/opa`` (``tools/opa.sh`` gets one).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from gate.engines import EMBEDDED_BUNDLE, POLICIES, SERVER_BUNDLE, EmbeddedEngine, load_bundle  # noqa: E402 - found only now
from gate.engines.bundle import revision_of  # noqa: E402 - found only now

PINNED_OPA = "1.22.2"
ENTRYPOINT = "yumen/gate/decisions"
ROUNDS = 30


class PolicyCheckError(Exception):
    """A check of the policies failed; the message says which and what to do."""


def find_opa() -> str:
    """The OPA to use; raises PolicyCheckError when there is none."""
    cached = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "yumen" / "bin" / "opa"
    found = os.environ.get("YUMEN_OPA") or shutil.which("opa") or (str(cached) if cached.exists() else None)
    if found is None:
        raise PolicyCheckError(f"no OPA {PINNED_OPA} found: run tools/opa.sh, or set YUMEN_OPA to its path")
    return found


def build(into: Path) -> str:
    """Build both bundles into a folder; returns their revision."""
    opa = find_opa()
    embedded, server = into / EMBEDDED_BUNDLE.name, into / SERVER_BUNDLE.name
    into.mkdir(parents=True, exist_ok=True)
    _opa_build(opa, embedded, "--target=wasm")
    with tarfile.open(embedded) as archive:
        module, data = (archive.extractfile(name) for name in ("/policy.wasm", "/data.json"))
        if module is None or data is None:
            raise PolicyCheckError("OPA built a bundle without a module or without data")
        revision = revision_of(module.read(), json.loads(data.read()))
    _opa_build(opa, embedded, "--target=wasm", f"--revision={revision}")
    _opa_build(opa, server, f"--revision={revision}")
    return revision


def check() -> list[str]:
    """Run every check of the sources and of the committed bundles; returns what was checked."""
    opa = find_opa()
    sources = str(POLICIES)
    _run([opa, "fmt", "--fail", "--list", sources], "format the policies: opa fmt -w policies")
    _run([opa, "check", "--strict", "--bundle", sources], "correct the faults named above")
    _run(
        [opa, "test", "--bundle", sources, "--coverage", "--threshold", "100"],
        "every rule needs a test that reaches it",
    )
    _compare()
    bundle = load_bundle()
    EmbeddedEngine(bundle)
    return ["format", "strict compile", "tests and coverage", "committed bundles", f"revision {bundle.revision[:12]}"]


def is_pinned(opa: str) -> bool:
    """Whether an OPA is of the version the committed bundles were built with."""
    version = subprocess.run([opa, "version"], check=True, capture_output=True, text=True).stdout
    return f"Version: {PINNED_OPA}\n" in version


def _compare() -> None:
    if not is_pinned(find_opa()):
        raise PolicyCheckError(f"comparing the committed bundles needs OPA {PINNED_OPA}")
    with tempfile.TemporaryDirectory() as scratch:
        build(Path(scratch))
        for committed in (EMBEDDED_BUNDLE, SERVER_BUNDLE):
            if (Path(scratch) / committed.name).read_bytes() != committed.read_bytes():
                raise PolicyCheckError(
                    f"{committed.name} is not what the sources build: run python tools/policies.py build"
                )


def _opa_build(opa: str, output: Path, *options: str) -> None:
    command = [opa, "build", "--bundle", ".", f"--entrypoint={ENTRYPOINT}", "--ignore=*_test.rego", *options]
    _run([*command, f"--output={output}"], "correct the faults named above", cwd=POLICIES)


def _run(command: list[str], advice: str, *, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip()
        raise PolicyCheckError(f"{output[-4000:]}\n{' '.join(command[1:3])} failed: {advice}")


async def bench() -> list[str]:
    """Time the embedded engine on made-up facts: single requests and batches of 20 features each."""
    engine = EmbeddedEngine(load_bundle())
    lines = []
    for title, subject in (("released", _subject("live")), ("withdrawn", _subject("withdrawn"))):
        for count in (1, 10, 100, 1000):
            requests = [{"call": 0, "subject": subject} for _ in range(count)]
            best = await _best(partial(engine.decide, [_call()], requests, deadline_s=10))
            lines.append(f"{title:>9} {count:>5} subjects x 20 features: {best * 1e6 / count:8.1f} us per subject")
    await engine.close()
    return lines


async def _best(ask: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - start)
    return min(times)


def _call() -> dict[str, object]:
    fields = [f"field_{index}" for index in range(20)]
    sensitive = {"status": "known", "pipl": "sensitive", "class": "C2", "bases": ["consent"], "separate": True}
    ordinary = {"status": "known", "pipl": "general", "class": "C1", "bases": ["consent"], "separate": False}
    return {
        "purpose": {
            "status": "active", "basis": "consent", "basis_ref": False, "pipia": "live", "fields": fields,
            "necessity": fields, "max_form": "plain", "overrides": [], "notice": "current", "foreign_authority": False,
        },
        "client": {"status": "active", "purpose": True, "product": True, "max_form": "plain", "region": "CN"},
        "recipient": {"status": "active", "role": "lender", "transfer": "none"},
        "fields": {
            name: {**(ordinary if index % 2 else sensitive), "written": False} for index, name in enumerate(fields)
        },
        "features": {
            f"view:feature_{index}": {
                "status": "known", "fields": [name], "provision": index % 3 == 0, "form": "bucket",
                "forms": ["flag", "bucket"],
            }
            for index, name in enumerate(fields)
        },
    }  # fmt: skip


def _subject(state: str) -> dict[str, object]:
    grant = {
        "state": state, "notice": "current", "form": "separate", "guardian": False, "provision": True,
        "fields": [f"field_{index}" for index in range(20)], "max_form": "plain",
    }  # fmt: skip
    return {"status": "known", "age": "adult", "grants": [grant], "expired": []}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools/policies.py", description=(__doc__ or "").split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="compile policies/ into policies/compiled/")
    commands.add_parser("check", help="format, strict compile, tests with full coverage, committed bundles")
    commands.add_parser("bench", help="time the embedded engine on made-up facts")
    command = parser.parse_args(arguments).command
    try:
        if command == "build":
            print(f"revision {build(EMBEDDED_BUNDLE.parent)}")
        elif command == "check":
            print("\n".join(check()))
        else:
            print("\n".join(asyncio.run(bench())))
    except PolicyCheckError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
