"""Loading feature values of one view from a CSV or Parquet file.

Rules:
- a row names its subject by reference or by one identifier, which is looked up by its blind index and forgotten;
- an empty cell says nothing: what is stored stays, unless the load replaces;
- identifiers of people stand only in features declared for them; elsewhere the row is refused, or the value held back;
- values observed in the future are refused; without a column ``observed_at`` values count as observed at the instant
  given, or when they are stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from catalog import FeatureView, digest
from catalog.classify.guarding import Guard
from catalog.shapes import Scalar
from consent import Actor, SubjectId
from consent.errors import InvalidValueError
from gate.facts import microseconds
from gate.loading.cells import CellFault, CellRefusal, instant_us
from gate.loading.columns import OBSERVED_AT, SUBJECT, ValueColumns, value_columns
from gate.loading.errors import LoadRefusedError
from gate.loading.reports import RowFault
from gate.loading.running import Files, LoadRun, Stored, mark_of
from gate.loading.sources import SourceRow, open_source
from gate.loading.words import GuardPolicy, LoadOptions, LoadSummary, OnProgress, Transaction, Transactions
from gate.loading.writing import Observation, ValueWriter
from gate.registering import SubjectDesk
from gate.store_loads import LoadKey
from vault import KeyRing, NotAnIdentifierError, find_by_index, read_identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesLoad:
    """What is to be loaded.

    Attributes:
        by: who loads, for the ledger.
        key_column: ``subject``, or an identifier field that points to one person.
        observed_at: when the values were observed, where the file has no such column; None for when they are stored.
        replace: whether a row stands for all of each segment it touches, empty cells included, or is merged into it.
    """

    tenant: str
    view: str
    by: Actor
    key_column: str = SUBJECT
    observed_at: datetime | None = None
    replace: bool = False
    options: LoadOptions = field(default_factory=LoadOptions)


class _Row(NamedTuple):
    """A row whose cells are read; ``key`` is a subject reference, or the blind index of an identifier."""

    row: int
    line: int
    key: str | bytes
    at_us: int | None
    values: Mapping[str, Scalar]
    held: tuple[RowFault, ...] = ()


async def load_values(
    database: Transactions,
    desk: SubjectDesk,
    path: Path,
    load: ValuesLoad,
    *,
    on_progress: OnProgress | None = None,
) -> LoadSummary:
    """Load a file of values, or what is left of it.

    Two runs are the same load if content, tenant, view, key column, mode and given instant are the same.
    Raises: ViewNotFoundError; LoadRefusedError: the columns do not fit; PartMissingError; OSError; as ``LoadRun.run``.
    """
    view = desk.catalog.view(load.tenant, load.view)
    mark = await mark_of(path)
    source = open_source(path)
    try:
        columns = value_columns(source, view, desk.catalog, key=load.key_column, ignore=load.options.ignore)
        if columns.observed is not None and load.observed_at is not None:
            raise LoadRefusedError([f"the file has a column {OBSERVED_AT}: give no other instant"])
        key = LoadKey(
            load.tenant,
            source_name(desk.keys, load.tenant, {"content": mark.digest.hex(), **_meaning(load)}),
            load.view,
        )
        writer = ValueWriter(desk.keys, view, load.by, load.replace)
        worker = _ValuesWorker(load, columns, writer, key.source, _guard(load, view))
        return await LoadRun(database, key, worker, load.options).run(Files(path, source, mark), on_progress)
    finally:
        source.close()


def _guard(load: ValuesLoad, view: FeatureView) -> Guard | None:
    return None if load.options.guard is GuardPolicy.OFF else Guard(view)


def source_name(keys: KeyRing, tenant: str, document: Mapping[str, str | int | bool | None]) -> str:
    """The name of a load: keyed, so that nobody can find a small file's content by trying."""
    return keys.name_for(tenant, "load", digest(dict(document))).hex()


def _meaning(load: ValuesLoad) -> dict[str, str | int | bool | None]:
    given = None if load.observed_at is None else microseconds(load.observed_at)
    return {"view": load.view, "key": load.key_column, "replace": load.replace, "observed_us": given}


