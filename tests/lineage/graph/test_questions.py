"""The six questions: each answered as a plain fold of the ledger would, each by way of an index."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql, sqlite

from api.database import Database
from lineage import LedgerFilter
from lineage.graph import (
    Batch,
    Cause,
    DeletionCause,
    NewColumn,
    NewEdge,
    Raising,
    ScoreFilter,
    Stamp,
    Task,
    TaskFilter,
    TaskState,
    Whom,
    list_tasks,
    raise_deletion_tasks,
    received,
    report,
    save_columns,
)
from lineage.graph.store_questions import received_statement
from lineage.graph.store_scores import _listing
from lineage.graph.store_tasks import listing
from lineage.store.search import _Statement
from tests.lineage import world
from tests.lineage.graph.people import FIELDS, read, template
from tests.lineage.graph.test_scores import REPORTER, score
from tests.lineage.test_search import _fill
from tests.lineage.world import MAC, NOW

WHO = Whom("bank", world.subject(1), "sub_" + "b" * 26)


def raising() -> Raising:
    numbers = iter(range(100))
    return Raising(NOW, MAC, lambda: world._id("dt", next(numbers)), timedelta(days=15))


async def _lived(database: Database) -> dict[str, int]:
    """Person 1 is read under two grants, by two parties; a score of the first read."""
    entries = {
        "first": await read(database, 1, template(FIELDS[:2]), grant=1),
        "second": await read(database, 1, template(FIELDS[2:]), grant=2),
        "partner": await read(database, 1, template(FIELDS[:1], client="partner", party="partner"), grant=1),
        "other": await read(database, 2, template(), grant=3),
    }
    async with database.transaction() as tx:
        await report(tx.connection, REPORTER, Batch([score(1, 1, (entries["first"],))]), Stamp(NOW, MAC))
        column = NewColumn(world._id("co", 1), "warehouse/mart#days")
        further = NewColumn(world._id("co", 2), "warehouse/report#days")
        edges = [NewEdge(f"field/{FIELDS[0]}", column.name), NewEdge(column.name, further.name)]
        await save_columns(tx.connection, "bank", [column, further], edges, now=NOW)
    return entries


async def test_what_a_grant_was_used_for_is_what_its_reads_released(database: Database) -> None:
    await _lived(database)
    async with database.reading() as tx:
        found = await received(tx.connection, "bank", WHO.pseudonym, grant=world.grant_id(1))
        narrowed = await received(tx.connection, "bank", WHO.pseudonym, fields=FIELDS[2:])
        assert await received(tx.connection, "other", WHO.pseudonym) == []
    scored = world._id("sc", 1)
    assert [(each.party, each.fields, each.scores) for each in found] == [
        ("bank_main", tuple(sorted(FIELDS[:2])), (scored,)),
        ("partner", FIELDS[:1], ()),
    ]
    assert [(each.party, each.fields, each.features) for each in narrowed] == [
        ("bank_main", FIELDS[2:], (f"v:{FIELDS[2]}",))
    ]


async def test_deletion_travels_to_every_recipient_and_every_column_below(database: Database) -> None:
    await _lived(database)
    cause = DeletionCause(Cause.ERASURE, world.DPO, about="er_" + "a" * 26)
    async with database.transaction() as tx:
        ids = await raise_deletion_tasks(tx.connection, WHO, cause, raising())
    async with database.reading() as tx:
        rows = await list_tasks(tx.connection, "bank", TaskFilter(), now_us=0, after=None, limit=9)
    tasks = {task.party: task for task in map(Task.of, rows)}
    assert sorted(task.id for task in tasks.values()) == sorted(ids)
    assert tasks["bank_main"].fields == tuple(sorted(FIELDS))
    assert tasks["partner"].fields == FIELDS[:1]
    assert [label for _, label in tasks["partner"].columns] == ["warehouse/mart#days", "warehouse/report#days"]
    assert tasks["partner"].ref == WHO.ref
    assert tasks["partner"].is_overdue(NOW + timedelta(days=16))
    assert not tasks["partner"].is_overdue(NOW + timedelta(days=15))


async def _plan(database: Database, statement: Select[Any]) -> str:
    dialect = sqlite.dialect() if database.is_sqlite else postgresql.dialect()
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    async with database.reading() as tx:
        if not database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))  # small tables: the index must be there
        rows: Sequence[Any] = (
            await tx.connection.execute(text(prefix + str(compiled).replace("%%", "%").replace(":", "\\:")))
        ).all()
    return "\n".join(str(row[-1]) for row in rows)


async def test_every_statement_walks_an_index(database: Database) -> None:
    """The ledger is large enough for the planner to choose; of the graph's own tables the index must exist."""
    await _fill(database, count=6_000, subjects=300)
    await _lived(database)
    if not database.is_sqlite:
        async with database.transaction() as tx:
            await tx.connection.execute(text("ANALYZE"))
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    after = (5, "x")
    client_in_time = LedgerFilter(client="scoring", since=NOW, until=NOW + timedelta(days=9))
    statements = {
        "received": received_statement(dialect, "bank", [WHO.pseudonym], world.grant_id(1)),
        **{f"scores {asked}": _listing("bank", asked, after, 11) for asked in _filters()},
        **{f"tasks {asked}": listing("bank", asked, now_us=9, after=after, limit=11) for asked in _task_filters()},
        "client": _Statement(dialect, "bank", client_in_time, None, ("at_us", "id"), None, 11).build(),
    }
    for name, statement in statements.items():
        plan = await _plan(database, statement)
        for table in ("ledger_entries", "lineage_scores", "lineage_tasks", "lineage_score_reads"):
            assert f"SCAN {table}" not in plan.replace(f"SCAN {table} USING", ""), (name, plan)
            assert f"Seq Scan on {table}" not in plan, (name, plan)
        if name == "received":
            assert "stream_seq" in plan or "sqlite_autoindex_ledger_entries_1" in plan, plan
            assert "ledger_entries_shape" not in plan, plan
        assert "TEMP B-TREE FOR ORDER BY" not in plan or name == "client", (name, plan)
        assert "Sort" not in plan or name in {"received", "client"}, (name, plan)


def _filters() -> list[ScoreFilter]:
    return [ScoreFilter(), ScoreFilter(subject="x"), ScoreFilter(model="x"), ScoreFilter(client="x")]


def _task_filters() -> list[TaskFilter]:
    return [
        TaskFilter(),
        TaskFilter(party="x"),
        TaskFilter(party="x", state=TaskState.OPEN),
        TaskFilter(state=TaskState.OVERDUE),
        TaskFilter(subject="x"),
    ]
