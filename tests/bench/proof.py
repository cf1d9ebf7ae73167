"""``make bench ARGS=--proof``: what the proof costs and what its questions take, for docs/benchmarks-lineage.md.

The transparency log (entries a second, delay to a signed checkpoint, verification of a million entries), the ledger's
share of a read, replays, and the auditor's six questions on ledgers of 10^5, 10^6 and, with ``--long``, 10^7 entries.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import logs, overhead, questions, replays, report, worlds
from tests.bench.servers import ROOT

PARTS = ("log", "overhead", "replay", "questions")
HEAD = """# Benchmarks of the proof

Written by `make bench ARGS="--proof --long --write"`. Every row of a table comes from the same run. The questions are
asked warm, one after another, on ledgers made up in SQL, with fifty reads a person whatever the size.

The ledger's share is the more of a read the slower the disk: most of it is waiting for the commit. Beside the questions
stand the pages a question looked at and what of them came from the disk, means of thirty: SQLite's are those not in its
own cache of 2 MB, so a small ledger needs fewer; PostgreSQL counts all. The number of pages is that of the answer (a
person's fifty reads stand on fifty pages) and hardly grows with the ledger; what a ledger of 10,000,000 entries (10 GB)
takes longer, it takes to fetch pages from the disk. `--long-on sqlite` keeps the largest ledger to one database.
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
            databases = await worlds.both(folder, stack, 1000)
            if "overhead" in wanted:
                tables.append(await overhead.measure(databases, quick=options.quick))
            if "replay" in wanted:
                tables.append(await replays.measure(databases["SQLite"], "SQLite", quick=options.quick))
        if "questions" in wanted:
            tables.append(await questions.measure(folder, options))
    text = report.page(HEAD, tables, report.machine(before))
    sys.stdout.write(text)
    if options.write:
        (ROOT / "docs" / "benchmarks-lineage.md").write_text(text)
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this suite, besides ``--quick``, ``--long`` and ``--write``."""
    parser.add_argument("--sizes", default="100000,1000000", help="entries, separated by commas (questions)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), help="only one of them (questions)")
    parser.add_argument("--long-on", choices=("sqlite", "postgres"), help="ten million entries on this one only")
    parser.add_argument("--folder", help="where databases are made, else the system's temporary folder")
