"""How the cost of a read grows with what is stored: more subjects, more grants a subject, more entries.

Rules:
- rows are multiplied inside SQLite: their contents do not matter, only that they stand in the tables and indexes that a
  read walks; the subjects that are read stay the ones with real values and grants;
- every stage keeps what the one before added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Table

from consent.tables import GRANTS, SUBJECTS
from gate.tables import VALUES
from lineage.tables import LedgerEntry
from tests.bench.worlds import Measured
from vault.tables import VaultSubjectKey

ENTRIES: Table = LedgerEntry.metadata.tables["ledger_entries"]
KEYS: Table = VaultSubjectKey.metadata.tables["vault_subject_keys"]
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
REF = "'sub_' || printf('%026d', i)"
PSEUDONYM = "'ps_' || printf('%026d', i)"


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands in the database now."""

    name: str


def stages(measured: Measured, *, subjects: int, grants: int, entries: int) -> Iterator[Stage]:
    """Grow the database stage by stage; the first is as it was built."""
    yield Stage("as built")
    with sqlite3.connect(measured.url.removeprefix("sqlite+aiosqlite:///")) as database:
        database.execute("PRAGMA synchronous=OFF")
        _add_subjects(database, subjects)
    yield Stage(f"{subjects:,} subjects")
    with sqlite3.connect(measured.url.removeprefix("sqlite+aiosqlite:///")) as database:
        _add_grants(database, grants - 1)
    yield Stage(f"and {grants} grants a subject read")
    with sqlite3.connect(measured.url.removeprefix("sqlite+aiosqlite:///")) as database:
        database.execute("PRAGMA synchronous=OFF")
        _add_entries(database, entries)
    yield Stage(f"and {entries:,} entries")


def _add_subjects(database: sqlite3.Connection, count: int) -> None:
    numbers = NUMBERS.format(count=count)
    database.execute(numbers + _copy(SUBJECTS, {"ref": REF, "pseudonym": PSEUDONYM}, limit=1))
    for table, changes in (
        (KEYS, {"subject": REF}),
        (VALUES, {"subject": REF}),
        (GRANTS, {"id": "'gr_' || printf('%026d', i)", "subject": REF}),
    ):
        database.execute(numbers + _copy(table, changes, limit=4 if table is VALUES else 1))


def _add_grants(database: sqlite3.Connection, count: int) -> None:
    changes = {"id": "id || '_' || i", "purpose": "'other_' || i"}
    real = "SELECT * FROM consent_grants WHERE id NOT LIKE 'gr_00000%'"
    database.execute(NUMBERS.format(count=count) + _copy(GRANTS, changes, source=real))


def _add_entries(database: sqlite3.Connection, count: int) -> None:
    top = database.execute("SELECT max(id) FROM ledger_entries").fetchone()[0]
    changes = {"id": f"{top} + i", "stream": PSEUDONYM, "subject": PSEUDONYM, "seq": "1"}
    read = "SELECT * FROM ledger_entries WHERE kind = 'read' LIMIT 1"
    database.execute(NUMBERS.format(count=count) + _copy(ENTRIES, changes, source=read))


def _copy(table: Table, changes: Mapping[str, str], *, limit: int = 1, source: str = "") -> str:
    """An INSERT of each source row once per number, with some columns changed."""
    names = [column.name for column in table.c]
    cells = ", ".join(changes.get(name, name) for name in names)
    taken = source or f"SELECT * FROM {table.name} LIMIT {limit}"  # noqa: S608  names of our own tables
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {cells} FROM n, ({taken})"  # noqa: S608
