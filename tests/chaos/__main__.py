"""``python -m tests.chaos``: run the service under faults and say what was found; ``make chaos`` calls it.

Exit code 0 if every promise held, 1 if one did not, 2 if a part that is needed is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import LONG, SHORT
from tests.chaos.history import Act
from tests.chaos.run import Result, run
from tests.chaos.stage import faketime_library, stage

WITHDRAW_BOUND_S = 2.5


def main() -> int:
    """Run and report."""
    asked = _arguments()
    opa = os.environ.get("YUMEN_OPA", "")
    console = Console(highlight=False)
    if not opa:
        console.print("chaos needs OPA: run it by `make chaos`, or set YUMEN_OPA")
        return 2
    if faketime_library() is None:
        console.print("clock jumps are left out: libfaketime is missing (Debian: apt-get install faketime)")
    faults = (*SHORT, *(LONG if asked.long else ()))
    seconds = asked.seconds or (600 if asked.long else 30)
    made = tempfile.TemporaryDirectory(prefix="yumen-chaos-", ignore_cleanup_errors=True)
    with contextlib.nullcontext(asked.keep) if asked.keep else made as folder:

        async def play() -> Result:
            async with stage(Path(folder), Path(opa), subjects=asked.subjects) as scene:
                return await run(
                    scene, faults, seconds=seconds, clients=asked.clients, seed=asked.seed, tell=console.print
                )

        result = asyncio.run(play())
    console.print(report(result))
    if result.slowest_withdrawal_s > WITHDRAW_BOUND_S:
        console.print(f"a request to withdraw took longer than {WITHDRAW_BOUND_S} s")
    return 0 if result.right and result.slowest_withdrawal_s <= WITHDRAW_BOUND_S else 1


def report(result: Result) -> Table:
    """The figures of a run as a table."""
    table = Table(title=f"chaos: {'every promise held' if result.right else 'A PROMISE WAS BROKEN'}", show_header=False)
    reads, gives, withdrawals = (result.count(act) for act in (Act.read, Act.give, Act.withdraw))
    verdict = result.verdict
    answered = reads + gives + withdrawals
    table.add_row("operations", f"{answered:,} answered of {len(result.history.operations):,} in {result.took_s:.0f} s")
    table.add_row("", f"{reads:,} reads, {gives:,} consents, {withdrawals:,} withdrawals")
    table.add_row(
        "faults", f"{result.faults.total()}: " + ", ".join(f"{n} x {what}" for what, n in result.faults.items())
    )
    table.add_row("refused on the way", ", ".join(f"{n} x {what}" for what, n in result.history.refusals.most_common()))
    table.add_row("ledger entries", f"{result.entries:,}")
    table.add_row("slowest withdrawal", f"{result.slowest_withdrawal_s:.2f} s to an answer or a refusal")
    if result.taken_over_s is not None:
        table.add_row("log taken over", f"{result.taken_over_s:.1f} s after its leader was frozen, at most")
    log = f"sound, all {result.log.size:,} entries, nothing remembered has changed"
    if not result.log.is_sound or result.log.size != result.entries:
        log = f"NOT SOUND OR NOT WHOLE: {result.log.size:,} entries {result.log.said}"
    table.add_row("log verified", log)
    table.add_row("stale releases", str(verdict.stale))
    table.add_row("subjects not linearizable", str(len(verdict.not_linearizable)))
    table.add_row("unjustified releases", str(result.unjustified))
    table.add_row("answered but lost", str(verdict.lost))
    table.add_row("doubled", str(verdict.doubled))
    table.add_row("ledger says otherwise", str(verdict.contradicted))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, help="how long to go on at least (default 30, with --long 600)")
    parser.add_argument("--long", action="store_true", help="include the faults that take long")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--subjects", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="an empty folder for databases, keys and logs, which stays")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
