"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
