"""The audit names whatever is not as the ledger tells, on both databases; sealing mends codes and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, text

from api.auditing import store
from api.auditing.running import AuditReport, audit, compare_kept
from api.auditing.sealing import seal_rows
from api.database import Database
from api.gates import open_gate
from consent import SubjectId, WithdrawAll, WithdrawField
from consent.auditing import Difference
from consent.tables import EPOCH, GRANTS, REGISTRY, SEALS, SUBJECTS
from gate import Gate, Outcome
from gate.engines import EmbeddedEngine
from gate.tables import CALLS, FACTS, POLICIES
from lineage import Actor, Role, check
from tests.gate.asking import ask, reasons
from tests.owner import Owner
from tests.world import STEWARD, TENANT, World, build, purpose

BY = Actor(Role.OPERATOR, "operator_one")
UNSEAL = (
    "UPDATE consent_subjects SET mac = NULL, told = 0, held = ''",
    "UPDATE consent_grants SET mac = NULL",
    "UPDATE consent_epoch SET mac = NULL, told = 0",
    "UPDATE vault_tokens SET mac = NULL",
    "DELETE FROM consent_seals",
)


@pytest.fixture
def owner(database_url: str) -> Owner:
    return Owner(database_url)


@pytest.fixture(scope="module")
def engine() -> EmbeddedEngine:
    return EmbeddedEngine()


@pytest.fixture
async def lender(database: Database, tmp_path: Path) -> World:
    """A lender with every kind of consent event in its ledger."""
    lender = await build(database, tmp_path / "keys")
    refs = await lender.add_subjects(4)
    for ref in refs[:3]:
        await lender.give(ref)
    await lender.act("withdraw", SubjectId(TENANT, refs[0]), WithdrawAll())
    await lender.give(refs[0], ["zhima_score"])
    await lender.act("withdraw", SubjectId(TENANT, refs[1]), WithdrawField("zhima_score", None))
    async with database.transaction() as tx:
        await lender.registrar.update_purpose(tx.connection, purpose(tx.now), by=STEWARD, now=tx.now)
    return lender


@pytest.fixture
async def gate(database_url: str, lender: World, engine: EmbeddedEngine) -> AsyncIterator[Gate]:
    gate, hot = await open_gate(database_url, lender.database, lender.keys, engine)
    yield gate
    await gate.close()
    await hot.close()


async def audited(lender: World) -> AuditReport:
    async with lender.database.snapshot() as tx:
        return await audit(tx.connection, lender.keys)


async def named(lender: World) -> set[tuple[str, str]]:
    return {(each.table, each.what) for each in (await audited(lender)).differences}


async def test_a_state_that_is_as_the_ledger_tells_has_no_differences(lender: World, gate: Gate) -> None:
    await gate.read(ask(*lender.subjects))
    report = await audited(lender)
    assert report.differences == []
    assert report.agrees
    assert (report.subjects, report.grants) == (4, 4)
    async with lender.database.snapshot() as tx:
        checked = await check(tx.connection, check_mac=lender.keys.check_mac)
        assert await compare_kept(tx.connection, checked) == []


async def test_an_edit_of_any_column_is_named(lender: World, owner: Owner) -> None:
    """The columns come from the tables: one that nothing compares fails here."""
    ref, other_ref = lender.subjects[:2]
    rows: list[tuple[Table, str]] = [
        (SUBJECTS, f"ref = '{ref}'"),
        (GRANTS, f"subject = '{other_ref}'"),
        (REGISTRY, "kind = 'purpose' AND version = 1"),
        (REGISTRY, "kind = 'client' AND name = 'scoring'"),
        (SEALS, "kind = 'notice'"),
        (EPOCH, "id = 1"),
    ]
    for table, where in rows:
        for column in table.c:
            before = await owner.copy(table, "1 = 1")
            await owner.change(column, where)
            found = await named(lender)
            assert any(of == table.name for of, _ in found) or column.name in {"tenant", "ref"}, (column, found)
            assert found, column
            await owner.put_back(table, "1 = 1", before)
            assert await named(lender) == set(), column


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("DELETE FROM consent_grants WHERE subject = '{ref}'", ("consent_grants", "missing")),
        ("DELETE FROM consent_subjects WHERE ref = '{ref}'", ("consent_subjects", "missing")),
        ("DELETE FROM consent_registry WHERE version = 1 AND kind = 'purpose'", ("consent_registry", "missing")),
        ("DELETE FROM consent_seals WHERE kind = 'party'", ("consent_seals", "missing")),
        ("DELETE FROM consent_epoch", ("consent_epoch", "missing")),
    ],
)
async def test_a_deleted_row_is_named(lender: World, owner: Owner, statement: str, difference: tuple[str, str]) -> None:
    await owner.run(statement.format(ref=lender.subjects[0]))
    assert difference in await named(lender)


async def test_a_row_put_back_from_before_a_withdrawal_is_named(lender: World, owner: Owner) -> None:
    ref = lender.subjects[2]
    tables: Sequence[tuple[Table, str]] = ((SUBJECTS, f"ref = '{ref}'"), (GRANTS, f"subject = '{ref}'"))
    before = [await owner.copy(table, where) for table, where in tables]
    await lender.act("withdraw", SubjectId(TENANT, ref), WithdrawAll())
    for (table, where), rows in zip(tables, before, strict=True):
        await owner.put_back(table, where, rows)
    report = await audited(lender)
    assert {Difference("consent_subjects", ref, what) for what in ("version", "told")} <= set(report.differences)
    assert {each.what for each in report.differences if each.table == "consent_grants"} >= {"state", "version"}


async def test_facts_and_policies_that_were_exchanged_are_named(lender: World, gate: Gate, owner: Owner) -> None:
    await gate.read(ask(*lender.subjects))
    assert await named(lender) == set()
    edits = [(FACTS, "subject"), (FACTS, "call"), (CALLS, "document"), (POLICIES, "module"), (POLICIES, "data")]
    for table, name in edits:
        before = await owner.copy(table, "1 = 1")
        key = next(iter(table.primary_key.columns)).name
        await owner.change(table.c[name], f"{key} = (SELECT min({key}) FROM {table.name})")  # noqa: S608
        assert await named(lender), name
        await owner.put_back(table, "1 = 1", before)
    await owner.run("DELETE FROM gate_facts")
    async with lender.database.snapshot() as tx:
        checked = await check(tx.connection)
        assert {each.what for each in await compare_kept(tx.connection, checked)} == {"missing"}


async def test_rows_from_before_the_codes_are_denied_until_they_are_sealed(
    lender: World, gate: Gate, owner: Owner
) -> None:
    ref = lender.subjects[2]
    for statement in UNSEAL:
        await owner.run(statement)
    [answer] = (await gate.read(ask(ref))).subjects
    assert reasons(answer) == {"ROW_TAMPERED"}
    sealed = await seal_rows(lender.database, lender.keys, by=BY)
    assert (sealed.subjects, sealed.grants, sealed.left) == (4, 4, [])
    assert await named(lender) == set()
    [answer] = (await gate.read(ask(ref))).subjects
    assert answer.outcome is Outcome.released
    again = await seal_rows(lender.database, lender.keys, by=BY)
    assert again.count == 0


async def test_what_differs_from_the_ledger_is_never_sealed(lender: World, owner: Owner) -> None:
    for statement in UNSEAL:
        await owner.run(statement)
    edited, revived = lender.subjects[1], lender.subjects[0]
    await owner.run("UPDATE consent_grants SET max_form = 'flag' WHERE subject = $1", edited)
    await owner.run("UPDATE consent_grants SET state = 'live' WHERE subject = $1 AND state <> 'live'", revived)
    await owner.run("UPDATE consent_registry SET body = $1 WHERE kind = 'client'", "{}")
    sealed = await seal_rows(lender.database, lender.keys, by=BY)
    assert {(each.table, each.what) for each in sealed.left} == {
        ("consent_grants", "max_form"),
        ("consent_grants", "state"),
        ("consent_registry", "body"),
    }
    assert sealed.subjects == 2
    bare = await owner.run("SELECT ref FROM consent_subjects WHERE mac IS NULL ORDER BY ref")
    assert [ref for (ref,) in bare] == sorted([edited, revived])


async def test_a_sealing_that_was_killed_goes_on(lender: World, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    for statement in UNSEAL:
        await owner.run(statement)
    monkeypatch.setattr(store, "BATCH_ROWS", 2)
    calls = cycle([None, KeyboardInterrupt()])

    def stop(_done: int) -> None:
        raised = next(calls)
        if raised is not None:
            raise raised

    with pytest.raises(KeyboardInterrupt):
        await seal_rows(lender.database, lender.keys, by=BY, progress=lambda done: stop(done) if done > 2 else stop(0))
    bare: list[Any] = await owner.run("SELECT count(*) FROM consent_subjects WHERE mac IS NULL")
    assert bare[0][0] in {0, 2}
    await seal_rows(lender.database, lender.keys, by=BY)
    assert await named(lender) == set()


async def test_the_statements_of_the_audit_walk_indexes(lender: World) -> None:
    sqlite = lender.database.is_sqlite
    questions = {
        "ledger_entries_consents": f"stream IN ('a', 'b') AND {store.MOVES_CONSENT}",
        "ledger_entries_configuration": store.CONFIGURES,
    }
    async with lender.database.reading() as tx:
        if not sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        for index, condition in questions.items():
            statement = text(f"{prefix} SELECT max(id) FROM ledger_entries WHERE {condition}")  # noqa: S608  ours
            assert index in str((await tx.connection.execute(statement)).all())
