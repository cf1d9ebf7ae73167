"""Erasing, holding and purging walk indexes, whatever the size of the tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from api.ends import Ends, EndsFile
from api.usecases.ending import Job, erase_due, purge_values
from api.usecases.ending import Office as Offices
from tests.gate.erasing.world import DPO, Office
from tests.world import TENANT, World

WHOLE = ("ledger_entries", "consent_events", "consent_grants", "consent_subjects", "consent_holds", "consent_erasures",
         "vault_subject_keys", "vault_identifiers", "vault_index", "vault_tokens", "gate_values")  # fmt: skip


async def plans(lender: World, statements: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """How the database would run each statement."""
    found = []
    async with lender.database.reading() as tx:
        if not lender.database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))  # small tables: is there another way?
        for statement, values in statements:
            prefix = "EXPLAIN QUERY PLAN " if lender.database.is_sqlite else "EXPLAIN (COSTS off) "
            rows = (await tx.connection.exec_driver_sql(prefix + statement, values)).all()
            found.append((statement, "\n".join(str(row[-1]) for row in rows)))
    return found


async def test_no_statement_reads_a_table_from_end_to_end(office: Office, lender: World, tmp_path: Path) -> None:
    people = await lender.add_subjects(3)
    for ref in people:
        await lender.give(ref)
    await office.hold(people[0], then_erase=True)
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, is_many: Any) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")) and any(table in statement for table in WHOLE):
            seen.append((statement, values[0] if is_many else values))

    event.listen(lender.database.engine.sync_engine, "before_cursor_execute", note)
    try:
        await office.erase(people[1], decided=False)
        await office.erase(people[1])
        offices = Offices(lender.database, lender.keys, Ends(EndsFile(tmp_path / "ends.jsonl")), DPO)
        await erase_due(offices, Job(TENANT))
        await purge_values(offices, Job(TENANT))
    finally:
        event.remove(lender.database.engine.sync_engine, "before_cursor_execute", note)
    assert len({statement for statement, _ in seen}) > 15
    for statement, plan in await plans(lender, seen):
        for table in WHOLE:
            assert f"Seq Scan on {table}" not in plan, (statement, plan)
            assert not any(line.startswith(f"SCAN {table}") and "INDEX" not in line for line in plan.splitlines()), (
                statement,
                plan,
            )
