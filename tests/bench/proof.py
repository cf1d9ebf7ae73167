"""``make bench ARGS=--proof``: what the proof costs and what its questions take, for docs/benchmarks-lineage.md.

The transparency log (entries a second, delay to a signed checkpoint, verification of a million entries), the ledger's
share of a read, replays, and the auditor's six questions on ledgers of 10^5, 10^6 and, with ``--long``, 10^7 entries.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests import postgres
from tests.bench import logs, overhead, questions, replays, report, worlds
from tests.bench.servers import ROOT
from tests.bench.worlds import Measured

PARTS = ("log", "overhead", "replay", "questions")
HEAD = """# Benchmarks of the proof

Written by `make bench ARGS="--proof --long --write"`. Every row of a table comes from the same run. The questions are
asked warm, one after another, on ledgers made up in SQL, with fifty reads a person whatever the size.

The ledger's share is the more of a read the slower the disk: most of it is waiting for the commit. A person's fifty
reads stand on fifty pages; in the ledger of 10,000,000 entries (10 GB) most of these come from the disk, which is the
whole difference between the sizes. `--long-on sqlite` keeps the largest ledger to one database.
"""


async def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    before = os.getloadavg()[0]
    wanted = [options.only] if options.only else PARTS
    tables: list[report.Table] = []
    with tempfile.TemporaryDirectory(prefix="yumen-bench-", dir=options.folder) as place, ExitStack() as stack:
        folder = Path(place)
        if "log" in wanted:
            tables.append(await logs.measure(folder / "transparency", quick=options.quick))
        if {"overhead", "replay"} & set(wanted):
            databases = await _databases(folder, stack)
            if "overhead" in wanted:
                tables.append(await overhead.measure(databases, quick=options.quick))
            if "replay" in wanted:
                tables.append(await replays.measure(databases["SQLite"], "SQLite", quick=options.quick))
        if "questions" in wanted:
            tables.append(await questions.measure(folder, options))
    text = report.page(HEAD, tables, _machine(before))
    sys.stdout.write(text)
    if options.write:
        (ROOT / "docs" / "benchmarks-lineage.md").write_text(text)
    return 0


async def _databases(folder: Path, stack: ExitStack) -> dict[str, Measured]:
    dsn = stack.enter_context(postgres.server(folder / "postgres"))
    _, url = await asyncio.to_thread(postgres.new_database, dsn)
    lite = folder / "sqlite"
    lite.mkdir()
    return {
        "SQLite": await worlds.build(f"sqlite+aiosqlite:///{lite / 'yumen.db'}", lite, 1000),
        "PostgreSQL": await worlds.build(url, folder / "pg", 1000),
    }


def _machine(before: float) -> Iterator[str]:
    yield f"- {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    yield f"- load average before {before:.1f}, at the end {os.getloadavg()[0]:.1f}"
    yield f"- measured {datetime.now(UTC):%Y-%m-%d}"
    if before > 1.0:
        yield "- the machine was busy with other work: times are too high"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this suite, besides ``--quick``, ``--long`` and ``--write``."""
    parser.add_argument("--sizes", default="100000,1000000", help="entries, separated by commas (questions)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), help="only one of them (questions)")
    parser.add_argument("--long-on", choices=("sqlite", "postgres"), help="ten million entries on this one only")
    parser.add_argument("--folder", help="where databases are made, else the system's temporary folder")
