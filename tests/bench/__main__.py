"""``python -m tests.bench``: measure reads, beside baselines, and print the tables.

Options: ``--quick`` for shorter runs, ``--long`` for large databases as well, ``--write`` to keep the figures in
docs/benchmarks.md, ``--only NAME`` for one part; ``--proof`` for the other suite (log, ledger, replay, the auditor's
questions), which keeps its figures in docs/benchmarks-lineage.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import proof, report, servers, worlds
from tests.bench.load import GENERATOR
from tests.bench.parts import SUBJECTS, Bench, opa_server

PARTS = ("gate", "http", "replicas", "tokens", "spark", "log", "growth", "ciphers")


async def main() -> int:
    """Run the parts asked for."""
    options = _options()
    if options.proof:
        return await proof.run(options)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="yumen-bench-") as place, ExitStack() as stack:
        folder = Path(place)
        databases = await worlds.both(folder, stack, SUBJECTS)
        with opa_server() as port:
            bench = Bench(databases, folder, port, 2.0 if options.quick else 5.0, options.quick)
            wanted = [options.only] if options.only else [part for part in PARTS if part != "growth" or options.long]
            tables = [await getattr(bench, part)() for part in wanted]
    text = report.document(tables, report.machine(before, GENERATOR))
    sys.stdout.write(text)
    if options.write:
        (servers.ROOT / "docs" / "benchmarks.md").write_text(text)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument("--long", action="store_true", help="also how cost grows in large databases (some minutes)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", choices=(*PARTS, *proof.PARTS), help="one part")
    parser.add_argument("--proof", action="store_true", help="the other suite: log, ledger, replay, questions")
    proof.arguments(parser)
    options = parser.parse_args()
    if options.only and options.only not in (proof.PARTS if options.proof else PARTS):
        parser.error(f"{options.only} belongs to the other suite")
    return options


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
