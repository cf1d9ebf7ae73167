"""Running the check over a database: one statement, one snapshot, a bounded number of rows in memory.

A snapshot is needed: on PostgreSQL entries of different streams become visible out of the order of their ids, and a
second statement would see a gap that is none.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from catalog.canonical import canonical
from lineage.checking import EVERY, Checker, CheckMac, Progress
from lineage.entries import COLUMNS
from lineage.faults import CheckReport, FaultCode
from lineage.tables import LedgerEntry, LedgerShape, LedgerShapeField

_ENTRIES = LedgerEntry.metadata.tables["ledger_entries"]
_SHAPES = LedgerShape.metadata.tables["ledger_shapes"]
_LINES = LedgerShapeField.metadata.tables["ledger_shape_fields"]


async def count_entries(connection: AsyncConnection, tenant: str | None = None) -> int:
    """How many entries a check will see, for a progress bar."""
    wanted = select(func.count()).select_from(_ENTRIES)
    if tenant is not None:
        wanted = wanted.where(_ENTRIES.c.tenant == tenant)
    found: int = (await connection.execute(wanted)).scalar_one()
    return found


async def check(
    connection: AsyncConnection,
    *,
    tenant: str | None = None,
    check_mac: CheckMac | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Check the whole ledger, or one tenant's, and the tables that index its shapes.

    Shape: as `check_rows`. Use a reading transaction of its own; it holds one snapshot as long as it runs.
    """
    checker = Checker(check_mac=check_mac)
    wanted = select(_ENTRIES.c.id, *(_ENTRIES.c[name] for name in COLUMNS)).order_by(_ENTRIES.c.id)
    if tenant is not None:
        wanted = wanted.where(_ENTRIES.c.tenant == tenant)
    done = 0
    result = await connection.stream(wanted, execution_options={"yield_per": EVERY})
    async for rows in result.partitions():
        for row in rows:
            checker.row(tuple(row))
        done += len(rows)
        if progress is not None:
            progress(done)
    await _check_shapes(connection, checker, tenant)
    return checker.report()


async def _check_shapes(connection: AsyncConnection, checker: Checker, tenant: str | None) -> None:
    """Compare the tables of shapes, by which questions find reads, with the shapes the ledger records."""
    shapes = select(*(_SHAPES.c[name] for name in ("tenant", "shape", "client", "purpose", "outcome", "body")))
    lines = select(*(_LINES.c[name] for name in ("tenant", "shape", "feature", "field", "outcome")))
    if tenant is not None:
        shapes, lines = shapes.where(_SHAPES.c.tenant == tenant), lines.where(_LINES.c.tenant == tenant)
    stored = {tuple(row) for row in await connection.execute(shapes)}
    stored_lines = {tuple(row) for row in await connection.execute(lines)}
    recorded = {
        (made.tenant, made.digest, made.client, made.purpose, made.outcome, canonical(made.document).decode())
        for made in checker.shapes
    }
    recorded_lines = {(made.tenant, made.digest, *line) for made in checker.shapes for line in made.lines}
    for _ in (stored ^ recorded) | (stored_lines ^ recorded_lines):
        checker.fault(None, FaultCode.SHAPE_INDEX)
