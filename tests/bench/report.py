"""The figures as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

BUSY_LOAD = 1.0  # on a machine that is to itself the load before is near nothing
INTRODUCTION = """# Benchmarks

Written by `make bench ARGS=--write`; run it to see the figures of your own machine. Every row of a table comes from the
same run. The plain endpoint reads and opens the same sealed values without consent, policy or record; the naive gate
asks OPA through its client library and commits one record, subject by subject; `feast serve` is Feast's own feature
server over its SQLite online store, with the same values and neither gate nor record. Absolute figures differ between
machines and runs; ratios inside a table are firmer.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its title, its heads, its rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]


def machine(before: float, generator: str | None = None) -> Iterator[str]:
    """What was measured on, and when; ``before`` is the load then, ``generator`` who sent requests."""
    yield f"- {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    if generator is not None:
        yield f"- requests sent by {generator}"
    yield f"- load average before {before:.1f}, at the end {os.getloadavg()[0]:.1f}"
    yield f"- measured {datetime.now(UTC):%Y-%m-%d}"
    if before > BUSY_LOAD:
        yield "- the machine was busy with other work: figures are worse for it, and minutes do not compare"


def document(tables: Iterable[Table], machine: Iterable[str]) -> str:
    """The whole document."""
    return page(INTRODUCTION, tables, machine)


def page(head: str, tables: Iterable[Table], machine: Iterable[str]) -> str:
    """A document of its own."""
    parts = [head, "\n".join(machine), *(_table(table) for table in tables)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(table: Table) -> str:
    rows = [table.head, ["---"] * len(table.head), *table.rows]
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return f"## {table.title}\n\n" + "\n".join(lines)
