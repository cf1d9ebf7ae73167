"""Loading people: each row becomes a data subject, and the lender learns the references.

Rules:
- columns are identifier fields of the catalogue; an empty cell is no identifier;
- who is known already, by resident ID or passport, keeps their reference;
- the output says row number and reference, nothing else: a file with both references and identifiers would undo
  what the references are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from consent import Actor
from gate.errors import PersonRefusedError
from gate.loading.columns import people_columns
from gate.loading.reports import RowFault
from gate.loading.running import Files, LoadRun, Stored, mark_of
from gate.loading.sources import SourceRow, open_source
from gate.loading.values import source_name
from gate.loading.words import LoadOptions, LoadSummary, OnProgress, Transaction, Transactions
from gate.registering import CheckedPerson, NewPerson, SubjectDesk
from gate.store_loads import LoadKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLoad:
    """What is to be loaded.

    Attributes:
        by: who registers, for the ledger.
        output: a CSV to write with the columns ``row`` and ``subject``; None for none.
    """

    tenant: str
    by: Actor
    output: Path | None = None
    options: LoadOptions = field(default_factory=LoadOptions)


class _Row(NamedTuple):
    row: int
    line: int
    person: CheckedPerson


async def load_people(
    database: Transactions,
    desk: SubjectDesk,
    path: Path,
    load: PeopleLoad,
    *,
    on_progress: OnProgress | None = None,
) -> LoadSummary:
    """Register the people of a file, or what is left of it.

    Two runs are the same load if content, tenant and left-aside columns are the same.
    Raises: LoadRefusedError: the columns do not fit; PartMissingError; OSError; TenantNotFoundError;
    as ``LoadRun.run``.
    """
    mark = await mark_of(path)
    source = open_source(path)
    try:
        columns = people_columns(source.header, desk.catalog, load.options.ignore)
        meaning = {"content": mark.digest.hex(), "people": "+".join(name for _, name in columns)}
        key = LoadKey(load.tenant, source_name(desk.keys, load.tenant, meaning), "")
        worker = _PeopleWorker(desk, load, columns)
        return await LoadRun(database, key, worker, load.options).run(
            Files(path, source, mark, load.output), on_progress
        )
    finally:
        source.close()


@dataclass(frozen=True, slots=True)
class _PeopleWorker:
    """Reads rows into people and registers them."""

    desk: SubjectDesk
    load: PeopleLoad
    columns: tuple[tuple[int, str], ...]

    def check(self, row: SourceRow, now: datetime) -> _Row | list[RowFault]:
        """See :class:`gate.loading.running.Worker`."""
        cells = row.cells or ()
        given = {name: cells[place] for place, name in self.columns if cells[place] not in (None, "")}
        try:
            return _Row(row.number, row.line, self.desk.check(NewPerson(given), now))
        except PersonRefusedError as error:
            return [RowFault(row.number, row.line, name, fault) for name, fault in error.faults]

    async def store(self, tx: Transaction, items: Sequence[_Row], _rows: tuple[int, int]) -> Stored:
        """See :class:`gate.loading.running.Worker`."""
        people = [item.person for item in items]
        found = await self.desk.register_checked(tx.connection, self.load.tenant, people, by=self.load.by, now=tx.now)
        faults: list[RowFault] = []
        lines: list[str] = []
        for item, each in zip(items, found, strict=True):
            if isinstance(each, PersonRefusedError):
                faults += [RowFault(item.row, item.line, name, fault) for name, fault in each.faults]
            else:
                lines.append(f"{item.row},{each.ref}")
        return Stored(faults, lines)