@dataclass(frozen=True, slots=True)
class _ValuesWorker:
    """Reads rows into observations and stores them."""

    load: ValuesLoad
    columns: ValueColumns
    writer: ValueWriter
    source: str
    guard: Guard | None

    def check(self, row: SourceRow, now: datetime) -> _Row | list[RowFault]:
        """See :class:`gate.loading.running.Worker`."""
        faults: list[RowFault] = []
        values = self._values(row, faults)
        held = self._guarded(row, values, now)
        if self.load.options.guard is GuardPolicy.REFUSE:
            faults += held
        at_us = self._observed(row, faults)
        key = self._key(row, faults)
        return faults or _Row(row.number, row.line, key, at_us, values, tuple(held))

    def _values(self, row: SourceRow, faults: list[RowFault]) -> dict[str, Scalar]:
        """The row's values; what cannot be read is noted."""
        cells = row.cells or ()
        values: dict[str, Scalar] = {}
        for place, name, column, read in self.columns.features:
            cell = cells[place]
            if cell is None or cell == "":
                if self.load.replace:
                    values[name] = None
                continue
            try:
                values[name] = read(cell)
            except CellRefusal as refusal:
                faults.append(RowFault(row.number, row.line, column, refusal.fault))
        return values

    def _guarded(self, row: SourceRow, values: dict[str, Scalar], now: datetime) -> list[RowFault]:
        """Take out identifiers whose feature is not declared for them, and name their columns."""
        if self.guard is None:
            return []
        is_refused = self.load.options.guard is GuardPolicy.REFUSE
        fault = CellFault.IDENTIFIER if is_refused else CellFault.HELD_BACK
        held: list[RowFault] = []
        for _, name, column, _ in self.columns.features:
            if name in values and self.guard.offence(name, values[name], now.date()) is not None:
                del values[name]
                held.append(RowFault(row.number, row.line, column, fault))
        return held

    async def store(self, tx: Transaction, items: Sequence[_Row], rows: tuple[int, int]) -> Stored:
        """See :class:`gate.loading.running.Worker`."""
        now_us = microseconds(tx.now)
        given = self.load.observed_at
        default_us = now_us if given is None else microseconds(given)
        owners = await self._owners(tx, [item.key for item in items if isinstance(item.key, bytes)])
        faults: list[RowFault] = [fault for item in items for fault in item.held]
        fit: list[tuple[_Row, Observation]] = []
        for item in items:
            at_us = default_us if item.at_us is None else item.at_us
            refs = (item.key,) if isinstance(item.key, str) else owners.get(item.key, ())
            if at_us > now_us:
                faults.append(RowFault(item.row, item.line, OBSERVED_AT, CellFault.IN_FUTURE))
            elif len(refs) != 1:
                code = CellFault.SUBJECT_AMBIGUOUS if refs else CellFault.SUBJECT_UNKNOWN
                faults.append(self._fault(item, code))
            else:
                fit.append((item, Observation(refs[0], at_us, item.values)))
        facts: dict[str, int | str] = {"source": self.source, "first_row": rows[0], "last_row": rows[1]}
        written = await self.writer.store(tx.connection, [each for _, each in fit], now=tx.now, facts=facts)
        for item, each in fit:
            if each.subject in written.unknown:
                faults.append(self._fault(item, CellFault.SUBJECT_UNKNOWN))
            elif each.subject in written.unreadable:
                faults.append(self._fault(item, CellFault.SUBJECT_UNREADABLE))
        return Stored(faults)

    def _fault(self, item: _Row, code: CellFault) -> RowFault:
        return RowFault(item.row, item.line, self.columns.key_name, code)

    def _observed(self, row: SourceRow, faults: list[RowFault]) -> int | None:
        cell = None if self.columns.observed is None or row.cells is None else row.cells[self.columns.observed]
        if self.columns.observed is None:
            return None
        try:
            return instant_us(cell)
        except CellRefusal as refusal:
            faults.append(RowFault(row.number, row.line, OBSERVED_AT, refusal.fault))
            return None

    def _key(self, row: SourceRow, faults: list[RowFault]) -> str | bytes:
        """The reference or blind index of the row's subject; what is read of an identifier goes no further."""
        cell = (row.cells or ())[self.columns.key]
        name, kind, tenant = self.columns.key_name, self.columns.key_kind, self.load.tenant
        code: str = CellFault.SUBJECT_MISSING
        if cell not in (None, ""):
            try:
                if kind is not None:
                    return self.writer.keys.blind(tenant, name, read_identifier(name, kind, cell).text)
                return SubjectId(tenant, str(cell)).ref
            except InvalidValueError:
                code = CellFault.SUBJECT_MALFORMED
            except NotAnIdentifierError as error:
                code = error.fault
        faults.append(RowFault(row.number, row.line, name, code))
        return ""

    async def _owners(self, tx: Transaction, digests: Sequence[bytes]) -> Mapping[bytes, tuple[str, ...]]:
        if not digests:
            return {}
        wanted = sorted(set(digests))
        return await find_by_index(tx.connection, self.load.tenant, self.columns.key_name, wanted)
